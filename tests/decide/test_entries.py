"""Which stored article an entry is, and what a new one is called: the rules without a store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feedsvc.decide.entries import (
    Identity,
    Item,
    free_keys,
    item,
    keys_of,
    page_of,
    spellings,
    words_of,
)
from feedsvc.decide.matching import Matching, match
from feedsvc.decide.stability import are_others, is_flood, marks_of, next_identity
from feedsvc.model import Draft
from feedsvc.ports import KnownEntry

HOME = "https://harbour.example.org/"
TEXT = "<p>What the harbour master wrote in his book.</p>"


def entry(
    id: str | None = "1",
    link: str | None = "a",
    title: str = "Ferry",
    html: str = TEXT,
    day: int | None = None,
    updated: int | None = None,
) -> Item:
    """An entry; its link is a page of the site."""
    return item(
        Draft(
            title=title,
            html=html,
            id=id,
            link=None if link is None else HOME + link,
            published=None if day is None else datetime(2025, 5, day, tzinfo=UTC),
            updated=None if updated is None else datetime(2025, 5, updated, tzinfo=UTC),
        ),
        f"{id}{link}{title}{html}{day}{updated}".encode(),
        home=HOME,
    )


def known(*entries: Item) -> list[KnownEntry]:
    """What the store would know of entries; the undated ones were seen on the 20th."""
    seen = int(datetime(2025, 5, 20, tzinfo=UTC).timestamp())
    return [
        KnownEntry(
            row=row,
            key=f"key:{row}",
            declared=one.declared,
            link=one.link,
            title=one.title,
            words=one.words,
            said=one.said,
            published=seen if one.moment is None else one.moment,
            state="published",
            noise=0,
        )
        for row, one in enumerate(entries)
    ]


def matched(
    stored: list[Item], items: list[Item], identity: Identity = "id"
) -> tuple[dict[int, int], Matching]:
    found = match(items, known(*stored), identity, home=HOME)
    return {index: one.row for index, one in found.known.items()}, found


A, B = entry("1", "a"), entry("2", "b", "Crane", "<p>The crane was taken down on Monday.</p>")


@pytest.mark.parametrize(
    ("stored", "items", "expected"),
    [
        pytest.param([A, B], [B, A], {0: 1, 1: 0}, id="by-id"),
        pytest.param([A], [entry("1", "x", "X", "X" * 30)], {0: 0}, id="by-id-whatever-it-says"),
        pytest.param([A], [entry("2", "a")], {0: 0}, id="another-id-at-the-same-page"),
        pytest.param(
            [A], [entry("2", "a", "Barge", "<p>Another report altogether.</p>")], {},
            id="not-if-all-words-differ",
        ),
        pytest.param(
            [entry("1", "a", day=1)],
            [entry("2", "a", "Barge", "<p>Another report altogether.</p>", day=1)],
            {0: 0},
            id="but-if-the-date-is-the-same",
        ),
        pytest.param(
            [entry("1", "a", day=1)],
            [entry("2", "a", html="<p>Another report altogether.</p>", day=2)],
            {},
            id="a-title-that-recurs-on-another-day",
        ),
        pytest.param([A], [A, entry("2", "a")], {0: 0}, id="not-if-the-old-id-is-there-still"),
        pytest.param([entry("1", None)], [entry(None, "x")], {0: 0}, id="id-gone-and-link-new"),
        pytest.param([entry(None, "a")], [entry("1", "a", "X", "X" * 30)], {0: 0}, id="id-appears"),
        pytest.param(
            [entry("1", "a"), entry("1", "b")],
            [entry("1", "c", html="X" * 30), entry("1", "b")],
            {1: 1},
            id="one-id-for-all-a-new-one-and-one-slid-out",
        ),
        pytest.param(
            [entry("1", "", "A", day=1), entry("1", "", "B", day=2)],
            [entry("1", "", "C", "X" * 30, day=3), entry("1", "", "B", day=2)],
            {1: 1},
            id="one-id-and-the-homepage-for-all",
        ),
        pytest.param(
            [entry("1", "", "A", day=1), entry("1", "", "B", day=2)],
            [entry("1", "", "C", "X" * 30, day=1), entry("1", "", "B", day=2)],
            {0: 0, 1: 1},
            id="one-id-and-the-homepage-for-all-one-edited",
        ),
        pytest.param([entry("1", "", "X")], [entry("2", "", "Y")], {}, id="a-homepage-is-no-page"),
        pytest.param(
            [entry(None, None, "Gale warning", "one")],
            [entry(None, None, "Gale warning", "two")],
            {0: 0},
            id="by-title-if-there-is-nothing-else",
        ),
        pytest.param(
            [entry(None, None, "Gale warning", "one"), entry(None, None, "Gale warning", "two")],
            [entry(None, None, "Gale warning", "three")],
            {},
            id="not-by-a-title-of-two",
        ),
        pytest.param(
            [entry(None, None, "Gale", "one", day=1)],
            [entry(None, None, "Gale", "two", day=2)],
            {},
            id="not-by-a-title-of-another-day",
        ),
        pytest.param([], [A, B], {}, id="nothing-is-known"),
    ],
)  # fmt: skip
def test_the_article_of_an_entry(
    stored: list[Item], items: list[Item], expected: dict[int, int]
) -> None:
    pairs, found = matched(stored, items)

    assert pairs == expected
    assert sorted([*pairs, *found.fresh, *found.risen, *found.doubles]) == list(range(len(items)))


@pytest.mark.parametrize(
    ("identity", "stored", "items", "expected"),
    [
        pytest.param("link", [A], [entry("1", "b")], {}, id="an-id-says-nothing"),
        pytest.param("link", [A], [entry("9", "a", "X", "X" * 30)], {0: 0}, id="a-page-does"),
        pytest.param("content", [A], [entry("9", "z")], {0: 0}, id="words-do"),
        pytest.param("content", [A], [entry("1", "a", "X", "X" * 30)], {}, id="nothing-else-does"),
        pytest.param("content", [A], [entry("9", "z", "Barge")], {0: 0}, id="a-new-title"),
        pytest.param("content", [A], [entry("9", "z", html="X" * 30)], {0: 0}, id="a-new-text"),
    ],
)
def test_the_article_of_an_entry_where_ids_are_drawn_by_lot(
    identity: Identity, stored: list[Item], items: list[Item], expected: dict[int, int]
) -> None:
    pairs, _ = matched(stored, items, identity)

    assert pairs == expected


@pytest.mark.parametrize("identity", ["id", "link", "content"])
def test_a_match_is_the_same_in_any_order_of_the_document(identity: Identity) -> None:
    stored = [
        entry(str(n), f"{n}", f"Title {n}", f"<p>The text of report {n}.</p>") for n in range(9)
    ]
    items = [*stored[3:], entry("x", "x", "New", "<p>Something new altogether.</p>")]

    pairs, found = matched(stored, items, identity)
    turned, again = matched(stored, items[::-1], identity)

    last = len(items) - 1
    assert (
        pairs
        == {last - index: row for index, row in turned.items()}
        == {index: index + 3 for index in range(6)}
    )
    assert (found.fresh, again.fresh) == ([last], [0])


@pytest.mark.parametrize(
    ("items", "doubles"),
    [
        pytest.param([A, A], [1], id="the-very-same"),
        pytest.param([A, B, A, B], [2, 3], id="two-twice"),
        pytest.param([entry(updated=1), entry(updated=2)], [0], id="the-later-version-counts"),
        pytest.param([entry(updated=2), entry(updated=1)], [1], id="wherever-it-stands"),
        pytest.param([entry(link="a"), entry(link="b")], [], id="one-id-and-two-links"),
        pytest.param([entry(title="a"), entry(title="b")], [], id="one-id-and-two-titles"),
        pytest.param([entry("1"), entry("2")], [], id="two-ids"),
    ],
)
def test_what_is_said_twice_in_one_document(items: list[Item], doubles: list[int]) -> None:
    _, found = matched([], items)

    assert found.doubles == doubles


# -- stability -------------------------------------------------------------------------------------


def many(count: int, prefix: str = "", day: int | None = None) -> list[Item]:
    return [
        entry(f"{prefix}{n}", f"{prefix}{n}", f"Title {n}", f"<p>The text of report {n}.</p>", day)
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("stored", "items", "flood"),
    [
        pytest.param(many(5), many(5, "x"), True, id="five-under-new-names"),
        pytest.param(many(4), many(4, "x"), False, id="four-may-have-moved"),
        pytest.param(many(5), [*many(5, "x"), *many(5)], True, id="beside-the-old-ones"),
        pytest.param(many(5, day=1), many(5, "x", day=2), True, id="with-new-dates"),
        pytest.param(many(9), many(9), False, id="as-ever"),
        pytest.param(many(9)[:3], many(9), False, id="a-larger-window"),
        pytest.param(
            [entry(str(n), str(n)) for n in range(9)],
            [entry(f"x{n}", f"x{n}") for n in range(9)] + [entry(str(n), str(n)) for n in range(9)],
            False,
            id="the-same-words-all-the-time",
        ),
    ],
)
def test_a_flood_is_old_content_under_new_names(
    stored: list[Item], items: list[Item], flood: bool
) -> None:
    _, found = matched(stored, items)

    assert is_flood(found) is flood


@pytest.mark.parametrize(
    ("before", "found", "items", "after"),
    [
        pytest.param("id", Matching(churned=3), 6, "id?", id="noted-once"),
        pytest.param("id?", Matching(churned=3), 6, "link", id="believed-the-second-time"),
        pytest.param("id", Matching(churned=2), 2, "id", id="two-are-no-measure"),
        pytest.param("id?", Matching(churned=3), 7, "id?", id="less-than-half"),
        pytest.param("id?", Matching(named=6), 6, "id", id="it-was-a-move"),
        pytest.param("link", Matching(named=0), 6, "link", id="for-good"),
        pytest.param("content", Matching(named=6), 6, "content", id="for-good-by-content"),
        pytest.param("id", Matching(risen=dict.fromkeys(range(2), known(A)[0])), 3, "content?",
                     id="links-changed-as-well"),
        pytest.param("content?", Matching(risen=dict.fromkeys(range(2), known(A)[0])), 3,
                     "content", id="and-again"),
        pytest.param("id", Matching(risen=dict.fromkeys(range(9), known(A)[0])), 9, "id",
                     id="a-flood-is-held-first"),
    ],
)  # fmt: skip
def test_what_a_source_is_told_apart_by(
    before: Identity, found: Matching, items: int, after: Identity
) -> None:
    assert next_identity(before, found, items=items, flood_again=False) == after


def test_marks_know_ids_again() -> None:
    before = marks_of(f"old {n}" for n in range(10))

    assert not are_others(marks_of(f"old {n}" for n in range(3, 12)), before)
    assert are_others(marks_of(f"new {n}" for n in range(10)), before)
    assert before != b"believed"


# -- keys ------------------------------------------------------------------------------------------


def test_keys_are_made_of_the_first_thing_that_tells() -> None:
    items = [
        entry("1", "a"),
        entry(None, "b"),
        entry(None, ""),
        entry("2", "c", "One"),
        entry("2", "d", "Two"),
        entry(None, "e", "Three"),
        entry(None, "e", "Four"),
    ]

    keys = keys_of(items, "id")

    assert keys[:2] == ["id:1", f"link:{HOME}b"]
    assert [key.partition(":")[0] for key in keys[2:]] == ["text", "id", "id", "text", "text"]
    assert keys[3].startswith("id:2;")
    assert len(set(keys)) == len(keys)


def test_a_key_that_is_taken_is_numbered() -> None:
    keys = free_keys(["id:a", "id:a", "id:b", "id:c"], ["id:b", "link:c"])

    assert keys == ["id:a", "id:a;2", "id:b;2", "id:c;2"]


@pytest.mark.parametrize(
    ("link", "page"),
    [
        pytest.param(f"{HOME}a", "harbour.example.org/a", id="a-page"),
        pytest.param("http://harbour.example.org/a", "harbour.example.org/a", id="by-http"),
        pytest.param(HOME, None, id="the-homepage"),
        pytest.param("https://harbour.example.org", None, id="without-its-slash"),
        pytest.param(f"{HOME}?p=1", "harbour.example.org/?p=1", id="a-query-is-a-page"),
        pytest.param("https://x.example.org/#a", "x.example.org/#a", id="a-fragment-is-one"),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_page_that_a_link_tells_of(link: str | None, page: str | None) -> None:
    assert page_of(link, HOME) == page


def test_the_front_page_of_a_section_is_the_home_of_its_feed() -> None:
    assert page_of(f"{HOME}pier/", "http://harbour.example.org/pier") is None
    assert page_of(f"{HOME}quay/", "http://harbour.example.org/pier") is not None


def test_a_link_is_looked_for_under_both_schemes() -> None:
    assert spellings([f"{HOME}a"]) == {f"{HOME}a", "http://harbour.example.org/a"}


def test_words_that_say_next_to_nothing_are_none() -> None:
    assert words_of("Live", "soon") == b""
    assert words_of("Live", TEXT) != words_of("News", TEXT)
    assert words_of("Live", TEXT)[8:] == words_of("News", TEXT)[8:]
