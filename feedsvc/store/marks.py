"""The dirty marks: which feeds an article touches, noted in the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import (
    Connection,
    Engine,
    insert,
    select,
    update,
)

from feedsvc.settings import Feed
from feedsvc.store.schema import feed
from feedsvc.store.selection import matches_any


class Marks:
    """Marks feeds as touched; both halves of stage 1 stand on it."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def _touching(self, connection: Connection, rows: Sequence[int]) -> set[str]:
        """The feeds that one of the articles belongs to, as things stand in this transaction."""
        return {
            definition.name
            for definition in self._feeds
            if rows and matches_any(connection, definition, rows)
        }

    def _mark(self, connection: Connection, names: Iterable[str], now: datetime) -> None:
        """Mark feeds as touched at `now`, for stage 2.

        A mark always moves: a build that has read the last one must not clear it when it ends,
        since it has not seen what was written meanwhile, perhaps within the same second.
        """
        at = int(now.timestamp())
        query = select(feed.c.name, feed.c.touched)
        marked = {name: touched for name, touched in connection.execute(query)}  # noqa: C416
        for name in sorted(names):
            if name not in marked:
                connection.execute(
                    insert(feed).values(
                        name=name,
                        touched=at,
                        fingerprint=b"",
                        content=b"",
                        entries=0,
                        left_out="[]",
                    )
                )
                continue
            last = marked[name]
            moved = at if last is None or last < at else last + 1
            connection.execute(update(feed).where(feed.c.name == name).values(touched=moved))
