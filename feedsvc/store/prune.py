"""Pruning: of articles that are more than their source may keep, one narrow row is left.

That row is a tombstone. It has everything that an article is matched by (ids, link, title, digests
of the words), so that what its source still shows, or shows again under another id or in another
file, is known and stays out. It is kept for good: some 500 bytes with its place in every index, and
there is no day on which a source could not show an old entry again.

The state of one is `gone`, for the reason `pruned`. A verdict of the operator stays as it was, and
goes on to strike the copies that come later.
"""

from __future__ import annotations

import json
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from feedsvc.model import State
from feedsvc.ports import Holder, Limit, Pruned, Shown
from feedsvc.settings import Feed
from feedsvc.store.engine import reading, writing
from feedsvc.store.kept import PRUNABLE, Keeping
from feedsvc.store.schema import source
from feedsvc.store.writing import last_change

REASON = "pruned"

_AT_ONCE = 400  # articles of one transaction: others who write wait for some hundredths of a second
_BREATH = 0.02  # seconds between two: who waits looks again and again, at longer intervals
_NEVER = 2**62

# What was taken down takes no place from what can be read.
_BEYOND = f"""
    SELECT id FROM (
        SELECT id, released,
            CASE state WHEN 'published'
                THEN sum(state = 'published') OVER (ORDER BY released DESC, guid, id)
                ELSE row_number() OVER (ORDER BY released DESC, guid, id)
            END AS place
        FROM article WHERE source_id = :source AND {PRUNABLE}
    )
    WHERE released < :oldest OR place > :keep
"""  # noqa: S608  our own words

_ROWS = "(SELECT value FROM json_each(:rows))"
_ERASE = (
    *(
        f"DELETE FROM {table} WHERE article_id IN {_ROWS}"  # noqa: S608
        for table in ("revision", "label", "fragment", "body")
    ),
    # Not an UPDATE: SQLite gives a page back when its rows are deleted, not when they shrink.
    "INSERT INTO body (article_id, html, fields) SELECT value, '', '{}' FROM json_each(:rows)",
    # Nobody can mend what a parser complains of any more.
    f"""
    UPDATE file SET problem = NULL, warnings = NULL, since = NULL
    WHERE article_id IN {_ROWS} AND (problem IS NOT NULL OR warnings IS NOT NULL)
    """,  # noqa: S608
    # Nobody sees anything else than before, so no feed is touched, and `changed` stays.
    f"""
    UPDATE article SET pruned = :at,
        own_state = CASE WHEN verdict IS NULL THEN NULL ELSE '{State.GONE.value}' END,
        own_reason = CASE WHEN verdict IS NULL THEN NULL ELSE '{REASON}' END,
        state = CASE WHEN verdict IS NULL THEN '{State.GONE.value}' ELSE state END,
        state_reason = CASE WHEN verdict IS NULL THEN '{REASON}' ELSE state_reason END
    WHERE id IN {_ROWS}
    """,  # noqa: S608
)


class Prune:
    """Finds what is more than sources may keep, and erases it."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def holders(self) -> tuple[Holder, ...]:
        """Every source there ever was, by name."""
        query = select(source.c.id, source.c.name, source.c.parent).order_by(source.c.name)
        with reading(self._engine) as connection:
            return tuple(
                Holder(row=row, name=name, parent=parent)
                for row, name, parent in connection.execute(query)
            )

    def beyond(self, limits: Sequence[Limit], now: datetime) -> tuple[array[int], int]:
        """The articles that are more than their sources may keep, by row; what is shown, too.

        And the number of the last change, for `prune`.
        """
        found = array("q")
        with reading(self._engine) as connection:
            number = last_change(connection)
            for limit in limits:
                cursor = connection.exec_driver_sql(_BEYOND, _asked(limit, now)).cursor
                while rows := cursor.fetchmany(10_000):
                    found.extend(row for (row,) in rows)
        return array("q", sorted(found)), number

    def prune(
        self,
        rows: Sequence[int],
        *,
        beyond: Sequence[int],
        since: int,
        shown: Shown,
        now: datetime,
        dry_run: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> dict[int, Pruned]:
        """Erase those of `rows` that nothing shows; what became of them, by the rows of sources.

        `beyond` and `since` are what `beyond` returned; copies of the rows go with them. Some
        hundred at a time, each in a transaction of its own. To be called while nobody builds: what
        is being rendered would be published without its text.
        """
        counted: Counter[tuple[int, str]] = Counter()
        with reading(self._engine) as connection:
            keeping = Keeping(connection, shown, now, beyond=beyond, since=since)
        transaction = reading if dry_run else writing
        for some in _parts(rows, _AT_ONCE):
            if stopped():
                break
            with transaction(self._engine) as connection:
                judged = keeping.judge(connection, some)
                gone = [row for row, (_, why) in judged.items() if not why]
                if gone and not dry_run:
                    _erase(connection, gone, now)
            if gone and not dry_run:
                time.sleep(_BREATH)
            mine = set(some)
            for row, (one, why) in judged.items():
                # A copy that is kept, or would go, is counted when its own turn comes.
                if row in mine or not (why or dry_run):
                    counted[one.source, why] += 1
        return _told(counted)


def _asked(limit: Limit, now: datetime) -> dict[str, int]:
    at = int(now.timestamp())
    age = limit.keep_for
    return {
        "source": limit.row,
        "at": at,
        "keep": _NEVER if limit.keep is None else limit.keep,
        "oldest": -_NEVER if age is None else at - int(age.total_seconds()),
    }


def _parts(rows: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def _erase(connection: Connection, rows: Sequence[int], now: datetime) -> None:
    asked = {"rows": json.dumps(rows), "at": int(now.timestamp())}
    for statement in _ERASE:
        connection.exec_driver_sql(statement, asked)


def _told(counted: Counter[tuple[int, str]]) -> dict[int, Pruned]:
    return {
        source: Pruned(
            pruned=counted[source, ""],
            kept={why: n for (at, why), n in sorted(counted.items()) if at == source and why},
        )
        for source in sorted({source for source, _ in counted})
    }
