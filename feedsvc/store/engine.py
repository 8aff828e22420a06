"""The database connection: one writer at a time, readers never wait, errors said in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from feedsvc.errors import FeedsvcError, LockedError, StoreError
from feedsvc.store.words import teach

T = TypeVar("T")

_RIGHTS = "check the rights of the file and of its folder"

BUSY_TIMEOUT = 30  # seconds a writer waits for another

# The driver asks each value of a type it was told nothing of whether it can be adapted, and that
# takes longer than to bind it: these two are what they are.
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(type(None), lambda nothing: nothing)

# Bytes of a page, for a new database; an old one keeps its own. On 4 KiB, the default, two articles
# find room and the rest stays empty; and a batch writes many more pages.
PAGE = 16 * 1024

# Bytes of pages in memory: what a batch of a sync changes has room, and is written once.
CACHE = 8 * 1024**2

# Bytes of the journal before it goes into the database, not 4 MiB: each time costs two waits for
# the disk, and a sync of thousands of feeds would do little else.
JOURNAL = 32 * 1024**2


def connect(url: str) -> Engine:
    """An engine for `url`; the folder of a SQLite file is made. Raises StoreError."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"store.url is no database address: {url}", hint="for example sqlite:///var/feedsvc.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            f"no store for '{parsed.drivername}'", hint="use sqlite:///path/to/feedsvc.db"
        )
    if parsed.database and parsed.database != ":memory:":
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make {folder}: {error.strerror}", hint=_RIGHTS) from error
    try:
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT})
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"cannot open the store: {error}") from error
    event.listen(engine, "connect", _prepare)
    return engine


def identity(engine: Engine) -> tuple[int, int] | None:
    """Which file lies where the database of `engine` does; None where there is none."""
    place = engine.url.database
    if not place or place == ":memory:":
        return None
    try:
        status = Path(place).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{place}: {error.strerror}", hint=_RIGHTS) from error
    return status.st_dev, status.st_ino


def file_of(url: str) -> Path:
    """The file of the store at `url`, there or not; raises StoreError if it is to be in none."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"store.url is no database address: {url}") from error
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file == ":memory:":
        raise StoreError(
            f"the store {url} is no file", hint="give it one: sqlite:///path/to/feedsvc.db"
        )
    return Path(file)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    teach(connection)
    cursor = connection.cursor()
    if cursor.execute("PRAGMA page_count").fetchone() == (0,):
        # Of a new database; in one that is there, to say so would write its header each time.
        cursor.execute(f"PRAGMA page_size = {PAGE}")
        # So that it can give back what was pruned in small steps (`upkeep.py`), not by being
        # written anew as a whole.
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute(f"PRAGMA cache_size = -{CACHE // 1024}")
    (page,) = cursor.execute("PRAGMA page_size").fetchone()
    cursor.execute(f"PRAGMA wal_autocheckpoint = {JOURNAL // page}")
    cursor.close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reads; raises StoreError for what the database says."""
    with _translated(engine), engine.connect() as connection:
        _begin(connection, "BEGIN")
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, committed at the end or not at all; raises StoreError."""
    with _translated(engine), engine.connect() as connection, connection.begin():
        # A writer that begins as a reader and upgrades later can fail at once with "database is
        # locked", whatever the timeout: SQLite waits only for locks taken at BEGIN IMMEDIATE.
        _begin(connection, "BEGIN IMMEDIATE")
        yield connection


def _begin(connection: Connection, words: str) -> None:
    # Past SQLAlchemy: for a listener to its "begin" each statement would be told to all listeners,
    # of whom there are none, and a short read would take half as long again.
    driver: Any = connection.connection.driver_connection
    driver.execute(words)


def scrub(engine: Engine) -> None:
    """Leave nothing in the files of what was deleted or replaced; raises StoreError.

    SQLite only forgets where such bytes are. The database is written anew, and its journal emptied.
    """
    with _translated(engine), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute("PRAGMA temp_store = FILE")  # the new one may not fit into memory
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise StoreError(
                f"{engine.url.database}: what was erased may still lie in unused parts: {error}",
                hint="say the same again when nothing else is at work on the store",
            ) from error
        finally:
            driver.execute("PRAGMA temp_store = MEMORY")


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A `writing` transaction in which tables may be made anew; raises StoreError."""
    with _translated(engine), engine.connect() as connection:
        # SQLite alters a table by copying and dropping it. With the checks on, the rows that refer
        # to it would forbid that, and inside a transaction the checks cannot be switched.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                _begin(connection, "BEGIN IMMEDIATE")
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StoreError(
                        "the store could not be migrated: rows refer to rows that went"
                    )
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except FeedsvcError:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        raise store_error(engine, error) from error


def store_error(engine: Engine, error: DBAPIError | sqlite3.Error) -> StoreError:
    """What the operator is told of a database error."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    place = engine.url.database or str(engine.url)
    hint = None
    if "locked" in said:
        hint = "another feedsvc is writing for long; try again, or stop it"
        return LockedError(f"{place}: {said}", hint=hint)
    if "not a database" in said or "malformed" in said:
        hint = "the file is damaged: put a backup in its place, or move it away to start anew"
    elif "full" in said:
        hint = "make room on the disk; nothing that was stored is lost"
    elif "readonly" in said or "unable to open" in said:
        hint = _RIGHTS
    return StoreError(f"{place}: {said}", hint=hint)


def chunks(values: Sequence[T], size: int = 5000) -> Iterator[Sequence[T]]:
    """The values in parts that fit into one statement."""
    # SQLite takes 32,766 parameters in one statement.
    for start in range(0, len(values), size):
        yield values[start : start + size]
