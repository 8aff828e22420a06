"""Writing articles: new ones, and new revisions of those there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from feedsvc.model import Article
from feedsvc.store.engine import chunks
from feedsvc.store.rows import body_columns, labels
from feedsvc.store.schema import article, body, label, revision


class Written(NamedTuple):
    """An article to be written; `columns` are those of `rows.article_columns`."""

    row: int | None  # None: a new one
    source: int
    article: Article
    columns: dict[str, Any]


def insert_articles(connection: Connection, fresh: Sequence[Written]) -> list[int]:
    """Add new articles; returns their rows, in the same order."""
    if not fresh:
        return []
    # The transaction is the only writer (BEGIN IMMEDIATE), so the next rows are ours to number:
    # asking the database for each with RETURNING costs five times as much.
    first = (connection.execute(select(func.max(article.c.id))).scalar() or 0) + 1
    rows = list(range(first, first + len(fresh)))
    _insert_many(
        connection,
        article,
        [
            {"id": row, "source_id": one.source, **one.columns}
            for row, one in zip(rows, fresh, strict=True)
        ],
    )
    _insert_many(
        connection,
        body,
        [
            {"article_id": row, **body_columns(one.article)}
            for row, one in zip(rows, fresh, strict=True)
        ],
    )
    words = [
        word for row, one in zip(rows, fresh, strict=True) for word in _labels(row, one.article)
    ]
    # In the order of its key: the tree is then filled from one end.
    words.sort()
    _insert_many(
        connection,
        label,
        [{"kind": kind, "word": word, "article_id": row} for kind, word, row in words],
    )
    return rows


def _insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns.

    The statement is SQLAlchemy's, the rows go to the driver as they are: to look at each value of
    tens of thousands of rows costs more than to write them.
    """
    if not rows:
        return
    names = list(rows[0])
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=names)
    order = compiled.positiontup or names
    connection.exec_driver_sql(str(compiled), [tuple(row[name] for name in order) for row in rows])


def revise_articles(connection: Connection, revised: Sequence[Written], now: datetime) -> None:
    """Keep what is replaced as a revision, then replace it."""
    if not revised:
        return
    rows = [one.row for one in revised if one.row is not None]
    numbers: dict[int, int] = {}
    for some in chunks(rows):
        query = select(article.c.id, article.c.revision).where(article.c.id.in_(some))
        numbers.update(dict(connection.execute(query).all()))
    reworded = [
        one.row
        for one in revised
        if one.row is not None and one.article.revision != numbers[one.row]
    ]
    for some in chunks(reworded):
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
                .where(article.c.id.in_(some)),
            )
        )  # fmt: skip
    connection.execute(
        update(article).where(article.c.id == bindparam("row")),
        [{"row": one.row, **one.columns} for one in revised],
    )
    connection.execute(
        update(body).where(body.c.article_id == bindparam("row")),
        [{"row": one.row, **body_columns(one.article)} for one in revised],
    )
    for some in chunks(rows):
        connection.execute(delete(label).where(label.c.article_id.in_(some)))
    words = [
        {"kind": kind, "word": word, "article_id": row}
        for one in revised
        if one.row is not None
        for kind, word, row in _labels(one.row, one.article)
    ]
    _insert_many(connection, label, words)


def _labels(row: int, written: Article) -> Iterable[tuple[str, str, int]]:
    for kind, word in sorted(labels(written)):
        yield kind, word, row
