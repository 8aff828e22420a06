"""Slugs: the address of an article's page, given once.

An article without a link that stands in a public feed gets one, made of its title or of what its
source calls its slug. It keeps it whatever becomes of the title. Only a source that names another
one moves the page; what it was called before leads there for good, and is never given to another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, insert, select, update

from feedsvc.settings import Feed
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rules import conditions
from feedsvc.store.schema import article, body, slug, source
from feedsvc.store.selection import matches_any
from feedsvc.store.writing import next_change
from feedsvc.text.html import cut, plain
from feedsvc.text.slug import slugify

# No folder on Windows can have these names, and some publish from there, or on a disk of its kind.
_DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
_LABEL = "slug"  # of what a source calls it, in `Article.extra`
_UNTITLED = 60  # characters of the text that stand for a title
_LOOKED_AT = 2_000  # characters of a body that hold as many


class Slugs(Marks):
    """Gives slugs, and tells them."""

    def mint_slugs(self, rows: Sequence[int], now: datetime) -> dict[int, str]:
        """The slugs of those of the articles that have no link, given to those that have none.

        One whose source asks for another slug than it has gets that.
        """
        with reading(self._engine) as connection:
            found = _known(connection, rows)
        if not any(map(_lacks, found)):
            return {row["id"]: row["slug"] for row in found}
        with writing(self._engine) as connection:
            # Another process may have given some meanwhile. In the order in which the articles were
            # stored: of two with one title the first gets it bare.
            found = _known(connection, rows)
            slugs = {row["id"]: row["slug"] for row in found}
            given: list[int] = []
            number = next_change(connection)
            for row in filter(_lacks, found):
                made = _made(connection, row)
                if made != row["slug"]:
                    _give(connection, row["id"], made, number)
                    slugs[row["id"]] = made
                    given.append(row["id"])
            self._tell_private(connection, given, number, now)
        return slugs

    def _tell_private(
        self, connection: Connection, rows: Sequence[int], number: int, now: datetime
    ) -> None:
        """Have private feeds tell the new addresses; public ones ask for slugs themselves."""
        private = [one for one in self._feeds if one.private]
        touched = {one.name for one in private if rows and matches_any(connection, one, rows)}
        if touched:
            for some in chunks(rows):
                connection.execute(
                    update(article).where(article.c.id.in_(some)).values(changed=number)
                )
            self._mark(connection, touched, now)

    def tell_pages(self, feed: Feed) -> None:
        """Have the pages of the articles of a feed that is new be looked at: they announce it.

        Those of the ones that are too old for it, too: a page tells of the feeds whose rules the
        article fulfils at any time.
        """
        taken = (
            select(article.c.id)
            .join(source, source.c.id == article.c.source_id)
            .where(*conditions(feed))
        )
        paged = and_(slug.c.current, slug.c.article_id.in_(taken))
        with writing(self._engine) as connection:
            number = next_change(connection)
            connection.execute(update(slug).where(paged).values(changed=number))

    def slugs_of(self, rows: Sequence[int]) -> dict[int, str]:
        """The slugs that articles have, whether anybody may see their pages or not."""
        query = select(slug.c.article_id, slug.c.slug).where(
            slug.c.current, slug.c.article_id.in_(_rows())
        )
        with reading(self._engine) as connection:
            return dict(connection.execute(query, {"rows": json.dumps(list(rows))}).all())


def _rows() -> Select[Any]:
    # One parameter: to bind thousands costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)


# Asked for each of thousands of articles when a site is built first: so put together once.
_OWNER = select(slug.c.article_id).where(slug.c.slug == bindparam("name"))
_RETIRE = (
    update(slug).where(slug.c.article_id == bindparam("row"), slug.c.current).values(current=False)
)
_AGAIN = (
    update(slug)
    .where(slug.c.slug == bindparam("name"), slug.c.article_id == bindparam("row"))
    .values(current=True, changed=bindparam("number"))
)
_INSERT = insert(slug)

_KNOWN = (
    select(
        article.c.id,
        article.c.title,
        article.c.key,
        func.json_extract(body.c.fields, "$.extra").label("extra"),
        slug.c.slug,
    )
    .join(body, body.c.article_id == article.c.id)
    .outerjoin(slug, and_(slug.c.article_id == article.c.id, slug.c.current))
    .where(article.c.id.in_(_rows()), article.c.link.is_(None))
    .order_by(article.c.id)
)


def _known(connection: Connection, rows: Sequence[int]) -> list[dict[str, Any]]:
    found = connection.execute(_KNOWN, {"rows": json.dumps(list(rows))}).mappings()
    return [{**row, "asked": _asked(row["extra"])} for row in found]


def _asked(extra: str | None) -> str | None:
    """The slug that the source gives the article, as it stands there."""
    for name, value in json.loads(extra) if extra else ():
        if name.strip().casefold() == _LABEL:
            # Some write the whole path.
            return next(filter(None, map(str.strip, reversed(value.split("/")))), None)
    return None


def _lacks(row: dict[str, Any]) -> bool:
    """Whether the article may need another slug than it has."""
    if row["slug"] is None:
        return True
    return row["asked"] is not None and row["slug"] != slugify(row["asked"], row["title"])


def _made(connection: Connection, row: dict[str, Any]) -> str:
    def taken(name: str) -> bool:
        if name in _DEVICES:
            return True
        owner = connection.execute(_OWNER, {"name": name}).scalar()
        return owner is not None and owner != row["id"]

    if row["asked"] is not None:
        wanted = slugify(row["asked"], row["title"])
    else:
        # A key says first what it is made of: `path:notes/ferry`.
        key = row["key"].partition(":")[2] or row["key"]
        wanted = slugify(row["title"] or _first_words(connection, row["id"]), key)
    had: str | None = row["slug"]
    if had is not None and re.fullmatch(re.escape(wanted) + r"-\d+", had) and taken(wanted):
        return had
    return free(wanted, taken)


def _first_words(connection: Connection, row: int) -> str:
    query = select(body.c.summary, func.substr(body.c.html, 1, _LOOKED_AT).label("html"))
    told = connection.execute(query.where(body.c.article_id == row)).one()
    return cut(told.summary or plain(told.html, _UNTITLED), _UNTITLED)


def free(wanted: str, taken: Callable[[str], bool]) -> str:
    """`wanted`, or with the next number if others have it: `-2`, `-3` …

    In few questions, however many articles are called "Update".
    """
    if not taken(wanted):
        return wanted
    low, high = 1, 2
    while taken(f"{wanted}-{high}"):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if taken(f"{wanted}-{middle}"):
            low = middle
        else:
            high = middle
    return f"{wanted}-{high}"


def _give(connection: Connection, row: int, name: str, number: int) -> None:
    """Make `name` the current slug of the article; the one it had stays, and leads there."""
    connection.execute(_RETIRE, {"row": row})
    if connection.execute(_AGAIN, {"name": name, "row": row, "number": number}).rowcount == 0:
        values = {"slug": name, "article_id": row, "current": True, "changed": number}
        connection.execute(_INSERT, values)
