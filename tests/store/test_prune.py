"""Pruning in the store: what is left of an article, what it needs, and what the file gives back."""

from __future__ import annotations

import sqlite3
import threading
import tracemalloc
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.errors import StoreError
from feedsvc.model import Enclosure, State
from feedsvc.ports import AudienceDay, Edition, Limit, Media, Pruned, Shown
from feedsvc.settings import Feed
from feedsvc.store import SqlStore, open_store
from feedsvc.store.halt import Halt, StoppedError
from feedsvc.store.tidy import AUDIENCE, EDITIONS
from tests.stock import Stock

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
ALL = Feed(name="all", limit=2)


def path_of(stock: Stock) -> Path:
    return Path(stock.url.removeprefix("sqlite:///"))


def rows(stock: Stock, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path_of(stock))) as database:
        return database.execute(query).fetchall()


def one(stock: Stock, query: str) -> object:
    ((found,),) = rows(stock, query)
    return found


def keep(stock: Stock, number: int | None = None, age: timedelta | None = None) -> list[Limit]:
    return [
        Limit(row=each.row, name=each.name, keep=number, keep_for=age)
        for each in stock.store.sources()
    ]


def prune(stock: Stock, limits: list[Limit], shown: Shown | None = None) -> dict[int, Pruned]:
    beyond, since = stock.store.beyond(limits, NOON)
    return stock.store.prune(beyond, beyond=beyond, since=since, shown=shown or Shown(), now=NOON)


def fill(stock: Stock, count: int, source: str = "quay", words: int = 400) -> None:
    text = "<p>" + "What happened at the pier. " * words + "</p>"
    stock.fill(source, {f"{source}-{number}": {"html": text} for number in range(count)})


@pytest.fixture
def quay(stock: Stock) -> Stock:
    stock.watch(ALL)
    stock.enrol("quay")
    return stock


def test_nothing_is_left_but_what_it_is_matched_by(quay: Stock) -> None:
    row = quay.put(
        "quay", "The crane", html="<p>Nobody keeps this.</p>", summary="A riddle.",
        tags=("Sea",), authors=("Mara",), link="https://quay.example.org/crane",
        enclosures=(Enclosure(url="https://quay.example.org/c.mp3"),),
    )  # fmt: skip
    quay.put("quay", "The crane", html="<p>Nor this.</p>", link="https://quay.example.org/crane")
    quay.put("quay", "The ferry", published=NOON)
    before = quay.store.newest_change()

    prune(quay, keep(quay, 1))

    for table in ("revision", "label", "fragment"):
        assert rows(quay, f"SELECT * FROM {table} WHERE article_id = {row}") == []
    (article,) = quay.store.of_ids(["tag:example.org,2025:quay/The crane"])
    assert (article.title, article.link) == ("The crane", "https://quay.example.org/crane")
    assert (article.html, article.summary, article.tags, article.authors) == ("", None, (), ())
    assert article.state is State.GONE
    (standing,) = quay.store.standings([article])
    assert (standing.reason, standing.pruned) == ("pruned", NOON)
    assert quay.store.history(article) == ()
    known = quay.store.entries(quay.store.source("quay").row, declared=["The crane"])
    assert known[row].pruned
    assert quay.store.newest_change() == before
    assert quay.store.search(["nobody"]) == ()


def test_no_feed_is_touched(quay: Stock) -> None:
    fill(quay, 10)
    quay.publish(ALL)

    prune(quay, keep(quay, 3))

    assert not quay.touched("all")
    assert [each.name for each in quay.store.feeds() if each.touched] == []


def test_it_is_listed_as_gone(quay: Stock) -> None:
    fill(quay, 5)

    prune(quay, keep(quay, 3))

    gone = [a.title for a in quay.store.list_articles(now=NOON, state=State.GONE)]
    assert gone == ["quay-3", "quay-4"]


def test_a_live_blog_is_as_many_stories(quay: Stock) -> None:
    blog = "https://quay.example.org/live"
    quay.fill("quay", {f"entry {n}": {"link": blog} for n in range(6)})
    quay.publish(ALL)

    (told,) = prune(quay, keep(quay, 1)).values()

    assert told == Pruned(pruned=4, kept={"feed": 1})


def test_a_purged_one_counts_for_nothing(quay: Stock) -> None:
    fill(quay, 4)
    newest = "tag:example.org,2025:quay/quay-0"
    quay.store.purge([newest], now=NOON)

    prune(quay, keep(quay, 2))

    states = {a.title: a.state.value for a in quay.store.list_articles(now=NOON)}
    assert states == {"": "withdrawn", "quay-1": "published", "quay-2": "published",
                      "quay-3": "gone"}  # fmt: skip
    (standing,) = quay.store.standings(quay.store.of_ids([newest]))
    assert standing.pruned is None


def test_a_copy_that_is_withdrawn_takes_a_pruned_one_along_and_gives_it_back(stock: Stock) -> None:
    stock.watch(ALL)
    stock.enrol("quay", "desk")
    link = "https://desk.example.org/crane"
    stock.put("quay", "Copy", link=link, published=NOON - timedelta(days=400))
    stock.put("desk", "Crane", link=link, published=NOON - timedelta(days=300))
    for source in ("quay", "desk"):
        stock.put(source, f"New of {source}", published=NOON)
    prune(stock, keep(stock, 1))
    # Published anew by another source, long after both were pruned.
    stock.enrol("quay", "desk", "wire")
    stock.put("wire", "Again", link=link, published=NOON)
    guid = "tag:example.org,2025:wire/Again"

    stock.store.withdraw([guid], reason=None, now=NOON)
    stock.store.restore([guid], now=NOON)

    states = {a.title: a.state.value for a in stock.store.list_articles(now=NOON)}
    assert states["Again"] == "published"
    assert (states["Copy"], states["Crane"]) == ("gone", "gone")


# -- what it costs ---------------------------------------------------------------------------------


def test_memory_does_not_grow_with_what_is_pruned(quay: Stock) -> None:
    fill(quay, 6_000, words=20)
    beyond, since = quay.store.beyond(keep(quay, 10), NOON)
    assert len(beyond) == 5_990
    shown = Shown(walked=(ALL,))
    quay.store.prune(beyond[:400], beyond=beyond, since=since, shown=shown, now=NOON)

    tracemalloc.start()
    quay.store.prune(beyond, beyond=beyond, since=since, shown=shown, now=NOON)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 2_500_000


def test_others_write_between_two_steps(quay: Stock) -> None:
    fill(quay, 2_000, words=20)
    beyond, since = quay.store.beyond(keep(quay, 10), NOON)
    seen: list[int] = []

    def stopped() -> bool:
        # No lock is held: with one, this would end in "database is locked" at once.
        with closing(sqlite3.connect(path_of(quay), timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            (gone,) = other.execute("SELECT count(pruned) FROM article").fetchone()
            other.execute("ROLLBACK")
        seen.append(gone)
        return False

    quay.store.prune(beyond, beyond=beyond, since=since, shown=Shown(), now=NOON, stopped=stopped)

    assert seen == [0, 400, 800, 1200, 1600]


def test_what_was_asked_to_end_holds_so_far(quay: Stock) -> None:
    fill(quay, 1_000, words=20)
    beyond, since = quay.store.beyond(keep(quay, 10), NOON)
    calls: list[int] = []

    def stopped() -> bool:
        calls.append(1)
        return len(calls) > 1

    (told,) = quay.store.prune(
        beyond, beyond=beyond, since=since, shown=Shown(), now=NOON, stopped=stopped
    ).values()

    assert told.pruned == one(quay, "SELECT count(pruned) FROM article") == 400
    assert prune(quay, keep(quay, 10)) == {1: Pruned(pruned=590)}


# -- the file --------------------------------------------------------------------------------------


def test_a_new_database_gives_back_what_is_unused_in_small_steps(quay: Stock) -> None:
    fill(quay, 3_000)
    before = quay.store.space()
    assert before.gives_back
    prune(quay, keep(quay, 10))

    freed = quay.store.give_back(Halt())

    after = quay.store.space()
    assert freed == before.size - after.size > before.size / 2
    assert after.free <= 0.11 * after.size  # some is used again soon
    assert one(quay, "PRAGMA integrity_check") == "ok"
    assert quay.store.give_back(Halt()) == 0


def test_an_old_database_is_written_anew_once(tmp_path: Path) -> None:
    place = tmp_path / "old.db"
    with closing(sqlite3.connect(place)) as old:
        old.execute("PRAGMA page_size = 4096")
        old.execute("PRAGMA journal_mode = WAL")
    stock = Stock(f"sqlite:///{place}", open_store(f"sqlite:///{place}"))
    stock.enrol("quay")
    fill(stock, 500)
    assert not stock.store.space().gives_back
    prune(stock, keep(stock, 10))

    assert stock.store.give_back(Halt()) > 1_000_000
    assert stock.store.space().gives_back
    assert one(stock, "PRAGMA integrity_check") == "ok"
    stock.store.close()


def test_little_that_is_unused_stays(quay: Stock) -> None:
    fill(quay, 300)
    prune(quay, keep(quay, 280))

    assert quay.store.give_back(Halt()) == 0


def test_others_who_use_it_faster_end_it(quay: Stock) -> None:
    fill(quay, 1_000)
    prune(quay, keep(quay, 10))
    halt = Halt()
    halt.ask()

    with pytest.raises(StoppedError):
        quay.store.give_back(halt)

    assert one(quay, "PRAGMA integrity_check") == "ok"


def test_a_sound_database_has_no_faults(quay: Stock) -> None:
    fill(quay, 50)

    assert quay.store.faults(Halt()) == ()


def test_a_damaged_database_has_faults(quay: Stock) -> None:
    fill(quay, 500)
    place = path_of(quay)
    quay.store.close()
    with closing(sqlite3.connect(place)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(place.read_bytes())
    middle = len(data) // 2 // 16_384 * 16_384
    data[middle : middle + 200] = bytes(range(200))
    place.write_bytes(data)

    with closing(open_store(quay.url)) as store:
        (first, *_) = store.faults(Halt())

    assert "page" in first or "malformed" in first or "Tree" in first


def test_a_row_that_refers_to_nothing_is_a_fault(quay: Stock) -> None:
    fill(quay, 3)
    with closing(sqlite3.connect(path_of(quay), isolation_level=None)) as database:
        database.execute("DELETE FROM article WHERE id = 2")

    assert quay.store.faults(Halt()) == ("row 2 of body refers to a row of article that is not",)


def test_a_check_is_interrupted_in_the_middle_of_a_statement(quay: Stock) -> None:
    fill(quay, 2_000)
    halt = Halt()
    started = threading.Event()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            with halt.connection(quay.store._engine, timeout=1.0) as connection:
                started.set()
                connection.execute(
                    "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)"
                    " SELECT count(*) FROM n"
                ).fetchall()
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(10)
    while thread.is_alive():  # it may have begun its statement only now
        halt.ask()
        thread.join(0.05)

    (error,) = ended
    assert isinstance(error, StoppedError)


def test_a_database_that_is_none_is_told_in_our_words(quay: Stock) -> None:
    halt = Halt()

    with (
        pytest.raises(StoreError, match="no such table"),
        halt.connection(quay.store._engine, timeout=1.0) as connection,
    ):
        connection.execute("SELECT * FROM pier")


def test_a_large_journal_is_written_back(quay: Stock) -> None:
    fill(quay, 200)
    large = 100_000
    assert quay.store.space().journal > large

    with closing(sqlite3.connect(path_of(quay), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM article").fetchone()
        fill(quay, 10)
        assert quay.store.shorten_journal(Halt(), large=large) == 0  # somebody reads it
    assert quay.store.shorten_journal(Halt(), large=large) > large
    assert quay.store.space().journal == 0
    assert quay.store.shorten_journal(Halt(), large=large) == 0


# -- other tables ----------------------------------------------------------------------------------


def test_what_nobody_needs_goes_and_nothing_else(quay: Stock) -> None:
    store = quay.store
    old = (NOON - AUDIENCE - timedelta(days=1)).date().isoformat()
    days = [
        AudienceDay(day=day, feed="all", requests=1, aggregators={})
        for day in (old, (NOON - AUDIENCE).date().isoformat(), "2025-05-31")
    ]
    store.keep_audience(days)
    store.keep_editions(
        "all",
        [Edition(str(n), NOON - timedelta(days=n), b"") for n in range(EDITIONS + 5)],
    )

    assert store.tidy(NOON, Halt()) == {"edition": 5, "audience": 1}

    assert [each.day for each in store.audience(since="0")] == [
        "2025-05-31", (NOON - AUDIENCE).date().isoformat(),
    ]  # fmt: skip
    assert len(store.editions("all")) == EDITIONS
    assert str(EDITIONS - 1) in store.editions("all")
    assert store.tidy(NOON, Halt()) == {}


def test_facts_about_files_go_with_the_last_article_that_shows_them(quay: Stock) -> None:
    def episode(title: str, file: str, days: int) -> None:
        url = f"https://quay.example.org/{file}.mp3"
        quay.put("quay", title, enclosures=(Enclosure(url=url),),
                 published=NOON - timedelta(days=days))  # fmt: skip

    every = Feed(name="all", limit=10)
    quay.watch(every)
    episode("Old", "old", 30)
    episode("Repeat", "shared", 29)
    episode("New", "shared", 1)
    quay.publish(every)
    wanted = [each.url for each in quay.store.media_wanted(NOON, 10)]
    assert len(wanted) == 2
    quay.store.learn([Media(url, length=7, type="audio/mpeg") for url in wanted], NOON)
    quay.publish(replace(every, limit=1))
    quay.store.prune_fragments()
    prune(quay, keep(quay, 1))

    assert quay.store.tidy(NOON, Halt()) == {"media_use": 2, "media": 1}

    assert quay.store.media_facts(wanted).keys() == {"https://quay.example.org/shared.mp3"}


def test_it_fits_the_store(store: SqlStore) -> None:
    assert store.tidy(NOON, Halt()) == {}
    assert store.beyond([], NOON) == (store.beyond([], NOON)[0], 0)
