"""Media facts: what is asked about, what is learnt, and which entries are written anew for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from feedsvc.decide import Policy, digest, first_seen, revise
from feedsvc.model import Draft, Enclosure, Image, Podcast
from feedsvc.ports import Change, FeedRow, Fragment, Media
from feedsvc.settings import Feed
from feedsvc.store import SqlStore, open_store
from feedsvc.store.engine import reading
from feedsvc.store.schema import article, media, media_use

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SONG = "https://cdn.example.org/1.mp3"
PHOTO = "https://cdn.example.org/quay.jpg"


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., SqlStore]]:
    """A store with one source, `desk`, cut into these feeds."""
    made: list[SqlStore] = []

    def make(*feeds: Feed) -> SqlStore:
        store = open_store(url, feeds or (Feed(name="all"),))
        store.enrol((("desk", None, "folder", "/articles"),), NOON)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


def add(store: SqlStore, name: str, **fields: Any) -> int:
    """Store an article; returns its row."""
    draft = Draft(title=name, html="<p>Text.</p>", published=NOON - HOUR, **fields)
    made = first_seen(
        draft, source="desk", key=f"path:{name}", guid=f"tag:example.org,2025:{name}",
        link=None, policy=Policy(), now=NOON,
    )  # fmt: skip
    source = store.source("desk").row
    change = Change(path=name, stat=None, digest=digest(name.encode()), article=made)
    store.record(source, [change], NOON)
    return next(
        one.row
        for one in store.find(source, declared=(), links=(), keys=[made.key], rows=(), documents=())
    )


def publish(store: SqlStore, *rows: int, feed: str = "all", at: datetime = NOON) -> None:
    """Settle a build of the feed that holds these articles."""
    row = replace(store.feed(feed), built=at, entries=len(rows), touched=None)
    store.settle_feed(row, read=store.feed(feed), members=rows, lines=())


def wanted(store: SqlStore, at: datetime = NOON) -> dict[str, bool]:
    """What is to be asked about, and whether as a picture."""
    return {one.url: one.picture for one in store.media_wanted(at, 100)}


def known(url: str, **facts: Any) -> Media:
    return Media(url=url, **facts)


# What is asked about


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"type": "audio/mpeg", "length": 9}, {}, id="nothing-when-all-is-said"),
        pytest.param({"type": "audio/mpeg"}, {SONG: False}, id="a-length-is-missing"),
        pytest.param({"length": 9}, {SONG: False}, id="a-type-is-missing"),
        pytest.param({"type": "audio/mpeg", "length": 0}, {SONG: False}, id="no-file-has-0-bytes"),
        pytest.param({"type": "audio/mpeg", "length": -1}, {SONG: False}, id="nor-minus-one"),
    ],
)
def test_enclosures_that_lack_something_are_asked_about(
    fields: dict[str, Any], expected: dict[str, bool], opened: Callable[..., SqlStore]
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG, **fields),), image=Image(url=PHOTO))

    publish(store, row)

    assert wanted(store) == expected
    assert store.media_due(NOON) == bool(expected)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        pytest.param(None, {}, id="nobody-has-rules-on-sizes"),
        pytest.param("smartnews", {}, id="a-partner-without-such-rules"),
        pytest.param("msn", {PHOTO: True, SONG + ".png": True}, id="a-partner-with-such-rules"),
    ],
)
def test_pictures_are_measured_where_a_partner_has_rules_on_them(
    profile: str | None, expected: dict[str, bool], opened: Callable[..., SqlStore]
) -> None:
    store = opened(Feed(name="all", profile=profile))
    said = (
        Enclosure(url=SONG, type="audio/mpeg", length=9),
        Enclosure(url=SONG + ".png", type="image/png", length=9),
    )
    row = add(store, "a", image=Image(url=PHOTO), enclosures=said)

    publish(store, row)

    assert wanted(store) == expected


def test_the_artwork_of_a_podcast_is_measured(opened: Callable[..., SqlStore]) -> None:
    podcast = Podcast(image="https://news.example.org/art.png")
    store = opened(Feed(name="all", profile="apple-podcasts", podcast=podcast))

    publish(store)

    assert wanted(store) == {podcast.image: True}


def test_what_is_in_no_feed_is_not_asked_about(opened: Callable[..., SqlStore]) -> None:
    store = opened()
    add(store, "a", enclosures=(Enclosure(url=SONG),))

    publish(store)

    assert not store.media_due(NOON)


@pytest.mark.parametrize(
    "place", ["data:audio/mpeg;base64,AAAA", "ftp://example.org/a.mp3", "httpx:a.mp3"]
)
def test_only_files_of_the_web_are_asked_about(place: str, opened: Callable[..., SqlStore]) -> None:
    store = opened()

    publish(store, add(store, "a", enclosures=(Enclosure(url=place),)))

    assert wanted(store) == {}


def test_a_file_in_two_articles_and_feeds_is_asked_about_once(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened(Feed(name="all"), Feed(name="sea"))
    rows = [add(store, name, enclosures=(Enclosure(url=SONG),)) for name in "ab"]

    publish(store, *rows)
    publish(store, *rows, feed="sea")

    assert wanted(store) == {SONG: False}


def test_at_most_so_many_are_asked_about_at_once(opened: Callable[..., SqlStore]) -> None:
    store = opened()
    many = tuple(Enclosure(url=f"https://cdn.example.org/{n}.mp3") for n in range(30))

    publish(store, add(store, "a", enclosures=many))

    assert len(store.media_wanted(NOON, 7)) == 7


def test_a_build_that_changes_nothing_queues_and_writes_nothing(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    publish(store, row)
    store.learn([known(SONG, type="audio/mpeg", length=5)], NOON)
    before = dump(store)

    publish(store, row, at=NOON + HOUR)

    assert dump(store) == before
    assert wanted(store, NOON + 10 * HOUR) == {}


def test_what_slid_out_of_all_feeds_is_not_asked_about_and_comes_back_with_them(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    publish(store, row)
    publish(store, at=NOON + HOUR)

    assert wanted(store) == {}
    assert not store.media_due(NOON)
    publish(store, row, at=NOON + 2 * HOUR)
    assert wanted(store, NOON + 2 * HOUR) == {SONG: False}


def test_an_address_that_was_corrected_is_not_asked_any_more(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    publish(store, row)
    edit(store, row, enclosures=(Enclosure(url=SONG + "?2"),))
    publish(store, row, at=NOON + HOUR)

    assert wanted(store, NOON + HOUR) == {SONG + "?2": False}


def test_a_picture_that_was_asked_for_its_length_is_measured_when_a_partner_comes(
    url: str, opened: Callable[..., SqlStore]
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=PHOTO, type="image/jpeg"),))
    publish(store, row)
    store.learn([known(PHOTO, type="image/jpeg", length=5)], NOON)
    store.close()
    later = opened(Feed(name="all", profile="msn"))

    publish(later, row, at=NOON + HOUR)

    assert wanted(later, NOON + HOUR) == {PHOTO: True}
    assert later.media_facts([PHOTO])[PHOTO].length == 5


# What is learnt


def test_what_is_learnt_fills_what_the_source_does_not_say(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()
    said = (
        Enclosure(url=SONG, duration=60),
        Enclosure(url=PHOTO, type="image/png", length=0),
        Enclosure(url=SONG + "?3", type="audio/ogg", length=7),
    )
    row = add(store, "a", enclosures=said)
    publish(store, row)
    facts = {"type": "audio/mpeg", "length": 5}

    again = store.learn([known(SONG, **facts), known(PHOTO, **facts)], NOON)

    told = store.articles([row])[row].enclosures
    assert again
    assert told[0] == Enclosure(url=SONG, type="audio/mpeg", length=5, duration=60)
    assert told[1] == Enclosure(url=PHOTO, type="image/png", length=5)
    assert told[2] == said[2]


def test_the_size_of_a_picture_is_told_of_the_lead_image_and_of_enclosures(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened(Feed(name="all", profile="flipboard"))
    photo = Enclosure(url=PHOTO, type="image/jpeg", length=5)
    row = add(store, "a", image=Image(url=PHOTO, caption="Quay"), enclosures=(photo,))
    publish(store, row)

    store.learn([known(PHOTO, picture=True, type="image/jpeg", width=640, height=480)], NOON)

    found = store.articles([row])[row]
    assert found.image is not None
    assert (found.image.width, found.image.height, found.image.caption) == (640, 480, "Quay")
    assert (found.enclosures[0].width, found.enclosures[0].height) == (640, 480)


def test_sync_compares_articles_with_what_their_sources_said(
    opened: Callable[..., SqlStore],
) -> None:
    """Else a length we learnt would look like one that the source took back."""
    store = opened()
    draft = {"enclosures": (Enclosure(url=SONG),)}
    row = add(store, "a", **draft)
    publish(store, row)
    store.learn([known(SONG, type="audio/mpeg", length=5)], NOON)

    source = store.source("desk").row
    (stored,) = store.find(source, declared=(), links=(), keys=(), rows=[row], documents=())

    assert stored.article.enclosures == draft["enclosures"]


def test_only_the_bytes_of_entries_are_made_anew(opened: Callable[..., SqlStore]) -> None:
    store = opened(Feed(name="all"), Feed(name="sea", tags=("sea",)))
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    other = add(store, "b")
    publish(store, row, other)
    publish(store, feed="sea")
    kept = {("atom", one): Fragment(key=b"k", body=b"<entry/>") for one in (row, other)}
    store.keep_fragments("full", kept)
    before = store.articles([row])[row]
    number = changes(store)

    store.learn([known(SONG, type="audio/mpeg", length=5)], NOON + HOUR)

    after = store.articles([row])[row]
    assert store.fragments("full", ["atom"], [row, other]).keys() == {("atom", other)}
    assert (after.seen, after.updated, after.guid) == (before.seen, before.updated, before.guid)
    assert changes(store) == {row: max(number.values()) + 1, other: number[other]}
    assert marks(store) == {"all": NOON + HOUR, "sea": None}


def test_nothing_is_made_anew_when_nothing_was_learnt(opened: Callable[..., SqlStore]) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    publish(store, row)

    again = store.learn([known(SONG, retry_at=NOON + HOUR, failures=1, reason="no answer")], NOON)

    assert not again
    assert marks(store) == {"all": None}
    assert wanted(store) == {}
    assert wanted(store, NOON + HOUR) == {SONG: False}
    assert store.media_facts([SONG])[SONG].reason == "no answer"


def test_what_is_learnt_of_the_artwork_marks_its_feed(opened: Callable[..., SqlStore]) -> None:
    art = "https://news.example.org/art.png"
    cast = Feed(name="cast", profile="apple-podcasts", podcast=Podcast(image=art))
    store = opened(Feed(name="all"), cast)
    publish(store)
    publish(store, feed="cast")

    again = store.learn([known(art, picture=True, type="image/png", width=90, height=90)], NOON)

    assert again
    assert marks(store) == {"all": None, "cast": NOON}


def test_a_size_that_is_wanted_while_the_length_is_asked_for_is_asked_for_next(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened(Feed(name="all"), Feed(name="msn", profile="msn"))
    row = add(store, "a", enclosures=(Enclosure(url=PHOTO, type="image/jpeg"),))
    publish(store, row)
    (asked,) = store.media_wanted(NOON, 1)
    publish(store, row, feed="msn")

    store.learn([asked._replace(length=5, retry_at=None)], NOON)

    assert wanted(store) == {PHOTO: True}


def test_an_article_that_does_not_show_it_any_more_stays_as_it_is(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()
    row = add(store, "a", enclosures=(Enclosure(url=SONG),))
    publish(store, row)
    edit(store, row, enclosures=())
    publish(store, row, at=NOON + HOUR)

    assert not store.learn([known(SONG, type="audio/mpeg", length=5)], NOON + HOUR)


def test_the_question_whether_anything_is_due_needs_no_scan(
    opened: Callable[..., SqlStore],
) -> None:
    store = opened()

    with reading(store._engine) as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT url FROM media WHERE retry_at <= 5 LIMIT 1"
        ).all()

    assert "USING INDEX ix_media_retry_at" in str(plan)


# -- helpers ---------------------------------------------------------------------------------------


def edit(store: SqlStore, row: int, **fields: Any) -> None:
    """The source says something else of an article."""
    source = store.source("desk").row
    (stored,) = store.find(source, declared=(), links=(), keys=(), rows=[row], documents=())
    before = stored.article
    draft = Draft(title=before.title, html=before.html, published=before.published, **fields)
    after = revise(before, draft, link=None, policy=Policy(), now=NOON + HOUR, reread=False)
    assert after is not None
    change = Change(path=before.title, stat=None, digest=digest(b"2"), row=row, article=after)
    store.record(source, [change], NOON + HOUR)


def marks(store: SqlStore) -> dict[str, datetime | None]:
    return {row.name: row.touched for row in store.feeds() if isinstance(row, FeedRow)}


def changes(store: SqlStore) -> dict[int, int]:
    with reading(store._engine) as connection:
        return dict(connection.execute(select(article.c.id, article.c.changed)).all())


def dump(store: SqlStore) -> list[Any]:
    with reading(store._engine) as connection:
        return [connection.execute(select(table)).all() for table in (media, media_use)]
