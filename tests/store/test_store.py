"""The stage-1 half of the store: sources, files, articles, and the marks on touched feeds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsvc.decide import Policy, digest, first_seen, revise
from feedsvc.errors import LockedError, NotFoundError, StoreError
from feedsvc.model import Article, Draft, Enclosure, FileStat, Image, Person, Problem, State
from feedsvc.ports import Change, KnownFile
from feedsvc.store import SqlStore, open_store

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

DESK, QUAY = ("desk", None, "folder", "/articles"), ("quay", None, "folder", "/quay")

RICH = Draft(
    title="Ferry late",
    html="<p>It was fög.</p>",
    id="7",
    link="https://example.org/ferry",
    summary="Fog & ice.",
    subtitle="Again",
    published=datetime(1912, 4, 15, tzinfo=UTC),
    updated=NOON - DAY,
    embargo=NOON + DAY,
    expires=datetime(2999, 1, 1, tzinfo=UTC),
    authors=(Person(name="Liv", email="liv@example.org"), Person(name="Jón", uri="https://e.org")),
    tags=("Sea", "Fog"),
    section="Port",
    language="de-AT",
    image=Image(url="https://example.org/a.jpg", caption="The quay", credit="Liv"),
    enclosures=(
        Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=9, duration=8),
    ),
    rights="© the desk",
    location="Quay",
    agency="own",
    extra=(("Zeichen", "900"),),
)


def article(draft: Draft, *, source: str = "desk", path: str = "a.txt") -> Article:
    key = f"id:{draft.id}" if draft.id else f"path:{path.partition('.')[0]}"
    return first_seen(
        draft, source=source, key=key, guid=f"tag:example.org,2025:{source}/{key}",
        link=draft.link, policy=Policy(), now=NOON,
    )  # fmt: skip


def change(path: str, draft: Draft, *, source: str = "desk", **rest: Any) -> Change:
    values: dict[str, Any] = {
        "stat": FileStat(1, 2, 3), "digest": digest(path.encode()), "declared": draft.id,
        "article": article(draft, source=source, path=path), "warnings": draft.warnings,
    } | rest  # fmt: skip
    return Change(path=path, **values)


def enrol(store: SqlStore, *sources: tuple[str, str | None, str, str]) -> int:
    """Enrol the sources; returns the row of the first."""
    store.enrol(sources, NOON)
    return store.source(sources[0][0]).row


def add(store: SqlStore, source: int, *drafts: Draft, name: str = "desk") -> None:
    changes = [change(f"{d.title}.txt", d, source=name) for d in drafts]
    store.record(source, changes, NOON)


def touched(store: SqlStore) -> dict[str, datetime | None]:
    return {row.name: row.touched for row in store.feeds()}


def settle(store: SqlStore) -> None:
    """As after a build of every feed."""
    for row in store.feeds():
        store.settle_feed(replace(row, touched=None), read=row, members=None, lines=())


def listed(store: SqlStore) -> dict[str, State]:
    return {a.title: a.state for a in store.list_articles(now=NOON)}


# -- articles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draft", [pytest.param(RICH, id="everything"), pytest.param(Draft(title="A"), id="a-title")]
)
def test_an_article_comes_out_as_it_went_in(store: SqlStore, draft: Draft) -> None:
    source = enrol(store, DESK)
    stored = article(draft)

    store.record(source, [change("a.txt", draft)], NOON)

    (found,) = store.list_articles(now=NOON)
    assert found == stored
    assert store.show_article(stored.guid) == stored


def test_what_is_replaced_is_kept_as_a_revision(store: SqlStore, url: str) -> None:
    source = enrol(store, DESK)
    store.record(source, [change("a.txt", RICH)], NOON)
    (old,) = store.find(source, declared=["7"], links=(), keys=(), rows=(), documents=())

    for title in ("Ferry later", "Ferry on time"):
        (now,) = store.find(source, declared=["7"], links=(), keys=(), rows=(), documents=())
        draft = replace(RICH, title=title)
        revised = revise(
            now.article, draft, link=draft.link, policy=Policy(), now=NOON + DAY, reread=False
        )
        store.record(source, [change("a.txt", draft, row=old.row, article=revised)], NOON + DAY)

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        kept = connection.execute("SELECT number, title FROM revision ORDER BY number").fetchall()
    assert kept == [(1, "Ferry late"), (2, "Ferry later")]
    (found,) = store.list_articles(now=NOON)
    assert (found.title, found.revision) == ("Ferry on time", 3)


def test_an_article_is_found_by_anything_that_names_it(store: SqlStore) -> None:
    source, other = enrol(store, DESK, QUAY), enrol(store, QUAY, DESK)
    store.record(source, [change("a.txt", RICH)], NOON)
    store.record(other, [change("a.txt", RICH, source="quay")], NOON)
    nothing: dict[str, Any] = {
        "declared": (), "links": (), "keys": (), "rows": (), "documents": (),
    }  # fmt: skip

    (known,) = store.find(source, **nothing | {"declared": ["7"]})
    ways: list[dict[str, Any]] = [
        {"links": ["https://example.org/ferry"]}, {"keys": ["id:7"]}, {"rows": [known.row]},
        {"documents": [digest(b"a.txt")]}, {"keys": ["id:7"], "declared": ["7"]},
    ]  # fmt: skip

    assert [store.find(source, **nothing | way) for way in ways] == [(known,)] * 5
    assert store.find(source, **nothing) == ()
    assert known.article.source == "desk"


def test_more_articles_are_asked_for_than_one_statement_may_name(store: SqlStore) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"))
    many = [f"path:{number}" for number in range(40_000)]

    found = store.find(source, declared=(), links=(), keys=[*many, "path:A"], rows=(), documents=())

    assert [stored.article.title for stored in found] == ["A"]


def test_a_batch_is_written_whole_or_not_at_all(store: SqlStore) -> None:
    source = enrol(store, DESK)
    same_key = [change("a.txt", Draft(title="A")), change("a.md", Draft(title="B"))]

    with pytest.raises(StoreError, match="UNIQUE"):
        store.record(source, same_key, NOON)

    assert (list(store.list_articles(now=NOON)), store.files(source), touched(store)) == (
        [],
        {},
        {},
    )


@pytest.mark.parametrize("name", ["no-such", "tag:example.org,2025:desk/id:7%"])
def test_an_unknown_article_is_said_to_be_unknown(store: SqlStore, name: str) -> None:
    with pytest.raises(NotFoundError, match="no article"):
        store.show_article(name)


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        pytest.param({}, ["C", "B", "A", "D"], id="all-newest-first"),
        pytest.param({"limit": 2}, ["C", "B"], id="some"),
        pytest.param({"state": State.HELD}, ["C", "D"], id="drafts-and-what-is-not-due"),
        pytest.param({"state": State.PUBLISHED}, ["B", "A"], id="what-is-shown"),
        pytest.param({"state": State.HELD, "now": NOON + 2 * DAY}, ["D"], id="two-days-later"),
        pytest.param({"source_name": "quay"}, [], id="another-source"),
    ],
)
def test_articles_are_listed(store: SqlStore, asked: dict[str, Any], titles: list[str]) -> None:
    source = enrol(store, DESK, QUAY)
    add(
        store,
        source,
        Draft(title="A", published=NOON - 2 * DAY),
        Draft(title="B", published=NOON - DAY),
        Draft(title="C", embargo=NOON + DAY),
        Draft(title="D", published=NOON - 3 * DAY, unreleased=True),
    )

    found = store.list_articles(**{"now": NOON} | asked)

    assert [a.title for a in found] == titles


# -- files ---------------------------------------------------------------------------------------


def test_a_file_comes_out_as_it_went_in(store: SqlStore) -> None:
    source = enrol(store, DESK)
    stat = FileStat(size=2**40, mtime_ns=-1, ctime_ns=2**62)

    store.record(
        source,
        [
            change("grö\nße.txt", Draft(title="A"), stat=stat),
            Change(path="b.txt", stat=None, digest=b"", problem="cannot be read"),
        ],
        NOON,
    )

    assert store.files(source) == {
        "grö\nße.txt": KnownFile(stat, digest("grö\nße.txt".encode()), 1, None),
        "b.txt": KnownFile(None, b"", None, "cannot be read"),
    }


def test_problems_and_warnings_are_told_with_since_when(store: SqlStore) -> None:
    source = enrol(store, DESK)
    broken = Change(path="b.txt", stat=None, digest=b"", problem="cannot be read")
    odd = Draft(title="A", warnings=("an odd date", "an odd link"))
    store.record(source, [change("a.txt", odd), broken], NOON)

    store.record(source, [broken], NOON + DAY)
    lost = Problem(source="desk", path=None, reason="6 of 10 are missing")
    store.finish(source, now=NOON, next_due=NOON, failure=None, problems=[lost])

    found = [(p.path, p.reason, p.since) for p in store.problems() if p.path]
    assert found == [
        ("a.txt", "an odd date", NOON), ("a.txt", "an odd link", NOON),
        ("b.txt", "cannot be read", NOON),
    ]  # fmt: skip
    assert [p.reason for p in store.problems() if p.path is None] == ["6 of 10 are missing"]


def test_warnings_stay_when_only_the_stat_changes_and_go_with_a_new_text(store: SqlStore) -> None:
    source = enrol(store, DESK)
    same = digest(b"a.txt")
    store.record(source, [change("a.txt", Draft(title="A", warnings=("odd",)))], NOON)

    touch = Change(path="a.txt", stat=FileStat(1, 9, 9), digest=same, row=1)
    store.record(source, [touch], NOON)
    after_touch = [p.reason for p in store.problems()]
    edit = Change(path="a.txt", stat=FileStat(2, 10, 10), digest=digest(b"new"), row=1)
    store.record(source, [edit], NOON)

    assert (after_touch, store.problems()) == (["odd"], ())


def test_bytes_that_say_the_same_are_remembered_for_a_rename(store: SqlStore) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"))

    store.record(
        source, [Change(path="A.txt", stat=FileStat(1, 1, 1), digest=digest(b"new"), row=1)], NOON
    )

    found = store.find(source, declared=(), links=(), keys=(), rows=(), documents=[digest(b"new")])
    assert [stored.row for stored in found] == [1]
    assert touched(store)["all"] == NOON  # by the first record alone


@pytest.mark.parametrize(
    ("state", "left", "taken"),
    [
        pytest.param(State.WITHDRAWN, {"A": State.WITHDRAWN, "B": State.PUBLISHED}, 1, id="taken"),
        pytest.param(None, {"A": State.PUBLISHED, "B": State.PUBLISHED}, 0, id="kept"),
    ],
)
def test_a_forgotten_file_takes_its_article_along(
    store: SqlStore, state: State | None, left: dict[str, State], taken: int
) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"), Draft(title="B"))
    settle(store)

    count = store.forget(source, ["A.txt", "never.txt"], state, "deleted", NOON + HOUR)

    assert (count, listed(store), list(store.files(source))) == (taken, left, ["B.txt"])
    assert touched(store)["all"] == (NOON + HOUR if state else None)


def test_an_article_in_two_files_stays_while_one_is_there(store: SqlStore) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"))
    moved = Change(path="moved.txt", stat=FileStat(1, 2, 3), digest=digest(b"A.txt"), row=1)
    store.record(source, [moved], NOON)

    taken = store.forget(source, ["A.txt"], State.WITHDRAWN, "deleted", NOON)

    assert (taken, listed(store)) == (0, {"A": State.PUBLISHED})


def test_forgetting_one_source_leaves_the_others_alone(store: SqlStore) -> None:
    desk, quay = enrol(store, DESK, QUAY), enrol(store, QUAY, DESK)
    add(store, desk, Draft(title="A"))
    add(store, quay, Draft(title="A", summary="of the quay"), name="quay")

    store.forget(desk, ["A.txt"], State.WITHDRAWN, "deleted", NOON)

    states = {a.source: a.state for a in store.list_articles(now=NOON)}
    assert states == {"desk": State.WITHDRAWN, "quay": State.PUBLISHED}


# -- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "marked"),
    [
        pytest.param(Draft(title="A"), {"all"}, id="no-tag"),
        pytest.param(Draft(title="A", tags=("SEA",)), {"all", "sea"}, id="a-tag-in-any-case"),
        pytest.param(Draft(title="A", section="Sea"), {"all", "sea"}, id="a-section-is-a-tag"),
        pytest.param(Draft(title="A", unreleased=True), set(), id="a-draft-is-in-no-feed"),
    ],
)
def test_a_new_article_marks_the_feeds_it_belongs_to(
    store: SqlStore, draft: Draft, marked: set[str]
) -> None:
    source = enrol(store, DESK)

    store.record(source, [change("a.txt", draft)], NOON)

    assert touched(store) == dict.fromkeys(marked, NOON)


def test_an_article_that_leaves_a_feed_marks_it_too(store: SqlStore) -> None:
    source = enrol(store, DESK)
    draft = Draft(title="A", tags=("sea",))
    store.record(source, [change("a.txt", draft)], NOON)
    settle(store)

    away = replace(article(draft), tags=("land",), said=b"x", revision=2)
    store.record(source, [change("a.txt", draft, row=1, article=away)], NOON + HOUR)

    assert touched(store) == {"all": NOON + HOUR, "sea": NOON + HOUR}


def test_a_mark_always_moves_so_that_a_build_cannot_clear_what_it_has_not_seen(
    store: SqlStore,
) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"))
    read = store.feed("all")

    add(store, source, Draft(title="B"))  # in the same second
    store.settle_feed(replace(read, touched=None), read=read, members=None, lines=())

    assert store.feed("all").touched == NOON + timedelta(seconds=1)


def test_a_build_that_saw_everything_clears_the_mark(store: SqlStore) -> None:
    source = enrol(store, DESK)
    add(store, source, Draft(title="A"))

    settle(store)

    assert set(touched(store).values()) == {None}


# -- sources -------------------------------------------------------------------------------------


def test_enrolling_what_is_known_writes_nothing(store: SqlStore) -> None:
    enrol(store, DESK, QUAY)
    with store._engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        before = driver.total_changes
        connection.rollback()

    enrol(store, QUAY, DESK)

    with store._engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver.total_changes == before


def test_a_source_that_moves_is_the_same_source(store: SqlStore) -> None:
    row = enrol(store, DESK)

    store.enrol([("desk", None, "folder", "/elsewhere")], NOON)

    found = store.source("desk")
    assert (found.row, found.place) == (row, "/elsewhere")


@pytest.mark.parametrize(
    ("then", "names"),
    [
        pytest.param([("news", "desk", "folder", "/a")], {"news": 1}, id="renamed"),
        pytest.param([DESK, ("news", "desk", "folder", "/a")], {"desk": 1, "news": 2}, id="both"),
        pytest.param([("news", "nobody", "folder", "/a")], {"news": 2}, id="never-heard-of"),
        pytest.param([("news", None, "folder", "/a")], {"news": 2}, id="another"),
    ],
)
def test_a_source_is_its_name(
    store: SqlStore, then: list[tuple[str, str | None, str, str]], names: dict[str, int]
) -> None:
    enrol(store, DESK)

    store.enrol(then, NOON)
    store.enrol(then, NOON)

    assert {row.name: row.row for row in store.sources()} == names


def test_a_source_renamed_after_it_was_removed_brings_its_articles_back(store: SqlStore) -> None:
    source = enrol(store, DESK, QUAY)
    add(store, source, Draft(title="A"))
    store.enrol([QUAY], NOON)
    gone = listed(store)

    store.enrol([QUAY, ("news", "desk", "folder", "/a")], NOON)

    assert (gone, listed(store)) == ({"A": State.GONE}, {"A": State.PUBLISHED})
    assert store.source("news").row == source


def test_articles_of_a_removed_source_keep_their_other_states(store: SqlStore) -> None:
    source = enrol(store, DESK, QUAY)
    add(store, source, Draft(title="A"), Draft(title="B"), Draft(title="C", unreleased=True))
    store.forget(source, ["B.txt"], State.WITHDRAWN, "deleted", NOON)
    before = listed(store)
    settle(store)

    store.enrol([QUAY], NOON)
    gone, marked = listed(store), touched(store)
    store.enrol([QUAY, DESK], NOON)

    assert gone == before | {"A": State.GONE}
    assert marked["all"] == NOON
    assert listed(store) == before


def test_a_failure_is_counted_until_it_is_over(store: SqlStore) -> None:
    source = enrol(store, DESK)

    for day in (1, 2):
        store.finish(source, now=NOON + day * DAY, next_due=NOON + 3 * DAY, failure="unmounted")
    failing = store.source("desk")
    store.finish(source, now=NOON + 4 * DAY, next_due=NOON + 5 * DAY, failure=None)
    well = store.source("desk")

    assert (failing.state, failing.failures, failing.reason, failing.since, failing.last_ok) == (
        "failing", 2, "unmounted", NOON + DAY, None,
    )  # fmt: skip
    assert (well.state, well.failures, well.reason, well.since, well.last_ok) == (
        "ok", 0, None, NOON + 4 * DAY, NOON + 4 * DAY,
    )  # fmt: skip


def test_an_unknown_source_is_said_to_be_unknown(store: SqlStore) -> None:
    with pytest.raises(NotFoundError, match="no source 'desk'"):
        store.source("desk")


# -- locks ---------------------------------------------------------------------------------------


def test_a_name_is_held_by_one_at_a_time(store: SqlStore, url: str) -> None:
    other = open_store(url)

    with (
        store.lock("build", timeout=0),
        pytest.raises(LockedError, match=r"another feedsvc is at work on this store \(build\)"),
        other.lock("build", timeout=0),
    ):
        pass

    with other.lock("build", timeout=0), store.lock("source-desk", timeout=0):
        other.close()
