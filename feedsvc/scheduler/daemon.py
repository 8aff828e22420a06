"""The life of `feedsvc run`: its ticks, its configuration, its end.

One light tick asks the store which sources and feeds are due; there is no job per source, so a
restart neither forgets nor doubles one, and a tick with nothing due costs a few short queries.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feedsvc.app import App
from feedsvc.app.inside import answer
from feedsvc.errors import FeedsvcError, LockedError
from feedsvc.ports import Call, Reply
from feedsvc.scheduler.beside import Serve, ServerBeside
from feedsvc.scheduler.clockwork import Beat
from feedsvc.scheduler.folders import Folders, watchable
from feedsvc.scheduler.notify import Notifier
from feedsvc.scheduler.pace import TICK, Pace
from feedsvc.scheduler.reloading import (
    ConfigFile,
    Load,
    check_same_place,
    check_store,
    removed_sources,
)
from feedsvc.scheduler.remark import leave_remark, other_one, size_of, take_remark_back, tell_state
from feedsvc.scheduler.rounds import Rounds
from feedsvc.scheduler.signals import caught

log = logging.getLogger(__name__)

T = TypeVar("T")

# Without a handler Python prints warnings as they are: a build may take longer than a tick, which
# APScheduler warns of every time, and a fault is told by the journal. `-v` and `--debug` show both.
for _logger in ("apscheduler", "feedsvc"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())

BREATH = 0.05  # seconds between being woken and looking
GRACE = 7.0  # seconds that work in flight has to come to an end when asked to stop

_PATIENCE = 0.5  # seconds: `status` holds the lock for a moment to see whether anybody does


class Daemon:
    """Syncs what is due and builds what was touched, until it is stopped.

    What happens is told to those who listen to the journal of `app`. `load` reads the
    configuration anew, `serve` starts the server of the output directory; without them there is no
    reload and no server.
    """

    def __init__(
        self,
        app: App,
        *,
        load: Load | None = None,
        serve: Serve | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._notifier = notifier or Notifier()
        self._rounds = Rounds(app)
        self._load = load
        self._server = ServerBeside(serve, self._desk, self._of_server)
        self._file = ConfigFile(app.settings.path)
        self._reload_asked = False
        self._retiring: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._signal: int | None = None
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._folders = Folders(self._in_loop(self._stir), self._in_loop(self._not_watched))
        self._pace = Pace(
            lambda: self._app, self._notifier, is_at_work=lambda: self._work is not None
        )

    @property
    def _app(self) -> App:
        return self._rounds.app

    @property
    def is_busy(self) -> bool:
        """Whether a build is still under way when `run` has returned.

        It is the work of a thread, which only the end of the process ends; it leaves what a kill
        leaves, and the next build goes on from there.
        """
        return self._work is not None and not self._work.done()

    async def run(self) -> int | None:
        """Work until SIGINT or SIGTERM; returns the signal that ended it.

        Raises LockedError when another daemon runs on this store.
        """
        self._loop = asyncio.get_running_loop()
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_job(
            self._tick,
            Beat(TICK),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        with self._alone(), caught(self._end_asked, self._reload_wanted):
            await self._server.start(self._app.settings)
            waking = asyncio.create_task(self._look_when_woken())
            pacing = asyncio.create_task(self._pace.keep(scheduler))
            try:
                # Before the first build, which may take minutes: what was published is served.
                self._notifier.ready(size_of(self._app))
                leave_remark(self._app)
                self._attend()
                await self._tick()
                tell_state(self._app)
                scheduler.start()
                await self._stop.wait()
            finally:
                waking.cancel()
                pacing.cancel()
                self._folders.end()
                if scheduler.running:
                    scheduler.shutdown(wait=False)
                await self._end()
        return self._signal

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._app.store.lock("daemon", timeout=_PATIENCE))
            except LockedError as error:
                raise LockedError(
                    f"another `feedsvc run` is at work on this store{other_one(self._app)}",
                    hint="stop it first; `feedsvc sync` beside it is safe",
                ) from error
            yield

    def _end_asked(self, number: int) -> None:
        self._signal = number
        self._stop.set()

    def _reload_wanted(self) -> None:
        self._reload_asked = True
        self._wake.set()

    # -- ticks -------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        if self._stop.is_set() or self._work is not None:
            return
        self._pace.tick()
        self._work = asyncio.create_task(self._guarded())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({self._work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if self._work.done():
                self._work = None

    async def _guarded(self) -> None:
        """A tick; what goes wrong in one that nobody foresaw is told, and the next one begins."""
        try:
            await self._do_what_is_due()
        except Exception as error:
            log.debug("a tick failed", exc_info=True)
            self._app.journal.trouble("daemon", "tick", f"unexpected: {error!r}")
        else:
            self._app.journal.trouble("daemon", "tick", None)

    async def _do_what_is_due(self) -> None:
        began = time.monotonic()
        if self._load is not None and (self._reload_asked or self._file.changed()):
            await self._reload(self._load)
        if not self._has_its_store():
            return
        self._pace.heed()
        if not self._pace.unheeded:  # else nobody knows who is due
            self._folders.watch(watchable(self._app.settings))
            self._app.watched = self._folders.trusted
            await self._rounds.look()
        self._app.metrics.ticked(time.monotonic() - began)

    def _has_its_store(self) -> bool:
        """Whether the store is in its place: what is written to a file that was moved is lost."""
        journal = self._app.journal
        try:
            check_store(self._app.store.whereabouts())
        except FeedsvcError as error:
            journal.trouble("daemon", "store", error.line)
            return False
        journal.trouble("daemon", "store", None)
        return True

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

    # -- folders -----------------------------------------------------------------------------------

    def _in_loop(self, heard: Callable[[T], None]) -> Callable[[T], object]:
        """For another thread: what is told there is heard here."""

        def tell(told: T) -> None:
            with suppress(RuntimeError):  # the end: nobody is here any more
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(heard, told)

        return tell

    def _stir(self, names: Collection[str]) -> None:
        self._rounds.stir(names)

    def _not_watched(self, refused: str | None) -> None:
        self._app.journal.trouble("daemon", "folders", refused)

    # -- the server --------------------------------------------------------------------------------

    async def _desk(self, call: Call) -> Reply:
        """What is asked at the server is answered by the App of the day."""
        return await answer(self._app, call)

    def _of_server(self, event: str) -> None:
        self._app.journal.happened("server", event, level="warning")

    # -- the configuration -------------------------------------------------------------------------

    async def _reload(self, load: Load) -> None:
        """Go on with what the configuration says now; what is broken changes nothing."""
        self._notifier.reloading()
        self._reload_asked = False
        self._file.read()
        journal, old = self._app.journal, self._app.settings
        app: App | None = None
        try:
            settings = load()
            check_same_place(old, settings)
            check_store(self._app.store.whereabouts(), anew=True)
            app = self._app.renewed(settings)
            await self._server.renew(old, settings)
        except Exception as error:
            log.debug("the configuration", exc_info=True)
            why = str(error) if isinstance(error, FeedsvcError) else f"unexpected: {error!r}"
            if app is not None:
                app.close()
            journal.trouble("daemon", "configuration", f"not taken over: {why}")
            self._app.metrics.reloaded(ok=False)
            leave_remark(self._app, refused=why)
            size = size_of(self._app)
            self._notifier.ready(f"{size}; a new configuration was refused")
            return
        journal.trouble("daemon", "configuration", None)
        app.metrics.reloaded(ok=True)
        for name in removed_sources(old, settings):
            journal.happened(
                "daemon",
                "is no longer configured: its articles stay in the store and leave the feeds",
                subject=name,
                level="warning",
            )
        journal.happened("daemon", "the configuration was read again")
        retired, self._rounds = self._rounds, Rounds(app)
        self._file = ConfigFile(settings.path)
        self._attend()
        leave_remark(self._app)
        self._notifier.ready(size_of(self._app))
        retiring = asyncio.create_task(self._retire(retired))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)

    async def _retire(self, rounds: Rounds) -> None:
        """Let what the former configuration has begun come to its end."""
        await rounds.wind_down()
        # What it stored meanwhile has marked the feeds of the former configuration.
        self._rounds.look_at_all()

    def _attend(self) -> None:
        try:
            self._app.attend(self._wake.set)
        except FeedsvcError as error:  # the store may be locked for a while, as at any tick
            self._app.journal.trouble("daemon", "hubs", error.line)

    # -- the end -----------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Let a build come to its end; stop a sync between two batches, which loses nothing."""
        self._notifier.stopping()
        deadline = time.monotonic() + GRACE
        self._app.journal.happened("daemon", "ending")
        serving = asyncio.create_task(self._server.stop())
        if self._work is not None:
            self._rounds.interrupt()
            self._work.cancel()
            await asyncio.wait({self._work}, timeout=GRACE)
        for retiring in self._retiring:
            retiring.cancel()
        await self._rounds.end(max(deadline - time.monotonic(), 0.1))
        await serving
        take_remark_back(self._app)
