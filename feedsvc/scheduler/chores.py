"""The chores in the daemon: one at a time beside everything else, each at its time of day.

    look: due(now) -> names -> run(name), a task -> thread -> how it ended, in the store and told

Whether one is due is known without asking the store, so that a tick costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic

from feedsvc.app import App
from feedsvc.app.chores import Job, Plan, jobs_of
from feedsvc.errors import FeedsvcError
from feedsvc.ports import Chore
from feedsvc.store.halt import Halt, StoppedError

log = logging.getLogger(__name__)

PAUSE = 60.0
"""Seconds after a start in which nothing is made up for: first of all, readers get their feeds."""


_ASKING = 0.1  # seconds between two wishes to end


class Chores:
    """What is due of the jobs of one App, and runs it; made anew when the configuration is."""

    def __init__(self, app: App, *, jobs: Callable[[App], tuple[Job, ...]] = jobs_of) -> None:
        self._app = app
        self._jobs = {job.name: Plan(app, job) for job in jobs(app)}
        self._rest_until = app.clock.elapsed() + PAUSE
        self._known: dict[str, Chore] = {}
        self._dues: dict[str, datetime] | None = None  # None: not looked up yet
        self._looked: datetime | None = None
        self._under_way: str | None = None

    def due(self, now: datetime) -> tuple[str, ...]:
        """The job to do now; none while one is under way. Raises StoreError."""
        if self._dues is None or self._looked is None or now < self._looked:
            self._look_up(now)  # at the start, and when the clock was put back
        self._looked = now
        if self._under_way is not None or self._app.clock.elapsed() < self._rest_until:
            return ()
        assert self._dues is not None  # noqa: S101
        for name, due in list(self._dues.items()):
            if due <= now and self._schedule(name, now) <= now:
                return (name,)
        return ()

    async def run(self, name: str) -> None:
        """Do one job and note how it ended; cancelled, it ends in the middle and is due still.

        Raises StoreError if it cannot begin.
        """
        if self._under_way is not None:
            return
        plan, now = self._jobs[name], self._app.clock.now()
        known = self._app.store.chores().get(name)
        due = plan.due(known, now)
        if known is not None and due > now:
            # Another one has done it, for the configuration before this one.
            self._known[name] = known
            self._note_due(name, due)
            return
        self._under_way = name
        began = plan.begun(known, now)
        start = monotonic()
        wrong: str | None = None
        did = ""
        try:
            self._app.store.keep_chore(began)
            did = await self._do(plan.job)
        except (asyncio.CancelledError, StoppedError):
            self._keep(replace(began, due=now))
            raise
        except FeedsvcError as error:
            wrong = error.line
        except Exception as error:
            log.debug("%s failed", name, exc_info=True)
            wrong = f"unexpected: {error!r}"
        finally:
            self._under_way = None
        ended = plan.ended(began, seconds=monotonic() - start, wrong=wrong, did=did)
        self._keep(ended)
        self._tell(ended, did)

    async def _do(self, job: Job) -> str:
        if job.errand is not None:
            return await job.errand()
        assert job.work is not None  # noqa: S101
        halt = Halt()
        working = asyncio.create_task(asyncio.to_thread(job.work, halt))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            while not working.done():
                halt.ask()  # again, if its statement had not begun yet
                await asyncio.wait({working}, timeout=_ASKING)
            with suppress(Exception):
                working.result()
            raise

    # -- what is noted -----------------------------------------------------------------------------

    def _look_up(self, now: datetime) -> None:
        self._known = self._app.store.chores()
        self._dues = {}
        for name in self._jobs:
            self._schedule(name, now)

    def _schedule(self, name: str, now: datetime) -> datetime:
        """When a job is due, as the clock goes by now; noted if that is another time."""
        known = self._known.get(name)
        due = self._jobs[name].due(known, now)
        self._note_due(name, due)
        if known is None or due != known.due:
            self._keep(Chore(name=name, due=due) if known is None else replace(known, due=due))
        return due

    def _keep(self, one: Chore) -> None:
        self._known[one.name] = one
        if one.due is not None:
            self._note_due(one.name, one.due)
        try:
            self._app.store.keep_chore(one)
        except FeedsvcError as error:
            # It is known here; a process that begins anew does it once more.
            self._app.journal.trouble("maintenance", "schedule", error.line)
        else:
            self._app.journal.trouble("maintenance", "schedule", None)

    def _note_due(self, name: str, due: datetime) -> None:
        if self._dues is not None:
            self._dues[name] = due

    def _tell(self, ended: Chore, did: str) -> None:
        journal = self._app.journal
        if ended.outcome == "failed":
            journal.trouble("maintenance", ended.name, ended.reason)
            return
        journal.trouble("maintenance", ended.name, None)
        if did:
            numbers = {"seconds": ended.seconds}
            journal.happened("maintenance", did, subject=ended.name, fields=numbers)
