"""Writing articles: new ones, and new revisions of those there are.

What the operator said of an article stands above both, see `struck.py`: a new one that a verdict
awaits is stored with it, and one that has a verdict is revised behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, literal, select

from feedsvc.decide import canon_of
from feedsvc.model import Article, Verdict
from feedsvc.store.bulk import insertion, replacement, write
from feedsvc.store.engine import chunks
from feedsvc.store.rows import ArticleRow, BodyRow, body_row, labels
from feedsvc.store.schema import article, body, label, revision, slug
from feedsvc.store.struck import Struck, newcomer, struck, without_words


class Written(NamedTuple):
    """An article to be written, and the columns it is found by."""

    row: int | None  # None: a new one
    source: int
    article: Article
    columns: ArticleRow
    file: bytes = b""  # the digest of the file it was read from; empty for an entry of a feed


class _Before(NamedTuple):
    """An article as it was, so far as that decides how it is written."""

    revision: int
    changed: int
    state: str
    state_reason: str | None
    verdict: str | None
    pruned: int | None


_INSERT_ARTICLE = insertion(article, "id", "source_id", "changed", *ArticleRow._fields)
_INSERT_BODY = insertion(body, "article_id", *BodyRow._fields)
_INSERT_LABEL = insertion(label, "article_id", "kind", "word")
_REPLACE_ARTICLE = replacement(article, "changed", *ArticleRow._fields, key="id")
_STRIKE = replacement(article, "verdict", "verdict_at", "own_state", key="id")
_KEEP_ASIDE = replacement(article, "own_state", "own_reason", key="id")
_REPLACE_BODY = replacement(body, *BodyRow._fields, key="article_id")


_NEWEST = tuple(select(func.max(one)) for one in (article.c.changed, slug.c.changed))


def next_change(connection: Connection) -> int:
    """The number for what this transaction changes; it is the only writer."""
    return last_change(connection) + 1


def last_change(connection: Connection) -> int:
    """The number of the last change, to an article or to its address."""
    return max(connection.execute(query).scalar() or 0 for query in _NEWEST)


def insert_articles(connection: Connection, fresh: Sequence[Written]) -> list[int]:
    """Add new articles; returns their rows, in the same order."""
    # The transaction is the only writer (BEGIN IMMEDIATE), so the next rows are ours to number:
    # asking the database for each with RETURNING costs five times as much.
    first = (connection.execute(select(func.max(article.c.id))).scalar() or 0) + 1
    verdicts = _verdicts(connection, fresh)
    fresh = [_struck(one, verdicts.get(at)) for at, one in enumerate(fresh)] if verdicts else fresh
    numbered = list(enumerate(fresh, first))
    number = next_change(connection) if fresh else 0
    write(
        connection,
        _INSERT_ARTICLE,
        [(row, one.source, number, *one.columns) for row, one in numbered],
    )
    write(connection, _INSERT_BODY, [(row, *body_row(one.article)) for row, one in numbered])
    _write_labels(connection, [(row, one.article) for row, one in numbered])
    told = [(one, _own_state(fresh[at].article, one), first + at) for at, one in verdicts.items()]
    write(connection, _STRIKE, [(one.verdict, one.at, own, row) for one, own, row in told])
    return [row for row, _ in numbered]


def _verdicts(connection: Connection, fresh: Sequence[Written]) -> dict[int, Struck]:
    return struck(
        connection,
        [newcomer(one.source, one.article, one.columns.canon, one.file) for one in fresh],
    )


def _struck(one: Written, told: Struck | None) -> Written:
    """A new article as it is stored under the verdict that awaits it."""
    if told is None:
        return one
    verdict = Verdict(told.verdict)
    columns = one.columns._replace(
        state=verdict.state.value,
        state_reason=told.reason,
        canon=one.columns.canon or canon_of(one.article.link),
    )
    if verdict is Verdict.PURGED:
        return one._replace(
            article=without_words(one.article), columns=columns._replace(title="", language=None)
        )
    return one._replace(columns=columns)


def _own_state(one: Article, told: Struck) -> str | None:
    return None if told.verdict == Verdict.PURGED.value else one.state.value


def revise_articles(connection: Connection, revised: Sequence[Written], now: datetime) -> None:
    """Keep what is replaced as a revision, then replace it; what is erased stays as it is."""
    before = _before(connection, [one.row for one in revised if one.row is not None])
    known = [(one.row, one) for one in revised if one.row is not None and one.row in before]
    if not known:
        return
    rows = [row for row, _ in known]
    reworded = [row for row, one in known if one.article.revision != before[row].revision]
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
    write(
        connection,
        _REPLACE_ARTICLE,
        [(*_columns(one, before[row], number), row) for row, one in known],
    )
    struck_rows = [(one.columns, row) for row, one in known if before[row].verdict]
    write(connection, _KEEP_ASIDE, [(c.state, c.state_reason, row) for c, row in struck_rows])
    write(connection, _REPLACE_BODY, [(*body_row(one.article), row) for row, one in known])
    for some in chunks(rows):
        connection.execute(delete(label).where(label.c.article_id.in_(some)))
    _write_labels(connection, [(row, one.article) for row, one in known])


def _before(connection: Connection, rows: Sequence[int]) -> dict[int, _Before]:
    """The articles that may be revised."""
    columns = [article.c[name] for name in _Before._fields]
    found: dict[int, _Before] = {}
    for some in chunks(rows):
        for row, *rest in connection.execute(
            select(article.c.id, *columns).where(article.c.id.in_(some))
        ):
            found[row] = _Before(*rest)
    return {
        row: was
        for row, was in found.items()
        if was.verdict != Verdict.PURGED.value and was.pruned is None
    }


def _columns(one: Written, was: _Before, number: int) -> tuple[object, ...]:
    """The number of the change and the columns of an article that is revised."""
    if was.verdict is None:
        return (number, *one.columns)
    # Nobody sees it, whatever it says now.
    columns = one.columns._replace(
        state=was.state,
        state_reason=was.state_reason,
        canon=one.columns.canon or canon_of(one.article.link),
    )
    return (was.changed, *columns)


def _write_labels(connection: Connection, articles: Sequence[tuple[int, Article]]) -> None:
    rows = [(row, kind, word) for row, one in articles for kind, word in sorted(labels(one))]
    write(connection, _INSERT_LABEL, rows)
