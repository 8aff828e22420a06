"""What a build works with, and what a document says of its feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from feedsvc.decide import Authority
from feedsvc.model import (
    ArchiveLinks,
    Article,
    Entry,
    FeedHead,
    Finding,
    Format,
    Image,
    Person,
    Tombstone,
    Word,
)
from feedsvc.ports import Clock, Listed, Member, Publisher, Renderer, Store
from feedsvc.regenerate.remembered import Remembered
from feedsvc.settings import DEFAULT_FEED, Feed, Site
from feedsvc.text.html import cut

PAGE = "index.html"

_BRIEF = 30  # characters: SmartFormat 2.1, <channel>: description


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The documents that are not feeds; functions of `feeds/`, handed in by `app`."""

    feed: Callable[[FeedHead, Sequence[Member]], bytes]
    group: Callable[[FeedHead, Sequence[FeedHead]], bytes]  # a group and its feeds
    site: Callable[[Sequence[FeedHead]], bytes]
    opml: Callable[[Sequence[FeedHead]], bytes]
    article: Callable[[Entry, str, Sequence[FeedHead]], bytes]  # its address, the feeds it is in
    sitemap: Callable[[Iterable[tuple[str, datetime]]], bytes]
    sitemap_index: Callable[[Iterable[tuple[str, datetime]]], bytes]
    sitemap_news: Callable[[Sequence[Listed], Mapping[int, Article]], bytes | None]


class Partner(Protocol):
    """Asks the rules of a partner about a document."""

    def __call__(
        self,
        body: bytes,
        format: str,
        profile: str,
        url: str,
        now: datetime,
        before: bytes | None,
    ) -> tuple[Finding, ...]:
        """What is wrong with `body`; `before` is what is published at its address now."""
        ...


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
    partner: Partner
    hubs: Callable[[Feed], tuple[str, ...]]  # that the documents of a feed announce
    words: Callable[[Feed, Iterable[str]], tuple[Word, ...]]  # to be told when they are written
    titles: Mapping[str, str]  # of sources, by name, where the configuration gives one
    article_pages: bool  # whether articles without a link get a page
    sitemap: bool  # whether search engines are told what there is
    zones: Mapping[str, ZoneInfo]  # of sources, by name
    clock: Clock
    ops: str | None = None  # the token in the address of the operations feed, if there is one
    rendering: str  # the version of renderers and pages: part of every fragment's key
    remembered: Remembered = field(default_factory=Remembered)


def head_of(
    press: Press,
    feed: Feed,
    updated: datetime | None,
    *,
    guid: str | None = None,
    folder: str | None = None,
    archive: ArchiveLinks | None = None,
    deleted: tuple[Tombstone, ...] = (),
) -> FeedHead:
    """What the documents of a feed say of it; None for `updated` if it was never built.

    `guid` is the id it was given once, `folder` where its documents lie.
    """
    site = press.site
    home = f"{site.base_url}/{folder or feed.name}/"
    title = title_of(feed, site)
    return FeedHead(
        name=feed.name,
        id=guid or press.authority.feed(feed.name),
        title=title,
        description=feed.description or _described(feed, title),
        home=home,
        urls={format: home + format.filename for format in Format if format in feed.formats},
        updated=updated or beginning(site),
        zone=site.timezone,
        language=feed.language or site.language,
        author=site.author or Person(name=site.title),
        rights=site.rights,
        icon=site.icon,
        image=feed.image,
        archive=archive,
        hubs=press.hubs(feed),
        deleted=deleted,
        podcast=feed.podcast,
        private=feed.private,
        profile=feed.profile,
        logos=tuple(filter(None, (feed.logo, feed.dark_logo))),
        analytics=feed.analytics,
        artwork=_artwork(press.store, feed),
    )


def title_of(feed: Feed, site: Site) -> str:
    """The title of a feed; unset, that of the site and its name."""
    if feed.title:
        return feed.title
    return site.title if feed.name == DEFAULT_FEED else f"{site.title}: {feed.name}"


def _artwork(store: Store, feed: Feed) -> Image | None:
    """The picture of a show, once it was measured for the partner that has rules on its size."""
    url = (feed.podcast.image if feed.podcast else None) or feed.image
    if url is None or feed.profile != "apple-podcasts":
        return None
    known = store.media_facts([url]).get(url)
    return Image(url=url, width=known.width, height=known.height) if known else None


def _described(feed: Feed, title: str) -> str:
    """A description for a feed that says none: no longer than a partner takes it."""
    return cut(title, _BRIEF) if feed.profile == "smartnews" else title


_RULES = (
    "name", "private", "per", "sources", "exclude_sources", "tags", "exclude_tags", "authors",
    "exclude_authors", "language", "exclude_languages",
)  # fmt: skip


def rules_of(feed: Feed) -> list[object]:
    """What decides which articles a feed takes, and who may know of it."""
    patterns = [one.pattern if one else None for one in (feed.match, feed.exclude)]
    return [*(getattr(feed, name) for name in _RULES), *patterns]


def open_pages(store: Store, rows: Sequence[int]) -> frozenset[int]:
    """Those of the articles in a private feed whose pages stand: a public feed takes them, too."""
    public = [feed for feed in store.known_feeds() if not feed.private]
    taken = store.takers(rows, public) if rows and public else {}
    return frozenset(row for row, names in taken.items() if names)


def beginning(site: Site) -> datetime:
    """The `updated` of a feed that never held an entry: a constant, not the present."""
    year, month, day = (*(int(part) for part in site.id_since.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


def page_path(slug: str) -> str:
    """Where the page of an article is, as a path of ours that stands for everything below it."""
    return f"a/{slug}/"


def page_url(site: Site, slug: str) -> str:
    """The address of the page of an article."""
    return f"{site.base_url}/{page_path(slug)}"
