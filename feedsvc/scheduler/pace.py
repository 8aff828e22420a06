"""The pace of a daemon's ticks: it is kept when the clock is set, and watched.

A task of its own looks once a second, by a clock that nobody sets: whether the time of day still
agrees with it (`clockwork.py`), and whether one tick follows another, for the watchdog of systemd.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feedsvc.app import App
from feedsvc.app.clockwork import is_believable
from feedsvc.errors import FeedsvcError
from feedsvc.scheduler.clockwork import Clockwork
from feedsvc.scheduler.notify import Notifier

log = logging.getLogger(__name__)

TICK = 1  # second
HEEDED = 60.0  # seconds between two looks for what the clock has left that others went by

STUCK = 3600.0  # seconds a tick may take before the watchdog is left to bark
LATE = 60.0  # seconds without any tick at all before that


class Pace:
    """Keeps the ticks going; `app` is that of the day, `is_at_work` whether a tick goes on."""

    def __init__(
        self, app: Callable[[], App], notifier: Notifier, *, is_at_work: Callable[[], bool]
    ) -> None:
        self._app = app
        self._notifier = notifier
        self._is_at_work = is_at_work
        self._began = 0.0  # the last tick, on the monotonic clock
        clock = app().clock
        self._clockwork = Clockwork(clock)
        self._heeded = clock.elapsed()
        self.unheeded = False
        """Whether the clock was set and the store does not know yet: nobody knows who is due."""

    def tick(self) -> None:
        """A tick begins."""
        self._began = time.monotonic()

    async def keep(self, scheduler: AsyncIOScheduler) -> None:
        """Let the ticks go on when the clock is set, by a clock that nobody sets."""
        while True:
            await asyncio.sleep(TICK)
            if self._ticks_are_alive():
                self._notifier.alive()
            try:
                self.heed()
                # Always, as a tick may have noticed it first: its next one was planned before that.
                if scheduler.running:
                    self._bring_forward(scheduler)
            except Exception as error:  # this has to go on, whatever happens
                log.debug("the clock was not heeded", exc_info=True)
                self._app().journal.trouble("daemon", "clock", f"unexpected: {error!r}")

    def _bring_forward(self, scheduler: AsyncIOScheduler) -> None:
        now = self._app().clock.now()
        for job in scheduler.get_jobs():
            due = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time > due:  # else it comes by itself: never put it off
                job.modify(next_run_time=due)

    def _ticks_are_alive(self) -> bool:
        """Whether the watchdog may rest: one tick follows another, or is at a long work still."""
        patience = STUCK if self._is_at_work() else LATE
        return time.monotonic() - self._began < patience

    def heed(self) -> None:
        """Let everybody wait on as before, if the clock was set.

        Looked for at every beat, as what is noted afterwards is of the new time already.
        """
        app = self._app()
        was_set = self._clockwork.was_set()
        self.unheeded |= was_set or not is_believable(app.clock.now())
        elapsed = app.clock.elapsed()
        if self.unheeded or elapsed - self._heeded >= HEEDED:
            try:
                app.heed_clock()
                self.unheeded, self._heeded = False, elapsed
                app.journal.trouble("daemon", "clock", None)
            except FeedsvcError as error:  # the store may be locked for a while, as at any tick
                app.journal.trouble("daemon", "clock", error.line)
