"""What the daemon does with one configuration: sync, build, and run errands when they are due.

A tick asks the store who is due, and starts that. What waits for others, visits of remote sources
and errands, goes on beside the ticks; what is done here, folders and builds, is awaited.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

from feedsvc.app import App, is_remote
from feedsvc.app.errands import Errand
from feedsvc.app.remote import Remotes
from feedsvc.errors import FeedsvcError, LockedError, NotFoundError
from feedsvc.manners import every_of, spread
from feedsvc.ports import SourceRow
from feedsvc.regenerate import RETRY, BuildOptions, due_feeds, others_due
from feedsvc.scheduler.chores import Chores
from feedsvc.scheduler.stirred import Stirred
from feedsvc.settings import Source
from feedsvc.store.halt import StoppedError
from feedsvc.sync import Options, SourceReport

log = logging.getLogger(__name__)

BUSY = 1.0  # seconds until a folder is looked into that somebody else is looking into


class Rounds:
    """The work for one App, which it closes at its end."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._journal = app.journal
        self._looked_at_all = False  # at the start the configuration or the files may be others
        # By `Clock.elapsed`, since the clock may be set:
        self._next_try = 0.0  # when a site without its page is built again
        self._next_visits = 0.0  # when remote sources are asked again
        self._at_end = AsyncExitStack()
        self._remotes: Remotes | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._visited: set[str] = set()  # sources that are being visited
        self._interrupted = False
        self._chores = Chores(app)
        self._chore: asyncio.Task[None] | None = None  # the one under way
        self._errands: dict[str, asyncio.Task[None]] = {}  # those under way, by their names
        self._stirred = Stirred(app.clock.elapsed)

    def stir(self, names: Iterable[str], *, after: float = 0.0) -> None:
        """Look into these folders, in so many seconds: something happened in them."""
        wait = self._stirred.note(names, after=after)
        asyncio.get_running_loop().call_later(wait, self.app.wake)

    async def look(self) -> None:
        """Do what is due, or start it."""
        # Each on its own: what keeps sources from being asked does not keep feeds from being built.
        await self._attempt("sources", self._sync_due)
        await self._attempt("building", self._build_due)
        await self._attempt("errands", self._errands_due)
        await self._attempt("maintenance", self._chores_due)
        self._journal.flush()

    def look_at_all(self) -> None:
        """Let the next look build whatever differs, as the first one does."""
        self._looked_at_all = False

    def interrupt(self) -> None:
        """Let a build that is under way end at the next feed; what it leaves is due still."""
        self._interrupted = True

    async def settle(self) -> None:
        """Wait for what is under way."""
        while under_way := self._under_way():
            await asyncio.wait(under_way)

    async def wind_down(self) -> None:
        """Wait for what is under way, and give everything back: another one has taken over."""
        await self.settle()
        await self._at_end.aclose()
        self.app.close()

    async def end(self, grace: float) -> None:
        """Stop what is under way between two steps, which loses nothing, and give it all back."""
        under_way = self._under_way()
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        await self._at_end.aclose()
        self._journal.flush()

    def _under_way(self) -> set[asyncio.Task[None]]:
        return {*self._visits, *self._errands.values(), *filter(None, [self._chore])}

    async def _attempt(self, who: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Do one thing; what goes wrong is told once. Returns whether it went well."""
        try:
            await step()
        except FeedsvcError as error:  # the store may be locked or the disk full for a while
            self._journal.trouble("daemon", who, error.line)
        except Exception as error:
            log.debug("%s failed", who, exc_info=True)
            self._journal.trouble("daemon", who, f"unexpected: {error!r}")
        else:
            self._journal.trouble("daemon", who, None)
            return True
        return False

    # -- sources -----------------------------------------------------------------------------------

    async def _sync_due(self) -> None:
        app = self.app
        lost, rows = app.due_sources()
        for name in sorted(lost):
            # A command that reads another configuration than ours has taken it out.
            gone = "is not in the configuration that another command has read"
            self._journal.trouble("sync", name, gone)
        stirred = self._stirred.ready()
        for name in stirred:
            if name not in rows:
                try:
                    rows[name] = app.store.source(name)
                except NotFoundError:  # taken out by another configuration
                    self._stirred.begin(name)
        remote = []
        for source in app.some_sources(rows):
            row, force = rows[source.name], source.name in stirred
            if app.why_not(source, row, force=force, by_hand=False) is not None:
                self._stirred.begin(source.name)  # it is paused
            elif is_remote(source):
                if self._is_its_turn(source, row):
                    remote.append(source)
            else:
                await self._look_into(source)
        await self._start_visits(remote, rows)

    def _is_its_turn(self, source: Source, row: SourceRow) -> bool:
        """Whether a source that is due is asked: not all in the second that calendars name."""
        due, every = row.next_due, source.every
        if due is None or every is None or isinstance(every, timedelta):
            return True
        if source.name in self.app.pinged:
            return True
        # Who else has this source, and the same calendar, is to come at another moment.
        seed = f"{self.app.settings.site.id_domain} {source.name}"
        wait = spread(due, every_of(every, source.timezone), seed)
        return self.app.clock.now() >= due + wait

    async def _look_into(self, source: Source) -> None:
        """Sync a source that lies here."""
        name = source.name
        began = self._stirred.begin(name)
        try:
            done = await self.app.sync(
                only=[name], force=True, build=False, options=Options(patient=False)
            )
        except LockedError:  # it is synced by hand just now: not ours to do
            self.stir([name], after=BUSY)
            return
        except FeedsvcError:
            self._stirred.note([name])
            raise
        self._stirred.end(name, began)
        quiet_in = next((report.quiet_in for report in done.sources), None)
        if quiet_in is not None:
            self.stir([name], after=quiet_in)

    async def _start_visits(self, due: Sequence[Source], rows: dict[str, SourceRow]) -> None:
        """Visit remote sources beside everything else: the slowest may take half a minute."""
        due = [source for source in due if source.name not in self._visited]
        if not due or self.app.clock.elapsed() < self._next_visits:
            return
        if self._remotes is None:
            self._remotes = await self._at_end.enter_async_context(self.app.remotes())
        asked = {source.name for source in due}  # by this visit, and not back yet
        self._visited |= asked
        self.app.pinged -= asked

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
            self.app.note_synced(reports)

        async def visit() -> None:
            await remotes.sync(due, rows, written=written)
            unheard = await self.app.tell(remotes)
            self._journal.trouble("daemon", "webhook", unheard.line if unheard else None)

        if not await self._attempt("visits", visit):
            # The store could not take what came of visits: to its sources, they never were. All of
            # them are due still, and would be asked anew at every tick while the disk is full.
            self._next_visits = self.app.clock.elapsed() + RETRY.total_seconds()

    # -- feeds -------------------------------------------------------------------------------------

    async def _build_due(self) -> None:
        app, now = self.app, self.app.clock.now()
        page = app.settings.publish.directory / "index.html"
        missing = not page.exists() and app.clock.elapsed() >= self._next_try
        due = due_feeds(app.store, app.settings.feeds, now)
        everything = missing or not self._looked_at_all
        if not (everything or due or others_due(app.press, now)):
            return
        # Only what is due: a feed that is held back has its own time to be tried again.
        options = BuildOptions(feeds=() if everything else due, verify=everything)
        # In a thread, so that signals and the server's supervisor are heard meanwhile. Only one
        # build runs at a time, which feedgen needs: it switches the process's locale.
        building = asyncio.create_task(asyncio.to_thread(app.regenerate, options, self._go_on))
        try:
            await asyncio.shield(building)
        except asyncio.CancelledError:
            with suppress(StoppedError):
                await building
            raise
        except StoppedError:
            return
        self._looked_at_all = True
        if not page.exists():  # it is held back, or there is no room: not again at every tick
            self._next_try = app.clock.elapsed() + RETRY.total_seconds()

    def _go_on(self, _what: str, _done: int, _all: int) -> None:
        """Asked by a build between two feeds."""
        if self._interrupted:
            # A StoreError: no guard around a single feed or page takes it for a fault of that one.
            raise StoppedError("was asked to end")

    # -- errands -----------------------------------------------------------------------------------

    async def _errands_due(self) -> None:
        """Do errands beside everything else, and beside one another: a hub may let us wait."""
        for errand in self.app.due_errands():
            if errand.name not in self._errands:
                self._errands[errand.name] = asyncio.create_task(self._run_errand(errand))

    async def _run_errand(self, errand: Errand) -> None:
        async def run() -> None:
            again = await self.app.run_errand(errand)
            self._looked_at_all = self._looked_at_all and not again

        try:
            await self._attempt(errand.name, run)
        finally:
            del self._errands[errand.name]

    # -- maintenance -------------------------------------------------------------------------------

    async def _chores_due(self) -> None:
        """Do what is due for the store, one after the other, beside everything else."""
        if self._chore is not None:
            return
        for name in self._chores.due(self.app.clock.now())[:1]:
            self._chore = asyncio.create_task(self._run_chore(name))

    async def _run_chore(self, name: str) -> None:
        async def run() -> None:
            await self._chores.run(name)

        try:
            await self._attempt(name, run)
        finally:
            self._chore = None
