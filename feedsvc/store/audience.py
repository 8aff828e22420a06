"""The audience of feeds: the salt of a day, and what server processes have counted on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert as upsert

from feedsvc.figures.sketch import united
from feedsvc.ports import AudienceDay, Batch
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.rows import seconds
from feedsvc.store.schema import audience, remark

_SALT = "audience.salt"
_BATCHES = "audience.batches"
_SENDERS = 16  # server processes whose last batch is remembered: more than run at a time


class Audiences:
    """Fits `ports.FigureStore`, as far as that is about the audience."""

    _engine: Engine

    def day_salt(self, day: str, fresh: bytes, now: datetime) -> bytes:
        """The salt of a day, `fresh` if it has none yet; see `ports.FigureStore`."""
        with reading(self._engine) as connection:
            told = _remark(connection, _SALT)
        if told.get("day") != day:
            with writing(self._engine) as connection:
                told = _remark(connection, _SALT)  # another process may have been first
                if told.get("day") != day:
                    told = {"day": day, "salt": fresh.hex()}
                    _leave(connection, _SALT, told, now)
        return bytes.fromhex(told["salt"])

    def add_audience(self, batch: Batch, now: datetime) -> None:
        """Add what a server process has counted; see `ports.FigureStore`."""
        with writing(self._engine) as connection:
            told = _remark(connection, _BATCHES)
            if told.get(batch.sender, 0) >= batch.number:
                return
            told.pop(batch.sender, None)
            senders = [*told.items(), (batch.sender, batch.number)]
            _leave(connection, _BATCHES, dict(senders[-_SENDERS:]), now)
            for some in chunks(batch.days, 500):
                _add(connection, some)


def _add(connection: Connection, days: Sequence[AudienceDay]) -> None:
    keys = {(one.day, one.feed) for one in days}
    query = select(audience).where(
        audience.c.day.in_({day for day, _ in keys}),
        audience.c.feed.in_({name for _, name in keys}),
    )
    known = {
        (row["day"], row["feed"]): AudienceDay(
            **{**row, "aggregators": json.loads(row["aggregators"])}
        )
        for row in connection.execute(query).mappings()
    }
    statement = upsert(audience)
    others = {
        column.name: statement.excluded[column.name]
        for column in audience.c
        if not column.primary_key
    }
    rows = [_row(one, known.get((one.day, one.feed))) for one in days]
    connection.execute(statement.on_conflict_do_update(["day", "feed"], set_=others), rows)


def _row(one: AudienceDay, known: AudienceDay | None) -> dict[str, Any]:
    known = known or AudienceDay(day=one.day, feed=one.feed, aggregators={})
    speaking = dict(known.aggregators)
    for name, subscribers in one.aggregators.items():
        speaking[name] = max(subscribers, speaking.get(name, 0))
    return {
        "day": one.day,
        "feed": one.feed,
        "requests": known.requests + one.requests,
        "not_modified": known.not_modified + one.not_modified,
        "aggregators": json.dumps(speaking, ensure_ascii=False, sort_keys=True),
        "pollers": united((known.pollers, one.pollers)),
    }


def _remark(connection: Connection, name: str) -> dict[str, Any]:
    found = connection.execute(select(remark.c.value).where(remark.c.name == name)).scalar()
    told: dict[str, Any] = json.loads(found) if found else {}
    return told


def _leave(connection: Connection, name: str, value: Mapping[str, Any], now: datetime) -> None:
    values = {"name": name, "value": json.dumps(value), "at": seconds(now)}
    connection.execute(upsert(remark).values(values).on_conflict_do_update(["name"], set_=values))
