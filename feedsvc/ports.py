"""The seams: what each stage asks of its neighbours. Adapters do not inherit, they fit.

Clock       the time of day, so that tests can hold it
Source      known files -> Harvest
Parser      Document -> Draft
Store       articles, feeds, fragments and the ledger
RemoteStore what the visits of remote feeds ask of the store beside that
Renderer    entries -> fragments -> document
Publisher   puts finished files in their place
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from feedsvc.errors import RenderError
from feedsvc.model import (
    Article,
    Document,
    Draft,
    Entry,
    FeedHead,
    FileStat,
    Harvest,
    Hints,
    Origin,
    Problem,
    State,
    Tombstone,
    Verdict,
    Word,
)
from feedsvc.settings import Feed, FullText


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


# -- stage 1 -------------------------------------------------------------------------------------


class KnownFile(NamedTuple):
    """What the store remembers of a file; a tuple for the reason that FileStat is one."""

    stat: FileStat | None
    digest: bytes  # of the bytes; empty if it was never read
    article: int | None  # row of its article
    problem: str | None


class Source(Protocol):
    """A place articles come from."""

    async def collect(
        self, known: Mapping[str, KnownFile], *, reread: bool, patient: bool, trust_loss: bool
    ) -> Harvest:
        """Look for what is new.

        `reread` asks for every document, changed or not; `patient` waits for documents that are
        still being written; `trust_loss` believes that missing documents are gone for good.
        Raises FetchError when the source as a whole cannot be read.
        """
        ...


class Parser(Protocol):
    """Reads one form of document."""

    def __call__(self, document: Document, hints: Hints) -> Draft:
        """The draft; raises ParseError when the document is no article."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source as the store remembers it."""

    row: int
    name: str
    kind: str
    place: str
    state: str  # ok | failing; of a remote source also parked | quarantined
    fingerprint: bytes  # of everything that decides how its documents are read
    last_ok: datetime | None
    next_due: datetime | None
    failures: int
    reason: str | None
    since: datetime | None
    parent: str | None = None  # the OPML source it stands in
    paused: datetime | None = None  # since when its operator wants it left alone


class Memory(NamedTuple):
    """What the store remembers of a remote source, beside its SourceRow."""

    configured: str  # the address of the configuration
    url: str  # the address that is asked: one it moved to, or a feed found on a page
    etag: str | None = None
    last_modified: str | None = None
    validated: str | None = None  # the address those two came with
    digest: bytes = b""  # of the bytes that were read last
    identity: str = "id"  # what tells its entries apart, see `decide.entries`
    held: bytes = b""  # marks of ids that are not believed, see `decide.stability`; or BELIEVED
    standing: str | None = None  # JSON of `manners.Standing`
    head: str | None = None  # JSON of what it says of itself
    extra: str | None = None  # JSON of what its OPML file says of it


BELIEVED = b"believed"
"""Instead of marks in `Memory.held`: the operator says that the ids are right."""


class OutlineRow(NamedTuple):
    """A source that stands in an OPML file."""

    name: str
    parent: str
    place: str  # its address
    extra: str | None  # JSON of what the file says of it: title, tags


class Event(NamedTuple):
    """A change of a source's state."""

    number: int
    at: datetime
    source: str
    was: str
    state: str
    reason: str | None


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


class KnownEntry(NamedTuple):
    """A stored article as the entries of its source are compared with it."""

    row: int
    key: str
    declared: str | None
    link: str | None
    title: str
    words: bytes  # digest of title and text as the source said them
    said: bytes
    published: int  # seconds since 1970
    state: str  # what its source makes of it, whatever its operator says
    noise: int  # changes in a row that changed no word
    verdict: str | None = None  # its operator's


class EntryChange(NamedTuple):
    """What to write about one entry of a remote feed."""

    declared: str | None
    words: bytes
    article: Article
    row: int | None = None  # None: a new one
    canon: bytes | None = None  # digest of its canonical link
    noise: int = 0
    quiet: bool = False  # only what the source said differs, nothing that anybody sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How asking a remote source ended: everything to write about it, in one transaction."""

    source: SourceRow
    memory: Memory
    now: datetime
    next_due: datetime
    state: str  # ok | failing | parked | quarantined
    reason: str | None = None
    failures: int = 0
    good: bool = False  # an answer that could be read, or that nothing changed
    fingerprint: bytes = b""
    problems: tuple[Problem, ...] = ()
    keep_problems: bool = False  # those that were told last still hold
    entries: tuple[EntryChange, ...] = ()
    withdrawn: tuple[tuple[int, str], ...] = ()  # rows of articles, and why
    outlines: tuple[OutlineRow, ...] | None = None  # of an OPML source that was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article with what identifies it beside its key."""

    row: int
    declared: str | None  # the id its source states, however late it appeared
    document: bytes  # the digest of the bytes it was read from last
    article: Article  # in the state that its source makes of it, whatever its operator says
    verdict: str | None = None  # its operator's


class Standing(NamedTuple):
    """Why an article stands where it does."""

    verdict: Verdict | None = None  # its operator's
    at: datetime | None = None  # of that
    reason: str | None = None


class Corrected(NamedTuple):
    """An article that a verdict of the operator is about, and what became of it."""

    source: str
    guid: str
    was: State
    state: State
    verdict: Verdict | None
    changed: bool  # False: it stood there already


class Version(NamedTuple):
    """An article as it read for a while."""

    number: int
    since: datetime
    until: datetime | None  # None: it still does
    updated: datetime
    title: str
    summary: str | None
    html: str
    fields: Mapping[str, object]  # all else that it says, as it is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to write about one document: its file row, and its article if that is new or changed."""

    path: str
    stat: FileStat | None
    digest: bytes
    declared: str | None = None
    row: int | None = None  # the article's row; None with an article: a new one
    article: Article | None = None
    problem: str | None = None
    warnings: tuple[str, ...] = ()


# -- stage 2 -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article that belongs to a feed now: just enough to find or key its fragment."""

    row: int
    source: str
    guid: str
    seen: bytes
    title: str
    link: str | None
    published: datetime
    updated: datetime
    released: datetime  # when it could first be shown
    language: str | None = None
    origin: str | None = None  # title of the feed it was published in first
    slug: str | None = None  # of its page, if it has no link
    via: tuple[Origin, ...] = ()  # the copies it stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The members of a feed, newest first, and the next moment at which time alone changes them."""

    members: tuple[Member, ...]
    next_change: datetime | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file as it lies in the output directory."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """What is published now at a path; `sidecars` are its compressed forms by ending."""

    path: str
    feed: str | None
    format: str
    digest: bytes
    entries: int
    placed: Placed
    sidecars: Mapping[str, Placed]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """What the store remembers of a feed.

    `touched` is the dirty mark: when an article that it holds, or held, last changed. `content` is
    the digest of what its documents held when they were built last, apart from `updated`.
    """

    name: str
    touched: datetime | None = None
    updated: datetime | None = None
    next_change: datetime | None = None
    fingerprint: bytes = b""
    content: bytes = b""
    built: datetime | None = None
    entries: int = 0
    newest: datetime | None = None
    held: str | None = None  # why a document of it was held back
    retry_at: datetime | None = None  # the daemon does not try a held feed again before
    left_out: tuple[Problem, ...] = ()  # articles that could not be rendered
    guid: str | None = None  # its id, minted once; None before its first build
    seen: int = 0  # the number of the last change (`article.changed`) that it has built
    looked: datetime | None = None  # up to when it has followed what falls due and expires
    page_size: int | None = None  # of its archive, frozen with the first page


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


class PageFile(NamedTuple):
    """The file of a page as it was recorded."""

    path: str
    size: int
    mtime_ns: int
    row: int | None  # its article; None: the store knows of none


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


class Store(Protocol):
    """Everything feedsvc remembers."""

    def lock(self, name: str, *, timeout: float = ...) -> AbstractContextManager[object]:
        """Hold `name` against other processes; LockedError if it stays taken for `timeout` s."""
        ...

    def source(self, name: str) -> SourceRow:
        """Raises NotFoundError."""
        ...

    def sources(self) -> tuple[SourceRow, ...]: ...

    def struck(
        self, source_row: int, articles: Sequence[Article], documents: Sequence[bytes]
    ) -> set[str]:
        """The keys of those among new articles on which a verdict stands already.

        `documents` are the digests of their files, in the same order.
        """
        ...

    def enrol(self, sources: Sequence[tuple[str, str | None, str, str]], now: datetime) -> None:
        """Make the configured sources (name, was, kind, place) the known ones.

        Articles of a source that is no longer configured become `gone`, and come back with it.
        """
        ...

    def files(self, source: int) -> dict[str, KnownFile]: ...

    def problems(self) -> tuple[Problem, ...]:
        """Everything about files and sources an operator should look at."""
        ...

    def find(
        self,
        source: int,
        *,
        declared: Sequence[str],
        links: Sequence[str],
        keys: Sequence[str],
        rows: Sequence[int],
        documents: Sequence[bytes],
    ) -> tuple[Stored, ...]:
        """The articles of a source that any of these name."""
        ...

    def record(self, source: int, changes: Sequence[Change], now: datetime) -> None:
        """Write a batch and mark the feeds it touches, in one transaction."""
        ...

    def forget(
        self, source: int, paths: Sequence[str], state: State | None, reason: str, now: datetime
    ) -> int:
        """Drop files; their articles take `state` if one is given. Returns how many did."""
        ...

    def finish(
        self,
        source: int,
        *,
        now: datetime,
        next_due: datetime,
        failure: str | None,
        problems: Sequence[Problem] = (),
        fingerprint: bytes | None = None,
    ) -> None:
        """Note how a sync ended; `problems` are what needs a look though it went on."""
        ...

    def feed(self, name: str) -> FeedRow: ...

    def feeds(self) -> tuple[FeedRow, ...]: ...

    def select(self, feed: Feed, now: datetime, *, without: Collection[int] = ()) -> Selection:
        """The members of a feed at `now`; articles left out give their places to the next ones."""
        ...

    def newest_change(self) -> int:
        """The number of the last change to any article."""
        ...

    def news(self, since: int, now: datetime) -> list[int]:
        """The articles with a change after the number `since`, and their copies."""
        ...

    def shelve(
        self, feed: Feed, size: int, now: datetime, *, since: int, looked: datetime | None
    ) -> Shelf:
        """Give what has entered the feed its place in the archive, and say what that touches."""
        ...

    def shelf(self, feed: Feed, size: int) -> Shelf:
        """The archive as it stands."""
        ...

    def select_archived(
        self, feed: Feed, shelf: Shelf, now: datetime, *, without: Collection[int] = ()
    ) -> Selection:
        """What the subscription document of an archived feed holds."""
        ...

    def page_members(
        self, feed: Feed, shelf: Shelf, number: int, now: datetime, *, without: Collection[int] = ()
    ) -> tuple[Member, ...]:
        """What stands on a closed page now, newest first."""
        ...

    def pages(self, feed: str, numbers: Collection[int]) -> dict[int, ArchivePage]: ...

    def keep_pages(self, feed: str, pages: Sequence[ArchivePage]) -> None: ...

    def forget_archive(self, feed: str) -> None:
        """Forget positions and pages of a feed that keeps no archive any more."""
        ...

    def removals(
        self, feed: Feed, *, since: int, now: datetime, keep: bool = True
    ) -> tuple[Tombstone, ...]:
        """The newest entries of a feed that were taken down; without `keep` none is noted."""
        ...

    def known_feeds(self) -> tuple[Feed, ...]:
        """The configured feeds, by whose rules articles are told apart."""
        ...

    def page_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the articles whose pages are to be looked at."""
        ...

    def newest_page_change(self) -> int:
        """The number of the last change to any article or to its address."""
        ...

    def page_rows(self) -> list[int]:
        """All articles that have a slug."""
        ...

    def page_files(self, feed: str) -> list[PageFile]:
        """The files of pages, without their sidecars; the ledger has them as those of `feed`."""
        ...

    def page_plans(self, rows: Sequence[int], now: datetime) -> list[PagePlan]:
        """What is to be at the paths of these articles."""
        ...

    def next_page_event(self, now: datetime) -> datetime | None: ...

    def takers(self, rows: Sequence[int], feeds: Sequence[Feed]) -> dict[int, frozenset[str]]:
        """The feeds that articles belong to by rule, by name."""
        ...

    def redirect_pages(
        self, leading: Mapping[str, str | None], alive: Collection[str], now: datetime
    ) -> None:
        """Note where paths of pages lead (None: gone), and which are pages again."""
        ...

    def sitemap_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the parts of the sitemap that may differ."""
        ...

    def sitemap_parts(self) -> int:
        """How many parts there are by now."""
        ...

    def next_sitemap_event(self, now: datetime) -> datetime | None: ...

    def listed(self, part: int, audience: Audience, now: datetime) -> list[Listed]:
        """The addresses of a part."""
        ...

    def listed_since(
        self, since: datetime, audience: Audience, now: datetime, *, most: int
    ) -> list[Listed]:
        """The addresses of the newest articles published after `since`, newest first."""
        ...

    def mint_slugs(self, rows: Sequence[int], now: datetime) -> dict[int, str]:
        """The slugs of the pages of articles without a link, given to those that have none."""
        ...

    def slugs_of(self, rows: Sequence[int]) -> dict[int, str]:
        """The slugs that articles have."""
        ...

    def released(self, feed: Feed, now: datetime) -> Iterator[Released]:
        """The articles that the rules of a digest choose, newest first, whatever their age."""
        ...

    def next_release(self, feed: Feed, now: datetime) -> tuple[datetime | None, datetime | None]:
        """When the next article of a feed falls due, and when the next one expires."""
        ...

    def editions(self, feed: str) -> dict[str, Edition]:
        """What is remembered of the editions of a digest, by the names of their periods."""
        ...

    def keep_editions(self, feed: str, editions: Sequence[Edition]) -> None:
        """Remember editions as they are now."""
        ...

    def tokens(self, name: str) -> tuple[str, ...]:
        """The keys to a private feed."""
        ...

    def ensure_token(self, name: str, now: datetime) -> tuple[str, ...]:
        """The keys to a private feed, which is given its first one if it has none."""
        ...

    def facets(
        self, feed: Feed, now: datetime, *, titles: Mapping[str, str] | None = None
    ) -> tuple[Facet, ...]:
        """The words of a group that articles have which are shown now."""
        ...

    def facets_of(
        self,
        feed: Feed,
        rows: Sequence[int],
        now: datetime,
        *,
        titles: Mapping[str, str] | None = None,
    ) -> tuple[Facet, ...]:
        """The feeds of a group that a change of these articles may change."""
        ...

    def next_word(self, feed: Feed, now: datetime) -> datetime | None:
        """When time alone may add a word to a group next."""
        ...

    def known_facets(self, feed: Feed) -> tuple[Facet, ...]:
        """Every word that the group ever had."""
        ...

    def articles(self, rows: Sequence[int]) -> dict[int, Article]: ...

    def fragments(self, format: str, variant: str, rows: Sequence[int]) -> dict[int, Fragment]: ...

    def keep_fragments(
        self, format: str, variant: str, fragments: Mapping[int, Fragment]
    ) -> None: ...

    def ledger(
        self,
        *,
        feeds: Collection[str | None] | None = None,
        paths: Collection[str] | None = None,
    ) -> dict[str, LedgerLine]:
        """What is published now, by path; the files of the whole site are those of None."""
        ...

    def settle_feed(
        self,
        row: FeedRow,
        *,
        read: FeedRow,
        members: Sequence[int] | None,
        lines: Sequence[LedgerLine],
        removed: Sequence[str] = (),
        pages: Sequence[ArchivePage] = (),
        tell: Sequence[Word] = (),
    ) -> None:
        """Commit a build: the feed's row, who is in it, and the ledger, in one transaction.

        With it the `pages` of its archive that are others by now.

        The dirty mark goes only if it is still the one that was `read` before the build. Nothing is
        written where nothing differs. What is to be told (`tell`) is noted in the same transaction,
        as of `row.built`, so that a crash loses no word of what was published.
        """
        ...

    def drop_feed(self, name: str, removed: Sequence[str]) -> None:
        """Forget a feed that is no longer configured, and the ledger lines of its paths."""
        ...

    def events(self, *, limit: int) -> tuple[Event, ...]:
        """The newest changes of state of sources."""
        ...

    def prune_fragments(self) -> int:
        """Drop the fragments of articles that no feed holds; returns how many."""
        ...

    def redirects(self) -> dict[str, str | None]:
        """Where each path leads that is published no more; None: it is gone."""
        ...

    def alive(self, *paths: str) -> None:
        """Note that something is published there again."""
        ...

    def feed_id(self, name: str, mint: Callable[[str], str]) -> str:
        """The id for a feed that is built first: not one that another took along when it moved."""
        ...

    def renames(self, configured: Collection[str]) -> tuple[tuple[str, str], ...]:
        """The feeds that bear another name by now, old and new: `rename_feed` is due for them."""
        ...

    def rename_feed(self, old: str, new: str, now: datetime, *, mint: Callable[[str], str]) -> None:
        """Give a feed and its group another name in everything stored of it, and note the move."""
        ...

    def leftovers(self, name: str) -> tuple[str, ...]:
        """What the ledger has of a feed and its group, whether or not that is still a feed."""
        ...

    def drop_lines(self, paths: Sequence[str]) -> None:
        """Take files that were removed out of the ledger."""
        ...


class RemoteStore(Protocol):
    """What the sync of remote feeds asks of the store."""

    def claim(self, sources: Sequence[SourceRow], token: str, dead: Sequence[str]) -> set[int]:
        """Take the lease of sources for a run; returns the rows of those that it got.

        A source that was asked since its row was read is none of them.
        """
        ...

    def leases(self) -> set[str]:
        """The runs that hold a lease, or held one when they died."""
        ...

    def release(self, token: str) -> None:
        """Give back every lease of a run."""
        ...

    def entries(
        self,
        source_row: int,
        *,
        declared: Sequence[str] = (),
        links: Sequence[str] = (),
        words: Sequence[bytes] = (),
        keys: Sequence[str] = (),
        moments: Sequence[int] = (),
        newest: int = 0,
    ) -> dict[int, KnownEntry]:
        """The articles of a source that any of these name, and so many of the newest, by row."""
        ...

    def published_since(self, source_row: int, since: datetime) -> dict[int, KnownEntry]:
        """The articles of a source in the feeds whose publication is not older than `since`."""
        ...

    def find(
        self,
        source: int,
        *,
        declared: Sequence[str],
        links: Sequence[str],
        keys: Sequence[str],
        rows: Sequence[int],
        documents: Sequence[bytes],
    ) -> tuple[Stored, ...]:
        """The articles of a source that any of these name."""
        ...

    def struck(
        self, source_row: int, articles: Sequence[Article], documents: Sequence[bytes] = ()
    ) -> set[str]:
        """The keys of those among new articles on which a verdict stands already."""
        ...

    def outlines(self, names: Iterable[str] | None = None) -> tuple[OutlineRow, ...]:
        """The sources that stand in OPML files; of all without `names`."""
        ...

    def settle(self, visits: Sequence[Visit]) -> None:
        """Write how visits ended, and mark the feeds they touch, in one transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One rendered entry, and the key of what it was rendered from."""

    key: bytes
    body: bytes


class Renderer(Protocol):
    """One format."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        """Each entry as it stands inside a document; one that cannot be expressed is an error."""
        ...

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document."""
        ...

    def taken_apart(self, document: bytes) -> list[bytes]:
        """The fragments of a document that was put together here."""
        ...

    def id_of(self, fragment: bytes) -> str:
        """The id of the entry, as the fragment says it."""
        ...


class Publisher(Protocol):
    """The output directory."""

    def lies(self, line: LedgerLine) -> bool:
        """Whether the file and its sidecars are still as recorded."""
        ...

    def strays(self, files: Iterable[PageFile]) -> set[str]:
        """The paths of those files that are not as recorded, whatever their sidecars are."""
        ...

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put files and their sidecars in place; raises PublishError.

        All are written before the first one takes its place, so that a full disk changes nothing.
        """
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Take files and their sidecars away."""
        ...

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None if nothing does."""
        ...

    def keep(self, path: str, body: bytes) -> None:
        """Put a file that no reader gets in place, if it differs; raises PublishError."""
        ...


class Call(NamedTuple):
    """A request that the server hands to the process that owns the store."""

    method: str
    path: str  # decoded, begins with "/"
    query: str  # as it was sent
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Reply(NamedTuple):
    """What is answered to a `Call`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


# -- WebSub --------------------------------------------------------------------------------------


class Notice(NamedTuple):
    """A word that somebody does not know yet."""

    row: int
    word: Word
    made: datetime  # when it was said first
    tries: int
    round: int  # how often it was said; one that was said again while it was told is told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who wants to hear of a topic from our own hub."""

    row: int
    topic: str
    callback: str
    secret: str | None = field(default=None, repr=False)
    lease_until: datetime | None = None  # None: not verified yet
    pending: str | None = field(default=None, repr=False)  # JSON of what is to be verified


class Crowd(NamedTuple):
    """How many there are already, where one more wants to subscribe."""

    of_topic: int
    at_host: int  # of the topic, at the host of the callback
    pending: int  # requests that are not verified, of all
    pending_at_host: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a source's hub was asked for, and how it stands."""

    source: int  # row
    name: str
    topic: str
    hub: str
    token: str = field(repr=False)  # of our callback
    secret: str = field(repr=False)
    state: str = "wanted"  # wanted | asked | active | denied | leaving
    asked: datetime | None = None  # since when the hub's question is awaited
    lease_until: datetime | None = None
    due: datetime
    failures: int = 0
    reason: str | None = None
    heard: datetime | None = None  # when it told us of news last


class Announced(NamedTuple):
    """A source whose subscription is not what its document asks for."""

    source: int  # row
    name: str
    url: str  # that it is asked at
    topic: str | None  # that it calls its own address
    hubs: tuple[str, ...]  # none: it announces none, or is not to be asked
    subscription: Subscription | None


Desk = Callable[[Call], Awaitable[Reply]]
"""Answers what the output directory cannot: hub and callbacks of WebSub."""

Progress = Callable[[str, int, int], None]
"""Told of long work: what, how far, of how many."""
