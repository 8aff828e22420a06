"""The life of `feedsvc run`: its lock, its signals, its ticks, its configuration, its end.

One light tick asks the store which sources and feeds are due; there is no job per source, so a
restart neither forgets nor doubles one, and a tick with nothing due costs a few short queries.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feedsvc import __version__
from feedsvc.app import App
from feedsvc.app.clockwork import is_believable
from feedsvc.app.inside import answer
from feedsvc.errors import FeedsvcError, LockedError
from feedsvc.model import iso_utc
from feedsvc.ports import DAEMON, Call, Desk, Reply
from feedsvc.scheduler.clockwork import Beat, Clockwork
from feedsvc.scheduler.folders import Folders, watchable
from feedsvc.scheduler.notify import Notifier
from feedsvc.scheduler.reloading import (
    ConfigFile,
    Load,
    check_same_place,
    check_store,
    listed,
    removed_sources,
)
from feedsvc.scheduler.rounds import Rounds
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

# Without a handler Python prints warnings as they are: a build may take longer than a tick, which
# APScheduler warns of every time, and a fault is told by the journal. `-v` and `--debug` show both.
for _logger in ("apscheduler", "feedsvc"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())

TICK = 1  # second
BREATH = 0.05  # seconds between being woken and looking
HEEDED = 60.0  # seconds between two looks for what the clock has left that others went by
GRACE = 7.0  # seconds that work in flight has to come to an end when asked to stop

STUCK = 3600.0  # seconds a tick may take before the watchdog is left to bark
LATE = 60.0  # seconds without any tick at all before that

_PATIENCE = 0.5  # seconds: `status` holds the lock for a moment to see whether anybody does


class Server(Protocol):
    """The server beside the daemon, as far as it is ours to end."""

    async def stop(self) -> None:
        """Answer no more, and give the address back."""
        ...


Serve = Callable[[Settings, Desk, Callable[[str], object]], Awaitable[Server]]
"""Starts a server for these settings, which tells its events; ConfigError if it cannot listen."""


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
        self._serve = serve
        self._server: Server | None = None
        self._file = ConfigFile(app.settings.path)
        self._reload_asked = False
        self._retiring: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._began = 0.0  # on the monotonic clock: what is under way
        self._signal: int | None = None
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._folders = Folders(self._in_loop(self._stir), self._in_loop(self._not_watched))
        self._clockwork = Clockwork(app.clock)
        self._unheeded = False  # the clock was set, and the store does not know yet
        self._heeded = app.clock.elapsed()

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
        with self._alone(), self._signals_caught():
            if self._serve is not None:
                self._server = await self._serve(self._app.settings, self._desk, self._of_server)
            waking = asyncio.create_task(self._look_when_woken())
            pacing = asyncio.create_task(self._keep_pace(scheduler))
            try:
                # Before the first build, which may take minutes: what was published is served.
                self._notifier.ready(self._size())
                self._leave_remark()
                self._attend()
                await self._tick()
                with suppress(FeedsvcError):  # what is wrong with the store was told
                    self._tell_state()
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
                    f"another `feedsvc run` is at work on this store{_by(self._app)}",
                    hint="stop it first; `feedsvc sync` beside it is safe",
                ) from error
            yield

    @contextmanager
    def _signals_caught(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def ended(number: int) -> None:
            self._signal = number
            self._stop.set()

        def asked_to_reload() -> None:
            self._reload_asked = True
            self._wake.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended, number)
        loop.add_signal_handler(signal.SIGHUP, asked_to_reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})  # see `cli/run.py`
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(number)

    # -- ticks -------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        if self._stop.is_set() or self._work is not None:
            return
        self._began = time.monotonic()
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
        self._heed_clock()
        if not self._unheeded:  # else nobody knows who is due
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

    # -- the clock ---------------------------------------------------------------------------------

    async def _keep_pace(self, scheduler: AsyncIOScheduler) -> None:
        """Let the ticks go on when the clock is set, by a clock that nobody sets."""
        while True:
            await asyncio.sleep(TICK)
            if self._ticks_are_alive():
                self._notifier.alive()
            try:
                if self._heed_clock() and scheduler.running:
                    self._bring_forward(scheduler)
            except Exception as error:  # this has to go on, whatever happens
                log.debug("the clock was not heeded", exc_info=True)
                self._app.journal.trouble("daemon", "clock", f"unexpected: {error!r}")

    def _bring_forward(self, scheduler: AsyncIOScheduler) -> None:
        now = self._app.clock.now()
        for job in scheduler.get_jobs():
            due = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time > due:  # else it comes by itself: never put it off
                job.modify(next_run_time=due)

    def _ticks_are_alive(self) -> bool:
        """Whether the watchdog may rest: one tick follows another, or is at a long work still."""
        patience = STUCK if self._work is not None else LATE
        return time.monotonic() - self._began < patience

    def _heed_clock(self) -> bool:
        """Let everybody wait on as before, if the clock was set; returns whether it was.

        Looked for at every beat, as what is noted afterwards is of the new time already.
        """
        app = self._app
        was_set = self._clockwork.was_set()
        self._unheeded = self._unheeded or was_set or not is_believable(app.clock.now())
        elapsed = app.clock.elapsed()
        if self._unheeded or elapsed - self._heeded >= HEEDED:
            try:
                app.heed_clock()
                self._unheeded, self._heeded = False, elapsed
                app.journal.trouble("daemon", "clock", None)
            except FeedsvcError as error:  # the store may be locked for a while, as at any tick
                app.journal.trouble("daemon", "clock", error.line)
        return was_set or self._unheeded

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

    def _attend(self) -> None:
        try:
            self._app.attend(self._wake.set)
        except FeedsvcError as error:  # the store may be locked for a while, as at any tick
            self._app.journal.trouble("daemon", "hubs", error.line)

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
            await self._serve_anew(old, settings)
        except Exception as error:
            log.debug("the configuration", exc_info=True)
            why = str(error) if isinstance(error, FeedsvcError) else f"unexpected: {error!r}"
            if app is not None:
                app.close()
            journal.trouble("daemon", "configuration", f"not taken over: {why}")
            self._app.metrics.reloaded(ok=False)
            self._leave_remark(refused=why)
            self._notifier.ready(f"{self._size()}; a new configuration was refused")
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
        self._leave_remark()
        self._notifier.ready(self._size())
        retiring = asyncio.create_task(self._retire(retired))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)

    async def _serve_anew(self, old: Settings, new: Settings) -> None:
        """Another server, if what it is told is different."""
        if self._serve is None or (self._server is not None and _served(old) == _served(new)):
            return
        if old.server.listen == new.server.listen and self._server is not None:
            # Only one can listen there: if the new one fails, the old one comes back.
            # If that fails too, there is none, and the next reload starts one.
            former, self._server = self._server, None
            await former.stop()
            try:
                self._server = await self._serve(new, self._desk, self._of_server)
            except FeedsvcError:
                self._server = await self._serve(old, self._desk, self._of_server)
                raise
            return
        before = self._server
        self._server = await self._serve(new, self._desk, self._of_server)
        if before is not None:
            await before.stop()

    async def _retire(self, rounds: Rounds) -> None:
        """Let what the former configuration has begun come to its end."""
        await rounds.wind_down()
        # What it stored meanwhile has marked the feeds of the former configuration.
        self._rounds.look_at_all()

    # -- how it is ---------------------------------------------------------------------------------

    def _size(self) -> str:
        settings = self._app.settings
        return f"{len(settings.sources)} sources, {len(settings.feeds)} feeds"

    def _tell_state(self) -> None:
        """What is published, so that a start without any news does not look like a failure."""
        configured = {feed.name for feed in self._app.settings.feeds}
        rows = [row for row in self._app.store.feeds() if row.name in configured]
        feeds = listed(f"{row.name} ({row.entries})" for row in rows)
        self._app.journal.happened("daemon", f"feeds, with their entries: {feeds}")

    def _leave_remark(self, *, refused: str | None = None) -> None:
        """Leave for other commands how this daemon is."""
        app, now = self._app, self._app.clock.now()
        try:
            known = app.store.remark(DAEMON)
            mine = known is not None and known[0].get("pid") == os.getpid()
            began = known[0]["began"] if known is not None and mine else iso_utc(now)
            value = {
                "pid": os.getpid(),
                "version": __version__,
                "began": began,
                "configuration": str(app.settings.path),
                "refused": refused,
            }
            app.store.leave_remark(DAEMON, value, now)
        except FeedsvcError as error:
            app.journal.trouble("daemon", "store", error.line)

    # -- the end -----------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Let a build come to its end; stop a sync between two batches, which loses nothing."""
        self._notifier.stopping()
        deadline = time.monotonic() + GRACE
        self._app.journal.happened("daemon", "ending")
        serving = asyncio.create_task(self._server.stop()) if self._server is not None else None
        if self._work is not None:
            self._rounds.interrupt()
            self._work.cancel()
            await asyncio.wait({self._work}, timeout=GRACE)
        for retiring in self._retiring:
            retiring.cancel()
        await self._rounds.end(max(deadline - time.monotonic(), 0.1))
        if serving is not None:
            await serving
        with suppress(FeedsvcError):
            self._app.store.leave_remark(DAEMON, None, self._app.clock.now())


def _served(settings: Settings) -> tuple[object, ...]:
    return settings.server, settings.publish.directory


def _by(app: App) -> str:
    """The process that holds the store, as far as it says so."""
    with suppress(FeedsvcError):
        known = app.store.remark(DAEMON)
        if known is not None:
            return f" (process {known[0].get('pid')})"
    return ""
