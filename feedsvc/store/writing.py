"""Writing articles: new ones, and new revisions of those there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, literal, select

from feedsvc.model import Article
from feedsvc.store.bulk import insertion, replacement, write
from feedsvc.store.engine import chunks
from feedsvc.store.rows import ArticleRow, BodyRow, body_row, labels
from feedsvc.store.schema import article, body, label, revision


class Written(NamedTuple):
    """An article to be written, and the columns it is found by."""

    row: int | None  # None: a new one
    source: int
    article: Article
    columns: ArticleRow


_INSERT_ARTICLE = insertion(article, "id", "source_id", "changed", *ArticleRow._fields)
_INSERT_BODY = insertion(body, "article_id", *BodyRow._fields)
_INSERT_LABEL = insertion(label, "article_id", "kind", "word")
_REPLACE_ARTICLE = replacement(article, "changed", *ArticleRow._fields, key="id")
_REPLACE_BODY = replacement(body, *BodyRow._fields, key="article_id")


def next_change(connection: Connection) -> int:
    """The number for what this transaction changes; it is the only writer."""
    return (connection.execute(select(func.max(article.c.changed))).scalar() or 0) + 1


def insert_articles(connection: Connection, fresh: Sequence[Written]) -> list[int]:
    """Add new articles; returns their rows, in the same order."""
    # The transaction is the only writer (BEGIN IMMEDIATE), so the next rows are ours to number:
    # asking the database for each with RETURNING costs five times as much.
    first = (connection.execute(select(func.max(article.c.id))).scalar() or 0) + 1
    numbered = list(enumerate(fresh, first))
    number = next_change(connection) if fresh else 0
    write(
        connection,
        _INSERT_ARTICLE,
        [(row, one.source, number, *one.columns) for row, one in numbered],
    )
    write(connection, _INSERT_BODY, [(row, *body_row(one.article)) for row, one in numbered])
    _write_labels(connection, [(row, one.article) for row, one in numbered])
    return [row for row, _ in numbered]


def revise_articles(connection: Connection, revised: Sequence[Written], now: datetime) -> None:
    """Keep what is replaced as a revision, then replace it."""
    known = [(one.row, one) for one in revised if one.row is not None]
    if not known:
        return
    rows = [row for row, _ in known]
    numbers: dict[int, int] = {}
    for some in chunks(rows):
        query = select(article.c.id, article.c.revision).where(article.c.id.in_(some))
        numbers.update(dict(connection.execute(query).all()))
    reworded = [row for row, one in known if one.article.revision != numbers[row]]
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
    number = next_change(connection)
    write(connection, _REPLACE_ARTICLE, [(number, *one.columns, row) for row, one in known])
    write(connection, _REPLACE_BODY, [(*body_row(one.article), row) for row, one in known])
    for some in chunks(rows):
        connection.execute(delete(label).where(label.c.article_id.in_(some)))
    _write_labels(connection, [(row, one.article) for row, one in known])


def _write_labels(connection: Connection, articles: Sequence[tuple[int, Article]]) -> None:
    rows = [(row, kind, word) for row, one in articles for kind, word in sorted(labels(one))]
    write(connection, _INSERT_LABEL, rows)
