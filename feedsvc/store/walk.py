"""The walk through a feed's articles, newest first, until it has enough of them.

Only narrow rows are read, some at a time. What counts beside the rules is decided here: each id
once, one of those that tell the same, so many of each source.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Select, Text, bindparam, func, select

from feedsvc.settings import Feed
from feedsvc.store.rules import came_before, conditions, is_behind, shown_at
from feedsvc.store.schema import article, source
from feedsvc.store.searched import Seen
from feedsvc.store.words import fitting, texts
from feedsvc.text.alike import Alike

_SPARE = 20  # rows read at first beside those that are wanted
_MOST = 1_000  # rows read at a time
_ROUNDS = 100  # more than a feed of any use needs; copies of copies could go round for ever

_BEFORE_ALL = {"released": 2**62, "guid": "", "row": 0}


class Spot(NamedTuple):
    """An article, and what places it."""

    row: int
    source: int
    guid: str
    seen: bytes
    released: int
    published: int

    @property
    def place(self) -> tuple[int, int, str, int]:
        """Where in the order of its source it stands."""
        return (self.source, self.released, self.guid, self.row)


@dataclass(slots=True)
class Walk:
    """What a walk came upon."""

    chosen: dict[int, Spot] = field(default_factory=dict)  # `offset` and `limit` of them, by row
    twins: dict[int, int] = field(default_factory=dict)  # copies of a text -> what stands for them
    displaced: set[int] = field(default_factory=set)  # copies that stood here until that came
    full: dict[int, Spot] = field(default_factory=dict)  # sources with all they may have: the last
    oldest: int | None = None  # when the oldest of those that matter was published
    last: Spot | None = None


def choose(connection: Connection, feed: Feed, at: int, without: Collection[int] = ()) -> Walk:
    """The articles of a feed at a moment, and what else decided about them.

    An article of a source that has had its share is not in the feed, so that it stands for nobody:
    its copy elsewhere steps in, takes a place of that source, and so on until nothing moves.
    """
    left_out, twins, beyond = set(without), dict[int, int](), "[]"
    for _ in range(_ROUNDS):
        walk = _walk(connection, feed, at, left_out, beyond)
        twins |= walk.twins
        if not feed.max_per_source:
            break
        if walk.displaced:
            # A copy that gave way had taken a place of its source, which is another one's: once
            # more, without it.
            left_out |= walk.displaced
            beyond = "[]"
            continue
        shares = json.dumps(sorted(spot.place for spot in walk.full.values()))
        if feed.dedupe == "none" or shares == beyond:
            break
        beyond = shares
    walk.twins = {copy: _stands(copy, twins) for copy in twins}
    return walk


def _stands(copy: int, twins: dict[int, int]) -> int:
    """What stands for a copy in the end."""
    while copy in twins:
        copy = twins[copy]
    return copy


def _walk(
    connection: Connection, feed: Feed, at: int, without: Collection[int], beyond: str
) -> Walk:
    walk = Walk()
    alike = Alike() if feed.dedupe == "text" else None
    wanted = feed.offset + feed.limit
    guids: set[str] = set()
    shares: Counter[int] = Counter()
    for spot, text in _newest_first(connection, feed, at, without, beyond, walk):
        if spot.guid in guids or spot.source in walk.full:
            continue
        walk.oldest = spot.published if walk.oldest is None else min(walk.oldest, spot.published)
        walk.last = spot
        twin = None if alike is None else alike.add(spot.row, str(spot.source), text)
        if twin is not None and twin < spot.row:
            walk.twins[spot.row] = twin
            continue
        if twin is not None:
            # The one that was there first stands for both, at its own place.
            del walk.chosen[twin]
            walk.twins[twin] = spot.row
            walk.displaced.add(twin)
        guids.add(spot.guid)
        walk.chosen[spot.row] = spot
        shares[spot.source] += 1
        if shares[spot.source] == feed.max_per_source:
            walk.full[spot.source] = spot
        if len(walk.chosen) == wanted:
            break
    return walk


def _newest_first(
    connection: Connection,
    feed: Feed,
    at: int,
    without: Collection[int],
    beyond: str,
    walk: Walk,
) -> Iterator[tuple[Spot, str]]:
    """The articles that fulfil the rules, and their text if it is to be compared.

    Sources that `walk` knows to be full are passed over.
    """
    query, after = _query(feed), dict[str, Any](_BEFORE_ALL)
    size = feed.offset + feed.limit + _SPARE
    while True:
        size = min(size, _MOST)
        asked = {
            "at": at, "size": size, "beyond": beyond, "without": json.dumps(sorted(without)),
            "full": json.dumps(sorted(walk.full)), **after,
        }  # fmt: skip
        spots = [Spot(*row) for row in connection.execute(query, asked)]
        fit = fitting(connection, feed, [Seen(spot.row, spot.seen) for spot in spots])
        told = texts(connection, sorted(fit)) if feed.dedupe == "text" else {}
        for spot in spots:
            if spot.row in fit:
                yield spot, told.get(spot.row, "")
        if len(spots) < size:
            return
        last = spots[-1]
        after = {"released": last.released, "guid": last.guid, "row": last.row}
        size *= 2


@lru_cache(maxsize=1_000)
def _query(feed: Feed) -> Select[Any]:
    at = bindparam("at", type_=Integer)
    asked = [
        *conditions(feed),
        *shown_at(feed, at),
        article.c.id.not_in(_listed("without")),
        article.c.source_id.not_in(_listed("full")),
        is_behind(article, bindparam("released"), bindparam("guid"), bindparam("row")),
    ]
    if feed.dedupe != "none":
        asked.append(~_originals(feed).exists())
    return (
        select(
            article.c.id, article.c.source_id, article.c.guid, article.c.seen,
            article.c.released, article.c.published,
        )
        .join(source, source.c.id == article.c.source_id)
        .where(*asked)
        .order_by(article.c.released.desc(), article.c.guid, article.c.id)
        .limit(bindparam("size", type_=Integer))
    )  # fmt: skip


def _originals(feed: Feed) -> Select[Any]:
    at = bindparam("at", type_=Integer)
    beyond = bindparam("beyond", type_=Text) if feed.max_per_source else None
    return came_before(feed, at, _listed("without"), beyond)


def _listed(name: str) -> Select[Any]:
    # One parameter: to bind many rows costs more than to find them.
    return select(func.json_each(bindparam(name)).table_valued("value", name=name).c.value)


def oldest_original(
    connection: Connection, feed: Feed, at: int, walk: Walk, without: Collection[int]
) -> int | None:
    """When the oldest article was published that keeps a copy of it from being in the feed.

    It may be too far behind to be in the feed itself; when it gets too old, its copy steps in.
    """
    if feed.dedupe == "none" or walk.last is None:
        return None
    originals = came_before(feed, at, without)
    published = originals.with_only_columns(func.min(originals.selected_columns.published))
    query = (
        select(func.min(published.correlate(article).scalar_subquery()))
        .join(source, source.c.id == article.c.source_id)
        .where(
            *conditions(feed), *shown_at(feed, at), article.c.released >= walk.last.released,
            article.c.canon.is_not(None),
        )
    )  # fmt: skip
    found: int | None = connection.execute(query).scalar()
    return found
