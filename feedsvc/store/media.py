"""What servers say of media files whose sources do not say it: `media`, and who shows which.

A build queues the files of the entries that it publishes (`want`), the errand asks for them and
has the answers learnt, and entries are then rendered anew with what is known (`filled`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from feedsvc.model import Article, Enclosure, Image
from feedsvc.ports import Media
from feedsvc.settings import Feed
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rows import moment, seconds
from feedsvc.store.schema import article, body, fragment, media, media_use, membership, place
from feedsvc.store.writing import next_change

MEASURING = frozenset({"msn", "flipboard", "apple-podcasts"})
"""The profiles with rules on the size of pictures."""

AGAIN = timedelta(days=1)
"""How long the picture of a feed itself is taken for what it was, or for none: one that was the
cause of a feed being held is replaced where it lies."""

_COLUMNS = [media.c[name] for name in Media._fields]
_FACTS = ("type", "length", "width", "height")


class MediaFacts(Marks):
    """The queue of media files to be asked about, and what was learnt of them."""

    def media_due(self, now: datetime) -> bool:
        """Whether there is a file to be asked about."""
        query = select(media.c.url).where(media.c.retry_at <= seconds(now)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def media_wanted(self, now: datetime, limit: int) -> tuple[Media, ...]:
        """The files to be asked about, at most `limit`, those that wait longest first.

        One that nobody publishes any more is forgotten; if it comes back, it is queued anew.
        """
        due = select(*_COLUMNS).where(media.c.retry_at <= seconds(now))
        query = due.order_by(media.c.retry_at, media.c.url).limit(limit)
        with reading(self._engine) as connection:
            found = [_media(row) for row in connection.execute(query)]
            shown = {
                url for url, _ in _uses(connection, [one.url for one in found], published=True)
            }
        shown |= {url for feed in self._feeds for url in pictures_of(feed)}
        stale = [one.url for one in found if one.url not in shown]
        if stale:
            with writing(self._engine) as connection:
                connection.execute(delete(media).where(media.c.url.in_(stale)))
                connection.execute(delete(media_use).where(media_use.c.url.in_(stale)))
        return tuple(one for one in found if one.url in shown)

    def media_facts(self, urls: Iterable[str]) -> dict[str, Media]:
        """What is known of these files, by their addresses."""
        with reading(self._engine) as connection:
            return _known(connection, sorted(set(urls)))

    def learn(self, answers: Sequence[Media], now: datetime) -> bool:
        """Note what servers said; True if entries of feeds are to be written anew because of it.

        Such articles stay as they are for whoever compares them (`seen`, `updated`): only the bytes
        of documents differ. To be called while nobody builds, or an entry that is being rendered
        would be kept without what was learnt.
        """
        if not answers:
            return False
        watched = {url for feed in self._feeds for url in pictures_of(feed)}
        with writing(self._engine) as connection:
            before = _known(connection, [one.url for one in answers])
            for one in answers:
                if one.url in watched and one.retry_at is None:
                    one = one._replace(retry_at=now + AGAIN)  # noqa: PLW2901
                values = one._asdict() | {"retry_at": seconds(one.retry_at)}
                known = before.get(one.url)
                if known is not None and known.picture and not one.picture:
                    # Meanwhile somebody wants its size in pixels, which nobody asked for.
                    values |= {"picture": True, "retry_at": seconds(now), "failures": 0}
                of_url = media.c.url == values.pop("url")
                connection.execute(update(media).where(of_url).values(asked=seconds(now), **values))
            news = [
                one.url
                for one in answers
                if (known := before.get(one.url)) is not None and _facts(known) != _facts(one)
            ]
            rows = sorted({row for _, row in _uses(connection, news)})
            touched = self._touching(connection, rows)
            touched |= {feed.name for feed in self._feeds if pictures_of(feed) & set(news)}
            number = next_change(connection) if rows else 0
            for some in chunks(rows):
                connection.execute(delete(fragment).where(fragment.c.article_id.in_(some)))
                connection.execute(
                    update(article).where(article.c.id.in_(some)).values(changed=number)
                )
            self._mark(connection, touched, now)
        return bool(touched)


def pictures_of(feed: Feed) -> set[str]:
    """The pictures of a feed itself whose size its profile has rules on."""
    if feed.profile not in MEASURING:
        return set()
    return {url for url in (feed.image, feed.podcast.image if feed.podcast else None) if url}


# -- the queue -------------------------------------------------------------------------------------

# The rows are one parameter: to bind thousands costs more than to find them.
_SHOWN = """
    WITH shown (article_id, url, picture, lacking) AS (
        SELECT body.article_id, json_extract(one.value, '$[0]'),
            :pictures AND coalesce(json_extract(one.value, '$[1]'), 'image/') LIKE 'image/%',
            json_extract(one.value, '$[1]') IS NULL
                OR coalesce(json_extract(one.value, '$[2]'), 0) <= 0
        FROM json_each(:rows) AS wanted
        JOIN body ON body.article_id = wanted.value
        JOIN json_each(body.fields, '$.enclosures') AS one
        UNION ALL
        SELECT body.article_id, json_extract(body.fields, '$.image[0]'), 1, 0
        FROM json_each(:rows) AS wanted
        JOIN body ON body.article_id = wanted.value
        WHERE :pictures
    ),
    asked AS (
        SELECT * FROM shown
        WHERE (picture OR lacking) AND (url LIKE 'http://%' OR url LIKE 'https://%')
    )"""
_QUEUE = """
    INSERT INTO media (url, picture, retry_at)
    SELECT url, max(picture), :now FROM asked GROUP BY url
    ON CONFLICT (url) DO UPDATE SET picture = 1, retry_at = :now, failures = 0
    WHERE excluded.picture AND NOT media.picture"""
_USE = "INSERT OR IGNORE INTO media_use (url, article_id) SELECT url, article_id FROM asked"


def want(
    connection: Connection, feed: Feed | None, rows: Collection[int], now: datetime | None
) -> None:
    """Queue the media files of articles that a feed publishes, as far as nobody says all of them.

    What is queued or known already is not touched. Called in the transaction in which the articles
    enter the feed or are published anew.
    """
    own = sorted(pictures_of(feed)) if feed is not None else []
    if now is None or not (rows or own):
        return
    values = {
        "rows": json.dumps(sorted(rows)),
        "pictures": int(feed is not None and feed.profile in MEASURING),
        "now": seconds(now),
    }
    named = {"rows": values["rows"], "pictures": values["pictures"]}
    driver = connection.exec_driver_sql
    driver(_SHOWN + _QUEUE, values)
    driver(_SHOWN + _USE, named)
    if own:
        known = _known(connection, own)
        fresh = [url for url in own if url not in known]
        if fresh:
            connection.execute(
                insert(media),
                [{"url": url, "picture": True, "retry_at": values["now"]} for url in fresh],
            )
        unmeasured = [url for url in own if url in known and not known[url].picture]
        if unmeasured:
            connection.execute(
                update(media)
                .where(media.c.url.in_(unmeasured))
                .values(picture=True, retry_at=values["now"], failures=0)
            )


def _uses(
    connection: Connection, urls: Sequence[str], *, published: bool = False
) -> list[tuple[str, int]]:
    """Which articles show these files, of those that are in a feed if `published`."""
    query = (
        select(media_use.c.url, media_use.c.article_id)
        .join(body, body.c.article_id == media_use.c.article_id)
        # Not those that showed it before they were edited. In an address nothing needs to be
        # escaped for JSON.
        .where(func.instr(body.c.fields, '"' + media_use.c.url + '"') > 0)
    )
    if published:
        entry = media_use.c.article_id
        query = query.where(
            or_(
                select(membership.c.feed).where(membership.c.article_id == entry).exists(),
                select(place.c.feed).where(place.c.article_id == entry).exists(),
            )
        )
    found: list[tuple[str, int]] = []
    for some in chunks(urls):
        rows = connection.execute(query.where(media_use.c.url.in_(some)))
        found.extend((url, row) for url, row in rows)
    return found


# -- what is known ---------------------------------------------------------------------------------


def filled(connection: Connection, articles: Mapping[int, Article]) -> dict[int, Article]:
    """The articles with what servers said of their media where their sources do not say it."""
    urls = {url for one in articles.values() for url in _unsaid(one)}
    known = _known(connection, sorted(urls)) if urls else {}
    if not known:
        return dict(articles)
    return {row: _completed(one, known) for row, one in articles.items()}


def _unsaid(one: Article) -> Iterable[str]:
    if one.image is not None:
        yield one.image.url
    for enclosure in one.enclosures:
        picture = (enclosure.type or "image/").startswith("image/")
        if enclosure.type is None or not _stated(enclosure.length) or picture:
            yield enclosure.url


def _completed(one: Article, known: Mapping[str, Media]) -> Article:
    image, enclosures = one.image, one.enclosures
    if image is not None and (facts := known.get(image.url)) is not None:
        image = _measured(image, facts)
    if any(enclosure.url in known for enclosure in enclosures):
        enclosures = tuple(
            _told(enclosure, known[enclosure.url]) if enclosure.url in known else enclosure
            for enclosure in enclosures
        )
    return replace(one, image=image, enclosures=enclosures)


def _measured(image: Image, facts: Media) -> Image:
    return replace(image, width=facts.width, height=facts.height)


def _told(enclosure: Enclosure, facts: Media) -> Enclosure:
    return replace(
        enclosure,
        type=enclosure.type or facts.type,
        length=enclosure.length if _stated(enclosure.length) else facts.length,
        width=facts.width,
        height=facts.height,
    )


def _stated(length: int | None) -> bool:
    """Whether a source says the length; 0 and -1 is what programs write that do not know it."""
    return length is not None and length > 0


def _known(connection: Connection, urls: Sequence[str]) -> dict[str, Media]:
    found: dict[str, Media] = {}
    for some in chunks(urls):
        for row in connection.execute(select(*_COLUMNS).where(media.c.url.in_(some))):
            one = _media(row)
            found[one.url] = one
    return found


def _media(row: Sequence[object]) -> Media:
    one = Media._make(row)
    return one._replace(picture=bool(one.picture), retry_at=moment(one.retry_at))  # type: ignore[arg-type]


def _facts(one: Media) -> tuple[object, ...]:
    return tuple(getattr(one, name) for name in _FACTS)
