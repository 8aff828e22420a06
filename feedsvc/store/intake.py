"""What stage 1 reads and writes: sources, files, articles, and the marks on touched feeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from feedsvc.errors import NotFoundError
from feedsvc.model import FileStat, Problem, State
from feedsvc.ports import Change, KnownFile, SourceRow, Stored
from feedsvc.settings import Feed
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.rows import (
    article_columns,
    body_columns,
    labels,
    moment,
    read_article,
    seconds,
    whole_articles,
)
from feedsvc.store.schema import article, body, feed, file, label, revision, source
from feedsvc.store.selection import matches_any


class Intake:
    """The stage-1 half of the store."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    # -- sources ---------------------------------------------------------------------------------

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

    # -- files -----------------------------------------------------------------------------------

    def files(self, source_row: int) -> dict[str, KnownFile]:
        """Every known file of a source by its path."""
        # Tens of thousands of rows in every sync: the driver's own cursor makes their tuples at a
        # third of the cost of SQLAlchemy's rows.
        query = (
            "SELECT path, size, mtime_ns, ctime_ns, digest, article_id, problem"
            " FROM file WHERE source_id = ?"
        )
        with reading(self._engine) as connection:
            cursor = connection.exec_driver_sql(query, (source_row,)).cursor
            return {
                path: KnownFile(
                    None if size is None else FileStat(size, mtime, ctime), digest, row, problem
                )
                for path, size, mtime, ctime, digest, row, problem in cursor.fetchall()
            }

    def problems(self) -> tuple[Problem, ...]:
        """Everything about files and sources an operator should look at."""
        with reading(self._engine) as connection:
            query = select(source.c.name, source.c.problems).where(
                source.c.problems.is_not(None), source.c.removed.is_(False)
            )
            found = [
                Problem(source=name, path=path, reason=reason, since=moment(since))
                for name, told in connection.execute(query.order_by(source.c.name))
                for path, reason, since in json.loads(told)
            ]
            of_files = (
                select(source.c.name, file.c.path, file.c.problem, file.c.warnings, file.c.since)
                .join(source, source.c.id == file.c.source_id)
                .where(
                    or_(file.c.problem.is_not(None), file.c.warnings.is_not(None)),
                    source.c.removed.is_(False),
                )
                .order_by(source.c.name, file.c.path)
            )
            for name, path, problem, warnings, since in connection.execute(of_files):
                for reason in [problem] if problem else json.loads(warnings):
                    found.append(
                        Problem(source=name, path=path, reason=reason, since=moment(since))
                    )
        return tuple(found)

    def forget(
        self,
        source_row: int,
        paths: Sequence[str],
        state: State | None,
        reason: str,
        now: datetime,
    ) -> int:
        """Drop files; articles that no file holds any more take `state`. Returns how many did."""
        with writing(self._engine) as connection:
            rows: list[int] = []
            for some in chunks(paths):
                gone = [file.c.source_id == source_row, file.c.path.in_(some)]
                query = select(file.c.article_id).where(*gone, file.c.article_id.is_not(None))
                rows.extend(connection.execute(query).scalars())
                connection.execute(delete(file).where(*gone))
            # Also articles whose file holds another one now; what was kept on purpose says why.
            orphaned = select(article.c.id, article.c.state_reason).where(
                article.c.source_id == source_row,
                article.c.state.in_([State.PUBLISHED.value, State.HELD.value]),
                ~exists().where(file.c.article_id == article.c.id),
            )
            dropped = set(rows)
            orphans = [
                row for row, why in connection.execute(orphaned) if row in dropped or why is None
            ]
            values = {"state_reason": reason} | ({} if state is None else {"state": state.value})
            touched = set() if state is None else self._touching(connection, orphans)
            for some_rows in chunks(orphans):
                connection.execute(
                    update(article).where(article.c.id.in_(some_rows)).values(**values)
                )
            self._mark(connection, touched, now)
        return 0 if state is None else len(orphans)

    # -- articles --------------------------------------------------------------------------------

    def find(
        self,
        source_row: int,
        *,
        declared: Sequence[str],
        links: Sequence[str],
        keys: Sequence[str],
        rows: Sequence[int],
        documents: Sequence[bytes],
    ) -> tuple[Stored, ...]:
        """The articles of a source that any of these name."""
        found: dict[int, Stored] = {}
        with reading(self._engine) as connection:
            named: tuple[tuple[ColumnElement[Any], Sequence[Any]], ...] = (
                (article.c.id, rows),
                (article.c.declared, declared),
                (article.c.link, links),
                (article.c.key, keys),
                (article.c.document, documents),
            )
            for column, some in ((column, some) for column, all_ in named for some in chunks(all_)):
                query = whole_articles().where(article.c.source_id == source_row, column.in_(some))
                for row in connection.execute(query).mappings():
                    found[row["id"]] = Stored(
                        row=row["id"],
                        declared=row["declared"],
                        document=row["document"],
                        article=read_article(row),
                    )
        return tuple(found.values())

    def record(self, source_row: int, changes: Sequence[Change], now: datetime) -> None:
        """Write a batch of documents and mark the feeds it touches, in one transaction."""
        if not changes:
            return
        revised = {c.row: c for c in changes if c.article is not None and c.row is not None}
        fresh = [c for c in changes if c.article is not None and c.row is None]
        with writing(self._engine) as connection:
            touched = self._touching(connection, list(revised))
            _revise(connection, revised, now)
            rows = _insert(connection, source_row, fresh)
            _write_files(connection, source_row, changes, rows, now)
            touched |= self._touching(connection, [*revised, *rows.values()])
            self._mark(connection, touched, now)

    def _touching(self, connection: Connection, rows: Sequence[int]) -> set[str]:
        """The feeds that one of the articles belongs to, as things stand in this transaction."""
        return {
            definition.name
            for definition in self._feeds
            if any(matches_any(connection, definition, some) for some in chunks(rows))
        }

    def _mark(self, connection: Connection, names: Iterable[str], now: datetime) -> None:
        """Mark feeds as touched at `now`, for stage 2.

        A mark always moves: a build that has read the last one must not clear it when it ends,
        since it has not seen what was written meanwhile, perhaps within the same second.
        """
        at = int(now.timestamp())
        query = select(feed.c.name, feed.c.touched)
        marked = {name: touched for name, touched in connection.execute(query)}  # noqa: C416
        for name in sorted(names):
            if name not in marked:
                connection.execute(
                    insert(feed).values(
                        name=name,
                        touched=at,
                        fingerprint=b"",
                        content=b"",
                        entries=0,
                        left_out="[]",
                    )
                )
                continue
            last = marked[name]
            moved = at if last is None or last < at else last + 1
            connection.execute(update(feed).where(feed.c.name == name).values(touched=moved))


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


def _revise(connection: Connection, revised: dict[int, Change], now: datetime) -> None:
    """Keep what is replaced as a revision, then replace it."""
    if not revised:
        return
    query = select(article.c.id, article.c.revision).where(article.c.id.in_(revised))
    numbers = dict(connection.execute(query).all())
    reworded = [
        row
        for row, change in revised.items()
        if change.article is not None and change.article.revision != numbers[row]
    ]
    if reworded:
        kept = (
            article.c.id, article.c.revision, literal(int(now.timestamp())), article.c.title,
            article.c.updated, body.c.summary, body.c.html, body.c.fields,
        )  # fmt: skip
        connection.execute(
            insert(revision).from_select(
                ["article_id", "number", "replaced", "title", "updated", "summary", "html",
                 "fields"],
                select(*kept)
                .join(body, body.c.article_id == article.c.id)
                .where(article.c.id.in_(reworded)),
            )
        )  # fmt: skip
    articles: list[dict[str, Any]] = []
    bodies: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for row, change in revised.items():
        if change.article is None:
            continue
        articles.append({"row": row, **article_columns(change)})
        bodies.append({"row": row, **body_columns(change.article)})
        words.extend(_labels(row, change))
    connection.execute(update(article).where(article.c.id == bindparam("row")), articles)
    connection.execute(update(body).where(body.c.article_id == bindparam("row")), bodies)
    connection.execute(delete(label).where(label.c.article_id.in_(revised)))
    if words:
        connection.execute(insert(label), words)


def _insert(connection: Connection, source_row: int, fresh: Sequence[Change]) -> dict[str, int]:
    """Add new articles; returns their rows by path."""
    if not fresh:
        return {}
    # The transaction is the only writer (BEGIN IMMEDIATE), so the next rows are ours to number:
    # asking the database for each with RETURNING costs five times as much.
    first = (connection.execute(select(func.max(article.c.id))).scalar() or 0) + 1
    rows = {change.path: first + index for index, change in enumerate(fresh)}
    articles: list[dict[str, Any]] = []
    bodies: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for change in fresh:
        if change.article is None:
            continue
        row = rows[change.path]
        articles.append({"id": row, "source_id": source_row} | article_columns(change))
        bodies.append({"article_id": row, **body_columns(change.article)})
        words.extend(_labels(row, change))
    connection.execute(insert(article), articles)
    connection.execute(insert(body), bodies)
    if words:
        connection.execute(insert(label), words)
    return rows


def _labels(row: int, change: Change) -> Iterable[dict[str, Any]]:
    if change.article is None:
        return
    for kind, word in sorted(labels(change.article)):
        yield {"kind": kind, "word": word, "article_id": row}


def _write_files(
    connection: Connection,
    source_row: int,
    changes: Sequence[Change],
    rows: dict[str, int],
    now: datetime,
) -> None:
    paths = [change.path for change in changes]
    places = [file.c.source_id == source_row, file.c.path.in_(paths)]
    query = select(
        file.c.path, file.c.problem, file.c.warnings, file.c.since, file.c.digest, file.c.mtime_ns,
        file.c.ctime_ns,
    ).where(*places)  # fmt: skip
    before = {row["path"]: row for row in connection.execute(query).mappings()}
    if before:
        connection.execute(delete(file).where(*places))
    _keep_content(connection, changes)
    connection.execute(
        insert(file),
        [
            {
                "source_id": source_row,
                "path": change.path,
                "size": change.stat.size if change.stat else None,
                "mtime_ns": change.stat.mtime_ns if change.stat else None,
                "ctime_ns": change.stat.ctime_ns if change.stat else None,
                "digest": change.digest,
                "article_id": change.row if change.row is not None else rows.get(change.path),
            }
            | _trouble(change, before.get(change.path), now)
            for change in changes
        ],
    )


def _keep_content(connection: Connection, changes: Sequence[Change]) -> None:
    """Note the new bytes of articles that say the same as before, for when their file is moved."""
    reread = [
        {"row": change.row, "digest": change.digest}
        for change in changes
        if change.row is not None and change.article is None and change.problem is None
    ]
    if reread:
        connection.execute(
            update(article)
            .where(article.c.id == bindparam("row"), article.c.document != bindparam("digest"))
            .values(document=bindparam("digest")),
            reread,
        )


def _trouble(change: Change, before: RowMapping | None, now: datetime) -> dict[str, Any]:
    """The columns that tell what is wrong with a file; `since` stays while that stays the same."""
    warnings = json.dumps(change.warnings, ensure_ascii=False) if change.warnings else None
    if before is not None and _is_only_touched(change, before):
        warnings = before["warnings"]
    since = None
    if change.problem or warnings:
        same = before is not None and (before["problem"], before["warnings"]) == (
            change.problem,
            warnings,
        )
        since = before["since"] if same and before is not None else seconds(now)
    return {"problem": change.problem, "warnings": warnings, "since": since}


def _is_only_touched(change: Change, before: RowMapping) -> bool:
    """Whether the same bytes lie under a new stat: they were not read, so nothing new is known."""
    return (
        change.article is None
        and change.problem is None
        and change.stat is not None
        and change.digest == before["digest"]
        and (change.stat.mtime_ns, change.stat.ctime_ns) != (before["mtime_ns"], before["ctime_ns"])
    )
