"""Remote sources: what is remembered of them, their leases, and how visits are written.

A visit is everything that asking a source came to: its articles, its validators and when it is due
again. Visits are written in batches, each in one transaction: a crash loses whole visits, never the
articles behind validators that were kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, or_, select, update

from feedsvc.model import State
from feedsvc.ports import BELIEVED, EntryChange, KnownEntry, Memory, SourceRow, Visit
from feedsvc.store.bulk import insertion, replacement, write
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.events import Events, Happened, note
from feedsvc.store.rows import article_row, seconds
from feedsvc.store.schema import article, remote, source
from feedsvc.store.sources import Sources, source_problems
from feedsvc.store.struck import not_erased, restate
from feedsvc.store.writing import Written, insert_articles, next_change, revise_articles

# The state is what its source makes of it (`struck.own_state`): what it is compared with.
_OWN_STATE = "coalesce(own_state, state)"
_KNOWN = (
    "SELECT id, key, declared, link, title, document, said, published,"
    " coalesce(own_state, state), noise, verdict, pruned IS NOT NULL FROM article"
)


class Remotes(Sources, Events):
    """What the sync of remote feeds reads and writes."""

    def memories(self, names: Iterable[str] | None = None) -> dict[str, Memory]:
        """What is remembered of the remote sources, by name; of all without `names`."""
        columns = [remote.c[name] for name in Memory._fields]
        query = select(source.c.name, *columns).join(source, source.c.id == remote.c.source_id)
        found: dict[str, Memory] = {}
        wanted = None if names is None else list(names)
        with reading(self._engine) as connection:
            for some in [None] if wanted is None else chunks(wanted):
                asked = query if some is None else query.where(source.c.name.in_(some))
                for name, *rest in connection.execute(asked):
                    found[name] = Memory(*rest)
        return found

    def claim(self, sources: Sequence[SourceRow], token: str, dead: Sequence[str]) -> set[int]:
        """Take the lease of sources for the run `token`; returns the rows of those that it got.

        A lease of one of the `dead`, runs that are over, counts for nothing. A source that was
        asked since its row was read is left alone: what we know of it is no longer true.
        """
        free = or_(source.c.lease.is_(None), source.c.lease.in_(dead), source.c.lease == token)
        known = {one.row: (seconds(one.next_due), seconds(one.last_ok)) for one in sources}
        claimed: set[int] = set()
        with writing(self._engine) as connection:
            for some in chunks(list(known)):
                query = select(source.c.id, source.c.next_due, source.c.last_ok)
                rows = connection.execute(query.where(source.c.id.in_(some), free))
                got = [row for row, *times in rows if tuple(times) == known[row]]
                connection.execute(update(source).where(source.c.id.in_(got)).values(lease=token))
                claimed.update(got)
        return claimed

    def leases(self) -> set[str]:
        """The runs that hold a lease, or held one when they died."""
        with reading(self._engine) as connection:
            query = select(source.c.lease).where(source.c.lease.is_not(None)).distinct()
            return set(connection.execute(query).scalars())

    def release(self, token: str) -> None:
        """Give back every lease of a run."""
        with reading(self._engine) as connection:
            query = select(source.c.id).where(source.c.lease == token).limit(1)
            if connection.execute(query).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(update(source).where(source.c.lease == token).values(lease=None))

    def entries(
        self,
        source_row: int,
        *,
        declared: Sequence[str] = (),
        links: Sequence[str] = (),
        words: Sequence[bytes] = (),
        keys: Sequence[str] = (),
        moments: Sequence[int] = (),
        newest: int = 0,
    ) -> dict[int, KnownEntry]:
        """The articles of a source that any of these name, by row.

        `moments` are publications; `newest` asks for so many of the newest articles as well.
        """
        # In every sync of a feed that changed: the driver's own cursor costs a third.
        named: tuple[tuple[str, Sequence[Any]], ...] = (
            ("declared", declared), ("link", links), ("document", words), ("key", keys),
            ("released", moments),
        )  # fmt: skip
        found: dict[int, KnownEntry] = {}
        with reading(self._engine) as connection:
            for column, values in named:
                for some in chunks(values):
                    marks = ",".join("?" * len(some))
                    query = f"{_KNOWN} WHERE source_id = ? AND {column} IN ({marks})"
                    cursor = connection.exec_driver_sql(query, (source_row, *some)).cursor
                    for row in cursor.fetchall():
                        found[row[0]] = KnownEntry._make(row)
            if newest:
                query = f"{_KNOWN} WHERE source_id = ? ORDER BY released DESC, guid LIMIT ?"
                cursor = connection.exec_driver_sql(query, (source_row, newest)).cursor
                for row in cursor.fetchall():
                    found[row[0]] = KnownEntry._make(row)
        return found

    def published_since(self, source_row: int, since: datetime) -> dict[int, KnownEntry]:
        """The articles of a source in the feeds whose publication is not older than `since`."""
        query = f"{_KNOWN} WHERE source_id = ? AND released >= ? AND {_OWN_STATE} = ?"
        asked = (source_row, seconds(since), State.PUBLISHED.value)
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(query, asked).cursor.fetchall()
        return {row[0]: KnownEntry._make(row) for row in rows}

    def settle(self, visits: Sequence[Visit]) -> None:
        """Write how visits ended, and mark the feeds they touch, in one transaction."""
        if not visits:
            return
        with writing(self._engine) as connection:
            now = max(visit.now for visit in visits)
            _write_sources(connection, visits)
            _write_memories(connection, visits)
            for visit in visits:
                if visit.outlines is not None:
                    self._enrol_outlines(connection, visit.source.name, visit.outlines, now)
            self._write_entries(connection, visits, now)

    def _write_entries(
        self, connection: Connection, visits: Sequence[Visit], now: datetime
    ) -> None:
        written = [
            Written(
                change.row,
                visit.source.row,
                change.article,
                article_row(
                    change.article,
                    declared=change.declared,
                    document=change.words,
                    canon=change.canon,
                    noise=change.noise,
                ),
            )
            for visit in visits
            for change in visit.entries
            if not change.quiet
        ]
        quiet = [change for visit in visits for change in visit.entries if change.quiet]
        lost = [one for visit in visits for one in visit.withdrawn]
        if not (written or quiet or lost):
            return
        revised = [one for one in written if one.row is not None]
        before = [one.row for one in revised if one.row is not None] + [row for row, _ in lost]
        touched = self._touching(connection, before) if before else set()
        revise_articles(connection, revised, now)
        rows = insert_articles(connection, [one for one in written if one.row is None])
        _write_quiet(connection, quiet)
        number = next_change(connection) if lost else 0
        for reason in {reason for _, reason in lost}:
            gone = [row for row, why in lost if why == reason]
            restate(connection, gone, State.WITHDRAWN, reason, number)
        touched |= self._touching(connection, [*before, *rows])
        self._mark(connection, touched, now)

    # -- by hand -----------------------------------------------------------------------------------

    def pause(self, name: str, now: datetime) -> None:
        """Leave a source alone until `resume`."""
        with writing(self._engine) as connection:
            query = update(source).where(source.c.name == name, source.c.paused.is_(None))
            connection.execute(query.values(paused=seconds(now)))

    def resume(self, name: str, now: datetime) -> None:
        """Ask a source again at once, whatever it was that kept us from it."""
        with writing(self._engine) as connection:
            query = select(source.c.id, source.c.state, source.c.since)
            found = connection.execute(query.where(source.c.name == name)).first()
            if found is None:
                return
            row, was, since = found
            if was != "ok":
                note(connection, [Happened(now, name, was, "ok", "its operator resumed it")])
                since = seconds(now)
            connection.execute(
                update(source)
                .where(source.c.id == row)
                .values(paused=None, next_due=None, state="ok", reason=None, failures=0,
                        since=since)
            )  # fmt: skip
            # Without validators, so that what was held back is told again; `held` says that it may
            # be believed now, if anything was.
            held = case((remote.c.held != b"", BELIEVED), else_=b"")
            connection.execute(
                update(remote)
                .where(remote.c.source_id == row)
                .values(etag=None, last_modified=None, validated=None, digest=b"", standing=None,
                        held=held)
            )  # fmt: skip


class _Ended(NamedTuple):
    """The columns of `source` that a visit changes, in the order in which they are written."""

    next_due: int | None
    asked: int | None
    spared: int | None
    last_ok: int | None
    state: str
    failures: int
    reason: str | None
    since: int | None
    fingerprint: bytes
    problems: str | None
    lease: str | None = None


_END = replacement(source, *_Ended._fields, key="id")


def _write_sources(connection: Connection, visits: Sequence[Visit]) -> None:
    rows = []
    happened: list[Happened] = []
    before = _problems_before(connection, visits)
    for visit in visits:
        was = visit.source
        changed = visit.state != was.state
        ended = _Ended(
            next_due=seconds(visit.next_due),
            asked=seconds(visit.now),
            spared=seconds(visit.spared),
            last_ok=seconds(visit.now if visit.good else was.last_ok),
            state=visit.state,
            failures=visit.failures,
            reason=visit.reason,
            since=seconds(visit.now if changed else was.since),
            fingerprint=visit.fingerprint,
            problems=_problems(visit, before.get(was.row)),
        )
        rows.append((*ended, was.row))
        if changed:
            happened.append(Happened(visit.now, was.name, was.state, visit.state, visit.reason))
    write(connection, _END, rows)
    note(connection, happened)


def _problems(visit: Visit, before: str | None) -> str | None:
    return before if visit.keep_problems else source_problems(visit.problems, before, visit.now)


def _problems_before(connection: Connection, visits: Sequence[Visit]) -> dict[int, str]:
    query = f"{_PROBLEMS} WHERE problems IS NOT NULL AND id IN {_ROWS}"
    return dict(connection.exec_driver_sql(query, _rows_of(visits)).cursor.fetchall())


_ROWS = "(SELECT value FROM json_each(?))"
_PROBLEMS = "SELECT id, problems FROM source"
_REMEMBERED = f"SELECT source_id, {', '.join(Memory._fields)} FROM remote"  # noqa: S608  our own names
_REMEMBER = insertion(remote, "source_id", *Memory._fields)
_REMIND = replacement(remote, *Memory._fields, key="source_id")


def _rows_of(visits: Sequence[Visit]) -> tuple[str]:
    """The sources of visits as the parameter of `_ROWS`."""
    return (json.dumps([visit.source.row for visit in visits]),)


def _write_memories(connection: Connection, visits: Sequence[Visit]) -> None:
    query = f"{_REMEMBERED} WHERE source_id IN {_ROWS}"
    cursor = connection.exec_driver_sql(query, _rows_of(visits)).cursor
    known = {row: Memory(*rest) for row, *rest in cursor.fetchall()}
    changed = [visit for visit in visits if known.get(visit.source.row) != visit.memory]
    fresh = [(v.source.row, *v.memory) for v in changed if v.source.row not in known]
    write(connection, _REMEMBER, fresh)
    others = [(*v.memory, v.source.row) for v in changed if v.source.row in known]
    write(connection, _REMIND, others)


def _write_quiet(connection: Connection, quiet: Sequence[EntryChange]) -> None:
    """What only the source's own words for it tell: nothing that a reader sees."""
    if quiet:
        connection.execute(
            update(article)
            .where(article.c.id == bindparam("row"), not_erased())
            .values(
                said=bindparam("new_said"),
                document=bindparam("words"),
                declared=bindparam("new_declared"),
                noise=bindparam("new_noise"),
            ),
            [
                {
                    "row": change.row, "new_said": change.article.said, "words": change.words,
                    "new_declared": change.declared, "new_noise": change.noise,
                }
                for change in quiet
            ],
        )  # fmt: skip
