"""Which articles a feed holds: each rule, and those that decide between articles."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedsvc.model import Origin
from feedsvc.ports import Member
from feedsvc.settings import Feed
from feedsvc.store import SqlStore
from feedsvc.store.words import teach
from tests.stock import NOON, Stock

DAY = timedelta(days=1)
ALL = Feed(name="all")
HARBOUR = (
    "The old crane at the northern quay was taken down on Monday morning. Thirty people watched as"
    " its arm sank to the ground, and the harbour master said that he would miss the noise it made."
)


def words(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def titles(store: SqlStore, feed: Feed, now: datetime = NOON, **more: Any) -> str:
    return "".join(one.title for one in store.select(feed, now, **more).members)


@pytest.fixture
def seven(stock: Stock) -> SqlStore:
    """Seven articles, A the newest; desk and wire have three each, pier, in `list`, has one."""
    stock.enrol("desk", "wire")
    stock.enrol_outline("pier", parent="list")
    stock.put("desk", "A", tags=("Sea", "ÖPNV"), authors=("Jana Öhm",), language="de")
    stock.put("desk", "B", tags=("sea",), authors=("Tom Wex",), language="de-AT")
    stock.put("desk", "C", section="Culture", authors=("JANA ÖHM", "Tom Wex"), language="den")
    stock.put("wire", "D", tags=("weather",), html="<p>Wind from the <b>sea</b>.</p>")
    stock.put("wire", "E", summary="Ferries rest.", language="en-GB")
    stock.put("wire", "F", tags=("ad",), html="<p>Buy a ferry.</p>", language="en")
    stock.put("pier", "G", tags=("sea", "ad"))
    return stock.store


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param({}, "ABCDEFG", id="everything-newest-first"),
        pytest.param({"exclude_sources": ("wire",)}, "ABCG", id="without-a-source"),
        pytest.param(
            {"exclude_sources": ("list",)}, "ABCDEF", id="without-an-opml-file-and-what-is-in-it"
        ),
        pytest.param(
            {"sources": ("list", "desk"), "exclude_sources": ("pier",)}, "ABC",
            id="a-list-but-for-one-of-it",
        ),
        pytest.param({"exclude_tags": ("SEA",)}, "CDEF", id="without-a-tag-whatever-its-case"),
        pytest.param({"exclude_tags": ("o\u0308pnv",)}, "BCDEFG", id="in-any-spelling-of-unicode"),
        pytest.param({"exclude_tags": ("culture",)}, "ABDEFG", id="a-section-is-a-tag"),
        pytest.param({"exclude_tags": ("sea", "ad")}, "CDE", id="without-any-of-the-tags"),
        pytest.param({"tags": ("sea",), "exclude_tags": ("ad",)}, "AB", id="a-tag-but-not-another"),
        pytest.param({"exclude_authors": ("jana öhm",)}, "BDEFG", id="without-an-author"),
        pytest.param(
            {"authors": ("Tom Wex",), "exclude_authors": ("Jana Öhm",)}, "B",
            id="without-what-both-wrote",
        ),
        pytest.param(
            {"exclude_languages": ("de",)}, "CDEFG", id="without-de-and-de-AT-but-with-den"
        ),
        pytest.param({"exclude_languages": ("en-GB",)}, "ABCDFG", id="without-one-kind-of-english"),
        pytest.param({"exclude_languages": ("de", "en")}, "CDG", id="without-two-languages"),
        pytest.param({"facet": ("tag", "öpnv")}, "A", id="one-tag-of-a-group"),
        pytest.param({"facet": ("author", "tom wex")}, "BC", id="one-author-of-a-group"),
        pytest.param({"facet": ("source", "pier")}, "G", id="one-source-of-a-group"),
        pytest.param({"facet": ("source", "list")}, "", id="a-list-is-no-source-of-articles"),
        pytest.param(
            {"facet": ("tag", "sea"), "exclude_tags": ("ad",)}, "AB", id="a-group-has-its-rules-too"
        ),
        pytest.param({"offset": 2}, "CDEFG", id="the-two-newest-left-out"),
        pytest.param({"offset": 2, "limit": 3}, "CDE", id="the-limit-counts-after-that"),
        pytest.param({"offset": 7}, "", id="all-left-out"),
        pytest.param({"offset": 99}, "", id="more-left-out-than-there-are"),
        pytest.param(
            {"offset": 1, "tags": ("sea",)}, "BG", id="the-newest-of-those-that-fit-left-out"
        ),
        pytest.param({"max_per_source": 2}, "ABDEG", id="two-of-each-source"),
        pytest.param(
            {"max_per_source": 2, "offset": 1}, "BDEG", id="what-is-left-out-counts-for-its-source"
        ),
        pytest.param({"max_per_source": 1, "limit": 2}, "AD", id="one-of-each-and-a-limit"),
        pytest.param({"match": words("ferr(y|ies)")}, "EF", id="words-in-summary-and-text"),
        pytest.param({"match": words("sea"), "exclude": words("x")}, "D", id="text-not-markup"),
        pytest.param({"match": words(r"\Ad\n")}, "D", id="the-title-is-a-line-of-its-own"),
        pytest.param({"exclude": words("ferr"), "limit": 4}, "ABCD", id="words-then-limit"),
        pytest.param(
            {"match": words("ferr"), "max_per_source": 1}, "E", id="words-then-so-many-of-a-source"
        ),
    ],
)  # fmt: skip
def test_a_feed_holds(seven: SqlStore, rules: dict[str, Any], expected: str) -> None:
    feed = Feed(name="cut", **rules)

    first, again = titles(seven, feed), titles(seven, feed)

    assert (first, again) == (expected, expected)


@pytest.mark.parametrize("rules", [{}, {"max_per_source": 2}, {"match": words("[acdeg]")}])
def test_two_feeds_share_what_there_is(seven: SqlStore, rules: dict[str, Any]) -> None:
    whole = titles(seven, Feed(name="whole", **rules))

    parts = [titles(seven, Feed(name="part", offset=n, limit=2, **rules)) for n in range(0, 8, 2)]

    assert "".join(parts) == whole


@pytest.mark.parametrize("limit", [1, 50, 10_000])
def test_long_walks_come_to_the_same(stock: Stock, limit: int) -> None:
    """Rows are read some at a time: none is lost between, whatever the order of ids and times."""
    stock.enrol("desk", "wire")
    dates = {f"{number},": NOON - (number // 7) * DAY for number in range(1_200)}
    for source, wanted in (("desk", (1, 2)), ("wire", (0,))):
        some = [(title, at) for n, (title, at) in enumerate(dates.items()) if n % 3 in wanted]
        stock.fill(source, {title: {"published": at} for title, at in some})
    newest = list(stock.store.list_articles(now=NOON))

    found = stock.store.select(Feed(name="cut", limit=limit), NOON).members
    wire = stock.store.select(Feed(name="w", limit=limit, exclude_sources=("desk",)), NOON).members

    assert [one.title for one in found] == [one.title for one in newest][:limit]
    only = [one.title for one in newest if one.source == "wire"]
    assert [one.title for one in wire] == only[:limit]


def test_a_source_that_has_its_share_is_passed_over(stock: Stock) -> None:
    stock.enrol("loud", "quiet")
    minute = timedelta(minutes=1)
    stock.fill("loud", {f"L{n} ": {"published": NOON - n * minute} for n in range(900)})
    stock.put("quiet", "Q", published=NOON - 99 * DAY)

    assert titles(stock.store, Feed(name="cut", max_per_source=2)) == "L0 L1 Q"


@pytest.mark.parametrize("key", ["match", "exclude"])
def test_what_an_expression_has_no_end_with_is_left_out_and_explained(
    stock: Stock, key: str
) -> None:
    rules: dict[str, Any] = {key: words("(a+)+$|ferry" if key == "match" else "(a+)+$")}
    feed = Feed(name="cut", **rules)
    stock.enrol("desk")
    row = stock.put("desk", "A", html=f"<p>{'a' * 60}!</p>")
    stock.put("desk", "B", html="<p>A ferry.</p>")

    steps = {step.rule: step for step in stock.store.explain(feed, row, NOON).steps}

    assert titles(stock.store, feed) == "B"
    assert not steps[key].met
    assert "takes too long on its words" in steps[key].says


# -- what is read again --------------------------------------------------------------------------


def test_words_that_change_are_read_again(stock: Stock) -> None:
    stock.enrol("desk")
    stock.put("desk", "A", html="<p>A ferry.</p>")
    feed = Feed(name="cut", match=words("ferry"))
    assert titles(stock.store, feed) == "A"

    stock.put("desk", "A", html="<p>A bridge.</p>")
    assert titles(stock.store, feed) == ""

    stock.put("desk", "A", html="<p>A bridge.</p>", summary="And a ferry.")
    assert titles(stock.store, feed) == "A"


def test_flags_of_an_expression_count(stock: Stock) -> None:
    stock.enrol("desk")
    stock.put("desk", "A", html="<p>Ferry</p>")

    found = [
        titles(stock.store, Feed(name="cut", match=re.compile("ferry", flags)))
        for flags in (0, re.IGNORECASE)
    ]

    assert found == ["", "A"]


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        pytest.param("A bridge.", "A ferry.", True, id="it-has-the-words-now"),
        pytest.param("A ferry.", "A bridge.", True, id="it-had-them"),
        pytest.param("A bridge.", "A tunnel.", False, id="it-never-had-them"),
    ],
)
def test_a_feed_is_touched_by_articles_with_its_words(
    stock: Stock, before: str, after: str, marked: bool
) -> None:
    feed = Feed(name="cut", match=words("ferry"))
    stock.watch(feed)
    stock.enrol("desk")
    stock.put("desk", "A", html=f"<p>{before}</p>")
    stock.settle()

    stock.put("desk", "A", html=f"<p>{after}</p>")

    assert stock.touched("cut") is marked


# -- one story of several sources ----------------------------------------------------------------

PAGE = "https://harbour.example.org/crane"


def via(store: SqlStore, feed: Feed, now: datetime = NOON) -> dict[str, tuple[Origin, ...]]:
    return {one.title: one.via for one in store.select(feed, now).members}


@pytest.fixture
def planet(stock: Stock) -> Stock:
    """Sources that copy one another; the copies are newer than what they were copied from."""
    stock.enrol("harbour", "museum", "quay", "post")
    return stock


def copied(planet: Stock, first: str = "A", second: str = "B", **more: Any) -> None:
    planet.put("harbour", first, link=PAGE, published=NOON - 5 * DAY)
    planet.put("museum", second, link=f"{PAGE}?utm_source=m", published=NOON - DAY, **more)


def origin(name: str, link: str | None = None, **more: Any) -> Origin:
    url = f"https://{name}.example.org/feed"
    link = link or f"https://{name}.example.org/"
    return Origin(**{"title": f"The {name}", "url": url, "link": link} | more)


def test_a_story_appears_once_with_both_origins(planet: Stock) -> None:
    copied(planet)

    assert via(planet.store, ALL) == {"A": (origin("museum"),)}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param({"exclude": words(r"\AA\b")}, "B", id="hidden-by-its-words"),
        pytest.param({"match": words(r"\AB\b")}, "B", id="without-the-words-asked-for"),
        pytest.param({"exclude_tags": ("ad",)}, "B", id="hidden-by-its-tag"),
        pytest.param({"exclude_sources": ("harbour",)}, "B", id="of-a-source-left-out"),
        pytest.param({"since": 2 * DAY}, "B", id="too-old"),
        pytest.param({}, "A", id="shown"),
        pytest.param({"limit": 1}, "A", id="the-first-of-all"),
    ],
)
def test_a_copy_stands_when_its_original_is_not_in_the_feed(
    planet: Stock, rules: dict[str, Any], expected: str
) -> None:
    planet.put("harbour", "A", link=PAGE, tags=("ad",), published=NOON - 5 * DAY)
    planet.put("museum", "B", link=PAGE, published=NOON - DAY)

    assert titles(planet.store, Feed(name="cut", **rules)) == expected


def test_a_copy_steps_in_for_what_its_source_may_not_show(planet: Stock) -> None:
    copied(planet)
    for number in range(3):
        planet.put("harbour", f"H{number}", published=NOON - 2 * DAY - number * DAY)
    two = Feed(name="two", max_per_source=2)

    assert titles(planet.store, two) == "BH0H1"
    assert via(planet.store, two)["B"] == (origin("harbour"),)
    assert titles(planet.store, replace(two, max_per_source=4)) == "H0H1H2A"


def test_the_place_of_a_copy_that_gives_way_is_another_ones(planet: Stock) -> None:
    """By its text alone: the copy is read before its original, and had its source's only place."""
    planet.put("harbour", "A", html=f"<p>{HARBOUR}</p>", published=NOON - 9 * DAY)
    planet.put("museum", "B", html=f"<p>{HARBOUR}</p>", published=NOON - DAY)
    planet.put("museum", "M", published=NOON - 2 * DAY)
    feed = Feed(name="one", max_per_source=1, dedupe="text")

    assert titles(planet.store, feed) == "MA"
    assert via(planet.store, feed)["A"] == (origin("museum"),)


def test_steps_lead_to_further_steps(planet: Stock) -> None:
    """B steps in at museum, which so has no place left for M; so M's copy at quay steps in."""
    planet.put("harbour", "A", link=PAGE, published=NOON - 9 * DAY)
    planet.put("harbour", "H", published=NOON - 3 * DAY)
    planet.put("museum", "M", link=f"{PAGE}/2", published=NOON - 4 * DAY)
    planet.put("museum", "B", link=PAGE, published=NOON - 2 * DAY)
    planet.put("quay", "Q", link=f"{PAGE}/2", published=NOON - DAY)

    assert titles(planet.store, Feed(name="one", max_per_source=1)) == "QBH"


@pytest.mark.parametrize("dedupe", ["link", "text"])
def test_who_is_left_out_stands_for_nobody(planet: Stock, dedupe: Any) -> None:
    copied(planet, html=f"<p>{HARBOUR}</p>")
    (first,) = [one.row for one in planet.store.select(ALL, NOON).members]

    feed = Feed(name="cut", dedupe=dedupe)
    found = planet.store.select(feed, NOON, without=[first]).members

    assert [(one.title, one.via) for one in found] == [("B", ())]


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        pytest.param({}, ["museum", "quay", "post"], id="in-the-order-in-which-they-were-stored"),
        pytest.param({"exclude_sources": ("quay",)}, ["museum", "post"], id="those-that-fit"),
        pytest.param({"exclude": words("Q")}, ["museum", "post"], id="by-their-words-too"),
        pytest.param({"dedupe": "none"}, [], id="none-where-each-stands-for-itself"),
    ],
)
def test_copies_are_credited(planet: Stock, rules: dict[str, Any], names: list[str]) -> None:
    copied(planet, "A", "B")
    planet.put("quay", "Q", link=PAGE, published=NOON - 9 * DAY)
    planet.put("post", "P", link=PAGE, published=NOON - 3 * DAY)

    assert [one.title for one in via(planet.store, Feed(name="cut", **rules))["A"]] == [
        f"The {name}" for name in names
    ]


def test_only_so_many_copies_are_credited_and_each_once(planet: Stock) -> None:
    names = [f"copy{n}" for n in range(8)]
    planet.enrol("harbour", "museum", "quay", "post", *names)
    planet.put("harbour", "A", link=PAGE)
    for name in names:
        planet.put(name, f"{name}-1", link=PAGE)
        planet.put(name, f"{name}-2", link=PAGE)

    assert via(planet.store, ALL)["A"] == tuple(origin(name) for name in names[:5])


def test_a_copy_with_an_address_of_its_own_is_found_there(planet: Stock) -> None:
    planet.put("harbour", "A", link=PAGE, html=f"<p>{HARBOUR}</p>", published=NOON - 2 * DAY)
    planet.put("museum", "B", link="https://m.example/7", html=f"<p>{HARBOUR}</p>")
    feed = Feed(name="cut", dedupe="text")

    assert via(planet.store, feed) == {"A": (origin("museum", "https://m.example/7"),)}
    assert via(planet.store, replace(feed, max_per_source=3)) == via(planet.store, feed)


def test_copies_of_a_text_are_credited_whichever_was_read_first(planet: Stock) -> None:
    """The original is the newest here, so that it is there before its copies."""
    planet.put("harbour", "A", html=f"<p>{HARBOUR}</p>")
    for number, name in enumerate(("museum", "quay")):
        planet.put(name, name, html=f"<p>{HARBOUR}</p>", published=NOON - (5 - number) * DAY)

    found = via(planet.store, Feed(name="cut", dedupe="text"))

    assert [one.title for one in found["A"]] == ["The museum", "The quay"]
    assert list(found) == ["A"]


def test_an_id_in_two_sources_is_credited_to_both(planet: Stock) -> None:
    planet.put("harbour", "A", guid="urn:x:1", published=NOON - 2 * DAY)
    planet.put("museum", "B", guid="urn:x:1", published=NOON - DAY)

    for dedupe in ("link", "none"):
        feed = Feed(name="cut", dedupe=dedupe)
        assert via(planet.store, feed) == {"B": (origin("harbour"),)}


def test_two_stories_of_one_title_stay_two(planet: Stock) -> None:
    planet.put("harbour", "Storm", html="<p>It took the roof of the old mill.</p>")
    planet.put("museum", "Storm", html="<p>We close early today.</p>", link=f"{PAGE}/2")

    for dedupe in ("link", "text"):
        found = planet.store.select(Feed(name="cut", dedupe=dedupe), NOON).members
        assert [(one.title, one.via) for one in found] == [("Storm", ())] * 2


def test_a_source_without_a_title_is_credited_by_its_name(stock: Stock) -> None:
    stock.enrol("desk", "wire")
    stock.put("desk", "A", guid="urn:x:1", published=NOON - DAY)
    stock.put("wire", "B", guid="urn:x:1", link="https://wire.example/b", origin=None)
    stock.put("desk", "A", guid="urn:x:1", published=NOON - DAY, origin=None)

    assert via(stock.store, ALL) == {"B": (Origin(title="desk", url=None, link=None),)}


# -- time ----------------------------------------------------------------------------------------


def steps(store: SqlStore, feed: Feed, end: datetime) -> list[tuple[timedelta, list[Member]]]:
    """What a feed holds from one moment that changes it to the next."""
    found, now = [], NOON
    while True:
        selection = store.select(feed, now)
        found.append((now - NOON, list(selection.members)))
        if selection.next_change is None or selection.next_change > end:
            return found
        assert selection.next_change > now
        now = selection.next_change


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({}, id="all"),
        pytest.param({"limit": 1}, id="a-limit"),
        pytest.param({"offset": 1}, id="an-offset"),
        pytest.param({"max_per_source": 1}, id="one-of-each"),
        pytest.param({"dedupe": "text"}, id="texts"),
        pytest.param({"exclude": words("nothing")}, id="words"),
    ],
)
def test_what_changes_by_time_alone_is_known_before(planet: Stock, rules: dict[str, Any]) -> None:
    """Between the moments that are told, nothing changes: neither members nor credits."""
    feed = Feed(name="cut", since=6 * DAY, **rules)
    planet.put("harbour", "A", link=PAGE, html=HARBOUR, published=NOON - 5 * DAY)
    planet.put("museum", "B", link=PAGE, html=HARBOUR, published=NOON - DAY / 2)
    planet.put("quay", "C", link=PAGE, published=NOON - 4.2 * DAY)
    planet.put("quay", "D", published=NOON - 3 * DAY, due=NOON + 1.5 * DAY)
    planet.put("post", "E", published=NOON - 1 * DAY)
    planet.put("post", "F", published=NOON - DAY / 4, expires=NOON + DAY / 8)
    told = steps(planet.store, feed, NOON + 8 * DAY)

    hour, expected = timedelta(0), told[0][1]
    while hour < 8 * DAY:
        expected = next(members for since, members in reversed(told) if since <= hour)
        assert list(planet.store.select(feed, NOON + hour).members) == expected
        hour += timedelta(hours=1)

    assert expected == []


# -- pages of articles, and speed ----------------------------------------------------------------


def test_a_member_knows_its_page(stock: Stock, url: str) -> None:
    stock.enrol("desk")
    stock.put("desk", "A", link=None)
    stock.put("desk", "B", link="https://desk.example/b")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
        rows = [("old", 1, 0), ("new", 1, 1), ("other", 2, 1)]
        database.executemany("INSERT INTO slug VALUES (?, ?, 0, ?)", rows)

    found = {one.title: one.slug for one in stock.store.select(ALL, NOON).members}

    assert found == {"A": "new", "B": "other"}


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(ALL, id="all"),
        pytest.param(Feed(name="t", tags=("sea",), exclude_tags=("ad",)), id="tags"),
        pytest.param(Feed(name="m", max_per_source=3), id="so-many-of-a-source"),
        pytest.param(Feed(name="w", match=words("ferry")), id="words"),
        pytest.param(Feed(name="x", dedupe="text", since=9 * DAY), id="texts"),
        pytest.param(Feed(name="f", facet=("source", "desk")), id="a-source-of-a-group"),
    ],
)
def test_no_query_reads_all_articles(stock: Stock, url: str, feed: Feed) -> None:
    stock.enrol("desk", "wire")
    one = {"link": PAGE, "html": "<p>A ferry.</p>", "tags": ("sea",)}
    stock.fill("desk", {f"A{number}": one for number in range(30)})
    asked: list[tuple[str, Collection[Any]]] = []
    stock.listen(lambda statement, values: asked.append((statement, values)))

    stock.store.select(feed, NOON)

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        teach(database)
        plans = [
            line[3]
            for statement, values in asked
            if statement.startswith("SELECT")
            for line in database.execute(f"EXPLAIN QUERY PLAN {statement}", tuple(values))
        ]
    tables = {"article", "body", "held", "label", "other", "one", "source", "its_source", "slug"}
    scans = [plan for plan in plans if plan.startswith("SCAN ") and plan.split()[1] in tables]
    assert plans
    assert scans == []
