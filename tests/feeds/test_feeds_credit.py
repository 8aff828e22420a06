"""A copied entry that is copied again: whom it is credited to survives each format, twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feedsvc.decide import Authority, Policy, first_seen, stable_key
from feedsvc.feeds.origin import Credit, credit
from feedsvc.feeds.vias import Via, vias
from feedsvc.filters.clean import clean
from feedsvc.gate import check
from feedsvc.model import Entry, Format, Hints, Origin, Person
from feedsvc.parsers.feed import read

Render = Callable[..., bytes]
Make = Callable[..., Entry]

PLANET = "https://planet.example.org/all/"
AUTHORITY = Authority(domain="planet.example.org", since="2025")
ORIGIN = Origin(
    id="tag:tides.example.net,2024:feed",
    title="Tides & <weather>",
    url="https://tides.example.net/atom.xml?a=1&b=2",
    link="https://tides.example.net/",
    updated=datetime(2025, 5, 1, 22, 30, tzinfo=UTC),
    rights="© Tides",
)
COPY = Origin(title="Das Kaiblatt", url="https://kai.example.org/f", link="https://kai.example.org")


def _copied(document: bytes, format: Format) -> Entry:
    """The entry as a planet that reads the document would publish it."""
    hints, place = Hints(zone=ZoneInfo("UTC")), PLANET + format.filename
    reading = read(document, url=place, media_type=format.media_type, hints=hints, max_entries=9)
    planet = Origin(id=reading.head.id, title=reading.head.title, url=place)
    (draft,) = reading.drafts
    draft = clean(draft, base=place, tags=(), language=None, origin=planet)
    key = stable_key(draft, path="")
    article = first_seen(
        draft,
        source="planet",
        key=key,
        guid=AUTHORITY.mint("planet", key),
        link=draft.link,
        policy=Policy(),
        now=datetime(2025, 5, 3, tzinfo=UTC),
    )
    return Entry(article=article, zone=ZoneInfo("UTC"))


@pytest.mark.parametrize("format", list(Format), ids=lambda one: one.value)
def test_through_two_planets(format: Format, rendered: Render, whole: Make) -> None:
    entry = replace(whole(origin=ORIGIN, rights=None), via=(COPY,))

    once = _copied(rendered(format, entry), format)
    twice = _copied(again := rendered(format, once), format)

    assert once.article.guid == twice.article.guid == entry.article.guid
    assert vias(once) == vias(twice) == vias(entry) == [Via(str(COPY.link) + "/", "Das Kaiblatt")]
    known = credit(ORIGIN)
    assert known is not None
    if format is Format.RSS:  # its `source` tells the name and the address, and no more
        known = Credit(id=str(known.url), title=known.title, url=known.url, link=None, rights="")
        assert once.article.rights == twice.article.rights == ORIGIN.rights
    assert credit(once.article.origin) == credit(twice.article.origin) == known
    assert [one.name for one in twice.article.authors] == ["Jana Öhm", "Tom Wex"]
    assert check(again, format.value) == ()


@pytest.mark.parametrize("format", list(Format), ids=lambda one: one.value)
def test_who_makes_the_planet_wrote_none_of_its_entries(
    format: Format, rendered: Render, whole: Make
) -> None:
    document = rendered(format, whole(origin=ORIGIN, authors=()))
    planet = b"<itunes:author xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>Planet"
    document = document.replace(b"<docs>", planet + b"</itunes:author><docs>")

    authors = _copied(document, format).article.authors

    assert authors in ((), (Person(name="Tides & <weather>", uri="https://tides.example.net/"),))


@pytest.mark.parametrize("format", list(Format), ids=lambda one: one.value)
def test_what_a_link_post_was_found_by_is_told_on(
    format: Format, rendered: Render, sparse: Make
) -> None:
    entry = sparse(extra=(("atom:via", "https://me:s3cret@kai.example.org/1"),))

    document = rendered(format, entry)

    assert vias(_copied(document, format)) == [Via("https://kai.example.org/1", "")]
    assert b"s3cret" not in document


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        pytest.param(ORIGIN, [], id="the-same-feed"),
        pytest.param(replace(ORIGIN, link="https://tides.example.net/9"), [], id="its-other-page"),
        pytest.param(replace(ORIGIN, url=None), [], id="its-site"),
        pytest.param(
            Origin(title="T", url="http://tides.example.net/atom.xml?a=1&b=2"), [], id="spelling"
        ),
        pytest.param(COPY, ["https://kai.example.org/"], id="another-feed"),
    ],
)
def test_the_feed_an_entry_is_credited_to_is_no_other_place(
    copy: Origin, expected: list[str], whole: Make
) -> None:
    assert [one.href for one in vias(replace(whole(origin=ORIGIN), via=(copy,)))] == expected


def test_places_are_named_once_and_not_without_end(whole: Make) -> None:
    told = tuple(("atom:via", f"https://kai.example.org/{n}") for n in range(30))
    entry = whole(extra=(*told[:1], ("atom:via", "http://www.kai.example.org/0/"), *told[1:]))

    found = [one.href for one in vias(entry)]
    credited = [one.href for one in vias(replace(entry, via=(ORIGIN, COPY)))]

    assert found == [href for _, href in told[:10]]
    assert credited == ["https://kai.example.org/", ORIGIN.link, *found[:8]]


@pytest.mark.parametrize("line", ["{half", '{"href": 7}', "7", "{}", "javascript:alert(1)", " "])
def test_a_place_that_is_none_costs_no_entry(line: str, rendered: Render, sparse: Make) -> None:
    document = rendered(Format.ATOM, sparse(extra=(("atom:via", line),)))

    assert b'rel="via"' not in document
