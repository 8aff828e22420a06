"""Visits of remote sources beside everything else: the slowest may take half a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from contextlib import AsyncExitStack
from datetime import timedelta

from feedsvc.app import App
from feedsvc.app.remote import Remotes
from feedsvc.manners import every_of, spread
from feedsvc.ports import SourceRow
from feedsvc.regenerate import RETRY
from feedsvc.scheduler.attempt import attempt
from feedsvc.settings import Source
from feedsvc.sync import SourceReport


class Visits:
    """Those under way for one App, and the tools for them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._next = 0.0  # when sources are asked again, by `Clock.elapsed`: the clock may be set
        self._at_end = AsyncExitStack()
        self._remotes: Remotes | None = None
        self._visited: set[str] = set()  # sources that are being visited
        self.under_way: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give back the tools, once nothing is under way."""
        await self._at_end.aclose()

    def is_its_turn(self, source: Source, row: SourceRow) -> bool:
        """Whether a source that is due is asked: not all in the second that calendars name."""
        due, every = row.next_due, source.every
        if due is None or every is None or isinstance(every, timedelta):
            return True
        if source.name in self._app.pinged:
            return True
        # Who else has this source, and the same calendar, is to come at another moment.
        seed = f"{self._app.settings.site.id_domain} {source.name}"
        wait = spread(due, every_of(every, source.timezone), seed)
        return self._app.clock.now() >= due + wait

    async def start(self, due: Sequence[Source], rows: dict[str, SourceRow]) -> None:
        """Visit those that are not being visited already."""
        due = [source for source in due if source.name not in self._visited]
        if not due or self._app.clock.elapsed() < self._next:
            return
        if self._remotes is None:
            self._remotes = await self._at_end.enter_async_context(self._app.remotes())
        asked = {source.name for source in due}  # by this visit, and not back yet
        self._visited |= asked
        self._app.pinged -= asked

        def back(names: Set[str]) -> None:
            self._visited.difference_update(asked & names)
            asked.difference_update(names)

        visits = asyncio.create_task(self._visit(self._remotes, due, rows, back))
        self.under_way.add(visits)

        def done(task: asyncio.Task[None]) -> None:
            self.under_way.discard(task)
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
            self._app.note_synced(reports)

        async def visit() -> None:
            await remotes.sync(due, rows, written=written)
            unheard = await self._app.tell(remotes)
            self._app.journal.trouble("daemon", "webhook", unheard.line if unheard else None)

        if not await attempt(self._app.journal, "visits", visit):
            # The store could not take what came of visits: to its sources, they never were. All of
            # them are due still, and would be asked anew at every tick while the disk is full.
            self._next = self._app.clock.elapsed() + RETRY.total_seconds()
