"""The service in numbers, and what server processes have counted."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feedsvc.errors import LockedError, StoreError
from feedsvc.figures.sketch import Sketch, distinct
from feedsvc.ports import AudienceDay, Batch, Chore
from feedsvc.store import SqlStore, open_store
from tests.support import NOON, Service

DAY, NEXT = "2025-06-01", "2025-06-02"


def sketch(*numbers: int) -> bytes:
    found = Sketch()
    for number in numbers:
        found.add(number * 0x9E3779B97F4A7C15 % 2**64)
    return found.dump()


def batch(number: int, *days: AudienceDay, sender: str = "one") -> Batch:
    return Batch(sender=sender, number=number, days=days)


def day(
    feed: str = "all",
    requests: int = 0,
    pollers: Sequence[int] = (),
    on: str = DAY,
    not_modified: int = 0,
    **services: int,
) -> AudienceDay:
    return AudienceDay(
        day=on, feed=feed, requests=requests, not_modified=not_modified,
        aggregators=services, pollers=sketch(*pollers),
    )  # fmt: skip


# -- the audience ----------------------------------------------------------------------------------


def test_what_is_counted_adds_up(store: SqlStore) -> None:
    store.add_audience(batch(1, day(requests=3, not_modified=2, pollers=[1, 2], Feedly=40)), NOON)
    store.add_audience(batch(2, day(requests=2, pollers=[2, 3], Feedly=38, Feedbin=7)), NOON)

    (found,) = store.audience(since=DAY)
    assert (found.requests, found.not_modified) == (5, 2)
    assert found.aggregators == {"Feedly": 40, "Feedbin": 7}
    assert distinct(found.pollers) == 3


def test_a_batch_that_comes_again_changes_nothing(store: SqlStore) -> None:
    for number in (1, 1, 2, 1, 2):
        store.add_audience(batch(number, day(requests=1)), NOON)

    assert [one.requests for one in store.audience(since=DAY)] == [2]


def test_two_server_processes_are_told_apart(store: SqlStore) -> None:
    for sender in ("one", "two", "one"):
        store.add_audience(batch(1, day(requests=1), sender=sender), NOON)

    assert [one.requests for one in store.audience(since=DAY)] == [2]


def test_the_senders_of_long_ago_are_forgotten(store: SqlStore) -> None:
    for number in range(100):
        store.add_audience(batch(1, sender=f"process {number}"), NOON)

    told = store.remark("audience.batches")
    assert told is not None
    assert len(told[0]) == 16
    assert "process 99" in told[0]


def test_days_and_feeds_are_kept_apart(store: SqlStore) -> None:
    days = (day(requests=1), day(requests=2, on=NEXT), day("topics/oepnv", requests=4))
    store.add_audience(batch(1, *days), NOON)
    store.add_audience(batch(2, *days), NOON)

    found = {(one.day, one.feed): one.requests for one in store.audience(since=DAY)}
    assert found == {(DAY, "all"): 2, (NEXT, "all"): 4, (DAY, "topics/oepnv"): 8}


def test_thousands_of_feeds_fit_into_a_batch(store: SqlStore) -> None:
    days = [day(f"topics/{number}", requests=1, pollers=[number]) for number in range(3_000)]
    store.add_audience(batch(1, *days), NOON)
    store.add_audience(batch(2, *days), NOON)

    found = store.audience(since=DAY)
    assert len(found) == 3_000
    assert {one.requests for one in found} == {2}


def test_a_damaged_sketch_costs_its_own_readers_only(store: SqlStore) -> None:
    broken = AudienceDay(day=DAY, feed="all", requests=1, aggregators={}, pollers=b"broken")
    store.add_audience(batch(1, day(pollers=[1, 2])), NOON)
    store.add_audience(batch(2, broken), NOON)

    (found,) = store.audience(since=DAY)
    assert (found.requests, distinct(found.pollers)) == (1, 2)


def test_the_salt_of_a_day_is_the_same_for_all_and_the_last_one_is_gone(
    store: SqlStore, url: str
) -> None:
    first = store.day_salt(DAY, b"a" * 16, NOON)
    with closing(open_store(url)) as other:
        assert other.day_salt(DAY, b"b" * 16, NOON) == first == b"a" * 16
        assert other.day_salt(NEXT, b"c" * 16, NOON) == b"c" * 16
    assert store.day_salt(NEXT, b"d" * 16, NOON) == b"c" * 16

    told = store.remark("audience.salt")
    assert told is not None
    assert told[0] == {"day": NEXT, "salt": (b"c" * 16).hex()}


# -- the service in numbers ------------------------------------------------------------------------


def test_articles_are_counted_by_what_readers_see(service: Service) -> None:
    for number in range(5):
        service.write(f"{number}.txt", f"Title {number}\n2025-05-0{number + 1}\n\nText.\n")
    service.write("later.txt", "Later\n2025-05-09\nEmbargo: 2025-06-01T13:00:00Z\n\nText.\n")
    service.sync()
    service.remove("0.txt")
    service.sync(force=True)

    counts = service.app.store.articles_by_state(service.clock.now())
    assert counts == {"published": 4, "held": 1, "withdrawn": 1}
    service.clock.tick(hours=2)
    assert service.app.store.articles_by_state(service.clock.now())["published"] == 5
    shown = [*service.app.store.list_articles(now=service.clock.now())]
    assert sum(counts.values()) == len(shown)


def test_articles_are_counted_without_a_look_at_them(store: SqlStore, url: str) -> None:
    from feedsvc.store import figures

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for query in (figures._UNPUBLISHED, figures._ARTICLES, figures._WAITING):
            values = (0,) * query.count("?")
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            assert all("INDEX" in step[-1] for step in plan), plan


def test_sources_are_counted_by_what_is_wrong(service: Service) -> None:
    service.configure(
        """
        [site]
        base_url = "https://news.example.org"
        [[source]]
        name = "desk"
        path = "articles"
        [[source]]
        name = "missing"
        path = "nowhere"
        [[source]]
        name = "asleep"
        path = "elsewhere"
        """
    )
    service.write("a.txt", "Title\n2025-05-01\n\nText.\n")
    service.app.sources()
    service.app.store.pause("asleep", service.clock.now())
    service.sync()

    found = service.app.store.figures(service.clock.now())

    assert found.sources == {"ok": 1, "failing": 1, "paused": 1}
    assert found.newest_ok == service.clock.now()
    assert (found.due, found.longest_due) == (0, None)
    assert [(one.entries, one.held) for one in found.feeds if one.name == "all"] == [(1, None)]
    service.clock.tick(hours=3)
    later = service.app.store.figures(service.clock.now())
    assert later.due == 2
    assert [name for name, _ in later.overdue] == ["desk"]
    assert later.longest_due is not None
    assert service.clock.now() - later.longest_due > timedelta(hours=2)


def test_a_job_remembers_when_it_went_well(store: SqlStore) -> None:
    later = NOON + timedelta(days=1)
    store.keep_chore(Chore(name="backup", ran=NOON, outcome="ok"))
    store.keep_chore(Chore(name="backup", ran=later, outcome="failed", reason="no room"))

    found = store.chores()["backup"]
    assert (found.ran, found.outcome, found.done) == (later, "failed", NOON)


# -- the probe -------------------------------------------------------------------------------------


def test_a_store_that_is_well_is_left_as_it_is(store: SqlStore, url: str) -> None:
    place = Path(url.removeprefix("sqlite:///"))
    before = place.read_bytes()

    store.probe()

    assert place.read_bytes() == before


def test_a_store_in_which_somebody_writes_for_long_is_busy(store: SqlStore, url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="locked"):
            store.probe()
        other.execute("ROLLBACK")

    store.probe()


def test_a_short_write_of_others_is_waited_for(store: SqlStore, url: str) -> None:
    place = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(place, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        timer.start()
        store.probe()
        timer.join()


def test_a_store_that_was_taken_away_is_missed(store: SqlStore, url: str) -> None:
    Path(url.removeprefix("sqlite:///")).unlink()

    with pytest.raises(StoreError, match="unable to open"):
        store.probe()


def test_a_damaged_store_is_noticed(store: SqlStore, url: str) -> None:
    place = Path(url.removeprefix("sqlite:///"))
    store.close()
    place.write_bytes(b"no database" * 1000)

    with pytest.raises(StoreError):
        store.probe()
