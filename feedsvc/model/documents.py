"""What a source holds: documents, and what is known of them beside their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from feedsvc.model.telling import Problem


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
