"""What stage 2 reads and writes: feeds, their members, rendered fragments, and the ledger."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from feedsvc.model import Article, Problem, Word
from feedsvc.ports import ArchivePage, FeedRow, Fragment, LedgerLine, Placed, Selection
from feedsvc.settings import Feed
from feedsvc.store.archive import write_pages
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.media import filled, want
from feedsvc.store.outbox import say
from feedsvc.store.rows import moment, read_article, seconds, whole_articles
from feedsvc.store.schema import (
    archive_page,
    article,
    audience,
    edition,
    feed,
    fragment,
    ledger,
    membership,
    place,
    removal,
)
from feedsvc.store.selection import members


class Output:
    """The stage-2 half of the store."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def feeds(self) -> tuple[FeedRow, ...]:
        """Every feed the store knows, by name."""
        with reading(self._engine) as connection:
            return tuple(_feed_row(tuple(row)) for row in connection.execute(_FEEDS))

    def feed(self, name: str) -> FeedRow:
        """One feed; a blank one if it was never built."""
        with reading(self._engine) as connection:
            row = connection.execute(_FEED, {"feed": name}).first()
        return FeedRow(name=name) if row is None else _feed_row(tuple(row))

    def select(
        self, definition: Feed, now: datetime, *, without: Collection[int] = ()
    ) -> Selection:
        """The members of a feed at `now`, as if the rows `without` were not there."""
        with reading(self._engine) as connection:
            return members(connection, definition, now, without=without)

    def articles(self, rows: Sequence[int]) -> dict[int, Article]:
        """Whole articles by their rows, with what is known of their media files beside that."""
        if not rows:
            return {}
        with reading(self._engine) as connection:
            read = connection.execute(_ARTICLES, {"rows": json.dumps(list(rows))}).mappings()
            return filled(connection, {row["id"]: read_article(row) for row in read})

    def fragments(
        self, variant: str, formats: Collection[str], rows: Sequence[int]
    ) -> dict[tuple[str, int], Fragment]:
        """The kept fragments of these articles, by format and row."""
        asked = {
            "variant": variant, "formats": json.dumps(list(formats)), "rows": json.dumps(list(rows))
        }  # fmt: skip
        with reading(self._engine) as connection:
            kept = connection.execute(_FRAGMENTS, asked)
            return {(form, row): Fragment(key=key, body=text) for form, row, key, text in kept}

    def keep_fragments(self, variant: str, fragments: Mapping[tuple[str, int], Fragment]) -> None:
        """Keep rendered entries for the next build, in place of older ones."""
        if not fragments:
            return
        with writing(self._engine) as connection:
            connection.execute(
                _KEEP,
                [
                    {"article_id": row, "format": format, "variant": variant,
                     "key": kept.key, "body": kept.body}
                    for (format, row), kept in fragments.items()
                ],
            )  # fmt: skip

    def prune_fragments(self) -> int:
        """Drop the fragments that no published document holds; returns how many."""
        held = (
            select(membership.c.article_id, ledger.c.format)
            .join(ledger, ledger.c.feed == membership.c.feed)
            .distinct()
        )
        unused = tuple_(fragment.c.article_id, fragment.c.format).not_in(held)
        with reading(self._engine) as connection:
            if connection.execute(select(fragment.c.article_id).where(unused)).first() is None:
                return 0
        with writing(self._engine) as connection:
            return connection.execute(delete(fragment).where(unused)).rowcount

    def ledger(
        self,
        *,
        feeds: Collection[str | None] | None = None,
        paths: Collection[str] | None = None,
    ) -> dict[str, LedgerLine]:
        """What is published now, by path: all of it, or that of some feeds, or at some paths.

        The files of the whole site are those of the feed None.
        """
        query = _ledger(
            of_feeds=feeds is not None, of_site=None in (feeds or ()), at_paths=paths is not None
        )
        asked = {"feeds": json.dumps(list(feeds or ())), "paths": json.dumps(list(paths or ()))}
        with reading(self._engine) as connection:
            rows = connection.execute(query, asked).mappings()
            return {row["path"]: _ledger_line(row) for row in rows}

    def settle_feed(
        self,
        row: FeedRow,
        *,
        read: FeedRow,
        members: Sequence[int] | None,
        lines: Sequence[LedgerLine],
        removed: Sequence[str] = (),
        pages: Sequence[ArchivePage] = (),
        tell: Sequence[Word] = (),
    ) -> None:
        """Commit a build in one transaction; see `ports.Store`."""
        if row == read and not (lines or removed or pages or tell):
            with reading(self._engine) as connection:
                if members is None or _members(connection, row.name) == list(members):
                    return
        with writing(self._engine) as connection:
            values = _feed_columns(row)
            now_touched = connection.execute(_TOUCHED, {"feed": row.name}).first()
            if now_touched is None:
                connection.execute(insert(feed).values(name=row.name, **values))
            else:
                # An article may have arrived while the feed was built: its mark has to stay.
                if now_touched.touched != seconds(read.touched):
                    values["touched"] = now_touched.touched
                connection.execute(_UPDATE, {"feed": row.name, **values})
            if members is not None:
                _write_members(connection, row.name, members)
                want(connection, _definition(self._feeds, row.name), members, row.built)
            _write_ledger(connection, lines, removed)
            write_pages(connection, row.name, pages)
            say(connection, tell, row.built)

    def drop_feed(self, name: str, removed: Sequence[str]) -> None:
        """Forget a feed that is no longer configured, and the ledger lines of its paths."""
        with writing(self._engine) as connection:
            connection.execute(delete(feed).where(feed.c.name == name))
            for table in (membership, place, archive_page, removal, edition, audience):
                connection.execute(delete(table).where(table.c.feed == name))
            _write_ledger(connection, (), removed)


# Put together once: to say a question in SQLAlchemy takes longer than SQLite needs to answer it.
# Many values are one parameter, since to bind thousands costs more than to find them.


def _listed(name: str) -> Select[Any]:
    return select(func.json_each(bindparam(name)).table_valued("value", name=name).c.value)


_FEEDS = select(feed).order_by(feed.c.name)
_FEED = select(feed).where(feed.c.name == bindparam("feed"))
_TOUCHED = select(feed.c.touched).where(feed.c.name == bindparam("feed"))
_ARTICLES = whole_articles().where(article.c.id.in_(_listed("rows")))
_UPDATE = update(feed).where(feed.c.name == bindparam("feed"))
_FRAGMENTS = select(
    fragment.c.format, fragment.c.article_id, fragment.c.key, fragment.c.body
).where(
    fragment.c.variant == bindparam("variant"),
    fragment.c.format.in_(_listed("formats")),
    fragment.c.article_id.in_(_listed("rows")),
)
_KEEP = insert(fragment).prefix_with("OR REPLACE")
_MEMBERS = (
    select(membership.c.article_id)
    .where(membership.c.feed == bindparam("feed"))
    .order_by(membership.c.position)
)
_NOTE = insert(ledger).prefix_with("OR REPLACE")
_STRIKE = delete(ledger).where(ledger.c.path.in_(_listed("paths")))


@lru_cache(maxsize=8)
def _ledger(*, of_feeds: bool, of_site: bool, at_paths: bool) -> Select[Any]:
    query = select(ledger)
    if of_feeds:
        some = ledger.c.feed.in_(_listed("feeds"))
        query = query.where(or_(some, ledger.c.feed.is_(None)) if of_site else some)
    return query.where(ledger.c.path.in_(_listed("paths"))) if at_paths else query


def _definition(feeds: Collection[Feed], name: str) -> Feed | None:
    """The definition of a feed; of one in a group, that of the group."""
    named = {name, name.partition("/")[0]}
    return next((one for one in feeds if one.name in named), None)


def _members(connection: Connection, name: str) -> list[int]:
    return list(connection.execute(_MEMBERS, {"feed": name}).scalars())


def _write_members(connection: Connection, name: str, rows: Sequence[int]) -> None:
    before = _members(connection, name)
    if before == list(rows):
        return
    connection.execute(delete(membership).where(membership.c.feed == name))
    if rows:
        connection.execute(
            insert(membership),
            [{"feed": name, "position": i, "article_id": row} for i, row in enumerate(rows)],
        )
    gone = sorted(set(before).difference(rows))
    unused = select(membership.c.article_id)
    for some in chunks(gone):
        left = fragment.c.article_id.in_(some), fragment.c.article_id.not_in(unused)
        connection.execute(delete(fragment).where(*left))


def _write_ledger(
    connection: Connection, lines: Sequence[LedgerLine], removed: Sequence[str]
) -> None:
    if removed:
        connection.execute(_STRIKE, {"paths": json.dumps(list(removed))})
    if lines:
        connection.execute(
            _NOTE,
            [
                {
                    "path": line.path,
                    "feed": line.feed,
                    "format": line.format,
                    "digest": line.digest,
                    "entries": line.entries,
                    "size": line.placed.size,
                    "mtime_ns": line.placed.mtime_ns,
                    "sidecars": json.dumps(
                        {e: [p.size, p.mtime_ns] for e, p in sorted(line.sidecars.items())}
                    ),
                }
                for line in lines
            ],
        )


def _ledger_line(row: Any) -> LedgerLine:
    return LedgerLine(
        path=row["path"],
        feed=row["feed"],
        format=row["format"],
        digest=row["digest"],
        entries=row["entries"],
        placed=Placed(size=row["size"], mtime_ns=row["mtime_ns"]),
        sidecars={
            ending: Placed(size=size, mtime_ns=mtime)
            for ending, (size, mtime) in json.loads(row["sidecars"]).items()
        },
    )


def _feed_columns(row: FeedRow) -> dict[str, Any]:
    return {
        "touched": seconds(row.touched),
        "updated": seconds(row.updated),
        "next_change": seconds(row.next_change),
        "fingerprint": row.fingerprint,
        "content": row.content,
        "built": seconds(row.built),
        "entries": row.entries,
        "newest": seconds(row.newest),
        "held": row.held,
        "retry_at": seconds(row.retry_at),
        "left_out": json.dumps(
            [[p.source, p.path, p.reason, seconds(p.since)] for p in row.left_out],
            ensure_ascii=False,
        ),
        "guid": row.guid,
        "seen": row.seen,
        "looked": seconds(row.looked),
        "page_size": row.page_size,
        "rhythm": row.rhythm,
    }


@lru_cache(maxsize=4_000)  # a group may have a thousand feeds, of which a build changes a few
def _feed_row(values: tuple[Any, ...]) -> FeedRow:
    row = dict(zip(feed.c.keys(), values, strict=True))
    return FeedRow(
        name=row["name"],
        touched=moment(row["touched"]),
        updated=moment(row["updated"]),
        next_change=moment(row["next_change"]),
        fingerprint=row["fingerprint"],
        content=row["content"],
        built=moment(row["built"]),
        entries=row["entries"],
        newest=moment(row["newest"]),
        held=row["held"],
        retry_at=moment(row["retry_at"]),
        left_out=tuple(
            Problem(source=source, path=path, reason=reason, since=moment(since))
            for source, path, reason, since in json.loads(row["left_out"])
        ),
        guid=row["guid"],
        seen=row["seen"],
        looked=moment(row["looked"]),
        page_size=row["page_size"],
        rhythm=row["rhythm"],
    )
