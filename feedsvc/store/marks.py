"""The dirty marks: which feeds an article touches, noted in the transaction that changes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from feedsvc.settings import Feed
from feedsvc.store.schema import article, facet, feed, label
from feedsvc.store.selection import matches_any


class Marks:
    """Marks feeds as touched; both halves of stage 1 stand on it."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def _touching(self, connection: Connection, rows: Sequence[int]) -> set[str]:
        """The feeds that one of the articles belongs to, as things stand in this transaction."""
        found = [one for one in self._feeds if rows and matches_any(connection, one, rows)]
        groups = [one for one in found if one.per is not None]
        waiting = {name for one in groups for name in _waiting(connection, one, rows)}
        return {one.name for one in found} | waiting

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


def _waiting(connection: Connection, group: Feed, rows: Sequence[int]) -> Iterable[str]:
    """The feeds of a group that wait for a moment which one of the articles may have set.

    When its word is another by then, or it was purged, nothing else tells that they need not.
    """
    asked = {"group": group.name, "kind": group.per, "rows": json.dumps(rows)}
    return connection.execute(_waiting_query(), asked).scalars()


@lru_cache(maxsize=1)
def _waiting_query() -> Select[Any]:
    wanted = func.json_each(bindparam("rows")).table_valued("value")
    timed = or_(article.c.due.is_not(None), article.c.expires.is_not(None))
    return (
        select(feed.c.name)
        .select_from(article)
        .join(label, label.c.article_id == article.c.id)
        .join(facet, facet.c.word == label.c.word)
        .join(feed, feed.c.name == facet.c.feed.concat("/").concat(facet.c.slug))
        .where(
            article.c.id.in_(select(wanted.c.value)), timed, label.c.kind == bindparam("kind"),
            facet.c.feed == bindparam("group"), feed.c.next_change.is_not(None),
        )
        .distinct()
    )  # fmt: skip
