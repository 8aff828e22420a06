"""What the sitemaps list: pages of articles, and articles whose own page is on our host.

A part of the list holds the articles of a range of rows. So a change concerns one part, wherever
its article stands among the others, and a usual build reads the rows of that part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, or_, select

from feedsvc.ports import Audience, Listed
from feedsvc.store.engine import reading
from feedsvc.store.pages import next_event, passed, taken, takes_all, visible
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
        minted = select(_part(slug.c.article_id)).where(slug.c.changed > since).distinct()
        with reading(self._engine) as connection:
            number = last_change(connection)
            parts = set(connection.execute(minted).scalars())
            for when in (article.c.changed > since, *passed(looked, now)):
                query = select(_part(article.c.id)).where(when).distinct()
                parts.update(connection.execute(query).scalars())
        return number, sorted(parts)

    def sitemap_parts(self) -> int:
        """How many parts there are by now."""
        with reading(self._engine) as connection:
            last: int = connection.execute(select(func.max(article.c.id))).scalar() or 0
        return -(-last // PART)

    def next_sitemap_event(self, now: datetime) -> datetime | None:
        """The next moment at which time lets an article appear or go."""
        with reading(self._engine) as connection:
            return next_event(connection, now)

    def listed(self, part: int, audience: Audience, now: datetime) -> list[Listed]:
        """The addresses of a part, in the order in which their articles were stored."""
        mine = article.c.id.between((part - 1) * PART + 1, part * PART)
        query = _listed(audience, now, mine).order_by(article.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            return list(_public(connection, audience, rows))

    def listed_since(
        self, since: datetime, audience: Audience, now: datetime, *, most: int
    ) -> list[Listed]:
        """The addresses of the newest articles that were published after `since`, at most so many.

        Newest first.
        """
        after = int(since.timestamp())
        # Nothing is released before it is published: the second one only lets the index be used.
        recent = and_(article.c.published > after, article.c.released > after)
        query = _listed(audience, now, recent).order_by(
            article.c.published.desc(), article.c.id.desc()
        )
        found: list[Listed] = []
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            for start in range(0, len(rows), most):
                found.extend(_public(connection, audience, rows[start : start + most]))
                if len(found) >= most:
                    break
        return found[:most]


def _part(row: ColumnElement[int]) -> ColumnElement[int]:
    return (row + (PART - 1)) // PART


def _listed(audience: Audience, now: datetime, *which: ColumnElement[bool]) -> Select[Any]:
    """What may be listed: shown now, and with a page of ours or one on our host."""
    ours = article.c.link.startswith(f"{audience.origin}/", autoescape=True)
    addressed = [ours]
    if audience.pages:
        addressed.append(and_(article.c.link.is_(None), slug.c.slug.is_not(None)))
    return (
        select(
            article.c.id, article.c.link, slug.c.slug, article.c.title, article.c.language,
            article.c.published, article.c.updated,
        )
        .outerjoin(slug, and_(slug.c.article_id == article.c.id, slug.c.current))
        .where(*visible(int(now.timestamp())), or_(*addressed), *which)
    )  # fmt: skip


def _public(
    connection: Connection, audience: Audience, rows: Sequence[Row[Any]]
) -> Iterator[Listed]:
    """Those that anybody may know of.

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
        # LIKE knows no case, and addresses do.
        if row.id in hidden or not (row.link is None or row.link.startswith(audience.origin)):
            continue
        url = row.link or f"{audience.base}/a/{row.slug}/"
        if len(url) > _LONGEST:
            continue
        yield Listed(
            row=row.id,
            url=url,
            title=row.title,
            language=row.language,
            published=instant(row.published),
            updated=instant(row.updated),
        )
