"""What grows beside articles in a year of a daemon, and how each table is kept from it.

event, journal       the newest 1,000 and 20,000 (events.py, records.py)
fragment             goes with the document that held it, or here
media_use, media     with the articles that showed the file
edition, removal     the newest of each feed: far more than any document tells of
audience             13 months, so that a month can be compared with that of last year
outbox               words given up a month ago; what is due is never touched
subscriber           those who did not ask again; what they asked for has ended
revision             with its article: what was corrected may have to be shown years later
article              narrow rows of what was pruned, for good: `prune.py` says why
slug, redirect       for good: an address that was published is never another article's
file, source, place  as large as what is configured, and what it holds
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from feedsvc.settings import Feed
from feedsvc.store.engine import reading, writing
from feedsvc.store.halt import Halt
from feedsvc.store.media import pictures_of
from feedsvc.store.outbox import NEVER

AUDIENCE = timedelta(days=400)
GIVEN_UP = timedelta(days=30)  # before a word that nobody would hear is forgotten
EDITIONS = 1_000  # of a digest: nearly three years of days
REMOVALS = 10_000  # of a feed; a document tells of the newest 50

_AT_ONCE = 1_000  # rows of one transaction

# The newest rows of each feed are kept, by a column that orders them.
_TOO_MANY = """
    SELECT feed, {name} FROM (
        SELECT feed, {name}, row_number() OVER (PARTITION BY feed ORDER BY {newest}) AS place
        FROM {table}
    ) WHERE place > :most
"""
_UNUSED_USES = """
    SELECT url, article_id FROM media_use
    WHERE article_id IN (SELECT id FROM article WHERE pruned IS NOT NULL)
"""
_UNUSED_MEDIA = "SELECT url FROM media WHERE url NOT IN (SELECT url FROM media_use)"
# Files that need no asking are shown without a row in `media_use`.
_SHOWN_MEDIA = """
    SELECT json_extract(one.value, '$[0]') FROM body, json_each(body.fields, '$.enclosures') AS one
    UNION ALL
    SELECT json_extract(fields, '$.image[0]') FROM body
    WHERE json_extract(fields, '$.image') IS NOT NULL
"""


class Tidy:
    """Keeps the small tables small."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def tidy(self, now: datetime, halt: Halt) -> dict[str, int]:
        """Drop what nobody needs any more; returns how many rows of which table."""
        old = (now - AUDIENCE).date().isoformat()
        given_up = int((now - GIVEN_UP).timestamp())
        edition = _TOO_MANY.format(table="edition", name="period", newest="updated DESC, period")
        removal = _TOO_MANY.format(table="removal", name="guid", newest="at DESC, guid")
        found = {
            "media_use": self._drop("media_use", ("url", "article_id"), _UNUSED_USES, {}, halt),
            "media": self._drop_media(halt),
            "edition": self._drop("edition", ("feed", "period"), edition, {"most": EDITIONS}, halt),
            "removal": self._drop("removal", ("feed", "guid"), removal, {"most": REMOVALS}, halt),
            "audience": self._drop(
                "audience", ("day", "feed"), "SELECT day, feed FROM audience WHERE day < :old",
                {"old": old}, halt,
            ),
            "outbox": self._drop(
                "outbox", ("id",),
                "SELECT id FROM outbox WHERE due = :never AND made < :old",
                {"never": NEVER, "old": given_up}, halt,
            ),
        }  # fmt: skip
        return {table: n for table, n in found.items() if n}

    def _drop(
        self, table: str, key: tuple[str, ...], query: str, asked: dict[str, Any], halt: Halt
    ) -> int:
        with reading(self._engine) as connection:
            rows = [
                tuple(row) for row in connection.exec_driver_sql(query, asked).cursor.fetchall()
            ]
        return self._delete(table, key, rows, halt)

    def _delete(
        self, table: str, key: tuple[str, ...], rows: list[tuple[Any, ...]], halt: Halt
    ) -> int:
        named = " AND ".join(f"{name} = ?" for name in key)
        dropped = 0
        for start in range(0, len(rows), _AT_ONCE):
            halt.check()
            some = rows[start : start + _AT_ONCE]
            with writing(self._engine) as connection:
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE {named}", some)  # noqa: S608
            dropped += len(some)
        return dropped

    def _drop_media(self, halt: Halt) -> int:
        """Facts about files that no article shows any more; whoever shows one asks again."""
        with reading(self._engine) as connection:
            unused = {url for (url,) in connection.exec_driver_sql(_UNUSED_MEDIA).all()}
            unused -= {url for feed in self._feeds for url in pictures_of(feed)}
            if not unused:
                return 0
            for url in _shown_media(connection):
                unused.discard(url)
        return self._delete("media", ("url",), [(url,) for url in sorted(unused)], halt)


def _shown_media(connection: Connection) -> Iterator[str]:
    cursor = connection.exec_driver_sql(_SHOWN_MEDIA).cursor
    while rows := cursor.fetchmany(_AT_ONCE):
        yield from (url for (url,) in rows)
