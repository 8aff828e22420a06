"""What a feed asks of the words of an article: `match` and `exclude`, regular expressions on text.

SQL cannot say them. Whoever walks through articles asks `fitting`, which reads a body once and
remembers what came of it; a query that looks at a few others asks the function `fits`. An article
whose words an expression does not come to an end with (`aside/search.py`) is in no feed of it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, bindparam, func, select

from feedsvc.settings import Feed
from feedsvc.store.schema import article, body
from feedsvc.text.html import plain

_FUNCTION = "feedsvc_fits"


class Wanted(NamedTuple):
    """The two expressions of a feed."""

    match: re.Pattern[str] | None
    exclude: re.Pattern[str] | None

    def met(self, texts: Sequence[str]) -> list[bool]:
        """Whether each text has what is asked for, and nothing that is unwanted."""
        from feedsvc.aside.search import search  # few feeds ask for words

        met = [True] * len(texts)
        for pattern, fits in ((self.match, True), (self.exclude, False)):
            if pattern is not None:
                left = [number for number, one in enumerate(met) if one]
                found = search(pattern, [texts[number] for number in left])
                for number, one in zip(left, found, strict=True):
                    met[number] = one is fits
        return met


def asks_words(feed: Feed) -> bool:
    """Whether the words of an article decide if it belongs to the feed."""
    return feed.match is not None or feed.exclude is not None


def words_of(row: Mapping[str, Any]) -> str:
    """The words of a row with title, summary and html, as expressions see them."""
    return _joined(row["title"], row["summary"], row["html"])


def _joined(title: str, summary: str | None, html: str) -> str:
    return "\n".join((title, summary or "", plain(html, None)))


def words_fit(feed: Feed, row: Mapping[str, Any]) -> bool:
    """Whether the words of a row with title, summary and html are those the feed asks for."""
    return not asks_words(feed) or Wanted(feed.match, feed.exclude).met([words_of(row)])[0]


# -- many articles, one after the other ----------------------------------------------------------


class Seen(NamedTuple):
    """An article by its row, and the digest of what a reader sees of it."""

    row: int
    seen: bytes


class Verdicts:
    """What came of two expressions and the articles that were read so far.

    An article that stays as it was is not read again: in the daemon, a feed of rare words costs
    the reading of what is new. One number for each row: the beginning of the digest of what was
    read, and in its last bits that it was, and what came of it.
    """

    def __init__(self) -> None:
        self._marks = array("Q")

    def of(self, one: Seen) -> bool | None:
        """What came of an article; None if it was not read as it is now."""
        mark = self._marks[one.row] if one.row < len(self._marks) else 0
        return bool(mark & _FITS) if mark | _FITS == _mark(one.seen) | _FITS else None

    def keep(self, one: Seen, *, fits: bool) -> None:
        """Note what came of it."""
        if one.row >= len(self._marks):
            self._marks.extend([0] * (one.row + 1 - len(self._marks)))
        self._marks[one.row] = _mark(one.seen) | (_FITS if fits else 0)


_FITS, _READ = 1, 2


def _mark(seen: bytes) -> int:
    return int.from_bytes(seen[:8]) & ~_FITS | _READ


@lru_cache(maxsize=64)
def _verdicts(wanted: Wanted) -> Verdicts:
    del wanted  # it is what they are found by
    return Verdicts()


def fitting(connection: Connection, feed: Feed, asked: Iterable[Seen]) -> set[int]:
    """The rows of those whose words are what the feed asks for."""
    asked = list(asked)
    if not asks_words(feed):
        return {one.row for one in asked}
    wanted = Wanted(feed.match, feed.exclude)
    verdicts = _verdicts(wanted)
    found = {one: verdicts.of(one) for one in asked}
    unread = [one for one, fits in found.items() if fits is None]
    words = texts(connection, [one.row for one in unread]) if unread else {}
    met = dict(zip(words, wanted.met(list(words.values())), strict=True))
    for one in unread:
        found[one] = fits = met.get(one.row, False)
        verdicts.keep(one, fits=fits)
    return {one.row for one, fits in found.items() if fits}


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
        *asked, article.c.title, body.c.summary, body.c.html
    )
    return found


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the function that `fits` stands for."""
    connection.create_function(_FUNCTION, 7, _fits, deterministic=True)


def _fits(
    match: str | None,
    match_flags: int,
    exclude: str | None,
    exclude_flags: int,
    title: str,
    summary: str | None,
    html: str,
) -> bool:
    wanted = Wanted(_compiled(match, match_flags), _compiled(exclude, exclude_flags))
    return wanted.met([_joined(title, summary, html)])[0]


@lru_cache(maxsize=1_000)
def _compiled(pattern: str | None, flags: int) -> re.Pattern[str] | None:
    return None if pattern is None else re.compile(pattern, flags)
