"""What the pages of articles are built from: which to look at, and what is to be at their paths.

A usual build asks for what changed since the number it knows, and for what time has changed; no
other article is looked at, however many have a page.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from feedsvc.model import State
from feedsvc.ports import PageFile, PagePlan
from feedsvc.settings import Feed
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.rows import moment, seconds
from feedsvc.store.rules import as_label, conditions
from feedsvc.store.schema import article, label, ledger, redirect, slug, source
from feedsvc.store.searched import Seen
from feedsvc.store.words import fitting
from feedsvc.store.writing import last_change

# Put together once: to say a question in SQLAlchemy takes longer than SQLite needs to answer it.
AT = bindparam("at", type_=Integer)


def visible(article: FromClause = article) -> tuple[ColumnElement[bool], ...]:
    """That anybody may see an article at the moment `at`."""
    return (
        article.c.state == State.PUBLISHED.value,
        article.c.verdict.is_(None),
        or_(article.c.due.is_(None), article.c.due <= AT),
        or_(article.c.expires.is_(None), article.c.expires > AT),
    )


VISIBLE = visible()

CHANGED = (
    article.c.changed > bindparam("since", type_=Integer),
    *(
        and_(column > bindparam("looked", type_=Integer), column <= AT)
        for column in (article.c.due, article.c.expires)
    ),
)
"""Each alone: that `article` has a change after `since`; that it fell due, or expired, between
`looked` and `at`.
"""


def span(looked: datetime | None, now: datetime) -> dict[str, int]:
    """The moments of `CHANGED`."""
    return {"looked": seconds(looked) or 0, "at": int(now.timestamp())}


def events(*which: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """The questions for the next moments at which a published article falls due, and expires."""
    return tuple(
        select(column)
        .where(column > AT, article.c.state == State.PUBLISHED.value, *which)
        .order_by(column)
        .limit(1)
        for column in (article.c.due, article.c.expires)
    )


def _rows() -> Select[Any]:
    # One parameter: to bind thousands costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)


# `a/<slug>/index.html`: the slug is looked up, so that all that lies there is gone through once.
_FILES = (
    select(ledger.c.path, ledger.c.size, ledger.c.mtime_ns, slug.c.article_id)
    .outerjoin(slug, slug.c.slug == func.substr(ledger.c.path, 3, func.length(ledger.c.path) - 13))
    .where(ledger.c.feed == bindparam("feed"))
    .order_by(ledger.c.path)
)
_VACANT = (
    select(slug.c.slug, slug.c.article_id)
    .outerjoin(ledger, ledger.c.path == "a/" + slug.c.slug + "/index.html")
    .where(ledger.c.path.is_(None))
)
_HAS_PAGE = exists().where(slug.c.article_id == article.c.id)
_EVENTS = events(_HAS_PAGE)
_MINTED = select(slug.c.article_id).where(slug.c.changed > bindparam("since", type_=Integer))
_NEWS = tuple(select(article.c.id).where(when, _HAS_PAGE) for when in CHANGED)
_PLANS = (
    select(
        article.c.id,
        article.c.link,
        article.c.guid,
        source.c.name.label("source"),
        and_(*VISIBLE).label("shown"),
        slug.c.slug,
        slug.c.current,
        redirect.c.path,
        redirect.c.target,
    )
    .join(source, source.c.id == article.c.source_id)
    .join(slug, slug.c.article_id == article.c.id)
    .outerjoin(redirect, redirect.c.path == "a/" + slug.c.slug + "/")
    .where(article.c.id.in_(_rows()))
    .order_by(article.c.id, slug.c.current.desc(), slug.c.slug)
)


class ArticlePages:
    """What is asked and noted about pages of articles."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def known_feeds(self) -> tuple[Feed, ...]:
        """The configured feeds, by whose rules articles are told apart."""
        return self._feeds

    def page_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the articles with a slug to look at.

        Those are the ones with a change after the number `since`, and those that fell due or
        expired after `looked`.
        """
        asked = {"since": since, **span(looked, now)}
        with reading(self._engine) as connection:
            number = last_change(connection)
            rows = set(connection.execute(_MINTED, asked).scalars())
            for query in _NEWS:
                rows.update(connection.execute(query, asked).scalars())
        return number, sorted(rows)

    def newest_page_change(self) -> int:
        """The number of the last change to any article or to its address."""
        with reading(self._engine) as connection:
            return last_change(connection)

    def page_rows(self) -> list[int]:
        """All articles that have a slug."""
        query = select(slug.c.article_id).distinct().order_by(slug.c.article_id)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def page_files(self, feed: str) -> list[PageFile]:
        """The files of pages, without their sidecars; the ledger has them as those of `feed`."""
        with reading(self._engine) as connection:
            return [PageFile._make(row) for row in connection.execute(_FILES, {"feed": feed})]

    def vacant_pages(self) -> list[tuple[str, int]]:
        """The slugs at which no page is published (any more), and whose they are."""
        with reading(self._engine) as connection:
            return [(name, row) for name, row in connection.execute(_VACANT)]

    def next_page_event(self, now: datetime) -> datetime | None:
        """The next moment at which time lets a page appear or go."""
        with reading(self._engine) as connection:
            return next_event(connection, now, _EVENTS)

    def page_plans(self, rows: Sequence[int], now: datetime) -> list[PagePlan]:
        """What is to be at the paths of these articles."""
        plans: dict[int, PagePlan] = {}
        asked = {"rows": json.dumps(list(rows)), "at": int(now.timestamp())}
        with reading(self._engine) as connection:
            for row in connection.execute(_PLANS, asked).mappings():
                plan = plans.get(row["id"])
                if plan is None:
                    plan = PagePlan(
                        row=row["id"],
                        source=row["source"],
                        guid=row["guid"],
                        slug=row["slug"],
                        former=(),
                        link=row["link"],
                        shown=bool(row["shown"]),
                        told={},
                    )
                else:
                    plan = plan._replace(former=(*plan.former, row["slug"]))
                if row["path"] is not None:
                    plan = plan._replace(told={**plan.told, row["path"]: row["target"]})
                plans[row["id"]] = plan
        return list(plans.values())

    def takers(self, rows: Sequence[int], feeds: Sequence[Feed]) -> dict[int, frozenset[str]]:
        """The feeds that articles belong to, by name: by rule, however far they have slid out.

        Feeds of one group differ only in what they are about, so the group is asked once.
        """
        found: dict[int, set[str]] = {row: set() for row in rows}
        groups: dict[Feed, list[Feed]] = {}
        for feed in feeds:
            groups.setdefault(rule_of(feed), []).append(feed)
        with reading(self._engine) as connection:
            facets = _facets(connection, rows)
            words = set().union(*facets.values())
            for rule, group in groups.items():
                if not _may_take(rule, words):
                    continue
                for row in taken(connection, rule, rows):
                    found[row].update(
                        one.name
                        for one in group
                        if one.facet is None or one.facet in facets.get(row, ())
                    )
        return {row: frozenset(names) for row, names in found.items()}

    def redirect_pages(
        self, leading: Mapping[str, str | None], alive: Collection[str], now: datetime
    ) -> None:
        """Note where paths of pages lead (None: gone), and which are pages again.

        All in one transaction: a source that is taken out may leave thousands.
        """
        if not (leading or alive):
            return
        at = int(now.timestamp())
        with writing(self._engine) as connection:
            for some in chunks([*leading, *alive]):
                connection.execute(delete(redirect).where(redirect.c.path.in_(some)))
            if leading:
                connection.execute(
                    insert(redirect),
                    [
                        {"path": path, "target": target, "made": at}
                        for path, target in leading.items()
                    ],
                )


def next_event(
    connection: Connection, now: datetime, queries: Sequence[Select[Any]]
) -> datetime | None:
    """The next moment at which one of the published articles falls due or expires (`events`)."""
    asked = {"at": int(now.timestamp())}
    moments = [connection.execute(query, asked).scalar() for query in queries]
    return moment(min((one for one in moments if one is not None), default=None))


def taken(connection: Connection, feed: Feed, rows: Sequence[int]) -> set[int]:
    """Those of the articles that belong to a feed by its rules, now or at another time."""
    found = connection.execute(_taken(feed), {"rows": json.dumps(list(rows))})
    return fitting(connection, feed, (Seen(row, seen) for row, seen in found))


@lru_cache(maxsize=1_000)
def _taken(feed: Feed) -> Select[Any]:
    query = (
        select(article.c.id, article.c.seen)
        .join(source, source.c.id == article.c.source_id)
        .where(article.c.id.in_(_rows()), *conditions(feed))
    )
    if feed.facet is None and feed.per in ("tag", "author"):
        # A group as such: what has none of its words is in none of its feeds.
        query = query.where(
            exists().where(label.c.article_id == article.c.id, label.c.kind == feed.per)
        )
    return query


_RULES = (
    "sources", "exclude_sources", "tags", "exclude_tags", "authors", "exclude_authors", "language",
    "exclude_languages", "match", "exclude",
)  # fmt: skip


@lru_cache(maxsize=10_000)
def rule_of(feed: Feed) -> Feed:
    """A feed that takes what this one takes, the same for all that differ in nothing else."""
    rules = {name: getattr(feed, name) for name in _RULES}
    return replace(Feed(name="", per=feed.per if feed.facet is None else None), **rules)


def _may_take(rule: Feed, words: Collection[tuple[str, str]]) -> bool:
    """Whether articles with these words have one that a feed asks for; all else is SQL's to say.

    There may be a feed for each of hundreds of tags.
    """
    return all(not asked or not asked.isdisjoint(words) for asked in _asked(rule))


@lru_cache(maxsize=10_000)
def _asked(rule: Feed) -> tuple[frozenset[tuple[str, str]], ...]:
    return tuple(
        frozenset((kind, as_label(word)) for word in words)
        for kind, words in (("tag", rule.tags), ("author", rule.authors))
    )


def takes_all(feed: Feed) -> bool:
    """Whether a feed takes every article that anybody may see, by its rules."""
    return rule_of(feed) == rule_of(Feed(name=""))


def _facets(connection: Connection, rows: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """What articles are about, as feeds of a group have it."""
    named = {"rows": json.dumps(list(rows))}
    found: dict[int, set[tuple[str, str]]] = {}
    for row, kind, word in connection.execute(_WORDS, named):
        found.setdefault(row, set()).add((kind, word))
    for row, name in connection.execute(_SOURCES, named):
        found.setdefault(row, set()).add(("source", name))
    return found


_WORDS = select(label.c.article_id, label.c.kind, label.c.word).where(
    label.c.article_id.in_(_rows())
)
_SOURCES = (
    select(article.c.id, source.c.name)
    .join(source, source.c.id == article.c.source_id)
    .where(article.c.id.in_(_rows()))
)
