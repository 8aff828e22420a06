"""The sources: which are configured, when each is due, and how its last sync ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
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
        query = select(source.c.name, source.c.kind, source.c.place)
        configured = (source.c.removed.is_(False), source.c.parent.is_(None))
        with reading(self._engine) as connection:
            enrolled = {name: rest for name, *rest in connection.execute(query.where(*configured))}
        if enrolled == {name: [kind, place] for name, (_, kind, place) in wanted.items()}:
            return
        with writing(self._engine) as connection:
            # Read again: another process may have enrolled them before this one got the lock.
            known = {row["name"]: row for row in connection.execute(select(source)).mappings()}
            for name, (was, _, _) in wanted.items():
                if name not in known and was in known and was not in wanted:
                    self._rename(connection, known[was], name, now)
                    known[name] = known.pop(was)
            self._take_in(connection, wanted, known, None, now)
            for name, row in known.items():
                if name not in wanted and not row["removed"] and row["parent"] not in wanted:
                    self._take_out(connection, row["id"], "its source is no longer configured", now)

    def enrol_outlines(
        self, parent: str, outlines: Sequence[tuple[str, str]], now: datetime
    ) -> int:
        """Make the outlines (name, address) of an OPML source the ones there are.

        Returns how many went; their articles become `gone`, and come back with them.
        """
        wanted = {name: (None, "feed", place) for name, place in outlines}
        with writing(self._engine) as connection:
            known = {row["name"]: row for row in connection.execute(select(source)).mappings()}
            self._take_in(connection, wanted, known, parent, now)
            gone = [
                row["id"]
                for name, row in known.items()
                if row["parent"] == parent and name not in wanted and not row["removed"]
            ]
            for row in gone:
                self._take_out(connection, row, f"it left the OPML file of {parent}", now)
        return len(gone)

    def _rename(self, connection: Connection, row: RowMapping, name: str, now: datetime) -> None:
        connection.execute(update(source).where(source.c.id == row["id"]).values(name=name))
        connection.execute(update(source).where(source.c.parent == row["name"]).values(parent=name))
        rows = _rows_of(connection, row["id"])
        self._mark(connection, self._touching(connection, rows), now)

    def _take_in(
        self,
        connection: Connection,
        wanted: Mapping[str, tuple[str | None, str, str]],
        known: Mapping[str, RowMapping],
        parent: str | None,
        now: datetime,
    ) -> None:
        fresh = [
            {"name": name, "kind": kind, "place": place, "parent": parent}
            for name, (_, kind, place) in wanted.items()
            if name not in known
        ]
        if fresh:
            connection.execute(insert(source), fresh)
        for name, (_, kind, place) in wanted.items():
            row = known.get(name)
            if row is None:
                continue
            if (row["kind"], row["place"], row["parent"]) != (kind, place, parent):
                # Another place is asked at once.
                connection.execute(
                    update(source)
                    .where(source.c.id == row["id"])
                    .values(kind=kind, place=place, parent=parent, next_due=None)
                )
            if row["removed"]:
                connection.execute(
                    update(source).where(source.c.id == row["id"]).values(removed=False)
                )
                self._restate(connection, row["id"], State.GONE, State.PUBLISHED, None, now)

    def _take_out(self, connection: Connection, row: int, reason: str, now: datetime) -> None:
        connection.execute(update(source).where(source.c.id == row).values(removed=True))
        self._restate(connection, row, State.PUBLISHED, State.GONE, reason, now)

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
            values["problems"] = source_problems(problems, before, now)
            if failure is None:
                values |= {"state": "ok", "failures": 0, "reason": None, "last_ok": seconds(now)}
            else:
                values |= {"state": "failing", "failures": failures + 1, "reason": failure}
            if values["state"] != state:
                values["since"] = seconds(now)
            if fingerprint is not None:
                values["fingerprint"] = fingerprint
            connection.execute(update(source).where(source.c.id == source_row).values(**values))


def source_problems(problems: Sequence[Problem], before: str | None, now: datetime) -> str | None:
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
        parent=row["parent"],
        paused=moment(row["paused"]),
    )


def _rows_of(connection: Connection, source_row: int) -> list[int]:
    query = select(article.c.id).where(article.c.source_id == source_row)
    return list(connection.execute(query).scalars())
