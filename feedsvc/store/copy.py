"""A database as a whole: copied while others write to it, and checked.

Nothing here knows the schema, so that a store of any version can be saved; SQLite itself reads and
writes, so that journals are heeded.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from feedsvc.errors import LockedError, StoreError

Step = Callable[[int, int], object]
"""Is told how much is done, of how much; what it raises ends the work, which leaves no trace."""

WAIT = 30.0  # seconds for a lock that somebody holds for a moment

_CHUNK = 4 * 1024**2  # bytes that are copied between two steps
_TICKS = 10_000  # of SQLite's machine between two steps
_TOLD = 3  # faults that are told


def snapshot(database: Path, copy: Path, step: Step | None = None) -> None:
    """Write the database as it is at this moment to a new file; raises StoreError.

    Copied in steps, SQLite begins anew whenever somebody has written between two of them: beside a
    heavy sync it would never end. So one transaction that reads is held open over all steps; in WAL
    mode writers neither wait for it nor are seen by it. Their journal grows meanwhile.
    """
    with told(database), opened(database, "rw") as old:
        old.execute("PRAGMA query_only = ON")
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()  # now the transaction stands
        with told(copy), closing(sqlite3.connect(copy)) as new:
            # A copy that is broken off is thrown away.
            new.execute("PRAGMA journal_mode = OFF")
            new.execute("PRAGMA synchronous = OFF")
            transfer(old, new, step)


def faults(database: Path, step: Step | None = None) -> tuple[str, ...]:
    """What is wrong with a database that nobody uses; raises StoreError if it cannot be read.

    Every page is read, every index compared with its table, every reference followed.
    """
    ended: list[BaseException] = []

    def tick() -> bool:
        try:
            if step is not None:
                step(0, 1)
        except BaseException as error:  # SQLite only knows that it is to end
            ended.append(error)
        return bool(ended)

    if step is not None:
        step(0, 1)
    with told(database), opened(database, "ro&immutable=1") as connection:
        connection.set_progress_handler(tick, _TICKS)
        try:
            lines = connection.execute(f"PRAGMA integrity_check({_TOLD})").fetchall()
            found = [str(line) for (line,) in lines if line != "ok"]
            if not found and connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                found = ["rows refer to rows that are not there"]
        except sqlite3.DatabaseError as error:
            if ended:
                raise ended[0] from None
            if not is_damage(error):
                raise
            found = [str(error)]
    return tuple(found)


# -- for whoever handles whole databases -----------------------------------------------------------


def transfer(old: sqlite3.Connection, new: sqlite3.Connection, step: Step | None = None) -> None:
    """Let one database hold what another does, in one transaction."""
    (page,) = old.execute("PRAGMA page_size").fetchone()

    def progress(_status: int, left: int, total: int) -> None:
        if step is not None:
            step((total - left) * page, total * page)

    old.backup(new, pages=max(1, _CHUNK // page), progress=progress)


@contextmanager
def opened(
    database: Path, mode: Literal["rw", "ro&immutable=1"], *, timeout: float = WAIT
) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is there.

    As `rw` one that may only be read is read; and whoever goes as the last one tidies up.
    """
    uri = f"file:{quote(str(database))}?mode={mode}"
    with closing(
        sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
    ) as connection:
        yield connection


@contextmanager
def told(database: Path) -> Iterator[None]:
    """What SQLite says of a database becomes a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise said(database, error) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is no database, or no whole one."""
    code = getattr(error, "sqlite_errorcode", 0)
    damage = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in damage or code == sqlite3.SQLITE_IOERR_SHORT_READ


def said(database: Path, error: sqlite3.Error) -> StoreError:
    """What the operator is told of an error."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedError(f"{database}: {error}", hint="another program holds it; try again")
    hint = None
    if is_damage(error):
        hint = "the file is damaged: `feedsvc restore` puts a backup in its place"
    elif code == sqlite3.SQLITE_FULL:
        hint = "make room on the disk; nothing that was stored is lost"
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        hint = "check the rights of the file and of its folder"
    return StoreError(f"{database}: {error}", hint=hint)


def sync_file(path: Path) -> None:
    """Wait until the disk itself holds a file, or the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
