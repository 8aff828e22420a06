"""When an article counts as updated, and when it stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.model import Article
from tests.feedserver import Page
from tests.planet import Item, Planet, atom, rss, story

HOME = "https://harbour.example.org/"
NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
WORDS = "What the harbour master wrote in his book"


def only(planet: Planet) -> Article:
    (article,) = planet.articles()
    return article


def tokens(visit: int) -> Item:
    return story(1, link=f"{HOME}1?session={visit}")


def markup(visit: int) -> Item:
    return story(1, text=f'<p id="ad{visit}"><a href="{HOME}?{visit}">{WORDS}</a></p>')


def dates(visit: int) -> Item:
    return story(1, date=NOON + visit * timedelta(minutes=1))


def tags(visit: int) -> Item:
    return story(1, extra=f"<category>visit {visit}</category>")


RESTLESS = [tokens, markup, dates, tags]


@pytest.mark.parametrize("entry", RESTLESS)
def test_what_changes_no_word_falls_silent_after_24_times(
    planet: Planet, entry: Callable[[int], Item]
) -> None:
    for visit in range(25):
        planet.sync(entry(visit), build=True)
    before, files = only(planet), planet.service.snapshot()

    reports = [planet.sync(entry(visit), build=True) for visit in range(25, 40)]

    assert before.revision == 25
    assert only(planet) == before
    assert planet.service.snapshot() == files
    assert {(one.outcome, one.changed) for one in reports} == {("unchanged", 0)}


@pytest.mark.parametrize("entry", RESTLESS)
def test_a_word_ends_the_silence(planet: Planet, entry: Callable[[int], Item]) -> None:
    for visit in range(30):
        planet.sync(entry(visit))
    before = only(planet)

    planet.sync(replace(entry(30), title="Another title"))
    after = only(planet)
    for visit in range(31, 70):
        planet.sync(replace(entry(visit), title="Another title"))

    assert (after.title, after.guid) == ("Another title", before.guid)
    assert before.updated < after.updated
    assert only(planet).revision == after.revision + 24


def test_a_word_that_changes_at_every_visit_is_news_every_time(planet: Planet) -> None:
    for visit in range(30):
        planet.sync(story(1, title=f"{visit} ships in the harbour"))

    assert only(planet).title == "29 ships in the harbour"
    assert only(planet).updated == planet.service.clock.now()


def test_a_document_in_another_order_is_no_change(planet: Planet) -> None:
    entries = [story(n) for n in range(9)]
    planet.sync(*entries)
    before = planet.articles()

    report = planet.sync(*entries[::-1])

    assert (report.outcome, report.changed) == ("unchanged", 0)
    assert planet.articles() == before


@pytest.mark.parametrize("date", [None, NOON.replace(year=2099)], ids=["undated", "of-the-future"])
def test_it_stands_where_it_was_first_seen(planet: Planet, date: datetime | None) -> None:
    first = planet.service.clock.now().replace(minute=1)
    planet.sync(story(1, date=date))
    planet.service.clock.tick(days=3)
    planet.sync(story(1, date=date, title="Corrected"), story(2, date=NOON.replace(month=6, day=3)))

    article = planet.articles()[0]

    assert (article.published, article.first_seen) == (first, first)
    assert article.state.value == "published"
    newest = max(planet.articles(), key=lambda one: one.published)
    assert newest.title == "Story 2"
    assert max(one.updated for one in planet.articles()) <= planet.service.clock.now()


def test_another_reading_of_the_same_words_is_no_news(planet: Planet) -> None:
    planet.serve(Page(body=rss(*[story(n, date=NOON) for n in range(3)])))
    planet.sync()
    before = planet.articles()

    planet.configure(harbour='tags = ["pier"]\nlanguage = "de"')
    report = planet.sync()

    assert [one.tags for one in planet.articles()] == [("pier",)] * 3
    assert [one.language for one in planet.articles()] == ["de"] * 3
    assert [one.updated for one in planet.articles()] == [one.updated for one in before]
    assert [one.guid for one in planet.articles()] == [one.guid for one in before]
    assert report.status == 200
    assert "if-none-match" not in planet.server.log[-1].headers
    assert planet.sync().status == 304


# -- origin ----------------------------------------------------------------------------------------


def test_the_feed_being_updated_is_no_change_of_its_entries(planet: Planet) -> None:
    entries = [story(n, updated=NOON) for n in range(3)]
    planet.serve(atom(*entries))
    planet.sync(build=True)
    before, files = planet.articles(), planet.service.snapshot()

    planet.serve(
        atom(*entries, story(3, guid="tag:x.example.org,2025:3"), updated="2025-05-31T00:00:00Z")
    )
    planet.sync()
    assert planet.articles()[:3] == before
    planet.serve(atom(*entries, updated="2025-06-01T00:00:00Z"))
    planet.configure(harbour='tags = ["pier"]')
    planet.sync()

    kept = [replace(one, tags=(), seen=b"") for one in planet.articles()[:3]]
    assert kept == [replace(one, seen=b"") for one in before]
    assert files


def test_the_feed_being_updated_moves_no_bytes(planet: Planet) -> None:
    entries = [story(n, updated=NOON) for n in range(3)]
    planet.serve(atom(*entries))
    planet.sync(build=True)
    before = planet.service.snapshot()

    planet.serve(atom(*entries[::-1], updated="2025-06-01T00:00:00Z"))
    planet.sync(build=True)

    assert planet.service.snapshot() == before


def test_news_bring_the_credit_up_to_date(planet: Planet) -> None:
    planet.serve(atom(story(1)))
    planet.sync()

    planet.serve(atom(story(1, title="Another"), updated="2025-05-31T00:00:00Z"))
    planet.sync()

    origin = only(planet).origin
    assert origin is not None
    assert origin.updated == datetime(2025, 5, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("/feed.xml", True, id="plain"),
        pytest.param("/user/9f8a7b6c5d4e3f2a1b0c/feed.xml", False, id="drawn-by-lot-in-the-path"),
        pytest.param("/9f8a7b6c5d4e3f2a1b0c.xml", False, id="with-an-ending"),
        pytest.param("/feed?key=9f8a7b6c5d4e3f2a1b0c", False, id="in-the-query"),
        pytest.param("/feed?9f8a7b6c5d4e3f2a1b0c", False, id="as-the-query"),
        pytest.param("/feed?page=2&tag=pier", True, id="a-plain-query"),
        pytest.param("/2025/harbour-and-pier-of-bremen/feed", True, id="long-words"),
        pytest.param("/of_base64.xml?channel_id=UCx7Qm2Lk9Zt4Vb8Nw", True, id="a-public-id"),
    ],
)
def test_a_private_address_stands_in_no_feed(planet: Planet, path: str, told: bool) -> None:
    planet.configure(harbour=f'url = "{planet.server.url(path)}"')
    planet.server[path] = Page(body=atom(story(1), own=planet.server.url(path)))

    planet.sync(build=True)

    origin = only(planet).origin
    assert origin is not None
    assert (origin.url == planet.server.url(path)) is told
    leaks = [p for p, (_, data) in planet.service.snapshot().items() if b"9f8a7b6c5d4e3f2a" in data]
    assert leaks == []


def test_an_address_that_needs_a_password_stands_in_no_feed(planet: Planet) -> None:
    planet.configure(harbour='headers = { X-Key = "once" }')
    planet.put(story(1))

    planet.sync()

    origin = only(planet).origin
    assert origin is not None
    assert origin.url is None
    assert origin.title == "Harbour"
