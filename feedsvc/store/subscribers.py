"""The subscribers of our own hub (WebSub §5): what they asked for, and until when it holds.

A request waits in `pending` until its callback has confirmed it; until then, whatever was agreed
before holds (§5.1). Each change names the `pending` it was decided on: one that was replaced
meanwhile decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, not_, select, update

from feedsvc.ports import Crowd, Subscriber
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.rows import moment, seconds
from feedsvc.store.schema import ledger, outbox, subscriber

_REQUEST = """
    INSERT INTO subscriber (topic, callback, pending, due) VALUES (?, ?, ?, ?)
    ON CONFLICT (topic, callback) DO UPDATE SET pending = excluded.pending, due = excluded.due
"""
# `?2` is `//host/`, `?3` is `//host:`: what follows the scheme of a callback at the host.
_AT_HOST = """
    (substr(callback, instr(callback, '//'), length(?2)) = ?2
     OR substr(callback, instr(callback, '//'), length(?3)) = ?3)
"""
_CROWD = f"""
    SELECT count(*) FILTER (WHERE topic = ?1),
           count(*) FILTER (WHERE topic = ?1 AND {_AT_HOST}),
           count(*) FILTER (WHERE pending IS NOT NULL),
           count(*) FILTER (WHERE pending IS NOT NULL AND {_AT_HOST})
    FROM subscriber WHERE topic = ?1 OR pending IS NOT NULL
"""  # noqa: S608


class Subscribers:
    """What our hub reads and writes."""

    _engine: Engine

    def subscriber(self, topic: str, callback: str) -> Subscriber | None:
        """Who subscribes a topic with this callback, or has asked to."""
        query = select(subscriber).where(
            subscriber.c.topic == topic, subscriber.c.callback == callback
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _subscriber(row)

    def crowd(self, topic: str, host: str) -> Crowd:
        """How many subscribers there are; `host` as it stands in callbacks, without a port."""
        with reading(self._engine) as connection:
            asked = (topic, f"//{host}/", f"//{host}:")
            return Crowd._make(connection.exec_driver_sql(_CROWD, asked).one())

    def request(self, topic: str, callback: str, pending: str, now: datetime) -> None:
        """Note a request that is to be verified, in place of one that waits."""
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_REQUEST, (topic, callback, pending, seconds(now)))

    def intents_due(self, now: datetime) -> bool:
        """Whether a request is to be verified now."""
        query = select(subscriber.c.id).where(subscriber.c.due <= seconds(now)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def intents(
        self, now: datetime, *, again: bool, limit: int, but: Collection[int] = ()
    ) -> tuple[Subscriber, ...]:
        """Who is to be asked whether it means its request, for the first time or `again`.

        `but` are those who are being asked.
        """
        tried = func.json_extract(subscriber.c.pending, "$.tries").is_not(None)
        query = (
            select(subscriber)
            .where(subscriber.c.due <= seconds(now), subscriber.c.pending.is_not(None))
            .where(tried if again else not_(tried))
            .order_by(subscriber.c.due, subscriber.c.id)
            .limit(limit + len(but))
        )
        with reading(self._engine) as connection:
            found = map(_subscriber, connection.execute(query).mappings())
            return tuple(one for one in found if one.row not in but)[:limit]

    def confirm(self, one: Subscriber, *, secret: str | None, until: datetime) -> None:
        """It wants to hear of the topic."""
        confirmed = {
            "secret": secret, "lease_until": seconds(until), "pending": None, "due": None,
            "failures": 0, "since": None,
        }  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(_same(update(subscriber), one).values(confirmed))

    def postpone(self, one: Subscriber, pending: str, due: datetime) -> None:
        """It could not be asked."""
        with writing(self._engine) as connection:
            later = {"pending": pending, "due": seconds(due)}
            connection.execute(_same(update(subscriber), one).values(later))

    def refuse(self, one: Subscriber) -> None:
        """It does not mean its request: everything is as before that."""
        with writing(self._engine) as connection:
            known = subscriber.c.lease_until.is_not(None)
            connection.execute(
                _same(update(subscriber), one).where(known).values(pending=None, due=None)
            )
            connection.execute(
                _same(delete(subscriber), one).where(subscriber.c.lease_until.is_(None))
            )

    def leave(self, one: Subscriber) -> None:
        """It means its request to hear no more, or was told that there is no more to hear."""
        with writing(self._engine) as connection:
            if connection.execute(_same(delete(subscriber), one)).rowcount:
                _drop_words(connection, [one.row])

    def retire(self, rows: Sequence[int]) -> None:
        """Forget subscribers, and what they were to be told."""
        if rows:
            with writing(self._engine) as connection:
                for some in chunks(rows):
                    connection.execute(delete(subscriber).where(subscriber.c.id.in_(some)))
                    _drop_words(connection, some)

    def subscribers(self, rows: Sequence[int]) -> dict[int, Subscriber]:
        """Subscribers by their rows."""
        found: dict[int, Subscriber] = {}
        with reading(self._engine) as connection:
            for some in chunks(rows):
                query = select(subscriber).where(subscriber.c.id.in_(some))
                found |= {
                    row["id"]: _subscriber(row) for row in connection.execute(query).mappings()
                }
        return found

    def reached(self, row: int) -> None:
        """It heard what it was told."""
        failed = subscriber.c.failures > 0
        with reading(self._engine) as connection:
            query = select(subscriber.c.id).where(subscriber.c.id == row, failed)
            if connection.execute(query).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(
                update(subscriber).where(subscriber.c.id == row).values(failures=0, since=None)
            )

    def missed(self, row: int, now: datetime) -> None:
        """It did not hear what it was told."""
        since = func.coalesce(subscriber.c.since, seconds(now))
        with writing(self._engine) as connection:
            connection.execute(
                update(subscriber)
                .where(subscriber.c.id == row)
                .values(failures=subscriber.c.failures + 1, since=since)
            )

    def subscribed(self, folder: str, now: datetime) -> tuple[int, int]:
        """How many are told of what is published below an address, and how many do not hear it."""
        below = func.substr(subscriber.c.topic, 1, len(folder)) == folder
        told = subscriber.c.lease_until > seconds(now)
        query = select(func.count(), func.count(subscriber.c.since)).where(below, told)
        with reading(self._engine) as connection:
            known, deaf = connection.execute(query).one()
        return known, deaf

    def published(self, paths: Collection[str]) -> frozenset[str]:
        """Those of some paths of the output directory at which there are files of ours."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for some in chunks(sorted(paths)):
                query = select(ledger.c.path).where(ledger.c.path.in_(some))
                found.update(connection.execute(query).scalars())
        return frozenset(found)

    def topics(self) -> tuple[str, ...]:
        """What is subscribed, or asked for."""
        with reading(self._engine) as connection:
            query = select(subscriber.c.topic).distinct().order_by(subscriber.c.topic)
            return tuple(connection.execute(query).scalars())

    def lapsed(self, now: datetime) -> tuple[int, ...]:
        """Those whose time is over and who did not ask again."""
        over = (subscriber.c.lease_until <= seconds(now), subscriber.c.pending.is_(None))
        with reading(self._engine) as connection:
            return tuple(connection.execute(select(subscriber.c.id).where(*over)).scalars())

    def deny(self, topic: str, pending: str, now: datetime) -> None:
        """Let every subscriber of a topic be told that there is no more to hear."""
        with writing(self._engine) as connection:
            connection.execute(
                update(subscriber)
                .where(
                    subscriber.c.topic == topic,
                    func.coalesce(func.json_extract(subscriber.c.pending, "$.mode"), "")
                    != "denied",
                )
                .values(pending=pending, due=seconds(now))
            )


def _drop_words(connection: Connection, rows: Sequence[int]) -> None:
    of_them = (outbox.c.kind == "deliver", outbox.c.target.in_([str(row) for row in rows]))
    connection.execute(delete(outbox).where(*of_them))


def _same(statement: Any, one: Subscriber) -> Any:
    return statement.where(subscriber.c.id == one.row, subscriber.c.pending == one.pending)


def _subscriber(row: Any) -> Subscriber:
    return Subscriber(
        row=row["id"],
        topic=row["topic"],
        callback=row["callback"],
        secret=row["secret"],
        lease_until=moment(row["lease_until"]),
        pending=row["pending"],
    )
