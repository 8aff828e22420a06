"""Which article an entry is: what tells entries apart, and what stays itself whatever changes."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.planet import Item, Planet, story

HOME = "https://harbour.example.org/"
NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)


def later(days: int) -> datetime:
    return NOON.replace(day=1 + days)


def edit(one: Item) -> Item:
    """The same entry with another title and other words."""
    return replace(one, title=f"{one.title}, corrected", text="<p>It was quite different.</p>")


# -- ids -------------------------------------------------------------------------------------------

BREMEN = "https://harbour.example.org/br\u00fccke"


@pytest.mark.parametrize(
    "guids",
    [
        pytest.param(["ferry", "Ferry"], id="case"),
        pytest.param([f"{HOME}a", f"{HOME}a/"], id="a-trailing-slash"),
        pytest.param([f"{HOME}a%20b", f"{HOME}a b", f"{HOME}a+b"], id="percent-encoding"),
        pytest.param([f"{HOME}%c3%a4", f"{HOME}%C3%A4"], id="case-of-percent-encoding"),
        pytest.param(
            [unicodedata.normalize(form, BREMEN) for form in ("NFC", "NFD")], id="unicode-forms"
        ),
        pytest.param([f"http://{HOME[8:]}a", f"{HOME}a"], id="scheme"),
        pytest.param([f"{HOME}a", f"{HOME}a#b", f"{HOME}a?"], id="fragment"),
        pytest.param(["1", "01", "1.0"], id="numbers"),
        pytest.param(["a", "a;2", "a;3"], id="what-we-make-of-one-that-is-taken"),
        pytest.param(["x" * 5_000, "x" * 4_999, "x" * 4_998 + "y"], id="very-long-ones"),
        pytest.param(["a\u200bb", "ab"], id="invisible-characters"),
    ],
)
def test_ids_are_compared_character_by_character(planet: Planet, guids: list[str]) -> None:
    entries = [story(n, guid=guid, link=HOME) for n, guid in enumerate(guids)]

    for _ in range(3):
        planet.sync(*entries)
        entries.reverse()

    assert sorted(planet.titles()) == [f"Story {n}" for n in range(len(guids))]
    assert len(set(planet.ids().values())) == len(guids)


def test_equal_ids_in_two_sources_are_two_articles(planet: Planet) -> None:
    planet.configure(harbour="", museum="")
    planet.put(story(1, guid="1", text="<p>As the harbour told it, in its words.</p>"))
    planet.put(story(2, guid="1", text="<p>As the museum told it, in its words.</p>"), at="museum")

    planet.run()
    planet.run()

    (ours,), (theirs,) = planet.articles("harbour"), planet.articles("museum")
    assert (ours.title, theirs.title) == ("Story 1", "Story 2")
    assert ours.guid != theirs.guid


# -- one source, many histories --------------------------------------------------------------------

A, B, C, D = story(1), story(2), story(3), story(4)


def same(one: Item, **said: object) -> Item:
    return replace(one, **said)  # type: ignore[arg-type]


def bare(*entries: Item, **said: object) -> list[Item]:
    """The entries without what is None in `said`, and all with what is not."""
    return [replace(one, **said) for one in entries]  # type: ignore[arg-type]


ONE_ID = bare(A, B, C, D, guid="1")
ONE_ID_ONE_LINK = bare(A, B, C, D, guid="1", link=HOME)
DATED_ONE_ID_ONE_LINK = [replace(one, date=later(n)) for n, one in enumerate(ONE_ID_ONE_LINK)]
LINKS = bare(A, B, C, D, guid=None)
CONTENT = bare(A, B, C, D, guid=None, link=None)
HOMEPAGE = bare(A, B, C, D, guid=None, link=HOME)
ONE_PAGE = bare(A, B, C, D, guid=None, link=f"{HOME}news")
DATED_PAGE = [replace(one, date=later(n)) for n, one in enumerate(ONE_PAGE)]
ONE_TITLE = [replace(one, title="Up to date", link=f"{HOME}live") for one in (A, B, C, D)]

KINDS = [
    pytest.param([A, B, C, D], id="ids"),
    pytest.param(ONE_ID, id="one-id-for-all"),
    pytest.param(ONE_ID_ONE_LINK, id="one-id-and-one-link-for-all"),
    pytest.param(LINKS, id="links-alone"),
    pytest.param(CONTENT, id="nothing-but-content"),
    pytest.param(HOMEPAGE, id="the-homepage-for-all"),
    pytest.param(ONE_PAGE, id="one-page-for-all"),
    pytest.param(ONE_TITLE, id="a-live-blog-with-one-title"),
    pytest.param(DATED_PAGE, id="one-page-for-all-dated"),
    pytest.param(DATED_ONE_ID_ONE_LINK, id="one-id-and-one-link-for-all-dated"),
]


def check(planet: Planet, entries: list[Item]) -> dict[str, str]:
    """Each entry is one article; returns the ids that readers see by the words of the articles."""
    found = {one.html: one.guid for one in planet.articles()}
    assert sorted(found) == sorted(one.text for one in entries)
    assert len(planet.articles()) == len(entries)
    assert len(set(found.values())) == len(entries)
    return found


@pytest.mark.parametrize("entries", KINDS)
def test_each_entry_is_one_article_in_any_order_of_the_document(
    planet: Planet, entries: list[Item]
) -> None:
    lot = random.Random(1)
    planet.sync(*entries)
    before = check(planet, entries)

    for _ in range(4):
        planet.sync(*lot.sample(entries, len(entries)))

    assert check(planet, entries) == before


@pytest.mark.parametrize("entries", KINDS)
def test_the_very_same_entry_twice_is_one(planet: Planet, entries: list[Item]) -> None:
    a, b, *_ = entries

    planet.sync(a, b, a)
    planet.sync(a, a, b, b)

    check(planet, [a, b])


@pytest.mark.parametrize("entries", KINDS)
def test_the_window_slides_and_comes_back(planet: Planet, entries: list[Item]) -> None:
    a, b, c, d = entries

    for window in ([b, a], [c, b], [d, c], [d, c, b, a], [a], [b, d]):
        planet.sync(*window)

    check(planet, entries)


@pytest.mark.parametrize("entries", KINDS)
def test_a_new_body_is_another_version_of_the_article(planet: Planet, entries: list[Item]) -> None:
    a, b, c, d = entries
    planet.sync(c, b, a)
    before = {one.guid for one in planet.articles()}
    edited = replace(b, text="<p>It was quite different, they say.</p>")
    if entries is ONE_TITLE or entries is DATED_PAGE:
        edited = replace(edited, date=b.date)

    planet.sync(d, c, edited, a)
    planet.sync(d, edited)
    planet.sync(a, edited, c)

    check(planet, [a, edited, c, d])
    assert before < {one.guid for one in planet.articles()}


@pytest.mark.parametrize("entries", KINDS)
def test_a_new_title_is_another_version_of_the_article(planet: Planet, entries: list[Item]) -> None:
    a, b, c, d = entries
    planet.sync(c, b, a)
    before = {one.guid for one in planet.articles()}
    edited = replace(b, title="Correction: it was the other ship")

    planet.sync(d, c, edited, a)
    planet.sync(d, edited)
    planet.sync(a, edited, c)

    check(planet, [a, edited, c, d])
    assert edited.title in planet.titles()
    assert before < {one.guid for one in planet.articles()}


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([A, B, C], id="ids"),
        pytest.param(ONE_ID[:3], id="one-id-for-all"),
        pytest.param(LINKS[:3], id="links-alone"),
        pytest.param(DATED_PAGE[:3], id="one-page-for-all-dated"),
        pytest.param(DATED_ONE_ID_ONE_LINK[:3], id="one-id-and-one-link-for-all-dated"),
    ],
)
def test_new_words_altogether_are_another_version_if_link_or_date_tell(
    planet: Planet, entries: list[Item]
) -> None:
    a, b, c = entries
    planet.sync(c, b, a)

    planet.sync(c, edit(b), a)
    planet.sync(a, c, edit(b))

    check(planet, [a, edit(b), c])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(same(A, guid=None), A, id="an-id-appears"),
        pytest.param(A, same(A, guid=None), id="an-id-disappears"),
        pytest.param(A, same(A, guid="another"), id="an-id-changes"),
        pytest.param(A, same(A, link=f"{HOME}elsewhere"), id="a-link-changes"),
        pytest.param(same(A, link=None), A, id="a-link-appears"),
        pytest.param(A, same(A, link=None), id="a-link-disappears"),
        pytest.param(same(A, guid=None), same(A, guid=None, link=None), id="the-only-link-goes"),
        pytest.param(same(A, guid=None, link=None), A, id="id-and-link-appear"),
        pytest.param(A, same(A, guid=None, link=None), id="id-and-link-disappear"),
        pytest.param(
            same(A, guid=None), same(A, guid=None, link="http://harbour.example.org/1"), id="scheme"
        ),
        pytest.param(A, same(edit(A)), id="all-words-change"),
        pytest.param(A, same(edit(A), link=f"{HOME}elsewhere"), id="all-but-the-id-changes"),
    ],
)
def test_an_article_stays_itself_when(planet: Planet, before: Item, after: Item) -> None:
    planet.sync(before, B)
    first = planet.articles()[0]

    planet.sync(after, B)
    planet.sync(B, after)

    assert len(planet.articles()) == 2
    assert planet.articles()[0].guid == first.guid
    assert planet.articles()[0].title == after.title


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"guid": None}, id="ids-disappear"),
        pytest.param({"link": None}, id="links-disappear"),
        pytest.param({"guid": None, "link": None}, id="both-disappear"),
    ],
)
def test_a_whole_feed_may_lose_and_find_what_tells_its_entries(
    planet: Planet, change: dict[str, None]
) -> None:
    entries = [story(n) for n in range(12)]
    less = bare(*entries, **change)
    planet.sync(*entries)
    before = check(planet, entries)

    for document in (less, entries, less, [*less[6:], *entries[:6]], entries):
        planet.sync(*document)
        assert planet.row().state == "ok"

    assert check(planet, entries) == before


def test_a_live_blog_keeps_its_entries_apart(planet: Planet) -> None:
    blog = [story(n, title="Live", link=f"{HOME}live") for n in range(40)]

    for end in range(8, 41):
        planet.sync(*blog[end - 8 : end][::-1])

    check(planet, blog)
    assert planet.identity() == "id"
    assert planet.problems() == []


def test_entries_that_repeat_themselves_are_told_apart_by_their_ids(planet: Planet) -> None:
    quiet = [
        story(
            n, title="Water level", text="<p>Nothing to report from the gauge.</p>", date=later(n)
        )
        for n in range(12)
    ]

    for end in range(4, 13):
        planet.sync(*quiet[end - 4 : end])

    assert len(planet.articles()) == 12
    assert planet.row().state == "ok"


def test_an_entry_that_says_next_to_nothing_is_itself_when_others_come(planet: Planet) -> None:
    bare = Item(title="", text="Hi!")
    planet.sync(bare)

    report = planet.sync(story(1), bare)

    assert (report.new, report.changed) == (1, 0)


def test_one_id_said_twice_is_the_version_updated_last(planet: Planet) -> None:
    """RFC 4287 §4.1.1."""
    from tests.planet import atom

    old = story(1, updated=later(1), text="<p>The first version of this report.</p>")
    new = story(1, updated=later(2), text="<p>The second version of this report.</p>")

    planet.serve(atom(old, new))
    planet.sync()
    planet.serve(atom(new, old))
    planet.sync()

    (article,) = planet.articles()
    assert article.html == new.text
    assert article.revision == 1
