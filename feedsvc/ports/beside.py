"""What stands beside the newest documents: archives, pages, sitemaps, groups, digests, media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from feedsvc.settings import Feed


class Media(NamedTuple):
    """What is known of a media file: from its server, since its source does not say it."""

    url: str
    picture: bool = False  # its size in pixels is wanted
    type: str | None = None
    length: int | None = None  # bytes
    width: int | None = None  # pixels
    height: int | None = None
    retry_at: datetime | None = None  # when it is to be asked about; None: not any more
    failures: int = 0
    reason: str | None = None  # why something is not known


class Released(NamedTuple):
    """An article that a digest may tell of."""

    row: int
    source: str
    guid: str
    seen: bytes  # digest of what a reader sees of it
    title: str
    link: str | None
    updated: datetime
    released: datetime
    replaces: int | None = None  # the row of a copy, told before, that it was there before


class Edition(NamedTuple):
    """An edition of a digest as it was made last."""

    period: str
    updated: datetime
    content: bytes  # digest of the articles in it, and of when each was updated


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The archive of a feed: pages 1 to `closed` are full, and what follows is still open."""

    size: int  # articles on a page
    closed: int
    touched: frozenset[int] = frozenset()  # closed pages that differ from what was built
    news: frozenset[int] | None = None  # the articles whose entries may differ; None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """A closed page as it was published last."""

    number: int
    updated: datetime
    content: bytes  # digest of what its readers are told


class PagePlan(NamedTuple):
    """An article that has slugs, and what its paths are to lead to."""

    row: int
    source: str
    guid: str
    slug: str  # the current one
    former: tuple[str, ...]
    link: str | None
    shown: bool  # anybody may see it now
    told: Mapping[str, str | None]  # where its paths lead by now (None: gone), as far as they do


class Audience(NamedTuple):
    """Who may know of an article, and where its page is: what sitemaps are cut by."""

    base: str  # of our addresses
    origin: str  # scheme and host of our addresses
    pages: bool  # whether articles without a link have pages
    public: tuple[Feed, ...]
    private: tuple[Feed, ...]


class Listed(NamedTuple):
    """The address of an article, as sitemaps list it."""

    row: int
    url: str
    title: str
    language: str | None
    published: datetime
    updated: datetime


class Facet(NamedTuple):
    """One feed of a group (`per`): what its articles share, and what it is called for good."""

    word: str  # as `label` has it; of a source, its name
    slug: str
    title: str


class Token(NamedTuple):
    """A reader's key to a private feed."""

    token: str
    label: str | None  # whose it is, for the operator
    made: datetime
