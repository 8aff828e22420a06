"""Another database in the place of the store, at once or not at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from feedsvc.errors import LockedError, StoreError
from feedsvc.store.copy import Step, is_damage, opened, said, sync_file, transfer

_PATIENCE = 3.0  # seconds for somebody who may have the store open for good
_JOURNALS = ("-wal", "-shm", "-journal")


def put_in_place(
    fresh: Path, database: Path, *, aside: Path | None = None, step: Step | None = None
) -> None:
    """Let `database` hold what `fresh` does, whose folder beside it is thrown away later.

    Raises StoreError, and LockedError if anybody else has it open. Who kills this leaves the one or
    the other: SQLite writes it as one transaction, into the same file, so that whoever opens that
    meanwhile waits, and that no journal of the old one is ever applied to the new one. With `aside`
    the old one is copied there first. A damaged one, with which SQLite cannot do so, is moved.
    """
    try:
        _write_over(fresh, database, aside, step)
    except sqlite3.Error as error:
        if not (is_damage(error) and database.exists()):
            raise said(database, error) from error
        _exchange(fresh, database.resolve(), aside)


def _write_over(fresh: Path, database: Path, aside: Path | None, step: Step | None) -> None:
    with _alone(database) as old:
        if aside is not None:
            _set_aside(old, fresh.with_name(aside.name), aside)
        with opened(fresh, "ro&immutable=1") as new:
            transfer(new, old, step)
    sync_file(database.parent)


@contextmanager
def _alone(database: Path) -> Iterator[sqlite3.Connection]:
    """The database, which nobody else has open nor can read until the end."""
    with closing(sqlite3.connect(database, timeout=_PATIENCE, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
            # Only its single user may leave WAL; and outside of it pages may get another size.
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise LockedError(
                f"{database} is in use by another program",
                hint="end what works on it, `feedsvc serve` too, then try again",
            ) from error
        connection.execute("PRAGMA synchronous = FULL")
        yield connection


def _set_aside(old: sqlite3.Connection, half: Path, aside: Path) -> None:
    with closing(sqlite3.connect(half)) as copy:
        half.chmod(0o600)
        transfer(old, copy)
    sync_file(half)
    half.replace(aside)
    sync_file(aside.parent)


def _exchange(fresh: Path, database: Path, aside: Path | None) -> None:
    """Put another file in the place of one that is no database any more."""
    try:
        for ending in ("", *_JOURNALS):
            file = database.with_name(database.name + ending)
            if not file.exists():
                continue
            if aside is not None:
                _keep(file, aside.with_name(aside.name + ending))
            if ending:  # before the new one is there: it must not be applied to that
                file.unlink()
        before = database.stat()
        fresh.chmod(before.st_mode & 0o7777)
        with suppress(PermissionError):  # only root may give a file away
            os.chown(fresh, before.st_uid, before.st_gid)
        sync_file(fresh)
        fresh.replace(database)
        sync_file(database.parent)
    except OSError as error:
        raise StoreError(f"cannot replace {database}: {error.strerror}") from error


def _keep(file: Path, other: Path) -> None:
    try:
        os.link(file, other)
    except OSError:  # a disk that knows no links
        shutil.copy2(file, other)
        sync_file(other)
