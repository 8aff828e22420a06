"""The whole service in numbers, for metrics and readiness; no scan of all articles."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from feedsvc.errors import LockedError, StoreError
from feedsvc.ports import BuiltFeed, Figures
from feedsvc.store.engine import reading
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.schema import ASKABLE, UNPUBLISHED

_WAIT = 1.0  # seconds for whoever writes just now
_OVERDUE = timedelta(hours=1)  # no source is late before

_SOURCES = """
    SELECT CASE WHEN paused IS NOT NULL THEN 'paused' WHEN state = 'parked' THEN 'parked'
                WHEN state = 'quarantined' THEN 'quarantined' WHEN failures > 0 THEN 'failing'
                ELSE 'ok' END,
           COUNT(*), MAX(last_ok)
    FROM source WHERE NOT removed GROUP BY 1
"""
_DUE = f"SELECT COUNT(*), MIN(next_due) FROM source WHERE {ASKABLE} AND next_due <= ?"  # noqa: S608
_OVERDUE_ONES = f"""
    SELECT name, next_due FROM source
    WHERE {ASKABLE} AND next_due <= ? AND failures = 0 AND state != 'quarantined' ORDER BY name
"""  # noqa: S608
_FEEDS = "SELECT name, built, held, entries FROM feed ORDER BY name"
_OUTBOX = "SELECT COUNT(*) FROM outbox"

_UNPUBLISHED = f"SELECT state, COUNT(*) FROM article WHERE {UNPUBLISHED} GROUP BY state"  # noqa: S608
_ARTICLES = "SELECT COUNT(*) FROM article"
_WAITING = "SELECT COUNT(*) FROM article WHERE due > ? AND due IS NOT NULL AND state = 'published'"


class FigureBook:
    """Fits `ports.FigureStore`, but for the audience."""

    _engine: Engine

    def probe(self) -> None:
        """Raise StoreError unless the store can be read and written; see `ports.FigureStore`."""
        place = Path(self._engine.url.database or "")
        # A connection of its own: those of the pool go on with a file that was taken away.
        address = f"file:{quote(str(place))}?mode=rw"
        try:
            opened = sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None)
            with closing(opened) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("SELECT 1 FROM source LIMIT 1").fetchone()
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            kind = LockedError if "locked" in str(error) else StoreError
            raise kind(f"{place}: {error}") from error

    def figures(self, now: datetime) -> Figures:
        """Sources, feeds and what is to be told, in numbers."""
        at = seconds(now)
        with reading(self._engine) as connection:
            sources = connection.exec_driver_sql(_SOURCES).cursor.fetchall()
            due, longest = connection.exec_driver_sql(_DUE, (at,)).one()
            asked = (seconds(now - _OVERDUE),)
            overdue = connection.exec_driver_sql(_OVERDUE_ONES, asked).cursor.fetchall()
            feeds = connection.exec_driver_sql(_FEEDS).cursor.fetchall()
            (outbox,) = connection.exec_driver_sql(_OUTBOX).one()
        return Figures(
            sources={state: count for state, count, _ in sources},
            due=due,
            longest_due=moment(longest),
            overdue=tuple((name, instant(since)) for name, since in overdue),
            newest_ok=moment(max((ok for _, _, ok in sources if ok is not None), default=None)),
            feeds=tuple(
                BuiltFeed(name, moment(built), held, entries)
                for name, built, held, entries in feeds
            ),
            outbox=outbox,
        )

    def articles_by_state(self, now: datetime) -> dict[str, int]:
        """How many articles are in each state; one that is not due yet is held."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_UNPUBLISHED).cursor.fetchall()
            (whole,) = connection.exec_driver_sql(_ARTICLES).one()
            asked = (seconds(now),)
            (waiting,) = connection.exec_driver_sql(_WAITING, asked).one()
        found: dict[str, int] = dict(rows)
        found["held"] = found.get("held", 0) + waiting
        published = whole - sum(count for _, count in rows) - waiting
        return {"published": published, **found}
