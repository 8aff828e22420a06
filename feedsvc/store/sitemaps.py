"""What the sitemaps list: pages of articles, and articles whose own page is on our host.

A part of the list holds the articles of a range of rows. So a change concerns one part, wherever
its article stands among the others, and a usual build reads the rows of that part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from feedsvc.ports import Audience, Listed
from feedsvc.store.engine import reading
from feedsvc.store.pages import (
    CHANGED,
    VISIBLE,
    events,
    next_event,
    span,
    taken,
    takes_all,
)
from feedsvc.store.rows import instant
from feedsvc.store.schema import article, slug
from feedsvc.store.writing import last_change

PART = 250
"""Articles of a part: each change writes one anew, so that it is smaller than it might be."""

_LONGEST = 2_047  # characters of an address, sitemaps.org: less than 2,048


class Sitemaps:
    """What is asked about the lists for search engines."""

    _engine: Engine

    def sitemap_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the parts of the list that may differ, from 1.

        Those hold the articles with a change after the number `since`, and those that fell due or
        expired after `looked`.
        """
        asked = {"since": since, **span(looked, now)}
        with reading(self._engine) as connection:
            number = last_change(connection)
            parts = set(connection.execute(_MINTED, asked).scalars())
            for query in _NEWS:
                parts.update(connection.execute(query, asked).scalars())
        return number, sorted(parts)

    def sitemap_parts(self) -> int:
        """How many parts there are by now."""
        with reading(self._engine) as connection:
            last: int = connection.execute(_LAST).scalar() or 0
        return -(-last // PART)

    def next_sitemap_event(self, now: datetime) -> datetime | None:
        """The next moment at which time lets an article appear or go."""
        with reading(self._engine) as connection:
            return next_event(connection, now, _EVENTS)

    def addresses(self, part: int, audience: Audience, now: datetime) -> list[tuple[str, int]]:
        """The addresses of a part, in the order in which their articles were stored.

        Each with when its article was updated, in seconds: hundreds are read for one that changed.
        """
        asked = {
            "first": (part - 1) * PART + 1, "last": part * PART, "at": int(now.timestamp()),
        }  # fmt: skip
        with reading(self._engine) as connection:
            rows = connection.execute(_of_part(audience.origin, audience.pages), asked).all()
            return [(url, row.updated) for row, url in _public(connection, audience, rows)]

    def listed_since(
        self, since: datetime, audience: Audience, now: datetime, *, most: int
    ) -> list[Listed]:
        """The addresses of the newest articles that were published after `since`, at most so many.

        Newest first.
        """
        asked = {"since": int(since.timestamp()), "at": int(now.timestamp())}
        found: list[Listed] = []
        with reading(self._engine) as connection:
            rows = connection.execute(_recent(audience.origin, audience.pages), asked).all()
            for start in range(0, len(rows), most):
                some = _public(connection, audience, rows[start : start + most])
                found.extend(_listing(row, url) for row, url in some)
                if len(found) >= most:
                    break
        return found[:most]


def _part(row: ColumnElement[int]) -> ColumnElement[int]:
    return (row + (PART - 1)) // PART


_MINTED = (
    select(_part(slug.c.article_id))
    .where(slug.c.changed > bindparam("since", type_=Integer))
    .distinct()
)
_NEWS = tuple(select(_part(article.c.id)).where(when).distinct() for when in CHANGED)
_LAST = select(func.max(article.c.id))
_EVENTS = events()


@lru_cache(maxsize=8)
def _of_part(origin: str, pages: bool) -> Select[Any]:
    mine = article.c.id.between(bindparam("first"), bindparam("last"))
    told = (article.c.id, article.c.link, slug.c.slug, article.c.updated)
    query = _listed(origin, pages).with_only_columns(*told, maintain_column_froms=True)
    return query.where(mine).order_by(article.c.id)


@lru_cache(maxsize=8)
def _recent(origin: str, pages: bool) -> Select[Any]:
    since = bindparam("since", type_=Integer)
    return (
        _listed(origin, pages)
        # Nothing is released before it is published: the second one only lets the index be used.
        .where(article.c.published > since, article.c.released > since)
        .order_by(article.c.published.desc(), article.c.id.desc())
    )


def _listed(origin: str, pages: bool) -> Select[Any]:
    """What may be listed: shown now, and with a page of ours or one on our host."""
    ours = article.c.link.startswith(f"{origin}/", autoescape=True)
    addressed = [ours]
    if pages:
        addressed.append(and_(article.c.link.is_(None), slug.c.slug.is_not(None)))
    return (
        select(
            article.c.id, article.c.link, slug.c.slug, article.c.title, article.c.language,
            article.c.published, article.c.updated,
        )
        .outerjoin(slug, and_(slug.c.article_id == article.c.id, slug.c.current))
        .where(*VISIBLE, or_(*addressed))
    )  # fmt: skip


def _public(
    connection: Connection, audience: Audience, rows: Sequence[Row[Any]]
) -> Iterator[tuple[Row[Any], str]]:
    """Those that anybody may know of, with their addresses.

    A page stays when its article has left all feeds; but what only private feeds would take now is
    nobody else's business. An article with a link has to belong to a public feed.
    """
    unknown = set() if any(map(takes_all, audience.public)) else {row.id for row in rows}
    for feed in audience.public:
        if unknown:
            unknown -= taken(connection, feed, sorted(unknown))
    hidden = {row.id for row in rows if row.link is not None} & unknown
    unknown -= hidden
    for feed in audience.private:
        if unknown:
            found = taken(connection, feed, sorted(unknown))
            hidden |= found
            unknown -= found
    for row in rows:
        number, link, name = row.id, row.link, row.slug
        # LIKE knows no case, and addresses do.
        if number in hidden or not (link is None or link.startswith(audience.origin)):
            continue
        # What stands behind `#` is a place on the page, and no page of its own.
        url = link.partition("#")[0] if link else f"{audience.base}/a/{name}/"
        if len(url) <= _LONGEST:
            yield row, url


def _listing(row: Row[Any], url: str) -> Listed:
    return Listed(
        row=row.id,
        url=url,
        title=row.title,
        language=row.language,
        published=instant(row.published),
        updated=instant(row.updated),
    )
