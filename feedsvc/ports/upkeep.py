"""What is pruned of the store, and what is kept of it though its source may have no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feedsvc.settings import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many articles a source may keep, and how long; None: without end."""

    row: int  # of the source
    name: str
    keep: int | None = None
    keep_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What readers are shown, beside what the store itself knows to be published.

    `whole` are feeds that keep all they take: archives, and those that are still to be built.
    `walked` are feeds that are shaped by articles which they do not hold. `editions` are digests,
    and from when on an article may stand in one.
    """

    whole: tuple[Feed, ...] = ()
    walked: tuple[Feed, ...] = ()
    editions: tuple[tuple[Feed, datetime | None], ...] = ()  # None: whatever its age
    pages: bool = True  # articles without a link have a page of ours
    origin: str | None = None  # the sitemap lists links below it; None: there is no sitemap


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What became of articles that their source may no longer keep."""

    pruned: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)  # why -> how many


KEPT = ("feed", "archive", "digest", "page", "sitemap", "copy", "waiting")
"""Why an article is kept, in the order in which it is asked: a feed shows it; it stands in an
archive, or in an edition of a digest; it has a page of ours; the sitemap lists it; an article that
is kept is a copy of it; it changed meanwhile.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What the file of the database holds, in bytes."""

    size: int
    free: int
    journal: int  # what waits to be written into it
    gives_back: bool  # without being written anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A source that has articles, whether it is configured or not."""

    row: int
    name: str
    parent: str | None  # the OPML source it stands in, or stood
