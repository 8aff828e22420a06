"""The feeds of a group (`per`): the words that articles have, and the slug that each got once.

A group is one `[[feed]]` that is published as many: one for each tag, author or source of its
articles. What a word is called in addresses and titles is decided when it first appears, and then
never again: who follows `public/topics/oepnv/` need not care how the next author spells it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Select,
    bindparam,
    func,
    insert,
    select,
    union,
    update,
)

from feedsvc.ports import Facet
from feedsvc.settings import Feed
from feedsvc.store.copies import kin_of
from feedsvc.store.engine import reading, writing
from feedsvc.store.minting import minted
from feedsvc.store.rows import moment
from feedsvc.store.rules import conditions, shown_at
from feedsvc.store.schema import (
    article,
    facet,
    label,
    membership,
    place,
    source,
)
from feedsvc.store.searched import Seen
from feedsvc.store.selection import soonest
from feedsvc.store.words import fitting


class _Use(NamedTuple):
    """A word in an article that is shown."""

    word: str
    row: int
    seen: bytes
    released: int
    guid: str


class Facets:
    """What stage 2 asks of groups."""

    _engine: Engine

    def facets(
        self, feed: Feed, now: datetime, *, titles: Mapping[str, str] | None = None
    ) -> tuple[Facet, ...]:
        """The words of a group that articles have which are shown now, by title.

        `titles` are those that sources are given in the configuration.
        """
        with reading(self._engine) as connection:
            newest = _newest(_uses(connection, feed, now, None))
        return self._named(feed, newest, newest, titles or {})

    def facets_of(
        self,
        feed: Feed,
        rows: Sequence[int],
        now: datetime,
        *,
        titles: Mapping[str, str] | None = None,
    ) -> tuple[Facet, ...]:
        """The feeds of a group that a change of these articles may change.

        Those of the words they have now, and those that held them when they were built last. The
        same for their copies, which may step in, or be credited.
        """
        with reading(self._engine) as connection:
            kin = kin_of(connection, rows)
            words = set(_words_of(connection, feed, kin)) | set(_held(connection, feed, kin))
            known = words & {one.word for one in _known(connection, feed)}
            newest = _newest(_uses(connection, feed, now, kin)) if words - known else {}
        return self._named(feed, [*known, *newest], newest, titles or {})

    def known_facets(self, feed: Feed) -> tuple[Facet, ...]:
        """Every word that the group ever had, by title."""
        with reading(self._engine) as connection:
            return _ordered(_known(connection, feed))

    def next_word(self, feed: Feed, now: datetime) -> datetime | None:
        """When time alone may add a word to the group next: an article of it falls due."""
        with reading(self._engine) as connection:
            asked = {"at": int(now.timestamp())}
            return moment(connection.execute(soonest(feed, "due"), asked).scalar())

    def preview_facets(
        self, feed: Feed, now: datetime, *, titles: Mapping[str, str] | None = None
    ) -> tuple[Facet, ...]:
        """What `facets` would say, without giving any word a slug for good."""
        with reading(self._engine) as connection:
            newest = _newest(_uses(connection, feed, now, None))
            known = {one.word: one for one in _known(connection, feed)}
            fresh = minted(connection, feed, _rows_of(newest), known, titles or {})
        return _ordered({**known, **{one.word: one for one in fresh}}[word] for word in newest)

    def _named(
        self,
        feed: Feed,
        words: Iterable[str],
        newest: Mapping[str, _Use],
        titles: Mapping[str, str],
    ) -> tuple[Facet, ...]:
        """The facets of words; those that have none are given one."""
        with reading(self._engine) as connection:
            known = {one.word: one for one in _known(connection, feed)}
        told = {
            word: titles[word]
            for word, one in known.items()
            if feed.per == "source" and titles.get(word, one.title) != one.title
        }
        if told or not newest.keys() <= known.keys():
            with writing(self._engine) as connection:
                for word, title in sorted(told.items()):
                    where = (facet.c.feed == feed.name, facet.c.word == word)
                    connection.execute(update(facet).where(*where).values(title=title))
                # Read again: another process may have been first.
                known = {one.word: one for one in _known(connection, feed)}
                fresh = minted(connection, feed, _rows_of(newest), known, titles)
                if fresh:
                    rows = [{"feed": feed.name, **one._asdict()} for one in fresh]
                    connection.execute(insert(facet), rows)
            known |= {one.word: one for one in fresh}
        return _ordered(known[word] for word in dict.fromkeys(words))


def rename_source(connection: Connection, groups: Collection[str], old: str, new: str) -> None:
    """Let a renamed source keep its feed in these groups."""
    here = (facet.c.feed.in_(groups), facet.c.word == old)
    taken = select(facet.c.feed).where(facet.c.word == new)
    connection.execute(update(facet).where(*here, facet.c.feed.not_in(taken)).values(word=new))


def _ordered(facets: Iterable[Facet]) -> tuple[Facet, ...]:
    return tuple(sorted(facets, key=lambda one: (one.title.casefold(), one.slug)))


def _known(connection: Connection, feed: Feed) -> list[Facet]:
    query = select(facet.c.word, facet.c.slug, facet.c.title).where(facet.c.feed == feed.name)
    return [Facet(*row) for row in connection.execute(query)]


# -- words ---------------------------------------------------------------------------------------


def _newest(uses: Iterable[_Use]) -> dict[str, _Use]:
    """Where each word was used last."""
    newest: dict[str, _Use] = {}
    for use in uses:
        last = newest.get(use.word)
        if last is None or (-use.released, use.guid, use.row) < (
            -last.released, last.guid, last.row,
        ):  # fmt: skip
            newest[use.word] = use
    return newest


def _rows_of(newest: Mapping[str, _Use]) -> dict[str, int]:
    return {word: use.row for word, use in newest.items()}


def _uses(
    connection: Connection, feed: Feed, now: datetime, rows: Collection[int] | None
) -> list[_Use]:
    """The words of the articles that the group holds now; of all, or of some."""
    asked: dict[str, Any] = {"at": int(now.timestamp())}
    if rows is not None:
        asked["rows"] = json.dumps(sorted(rows))
    found = connection.execute(_use_query(feed, some=rows is not None), asked)
    uses = [_Use(*row) for row in found]
    fit = fitting(connection, feed, {Seen(use.row, use.seen) for use in uses})
    return [use for use in uses if use.row in fit]


@lru_cache(maxsize=1_000)
def _use_query(feed: Feed, *, some: bool) -> Select[Any]:
    at = bindparam("at", type_=Integer)
    query = select(
        source.c.name if feed.per == "source" else label.c.word,
        article.c.id, article.c.seen, article.c.released, article.c.guid,
    ).join(source, source.c.id == article.c.source_id)  # fmt: skip
    if feed.per != "source":
        query = query.join(label, label.c.article_id == article.c.id)
        query = query.where(label.c.kind == feed.per)
    if some:
        query = query.where(article.c.id.in_(_rows()))
    return query.where(*conditions(feed), *shown_at(feed, at))


def _words_of(connection: Connection, feed: Feed, rows: Collection[int]) -> Iterable[str]:
    """The words of articles, whether they are in the group or not."""
    if feed.per == "source":
        query = select(source.c.name).where(
            source.c.id.in_(select(article.c.source_id).where(article.c.id.in_(_rows())))
        )
    else:
        query = (
            select(label.c.word)
            .where(label.c.article_id.in_(_rows()), label.c.kind == feed.per)
            .distinct()
        )
    return connection.execute(query, {"rows": json.dumps(sorted(rows))}).scalars()


def _held(connection: Connection, feed: Feed, rows: Collection[int]) -> Iterable[str]:
    """The words of the feeds of the group that held these articles, in documents or archives."""
    below = f"{feed.name}/"
    names = union(
        *(
            select(table.c.feed).where(
                table.c.article_id.in_(_rows()),
                # "0" is what follows "/": every name that begins so.
                table.c.feed.between(below, f"{feed.name}0"),
            )
            for table in (membership, place)
        )
    ).subquery()
    query = select(facet.c.word).where(
        facet.c.feed == feed.name,
        facet.c.slug.in_(select(func.substr(names.c.feed, len(below) + 1))),
    )
    return connection.execute(query, {"rows": json.dumps(sorted(rows))}).scalars()


def _rows() -> Select[Any]:
    # One parameter: to bind many rows costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)
