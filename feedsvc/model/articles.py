"""The article on its way: a draft as its source said it, stored, and as an entry of a feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author."""

    name: str
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The lead image of an article.

    Its size in pixels is measured, not told by its source: it takes no part in what is compared.
    """

    url: str
    caption: str | None = None
    credit: str | None = None
    width: int | None = field(default=None, compare=False)
    height: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A media file that belongs to an article (RFC 4287 §4.2.7.2 `enclosure`).

    Of a picture, the size in pixels is measured as that of an `Image` is.
    """

    url: str
    type: str | None = None  # media type
    length: int | None = None  # bytes
    duration: int | None = None  # seconds
    width: int | None = field(default=None, compare=False)
    height: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The feed an entry was published in first (RFC 4287 §4.2.11 `atom:source`, RSS `source`)."""

    id: str | None = None
    title: str | None = None
    url: str | None = None  # of the feed
    link: str | None = None  # of the site
    updated: datetime | None = None
    rights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a parser read from one document: only what the source said, nothing filled in.

    `html` is the body as HTML; parsers need not sanitise it, `filters/` does. `summary`, `title`
    and all other fields are plain text; where a feed gave title or summary as HTML, `title_html`
    and `summary_html` hold that. `base` is where relative addresses of the body start, if that is
    not the article's link. `warnings` tell of single values that had to be dropped.
    """

    title: str
    html: str = ""
    id: str | None = None
    link: str | None = None
    summary: str | None = None
    subtitle: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    embargo: datetime | None = None  # not to be shown before
    expires: datetime | None = None  # not to be shown from then on
    unreleased: bool = False  # marked as a draft by its author
    authors: tuple[Person, ...] = ()
    tags: tuple[str, ...] = ()
    section: str | None = None
    language: str | None = None
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    rights: str | None = None
    location: str | None = None
    agency: str | None = None
    extra: tuple[tuple[str, str], ...] = ()  # labelled lines nobody knows, kept
    origin: Origin | None = None
    base: str | None = None
    title_html: str | None = None
    summary_html: str | None = None
    warnings: tuple[str, ...] = ()


class State(StrEnum):
    """Where an article stands, as `article list` prints it."""

    PUBLISHED = "published"
    HELD = "held"  # embargo, future date or an author's draft
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"
    GONE = "gone"  # its source is no longer configured, or it was pruned


class Verdict(StrEnum):
    """What the operator says of an article; no source undoes it."""

    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"
    PURGED = "purged"  # withdrawn, and what it said is erased

    @property
    def state(self) -> State:
        """The state of an article on which it stands."""
        return State.HIDDEN if self is Verdict.HIDDEN else State.WITHDRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as it is stored.

    `guid` is the id that readers see. It is minted once and never derived again. `said` is the
    digest of what the source said, `seen` of what a reader sees: with one digest an undated article
    would change at every sync.
    """

    source: str
    key: str  # the stable key of its source: explicit id, link or path
    guid: str
    title: str
    html: str
    link: str | None = None
    summary: str | None = None
    subtitle: str | None = None
    published: datetime
    updated: datetime
    first_seen: datetime
    due: datetime | None = None  # shown from then on; None: at once
    expires: datetime | None = None  # no longer shown from then on
    authors: tuple[Person, ...] = ()
    tags: tuple[str, ...] = ()
    section: str | None = None
    language: str | None = None
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    rights: str | None = None
    location: str | None = None
    agency: str | None = None
    extra: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None  # of a copy: where it was published first
    state: State = State.PUBLISHED
    said: bytes = b""
    seen: bytes = b""
    revision: int = 1

    def state_at(self, now: datetime) -> State:
        """The state at `now`: a stored `published` article is `held` until it is due."""
        if self.state is State.PUBLISHED and self.due is not None and self.due > now:
            return State.HELD
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article inside a feed, with what its rendering needs beyond the article itself."""

    article: Article
    zone: ZoneInfo  # its dates are written in the zone of its source
    page: str | None = None  # the address of the page we made for an article without a link
    via: tuple[Origin, ...] = ()  # where else it was found, when it stands for several copies
    podcast: bool = False  # it stands in a podcast, so its episode is told of
    profile: str | None = None  # the partner that its feed is made for
    analytics: str | None = None  # HTML of that partner's
