"""What the daemon does with one configuration: sync, build, and run errands when they are due.

A tick asks the store who is due, and starts that. What waits for others, visits of remote sources
(`visits.py`) and errands, goes on beside the ticks; what is done here, folders and builds
(`building.py`), is awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from feedsvc.app import App, is_remote
from feedsvc.app.due import why_not
from feedsvc.app.errands import Errand
from feedsvc.errors import FeedsvcError, LockedError, NotFoundError
from feedsvc.scheduler.attempt import attempt
from feedsvc.scheduler.building import Building
from feedsvc.scheduler.chores import Chores
from feedsvc.scheduler.stirred import Stirred
from feedsvc.scheduler.visits import Visits
from feedsvc.settings import Source
from feedsvc.sync import Options

BUSY = 1.0  # seconds until a folder is looked into that somebody else is looking into


class Rounds:
    """The work for one App, which it closes at its end."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._journal = app.journal
        self._visits = Visits(app)
        self._building = Building(app)
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
        await attempt(self._journal, "sources", self._sync_due)
        await attempt(self._journal, "building", self._building.build_due)
        await attempt(self._journal, "errands", self._errands_due)
        await attempt(self._journal, "maintenance", self._chores_due)
        self._journal.flush()

    def look_at_all(self) -> None:
        """Let the next look build whatever differs, as the first one does."""
        self._building.look_at_all()

    def interrupt(self) -> None:
        """Let a build that is under way end at the next feed; what it leaves is due still."""
        self._building.interrupt()

    async def settle(self) -> None:
        """Wait for what is under way."""
        while under_way := self._under_way():
            await asyncio.wait(under_way)

    async def wind_down(self) -> None:
        """Wait for what is under way, and give everything back: another one has taken over."""
        await self.settle()
        await self._visits.close()
        self.app.close()

    async def end(self, grace: float) -> None:
        """Stop what is under way between two steps, which loses nothing, and give it all back."""
        under_way = self._under_way()
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        await self._visits.close()
        self._journal.flush()

    def _under_way(self) -> set[asyncio.Task[None]]:
        return {*self._visits.under_way, *self._errands.values(), *filter(None, [self._chore])}

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
            now, offline = app.clock.now(), app.offline
            if why_not(source, row, now, force=force, by_hand=False, offline=offline) is not None:
                self._stirred.begin(source.name)  # it is paused
            elif is_remote(source):
                if self._visits.is_its_turn(source, row):
                    remote.append(source)
            else:
                await self._look_into(source)
        await self._visits.start(remote, rows)

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

    # -- errands -----------------------------------------------------------------------------------

    async def _errands_due(self) -> None:
        """Do errands beside everything else, and beside one another: a hub may let us wait."""
        for errand in self.app.due_errands():
            if errand.name not in self._errands:
                self._errands[errand.name] = asyncio.create_task(self._run_errand(errand))

    async def _run_errand(self, errand: Errand) -> None:
        async def run() -> None:
            if await self.app.run_errand(errand):
                self._building.look_at_all()

        try:
            await attempt(self._journal, errand.name, run)
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
            await attempt(self._journal, name, run)
        finally:
            self._chore = None
