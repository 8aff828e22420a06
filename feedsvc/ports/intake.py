"""Stage 1: sources, parsers, what is remembered of sources, and what a sync writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from feedsvc.model import Article, Document, Draft, FileStat, Harvest, Hints, Problem


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...

    def elapsed(self) -> float:
        """Seconds since some moment, by a clock that nobody sets and that sees a machine sleep."""
        ...

    def boot(self) -> str:
        """What `elapsed` counts from: another name once it begins anew."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


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
    asked: datetime | None = None  # when it was asked last, and got its due time


class Setting(NamedTuple):
    """How the clock is set: as long as that is the same, so is what times are called."""

    boot: str
    ahead: float  # seconds since 1970, less those that have elapsed since then

    @classmethod
    def of(cls, clock: Clock) -> Setting:
        """That of a clock now."""
        return cls(clock.boot(), round(clock.now().timestamp() - clock.elapsed(), 3))


class Asked(NamedTuple):
    """When a source was asked, and when it is due."""

    parent: str | None  # the OPML source it stands in
    asked: datetime
    due: datetime
    spared: datetime | None = None  # until when its server wants it left alone


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
    pruned: int = 0  # whether nothing but this is left of it: it stays out, whatever it says


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
    spared: datetime | None = None  # until when its server wants it left alone
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
    erased: bool = False  # purged or pruned: it is known, and never written again


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


class ArticleStore(Protocol):
    """What every sync asks: which articles there are already."""

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
        """The keys of those among new articles on which a verdict stands already.

        `documents` are the digests of their files, if they have any, in the same order.
        """
        ...


class RemoteStore(ArticleStore, Protocol):
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

    def outlines(self, names: Iterable[str] | None = None) -> tuple[OutlineRow, ...]:
        """The sources that stand in OPML files; of all without `names`."""
        ...

    def settle(self, visits: Sequence[Visit]) -> None:
        """Write how visits ended, and mark the feeds they touch, in one transaction."""
        ...


Progress = Callable[[str, int, int], None]
"""Told of long work: what, how far, of how many."""
