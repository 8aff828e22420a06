"""Stage 2: members of feeds, rendered entries, the ledger and the output directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from feedsvc.errors import RenderError
from feedsvc.model import Entry, FeedHead, Origin, Problem
from feedsvc.settings import FullText


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
    rhythm: int | None = None  # seconds that usually lie between its newest entries


class PageFile(NamedTuple):
    """The file of a page as it was recorded."""

    path: str
    size: int
    mtime_ns: int
    row: int | None  # its article; None: the store knows of none


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

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        """A document that was put together here, without some entries; its head stays."""
        ...

    def id_of(self, fragment: bytes) -> str:
        """The id of the entry, as the fragment says it."""
        ...


class Publisher(Protocol):
    """The output directory."""

    def lies(self, line: LedgerLine) -> bool:
        """Whether the file and its sidecars are still as recorded."""
        ...

    def holds(self, path: str, document: bytes) -> bool:
        """Whether the file and each of its sidecars say just that, whatever is recorded of them."""
        ...

    def strays(self, files: Iterable[PageFile]) -> set[str]:
        """The paths of those files that are not as recorded, whatever their sidecars are."""
        ...

    def found(self, folders: Iterable[str], names: Collection[str]) -> Iterator[str]:
        """The paths of files of these names below some folders, with all their forms.

        And of unfinished files, also of those beside the folders.
        """
        ...

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put files and their sidecars in place; raises PublishError.

        All are written before the first one takes its place, so that a full disk changes nothing.
        """
        ...

    def remove(self, paths: Sequence[str], *, lasting: bool = True) -> None:
        """Take files and their sidecars away; `lasting`: wait until the disk itself has."""
        ...

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None if nothing does."""
        ...

    def keep(self, path: str, body: bytes, *, lasting: bool = True) -> None:
        """Put a file that no reader gets in place, if it differs; raises PublishError.

        One that is not `lasting` outlives this process, and perhaps not this machine's power.
        """
        ...
