"""Where readers are sent who ask for what is published no more, and feeds under another name.

The rules are those of `decide.redirects`; here they meet the table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from feedsvc.decide.redirects import Rows, alive, gone, moved, renamed_feeds
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.schema import feed, ledger, metadata, redirect, token

Mint = Callable[[str], str]
"""The id that a feed of this name gets: `Authority.feed`."""

# Everything that belongs to a feed by its name. The ledger tells what lies in the output directory,
# and that lies there under the old name until the build has put the new files in place.
_BY_FEED: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if "feed" in table.c and table is not ledger
)


class Redirects:
    """Redirects, and feeds that get another name."""

    _engine: Engine

    def redirects(self) -> dict[str, str | None]:
        """Where each path leads that is published no more; None: it is gone."""
        with reading(self._engine) as connection:
            return _rows(connection)

    def intend(self, path: str, target: str | None, now: datetime) -> None:
        """Note a move that is about to be made, or a removal: no other row follows it yet.

        As long as something is published at `path`, it does nothing, and the next build drops it.
        """
        with writing(self._engine) as connection:
            rows = _rows(connection)
            _keep(connection, rows, {**rows, path: target}, now)

    def moved(self, path: str, target: str, now: datetime) -> None:
        """Note that what was at `path`, or below it if it ends in `/`, is at `target` now.

        Raises ValueError for a target inside of `path`.
        """
        with writing(self._engine) as connection:
            rows = _rows(connection)
            _keep(connection, rows, moved(rows, path, target), now)

    def gone(self, path: str, now: datetime) -> None:
        """Note that what was at `path`, or below it if it ends in `/`, was taken down."""
        with writing(self._engine) as connection:
            rows = _rows(connection)
            _keep(connection, rows, gone(rows, path), now)

    def alive(self, *paths: str) -> None:
        """Note that something is published there again; writes nothing where nothing differs."""
        rows = after = self.redirects()
        for path in paths:
            after = alive(after, path)
        if rows != after:
            with writing(self._engine) as connection:
                _drop(connection, rows.keys() - after.keys())

    # -- feeds -------------------------------------------------------------------------------------

    def feed_id(self, name: str, mint: Mint) -> str:
        """The id for a feed that is built first: not one that another took along when it moved."""
        guid, number = mint(name), 1
        with reading(self._engine) as connection:
            while _is_taken(connection, guid, name):
                number += 1
                guid = mint(f"{name}/{number}")
        return guid

    def renames(self, configured: Collection[str]) -> tuple[tuple[str, str], ...]:
        """The feeds that bear another name by now, old and new: `rename_feed` is due for them."""
        with reading(self._engine) as connection:
            rows = _rows(connection)
            # One that is only marked has nothing to lose; of a group, its feeds are built.
            built = select(feed.c.name).where(feed.c.built.is_not(None))
            names = connection.execute(built).scalars().all() if rows else ()
        return tuple(renamed_feeds(rows, configured, {name.partition("/")[0] for name in names}))

    def rename_feed(self, old: str, new: str, now: datetime, *, mint: Mint) -> None:
        """Give a feed, and with it those of its group, another name in everything stored of it.

        It keeps its id; one that was built by a version that did not store it gets the one it had.
        A feed that was built under the new name before stays what it is: then `old` ends, and its
        readers are sent there. Readers of the old addresses are sent to the new ones either way.
        """
        with writing(self._engine) as connection:
            if _is_built(connection, new):
                # The keys that readers have still open what they are sent to.
                _rename(connection, token, old, new)
                _forget(connection, old)
            else:
                _forget(connection, new, but=(token,))
                _keep_ids(connection, old, mint)
                for table in (feed, *_BY_FEED):
                    _rename(connection, table, old, new)
                # Every address in it is another one.
                touched = func.max(func.coalesce(feed.c.touched + 1, 0), int(now.timestamp()))
                renamed = update(feed).where(_is(feed, new))
                connection.execute(renamed.values(touched=touched, retry_at=None))
            rows = _rows(connection)
            _keep(connection, rows, moved(alive(rows, f"{new}/"), f"{old}/", f"{new}/"), now)

    def forget_feed(self, name: str) -> None:
        """Forget a feed, and those of its group, with all that belongs to them but their files."""
        with writing(self._engine) as connection:
            _forget(connection, name)

    def leftovers(self, name: str) -> tuple[str, ...]:
        """What the ledger has of a feed and its group, whether or not that is still a feed."""
        query = select(ledger.c.path).where(_is(ledger, name)).order_by(ledger.c.path)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def drop_lines(self, paths: Sequence[str]) -> None:
        """Take files that were removed out of the ledger."""
        with writing(self._engine) as connection:
            for some in chunks(paths):
                connection.execute(delete(ledger).where(ledger.c.path.in_(some)))


# -- the table -------------------------------------------------------------------------------------


_ALL = select(redirect.c.path, redirect.c.target)


def _rows(connection: Connection) -> dict[str, str | None]:
    return {path: target for path, target in connection.execute(_ALL)}  # noqa: C416 - two columns


def _keep(connection: Connection, before: Rows, after: Rows, now: datetime) -> None:
    """Write what differs; a row that only leads elsewhere by now is as old as it was."""
    _drop(connection, before.keys() - after.keys())
    led = [path for path in after if path in before and after[path] != before[path]]
    if led:
        own = redirect.c.path == bindparam("own")
        values = [{"own": path, "leads": after[path]} for path in led]
        connection.execute(update(redirect).where(own).values(target=bindparam("leads")), values)
    new = sorted(after.keys() - before.keys())
    if new:
        made = int(now.timestamp())
        rows = [{"path": path, "target": after[path], "made": made} for path in new]
        connection.execute(insert(redirect), rows)


def _drop(connection: Connection, paths: Collection[str]) -> None:
    for some in chunks(sorted(paths)):
        connection.execute(delete(redirect).where(redirect.c.path.in_(some)))


# -- all tables of a feed --------------------------------------------------------------------------


def _is(table: Table, name: str) -> ColumnElement[bool]:
    """The rows of a feed, and of those of its group; not by LIKE, since a name may hold a `_`."""
    column = _column(table)
    return or_(column == name, func.substr(column, 1, len(name) + 1) == f"{name}/")


def _column(table: Table) -> ColumnElement[str]:
    return table.c.name if table is feed else table.c.feed


def _rename(connection: Connection, table: Table, old: str, new: str) -> None:
    column = _column(table)
    name = literal(new) + func.substr(column, len(old) + 1)
    connection.execute(update(table).where(_is(table, old)).values({column: name}))


def _forget(connection: Connection, name: str, *, but: Collection[Table] = ()) -> None:
    for table in (feed, *_BY_FEED):
        if table not in but:
            connection.execute(delete(table).where(_is(table, name)))


def _is_built(connection: Connection, name: str) -> bool:
    query = select(feed.c.name).where(_is(feed, name), feed.c.built.is_not(None))
    return connection.execute(query).first() is not None


def _is_taken(connection: Connection, guid: str, name: str) -> bool:
    query = select(feed.c.name).where(feed.c.guid == guid, feed.c.name != name)
    return connection.execute(query).first() is not None


def _keep_ids(connection: Connection, name: str, mint: Mint) -> None:
    nameless = _is(feed, name) & feed.c.guid.is_(None) & feed.c.built.is_not(None)
    for one in connection.execute(select(feed.c.name).where(nameless)).scalars().all():
        connection.execute(update(feed).where(feed.c.name == one).values(guid=mint(one)))
