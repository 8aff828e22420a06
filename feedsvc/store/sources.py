"""The sources: which are configured, when each is due, and how its last sync ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
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
from feedsvc.ports import OutlineRow, SourceRow
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.events import Happened, note
from feedsvc.store.facets import rename_source
from feedsvc.store.marks import Marks
from feedsvc.store.rows import moment, seconds
from feedsvc.store.schema import ASKABLE, TAKEN_OUT, article, remote, source
from feedsvc.store.struck import not_erased, own_state, restate
from feedsvc.store.writing import next_change

# Asked every second: two look-ups in an index that holds just these, however many there are.
_DUE = f"""
    SELECT id FROM source WHERE {ASKABLE} AND next_due IS NULL
    UNION ALL SELECT id FROM source WHERE {ASKABLE} AND next_due <= ?
"""  # noqa: S608
_TAKEN_OUT = f"SELECT name FROM source WHERE {TAKEN_OUT}"  # noqa: S608


class Sources(Marks):
    """What stage 1 reads and writes of sources."""

    def sources(self) -> tuple[SourceRow, ...]:
        """The configured sources, by name."""
        with reading(self._engine) as connection:
            query = select(source).where(source.c.removed.is_(False)).order_by(source.c.name)
            return tuple(_source_row(row) for row in connection.execute(query).mappings())

    def due(self, now: datetime) -> tuple[SourceRow, ...]:
        """The sources whose time has come, by name; none that is paused or parked."""
        with reading(self._engine) as connection:
            ids = connection.exec_driver_sql(_DUE, (seconds(now),)).cursor.fetchall()
            found = []
            for some in chunks([row for (row,) in ids]):
                rows = connection.execute(select(source).where(source.c.id.in_(some))).mappings()
                found += [_source_row(row) for row in rows]
        return tuple(sorted(found, key=attrgetter("name")))

    def taken_out(self) -> frozenset[str]:
        """The names of sources that were configured once, and are not by who synced last."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_TAKEN_OUT).cursor.fetchall()
        return frozenset(name for (name,) in rows)

    def outlines(self, names: Iterable[str] | None = None) -> tuple[OutlineRow, ...]:
        """The sources that stand in OPML files, in the order of those; of all without `names`."""
        query = (
            select(source.c.name, source.c.parent, source.c.place, remote.c.extra)
            .outerjoin(remote, remote.c.source_id == source.c.id)
            .where(source.c.parent.is_not(None), source.c.removed.is_(False))
            .order_by(source.c.id)
        )
        found: list[OutlineRow] = []
        wanted = None if names is None else list(names)
        with reading(self._engine) as connection:
            for some in [None] if wanted is None else chunks(wanted):
                asked = query if some is None else query.where(source.c.name.in_(some))
                found += [OutlineRow(*row) for row in connection.execute(asked)]
        return tuple(found)

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
            renamed: dict[str | None, str] = {}
            for name, (was, _, _) in wanted.items():
                if name not in known and was in known and was not in wanted:
                    self._rename(connection, known[was], name, now)
                    known[name] = known.pop(was)
                    renamed[was] = name
            self._take_in(connection, wanted, known, None, now)
            lists = {name for name, (_, kind, _) in wanted.items() if kind == "opml"}
            for name, row in known.items():
                parent = renamed.get(row["parent"], row["parent"])
                if name not in wanted and not row["removed"] and parent not in lists:
                    self._take_out(connection, row["id"], "its source is no longer configured", now)

    def _enrol_outlines(
        self,
        connection: Connection,
        parent: str,
        outlines: Sequence[OutlineRow],
        now: datetime,
    ) -> None:
        """Make the outlines of an OPML source the ones there are.

        The articles of those that went become `gone`, and come back with them.
        """
        known = {row["name"]: row for row in connection.execute(select(source)).mappings()}
        # Another file that was read in the same moment may have got the name first.
        outlines = [
            one
            for one in outlines
            if (row := known.get(one.name)) is None or row["removed"] or row["parent"] == parent
        ]
        wanted = {one.name: (None, "feed", one.place) for one in outlines}
        self._take_in(connection, wanted, known, parent, now)
        for name, row in known.items():
            if row["parent"] == parent and name not in wanted and not row["removed"]:
                self._take_out(connection, row["id"], f"it left the OPML file of {parent}", now)
        of_parent = select(source.c.name, source.c.id).where(source.c.parent == parent)
        rows: dict[str, int] = dict(connection.execute(of_parent).all())
        remembered = set(connection.execute(select(remote.c.source_id)).scalars())
        for one in outlines:
            row_id = rows[one.name]
            if row_id in remembered:
                connection.execute(
                    update(remote).where(remote.c.source_id == row_id).values(extra=one.extra)
                )
        fresh = [
            {"source_id": rows[one.name], "digest": b"", "identity": "id", "held": b"",
             "configured": one.place, "url": one.place, "extra": one.extra}
            for one in outlines
            if rows[one.name] not in remembered
        ]  # fmt: skip
        if fresh:
            connection.execute(insert(remote), fresh)

    def _rename(self, connection: Connection, row: RowMapping, name: str, now: datetime) -> None:
        connection.execute(update(source).where(source.c.id == row["id"]).values(name=name))
        connection.execute(update(source).where(source.c.parent == row["name"]).values(parent=name))
        groups = [feed.name for feed in self._feeds if feed.per == "source"]
        rename_source(connection, groups, row["name"], name)
        # Feeds are cut by the names of sources: to them, its articles are others now.
        number = next_change(connection)
        connection.execute(
            update(article).where(article.c.source_id == row["id"]).values(changed=number)
        )
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
            other = (row["kind"], row["place"], row["parent"]) != (kind, place, parent)
            if other or row["removed"]:
                connection.execute(
                    update(source)
                    .where(source.c.id == row["id"])
                    .values(kind=kind, place=place, parent=parent, removed=False, next_due=None)
                )
                if row["parent"] != parent:
                    connection.execute(
                        update(article)
                        .where(article.c.source_id == row["id"])
                        .values(changed=next_change(connection))
                    )
                # Asked anew, and at once: what it told meanwhile, and the sources of an OPML file,
                # which went with it, would not be told again.
                connection.execute(
                    update(remote)
                    .where(remote.c.source_id == row["id"])
                    .values(etag=None, last_modified=None, validated=None, digest=b"")
                )
            if row["removed"]:
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
            article.c.source_id == source_row, own_state == old.value, not_erased()
        )
        rows = list(connection.execute(query).scalars())
        touched = self._touching(connection, rows)
        restate(connection, rows, new, reason, next_change(connection))
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
        values: dict[str, Any] = {"next_due": seconds(next_due), "asked": seconds(now)}
        with writing(self._engine) as connection:
            query = select(
                source.c.name, source.c.state, source.c.failures, source.c.problems
            ).where(source.c.id == source_row)
            name, state, failures, before = connection.execute(query).one()
            values["problems"] = source_problems(problems, before, now)
            if failure is None:
                values |= {"state": "ok", "failures": 0, "reason": None, "last_ok": seconds(now)}
            else:
                values |= {"state": "failing", "failures": failures + 1, "reason": failure}
            if values["state"] != state:
                values["since"] = seconds(now)
                note(connection, [Happened(now, name, state, values["state"], failure)])
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
        asked=moment(row["asked"]),
    )


def _rows_of(connection: Connection, source_row: int) -> list[int]:
    query = select(article.c.id).where(article.c.source_id == source_row)
    return list(connection.execute(query).scalars())
