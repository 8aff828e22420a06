"""What stage 1 reads and writes of files and articles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from feedsvc.model import Article, FileStat, Problem, State, Verdict
from feedsvc.ports import Change, KnownFile, Stored
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rows import (
    ArticleRow,
    article_row,
    moment,
    read_article,
    seconds,
    whole_articles,
)
from feedsvc.store.schema import article, file, source
from feedsvc.store.struck import newcomer, own_reason, own_state, restate, struck
from feedsvc.store.writing import Written, insert_articles, next_change, revise_articles


class Intake(Marks):
    """Files and the articles in them."""

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
            orphaned = select(article.c.id, own_reason).where(
                article.c.source_id == source_row,
                own_state.in_([State.PUBLISHED.value, State.HELD.value]),
                ~exists().where(file.c.article_id == article.c.id),
            )
            dropped = set(rows)
            orphans = [
                row for row, why in connection.execute(orphaned) if row in dropped or why is None
            ]
            touched = set() if state is None else self._touching(connection, orphans)
            moved = restate(connection, orphans, state, reason, next_change(connection))
            self._mark(connection, touched, now)
        return moved

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
                        article=_as_its_source_has_it(row),
                        verdict=row["verdict"],
                        erased=row["verdict"] == Verdict.PURGED or row["pruned"] is not None,
                    )
        return tuple(found.values())

    def struck(
        self, source_row: int, articles: Sequence[Article], documents: Sequence[bytes] = ()
    ) -> set[str]:
        """The keys of those among new articles on which a verdict stands already."""
        files = documents or [b""] * len(articles)
        asked = [
            newcomer(source_row, one, document=file)
            for one, file in zip(articles, files, strict=True)
        ]
        with reading(self._engine) as connection:
            return {articles[position].key for position in struck(connection, asked)}

    def record(self, source_row: int, changes: Sequence[Change], now: datetime) -> None:
        """Write a batch of documents and mark the feeds it touches, in one transaction."""
        if not changes:
            return
        revised = {c.row: c for c in changes if c.article is not None and c.row is not None}
        fresh = [c for c in changes if c.article is not None and c.row is None]
        with writing(self._engine) as connection:
            touched = self._touching(connection, list(revised))
            written = [
                Written(c.row, source_row, c.article, _columns(c), c.digest)
                for c in changes
                if c.article is not None
            ]
            revise_articles(connection, [w for w in written if w.row is not None], now)
            rows = dict(
                zip(
                    [change.path for change in fresh],
                    insert_articles(connection, [w for w in written if w.row is None]),
                    strict=True,
                )
            )
            _write_files(connection, source_row, changes, rows, now)
            touched |= self._touching(connection, [*revised, *rows.values()])
            self._mark(connection, touched, now)


def _as_its_source_has_it(row: RowMapping) -> Article:
    """The article without what its operator says of it: what a document is compared with."""
    found = read_article(row)
    return replace(found, state=State(row["own_state"])) if row["own_state"] else found


def _columns(change: Change) -> ArticleRow:
    if change.article is None:
        raise ValueError(f"{change.path}: no article to write")
    return article_row(change.article, declared=change.declared, document=change.digest)


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
