"""Where articles stand in the archives of feeds: the questions that `archive.py` asks.

Each is put together once for each feed and then only given its values: to say one in SQLAlchemy
takes ten times as long as SQLite needs to answer it. None goes through all that stands in an
archive.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    union,
)

from feedsvc.ports import Member
from feedsvc.settings import Feed
from feedsvc.store import selection
from feedsvc.store.schema import archive_page, article, body, place, source
from feedsvc.store.words import asks_words

_AT = bindparam("at", type_=Integer)
_NEVER = 2**62

_first = article.alias("first_one")
"""The article of an id that got a position."""


def _listed(name: str) -> Select[Any]:
    # One parameter: to bind thousands costs more than to find them.
    return select(func.json_each(bindparam(name)).table_valued("value", name=name).c.value)


# -- the last position -----------------------------------------------------------------------------

_LAST = select(func.max(place.c.position)).where(place.c.feed == bindparam("feed"))


def last_place(connection: Connection, feed: str) -> int:
    """The position of the newest article of a feed; 0 for none."""
    return connection.execute(_LAST, {"feed": feed}).scalar() or 0


# -- what changed ----------------------------------------------------------------------------------


def news(connection: Connection, since: int, looked: int | None, at: int) -> list[int]:
    """The articles that changed, by a change or by time, and those of the same story or id.

    When one goes or comes, another that says the same may come or go, and then one of that one's id
    stands in its place.
    """
    asked = {"since": since, "looked": looked or 0, "at": at}
    rows = set(connection.execute(_CHANGED, asked).scalars())
    for alike in (_ALIKE, _SAME_ID):
        rows.update(connection.execute(alike, {"rows": json.dumps(sorted(rows))}).scalars())
    return sorted(rows)


def _changed() -> CompoundSelect[Any]:
    passed = [
        and_(column > bindparam("looked", type_=Integer), column <= _AT)
        for column in (article.c.due, article.c.expires)
    ]
    changed = article.c.changed > bindparam("since", type_=Integer)
    return union(*(select(article.c.id).where(when) for when in (changed, *passed)))


def _same_id() -> Select[Any]:
    one, other = article.alias("one"), article.alias("other")
    same_id = select(other.c.id).join(one, one.c.guid == other.c.guid)
    return same_id.where(one.c.id.in_(_listed("rows")))


def _alike() -> CompoundSelect[Any]:
    one, other = article.alias("one"), article.alias("other")
    same_story = select(other.c.id).join(one, one.c.canon == other.c.canon)
    return same_story.where(one.c.id.in_(_listed("rows")), one.c.canon.is_not(None)).union(
        _same_id()
    )


_CHANGED = _changed()
_ALIKE, _SAME_ID = _alike(), _same_id()

# `|| ''` keeps SQLite from going through all places of the feed, to find a few articles there.
_SPOTS = select(place.c.position).where(
    place.c.feed.concat("") == bindparam("feed"), place.c.article_id.in_(_listed("rows"))
)


def spots(connection: Connection, feed: str, rows: Sequence[int]) -> list[int]:
    """The positions of some articles in a feed."""
    asked = {"feed": feed, "rows": json.dumps(rows)}
    return sorted(connection.execute(_SPOTS, asked).scalars())


_BUILT = select(archive_page.c.number).where(archive_page.c.feed == bindparam("feed"))
_HOW_MANY_BUILT = _BUILT.with_only_columns(func.count())


def unbuilt(connection: Connection, feed: str, closed: int) -> set[int]:
    """The pages that have closed and could not go out then: a disk was full, a run was killed."""
    asked = {"feed": feed}
    if connection.execute(_HOW_MANY_BUILT, asked).scalar() == closed:
        return set()
    return set(range(1, closed + 1)) - set(connection.execute(_BUILT, asked).scalars())


# -- who enters ------------------------------------------------------------------------------------


def newcomers(connection: Connection, feed: Feed, at: int, rows: Sequence[int] | None) -> list[int]:
    """The articles that belong to the feed and whose id has no position yet, oldest first.

    Of two with one id, the one that comes first gets it, for both.
    """
    asked: dict[str, Any] = {"at": at, "without": "[]"}
    if rows is not None:
        asked["rows"] = json.dumps(rows)
    found: dict[str, int] = {}
    for row in connection.execute(_newcomers(feed, some=rows is not None), asked).mappings():
        if selection.words_fit(feed, dict(row)):
            found.setdefault(row["guid"], row["id"])
    return list(found.values())


@lru_cache(maxsize=1_000)
def _newcomers(feed: Feed, *, some: bool) -> Select[Any]:
    # `|| ''` keeps SQLite from going through all places of the feed for each article.
    has_place = exists().where(
        place.c.feed.concat("") == feed.name,
        place.c.article_id == _first.c.id,
        _first.c.guid == article.c.guid,
    )
    query = select(article.c.id, article.c.guid, article.c.seen, article.c.title).join(
        source, source.c.id == article.c.source_id
    )
    if asks_words(feed):
        query = query.join(body, body.c.article_id == article.c.id)
        query = query.add_columns(body.c.summary, body.c.html)
    if some:
        query = query.where(article.c.id.in_(_listed("rows")))
    return (
        query.where(*_belongs(feed), ~has_place)
        .order_by(article.c.released, article.c.guid, article.c.id)
        .execution_options(yield_per=500)
    )


def _belongs(feed: Feed) -> list[Any]:
    wanted = [*selection.conditions(feed), *selection.shown_at(feed, _AT)]
    if feed.dedupe != "none":
        wanted += selection.first_of_its_kind(feed, _AT, _listed("without"))
    return wanted


# -- who stands where ------------------------------------------------------------------------------


def on_page(
    connection: Connection,
    feed: Feed,
    at: int,
    page: tuple[int, int],
    without: Collection[int],
) -> list[Member]:
    """The articles from one position to another that belong to the feed now, newest first."""
    asked = {"first": page[0], "last": page[1]}
    found = _members(connection, _on_page(feed), feed, at, asked, without)
    return selection.with_copies(connection, feed, at, found)


def still_open(
    connection: Connection,
    feed: Feed,
    at: int,
    closed: int,
    oldest: int | None,
    known: Collection[int],
    without: Collection[int],
) -> list[Member]:
    """The articles behind the position `closed`, and those that were corrected after `oldest`.

    Without those that are `known`, and without the copies that they stand for.
    """
    asked = {
        "closed": closed,
        "oldest": _NEVER if oldest is None else oldest,
        "known": json.dumps(sorted(known)),
    }
    return _members(connection, _still_open(feed), feed, at, asked, without)


@lru_cache(maxsize=1_000)
def _on_page(feed: Feed) -> Select[Any]:
    between = place.c.position.between(bindparam("first"), bindparam("last"))
    return _placed(feed, place.c.feed == feed.name).where(between)


@lru_cache(maxsize=1_000)
def _still_open(feed: Feed) -> Select[Any]:
    # One list of rows, each half of it by an index; and `|| ''` keeps SQLite from starting at the
    # places. Else it would go through the whole archive.
    one, other = article.alias("one"), article.alias("other")
    behind = (
        select(other.c.id)
        .join(one, one.c.guid == other.c.guid)
        .join(place, place.c.article_id == one.c.id)
        .where(place.c.feed == feed.name, place.c.position > bindparam("closed"))
    )
    corrected = select(one.c.id).where(
        one.c.updated > bindparam("oldest", type_=Integer), one.c.updated > one.c.released
    )
    mine = place.c.feed.concat("") == feed.name
    others = article.c.id.not_in(_listed("known"))
    return _placed(feed, mine).where(article.c.id.in_(union(behind, corrected)), others)


def _placed(feed: Feed, mine: ColumnElement[bool]) -> Select[Any]:
    # A position is that of an id: when the article has gone that got it, another one of the same id
    # stands in its place, and makes way when it is back.
    return (
        selection.member_query(feed)
        .join(_first, _first.c.guid == article.c.guid)
        .join(place, and_(place.c.article_id == _first.c.id, mine))
        .where(*_belongs(feed))
        .order_by(
            place.c.position.desc(), article.c.id != _first.c.id,
            article.c.released.desc(), article.c.id,
        )
    )  # fmt: skip


def _members(
    connection: Connection,
    query: Select[Any],
    feed: Feed,
    at: int,
    asked: dict[str, Any],
    without: Collection[int],
) -> list[Member]:
    """What a query finds, each id once."""
    asked = {"at": at, "without": json.dumps(sorted(without)), **asked}
    found: list[Member] = []
    guids: set[str] = set()
    for row in connection.execute(query, asked).mappings():
        fits = row["id"] not in without and row["guid"] not in guids
        if fits and selection.words_fit(feed, dict(row)):
            guids.add(row["guid"])
            found.append(selection.member(dict(row)))
    return found
