"""Which articles a feed holds: the one place where that rule is written, in SQL.

Marking feeds as touched and filling them use the same conditions, so that they cannot disagree.
Regular expressions on text are the exception: `members` applies them, marking takes them as met.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from feedsvc.model import State
from feedsvc.ports import Member, Selection
from feedsvc.settings import Feed
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.schema import article, body, label, source
from feedsvc.text.alike import Alike
from feedsvc.text.html import plain

_MEMBER = (
    article.c.id,
    article.c.guid,
    article.c.seen,
    article.c.title,
    article.c.link,
    article.c.published,
    article.c.updated,
    article.c.released,
    article.c.language,
    func.json_extract(body.c.fields, "$.origin.title").label("origin"),
    source.c.name.label("source"),
)


def conditions(
    feed: Feed, article: FromClause = article, source: FromClause = source
) -> list[ColumnElement[bool]]:
    """What an article has to fulfil at any time; `article` joined with `source`."""
    found: list[ColumnElement[bool]] = [article.c.state == State.PUBLISHED.value]
    if feed.sources:
        # A source named in an OPML file counts as part of that one.
        found.append(or_(source.c.name.in_(feed.sources), source.c.parent.in_(feed.sources)))
    if feed.language:
        # RFC 4647 §3.3.1 basic filtering: "de" takes "de-AT", never "den".
        wanted = feed.language.lower()
        spoken = func.lower(article.c.language)
        found.append(or_(spoken == wanted, spoken.startswith(f"{wanted}-", autoescape=True)))
    for kind, words in (("tag", feed.tags), ("author", feed.authors)):
        if words:
            found.append(
                exists().where(
                    label.c.article_id == article.c.id,
                    label.c.kind == kind,
                    label.c.word.in_([_key(word) for word in words]),
                )
            )
    return found


def _key(word: str) -> str:
    """A word of the configuration as `label` holds those of articles, which are NFC."""
    return unicodedata.normalize("NFC", word).casefold()


def matches_any(connection: Connection, feed: Feed, rows: Sequence[int]) -> bool:
    """Whether one of the articles could be in the feed, now or at another time."""
    return connection.execute(_matching(feed), {"rows": json.dumps(rows)}).first() is not None


@lru_cache(maxsize=1_000)
def _matching(feed: Feed) -> Select[Any]:
    # The rows are one parameter: to bind thousands costs more than to find them.
    wanted = func.json_each(bindparam("rows")).table_valued("value")
    return (
        select(article.c.id)
        .join(source, source.c.id == article.c.source_id)
        .where(article.c.id.in_(select(wanted.c.value)), *conditions(feed))
        .limit(1)
    )


def members(
    connection: Connection, feed: Feed, now: datetime, *, without: Collection[int] = ()
) -> Selection:
    """The feed's articles at `now`, newest first, each id once, and when time will change them.

    The rows `without` count as not there: they take no place and no id from another.
    """
    at = int(now.timestamp())
    left_out = set(without)
    while True:
        chosen, displaced = _choose(connection, feed, at, left_out)
        # A copy that gave way had taken a place of its source, which is another one's now.
        if not displaced or not feed.max_per_source:
            break
        left_out |= displaced
    return Selection(members=tuple(chosen), next_change=_next_change(connection, feed, at, chosen))


def _choose(
    connection: Connection, feed: Feed, at: int, without: Collection[int]
) -> tuple[list[Member], set[int]]:
    """The members, and the copies that had been among them until their original came."""
    shown = shown_at(feed, at)
    if feed.dedupe != "none":
        shown += first_of_its_kind(feed, at, without)
    alike = Alike() if feed.dedupe == "text" else None
    chosen: dict[int, Member] = {}
    displaced: set[int] = set()
    guids: set[str] = set()
    per_source: Counter[str] = Counter()
    for row in _newest_first(connection, feed, and_(*shown)):
        if row["id"] in without or row["guid"] in guids or not words_fit(feed, row):
            continue
        if feed.max_per_source and per_source[row["source"]] >= feed.max_per_source:
            continue
        if alike is not None:
            text = "\n".join((row["title"], row["summary"] or "", plain(row["html"], None)))
            twin = alike.add(row["id"], row["source"], text)
            if twin is not None:
                if twin < row["id"]:
                    continue
                # The one that was there first stands for both, at its own place.
                copy = chosen.pop(twin)
                displaced.add(twin)
                per_source[copy.source] -= 1
        per_source[row["source"]] += 1
        guids.add(row["guid"])
        chosen[row["id"]] = member(row)
        if len(chosen) == feed.limit:
            break
    return list(chosen.values()), displaced


def shown_at(feed: Feed, at: int, article: FromClause = article) -> list[ColumnElement[bool]]:
    """What time asks of an article."""
    shown = [
        or_(article.c.due.is_(None), article.c.due <= at),
        or_(article.c.expires.is_(None), article.c.expires > at),
    ]
    if feed.since:
        oldest = at - int(feed.since.total_seconds())
        # Nothing is released before it is published: the second one only lets the index be used.
        shown += [article.c.published > oldest, article.c.released > oldest]
    return shown


def first_of_its_kind(feed: Feed, at: int, without: Collection[int]) -> list[ColumnElement[bool]]:
    """No other source had the same link before, in this feed.

    The one that was stored first stands for all: it is the same one whatever is edited later. (Of
    one id the newest stands for all, as readers take it: see `members`.)
    """
    other, its_source = article.alias("other"), source.alias("its_source")
    same = (
        other.c.id < article.c.id,
        other.c.source_id != article.c.source_id,
        other.c.id.not_in(without),
        *conditions(feed, other, its_source),
        *shown_at(feed, at, other),
    )
    joined = other.join(its_source, its_source.c.id == other.c.source_id)
    return [~exists().select_from(joined).where(other.c.canon == article.c.canon, *same)]


def member_query(feed: Feed) -> Select[Any]:
    """The query whose rows `member` and `words_fit` read; it lacks only which ones, and the order.

    Used by whoever fills a document: `members`, and the pages of `archive.py`.
    """
    query = (
        select(*_MEMBER)
        .join(source, source.c.id == article.c.source_id)
        .join(body, body.c.article_id == article.c.id)
    )
    if feed.match is not None or feed.exclude is not None or feed.dedupe == "text":
        query = query.add_columns(body.c.summary, body.c.html)
    return query


def with_copies(
    connection: Connection, feed: Feed, at: int, chosen: Sequence[Member]
) -> list[Member]:
    """The members, each with the copies it stands for (`Member.via`)."""
    del connection, feed, at
    return list(chosen)


def _newest_first(
    connection: Connection, feed: Feed, shown: ColumnElement[bool]
) -> Iterator[dict[str, Any]]:
    query = (
        member_query(feed)
        .where(*conditions(feed), shown)
        .order_by(article.c.released.desc(), article.c.guid, article.c.id)
    )
    result = connection.execute(query.execution_options(yield_per=100))
    try:
        for row in result.mappings():
            yield dict(row)
    finally:
        result.close()


def words_fit(feed: Feed, row: Mapping[str, Any]) -> bool:
    """Whether the words of a row of `member_query` are those that the feed asks for."""
    if feed.match is None and feed.exclude is None:
        return True
    words = "\n".join((row["title"], row["summary"] or "", plain(row["html"], None)))
    if feed.match is not None and not feed.match.search(words):
        return False
    return feed.exclude is None or not feed.exclude.search(words)


def member(row: Mapping[str, Any]) -> Member:
    """The member of a row of `member_query`."""
    return Member(
        row=row["id"],
        source=row["source"],
        guid=row["guid"],
        seen=row["seen"],
        title=row["title"],
        link=row["link"],
        published=instant(row["published"]),
        updated=instant(row["updated"]),
        released=instant(row["released"]),
        language=row["language"],
        origin=row["origin"],
    )


def _next_change(
    connection: Connection, feed: Feed, at: int, chosen: Sequence[Member]
) -> datetime | None:
    """The earliest moment at which an article falls due or expires, or one gets too old."""
    moments: list[int] = []
    for column in (article.c.due, article.c.expires):
        query = (
            select(func.min(column))
            # `+ 0` keeps SQLite from going through all articles of a source: few are due later, and
            # the index on the column finds those.
            .join(source, source.c.id == article.c.source_id + 0)
            .where(column > at, *conditions(feed))
        )
        soonest = connection.execute(query).scalar()
        if soonest is not None:
            moments.append(soonest)
    if feed.since:
        moments.extend(_out_of_age(feed.since, member) for member in chosen)
    return moment(min(moments)) if moments else None


def _out_of_age(since: timedelta, member: Member) -> int:
    return (seconds(member.published) or 0) + int(since.total_seconds())
