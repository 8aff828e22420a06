"""A look at a database that changes nothing: no migration, no lock of a writer, no file beside it.

`doctor` looks at stores that may be damaged, foreign, of another version or not ours to write.
Everything else opens a store with `open_store`, which makes, migrates and prepares it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from feedsvc.errors import LockedError, StoreError
from feedsvc.settings import Feed
from feedsvc.store.engine import CACHE
from feedsvc.store.rows import instant
from feedsvc.store.schema import REVISIONS, metadata
from feedsvc.store.sql import SqlStore
from feedsvc.store.walfile import holds_commit
from feedsvc.store.words import teach

_WAIT = 2  # seconds for whoever holds the database as a whole: a recovery, a switch of its mode
_STEPS = 20_000  # of SQLite's machine between two looks at the clock
_WORST = 5  # findings of a kind that are told
_NOT_OURS = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


class Extent(NamedTuple):
    """How large a database is, in bytes; `free` lies in pages that hold nothing."""

    size: int
    free: int
    journal: int


class Look:
    """One SQLite database, looked at."""

    def __init__(self, url: str) -> None:
        self.path = Path(make_url(url).database or "")
        self._url = url

    def revision(self) -> str | None:
        """The schema revision; None if there is nothing in it. Raises StoreError.

        StoreError too for a database that is not ours.
        """
        with self._opened() as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
            tables = {name for (name,) in connection.execute(query)}
            if not tables:
                return None
            rows: list[tuple[str]] = []
            if {"alembic_version", "source", "article", "ledger"} <= tables:
                rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            if not rows:
                raise StoreError(
                    f"{self.path} is a database of something else (it has a table '{min(tables)}')",
                    hint='give feedsvc a file of its own: store.url = "sqlite:///var/feedsvc.db"',
                )
            return rows[0][0]

    def lacking(self) -> tuple[str, ...]:
        """The tables and columns of the newest revision that are not there; raises StoreError."""
        with self._opened() as connection:
            query = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            there = {f"{table}.{column}" for table, column in connection.execute(query)}
        tables = {name.partition(".")[0] for name in there}
        return tuple(
            f"{table.name}.{column.name}" if table.name in tables else table.name
            for table in metadata.sorted_tables
            for column in (table.c if table.name in tables else table.c[:1])
            if f"{table.name}.{column.name}" not in there
        )

    def extent(self) -> Extent:
        """How large it is; raises StoreError."""
        journal = self.path.with_name(f"{self.path.name}-wal")
        with self._opened() as connection:
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        try:
            size = self.path.stat().st_size
            waiting = journal.stat().st_size if journal.exists() else 0
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        return Extent(size=size, free=page * free, journal=waiting)

    def damage(self, *, seconds: float, whole: bool) -> tuple[str, ...] | None:
        """What SQLite finds wrong, None if that took longer than `seconds`; raises StoreError.

        With `whole` it also compares every index with its table.
        """
        pragma = "integrity_check" if whole else "quick_check"
        with self._opened() as connection, _bounded(connection, seconds) as bounded:
            found: list[str] = []
            try:
                for (line,) in connection.execute(f"PRAGMA {pragma}({_WORST})"):
                    found += [one for one in str(line).splitlines() if one and one != "ok"]
            except sqlite3.OperationalError:
                if not bounded.over:
                    raise
                return tuple(found) or None
        return tuple(found)

    def orphans(self, *, seconds: float) -> dict[str, int] | None:
        """Rows that refer to rows that are not there, counted by table; None if it took too long.

        Raises StoreError.
        """
        found: dict[str, int] = {}
        with self._opened() as connection, _bounded(connection, seconds) as bounded:
            try:
                for table, *_ in connection.execute("PRAGMA foreign_key_check"):
                    found[table] = found.get(table, 0) + 1
            except sqlite3.OperationalError:
                if not bounded.over:
                    raise
                return found or None
        return found

    def newest(self) -> tuple[datetime, str] | None:
        """The latest time at which something is noted to have happened, and what; only for a
        database of the newest revision. Raises StoreError.
        """
        with self._opened() as connection:
            told = [(at, what) for what, query in _HAPPENED.items()
                    for (at,) in connection.execute(query) if at is not None]  # fmt: skip
        if not told:
            return None
        at, what = max(told)
        try:
            return instant(at), what
        except (OverflowError, ValueError, OSError) as error:
            raise StoreError(f"{self.path}: a time that is none ({at}) of {what}") from error

    def minted(self) -> frozenset[str]:
        """The authorities of the ids that feeds were given, `news.example.org,2025`; as `newest`.

        Not those of articles, among which are ids that their sources chose.
        """
        with self._opened() as connection:
            rows = connection.execute("SELECT guid FROM feed WHERE guid LIKE 'tag:%'").fetchall()
        return frozenset(guid.removeprefix("tag:").partition(":")[0] for (guid,) in rows)

    @contextmanager
    def store(self, feeds: Sequence[Feed] = ()) -> Iterator[SqlStore]:
        """The store to read from; only for a database of the newest revision."""
        engine = self._engine()
        try:
            yield SqlStore(engine, feeds)
        finally:
            engine.dispose()

    # -- how it is opened ------------------------------------------------------------------------

    def _engine(self) -> Engine:
        def connect() -> sqlite3.Connection:
            connection = self._connect()
            connection.isolation_level = None
            teach(connection)
            return connection

        return create_engine(make_url(self._url), creator=connect, poolclass=NullPool)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise _told(self.path, error) from error

    def _connect(self) -> sqlite3.Connection:
        """A connection that writes nothing, however the database was left.

        Opened read-only, a database with a journal would still be given the files of one
        (sqlite.org/wal.html#readonly), and nobody takes those away again.
        """
        place = f"file:{quote(str(self.path))}"
        journal, index = (self.path.with_name(f"{self.path.name}{end}") for end in ("-wal", "-shm"))
        if journal.exists() and index.exists():
            uri, alone = f"{place}?mode=ro", False  # in use, or left so by a crash
        elif holds_commit(journal):
            # A journal without the index that every user of it shares: nobody uses it. The index
            # is made in memory, for which SQLite has to believe itself alone.
            uri, alone = f"{place}?mode=ro&vfs=unix-none", True
        else:
            uri, alone = f"{place}?immutable=1", False
        try:
            return _connected(uri, alone=alone)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NOT_OURS or not holds_commit(journal):
                raise
            # Left by a crash, and only its owner may make the index of its journal anew.
            return _connected(f"{place}?mode=ro&vfs=unix-none", alone=True)


def _connected(uri: str, *, alone: bool) -> sqlite3.Connection:
    # Used by one thread at a time, whichever that is.
    connection = sqlite3.connect(uri, uri=True, timeout=_WAIT, check_same_thread=False)
    try:
        if alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute(f"PRAGMA cache_size = -{CACHE // 1024}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


NEWEST = REVISIONS[-1]
"""The schema revision of this version."""


def is_newer(revision: str) -> bool:
    """Whether a database was written by a later version than this one."""
    return revision not in REVISIONS


_HAPPENED = {
    "a visit of a source": "SELECT max(asked) FROM source",
    "a sync": "SELECT max(last_ok) FROM source",
    "a build": "SELECT max(built) FROM feed",
    "an article": "SELECT first_seen FROM article ORDER BY id DESC LIMIT 1",
    "a change of a source's state": "SELECT at FROM event ORDER BY id DESC LIMIT 1",
    "an entry of the log": "SELECT at FROM journal ORDER BY id DESC LIMIT 1",
    "a job": "SELECT max(ran) FROM chore",
    "a remark of the daemon": "SELECT max(at) FROM remark",
}


class _Bounded:
    over = False


@contextmanager
def _bounded(connection: sqlite3.Connection, seconds: float) -> Iterator[_Bounded]:
    """Let what is asked end with an OperationalError when the time is over."""
    end, bounded = time.monotonic() + seconds, _Bounded()

    def look() -> bool:
        bounded.over = time.monotonic() > end
        return bounded.over

    connection.set_progress_handler(look, _STEPS)
    try:
        yield bounded
    finally:
        connection.set_progress_handler(None, 0)


def _told(path: Path, error: sqlite3.Error) -> StoreError:
    """What the operator is told of a database that cannot be read."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return LockedError(f"{path}: {said}", hint="another program holds all of it: end that")
    if "not a database" in said or "malformed" in said or "disk image" in said:
        hint = "put a backup in its place (`feedsvc restore`), or move it away to start anew"
        return StoreError(f"{path} is damaged: {said}", hint=hint)
    if "unable to open" in said or "readonly" in said:
        return StoreError(
            f"{path} cannot be read: {said}", hint="check the rights of the file and of its folder"
        )
    return StoreError(f"{path}: {said}")
