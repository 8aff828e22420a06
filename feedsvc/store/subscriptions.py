"""Our subscriptions at the hubs of sources (WebSub §5): what was asked, and until when it holds.

A change names the subscription it was decided on. If that is another by now, since a hub asked its
question meanwhile, nothing is changed, and whoever decided looks again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, insert, select, update

from feedsvc.ports import Announced, Subscription
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.schema import remote, source, subscription

_COLUMNS = (
    "source_id", "topic", "hub", "token", "secret", "state", "asked", "lease_until", "due",
    "failures", "reason",
)  # fmt: skip

# Of all sources only those are read whose subscription is not what they announce: with thousands of
# sources this is asked every few seconds.
_ANNOUNCED = """
    SELECT source.id, source.name, remote.url, remote.head,
           source.removed OR source.paused IS NOT NULL OR NOT :wanted, subscription.token
    FROM source
    JOIN remote ON remote.source_id = source.id
    LEFT JOIN subscription ON subscription.source_id = source.id
    WHERE CASE WHEN subscription.source_id IS NULL
        THEN :wanted AND NOT source.removed AND source.paused IS NULL
            AND instr(remote.head, '"hubs":')
        ELSE subscription.state != 'leaving' AND (
            NOT :wanted OR source.removed OR source.paused IS NOT NULL
            OR remote.head IS NULL OR NOT instr(remote.head, '"hubs":')
            OR coalesce(json_extract(remote.head, '$.self'), remote.url) != subscription.topic
            OR subscription.hub NOT IN (SELECT value FROM json_each(remote.head, '$.hubs'))
        )
        END
    ORDER BY source.id
"""
_HUB_TELLS = "state = 'active' AND heard IS NOT NULL AND lease_until > ?"
_PUSHED = f"""
    SELECT source.name, heard FROM subscription JOIN source ON source.id = source_id
    WHERE subscription.{_HUB_TELLS}
"""  # noqa: S608
_POLL = "UPDATE source SET next_due = ? WHERE next_due > ? AND id = ?"
_DOUBT = """
    UPDATE source SET next_due = ?1 WHERE next_due > ?1 AND id IN
        (SELECT source_id FROM subscription WHERE state = 'active' AND heard IS NOT NULL)
"""
# A word of its hub counts for more than a 410 of long ago: it is asked again.
_PING = """
    UPDATE source SET next_due = ?, state = CASE state WHEN 'parked' THEN 'failing' ELSE state END
    WHERE id = ? AND NOT removed AND paused IS NULL
"""


class Subscriptions:
    """What a subscriber of others' hubs reads and writes."""

    _engine: Engine

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All of them, by the names of their sources."""
        return self._found(_whole().order_by(source.c.name))

    def subscriptions_due(self, now: datetime, *, limit: int = -1) -> tuple[Subscription, ...]:
        """Those about which something is to be done, the longest waiting first."""
        due = _whole().where(subscription.c.due <= seconds(now)).order_by(subscription.c.due)
        return self._found(due.limit(limit))

    def subscription(self, token: str) -> Subscription | None:
        """The one whose callback has this token."""
        return next(iter(self._found(_whole().where(subscription.c.token == token))), None)

    def _found(self, query: Select[Any]) -> tuple[Subscription, ...]:
        with reading(self._engine) as connection:
            return tuple(map(_subscription, connection.execute(query).mappings()))

    def announced(self, *, wanted: bool) -> tuple[Announced, ...]:
        """The sources whose subscription is not what they announce; none is `wanted` if not so."""
        with reading(self._engine) as connection:
            cursor = connection.exec_driver_sql(_ANNOUNCED, {"wanted": wanted}).cursor
            rows = cursor.fetchall()
        held = {one.token: one for one in self._of_tokens([row[5] for row in rows if row[5]])}
        found = []
        for row, name, url, head, away, token in rows:
            told = {} if away or not head else json.loads(head)
            known = held.get(token) if token else None
            topic, hubs = told.get("self"), tuple(told.get("hubs", ()))
            found.append(Announced(row, name, url, topic, hubs, known))
        return tuple(found)

    def hubs_announced(self, row: int) -> tuple[str, ...]:
        """The hubs that a source announces."""
        query = select(remote.c.head).where(remote.c.source_id == row)
        with reading(self._engine) as connection:
            head = connection.execute(query).scalar()
        return tuple(json.loads(head).get("hubs", ())) if head else ()

    def _of_tokens(self, tokens: Sequence[str]) -> list[Subscription]:
        return [
            one
            for some in chunks(tokens)
            for one in self._found(_whole().where(subscription.c.token.in_(some)))
        ]

    def subscribe(self, one: Subscription) -> None:
        """Note a new subscription, that takes the place of any other of its source."""
        with writing(self._engine) as connection:
            connection.execute(delete(subscription).where(subscription.c.source_id == one.source))
            connection.execute(insert(subscription).values(_values(one)))

    def exchange(self, was: Subscription, now: Subscription | None, at: datetime) -> bool:
        """Put `now` in the place of `was`, None for nothing; False if it is another by now.

        A source that its hub told of news, and does no longer, is asked at once: what the hub did
        not tell would else wait for long.
        """
        with writing(self._engine) as connection:
            same = [subscription.c[name].is_not_distinct_from(value)
                    for name, value in _values(was).items()]  # fmt: skip
            if now is None:
                done = connection.execute(delete(subscription).where(*same)).rowcount
            else:
                values = _values(now)
                if not now.relied_on:
                    values["heard"] = None
                done = connection.execute(update(subscription).where(*same).values(values)).rowcount
            if done and was.heard is not None and (now is None or not now.relied_on):
                _poll(connection, was.source, at)
        return bool(done)

    # -- how sources are asked meanwhile -----------------------------------------------------------

    def pushed(self, now: datetime, names: Sequence[str] | None = None) -> dict[str, datetime]:
        """The sources whose hubs tell us of news, by name, and when they did last.

        Of all without `names`.
        """
        found: dict[str, datetime] = {}
        with reading(self._engine) as connection:
            for some in [None] if names is None else chunks(names):
                few = "" if some is None else f" AND source.name IN ({','.join('?' * len(some))})"
                asked = (seconds(now), *(some or ()))
                rows = connection.exec_driver_sql(_PUSHED + few, asked).cursor.fetchall()
                found |= {name: instant(heard) for name, heard in rows}
        return found

    def hub_told(self, row: int, now: datetime) -> None:
        """The hub of a source told us of news."""
        told = update(subscription).where(
            subscription.c.source_id == row, subscription.c.state == "active"
        )
        with writing(self._engine) as connection:
            connection.execute(told.values(heard=seconds(now)))

    def hubs_missed(self, names: Sequence[str]) -> None:
        """The hubs of these sources did not tell us of news: they are asked as if there were none.

        Until a hub tells of something again.
        """
        with writing(self._engine) as connection:
            for some in chunks(names):
                rows = select(source.c.id).where(source.c.name.in_(some))
                connection.execute(
                    update(subscription)
                    .where(subscription.c.source_id.in_(rows))
                    .values(heard=None)
                )

    def doubt_hubs(self, now: datetime) -> None:
        """Nobody was there to hear what hubs told: ask their sources."""
        at = seconds(now)
        with reading(self._engine) as connection:
            heard = subscription.c.heard.is_not(None)
            if connection.execute(select(subscription.c.source_id).where(heard)).first() is None:
                return
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_DOUBT, (at,))

    def ping(self, row: int, due: datetime) -> None:
        """Ask a source then, whatever kept us from it; not one that its operator wants left."""
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_PING, (seconds(due), row))


def _poll(connection: Connection, row: int, at: datetime) -> None:
    connection.exec_driver_sql(_POLL, (seconds(at), seconds(at), row))


def _whole() -> Select[Any]:
    columns = (subscription.c[name] for name in (*_COLUMNS, "heard"))
    return select(source.c.name, *columns).join(source, source.c.id == subscription.c.source_id)


def _values(one: Subscription) -> dict[str, Any]:
    """Its columns, but for when it was heard: that is told beside everything else."""
    return {
        "source_id": one.source,
        "topic": one.topic,
        "hub": one.hub,
        "token": one.token,
        "secret": one.secret,
        "state": one.state,
        "asked": seconds(one.asked),
        "lease_until": seconds(one.lease_until),
        "due": seconds(one.due),
        "failures": one.failures,
        "reason": one.reason,
    }


def _subscription(row: Any) -> Subscription:
    due = moment(row["due"])
    assert due is not None  # noqa: S101
    return Subscription(
        source=row["source_id"],
        name=row["name"],
        topic=row["topic"],
        hub=row["hub"],
        token=row["token"],
        secret=row["secret"],
        state=row["state"],
        asked=moment(row["asked"]),
        lease_until=moment(row["lease_until"]),
        due=due,
        failures=row["failures"],
        reason=row["reason"],
        heard=moment(row["heard"]),
    )
