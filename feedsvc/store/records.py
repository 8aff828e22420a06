"""What is kept of the service itself: the journal, jobs, remarks, and the audience of feeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from feedsvc.model import LEVELS, LogEntry
from feedsvc.ports import AudienceDay, Chore
from feedsvc.store.engine import reading, writing
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.schema import audience, chore, feed, journal, remark

KEPT = 20_000  # entries of the journal
_SLACK = 1_000  # entries beyond that before the oldest ones go: not at every write


class Records:
    """Fits `ports.RecordStore`."""

    _engine: Engine

    # -- the journal -------------------------------------------------------------------------------

    def log(self, entries: Sequence[LogEntry]) -> None:
        """Write what happened; see `ports.RecordStore`."""
        if not entries:
            return
        rows = [
            {
                "at": seconds(entry.at),
                "level": entry.level,
                "kind": entry.kind,
                "subject": entry.subject,
                "message": entry.message,
                "fields": json.dumps(entry.fields, ensure_ascii=False) if entry.fields else None,
            }
            for entry in entries
        ]
        with writing(self._engine) as connection:
            connection.execute(insert(journal), rows)
            first, last = connection.execute(
                select(func.min(journal.c.id), func.max(journal.c.id))
            ).one()
            if last - first >= KEPT + _SLACK:
                connection.execute(delete(journal).where(journal.c.id <= last - KEPT))

    def journal(
        self,
        *,
        limit: int,
        after: int = 0,
        subject: str | None = None,
        kind: str | None = None,
        level: str | None = None,
        since: datetime | None = None,
    ) -> tuple[LogEntry, ...]:
        """The newest entries, oldest first; see `ports.RecordStore`."""
        query = select(journal).where(journal.c.id > after)
        if subject is not None:
            query = query.where(journal.c.subject == subject)
        if kind is not None:
            query = query.where(journal.c.kind == kind)
        if level is not None:
            query = query.where(journal.c.level.in_(LEVELS[LEVELS.index(level) :]))
        if since is not None:
            query = query.where(journal.c.at >= seconds(since))
        query = query.order_by(journal.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            LogEntry(
                number=row["id"],
                at=instant(row["at"]),
                level=row["level"],
                kind=row["kind"],
                subject=row["subject"],
                message=row["message"],
                fields=json.loads(row["fields"] or "{}"),
            )
            for row in reversed(rows)
        )

    def troubles(self) -> dict[tuple[str, str], str]:
        """What was said last of whom something bad was said; see `ports.RecordStore`."""
        newest = (
            select(func.max(journal.c.id))
            .where(journal.c.subject.is_not(None))
            .group_by(journal.c.kind, journal.c.subject)
        )
        query = select(journal.c.kind, journal.c.subject, journal.c.message).where(
            journal.c.id.in_(newest), journal.c.level != LEVELS[0]
        )
        with reading(self._engine) as connection:
            return {(kind, who): said for kind, who, said in connection.execute(query)}

    def left_out(self) -> dict[str, str]:
        """The articles that are left out of feeds; see `ports.RecordStore`."""
        query = select(feed.c.left_out).where(feed.c.left_out != "[]").order_by(feed.c.name)
        reasons: dict[str, list[str]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query).scalars():
                for name, path, reason, *_ in json.loads(row):
                    reasons.setdefault(path or name, []).append(reason)
        return {who: "; ".join(dict.fromkeys(told)) for who, told in reasons.items()}

    # -- jobs --------------------------------------------------------------------------------------

    def chores(self) -> dict[str, Chore]:
        """The jobs at times of day, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(chore).order_by(chore.c.name)).mappings().all()
        times = ("due", "ran", "done")
        return {
            row["name"]: Chore(**{**row, **{name: moment(row[name]) for name in times}})
            for row in rows
        }

    def keep_chore(self, chore_: Chore) -> None:
        """Note when a job is due and how it ended."""
        values = {
            "name": chore_.name,
            "due": None if chore_.due is None else seconds(chore_.due),
            "ran": None if chore_.ran is None else seconds(chore_.ran),
            "seconds": chore_.seconds,
            "outcome": chore_.outcome,
            "reason": chore_.reason,
        }
        if chore_.outcome == "ok":
            values["done"] = values["ran"]
        with writing(self._engine) as connection:
            connection.execute(
                upsert(chore).values(values).on_conflict_do_update(["name"], set_=values)
            )

    # -- remarks -----------------------------------------------------------------------------------

    def remark(self, name: str) -> tuple[Mapping[str, Any], datetime] | None:
        """What was left under a name, and when."""
        query = select(remark.c.value, remark.c.at).where(remark.c.name == name)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else (json.loads(row[0]), instant(row[1]))

    def leave_remark(self, name: str, value: Mapping[str, Any] | None, now: datetime) -> None:
        """Leave something under a name; None takes it away."""
        with writing(self._engine) as connection:
            if value is None:
                connection.execute(delete(remark).where(remark.c.name == name))
                return
            values = {
                "name": name,
                "value": json.dumps(value, ensure_ascii=False),
                "at": seconds(now),
            }
            connection.execute(
                upsert(remark).values(values).on_conflict_do_update(["name"], set_=values)
            )

    # -- audience ----------------------------------------------------------------------------------

    def audience(self, *, since: str, feed: str | None = None) -> tuple[AudienceDay, ...]:
        """Who asked for feeds, day by day, newest first."""
        query = select(audience).where(audience.c.day >= since)
        if feed is not None:
            query = query.where(audience.c.feed == feed)
        query = query.order_by(audience.c.day.desc(), audience.c.feed)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            AudienceDay(**{**row, "aggregators": json.loads(row["aggregators"])}) for row in rows
        )

    def keep_audience(self, days: Sequence[AudienceDay]) -> None:
        """Put these days in the place of what was known of them."""
        rows = [
            {
                "day": one.day,
                "feed": one.feed,
                "requests": one.requests,
                "not_modified": one.not_modified,
                "aggregators": json.dumps(dict(one.aggregators), ensure_ascii=False),
                "pollers": one.pollers,
            }
            for one in days
        ]
        if not rows:
            return
        statement = upsert(audience)
        others = {
            column.name: statement.excluded[column.name]
            for column in audience.c
            if not column.primary_key
        }
        with writing(self._engine) as connection:
            connection.execute(statement.on_conflict_do_update(["day", "feed"], set_=others), rows)

    def forget_audience(self, before: str) -> None:
        """Forget the days before one."""
        with writing(self._engine) as connection:
            connection.execute(delete(audience).where(audience.c.day < before))
