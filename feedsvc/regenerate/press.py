"""What a build works with, and what a document says of its feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedsvc.decide import Authority
from feedsvc.model import FeedHead, Finding, Format, Person
from feedsvc.ports import Clock, Member, Publisher, Renderer, Store
from feedsvc.settings import DEFAULT_FEED, Feed, Site

PAGE = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The documents that are not feeds; functions of `feeds/`, handed in by `app`."""

    feed: Callable[[FeedHead, Sequence[Member]], bytes]
    site: Callable[[Sequence[FeedHead]], bytes]
    opml: Callable[[Sequence[FeedHead], datetime], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Everything a build needs besides the feeds themselves."""

    site: Site
    authority: Authority
    store: Store
    publisher: Publisher
    renderers: Mapping[Format, Renderer]
    pages: Pages
    gate: Callable[[bytes, str, str | None], tuple[Finding, ...]]
    zones: Mapping[str, ZoneInfo]  # of sources, by name
    clock: Clock
    ops: str | None = None  # the token in the address of the operations feed, if there is one
    rendering: str  # the version of renderers and pages: part of every fragment's key


def head_of(press: Press, feed: Feed, updated: datetime | None) -> FeedHead:
    """What the documents of a feed say of it; None for `updated` if it was never built."""
    site = press.site
    title = feed.title or (
        site.title if feed.name == DEFAULT_FEED else f"{site.title}: {feed.name}"
    )
    home = f"{site.base_url}/{feed.name}/"
    return FeedHead(
        name=feed.name,
        id=press.authority.feed(feed.name),
        title=title,
        description=feed.description or title,
        home=home,
        urls={format: home + format.filename for format in Format if format in feed.formats},
        updated=updated or beginning(site),
        zone=site.timezone,
        language=feed.language or site.language,
        author=site.author or Person(name=site.title),
        rights=site.rights,
        icon=site.icon,
    )


def beginning(site: Site) -> datetime:
    """The `updated` of a feed that never held an entry: a constant, not the present."""
    year, month, day = (*(int(part) for part in site.id_since.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)
