"""The values that travel through feedsvc, in the order the article walks.

    Document -> Draft -> Article -> Entry
    Response -> Reading (a SourceHead and many Drafts) -> Article -> Entry

All are frozen. Times are aware and in UTC; text is NFC and free of characters XML cannot hold once
a draft has passed `filters/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class FileStat(NamedTuple):
    """What the file system says of a file; while it stays equal, the file is not opened.

    `ctime_ns` is part of it so that an edit of equal size by a tool that restores the mtime is
    seen. A tuple, since tens of thousands are made and compared in every sync.
    """

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes, and where they came from.

    `path` is relative to the source, with `/` between its parts and in NFC.
    """

    source: str
    path: str
    data: bytes
    form: str = "plaintext"  # the parser that reads it, by its name in the registry
    stat: FileStat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A document that could not be read at all, and why; the article it once was stays as it is."""

    path: str
    reason: str
    stat: FileStat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a source found that may be new since it was asked last.

    `documents` is read lazily, so that a large source never stands in memory as a whole. `paths`
    are all it holds now, changed or not; `missing` are those that were known and are gone.
    """

    documents: Iterator[Document | Unreadable]
    paths: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    restless: tuple[str, ...] = ()  # still being written: left for the next time
    quiet_in: float | None = None  # seconds after which the first of those may have come to rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the configuration knows of a source that a document may not say itself."""

    language: str | None = None  # BCP 47
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))  # for dates that name none
    encodings: tuple[str, ...] = ()  # tried in order when a text is neither marked nor UTF-8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing an operator should look at: a file that cannot be read, a date that is none."""

    source: str
    path: str | None
    reason: str
    since: datetime | None = None


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


class Word(NamedTuple):
    """Something that others are to be told, until they know it (WebSub)."""

    kind: str  # ping (a hub of others) | fan (our own hub) | deliver (to a subscriber of that)
    target: str  # the address of the hub; the row of the subscriber
    topic: str  # the address of the document


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing `gate` says of a document; an error holds it back, a warning does not."""

    code: str
    message: str
    line: int | None = None
    error: bool = True


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; raises ValueError for a naive `moment`."""
    if moment.tzinfo is None:
        raise ValueError(f"a date without a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC)


def iso_utc(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, the form of every time in `--json` documents."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


LEVELS = ("info", "warning", "error")
"""How grave an entry of the journal is, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """What happened, as the journal and the daemon's lines tell it.

    `kind` is sync, build, daemon, server or maintenance; `subject` the source, the feed or
    the job it is about; `fields` numbers and words that belong to it.
    """

    at: datetime
    level: str = "info"
    kind: str
    subject: str | None = None
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0  # given by the store
