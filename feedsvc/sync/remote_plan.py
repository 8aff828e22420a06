"""How one remote source is synced, and what one visit of it has to do with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from feedsvc.decide import Authority, Policy
from feedsvc.errors import ParseError
from feedsvc.manners import Every
from feedsvc.model import Draft, Origin, Reading
from feedsvc.ports import Memory, SourceRow
from feedsvc.web import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlan:
    """How one remote source is synced."""

    name: str
    every: Every
    on_delete: Literal["withdraw", "keep"]
    policy: Policy
    authority: Authority
    max_entries: int  # of one document; what stands behind them is not read
    secret: bool  # requests carry credentials
    fingerprint: bytes  # of everything that decides how its entries are read
    ask: Callable[[Memory], Awaitable[Response]]  # raises FetchError
    read: Callable[[Response], Reading]  # raises ParseError
    forgive: Callable[[Response], Awaitable[Reading]]  # the same, slower and for broken ones
    doubtful: Callable[[ParseError], bool]  # whether `forgive` may read what `read` could not
    announced: Callable[[Response], tuple[str, ...]]  # the feeds a page tells of
    clean: Callable[[Draft, str, str | None, Origin], Draft]  # base, language, origin: the feed's
    outlines: Callable[[Response], Outlines] | None = None  # of an OPML file; raises ParseError
    others: frozenset[str] = frozenset()  # names that its outlines cannot have
    asked: frozenset[str] = frozenset()  # feeds that are configured themselves, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One feed that an OPML file lists."""

    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()  # the folders it lies in


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """What an OPML file lists."""

    listed: tuple[Listed, ...]
    whole: bool = True  # False: it may have lost its end
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One remote source that is due."""

    plan: RemotePlan
    source: SourceRow
    memory: Memory
    began: datetime  # when the run began that asks it
    force: bool = False  # asked for by hand: now, whatever the source would like
    pushed: bool = False  # its hub tells us of news (WebSub)
    told: bool = False  # it told us of what this visit is about, or brought it itself
