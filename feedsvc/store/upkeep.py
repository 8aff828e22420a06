"""Care of the database file: is it sound, is its journal small, does it give back what is unused?

Each on a connection of its own, in a thread, beside those who read and write. A writer is never
held up for longer than a few hundredths of a second (measured: 20 ms while 120 MB are given back),
but for the one time that a database of an older version is written anew.

There is no `PRAGMA optimize`: the questions of this program say themselves by which index they are
answered, and are measured so. With the statistics of a part of the rows, which it gathers, SQLite
chose another way for some of them: that of a digest took 118 ms in place of 6, of 100,000 articles.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from feedsvc.ports import Space
from feedsvc.store.halt import Halt

_PATIENCE = 5.0  # seconds that others who write are waited for
_SHOWN = 5  # faults that are told
_STEP = 200  # pages given back in one go: some 20 ms
_BREATH = 0.02  # seconds between two, in which others write
_UNUSED = 0.25  # of the pages: more is given back
_SPARE = 0.10  # of the pages: what grows again anyway
_LITTLE = 64  # pages that are not worth it
_LARGE = 2 * 1024**3  # bytes in use: to write them anew would hold up others until they give up
JOURNAL = 64 * 1024**2  # bytes of the journal that somebody kept from being written back


class Upkeep:
    """What maintenance asks of the store."""

    _engine: Engine

    def faults(self, halt: Halt) -> tuple[str, ...]:
        """What is wrong with the database file; nothing if it is sound."""
        found: list[str] = []
        with halt.connection(self._engine, timeout=_PATIENCE) as connection:
            try:
                for (said,) in connection.execute(f"PRAGMA quick_check({_SHOWN})"):
                    found += [] if said == "ok" else str(said).splitlines()
                for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                    found.append(f"row {row} of {table} refers to a row of {parent} that is not")
                    if len(found) >= _SHOWN:
                        break
            except sqlite3.DatabaseError as error:
                halt.check()
                if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                    raise
                found.append(str(error))
        return tuple(found[:_SHOWN])

    def space(self) -> Space:
        """How large the database is, and how much of that is unused."""
        with Halt().connection(self._engine, timeout=_PATIENCE) as connection:
            return self._space(connection)

    def _space(self, connection: sqlite3.Connection) -> Space:
        page, pages, free, mode = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count", "auto_vacuum")
        )
        journal = Path(f"{self._engine.url.database}-wal")
        try:
            waiting = journal.stat().st_size
        except OSError:
            waiting = 0
        return Space(
            size=pages * page, free=free * page, journal=waiting, gives_back=mode == _INCREMENTAL
        )

    def give_back(self, halt: Halt) -> int:
        """Give unused space back to the disk if it is much; returns how many bytes."""
        with halt.connection(self._engine, timeout=_PATIENCE) as connection:
            before = self._space(connection)
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            if before.free <= max(_UNUSED * before.size, _LITTLE * page):
                return 0
            if before.gives_back:
                self._in_steps(connection, halt)
            elif self._has_room(before):
                # Once in its life: written anew, a database of an older version can do the above.
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA temp_store = FILE")  # it may not fit into memory
                connection.execute("VACUUM")
            return max(before.size - self._space(connection).size, 0)

    def _in_steps(self, connection: sqlite3.Connection, halt: Halt) -> None:
        while True:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            more = min(_STEP, free - int(_SPARE * pages))
            if more <= 0:
                return
            # Not `execute`, which takes the first step of a statement only: one page.
            connection.executescript(f"PRAGMA incremental_vacuum({more})")
            (left,) = connection.execute("PRAGMA freelist_count").fetchone()
            if left >= free:  # others use it faster than we give it back
                return
            halt.wait(_BREATH)

    def _has_room(self, space: Space) -> bool:
        """Whether the used part fits twice: SQLite writes it aside, then into the journal."""
        used = space.size - space.free
        folders = {Path(self._engine.url.database or "").resolve().parent, *_temporary()}
        room = min(shutil.disk_usage(folder).free for folder in folders)
        return used <= _LARGE and room > 2.2 * used

    def shorten_journal(self, halt: Halt, *, large: int = JOURNAL) -> int:
        """Write a large journal back and make it short; returns its bytes before, 0 if it was not.

        Whoever reads for long keeps it from that: it is tried again the next time.
        """
        with halt.connection(self._engine, timeout=1.0) as connection:
            before = self._space(connection).journal
            if before < large:
                return 0
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            ((busy, *_),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return 0 if busy else before


_INCREMENTAL = 2  # of `PRAGMA auto_vacuum`


def _temporary() -> Iterator[Path]:
    """Where SQLite writes aside: https://www.sqlite.org/tempfiles.html §5."""
    for name in (os.environ.get("SQLITE_TMPDIR"), "/var/tmp", tempfile.gettempdir()):  # noqa: S108
        if name and Path(name).is_dir() and os.access(name, os.W_OK):
            yield Path(name)
            return
