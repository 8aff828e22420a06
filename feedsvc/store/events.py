"""What happened to sources: each change of state, for the operations feed and the webhook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, select, update

from feedsvc.ports import Event
from feedsvc.store.engine import reading, writing
from feedsvc.store.rows import instant, seconds
from feedsvc.store.schema import event

EVENTS = 1_000  # changes of state that are kept


class Happened(NamedTuple):
    """A change of a source's state that is to be noted."""

    at: datetime
    source: str
    was: str
    state: str
    reason: str | None


def note(connection: Connection, changes: Sequence[Happened]) -> None:
    """Note changes of state, in the transaction that makes them; the oldest ones are forgotten."""
    if not changes:
        return
    rows = [{**one._asdict(), "at": seconds(one.at), "told": False} for one in changes]
    connection.execute(insert(event), rows)
    newest = select(event.c.id).order_by(event.c.id.desc()).offset(EVENTS).limit(1)
    connection.execute(delete(event).where(event.c.id <= newest.scalar_subquery()))


class Events:
    """What the operator's feed and webhook read of them."""

    _engine: Engine

    def events(self, *, limit: int) -> tuple[Event, ...]:
        """The newest changes of state of sources."""
        query = select(*_EVENT).order_by(event.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return tuple(map(_read, connection.execute(query)))

    def untold(self, *, since: datetime, limit: int) -> tuple[Event, ...]:
        """The oldest changes of state since then that the webhook does not know yet."""
        news = (event.c.told.is_(False), event.c.at >= seconds(since))
        query = select(*_EVENT).where(*news).order_by(event.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(map(_read, connection.execute(query)))

    def tell(self, numbers: Sequence[int]) -> None:
        """Note that the webhook knows these changes."""
        with writing(self._engine) as connection:
            connection.execute(update(event).where(event.c.id.in_(numbers)).values(told=True))


_EVENT = (event.c.id, event.c.at, event.c.source, event.c.was, event.c.state, event.c.reason)


def _read(row: Any) -> Event:
    number, at, *rest = row
    return Event(number, instant(at), *rest)
