"""The outbox: what others are to be told, until they know it (WebSub §6, §7).

A word is put in with the publication it is about, and taken out when it was heard. One about the
same that comes while it waits only counts its rounds up: whoever has it on its way then tells it
once more, and a host that is down is not asked more often because we publish more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from feedsvc.model import Problem, Word
from feedsvc.ports import Notice
from feedsvc.store.bulk import write
from feedsvc.store.engine import reading, writing
from feedsvc.store.rows import instant, moment, seconds

NEVER = 253_402_300_799
"""Due at the end of the year 9999: it was told in vain for days, and waits for the next word."""

_SHOWN = 3  # tries in vain after which an operator is told

_AGAIN = f"""
    ON CONFLICT (kind, target, topic) DO UPDATE SET round = round + 1,
        made = CASE WHEN due = {NEVER} THEN excluded.made ELSE made END,
        tries = CASE WHEN due = {NEVER} THEN excluded.tries ELSE tries END,
        due = CASE WHEN tries = 0 OR due = {NEVER} THEN excluded.due ELSE due END
"""
_SAY = f"INSERT INTO outbox (kind, target, topic, made, due) VALUES (?, ?, ?, ?, ?) {_AGAIN}"  # noqa: S608
# Who did not hear the last news is not told among the first.
_FAN = f"""
    INSERT INTO outbox (kind, target, topic, made, due, tries)
    SELECT 'deliver', CAST(id AS TEXT), topic, ?, ?, since IS NOT NULL FROM subscriber
    WHERE topic = ? AND lease_until > ? {_AGAIN}
"""  # noqa: S608
_FANS = "SELECT DISTINCT topic FROM outbox WHERE kind = 'fan' AND due <= ?"
_FANNED = "DELETE FROM outbox WHERE kind = 'fan' AND due <= ? AND topic = ?"
_DUE = "SELECT 1 FROM outbox WHERE due <= ? LIMIT 1"
_TAKE = """
    SELECT id, kind, target, topic, made, tries, round FROM outbox
    WHERE due <= ? AND kind != 'fan' AND (tries > 0) = ? ORDER BY tries, due, id LIMIT ?
"""
_HEARD = "DELETE FROM outbox WHERE id = ? AND kind = ? AND target = ? AND topic = ?"
_UNHEARD = "UPDATE outbox SET tries = ?, due = ?, reason = ? WHERE id = ? AND topic = ?"
_ANEW = "UPDATE outbox SET tries = 0, made = ?, due = ?, reason = NULL WHERE id = ? AND topic = ?"
_TROUBLE = """
    SELECT target, topic, reason, made, due FROM outbox
    WHERE kind = 'ping' AND reason IS NOT NULL AND (tries >= ? OR due = ?) ORDER BY target, topic
"""


def say(connection: Connection, words: Sequence[Word], at: datetime | None) -> None:
    """Put words into the outbox, in the transaction of what they are about."""
    made = seconds(at) or 0
    write(connection, _SAY, [(*word, made, made) for word in words])


class Outbox:
    """What tells others reads and writes."""

    _engine: Engine

    def outbox_due(self, now: datetime) -> bool:
        """Whether anybody is to be told something now."""
        with reading(self._engine) as connection:
            return connection.exec_driver_sql(_DUE, (seconds(now),)).first() is not None

    def fans(self, now: datetime) -> tuple[str, ...]:
        """The topics of which our own hub is to tell its subscribers."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_FANS, (seconds(now),)).cursor.fetchall()
        return tuple(topic for (topic,) in rows)

    def fan_out(self, topics: Mapping[str, Sequence[str]], now: datetime) -> None:
        """Make of each word for our own hub one for each of its subscribers.

        With each topic come all those under which it is subscribed.
        """
        at = seconds(now)
        with writing(self._engine) as connection:
            for topic, known_as in topics.items():
                for one in known_as:
                    connection.exec_driver_sql(_FAN, (at, at, one, at))
                connection.exec_driver_sql(_FANNED, (at, topic))

    def outbox_take(
        self, now: datetime, *, again: bool, limit: int, but: Collection[int] = ()
    ) -> tuple[Notice, ...]:
        """What is due, for the first time or again; `but` rows are on their way."""
        asked = (seconds(now), again, limit + len(but))
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_TAKE, asked).cursor.fetchall()
        return tuple(
            Notice(row, Word(kind, target, topic), instant(made), tries, rounds)
            for row, kind, target, topic, made, tries, rounds in rows
            if row not in but
        )[:limit]

    def heard(self, notice: Notice, now: datetime) -> None:
        """It is known now; what was said while it was told is still to be told."""
        same = (notice.row, *notice.word)
        with writing(self._engine) as connection:
            told = connection.exec_driver_sql(f"{_HEARD} AND round = ?", (*same, notice.round))
            if not told.rowcount:
                at = seconds(now)
                connection.exec_driver_sql(_ANEW, (at, at, notice.row, notice.word.topic))

    def unheard(self, notice: Notice, due: datetime | None, reason: str) -> None:
        """It was told in vain; without `due` it is given up until there is a new word."""
        told = (notice.tries + 1, NEVER if due is None else seconds(due), reason)
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_UNHEARD, (*told, notice.row, notice.word.topic))

    def drop(self, notice: Notice) -> None:
        """Nobody is to be told that any more."""
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_HEARD, (notice.row, *notice.word))

    def outbox_problems(self) -> tuple[Problem, ...]:
        """The hubs of others that do not hear us."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_TROUBLE, (_SHOWN, NEVER)).cursor.fetchall()
        return tuple(
            Problem(
                source="websub",
                path=hub,
                reason=f"was not told of {topic}: {reason}"
                + ("; given up until it is published again" if due == NEVER else ""),
                since=moment(made),
            )
            for hub, topic, reason, made, due in rows
        )
