"""`feedsvc run`: APScheduler decides when, the store knows who.

One light tick asks the store which sources and feeds are due; there is no job per source, so a
restart neither forgets nor doubles one, and a tick with nothing due costs a few short queries.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feedsvc.app import App, is_remote
from feedsvc.app.errands import Errand
from feedsvc.app.remote import Remotes
from feedsvc.errors import FeedsvcError, LockedError
from feedsvc.ports import SourceRow
from feedsvc.regenerate import (
    RETRY,
    BuildOptions,
    due_feeds,
    others_due,
)
from feedsvc.scheduler.telling import Teller
from feedsvc.settings import Source
from feedsvc.sync import Options, SourceReport

log = logging.getLogger(__name__)

# Without a handler Python prints warnings as they are: a build may take longer than a tick, which
# APScheduler warns of every time, and a fault is told by `tell`. `-v` and `--debug` show both.
for _logger in ("apscheduler", "feedsvc"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())

TICK = 1  # second
BREATH = 0.05  # seconds between being woken and looking
GRACE = 8.0  # seconds that work in flight has to come to an end when asked to stop


class Daemon:
    """Syncs what is due and builds what was touched, until it is stopped.

    `tell` is given one line for everything that happened and everything that went wrong.
    """

    def __init__(self, app: App, tell: Callable[[str], object]) -> None:
        self._app = app
        self._told = Teller(tell)
        self._stop = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._signal: int | None = None
        self._looked_at_all = False  # at the start the configuration or the files may be others
        self._next_try = app.clock.now()  # when a site without its page is built again
        self._next_visits = app.clock.now()  # when remote sources are asked again
        self._at_end = AsyncExitStack()
        self._remotes: Remotes | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._visited: set[str] = set()  # sources that are being visited
        self._errands: dict[str, asyncio.Task[None]] = {}  # those under way, by their names
        self._wake = asyncio.Event()

    async def run(self) -> int | None:
        """Work until SIGINT or SIGTERM; returns the signal that ended it.

        Raises LockedError when another daemon runs on this store.
        """
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=TICK),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        with self._alone(), self._signals_caught():
            waking = asyncio.create_task(self._look_when_woken())
            try:
                self._attend()
                await self._tick()
                with suppress(FeedsvcError):  # what is wrong with the store was told
                    self._told.state(self._app)
                scheduler.start()
                await self._stop.wait()
            finally:
                waking.cancel()
                if scheduler.running:
                    scheduler.shutdown(wait=False)
                await self._finish_work()
                await self._at_end.aclose()
        return self._signal

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._app.store.lock("daemon", timeout=0))
            except LockedError as error:
                raise LockedError(
                    "another `feedsvc run` is at work on this store", hint="stop it first"
                ) from error
            yield

    @contextmanager
    def _signals_caught(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def caught(number: int) -> None:
            self._signal = number
            self._stop.set()

        wanted = (signal.SIGINT, signal.SIGTERM)
        for number in wanted:
            loop.add_signal_handler(number, caught, number)
        try:
            yield
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)

    async def _tick(self) -> None:
        if self._stop.is_set() or self._work is not None:
            return
        self._work = asyncio.create_task(self._do_what_is_due())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({self._work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if self._work.done():
                self._work = None

    def _attend(self) -> None:
        try:
            self._app.attend(self._wake.set)
        except FeedsvcError as error:  # the store may be locked for a while, as at any tick
            self._told.once("daemon", error.line)

    async def _look_when_woken(self) -> None:
        """A tick at once, when somebody brought news: readers of a hub wait for no clock."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(BREATH)  # what comes in one go is one occasion
            self._wake.clear()
            while self._work is not None:
                await asyncio.wait({self._work})
                await asyncio.sleep(0)  # whoever waited for it as well notes that it is over
            await self._tick()

    async def _finish_work(self) -> None:
        """Let a build end; stop a sync between two batches, which loses nothing."""
        under_way = {*self._visits, *self._errands.values(), *filter(None, [self._work])}
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE)

    async def _do_what_is_due(self) -> None:
        # Each on its own: what keeps sources from being asked does not keep feeds from being built.
        steps = {
            "daemon": self._sync_due, "building": self._build_due, "errands": self._errands_due,
        }  # fmt: skip
        for who, step in steps.items():
            try:
                await step()
                self._told.once(who, None)
            except FeedsvcError as error:
                # The store may be locked or the disk full for a while: the next tick tries again.
                self._told.once(who, error.line)
            except Exception as error:
                log.debug("a tick failed", exc_info=True)
                self._told.once(who, f"unexpected: {error!r}")

    async def _sync_due(self) -> None:
        app = self._app
        names, rows = app.due_sources()
        for source in app.settings.sources:
            if source.name not in names:
                # A command that reads a newer configuration than ours has taken it out.
                changed = "is no longer configured: restart `feedsvc run`"
                self._told.once(source.name, changed)
        remote = []
        for source in app.some_sources(rows):
            if app.why_not(source, rows[source.name], by_hand=False) is not None:
                continue
            if is_remote(source):
                remote.append(source)
            else:
                options = Options(patient=False)
                with suppress(LockedError):  # it is synced by hand just now: not ours to do
                    synced = await app.sync(
                        only=[source.name], force=True, build=False, options=options
                    )
                    self._told.sources(synced.sources)

        await self._start_visits(remote, rows)

    async def _start_visits(self, due: Sequence[Source], rows: dict[str, SourceRow]) -> None:
        """Visit remote sources beside everything else: the slowest may take half a minute."""
        due = [source for source in due if source.name not in self._visited]
        if not due or self._app.clock.now() < self._next_visits:
            return
        if self._remotes is None:
            self._remotes = await self._at_end.enter_async_context(self._app.remotes())
        asked = {source.name for source in due}  # by this visit, and not back yet
        self._visited |= asked

        def back(names: Set[str]) -> None:
            self._visited.difference_update(asked & names)
            asked.difference_update(names)

        visits = asyncio.create_task(self._visit(self._remotes, due, rows, back))
        self._visits.add(visits)

        def done(task: asyncio.Task[None]) -> None:
            self._visits.discard(task)
            back(set(asked))

        visits.add_done_callback(done)

    async def _visit(
        self,
        remotes: Remotes,
        due: Sequence[Source],
        rows: dict[str, SourceRow],
        back: Callable[[Set[str]], None],
    ) -> None:
        def written(reports: Sequence[SourceReport]) -> None:
            back({report.name for report in reports})
            self._told.sources(reports)

        try:
            await remotes.sync(due, rows, written=written)
            self._told.once("visits", None)
            unheard = await self._app.tell(remotes)
            self._told.once("webhook", unheard.line if unheard else None)
        except FeedsvcError as error:
            self._visits_failed(error.line)
        except Exception as error:
            log.debug("visits failed", exc_info=True)
            self._visits_failed(f"unexpected: {error!r}")

    def _visits_failed(self, trouble: str) -> None:
        """The store could not take what came of visits: to its sources, they never were."""
        # All of them are due still, and would be asked anew at every tick while the disk is full.
        self._next_visits = self._app.clock.now() + RETRY
        self._told.once("visits", trouble)

    async def _build_due(self) -> None:
        app, now = self._app, self._app.clock.now()
        page = app.settings.publish.directory / "index.html"
        missing = not page.exists() and now >= self._next_try
        due = due_feeds(app.store, app.settings.feeds, now)
        everything = missing or not self._looked_at_all
        if not (everything or due or others_due(app.press, now)):
            return
        # Only what is due: a feed that is held back has its own time to be tried again.
        options = BuildOptions(feeds=() if everything else due, verify=everything)
        # In a thread, so that signals and the server's supervisor are heard meanwhile. Only one
        # build runs at a time, which feedgen needs: it switches the process's locale.
        building = asyncio.create_task(asyncio.to_thread(app.regenerate, options))
        try:
            built = await asyncio.shield(building)
        except asyncio.CancelledError:
            built = await building
        self._looked_at_all = True
        if not page.exists():  # it is held back, or there is no room: not again at every tick
            self._next_try = now + RETRY
        self._told.build(built)

    async def _errands_due(self) -> None:
        """Do errands beside everything else, and beside one another: a hub may let us wait."""
        for errand in self._app.due_errands():
            if errand.name not in self._errands:
                self._errands[errand.name] = asyncio.create_task(self._run_errand(errand))

    async def _run_errand(self, errand: Errand) -> None:
        try:
            again = await self._app.run_errand(errand)
            self._looked_at_all = self._looked_at_all and not again
            self._told.once(errand.name, None)
        except FeedsvcError as error:
            self._told.once(errand.name, error.line)
        except Exception as error:
            log.debug("an errand failed", exc_info=True)
            self._told.once(errand.name, f"unexpected: {error!r}")
        finally:
            del self._errands[errand.name]
