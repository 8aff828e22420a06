"""The journal: what is noted, what is told, and what is not said twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from feedsvc.app.journal import WAITING, Journal, line_of
from feedsvc.errors import StoreError
from feedsvc.model import LogEntry, Problem
from feedsvc.ports import FeedRow
from feedsvc.regenerate import BuildReport
from feedsvc.store import SqlStore, open_store
from feedsvc.sync import SourceReport
from tests.support import FrozenClock, Service

PATIENCE = 30.0  # seconds until a test gives up; nothing waits that long when all is well


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'feedsvc.db'}")
    yield opened
    opened.close()


def journal_of(store: SqlStore) -> tuple[Journal, list[str]]:
    """A journal of a process that has just begun, and what it tells."""
    told: list[str] = []
    journal = Journal(lambda: store, FrozenClock())
    journal.hear(lambda entry: told.append(line_of(entry)))
    return journal, told


def kept(store: SqlStore) -> list[tuple[str, str]]:
    return [(entry.level, line_of(entry)) for entry in store.journal(limit=100)]


def failed(name: str, reason: str) -> SourceReport:
    return SourceReport(name=name, outcome="failed", reason=reason)


class TestTrouble:
    def test_a_trouble_is_noted_when_it_begins_changes_and_ends(self, store: SqlStore) -> None:
        journal, told = journal_of(store)
        for report in (
            failed("wire", "500"),
            failed("wire", "500"),
            failed("wire", "timed out"),
            SourceReport(name="wire", outcome="unchanged"),
            SourceReport(name="wire", outcome="unchanged"),
        ):
            journal.synced([report])

        assert told == ["wire: 500", "wire: timed out", "wire: is well again"]
        assert kept(store) == [
            ("error", "wire: 500"),
            ("error", "wire: timed out"),
            ("info", "wire: is well again"),
        ]

    def test_the_next_process_tells_it_anew_but_keeps_it_once(self, store: SqlStore) -> None:
        journal_of(store)[0].synced([failed("wire", "500")])
        journal, told = journal_of(store)

        journal.synced([failed("wire", "500")])

        assert told == ["wire: 500"]
        assert kept(store) == [("error", "wire: 500")]

    def test_what_another_process_noted_ends_too(self, store: SqlStore) -> None:
        journal_of(store)[0].synced([failed("wire", "500")])
        journal, told = journal_of(store)

        journal.synced([SourceReport(name="wire", outcome="unchanged")])

        assert told == []  # this one never told of it
        assert kept(store)[-1] == ("info", "wire: is well again")

    def test_a_feed_and_a_source_of_one_name_are_two(self, store: SqlStore) -> None:
        journal, told = journal_of(store)
        journal.trouble("sync", "planet", "500")
        journal.trouble("build", "planet", "held back")

        journal.trouble("sync", "planet", None)

        assert told == ["planet: 500", "building planet: held back", "planet: is well again"]


class TestArticles:
    def leave_out(self, store: SqlStore, feed: str, **reasons: str) -> None:
        """Let a build of one feed leave these articles out of it."""
        row, left_out = store.feed(feed), tuple(
            Problem(source="desk", path=article, reason=f"left out of {feed}: {reason}")
            for article, reason in reasons.items()
        )  # fmt: skip
        store.settle_feed(
            FeedRow(name=feed, guid=row.guid, left_out=left_out), read=row, members=(), lines=()
        )

    def test_what_is_wrong_with_one_is_told_once_and_when_it_is_over(self, store: SqlStore) -> None:
        journal, told = journal_of(store)
        for wrong in ({"a": "empty", "b": "empty"}, {"a": "empty", "b": "empty"}, {"b": "empty"}):
            self.leave_out(store, "all", **wrong)
            journal.built(BuildReport(publications=()), 0.1)

        assert told == [
            "a: left out of all: empty", "b: left out of all: empty", "a: is well again"
        ]  # fmt: skip
        assert [level for level, _ in kept(store)] == ["warning", "warning", "info"]

    def test_it_is_so_until_every_feed_has_it_again(self, store: SqlStore) -> None:
        journal, told = journal_of(store)
        for feed, wrong in (
            ("all", {"a": "empty"}), ("news", {"a": "long"}), ("all", {"a": "empty"}), ("all", {}),
            ("news", {}),
        ):  # fmt: skip
            self.leave_out(store, feed, **wrong)
            journal.built(BuildReport(publications=()), 0.1)

        assert told == [
            "a: left out of all: empty",
            "a: left out of all: empty; left out of news: long",
            "a: left out of news: long",
            "a: is well again",
        ]

    def test_the_next_process_knows_of_it(self, store: SqlStore) -> None:
        self.leave_out(store, "all", a="empty")
        journal_of(store)[0].built(BuildReport(publications=()), 0.1)
        self.leave_out(store, "all")

        journal_of(store)[0].built(BuildReport(publications=()), 0.1)

        assert kept(store)[-1] == ("info", "a: is well again")


class TestKeeping:
    def test_what_cannot_be_written_waits_for_the_next_time(self, store: SqlStore) -> None:
        full = True

        def opened() -> SqlStore:
            if full:
                raise StoreError("the disk is full")
            return store

        journal = Journal(opened, FrozenClock())
        journal.happened("daemon", "began")
        journal.flush()
        full = False

        journal.flush()

        assert kept(store) == [("info", "began")]

    def test_what_waits_for_two_of_one_process_is_written_once(self, store: SqlStore) -> None:
        full = True

        def opened() -> SqlStore:
            if full:
                raise StoreError("the disk is full")
            return store

        former, later = Journal(opened, FrozenClock()), Journal(opened, FrozenClock())
        former.happened("daemon", "began")
        later.follow(former)
        former.trouble("sync", "wire", "500")
        later.trouble("sync", "wire", "500")
        full = False

        later.flush()
        former.flush()

        assert [line for _, line in kept(store)] == ["began", "wire: 500"]

    def test_who_notes_something_does_not_wait_until_the_store_has_written(
        self, store: SqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writing, go_on, log = Event(), Event(), store.log

        def slow(entries: Sequence[LogEntry]) -> None:
            writing.set()
            go_on.wait()
            log(entries)

        monkeypatch.setattr(store, "log", slow)
        journal, _ = journal_of(store)
        journal.happened("build", "published all")
        flushing = Thread(target=journal.flush)
        flushing.start()
        writing.wait()
        noting = Thread(target=journal.happened, args=("daemon", "began"))
        noting.start()
        noting.join(PATIENCE)
        waited = noting.is_alive()
        go_on.set()
        flushing.join()

        journal.flush()

        assert not waited
        assert [line for _, line in kept(store)] == ["published all", "began"]

    def test_what_waits_is_bounded_and_the_newest_stays(self, store: SqlStore) -> None:
        journal, _ = journal_of(store)
        for number in range(WAITING + 5):
            journal.happened("daemon", f"line {number}")

        journal.flush()

        entries = store.journal(limit=WAITING * 2)
        assert len(entries) == WAITING
        assert entries[-1].message == f"line {WAITING + 4}"

    def test_without_a_store_it_only_tells(self) -> None:
        told: list[LogEntry] = []
        journal = Journal(None, FrozenClock())
        journal.hear(told.append)

        journal.trouble("sync", "wire", "500")
        journal.flush()

        assert [line_of(entry) for entry in told] == ["wire: 500"]

    def test_the_oldest_entries_go_when_there_are_too_many(
        self, store: SqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedsvc.store.records.KEPT", 10)
        monkeypatch.setattr("feedsvc.store.records._SLACK", 5)
        journal, _ = journal_of(store)
        for number in range(40):
            journal.happened("daemon", f"line {number}")
            journal.flush()

        entries = store.journal(limit=100)

        assert 10 <= len(entries) <= 15
        assert entries[-1].message == "line 39"


def test_a_service_keeps_what_its_syncs_and_builds_did(service: Service) -> None:
    service.configure()
    service.write("ferry.txt", "Ferry\n2025-01-01\n\nText.\n")
    service.sync()
    service.clock.tick(minutes=1)
    service.sync()  # nothing new: nothing to say

    entries = service.app.store.journal(limit=10)

    assert [line_of(entry) for entry in entries] == ["desk: 1 new", "published all"]
    assert entries[0].fields["new"] == 1
    assert entries[1].fields["feeds"] == 1


def test_a_dry_run_leaves_no_entry(service: Service) -> None:
    service.configure()
    service.write("ferry.txt", "Ferry\n2025-01-01\n\nText.\n")

    service.dry_run()

    assert service.app.store.journal(limit=10) == ()
