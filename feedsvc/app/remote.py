"""Visits of remote sources: the tools of a run, and the leases that keep runs apart.

How a single source is asked and read is in `reading.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from feedsvc.app.reading import plan, put_aside
from feedsvc.errors import FeedsvcError, LockedError
from feedsvc.ports import Clock, Memory, Progress, SourceRow
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.store import SqlStore
    from feedsvc.sync import SourceReport
    from feedsvc.sync.remote import RemoteReport
    from feedsvc.sync.remote_plan import Job
    from feedsvc.web import Client, Resolve

LATELY = 600.0  # seconds since somebody answered: so long there is a network
SLOTS = 32  # runs that may ask sources of one store at once


class Remotes:
    """Visits remote sources; `opened` makes one, and everything it holds ends with it."""

    def __init__(
        self,
        settings: Settings,
        store: SqlStore,
        clock: Clock,
        client: Client,
        aside: Aside,
        run: str,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._client = client
        self._aside = aside
        self._run = run
        self._telling = asyncio.Lock()
        self._answered: float | None = None  # when anybody did, the last time

    async def sync(
        self,
        sources: Sequence[SourceSettings],
        rows: dict[str, SourceRow],
        progress: Progress | None = None,
        *,
        force: bool = False,
        written: Callable[[Sequence[SourceReport]], object] | None = None,
    ) -> RemoteReport:
        """Visit these sources; without `force`, those that may be asked at this hour.

        If there is a `written`, it hears of sources as soon as the store has them.
        """
        from feedsvc.sync.remote import sync_remote
        from feedsvc.sync.remote_plan import Job

        everyone = len(sources) > 200
        began = self._clock.now()
        names = None if everyone else [source.name for source in sources]
        memories = self._store.memories(names)
        pushed = self._store.pushed(began, names)
        jobs = [
            Job(
                plan=plan(source, self._settings, self._client, self._aside),
                source=rows[source.name],
                memory=_memory(source, memories.get(source.name)),
                began=began,
                force=force,
                pushed=source.name in pushed,
                told=_told(pushed.get(source.name), rows[source.name]),
            )
            for source in sources
        ]
        elapsed = self._clock.elapsed()
        lately = self._answered is not None and elapsed - self._answered < LATELY
        report = await sync_remote(
            jobs, self._store, self._clock, run=self._run, dead=_dead(self._store, self._run),
            progress=progress, written=written, network=lately,
        )  # fmt: skip
        if report.answered:
            self._answered = self._clock.elapsed()
        self._note_missed(jobs, report)
        return report

    def _note_missed(self, jobs: Sequence[Job], report: RemoteReport) -> None:
        """Note whose hubs did not tell what we found out by asking."""
        silent = {job.plan.name for job in jobs if job.pushed and not job.told}
        if missed := [one.name for one in report.sources if one.outcome == "ok"
                      if one.name in silent]:  # fmt: skip
            self._store.hubs_missed(missed)

    async def take_in(self, source: SourceSettings, body: bytes, media_type: str) -> bool:
        """Take in what the hub of a source brought; False if the source has to be asked itself.

        Raises LockedError if it is being asked just now.
        """
        from feedsvc.sync.pushed import take_in, to_be_asked
        from feedsvc.sync.remote_plan import Job
        from feedsvc.web import Headers, Response

        memory = _memory(source, self._store.memories([source.name]).get(source.name))
        job = Job(
            plan=plan(source, self._settings, self._client, self._aside),
            source=self._store.source(source.name),
            memory=memory,
            began=self._clock.now(),
        )
        if to_be_asked(job):
            return False
        typed = ((b"content-type", media_type.encode("latin-1", "replace")),)
        response = Response(status=200, url=memory.url, headers=Headers(typed), body=body)
        report = await take_in(
            job, response, self._store, self._clock.now,
            run=self._run, dead=_dead(self._store, self._run),
        )  # fmt: skip
        if report is None:
            raise LockedError(f"{source.name} is being asked just now")
        return report.outcome != "failed"

    async def tell(self) -> FeedsvcError | None:
        """Tell the operator's webhook, if there is one, what happened to sources."""
        from feedsvc.app.hook import tell
        from feedsvc.config import ops_webhook

        try:
            url = ops_webhook(self._settings.ops)
        except FeedsvcError as error:
            return error
        if url is None:
            return None
        async with self._telling:  # visits may end at the same time, and each change is told once
            return await tell(self._store, self._client, url, now=self._clock.now())


@asynccontextmanager
async def opened(
    settings: Settings, store: SqlStore, clock: Clock, resolve: Resolve | None = None
) -> AsyncIterator[Remotes]:
    """The tools for visits, for as long as a run goes on; `resolve` as in `client`."""
    with _slot(store) as run:
        async with client(settings, resolve) as http, put_aside() as aside:
            try:
                yield Remotes(settings, store, clock, http, aside, run)
            finally:
                store.release(run)


def client(settings: Settings, resolve: Resolve | None = None) -> Client:
    """The HTTP client of a configuration, to be opened with `async with`.

    `resolve` stands in for the resolver of the system; what it answers is checked all the same.
    """
    from feedsvc.web import Client

    sync = settings.sync
    return Client(
        sync,
        contact=settings.site.base_url,
        concurrency=sync.concurrency,
        per_host=sync.per_host,
        resolve=resolve,
    )


@contextmanager
def _slot(store: SqlStore) -> Iterator[str]:
    """A name for this run.

    It holds the lock of its slot for as long as it lives, and the operating system lets go of it
    when it dies: so a lease is worth as much as the lock of its slot.
    """
    with ExitStack() as stack:
        for slot in range(SLOTS):
            try:
                stack.enter_context(store.lock(f"sync-{slot}", timeout=0))
            except LockedError:
                continue
            break
        else:
            raise LockedError(f"{SLOTS} runs are at work on this store", hint="wait for them")
        yield f"{slot}-{uuid4().hex[:12]}"


def _dead(store: SqlStore, run: str) -> tuple[str, ...]:
    """The runs that are over though they left leases behind.

    Looked for before every visit: a daemon lives on while a run beside it is killed.
    """
    slot = int(run.partition("-")[0])
    leases = store.leases() - {run}
    return tuple(lease for lease in leases if _is_over(store, lease, slot))


def _is_over(store: SqlStore, lease: str, own: int) -> bool:
    number = lease.partition("-")[0]
    if number == str(own):
        return True  # the slot is ours now
    try:
        with store.lock(f"sync-{number}", timeout=0):
            return True
    except LockedError:
        return False


def _told(heard: datetime | None, row: SourceRow) -> bool:
    """Whether the hub of a source told us of news since it was asked last."""
    return heard is not None and (row.last_ok is None or heard > row.last_ok)


def _memory(source: SourceSettings, memory: Memory | None) -> Memory:
    """What is remembered of a source; nothing, if it was remembered of another address."""
    url = source.url or str(source.path)
    if memory is None or memory.configured != url:
        return Memory(configured=url, url=url)
    return memory
