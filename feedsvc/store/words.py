"""What a feed asks of the words of an article: `match` and `exclude`, regular expressions on text.

SQL cannot say them. Whoever walks through articles asks `fitting`, which reads the bodies that were
not read before (`searched.py`); a query that looks at a few others asks the function `fits`. An
article on whose words an expression takes too long is in no feed of it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, bindparam, func, select

from feedsvc.settings import Feed
from feedsvc.store.schema import article, body
from feedsvc.store.searched import Seen, word_rules
from feedsvc.text.html import plain

_FUNCTION = "feedsvc_fits"


def asks_words(feed: Feed) -> bool:
    """Whether the words of an article decide if it belongs to the feed."""
    return feed.match is not None or feed.exclude is not None


def words_of(row: Mapping[str, Any]) -> str:
    """The words of a row with title, summary and html, as expressions see them."""
    return _joined(row["title"], row["summary"], row["html"])


def _joined(title: str, summary: str | None, html: str) -> str:
    return "\n".join((title, summary or "", plain(html, None)))


def words_fit(feed: Feed, row: Mapping[str, Any]) -> bool:
    """Whether the words of a row with id, seen, title, summary and html are those asked for."""
    return _meets(feed.match, feed.exclude, Seen(row["id"], row["seen"]), lambda: words_of(row))


def _meets(
    match: re.Pattern[str] | None,
    exclude: re.Pattern[str] | None,
    one: Seen,
    words: Callable[[], str],
) -> bool:
    for _, expression, wanted in word_rules(match, exclude):
        if expression.unread([one]):
            expression.search({one: words()})
        if expression.has(one) is not wanted:
            return False
    return True


# -- many articles, one after the other ----------------------------------------------------------


def fitting(connection: Connection, feed: Feed, asked: Iterable[Seen]) -> set[int]:
    """The rows of those whose words are what the feed asks for."""
    left = list(asked)
    words: dict[int, str] = {}
    for _, expression, wanted in word_rules(feed.match, feed.exclude):
        unread = expression.unread(left)
        new = [one.row for one in unread if one.row not in words]
        words |= texts(connection, new) if new else {}
        expression.search({one: words[one.row] for one in unread if one.row in words})
        left = [one for one in left if expression.has(one) is wanted]
    return {one.row for one in left}


def is_open(feed: Feed, one: Seen) -> bool:
    """Whether it was not found out for an article that was asked for if it fits."""
    for _, expression, wanted in word_rules(feed.match, feed.exclude):
        has = expression.has(one)
        if has is not wanted:
            return has is None
    return False


def texts(connection: Connection, rows: Sequence[int]) -> dict[int, str]:
    """The words of articles by row."""
    found = connection.execute(_texts(), {"rows": json.dumps(rows)})
    return {row: _joined(title, summary, html) for row, title, summary, html in found}


@lru_cache(maxsize=1)
def _texts() -> Select[Any]:
    rows = func.json_each(bindparam("rows")).table_valued("value")
    return (
        select(article.c.id, article.c.title, body.c.summary, body.c.html)
        .join(body, body.c.article_id == article.c.id)
        .where(article.c.id.in_(select(rows.c.value)))
    )


# -- a few, inside a query -----------------------------------------------------------------------


def fits(feed: Feed, article: FromClause, body: FromClause) -> ColumnElement[bool]:
    """That the words of `article`, joined with its `body`, are what the feed asks for."""
    asked: list[Any] = []
    for pattern in (feed.match, feed.exclude):
        asked += [pattern.pattern, pattern.flags] if pattern is not None else [None, 0]
    found: ColumnElement[bool] = getattr(func, _FUNCTION)(
        *asked, article.c.id, article.c.seen, article.c.title, body.c.summary, body.c.html
    )
    return found


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the function that `fits` stands for."""
    connection.create_function(_FUNCTION, 9, _fits, deterministic=True)


def _fits(
    match: str | None,
    match_flags: int,
    exclude: str | None,
    exclude_flags: int,
    row: int,
    seen: bytes,
    title: str,
    summary: str | None,
    html: str,
) -> bool:
    return _meets(
        _compiled(match, match_flags), _compiled(exclude, exclude_flags), Seen(row, seen),
        lambda: _joined(title, summary, html),
    )  # fmt: skip


@lru_cache(maxsize=1_000)
def _compiled(pattern: str | None, flags: int) -> re.Pattern[str] | None:
    return None if pattern is None else re.compile(pattern, flags)
