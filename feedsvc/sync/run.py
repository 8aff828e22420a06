"""One sync of one source while it goes on: what it was asked for, what it knows, what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from feedsvc.decide import Authority, Policy
from feedsvc.manners import Calendar
from feedsvc.model import Document, Draft, Hints, Unreadable
from feedsvc.ports import Change, KnownFile, Parser, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one source is synced, apart from what it holds."""

    name: str
    every: timedelta | Calendar
    on_delete: Literal["withdraw", "keep"]
    hints: Hints
    policy: Policy
    authority: Authority
    clean: Callable[[Draft, str | None], Draft]  # the filter: draft and link
    parser: Callable[[str], Parser]  # by the form of a document
    fingerprint: bytes  # of everything above that decides how a document is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this one run was asked for."""

    patient: bool = True  # wait for files that are still being written
    trust_loss: bool = False  # believe that many missing files are deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How the sync of one source ended; the contract's JSON has the same fields."""

    name: str
    outcome: Literal["ok", "unchanged", "failed", "skipped"]
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    status: int | None = None  # of HTTP; none for a folder
    reason: str | None = None
    hint: str | None = None
    seconds: float = 0.0
    problems: int = 0  # what `status` lists of it, new or not
    reached: bool = True  # False: neither it nor anything else answered
    restless: int = 0  # documents left for the next time, still being written
    quiet_in: float | None = None  # seconds after which the first of those may be read


@dataclass(slots=True)
class Tally:
    """How many articles a run has touched, and how."""

    new: int = 0
    changed: int = 0
    withdrawn: int = 0


@dataclass
class Run:
    """One sync of one source while it goes on."""

    plan: Plan
    store: Store
    row: int  # of the source
    known: dict[str, KnownFile]
    now: datetime
    reread: bool
    paths: frozenset[str]  # all that there are now
    minted: dict[str, str] = field(default_factory=dict)  # key -> path of articles new in this run
    taken: set[str] = field(default_factory=set)  # what ids were minted from, as far as met
    judged: set[str] = field(default_factory=set)  # paths whose article is settled
    postponed: list[Read] = field(default_factory=list)  # until all the others are judged
    left: set[int] = field(default_factory=set)  # articles whose file holds another one now
    tally: Tally = field(default_factory=Tally)
    parsers: dict[str, Parser] = field(default_factory=dict)  # by the form they read

    @cached_property
    def live(self) -> dict[int, str]:
        """At which path the file of each article lies; one that is fine before one that is not."""
        found: dict[int, str] = {}
        for path, file in self.known.items():
            if file.article is None or path not in self.paths:
                continue
            if file.problem is None:
                found[file.article] = path
            else:
                found.setdefault(file.article, path)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document that is an article."""

    document: Document
    digest: bytes
    draft: Draft
    link: str | None


def keep(run: Run, changes: list[Change], change: Change) -> None:
    """Keep a change unless the store already says just that."""
    before = run.known.get(change.path)
    after = KnownFile(change.stat, change.digest, change.row, change.problem)
    if change.article is None and before == after and not run.reread:
        return
    changes.append(change)


def unreadable(run: Run, failed: Unreadable, data_digest: bytes = b"") -> Change:
    """A file that is no article now; the one it was, if any, stays as it is."""
    before = run.known.get(failed.path)
    return Change(
        path=failed.path,
        stat=failed.stat,
        digest=data_digest,
        row=before.article if before else None,
        problem=failed.reason,
    )
