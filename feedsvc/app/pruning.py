"""Pruning as a whole: what sources may keep -> what nobody sees of the rest goes -> space.

What is published does not change by it, not by a byte. Only what a document shows, now or when it
is built next, is known to `regenerate`; so pruning goes on in turns with builds: some thousand
articles while nobody builds, then whoever waits to build, and so on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from feedsvc.config.nearest import nearest
from feedsvc.errors import LockedError, NotFoundError
from feedsvc.ports import Limit, Progress, Pruned
from feedsvc.store.halt import Halt

if TYPE_CHECKING:
    from feedsvc.app import App

_TURN = 4_000  # articles between two builds: half a second
_BREATH = 0.2  # seconds in which a build that waits begins: it asks for the lock every 50 ms
_PATIENCE = 120.0  # seconds that a build is waited for
_ASKING = 0.5  # seconds between two looks whether to end


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What became of the articles that are more than their sources may keep, and of other rows."""

    limits: tuple[Limit, ...]
    sources: Mapping[str, Pruned]  # by name; of all that had more than they may keep
    tidied: Mapping[str, int] = field(default_factory=dict)  # table -> rows
    given_back: int = 0  # bytes
    seconds: float = 0.0

    @property
    def pruned(self) -> int:
        """How many articles went."""
        return sum(one.pruned for one in self.sources.values())

    @property
    def kept(self) -> dict[str, int]:
        """How many stay though they are too many, by reason."""
        found: Counter[str] = Counter()
        for one in self.sources.values():
            found.update(one.kept)
        return dict(found)


def prune(
    app: App,
    limits: Sequence[Limit],
    *,
    dry_run: bool = False,
    halt: Halt | None = None,
    progress: Progress | None = None,
) -> PruneReport:
    """Prune the store; with `dry_run` only say what would go.

    What `halt` or a crash breaks off holds so far, and the next one goes on. Raises StoreError,
    LockedError if another one is at it.
    """
    halt, began = halt or Halt(), monotonic()
    if dry_run:
        found = _articles(app, limits, dry_run, halt, progress)
        return PruneReport(limits=tuple(limits), sources=found, seconds=monotonic() - began)
    with app.store.lock("prune", timeout=0):
        found = _articles(app, limits, dry_run, halt, progress)
        tidied = tidy(app, halt)
    return PruneReport(
        limits=tuple(limits), sources=found, tidied=tidied, seconds=monotonic() - began
    )


def limits_of(
    app: App,
    only: Sequence[str] = (),
    *,
    keep: int | None = None,
    keep_for: timedelta | None = None,
) -> tuple[Limit, ...]:
    """What sources may keep: `keep` and `keep_for`, or if neither is given, what is configured.

    `only` narrows this to some, and to those in their OPML files; a source that is not configured
    any more is one of them too, if limits are given. Raises NotFoundError for a name that there
    never was.
    """
    settings = {source.name: source for source in app.settings.sources}
    holders = app.store.holders()
    known = {one.name for one in holders} | settings.keys()
    for name in only:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean '{near}'?" if near else "`feedsvc source list` shows them"
            raise NotFoundError(f"no source '{name}'", hint=hint)
    given = keep is not None or keep_for is not None
    found: list[Limit] = []
    for one in holders:
        if only and not {one.name, one.parent} & set(only):
            continue
        limit = Limit(row=one.row, name=one.name, keep=keep, keep_for=keep_for)
        own = settings.get(one.name) or settings.get(one.parent or "")
        if not given and own is not None:
            limit = Limit(row=one.row, name=one.name, keep=own.keep, keep_for=own.keep_for)
        if limit.keep is not None or limit.keep_for is not None:
            found.append(limit)
    return tuple(found)


def tidy(app: App, halt: Halt) -> dict[str, int]:
    """Drop rows beside articles that nobody needs any more; returns how many of which table."""
    store, now = app.store, app.clock.now()
    found: dict[str, int] = {}
    with _no_build(app, halt):  # or what it has rendered just now would go as well
        if fragments := store.prune_fragments():
            found["fragment"] = fragments
    found |= store.tidy(now, halt)
    if lapsed := store.lapsed(now):
        store.retire(lapsed)
        found["subscriber"] = len(lapsed)
    return found


def _articles(
    app: App,
    limits: Sequence[Limit],
    dry_run: bool,
    halt: Halt,
    progress: Progress | None,
) -> dict[str, Pruned]:
    if not limits:
        return {}
    from feedsvc.regenerate.shown import shown

    store, now = app.store, app.clock.now()
    beyond, since = store.beyond(limits, now)
    counted: dict[int, Counter[str]] = {}
    for start in range(0, len(beyond), _TURN):
        halt.check()
        some = beyond[start : start + _TURN]
        with _no_build(app, halt, needed=not dry_run):
            told = store.prune(
                some,
                beyond=beyond,
                since=since,
                shown=shown(app.press, app.settings.feeds, now),
                now=now,
                dry_run=dry_run,
                stopped=halt.asked,
            )
        for row, one in told.items():
            counted.setdefault(row, Counter()).update({"": one.pruned, **one.kept})
        if progress is not None:
            progress("articles", start + len(some), len(beyond))
        if start + len(some) < len(beyond) and not dry_run:
            halt.wait(_BREATH)
    halt.check()
    names = {limit.row: limit.name for limit in limits}
    return {
        names[row]: Pruned(
            pruned=counts[""], kept={why: n for why, n in counts.items() if why and n}
        )
        for row, counts in sorted(counted.items(), key=lambda item: names[item[0]])
    }


@contextmanager
def _no_build(app: App, halt: Halt, *, needed: bool = True) -> Iterator[None]:
    """While nobody builds; a build that is under way is waited for, unless we are asked to end."""
    if not needed:
        yield
        return
    began = monotonic()
    with ExitStack() as held:
        while True:
            halt.check()
            try:
                held.enter_context(app.store.lock("build", timeout=_ASKING))
                break
            except LockedError:
                if monotonic() - began > _PATIENCE:
                    raise
        yield
