"""One story that comes from several sources: shown once, and never lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.planet import Item, Planet, atom, story

NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOME = "https://harbour.example.org/"
REPORT = (
    "<p>The old crane at the northern quay was taken down on Monday morning. Thirty people watched"
    " as its arm sank to the ground, and the harbour master said that he would miss the noise it"
    " made in the wind. A museum wants to show its engine.</p>"
)
EXCERPT = REPORT[: REPORT.index("A museum")] + "</p>"
OTHER = (
    "<p>When the last bolt was loosened, the crew fell silent. For sixty years the machine had"
    " lifted coffee, coal and once a whale. Nobody knows yet what will stand in its place, but the"
    " city council has promised to listen to those who live nearby.</p>"
)


def feed(planet: Planet, **keys: Any) -> None:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    feeds = f'[[feed]]\nname = "all"\nformats = ["json"]\n{lines}'
    planet.configure(feeds, harbour="", museum="", quay="")
    for name in planet.sources:
        planet.put(at=name)


def told(planet: Planet) -> list[str]:
    """The titles in the feed, newest first."""
    items = json.loads(planet.service.published("all/feed.json"))["items"]
    return [item["title"] for item in items]


def copies(link: str, other: str) -> tuple[Item, Item]:
    first = story(1, title="First", link=link, date=NOON, text=REPORT)
    return first, story(2, title="Second", link=other, date=NOON + DAY, text=OTHER)


@pytest.mark.parametrize(
    ("link", "other"),
    [
        pytest.param(f"{HOME}crane", f"{HOME}crane", id="the-same"),
        pytest.param(f"{HOME}crane", "http://www.harbour.example.org/crane/", id="scheme-and-www"),
        pytest.param(f"{HOME}crane", f"{HOME}crane?utm_source=feed&utm_medium=rss", id="utm"),
        pytest.param(f"{HOME}crane?id=7", f"{HOME}crane?fbclid=x1&id=7", id="fbclid"),
        pytest.param(f"{HOME}crane", f"{HOME}crane#comments", id="fragment"),
        pytest.param(f"{HOME}?p=7", "http://harbour.example.org/?p=7", id="a-query-alone"),
    ],
)
def test_one_page_is_one_story_and_the_first_stands_for_it(
    planet: Planet, link: str, other: str
) -> None:
    feed(planet)
    first, second = copies(link, other)
    planet.put(first)
    planet.run(build=True)

    planet.put(second, at="museum")
    planet.run(build=True)

    assert told(planet) == ["First"]


@pytest.mark.parametrize(
    ("link", "other"),
    [
        pytest.param(f"{HOME}crane", f"{HOME}Crane", id="case"),
        pytest.param(f"{HOME}?p=7", f"{HOME}?p=8", id="queries"),
        pytest.param(f"{HOME}crane", "https://museum.example.org/crane", id="hosts"),
        pytest.param(HOME, HOME, id="the-homepage"),
        pytest.param(f"{HOME}#!/a", f"{HOME}#!/b", id="fragments-that-are-paths"),
    ],
)
def test_two_pages_are_two_stories(planet: Planet, link: str, other: str) -> None:
    feed(planet)
    first, second = copies(link, other)
    planet.put(first)
    planet.put(second, at="museum")

    planet.run(build=True)

    assert told(planet) == ["Second", "First"]


def test_who_wants_all_copies_gets_them(planet: Planet) -> None:
    feed(planet, dedupe="none")
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    planet.put(first)
    planet.put(second, at="museum")

    planet.run(build=True)

    assert told(planet) == ["Second", "First"]


def test_when_the_first_is_withdrawn_a_copy_steps_in(planet: Planet) -> None:
    feed(planet)
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    planet.serve(atom(first))
    planet.run(build=True)
    planet.put(second, at="museum")
    planet.run(build=True)

    planet.serve(atom(deleted=[(first.guid or "", NOON + DAY)]))
    planet.run(build=True)
    assert told(planet) == ["Second"]

    planet.serve(atom(replace(first, updated=NOON + 9 * DAY)))
    planet.run(build=True)
    assert told(planet) == ["First"]


def test_a_source_does_not_repeat_itself(planet: Planet) -> None:
    feed(planet, dedupe="text")
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    planet.put(first, replace(second, text=REPORT))
    planet.put(replace(second, guid="copy", text=REPORT), at="museum")

    planet.run(build=True)

    assert told(planet) == ["Second", "First"]


@pytest.mark.parametrize(
    ("text", "title", "shown"),
    [
        pytest.param(REPORT, "The crane is gone", ["First"], id="a-reprint-with-another-headline"),
        pytest.param(EXCERPT, "First", ["First"], id="an-excerpt"),
        pytest.param(f"{OTHER}{REPORT}", "First", ["First"], id="it-with-more-around-it"),
        pytest.param(OTHER, "First", ["First", "First"], id="another-story-of-one-title"),
        pytest.param("<p>Soon.</p>", "First", ["First", "First"], id="next-to-nothing"),
    ],
)
def test_one_text_is_one_story_if_wanted(
    planet: Planet, text: str, title: str, shown: list[str]
) -> None:
    feed(planet, dedupe="text")
    planet.put(story(1, title="First", text=REPORT, date=NOON))
    planet.run(build=True)

    planet.put(story(2, title=title, text=text, date=NOON + DAY), at="museum")
    planet.run(build=True)

    assert told(planet) == shown


def test_the_first_of_three_stands_for_all_whoever_is_newest(planet: Planet) -> None:
    """An excerpt may be like two texts that are not like one another."""
    feed(planet, dedupe="text")
    planet.put(story(1, title="Excerpt", text=EXCERPT, date=NOON + DAY))
    planet.run(build=True)
    planet.put(story(2, title="Short", text=f"{OTHER}{EXCERPT}", date=NOON), at="museum")
    planet.run(build=True)

    planet.put(story(3, title="Whole", text=REPORT, date=NOON + 2 * DAY), at="quay")
    planet.run(build=True)

    assert told(planet) == ["Excerpt"]


def tale(number: int) -> str:
    """A text that is like no other."""
    return "<p>" + " ".join(f"word{number}x{n}" for n in range(60)) + "</p>"


@pytest.mark.parametrize("dedupe", ["link", "text"])
def test_limits_are_exact(planet: Planet, dedupe: str) -> None:
    """Originals are older than their copies, which so come first in the order of the feed.

    Those that their source may not show any more keep no copy out.
    """
    feed(planet, dedupe=dedupe, limit=6, max_per_source=3)
    ours = [story(n, text=tale(n), date=NOON + n * DAY) for n in range(5)]
    planet.put(*ours)
    planet.run(build=True)
    theirs = [replace(one, date=NOON + 9 * DAY, guid=f"c{one.title}") for one in ours]
    own = [
        story(n, text=tale(n), date=NOON + 8 * DAY + n * timedelta(hours=1))
        for n in (20, 21, 22, 23)
    ]
    planet.put(*theirs, *own, at="museum")

    planet.run(build=True)

    assert told(planet) == [
        "Story 0", "Story 1", "Story 23", "Story 4", "Story 3", "Story 2",
    ]  # fmt: skip


# -- who else is credited ------------------------------------------------------------------------

MUSEUM = "https://museum.example.org/"


def credits(planet: Planet) -> dict[str, list[str]]:
    """Where else each entry was found, as the three formats say it."""
    items = json.loads(planet.service.published("all/feed.json"))["items"]
    told = {
        item["title"]: [one["url"] for one in item.get("_via", {"links": []})["links"]]
        for item in items
    }
    for name, entry in (("atom.xml", ".//{*}entry"), ("rss.xml", ".//item")):
        document = ElementTree.fromstring(planet.service.published(f"all/{name}"))
        for one in document.iterfind(entry):
            links = [link.get("href") for link in one.iterfind("{*}link[@rel='via']")]
            assert links == told[one.findtext("{*}title") or ""]
    return told


@pytest.fixture
def credited(planet: Planet) -> Planet:
    """A planet that publishes in every format."""
    feeds = '[[feed]]\nname = "all"\ndedupe = "text"\n'
    planet.configure(feeds, harbour="", museum="", quay="")
    for name in planet.sources:
        planet.put(at=name)
    return planet


def test_a_story_of_two_sources_appears_once_with_both_origins(credited: Planet) -> None:
    first, second = copies(f"{HOME}crane", f"{HOME}crane?utm_source=museum")
    credited.put(first)
    credited.run(build=True)
    assert credits(credited) == {"First": []}

    credited.put(second, at="museum", home=MUSEUM)
    credited.run(build=True)

    assert credits(credited) == {"First": [MUSEUM]}


def test_a_reprint_is_found_at_its_own_address(credited: Planet) -> None:
    credited.put(story(1, title="First", text=REPORT, date=NOON))
    credited.put(story(2, title="Again", text=REPORT, link=f"{MUSEUM}crane", date=NOON + DAY),
                 at="museum", home=MUSEUM)  # fmt: skip

    credited.run(build=True)

    assert credits(credited) == {"First": [f"{MUSEUM}crane"]}


def test_where_a_planet_found_the_story_is_told_beside_the_original(credited: Planet) -> None:
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    links = "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="via" href="{url}"/>'
        for url in (HOME, "https://archive.example.org/")
    )
    credited.put(first)
    credited.run(build=True)

    credited.put(replace(second, extra=links), at="museum", home=MUSEUM)
    credited.run(build=True)

    assert credits(credited) == {"First": ["https://archive.example.org/", MUSEUM]}


def test_a_planet_that_names_many_places_crowds_nobody_out(credited: Planet) -> None:
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    links = "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="via" href="{HOME}{n}"/>'
        for n in range(20)
    )
    credited.put(replace(first, extra=links))
    credited.put(replace(second, extra=links), at="museum", home=MUSEUM)
    credited.put(replace(second, guid="third"), at="quay", home="https://quay.example.org/")

    credited.run(build=True)

    told = credits(credited)["First"]
    assert {MUSEUM, "https://quay.example.org/"} < set(told)
    assert len(told) == 10


def test_a_copy_that_goes_is_credited_no_more(credited: Planet) -> None:
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    credited.put(first)
    credited.put(second, at="museum", home=MUSEUM)
    credited.run(build=True)
    assert credits(credited) == {"First": [MUSEUM]}

    credited.configure(harbour="", quay="")
    credited.run(build=True)

    assert credits(credited) == {"First": []}


def test_the_same_copies_are_the_same_bytes(credited: Planet) -> None:
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    credited.put(first)
    credited.put(second, at="museum", home=MUSEUM)
    credited.put(replace(second, guid="third"), at="quay", home="https://quay.example.org/")
    credited.run(build=True)
    before = credited.service.snapshot()

    credited.service.restart()
    credited.run(build=True)
    credited.service.regenerate(everything=True)

    assert credits(credited)["First"] == [MUSEUM, "https://quay.example.org/"]
    assert credited.service.snapshot() == before


def test_stories_of_one_title_stay_two_and_credit_nobody(credited: Planet) -> None:
    credited.put(story(1, title="Storm", text=REPORT, date=NOON))
    credited.put(story(2, title="Storm", text=OTHER, date=NOON + DAY), at="museum")

    credited.run(build=True)

    assert told(credited) == ["Storm", "Storm"]
    assert credits(credited) == {"Storm": []}


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        pytest.param({"exclude": "old crane"}, ["Second"], id="hidden-by-its-words"),
        pytest.param({"match": "bolt"}, ["Second"], id="without-the-words-asked-for"),
        pytest.param({"match": "crane|bolt"}, ["First"], id="with-them"),
        pytest.param({"exclude_sources": ["harbour"]}, ["Second"], id="of-a-source-left-out"),
    ],
)
def test_an_original_that_is_not_in_the_feed_keeps_no_copy_out(
    planet: Planet, keys: dict[str, Any], shown: list[str]
) -> None:
    feed(planet, **keys)
    first, second = copies(f"{HOME}crane", f"{HOME}crane")
    planet.put(first)
    planet.run(build=True)
    planet.put(second, at="museum")

    planet.run(build=True)

    assert told(planet) == shown
