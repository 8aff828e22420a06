"""What we publish: the formats of a feed, and what a document says of its feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from feedsvc.model.articles import Image, Person
from feedsvc.model.reading import Tombstone


class Format(StrEnum):
    """The documents of a feed; the value is the contract's word in configuration and JSON."""

    ATOM = "atom"
    RSS = "rss"
    JSON = "json"

    @property
    def filename(self) -> str:
        return _FILENAMES[self]

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_FILENAMES = {Format.ATOM: "atom.xml", Format.RSS: "rss.xml", Format.JSON: "feed.json"}
_MEDIA_TYPES = {
    Format.ATOM: "application/atom+xml",
    Format.RSS: "application/rss+xml",
    Format.JSON: "application/feed+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLinks:
    """Where a document stands in the archive of its feed (RFC 5005 §4): addresses by format.

    `number` is that of an archive document, from 1, the oldest; None: the subscription document.
    """

    number: int | None = None
    current: Mapping[Format, str] = field(default_factory=dict)  # none in the current one itself
    previous: Mapping[Format, str] = field(default_factory=dict)
    next: Mapping[Format, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """What a feed says of itself as a podcast (Apple's itunes tags, the podcast namespace)."""

    author: str | None = None
    owner: Person | None = None
    categories: tuple[tuple[str, ...], ...] = ()  # ("News", "Politics"): one below the other
    image: str | None = None  # JPEG or PNG, square, 1400 to 3000 pixels
    explicit: bool = False
    type: str = "episodic"  # episodic | serial
    complete: bool = False
    block: bool = False
    new_feed_url: str | None = None
    guid: str | None = None  # unset: the UUIDv5 of the feed's address
    locked: bool | None = None
    medium: str | None = None
    funding: tuple[tuple[str, str], ...] = ()  # address and words


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a document says of its feed, apart from the entries.

    `urls` maps each published format to the absolute address of its document, `home` is the page a
    person would read.
    """

    name: str
    id: str
    title: str
    description: str
    home: str
    urls: Mapping[Format, str]
    updated: datetime
    zone: ZoneInfo
    language: str | None = None
    author: Person
    rights: str | None = None
    icon: str | None = None
    image: str | None = None  # the feed's own picture, larger than an icon
    archive: ArchiveLinks | None = None
    hubs: tuple[str, ...] = ()  # WebSub
    deleted: tuple[Tombstone, ...] = ()  # RFC 6721
    podcast: Podcast | None = None
    private: bool = False  # for those who know its address: nothing may list or index it
    profile: str | None = None  # the partner it is made for
    logos: tuple[str, ...] = ()  # of that partner's: light, dark
    analytics: str | None = None  # of that partner's
    artwork: Image | None = None  # of a podcast, as it was measured
