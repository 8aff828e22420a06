"""The feeds of a group: which there are, what they are called, and which a change touches."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from feedsvc.ports import Facet
from feedsvc.regenerate.groups import child_of
from feedsvc.settings import Feed
from feedsvc.store import SqlStore
from tests.stock import NOON, Stock

DAY = timedelta(days=1)
TOPICS = Feed(name="topics", per="tag")
WRITERS = Feed(name="writers", per="author")
PLACES = Feed(name="places", per="source")
PAGE = "https://harbour.example.org/crane"


def slugs(store: SqlStore, feed: Feed, **more: Any) -> list[str]:
    return [one.slug for one in store.facets(feed, NOON, **more)]


def touched(stock: Stock, feed: Feed, *titles: str, now: Any = NOON) -> list[str]:
    """The feeds of a group that a change of these articles may change."""
    rows = [stock.rows[title] for title in titles]
    return [one.slug for one in stock.store.facets_of(feed, rows, now)]


@pytest.fixture
def desk(stock: Stock) -> Stock:
    stock.enrol("desk", "wire")
    return stock


# -- which there are -----------------------------------------------------------------------------


def test_each_word_is_a_feed_with_a_title_as_it_is_written(desk: Stock) -> None:
    desk.put("desk", "A", tags=("ÖPNV", "Große Häfen"), section="Kultur", authors=("Mara Öhm",))
    desk.put("wire", "B", tags=("öpnv",), authors=("MARA ÖHM", "Jonas"))

    assert desk.store.facets(TOPICS, NOON) == (
        Facet("grosse häfen", "grosse-haefen", "Große Häfen"),
        Facet("kultur", "kultur", "Kultur"),
        Facet("öpnv", "oepnv", "ÖPNV"),
    )
    assert desk.store.facets(WRITERS, NOON) == (
        Facet("jonas", "jonas", "Jonas"),
        Facet("mara öhm", "mara-oehm", "Mara Öhm"),
    )


def test_a_feed_of_each_source_is_called_as_the_configuration_calls_it(desk: Stock) -> None:
    desk.put("desk", "A")
    desk.put("wire", "B")

    found = desk.store.facets(PLACES, NOON, titles={"wire": "The Wire"})

    assert found == (Facet("desk", "desk", "desk"), Facet("wire", "wire", "The Wire"))
    again = desk.store.facets(PLACES, NOON, titles={"wire": "Wires", "desk": "Desk"})
    assert again == (Facet("desk", "desk", "Desk"), Facet("wire", "wire", "Wires"))


def test_a_renamed_source_keeps_its_feed(stock: Stock) -> None:
    stock.watch(PLACES)
    stock.enrol("desk")
    stock.put("desk", "A")
    assert slugs(stock.store, PLACES) == ["desk"]

    stock.enrol("newsroom", was="desk")

    assert stock.store.facets(PLACES, NOON) == (Facet("newsroom", "desk", "desk"),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["Größe", "groesse"], ["groesse", "groesse-2"], id="two-words-of-one-slug"),
        pytest.param(["archive"], ["archive-2"], id="a-word-that-is-a-folder-of-its-own"),
        pytest.param(["Archive", "archive 2"], ["archive-2", "archive-2-2"], id="one-that-is-made"),
        pytest.param(["index.html", "atom.xml"], ["atom-xml", "index-html"], id="names-of-files"),
        pytest.param([".htaccess", "../up"], ["htaccess", "up"], id="no-dots-and-no-slashes"),
        pytest.param(["日本"], ["ri-ben"], id="another-script"),
    ],
)
def test_slugs_are_parts_of_addresses(desk: Stock, words: list[str], expected: list[str]) -> None:
    desk.put("desk", "A", tags=tuple(words))

    assert sorted(slugs(desk.store, TOPICS)) == expected


@pytest.mark.parametrize("word", ["!!!", "…", "🦆", "-"])
def test_a_word_without_letters_has_a_slug(desk: Stock, word: str) -> None:
    desk.put("desk", "A", tags=(word,))

    ((found, slug, title),) = desk.store.facets(TOPICS, NOON)

    assert re.fullmatch("[a-z0-9]+", slug)
    assert (found, title) == (word.casefold(), word)


def test_what_a_word_is_called_never_changes(desk: Stock) -> None:
    desk.put("desk", "A", tags=("Häfen",))
    before = desk.store.facets(TOPICS, NOON)

    desk.put("desk", "B", tags=("häfen", "haefen"), published=NOON)
    desk.put("desk", "A", tags=("HÄFEN",))

    after = {one.word: one for one in desk.store.facets(TOPICS, NOON)}
    assert after["häfen"] == before[0]
    assert after["haefen"] == Facet("haefen", "haefen-2", "haefen")


def test_the_newest_article_decides_how_a_word_is_written(desk: Stock) -> None:
    for number, word in enumerate(("sport", "Sport", "SPORT")):
        desk.put("desk", word, tags=(word,), published=NOON - abs(1 - number) * DAY)

    assert [one.title for one in desk.store.facets(TOPICS, NOON)] == ["Sport"]


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        pytest.param({"due": NOON + DAY}, {}, id="not-due-yet"),
        pytest.param({"expires": NOON - DAY}, {}, id="expired"),
        pytest.param({}, {"tags": ("other",)}, id="not-in-the-group"),
        pytest.param({}, {"match": re.compile("ferry")}, id="without-the-words-of-the-group"),
        pytest.param({"published": NOON - 9 * DAY}, {"since": DAY}, id="too-old"),
    ],
)
def test_a_word_of_what_is_not_shown_is_no_feed(
    desk: Stock, said: dict[str, Any], rules: dict[str, Any]
) -> None:
    desk.put("desk", "A", tags=("secret",), **said)
    group = replace(TOPICS, **rules)

    assert (slugs(desk.store, group), touched(desk, group, "A")) == ([], [])
    assert desk.store.known_facets(group) == ()


def test_a_word_comes_when_its_article_falls_due(desk: Stock) -> None:
    desk.put("desk", "A", tags=("sea",), due=NOON + DAY)
    desk.put("desk", "B", tags=("sea",), section="other", due=NOON + DAY / 2)
    group = replace(TOPICS, exclude_tags=("other",))

    at = desk.store.next_word(group, NOON)

    assert at == NOON + DAY
    assert [one.slug for one in desk.store.facets(group, NOON + DAY)] == ["sea"]
    assert desk.store.next_word(group, NOON + DAY) is None


def test_a_word_goes_with_its_last_article_and_comes_back_as_it_was(desk: Stock) -> None:
    desk.put("desk", "A", tags=("haefen",))
    desk.put("desk", "B", tags=("Häfen",))
    before = desk.store.facets(TOPICS, NOON)

    desk.withdraw("desk", "A")
    assert [one.word for one in desk.store.facets(TOPICS, NOON)] == ["häfen"]

    desk.put("desk", "A", tags=("haefen",))
    assert desk.store.facets(TOPICS, NOON) == before


def test_a_preview_gives_nothing_for_good(desk: Stock) -> None:
    desk.put("desk", "A", tags=("Sea",))

    assert desk.store.preview_facets(TOPICS, NOON) == (Facet("sea", "sea", "Sea"),)
    assert desk.store.known_facets(TOPICS) == ()


def test_groups_do_not_share_their_words(desk: Stock) -> None:
    desk.put("desk", "A", tags=("Größe", "groesse"))
    other = replace(TOPICS, name="other", exclude_tags=("größe",))

    assert len(slugs(desk.store, TOPICS)) == 2
    assert slugs(desk.store, other) == []


# -- which a change touches ----------------------------------------------------------------------


def publish(stock: Stock, group: Feed) -> None:
    for facet in stock.store.facets(group, NOON):
        stock.publish(child_of(group, facet))


def test_a_change_touches_the_words_before_and_after(desk: Stock) -> None:
    desk.put("desk", "A", tags=("sea", "sky"))
    desk.put("desk", "B", tags=("land",))
    publish(desk, TOPICS)

    desk.put("desk", "A", tags=("sky", "wind"))

    assert touched(desk, TOPICS, "A") == ["sea", "sky", "wind"]
    assert touched(desk, TOPICS, "B") == ["land"]
    assert touched(desk, TOPICS) == []


def test_an_article_that_goes_touches_the_feeds_that_held_it(desk: Stock) -> None:
    desk.put("desk", "A", tags=("sea",))
    publish(desk, TOPICS)

    desk.withdraw("desk", "A")

    assert touched(desk, TOPICS, "A") == ["sea"]


def test_a_copy_touches_what_its_original_is_in(desk: Stock) -> None:
    """What is told of it there, and what steps in for it, changes with it."""
    desk.put("desk", "A", link=PAGE, tags=("sea",), published=NOON - DAY)
    desk.put("wire", "B", link=PAGE, tags=("sky", "sea"))
    publish(desk, TOPICS)

    desk.put("wire", "B", link=PAGE, tags=("sky",))

    assert touched(desk, TOPICS, "B") == ["sea", "sky"]


def test_a_feed_of_a_source_is_touched_by_its_articles(desk: Stock) -> None:
    desk.put("desk", "A")
    desk.put("wire", "B")

    assert touched(desk, PLACES, "A") == ["desk"]
    assert touched(desk, PLACES, "A", "B") == ["desk", "wire"]


def test_other_feeds_whose_names_begin_alike_are_not_meant(desk: Stock) -> None:
    desk.put("desk", "A", tags=("sea",))
    publish(desk, TOPICS)
    publish(desk, replace(TOPICS, name="topics-2"))
    desk.put("desk", "A", tags=())

    assert touched(desk, TOPICS, "A") == ["sea"]
    assert touched(desk, replace(TOPICS, name="topic"), "A") == []


# -- the feeds themselves ------------------------------------------------------------------------


def test_a_feed_of_a_group_holds_the_articles_of_its_word(desk: Stock) -> None:
    desk.put("desk", "A", tags=("Straße", "ad"))
    desk.put("desk", "B", tags=("STRASSE",))
    desk.put("desk", "C", tags=("strass",))
    group = replace(TOPICS, exclude_tags=("ad",))

    found = {
        facet.title: [m.title for m in desk.store.select(child_of(group, facet), NOON).members]
        for facet in desk.store.facets(group, NOON)
    }

    assert found == {"STRASSE": ["B"], "strass": ["C"]}


@pytest.mark.parametrize("group", [TOPICS, WRITERS, PLACES], ids=lambda group: group.per)
def test_every_feed_of_a_group_has_articles(desk: Stock, group: Feed) -> None:
    """Case folding is no end of it: what is folded and composed again may be folded once more."""
    names = ("ΐ", "ŉ", "ǰ", "ß", "İstanbul", "ﬁ", "Ǆ", "a\u0345", "K")
    desk.fill(
        "desk",
        {str(n): {"tags": (name,), "authors": (name,)} for n, name in enumerate(names)},
    )

    facets = desk.store.facets(group, NOON)

    held = [desk.store.select(child_of(group, facet), NOON).members for facet in facets]
    assert facets
    assert all(held)
