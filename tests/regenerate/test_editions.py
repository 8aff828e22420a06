"""Digests: which articles an edition tells of, when it appears, and when it is another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from feedsvc.model import Article, Entry, Format
from feedsvc.ports import Store
from feedsvc.regenerate.editions import Editions, editions
from feedsvc.settings import Feed
from tests.support import Service

CONFIG = """
[site]
title = "Hafenblatt"
base_url = "https://news.example.org"
language = "de"
timezone = "{zone}"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[source]]
name = "quay"
path = "quay"

[[feed]]
name = "days"
digest = "daily"
"""
GUID = "tag:news.example.org,2025-01-01:feed:days"
DAILY = Feed(name="days", digest="daily")
WEEKLY = replace(DAILY, digest="weekly")

Told = Callable[..., str]


@pytest.fixture
def desk(make_service: Callable[..., Service]) -> Service:
    service = make_service(CONFIG.replace("{zone}", "Europe/Berlin"))
    (service.root / "quay").mkdir()
    service.clock.at = moment("2025-03-10T12:00:00Z")
    return service


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def made(service: Service, feed: Feed = DAILY, **more: Any) -> Editions:
    """The editions of a feed now; `settle` has read what lies in the folder."""
    site = service.app.settings.site
    return editions(service.app.store, feed, site, service.clock.now(), guid=GUID, **more)


def write(service: Service, name: str, text: str, source: str = "articles") -> None:
    service.write(f"../{source}/{name}.txt", text)


def settle(service: Service, **more: Any) -> None:
    service.sync(force=True, build=False, **more)


def names(found: Editions) -> list[str]:
    return [one.guid.rpartition("/")[2] for one in found.articles]


def titles(edition: Article) -> list[str]:
    return re.findall(r"<h2>(?:<a [^>]*>)?([^<]*)", edition.html)


# -- what an edition is ----------------------------------------------------------------------------


def test_an_edition_tells_of_its_day(desk: Service, told: Told) -> None:
    write(desk, "ferry", told("Fähre fällt aus", "2025-03-05 18:00", "Nebel.", Autor="Liv"))
    write(
        desk, "fog",
        told("Nebel & Eis", "2025-03-05 08:00", "Es war kalt.", Link="https://example.org/fog"),
    )  # fmt: skip
    settle(desk)

    (edition,) = made(desk).articles

    assert edition.title == "Tagesüberblick: 5. März 2025"
    assert edition.guid == f"{GUID}/2025-03-05"
    assert edition.published == edition.updated == moment("2025-03-06T00:00:00+01:00")
    assert edition.summary == "Nebel & Eis · Fähre fällt aus"
    assert edition.language == "de"
    assert edition.html == (
        '<h2><a href="https://example.org/fog">Nebel &amp; Eis</a></h2><p>Es war kalt.</p>\n'
        '<h2><a href="https://news.example.org/a/faehre-faellt-aus/">Fähre fällt aus</a></h2>'
        "<p><em>Liv</em></p><p>Nebel.</p>"
    )


def test_there_is_one_for_each_day_that_had_articles_newest_first(
    desk: Service, told: Told
) -> None:
    for number, day in enumerate(("02", "05", "05", "09")):
        write(desk, f"a{number}", told(f"Titel {number}", f"2025-03-{day} 08:0{number}"))
    settle(desk)

    found = made(desk)

    assert names(found) == ["2025-03-09", "2025-03-05", "2025-03-02"]
    assert titles(found.articles[1]) == ["Titel 1", "Titel 2"]


def test_a_week_runs_from_monday_to_sunday(desk: Service, told: Told) -> None:
    for day in ("2025-02-24 00:00", "2025-03-02 23:59", "2025-03-03 00:00", "2025-03-09 23:59"):
        write(desk, day[:10], told(day, day))
    settle(desk)

    found = made(desk, WEEKLY)

    assert names(found) == ["2025-W10", "2025-W09"]
    assert titles(found.articles[1]) == ["2025-02-24 00:00", "2025-03-02 23:59"]
    assert [one.published for one in found.articles] == [
        moment("2025-03-10T00:00+01:00"),
        moment("2025-03-03T00:00+01:00"),
    ]


@pytest.mark.parametrize(
    ("zone", "name", "published"),
    [
        pytest.param("UTC", "2025-03-05", "2025-03-06T00:00Z", id="utc"),
        pytest.param("Asia/Tokyo", "2025-03-06", "2025-03-07T00:00+09:00", id="east"),
        pytest.param("America/New_York", "2025-03-05", "2025-03-06T00:00-05:00", id="west"),
    ],
)
def test_the_zone_of_the_site_decides_what_day_it_was(
    zone: str, name: str, published: str, make_service: Callable[..., Service], told: Told
) -> None:
    service = make_service(CONFIG.replace("{zone}", zone))
    service.clock.at = moment("2025-03-10T12:00:00Z")
    (service.root / "quay").mkdir()
    write(service, "a", told("Spät", "2025-03-05T20:00:00Z"))
    settle(service)

    (edition,) = made(service).articles

    assert edition.guid == f"{GUID}/{name}"
    assert edition.published == moment(published)


def test_a_day_with_another_clock_ends_at_its_own_midnight(desk: Service, told: Told) -> None:
    desk.clock.at = moment("2025-11-01T12:00:00Z")
    write(desk, "spring", told("Kurz", "2025-03-30 08:00"))
    write(desk, "autumn", told("Lang", "2025-10-26 23:30"))
    settle(desk)

    assert [one.published for one in made(desk).articles] == [
        moment("2025-10-27T00:00+01:00"),
        moment("2025-03-31T00:00+02:00"),
    ]


# -- when it appears -------------------------------------------------------------------------------


def test_a_day_appears_when_it_is_over(desk: Service, told: Told) -> None:
    desk.clock.at = moment("2025-03-05T12:00:00+01:00")
    write(desk, "a", told("Heute", "2025-03-05 08:00"))
    settle(desk)

    before = made(desk)
    desk.clock.at = moment("2025-03-05T23:59:59.9+01:00")
    just_before = made(desk)
    desk.clock.at = midnight = moment("2025-03-06T00:00:00+01:00")
    after = made(desk)

    assert before.articles == just_before.articles == ()
    assert before.next_change == just_before.next_change == midnight
    assert (names(after), after.next_change) == (["2025-03-05"], None)


def test_an_embargo_decides_in_which_edition_an_article_is(desk: Service, told: Told) -> None:
    desk.clock.at = moment("2025-03-05T12:00:00+01:00")
    write(desk, "a", told("Gesperrt", "2025-03-04 08:00", Embargo="2025-03-07 18:00"))
    settle(desk)

    assert made(desk).articles == ()
    assert made(desk).next_change == moment("2025-03-08T00:00+01:00")
    desk.clock.at = moment("2025-03-08T00:00:00+01:00")
    assert names(made(desk)) == ["2025-03-07"]


def test_what_expires_leaves_its_edition_at_that_moment(desk: Service, told: Told) -> None:
    write(desk, "a", told("Bleibt", "2025-03-05 08:00"))
    head = "title: Geht\ndate: 2025-03-05 09:00\nexpires: 2025-03-11 18:00"
    desk.write("b.md", f"---\n{head}\n---\nText.\n")
    settle(desk)
    before = made(desk)
    desk.clock.at = expires = moment("2025-03-11T18:00:00+01:00")

    after = made(desk)

    assert before.next_change == expires
    assert (titles(before.articles[0]), titles(after.articles[0])) == (
        ["Bleibt", "Geht"],
        ["Bleibt"],
    )
    assert after.articles[0].updated == expires


def test_nothing_depends_on_the_hour(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    settle(desk)
    first = made(desk)
    desk.clock.tick(days=300)

    assert made(desk) == first
    assert made(desk).articles == first.articles


# -- when it is another ----------------------------------------------------------------------------


def test_an_edit_after_the_day_moves_updated_and_nothing_else(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    write(desk, "b", told("Zwei", "2025-03-04 08:00"))
    settle(desk)
    before = made(desk)
    desk.clock.tick(hours=3)
    write(desk, "a", told("Eins", "2025-03-05 08:00", "Berichtigt."))
    settle(desk)

    after = made(desk)

    assert after.articles[0].updated == desk.clock.at
    assert "Berichtigt." in after.articles[0].html
    assert after.articles[0].guid == before.articles[0].guid
    assert after.articles[0].published == before.articles[0].published
    assert after.articles[1] == before.articles[1]


def test_an_edit_on_the_day_itself_is_no_news(desk: Service, told: Told) -> None:
    desk.clock.at = moment("2025-03-05T10:00:00+01:00")
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    settle(desk)
    desk.clock.tick(hours=1)
    write(desk, "a", told("Eins", "2025-03-05 08:00", "Anders."))
    settle(desk)
    desk.clock.tick(days=1)

    (edition,) = made(desk).articles

    assert edition.updated == edition.published


def test_a_withdrawal_changes_the_edition(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    write(desk, "b", told("Zwei", "2025-03-05 09:00"))
    settle(desk)
    made(desk)
    desk.clock.tick(hours=1)
    noticed = desk.clock.at
    desk.remove("b.txt")
    settle(desk)
    desk.clock.tick(hours=1)

    (edition,) = made(desk, noticed=noticed).articles

    assert titles(edition) == ["Eins"]
    assert "Zwei" not in edition.html + (edition.summary or "")
    assert edition.updated == noticed
    desk.clock.tick(hours=9)
    assert made(desk).articles[0].updated == noticed


def test_an_edition_without_articles_goes(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    write(desk, "b", told("Zwei", "2025-03-04 09:00"))
    settle(desk)
    made(desk)
    desk.remove("a.txt")
    settle(desk)

    assert names(made(desk)) == ["2025-03-04"]


def test_a_late_arrival_joins_the_edition_of_its_day(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    write(desk, "c", told("Drei", "2025-03-07 08:00"))
    settle(desk)
    before = made(desk)
    desk.clock.tick(hours=1)
    write(desk, "b", told("Zwei", "2025-03-05 07:00"))
    settle(desk)

    after = made(desk, noticed=desk.clock.at)

    assert names(after) == ["2025-03-07", "2025-03-05"]
    assert titles(after.articles[1]) == ["Zwei", "Eins"]
    assert after.articles[1].updated == desk.clock.at
    assert after.articles[0] == before.articles[0]


def test_what_is_restored_is_news_again(desk: Service, told: Told) -> None:
    texts = {name: told(name, "2025-03-05 08:00") for name in "ab"}
    for name, text in texts.items():
        write(desk, name, text)
    settle(desk)
    moments = [made(desk).articles[0].updated]
    for step in ("away", "back"):
        desk.clock.tick(hours=1)
        desk.remove("b.txt") if step == "away" else write(desk, "b", texts["b"])
        settle(desk)
        moments.append(made(desk, noticed=desk.clock.at).articles[0].updated)

    assert moments == sorted(set(moments))


def test_updated_never_goes_back_and_never_stands_still_for_a_change(
    desk: Service, told: Told
) -> None:
    for name in "abc":
        write(desk, name, told(name, "2025-03-05 08:00"))
    settle(desk)
    moments = [made(desk).articles[0].updated]
    for name in "ab":
        desk.remove(f"{name}.txt")
        settle(desk)
        # The mark of the feed may be older than the last change that was published.
        moments.append(made(desk, noticed=moment("2025-01-01T00:00Z")).articles[0].updated)

    assert moments[1:] == [moments[0] + timedelta(seconds=n) for n in (1, 2)]


def test_a_crash_before_publication_moves_nothing_twice(desk: Service, told: Told) -> None:
    for name in "ab":
        write(desk, name, told(name, "2025-03-05 08:00"))
    settle(desk)
    made(desk)
    desk.remove("b.txt")
    settle(desk)
    first = made(desk, noticed=desk.clock.at).articles
    desk.restart()
    desk.clock.tick(minutes=5)

    assert made(desk, noticed=desk.clock.at).articles == first


def test_a_check_writes_nothing(desk: Service, told: Told) -> None:
    write(desk, "a", told("Ohne Adresse", "2025-03-05 08:00"))
    settle(desk)

    (edition,) = made(desk, keep=False).articles

    assert desk.app.store.editions("days") == {}
    assert "href" not in edition.html


def test_an_edition_that_stays_as_it_is_writes_nothing(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    settle(desk)
    made(desk)
    connection = desk.app.store._engine.raw_connection()
    (before,) = connection.cursor().execute("PRAGMA data_version").fetchone()

    made(desk)

    (after,) = connection.cursor().execute("PRAGMA data_version").fetchone()
    connection.close()
    assert after == before


# -- the rules of the feed -------------------------------------------------------------------------


def test_the_limit_counts_editions(desk: Service, told: Told) -> None:
    for day in range(1, 10):
        for hour in (8, 9):
            write(desk, f"{day}-{hour}", told(f"{day}-{hour}", f"2025-03-0{day} 0{hour}:00"))
    settle(desk)

    found = made(desk, replace(DAILY, limit=2, offset=1))

    assert names(found) == ["2025-03-08", "2025-03-07"]
    assert [len(titles(one)) for one in found.articles] == [2, 2]


def test_only_the_days_that_are_wanted_are_read(desk: Service, told: Told) -> None:
    for number in range(700):
        day = moment("2025-03-09T12:00Z") - timedelta(hours=number)
        write(desk, f"a{number}", told(f"Nummer {number}", f"{day:%Y-%m-%d %H:%M}"))
    settle(desk)
    read: list[int] = []
    store = Listening(desk.app.store, read)

    found = editions(
        cast("Store", store), replace(DAILY, limit=2), desk.app.settings.site, desk.clock.now(),
        guid=GUID,
    )  # fmt: skip

    assert names(found) == ["2025-03-09", "2025-03-08"]
    assert len(read) == sum(len(titles(one)) for one in found.articles) < 48


def test_what_changes_is_known_before_a_text_is_read(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00"))
    settle(desk)
    read: list[int] = []
    store = cast("Store", Listening(desk.app.store, read))
    site = desk.app.settings.site

    def content(feed: Feed = DAILY) -> bytes:
        return editions(store, feed, site, desk.clock.now(), guid=GUID).content

    first = content()
    write(desk, "b", told("Heute", "2025-03-10 08:00"))
    settle(desk)
    of_today = content()
    write(desk, "a", told("Eins", "2025-03-05 08:00", "Anders."))
    settle(desk)
    edited = content()

    assert read == []
    assert first == of_today
    assert len({first, edited, content(replace(DAILY, full_text=False))}) == 3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param({"tags": ("see",)}, ["Fähre"], id="tags"),
        pytest.param({"exclude_tags": ("SEE",)}, ["Markt"], id="exclude-tags"),
        pytest.param({"match": re.compile("fisch", re.I)}, ["Markt"], id="match"),
        pytest.param({"exclude": re.compile("fisch", re.I)}, ["Fähre"], id="exclude"),
        pytest.param({"sources": ("quay",)}, [], id="sources"),
        pytest.param({"authors": ("liv",)}, ["Fähre"], id="authors"),
    ],
)
def test_the_rules_choose_the_articles(
    rule: dict[str, Any], expected: list[str], desk: Service, told: Told
) -> None:
    write(desk, "a", told("Fähre", "2025-03-05 08:00", "Nebel.", Tags="See", Autor="Liv"))
    write(desk, "b", told("Markt", "2025-03-05 09:00", "Heute Fisch."))
    settle(desk)

    found = made(desk, replace(DAILY, **rule)).articles

    assert [title for one in found for title in titles(one)] == expected


def test_a_source_has_its_share_of_each_edition(desk: Service, told: Told) -> None:
    for day in ("04", "05"):
        for number in range(3):
            write(desk, f"{day}{number}", told(f"{day}{number}", f"2025-03-{day} 0{number}:00"))
    write(desk, "q", told("Quai", "2025-03-05 01:30"), "quay")
    settle(desk)

    found = made(desk, replace(DAILY, max_per_source=2)).articles

    assert [titles(one) for one in found] == [["051", "Quai", "052"], ["041", "042"]]


def test_an_edition_is_too_old_as_a_whole(desk: Service, told: Told) -> None:
    write(desk, "a", told("Früh", "2025-03-07 00:00"))
    write(desk, "b", told("Spät", "2025-03-07 23:00"))
    write(desk, "c", told("Neu", "2025-03-09 23:00"))
    settle(desk)
    feed = replace(DAILY, since=timedelta(days=4))
    desk.clock.at = moment("2025-03-11T23:59:59+01:00")
    before = made(desk, feed)
    desk.clock.at = moment("2025-03-12T00:00:00+01:00")

    after = made(desk, feed)

    assert before.next_change == desk.clock.at
    assert [titles(one) for one in before.articles] == [["Neu"], ["Früh", "Spät"]]
    assert names(after) == ["2025-03-09"]


def test_a_story_of_two_sources_is_told_once(desk: Service, told: Told) -> None:
    text = " ".join(f"Wort{number}" for number in range(60))
    write(desk, "a", told("Zuerst", "2025-03-05 08:00", text))
    settle(desk)
    write(desk, "b", told("Nachdruck", "2025-03-06 08:00", text), "quay")
    settle(desk)

    found = made(desk, replace(DAILY, dedupe="text"))

    assert [titles(one) for one in found.articles] == [["Zuerst"]]
    assert names(found) == ["2025-03-05"]


# -- what it shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("full_text", "expected"),
    [
        pytest.param(True, "<p>Erster Satz.</p>", id="the-whole-text"),
        pytest.param(False, "<p>Kurz gesagt.</p>", id="an-excerpt"),
        pytest.param("given", "<p>Erster Satz.</p>", id="as-it-was-given"),
    ],
)
def test_how_much_of_the_text_there_is(
    full_text: Any, expected: str, desk: Service, told: Told
) -> None:
    body = told("Eins", "2025-03-05 08:00", "Erster Satz.", Zusammenfassung="Kurz gesagt.")
    write(desk, "a", body)
    settle(desk)

    (edition,) = made(desk, replace(DAILY, full_text=full_text)).articles

    assert edition.html.endswith(f"</h2>{expected}")


def test_another_choice_of_text_is_no_change_of_the_articles(desk: Service, told: Told) -> None:
    write(desk, "a", told("Eins", "2025-03-05 08:00", "Langer Text. " * 90))
    settle(desk)
    before = made(desk).articles[0]
    desk.clock.tick(days=1)

    after = made(desk, replace(DAILY, full_text=False), noticed=desk.clock.at).articles[0]

    assert len(after.html) < len(before.html)
    assert (after.updated, after.guid) == (before.updated, before.guid)


def test_an_article_in_another_language_says_so(desk: Service, told: Told) -> None:
    write(desk, "a", told("Fog", "2025-03-05 08:00", Sprache="en"))
    settle(desk)

    (edition,) = made(desk).articles

    assert edition.html.startswith('<div lang="en"><h2>')


def test_what_is_no_markup_stays_text(desk: Service, told: Told) -> None:
    write(desk, "a", told('<script>alert("1")</script> & Söhne', "2025-03-05 08:00"))
    settle(desk)

    (edition,) = made(desk).articles

    assert "<script" not in edition.html
    assert "&amp; Söhne" in edition.html


def test_a_day_with_very_much_is_cut_to_titles_and_then_counted(desk: Service, told: Told) -> None:
    for number in range(1_010):
        text = "Ein langer Satz über den Hafen. " * 40
        at = f"2025-03-05 {number // 60:02}:{number % 60:02}"
        write(desk, f"a{number:04}", told(f"Nummer {number}", at, text))
    settle(desk)

    (edition,) = made(desk).articles

    assert len(edition.html) < 400_000
    assert titles(edition) == [f"Nummer {number}" for number in range(1_000)]
    assert edition.html.endswith("<p>und 10 weitere</p>")
    assert len(edition.summary or "") <= 1_000


@pytest.mark.parametrize("format", list(Format))
def test_an_edition_can_be_published_in_every_format(
    format: Format, desk: Service, told: Told
) -> None:
    write(desk, "a", told("Fähre", "2025-03-05 08:00", Link="https://example.org/a"))
    settle(desk)
    press = desk.app.press
    entries = [Entry(article=one, zone=ZoneInfo("Europe/Berlin")) for one in made(desk).articles]

    (fragment,) = press.renderers[format].fragments(entries, full_text=True)

    assert isinstance(fragment, bytes)
    assert "5. März 2025" in fragment.decode()


@pytest.mark.parametrize("full_text", ["true", "false", '"given"'])
def test_a_digest_is_built_whole_stable_and_without_what_was_withdrawn(
    full_text: str, desk: Service, told: Told
) -> None:
    config = CONFIG.replace("{zone}", "Europe/Berlin")
    desk.configure(f"{config}full_text = {full_text}\n")
    write(desk, "a", told("Eins", "2025-03-05 08:00", "Erster Satz."))
    write(desk, "b", told("Zwei", "2025-03-05 09:00", "Zweiter Satz."))
    desk.sync()
    before = desk.snapshot()
    desk.clock.tick(hours=5)
    desk.sync(force=True)
    again = desk.snapshot()
    desk.remove("b.txt")
    desk.clock.tick(hours=1)
    desk.sync(force=True)

    document = desk.published("days/atom.xml").decode()
    assert again == before
    assert "Erster Satz." in document
    assert not any(b"Zwei" in body for _, body in desk.snapshot().values())


class Listening:
    """The store, and a list of the rows whose articles were read from it."""

    def __init__(self, store: Any, read: list[int]) -> None:
        self._store = store
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def articles(self, rows: list[int]) -> Any:
        self._read.extend(rows)
        return self._store.articles(rows)
