"""The journal: what is noted, what is told, and what is not said twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedsvc.app.journal import WAITING, Journal, line_of
from feedsvc.errors import StoreError
from feedsvc.model import LogEntry
from feedsvc.store import SqlStore, open_store
from feedsvc.sync import SourceReport
from tests.support import FrozenClock, Service


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
