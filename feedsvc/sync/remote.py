"""Stage 1 for remote feeds: many sources asked at once, their visits written in batches.

    jobs --leases--> visit.py: ask, read, weigh --Visit--> batch --one commit--> store

A batch is committed when it is large enough, so that a run over thousands of sources waits for the
disk a handful of times, and one that is killed loses whole visits only: what was not written is
simply asked again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

from feedsvc.errors import LockedError
from feedsvc.ports import Clock, Progress, RemoteStore, Visit
from feedsvc.sync.outcome import Outcome, failure, unstored
from feedsvc.sync.remote_plan import Job
from feedsvc.sync.run import SourceReport
from feedsvc.sync.visit import Visitor

log = logging.getLogger(__name__)

UNDER_WAY = 256  # sources between being asked and being read; more would only wait in memory
BATCH_SOURCES = 500  # in one commit
BATCH_ENTRIES = 3_000
PATIENCE = 5.0  # seconds a visit waits for others before it is written
STEP = 1.0  # seconds by which a clock is set at least; less is only put right
QUIET = 0.5  # seconds without another one after which it waits no longer, if somebody listens


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteReport:
    """How the sync of remote sources ended."""

    sources: tuple[SourceReport, ...]
    network: bool  # False: none of them, and nothing else, could be reached
    answered: bool = False  # somebody answered


async def sync_remote(
    jobs: Sequence[Job],
    store: RemoteStore,
    clock: Clock,
    *,
    run: str,
    dead: Sequence[str],
    progress: Progress | None = None,
    written: Callable[[Sequence[SourceReport]], object] | None = None,
    network: bool = False,
) -> RemoteReport:
    """Visit sources and write what came of it; never raises for trouble of a source.

    `run` names this run, `dead` those whose leases are void. A source that another run is asking
    just now is left to it. If there is a `written`, it hears of sources as soon as the store has
    them, which then is long before the slowest has answered. `network` tells that somebody answered
    a moment ago: a source whose name cannot be resolved then has nobody else to blame.
    """
    reports: dict[str, SourceReport] = {}
    reached: set[bool | None] = set()
    silent: list[Outcome] = []
    claimed = store.claim([job.source for job in jobs], run, dead) if jobs else set()
    mine = [job for job in jobs if job.source.row in claimed]
    for job in jobs:
        if job.source.row not in claimed:
            reason = "another feedsvc is asking it"
            reports[job.plan.name] = SourceReport(
                name=job.plan.name, outcome="skipped", reason=reason
            )
    visitor = Visitor(store, clock.now)
    named = {job.plan.name: job for job in mine}

    def spoilt(visit: Visit, error: Exception) -> Visit:
        """What is written instead of a visit that cannot be: that it failed."""
        outcome = unstored(named[visit.source.name], error, clock.now())
        reports[outcome.report.name] = outcome.report
        return outcome.visit

    def told(visits: Sequence[Visit]) -> None:
        if written is not None:
            written([reports[visit.source.name] for visit in visits])

    batch = _Batch(store, clock, spoilt, told)
    try:
        pause = None if written is None else QUIET
        async with aclosing(_visits(mine, visitor, clock, pause)) as visits:
            async for outcome in visits:
                if outcome is None:
                    batch.write()
                    continue
                reports[outcome.report.name] = outcome.report
                reached.add(outcome.network)
                if outcome.blame is not None:
                    silent.append(outcome)  # whose fault it is shows when all have been asked
                else:
                    batch.add(outcome.visit)
                if progress is not None:
                    progress("feeds", len(reports), len(jobs))
        network = network or True in reached
        for outcome in silent:
            if network and outcome.blame is not None:
                # Nothing was reached here while others were: the source is at fault.
                job = named[outcome.report.name]
                outcome = failure(job, outcome.blame, None, clock.now(), blame=True)  # noqa: PLW2901
                seconds = reports[job.plan.name].seconds
                reports[job.plan.name] = replace(outcome.report, seconds=seconds)
            batch.add(outcome.visit)
    finally:
        # Also when we are told to stop: what was read is not read again.
        batch.write()
    ordered = tuple(reports[job.plan.name] for job in jobs if job.plan.name in reports)
    return RemoteReport(
        sources=ordered, network=network or False not in reached, answered=True in reached
    )


@dataclass(slots=True)
class _Batch:
    """Visits that are written together."""

    store: RemoteStore
    clock: Clock
    spoilt: Callable[[Visit, Exception], Visit]
    told: Callable[[Sequence[Visit]], None]  # of visits that are written
    visits: list[tuple[Visit, float]] = field(default_factory=list)  # and the clock's setting then
    entries: int = 0
    since: float = 0.0

    def add(self, visit: Visit) -> None:
        now = asyncio.get_running_loop().time()
        if not self.visits:
            self.since = now
        self.visits.append((visit, self._setting()))
        self.entries += len(visit.entries)
        if (
            len(self.visits) >= BATCH_SOURCES
            or self.entries >= BATCH_ENTRIES
            or now - self.since >= PATIENCE
        ):
            self.write()

    def write(self) -> None:
        # In the order of the configuration, not of the answers: of two copies of an article the
        # one that is stored first stands for both.
        setting = self._setting()
        visits = [_by_clock(visit, setting - then) for visit, then in self.visits]
        visits.sort(key=lambda visit: visit.source.row)
        self.visits, self.entries = [], 0
        if visits:
            self._write(visits)
            self.told(visits)

    def _setting(self) -> float:
        """What the clock is ahead of the time that has passed: another one once it is set."""
        return self.clock.now().timestamp() - self.clock.elapsed()

    def _write(self, visits: Sequence[Visit]) -> None:
        """Write visits in one transaction, or, if one of them spoils it, in as many as it takes.

        What cannot be written is noted as a failure of its source, which so has to wait like any
        that fails. Raises StoreError if not even that can be written: then it is not the visit.
        """
        try:
            self.store.settle(visits)
        except LockedError:
            raise
        except Exception as error:
            log.debug("%d visits cannot be stored", len(visits), exc_info=True)
            if len(visits) == 1:
                self.store.settle([self.spoilt(visits[0], error)])
                return
            half = len(visits) // 2
            self._write(visits[:half])
            self._write(visits[half:])


def _by_clock(visit: Visit, by: float) -> Visit:
    """A visit by the clock as it goes when it is written: meanwhile it was put forward `by`.

    What is written already was moved along with the clock; this one would be due far too early.
    """
    if abs(by) < STEP:
        return visit
    moved = timedelta(seconds=round(by))
    spared = None if visit.spared is None else visit.spared + moved
    return replace(visit, now=visit.now + moved, next_due=visit.next_due + moved, spared=spared)


async def _visits(
    jobs: Sequence[Job], visitor: Visitor, clock: Clock, pause: float | None
) -> AsyncGenerator[Outcome | None]:
    """The outcomes of visits as they come in, None when none does for `pause` seconds.

    Who is told to stop is first given those that are over; the rest are given up.
    """
    waiting = iter(_spread(jobs))
    under_way: set[asyncio.Task[Outcome]] = set()

    async def timed(job: Job) -> Outcome:
        began = clock.now()
        outcome = await visitor.visit(job)
        seconds = round((clock.now() - began).total_seconds(), 3)
        return replace(outcome, report=replace(outcome.report, seconds=seconds))

    quiet = False
    try:
        while True:
            while len(under_way) < UNDER_WAY and (job := next(waiting, None)) is not None:
                under_way.add(asyncio.create_task(timed(job)))
            if not under_way:
                return
            done, _ = await asyncio.wait(
                under_way, timeout=None if quiet else pause, return_when=asyncio.FIRST_COMPLETED
            )
            quiet = not done
            if quiet:
                yield None
            under_way.difference_update(done)
            for task in done:
                yield task.result()
    except asyncio.CancelledError:
        await _give_up(under_way)
        for task in under_way:
            if not task.cancelled() and task.exception() is None:
                yield task.result()
        raise
    finally:
        await _give_up(under_way)


async def _give_up(tasks: Iterable[asyncio.Task[Outcome]]) -> None:
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)


def _spread(jobs: Sequence[Job]) -> Iterator[Job]:
    """The jobs so that those of one host are far apart: its queue must not fill all places."""
    hosts: dict[str, deque[Job]] = defaultdict(deque)
    for job in jobs:
        hosts[urlsplit(job.memory.url).netloc].append(job)
    return _in_turns(hosts.values())


def _in_turns(queues: Iterable[deque[Job]]) -> Iterator[Job]:
    left = list(queues)
    while left:
        for queue in left:
            yield queue.popleft()
        left = [queue for queue in left if queue]
