"""The sources: which are configured, when each is due, and how its last sync ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    insert,
    select,
    update,
)

from feedsvc.errors import NotFoundError
from feedsvc.model import Problem, State
from feedsvc.ports import SourceRow
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rows import (
    moment,
    seconds,
)
from feedsvc.store.schema import article, source


class Sources(Marks):
    """What stage 1 reads and writes of sources."""

    def sources(self) -> tuple[SourceRow, ...]:
        """The configured sources, by name."""
        with reading(self._engine) as connection:
            query = select(source).where(source.c.removed.is_(False)).order_by(source.c.name)
            return tuple(_source_row(row) for row in connection.execute(query).mappings())

    def source(self, name: str) -> SourceRow:
        """One source; raises NotFoundError."""
        query = select(source).where(source.c.removed.is_(False), source.c.name == name)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(f"no source '{name}'", hint="`feedsvc status` lists the sources")
        return _source_row(row)

    def enrol(self, sources: Sequence[tuple[str, str | None, str, str]], now: datetime) -> None:
        """Make the configured sources (name, was, kind, place) the known ones; see `ports.Store`.

        Writes nothing when nothing differs.
        """
        wanted = {name: (was, kind, place) for name, was, kind, place in sources}
        with reading(self._engine) as connection:
            query = select(source.c.name, source.c.kind, source.c.place).where(
                source.c.removed.is_(False)
            )
            enrolled = {name: rest for name, *rest in connection.execute(query)}
        if enrolled == {name: [kind, place] for name, (_, kind, place) in wanted.items()}:
            return
        with writing(self._engine) as connection:
            # Read again: another process may have enrolled them before this one got the lock.
            known = {row["name"]: row for row in connection.execute(select(source)).mappings()}
            for name, (was, kind, place) in wanted.items():
                if name not in known and was in known and was not in wanted:
                    connection.execute(update(source).where(source.c.name == was).values(name=name))
                    known[name] = known.pop(was)
                    rows = _rows_of(connection, known[name]["id"])
                    self._mark(connection, self._touching(connection, rows), now)
                if name not in known:
                    connection.execute(insert(source).values(name=name, kind=kind, place=place))
                    continue
                connection.execute(
                    update(source)
                    .where(source.c.id == known[name]["id"])
                    .values(kind=kind, place=place, removed=False)
                )
                if known[name]["removed"]:
                    self._restate(
                        connection, known[name]["id"], State.GONE, State.PUBLISHED, None, now
                    )
            for name, row in known.items():
                if name not in wanted and not row["removed"]:
                    connection.execute(
                        update(source).where(source.c.id == row["id"]).values(removed=True)
                    )
                    reason = "its source is no longer configured"
                    self._restate(connection, row["id"], State.PUBLISHED, State.GONE, reason, now)

    def _restate(
        self,
        connection: Connection,
        source_row: int,
        old: State,
        new: State,
        reason: str | None,
        now: datetime,
    ) -> None:
        """Move a source's articles from one state to another and mark the feeds on both sides."""
        query = select(article.c.id).where(
            article.c.source_id == source_row, article.c.state == old.value
        )
        rows = list(connection.execute(query).scalars())
        touched = self._touching(connection, rows)
        for some in chunks(rows):
            connection.execute(
                update(article)
                .where(article.c.id.in_(some))
                .values(state=new.value, state_reason=reason)
            )
        self._mark(connection, touched | self._touching(connection, rows), now)

    def finish(
        self,
        source_row: int,
        *,
        now: datetime,
        next_due: datetime,
        failure: str | None,
        problems: Sequence[Problem] = (),
        fingerprint: bytes | None = None,
    ) -> None:
        """Note how a sync of a source ended, and when it is due again."""
        values: dict[str, Any] = {"next_due": seconds(next_due)}
        with writing(self._engine) as connection:
            query = select(source.c.state, source.c.failures, source.c.problems).where(
                source.c.id == source_row
            )
            state, failures, before = connection.execute(query).one()
            values["problems"] = _source_problems(problems, before, now)
            if failure is None:
                values |= {"state": "ok", "failures": 0, "reason": None, "last_ok": seconds(now)}
            else:
                values |= {"state": "failing", "failures": failures + 1, "reason": failure}
            if values["state"] != state:
                values["since"] = seconds(now)
            if fingerprint is not None:
                values["fingerprint"] = fingerprint
            connection.execute(update(source).where(source.c.id == source_row).values(**values))


def _source_problems(problems: Sequence[Problem], before: str | None, now: datetime) -> str | None:
    """The column of a source's own problems; each keeps the time at which it was first told."""
    told = {(path, reason): since for path, reason, since in json.loads(before or "[]")}
    rows = [[p.path, p.reason, told.get((p.path, p.reason), seconds(now))] for p in problems]
    return json.dumps(rows, ensure_ascii=False) if rows else None


def _source_row(row: Any) -> SourceRow:
    return SourceRow(
        row=row["id"],
        name=row["name"],
        kind=row["kind"],
        place=row["place"],
        state=row["state"],
        fingerprint=row["fingerprint"],
        last_ok=moment(row["last_ok"]),
        next_due=moment(row["next_due"]),
        failures=row["failures"],
        reason=row["reason"],
        since=moment(row["since"]),
    )


def _rows_of(connection: Connection, source_row: int) -> list[int]:
    query = select(article.c.id).where(article.c.source_id == source_row)
    return list(connection.execute(query).scalars())
