"""The copies that an article stands for: whom else a story is credited to.

Of a story that several sources tell, a feed shows one article. Where else it was found stands
beside it, so that nobody's credit is lost with their copy.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    Select,
    bindparam,
    func,
    select,
    union,
)

from feedsvc.model import Origin
from feedsvc.ports import Member
from feedsvc.settings import Feed
from feedsvc.store.rules import conditions, shown_at
from feedsvc.store.schema import article, body, source
from feedsvc.store.searched import Seen
from feedsvc.store.words import fitting
from feedsvc.text.canonical import canonical

_MOST = 5  # copies an entry tells of


class Copy(NamedTuple):
    """An article that another one stands for."""

    stands: int  # the row of that one
    row: int
    published: int
    origin: Origin
    via: tuple[Origin, ...] = ()  # where else its own source found it


def credited(members: Sequence[Member], copies: Sequence[Copy]) -> list[Member]:
    """The members, each with the origins of its copies: those that were stored first.

    Where a copy says that it was found comes after them: no list crowds out whoever has the story.
    """
    via: dict[int, list[Origin]] = {}
    for copy in copies:
        via.setdefault(copy.stands, []).append(copy.origin)
    for copy in copies:
        via[copy.stands].extend(copy.via)
    return [
        replace(one, via=tuple(dict.fromkeys(via[one.row]))[:_MOST]) if one.row in via else one
        for one in members
    ]


def copies_of(
    connection: Connection,
    feed: Feed,
    at: int,
    members: Sequence[Member],
    *,
    without: Collection[int] = (),
    twins: Mapping[int, int] | None = None,
) -> list[Copy]:
    """The articles of other sources that would be in the feed if a member did not stand for them.

    They have its link or its id, or are `twins`: copies that tell the same text, each with the row
    of the member.
    """
    if not members:
        return []
    links = {one.row: one.link for one in members}
    asked = {
        "at": at,
        "rows": json.dumps(sorted(links)),
        "twins": json.dumps(sorted((twins or {}).items())),
    }
    found = connection.execute(_query(feed), asked).all()
    fit = fitting(connection, feed, {Seen(row.id, row.seen) for row in found})
    return [
        Copy(
            row.stands,
            row.id,
            row.published,
            _origin(row, links[row.stands]),
            places_told(row.extra),
        )
        for row in found
        if row.id in fit and row.id not in without and row.id not in links
    ]


def kin_of(connection: Connection, rows: Collection[int]) -> set[int]:
    """The articles, and those of the same story or id: when one goes, another may step in."""
    found = connection.execute(_kin(), {"rows": json.dumps(sorted(rows))}).scalars()
    return {*rows, *found}


@lru_cache(maxsize=1)
def _kin() -> CompoundSelect[Any]:
    one, other = article.alias("one"), article.alias("other")
    mine = one.c.id.in_(_rows())
    story = select(other.c.id).join(one, one.c.canon == other.c.canon)
    same_id = select(other.c.id).join(one, one.c.guid == other.c.guid)
    return story.where(mine, one.c.canon.is_not(None)).union(same_id.where(mine))


@lru_cache(maxsize=1_000)
def _query(feed: Feed) -> Select[Any]:
    one, other = article.alias("one"), article.alias("other")
    pair = func.json_each(bindparam("twins")).table_valued("value", name="twin").c.value
    stands, copy = one.c.id.label("stands"), other.c.id.label("copy")
    same = (one.c.id.in_(_rows()), other.c.source_id != one.c.source_id)
    found = [
        select(stands, copy).join(other, other.c.guid == one.c.guid).where(*same),
        select(func.json_extract(pair, "$[1]"), func.json_extract(pair, "$[0]")),
    ]
    if feed.dedupe != "none":
        by_link = select(stands, copy).join(other, other.c.canon == one.c.canon)
        found.append(by_link.where(*same, one.c.canon.is_not(None)))
    pairs = union(*found).subquery("pairs")
    at = bindparam("at", type_=Integer)
    return (
        select(
            pairs.c.stands, article.c.id, article.c.seen, article.c.link, article.c.published,
            source.c.name, func.json_extract(body.c.fields, "$.origin").label("origin"),
            func.json_extract(body.c.fields, "$.extra").label("extra"),
        )
        .join(article, article.c.id == pairs.c.copy)
        .join(source, source.c.id == article.c.source_id)
        .join(body, body.c.article_id == article.c.id)
        .where(*conditions(feed), *shown_at(feed, at))
        .order_by(pairs.c.stands, article.c.id)
    )  # fmt: skip


def _rows() -> Select[Any]:
    # One parameter: to bind many rows costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)


def _origin(copy: Any, own_link: str | None) -> Origin:
    """Whom a copy is credited to, and where a reader finds it.

    The same page as that of the article itself is no place to find it elsewhere: then it is the
    site that has the copy, or its feed.
    """
    said: dict[str, Any] = json.loads(copy.origin) if copy.origin else {}
    url, site = said.get("url"), said.get("link")
    elsewhere = copy.link and not (own_link and canonical(copy.link) == canonical(own_link))
    return Origin(
        title=said.get("title") or copy.name,
        url=url,
        link=copy.link if elsewhere else site or url,
    )


def places_told(extra: str | None) -> tuple[Origin, ...]:
    """Where a planet says that it found the story, in the lines of its copy (`atom:via`)."""
    told = [value for label, value in json.loads(extra or "[]") if label == "atom:via"]
    return tuple(map(_place, told[:_MOST]))


def _place(line: str) -> Origin:
    """An address, or as JSON one with what stands there; whatever else an author wrote is none."""
    try:
        said = json.loads(line) if line.startswith("{") else {"href": line}
    except (ValueError, RecursionError):
        said = {}
    words = {key: one for key, one in said.items() if isinstance(one, str)}
    return Origin(title=words.get("title"), link=words.get("href"))
