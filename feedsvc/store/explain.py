"""Why an article is in a feed or not: every rule, one after the other, on this one article.

The rules are those that feeds are filled by (`rules.py`, `words.py`, `walk.py`): each is asked by
itself, and what decides between articles is looked up in a walk of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, select

from feedsvc.ports import Shelf
from feedsvc.settings import Feed
from feedsvc.store.engine import reading
from feedsvc.store.given_up import GivenUp
from feedsvc.store.reasons import Known, said_of
from feedsvc.store.rows import read_article, whole_articles
from feedsvc.store.rules import came_before, rules, time_rules
from feedsvc.store.schema import article, label, membership, place, source
from feedsvc.store.walk import Spot, Walk, choose
from feedsvc.store.words import words_fit

_ALL = 1_000_000  # articles: more than any feed holds


class Found(NamedTuple):
    """An article that somebody means."""

    row: int
    guid: str
    source: str
    title: str
    link: str | None


class Step(NamedTuple):
    """One rule, and what came of it."""

    rule: str
    met: bool
    says: str


class Explanation(NamedTuple):
    """Everything that decides whether an article is in a feed, as far as it was asked."""

    steps: tuple[Step, ...]
    page: int | None = None  # of the archive; 0: the one that is still open


class Explain(GivenUp):
    """What commands ask about single articles and what is published."""

    _engine: Engine

    def found(self, guids: Sequence[str], source_name: str | None = None) -> tuple[Found, ...]:
        """The articles of these ids, in the order in which they were stored; of one source or all.

        One id may be that of several articles: sources copy one another.
        """
        query = (
            select(article.c.id, article.c.guid, source.c.name, article.c.title, article.c.link)
            .join(source, source.c.id == article.c.source_id)
            .where(article.c.guid.in_(guids))
            .order_by(article.c.id)
        )
        if source_name is not None:
            query = query.where(source.c.name == source_name)
        with reading(self._engine) as connection:
            return tuple(Found(*row) for row in connection.execute(query))

    def published_rows(self, name: str) -> tuple[int, ...]:
        """The articles in the newest documents of a feed as they were built last, in order."""
        query = (
            select(membership.c.article_id)
            .where(membership.c.feed == name)
            .order_by(membership.c.position)
        )
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def explain(
        self, feed: Feed, row: int, now: datetime, *, shelf: Shelf | None = None
    ) -> Explanation:
        """Why an article is in a feed, or what keeps it out; `shelf` is that of its archive."""
        at = int(now.timestamp())
        if feed.digest is not None:
            # Age, places and shares are those of editions, not of articles: who knows editions
            # goes on from there.
            feed = replace(feed, since=None, offset=0, limit=_ALL, max_per_source=None)
        self.recall_given_up(feed)
        with reading(self._engine) as connection:
            known = _known(connection, row, at)
            steps = list(_single(connection, feed, known, at))
            page = _page(connection, feed, row, shelf) if shelf else None
            if all(step.met for step in steps) and feed.per is None:
                steps += _among(connection, feed, known, at)
        return Explanation(tuple(steps), page)


def _known(connection: Connection, row: int, at: int) -> Known:
    query = whole_articles().add_columns(source.c.parent)
    found = connection.execute(query.where(article.c.id == row)).mappings().one()
    words = select(label.c.kind, label.c.word).where(label.c.article_id == row)
    labels = [(kind, word) for kind, word in connection.execute(words)]
    return Known(
        row=row,
        article=read_article(found),
        parent=found["parent"],
        reason=found["state_reason"],
        verdict=found["verdict"],
        tags=tuple(sorted(word for kind, word in labels if kind == "tag")),
        authors=tuple(sorted(word for kind, word in labels if kind == "author")),
        at=at,
    )


# -- what is asked of the article alone ----------------------------------------------------------


def _single(connection: Connection, feed: Feed, known: Known, at: int) -> Iterator[Step]:
    asked = [*rules(feed), *time_rules(feed, at)]
    query = (
        select(*(func.coalesce(rule.met, False).label(rule.name) for rule in asked))
        .join(source, source.c.id == article.c.source_id)
        .where(article.c.id == known.row)
    )
    met = connection.execute(query).mappings().one()
    for rule in asked:
        if rule.name != "expires" or known.article.expires is not None:
            yield Step(rule.name, bool(met[rule.name]), said_of(rule.name, feed, known))
    words = {
        "id": known.row,
        "seen": known.article.seen,
        "title": known.article.title,
        "summary": known.article.summary,
        "html": known.article.html,
    }
    for name, one in (
        ("match", replace(feed, exclude=None) if feed.match else None),
        ("exclude", replace(feed, match=None) if feed.exclude else None),
    ):
        if one is not None:
            yield Step(name, words_fit(one, words), said_of(name, feed, known))
    if feed.per is not None:
        yield Step("per", bool(known.words(feed.per)), said_of("per", feed, known))


# -- what decides between articles ---------------------------------------------------------------


def _among(connection: Connection, feed: Feed, known: Known, at: int) -> Iterator[Step]:
    """The rules that other articles decide: the first that keeps it out ends them."""
    walk = choose(connection, feed, at)
    original = _original(connection, feed, known.row, at, walk)
    if original is not None:
        yield Step("dedupe", False, f"{original} had the same link before and stands for it")
        return
    twin = walk.twins.get(known.row)
    if twin is not None:
        yield Step("dedupe", False, f"{_named(connection, twin)} tells the same text")
        return
    spots = list(walk.chosen.values())
    same = next((s for s in spots if s.guid == known.article.guid and s.row != known.row), None)
    if same is not None and known.row not in walk.chosen:
        yield Step("id", False, f"{_named(connection, same.row)} has the same id and is newer")
        return
    if feed.dedupe != "none":
        yield Step("dedupe", True, "no other article stands for it")
    if feed.digest is None:
        yield from _ranked(connection, feed, known, at, walk)


def _original(connection: Connection, feed: Feed, row: int, at: int, walk: Walk) -> str | None:
    """The article that had the link of this one before, if there is one."""
    if feed.dedupe == "none":
        return None
    before = came_before(feed, at).order_by(None)
    other = before.selected_columns.id
    first = before.with_only_columns(func.min(other)).correlate(article).scalar_subquery()
    found = connection.execute(select(first).where(article.c.id == row)).scalar()
    if found is None or (feed.max_per_source and row in walk.chosen):
        return None  # what its source does not show stands for nothing
    return _named(connection, found)


def _ranked(
    connection: Connection, feed: Feed, known: Known, at: int, walk: Walk
) -> Iterator[Step]:
    """Where it stands among those that fulfil everything else."""
    spots: Sequence[Spot] = list(walk.chosen.values())
    if known.row not in walk.chosen:
        # Texts are compared within what a feed holds: to compare all would take very long.
        dedupe = "link" if feed.dedupe == "text" else feed.dedupe
        whole = choose(connection, replace(feed, limit=_ALL, offset=0, dedupe=dedupe), at)
        spots = list(whole.chosen.values())
        if feed.max_per_source and known.row not in whole.chosen:
            says = f"{known.article.source} has its {feed.max_per_source} with newer ones"
            yield Step("max_per_source", False, says)
            return
    if feed.max_per_source:
        says = f"one of the {feed.max_per_source} newest of {known.article.source}"
        yield Step("max_per_source", True, says)
    rank = next((n for n, spot in enumerate(spots, 1) if spot.row == known.row), len(spots) + 1)
    if feed.offset:
        says = f"number {rank}; the {feed.offset} newest are left out"
        yield Step("offset", rank > feed.offset, says)
    if rank > feed.offset:
        says = f"number {rank - feed.offset}; the feed holds {feed.limit}"
        yield Step("limit", rank - feed.offset <= feed.limit, says)


def _named(connection: Connection, row: int) -> str:
    query = select(article.c.title, source.c.name, article.c.guid).join(
        source, source.c.id == article.c.source_id
    )
    title, name, guid = connection.execute(query.where(article.c.id == row)).one()
    return f"'{title}' of {name} ({guid})"


def _page(connection: Connection, feed: Feed, row: int, shelf: Shelf) -> int | None:
    """The page of the archive it stands on; 0 for the one that is still open."""
    twin = article.alias("twin")
    query = (
        select(place.c.position)
        .join(article, article.c.id == place.c.article_id)
        .join(twin, twin.c.guid == article.c.guid)
        .where(place.c.feed == feed.name, twin.c.id == row)
    )
    position: int | None = connection.execute(query).scalar()
    if position is None:
        return None
    page = -(-position // shelf.size)
    return page if page <= shelf.closed else 0
