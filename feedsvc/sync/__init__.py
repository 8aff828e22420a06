"""Stage 1: what a source holds becomes articles in the store.

    source --documents--> parser --drafts--> filters --drafts--> decide --changes--> store

One source's trouble is its own: it is recorded, and the others go on. Documents are written in
batches, each in one transaction together with the marks of the feeds it touches, so that a crash
loses nothing: what was not recorded is simply still new.

Documents are read in `read.py`, matched and judged in `judge.py`; `run.py` holds what both work
with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from feedsvc.decide import believable_loss
from feedsvc.errors import FeedsvcError, LockedError, SourceError
from feedsvc.manners import look_after
from feedsvc.model import Problem, State
from feedsvc.ports import Clock, Progress, Source, Store
from feedsvc.sync.judge import judge_all
from feedsvc.sync.read import read_batch
from feedsvc.sync.run import Options, Plan, Run, SourceReport

__all__ = ["Options", "Plan", "SourceReport", "sync_source"]

log = logging.getLogger(__name__)

BATCH = 200  # documents in one transaction
LOCK_TIMEOUT = 60.0  # seconds one sync of a source waits for another
LOCK_PAUSE = 0.2
SOON = timedelta(seconds=2)  # until files still being written are looked at again


async def sync_source(
    plan: Plan,
    adapter: Callable[[], Source],
    store: Store,
    clock: Clock,
    options: Options,
    progress: Progress | None = None,
) -> SourceReport:
    """Sync one source and note how it ended; never raises for trouble of the source itself.

    `adapter` makes the source's adapter, or hands out the one there is.
    Raises LockedError when another sync of it does not end; one that is not patient does not wait.
    """
    began = clock.now()
    async with _lock(store, plan.name, clock, LOCK_TIMEOUT if options.patient else 0):
        try:
            report = await _sync(plan, adapter, store, clock, options, progress)
        except SourceError as error:
            report = _failed(plan, store, clock, error)
        except FeedsvcError:
            raise
        except Exception as error:
            # An adapter may be a stranger's: its fault must not keep the other sources waiting.
            fault = f"unexpected: {type(error).__name__}: {error}"
            report = _failed(plan, store, clock, SourceError(fault, hint="--debug shows where"))
    return replace(report, seconds=round((clock.now() - began).total_seconds(), 3))


def _failed(plan: Plan, store: Store, clock: Clock, error: SourceError) -> SourceReport:
    log.debug("source %s failed", plan.name, exc_info=True)
    row, now = store.source(plan.name).row, clock.now()
    store.finish(row, now=now, next_due=look_after(plan.every, now), failure=str(error))
    return SourceReport(name=plan.name, outcome="failed", reason=str(error), hint=error.hint)


@asynccontextmanager
async def _lock(store: Store, name: str, clock: Clock, timeout: float) -> AsyncIterator[None]:
    """Hold a source against another sync, letting others go on meanwhile; raises LockedError."""
    waited = 0.0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(store.lock(f"source-{name}", timeout=0))
                break
            except LockedError:
                if waited >= timeout:
                    raise
            await clock.sleep(LOCK_PAUSE)
            waited += LOCK_PAUSE
        yield


async def _sync(
    plan: Plan,
    adapter: Callable[[], Source],
    store: Store,
    clock: Clock,
    options: Options,
    progress: Progress | None,
) -> SourceReport:
    memory = store.source(plan.name)
    known = store.files(memory.row)
    reread = bool(known) and memory.fingerprint != plan.fingerprint
    harvest = await adapter().collect(
        known, reread=reread, patient=options.patient, trust_loss=options.trust_loss
    )
    run = Run(
        plan=plan,
        store=store,
        row=memory.row,
        known=known,
        now=clock.now(),
        reread=reread,
        paths=harvest.paths,
    )
    done = 0
    for batch in _batches(harvest.documents):
        store.record(run.row, read_batch(run, batch), run.now)
        done += len(batch)
        if progress is not None:
            progress(plan.name, done, len(harvest.paths))
        await asyncio.sleep(0)  # let a signal stop us between batches
    # Those that declare their id come first: theirs is the better claim.
    for postponed in _batches(iter(sorted(run.postponed, key=lambda item: not item.draft.id))):
        store.record(run.row, judge_all(run, postponed, finally_=True), run.now)

    # What is missing may be moved into a file that is still being written: wait for that one.
    moving = any(path not in known for path in harvest.restless)
    doubt = _lose(run, frozenset() if moving else harvest.missing, options)
    doubts = [Problem(source=plan.name, path=None, reason=doubt)] if doubt else []
    now = clock.now()
    due = look_after(plan.every, now)
    store.finish(
        run.row,
        now=now,
        # Files still being written are looked at again as soon as they may be quiet.
        next_due=min(due, now + SOON) if harvest.restless else due,
        failure=None,
        problems=(*doubts, *harvest.problems),
        fingerprint=plan.fingerprint,
    )
    tally = run.tally
    idle = not (tally.new or tally.changed or tally.withdrawn)
    return SourceReport(
        name=plan.name,
        outcome="unchanged" if idle else "ok",
        new=tally.new,
        changed=tally.changed,
        withdrawn=tally.withdrawn,
        reason=doubt,
        problems=sum(problem.source == plan.name for problem in store.problems()),
        restless=len(harvest.restless),
        quiet_in=harvest.quiet_in,
    )


T = TypeVar("T")


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _lose(run: Run, missing: frozenset[str], options: Options) -> str | None:
    """Take the articles of deleted files out, or say why their loss is not believed."""
    plan = run.plan
    lost = {
        path
        for path in missing
        if (row := run.known[path].article) is not None and row not in run.live
    }
    doubt = None
    articles = sum(file.article is not None for file in run.known.values()) if lost else 0
    if not options.trust_loss and not believable_loss(articles, len(lost)):
        doubt = (
            f"{len(lost)} of {articles} files are missing at once: their articles stay until "
            f"`feedsvc sync --source {plan.name} --accept-loss`"
        )
        missing, lost = missing - lost, set()
    # A file that holds another article now says itself that it was not lost by accident.
    left = run.left - run.live.keys()
    if missing or left:
        state = State.WITHDRAWN if plan.on_delete == "withdraw" else None
        taken = run.store.forget(run.row, sorted(missing), state, "its file was deleted", run.now)
        run.tally.withdrawn = taken
    return doubt
