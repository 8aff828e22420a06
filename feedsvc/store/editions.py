"""What the editions of a digest are made of, and when they last were others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select
from sqlalchemy.types import Integer

from feedsvc.ports import Edition, Released
from feedsvc.settings import Feed
from feedsvc.store.engine import reading, writing
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.rules import conditions, first_of_its_kind, shown_at
from feedsvc.store.schema import article, edition, source
from feedsvc.store.searched import Seen
from feedsvc.store.words import fitting, texts
from feedsvc.text.alike import Alike

_AT_ONCE = 200  # rows looked at together


class EditionStore:
    """The articles of digests, as narrow rows, and the memory of their editions."""

    _engine: Engine

    def released(self, feed: Feed, now: datetime) -> Iterator[Released]:
        """The articles that a feed's rules choose, newest first, each id once.

        Read as they are asked for: whoever has enough leaves the rest. How old they are, and how
        many of a source there may be, is for the caller to say.
        """
        at = int(now.timestamp())
        wanted = [*conditions(feed), *shown_at(feed, at)]
        if feed.dedupe != "none":
            wanted += first_of_its_kind(feed, at, ())
        columns = (
            article.c.id, article.c.seen, source.c.name, article.c.guid, article.c.title,
            article.c.link, article.c.updated, article.c.released,
        )  # fmt: skip
        query = (
            select(*columns)
            .join(source, source.c.id == article.c.source_id)
            .where(*wanted)
            .order_by(article.c.released.desc(), article.c.guid, article.c.id)
        )
        alike = Alike() if feed.dedupe == "text" else None
        guids: set[str] = set()
        with reading(self._engine) as connection:
            result = connection.execute(query.execution_options(yield_per=_AT_ONCE))
            try:
                for rows in result.partitions():
                    fit = fitting(connection, feed, [Seen(row.id, row.seen) for row in rows])
                    told = texts(connection, sorted(fit)) if alike is not None else {}
                    for row in rows:
                        if row.id not in fit or row.guid in guids:
                            continue
                        twin = alike.add(row.id, row.name, told.get(row.id, "")) if alike else None
                        if twin is not None and twin < row.id:
                            continue
                        guids.add(row.guid)
                        yield _released(row, twin)
            finally:
                result.close()

    def next_release(self, feed: Feed, now: datetime) -> tuple[datetime | None, datetime | None]:
        """When the next article of a feed falls due, and when the next one expires."""
        with reading(self._engine) as connection:
            at = {"at": int(now.timestamp())}
            return _soonest(connection, feed, "due", at), _soonest(connection, feed, "expires", at)

    def editions(self, feed: str) -> dict[str, Edition]:
        """What is remembered of the editions of a feed, by the names of their periods."""
        query = select(edition).where(edition.c.feed == feed)
        with reading(self._engine) as connection:
            return {
                row["period"]: Edition(row["period"], instant(row["updated"]), row["content"])
                for row in connection.execute(query).mappings()
            }

    def keep_editions(self, feed: str, editions: Sequence[Edition]) -> None:
        """Remember editions as they are now."""
        if not editions:
            return
        with writing(self._engine) as connection:
            names = [one.period for one in editions]
            connection.execute(
                delete(edition).where(edition.c.feed == feed, edition.c.period.in_(names))
            )
            connection.execute(
                insert(edition),
                [
                    {"feed": feed, "period": one.period, "updated": seconds(one.updated),
                     "content": one.content}
                    for one in editions
                ],
            )  # fmt: skip


def _released(row: Any, twin: int | None) -> Released:
    return Released(
        row=row.id,
        source=row.name,
        guid=row.guid,
        seen=row.seen,
        title=row.title,
        link=row.link,
        updated=instant(row.updated),
        released=instant(row.released),
        replaces=twin,
    )


def _soonest(
    connection: Connection, feed: Feed, column: str, at: dict[str, int]
) -> datetime | None:
    return moment(connection.execute(_soonest_query(feed, column), at).scalar())


def _soonest_query(feed: Feed, column: str) -> Select[Any]:
    return (
        select(func.min(article.c[column]))
        # As in selection.py: `+ 0` has SQLite use the index on the few that wait or expire.
        .join(source, source.c.id == article.c.source_id + 0)
        .where(article.c[column] > bindparam("at", type_=Integer), *conditions(feed))
    )
