"""What a parser read from one document of a remote feed: its head, its drafts, what it deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feedsvc.model.articles import Draft, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a remote feed asks to be asked, in its own words."""

    ttl: timedelta | None = None  # RSS 2.0 `ttl`
    every: timedelta | None = None  # syndication module: period / frequency
    skip_hours: frozenset[int] = frozenset()  # 0–23, UTC
    skip_days: frozenset[int] = frozenset()  # 0 is Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHead:
    """What a remote feed says of itself; where it said it as HTML, `…_html` hold that."""

    title: str | None = None
    title_html: str | None = None
    link: str | None = None  # of the site
    id: str | None = None
    description: str | None = None
    description_html: str | None = None
    language: str | None = None
    rights: str | None = None
    rights_html: str | None = None
    authors: tuple[Person, ...] = ()
    updated: datetime | None = None
    published: datetime | None = None
    generator: str | None = None
    icon: str | None = None
    image: str | None = None
    self_link: str | None = None  # rel=self: the address it calls its own
    hubs: tuple[str, ...] = ()  # WebSub
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that its source deleted (RFC 6721 `deleted-entry`)."""

    ref: str  # the id of the entry
    when: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a parser read from one document of a remote feed.

    `drafts` are in the order of the document. `problems` tell of what was mended or left out.
    """

    format: str  # rss090 rss091 rss092 rss093 rss094 rss20 rss10 atom03 atom10 json10 json11 …
    encoding: str
    well_formed: bool
    head: SourceHead
    drafts: tuple[Draft, ...] = ()
    deleted: tuple[Tombstone, ...] = ()
    problems: tuple[str, ...] = ()
