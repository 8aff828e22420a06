"""Which articles a feed holds now, and when time alone will change them.

    rules.py   what is asked of an article, in SQL      words.py    what is asked of its words
    copies.py  the copies that a member stands for

Those are for everyone who fills a document: `members` here, the pages of `archive.py`. Articles are
walked through newest first, as narrow rows, until a feed is full; only what was chosen is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, or_, select

from feedsvc.ports import Member, Selection
from feedsvc.settings import Feed
from feedsvc.store.copies import copies_of, credited
from feedsvc.store.rows import instant, moment
from feedsvc.store.rules import conditions, first_of_its_kind, shown_at
from feedsvc.store.schema import article, body, slug, source
from feedsvc.store.searched import Seen
from feedsvc.store.walk import Walk, choose, oldest_original
from feedsvc.store.words import asks_words, fitting, is_open, words_fit

__all__ = [
    "conditions", "first_of_its_kind", "matches_any", "member", "member_query", "members",
    "shown_at", "with_copies", "words_fit",
]  # fmt: skip

_FEW = 50  # articles whose words are looked at before a feed is marked as touched


def matches_any(connection: Connection, feed: Feed, rows: Sequence[int]) -> bool:
    """Whether one of the articles could be in the feed, now or at another time.

    Of many, the words are taken as met; and of those that wait or expire, as `soonest` takes them:
    else a feed would go on waiting for what has gone, or not wait for what has come.
    """
    found = connection.execute(_matching(feed), {"rows": json.dumps(rows)}).all()
    if not asks_words(feed) or len(found) > _FEW or any(row.timed for row in found):
        return bool(found)
    asked = [Seen(row.id, row.seen) for row in found]
    # Of one on whose words an expression takes too long, the build tells.
    return bool(fitting(connection, feed, asked)) or any(is_open(feed, one) for one in asked)


@lru_cache(maxsize=1_000)
def _matching(feed: Feed) -> Select[Any]:
    # The rows are one parameter: to bind thousands costs more than to find them.
    wanted = func.json_each(bindparam("rows")).table_valued("value")
    timed = or_(article.c.due.is_not(None), article.c.expires.is_not(None)).label("timed")
    return (
        select(article.c.id, article.c.seen, timed)
        .join(source, source.c.id == article.c.source_id)
        .where(article.c.id.in_(select(wanted.c.value)), *conditions(feed))
        .limit(_FEW + 1 if asks_words(feed) else 1)
    )


def members(
    connection: Connection, feed: Feed, now: datetime, *, without: Collection[int] = ()
) -> Selection:
    """The feed's articles at `now`, newest first, each id once, and when time will change them.

    The rows `without` count as not there: they take no place and no id from another.
    """
    at = int(now.timestamp())
    walk = choose(connection, feed, at, without)
    chosen = _read(connection, feed, walk)
    copies = copies_of(connection, feed, at, chosen, without=without, twins=walk.twins)
    published = [walk.oldest, *(copy.published for copy in copies)]
    if feed.since:
        published.append(oldest_original(connection, feed, at, walk, without))
    return Selection(
        members=tuple(credited(chosen, copies)),
        next_change=_next_change(connection, feed, at, published),
    )


def _read(connection: Connection, feed: Feed, walk: Walk) -> list[Member]:
    """What was chosen, in the order in which it was."""
    rows = list(walk.chosen)[feed.offset :]
    wanted = func.json_each(bindparam("rows")).table_valued("value")
    query = _member_query().where(article.c.id.in_(select(wanted.c.value)))
    found = connection.execute(query, {"rows": json.dumps(rows)}).mappings()
    read = {row["id"]: member(dict(row)) for row in found}
    return [read[row] for row in rows]


def with_copies(
    connection: Connection, feed: Feed, at: int, chosen: Sequence[Member]
) -> list[Member]:
    """The members, each with the copies it stands for (`Member.via`)."""
    return credited(chosen, copies_of(connection, feed, at, chosen))


# -- members -------------------------------------------------------------------------------------


def member_query(feed: Feed) -> Select[Any]:
    """The query whose rows `member` and `words_fit` read; it lacks only which ones, and the order.

    Used by whoever fills a document with what stands in certain places: the pages of `archive.py`.
    """
    query = _member_query()
    return query.add_columns(body.c.summary, body.c.html) if asks_words(feed) else query


@lru_cache(maxsize=1)
def _member_query() -> Select[Any]:
    page = (
        select(slug.c.slug)
        .where(slug.c.article_id == article.c.id, slug.c.current.is_(True))
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            article.c.id, article.c.guid, article.c.seen, article.c.title, article.c.link,
            article.c.published, article.c.updated, article.c.released, article.c.language,
            source.c.name.label("source"),
            func.json_extract(body.c.fields, "$.origin.title").label("origin"),
            page.label("slug"),
        )
        .join(source, source.c.id == article.c.source_id)
        .join(body, body.c.article_id == article.c.id)
    )  # fmt: skip


def member(row: Mapping[str, Any]) -> Member:
    """The member of a row of `member_query`."""
    return Member(
        row=row["id"],
        source=row["source"],
        guid=row["guid"],
        seen=row["seen"],
        title=row["title"],
        link=row["link"],
        published=instant(row["published"]),
        updated=instant(row["updated"]),
        released=instant(row["released"]),
        language=row["language"],
        origin=row["origin"],
        slug=row["slug"],
    )


# -- time ----------------------------------------------------------------------------------------


def _next_change(
    connection: Connection, feed: Feed, at: int, published: Sequence[int | None]
) -> datetime | None:
    """The earliest moment at which an article falls due or expires, or one gets too old.

    `published` are the times of those whose age matters.
    """
    moments: list[int | None] = [
        connection.execute(soonest(feed, column), {"at": at}).scalar()
        for column in ("due", "expires")
    ]
    if feed.since:
        age = int(feed.since.total_seconds())
        moments += [one + age for one in published if one is not None]
    return moment(min((one for one in moments if one is not None), default=None))


@lru_cache(maxsize=2_000)
def soonest(feed: Feed, column: str) -> Select[Any]:
    """The query for the next moment at which an article of a feed falls due, or expires.

    Whatever its words are: to read those of all that wait would take long, and a build too many
    finds nothing to write.
    """
    return (
        select(func.min(article.c[column]))
        # `+ 0` keeps SQLite from going through all articles of a source: few are due later, and
        # the index on the column finds those.
        .join(source, source.c.id == article.c.source_id + 0)
        .where(article.c[column] > bindparam("at", type_=Integer), *conditions(feed))
    )
