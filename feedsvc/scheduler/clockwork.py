"""The clock of the machine as a daemon meets it: it is set, it is wrong at first, it sleeps.

APScheduler waits for a time of day. When the clock is put back by a year, that time is a year away;
when it is put forward, its own triggers count every second in between. So the tick is due a second
after it began last, whatever the time is called (`Beat`), and somebody who goes by a clock that
nobody sets looks whether the time of day still agrees with it (`Clockwork`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from feedsvc.app.clockwork import NOTICED, is_believable
from feedsvc.ports import Clock, Setting


class Beat(BaseTrigger):  # type: ignore[misc]  # APScheduler tells no types
    """Fires so many seconds from now, each time; what was missed is not made up for."""

    def __init__(self, seconds: float) -> None:
        self._wait = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous_fire_time: Any, now: datetime) -> datetime:
        """When it fires next."""
        return now + self._wait


class Clockwork:
    """Notices that the clock was set.

    A machine that sleeps for a week has not been set: that time has passed. And a clock that cannot
    be right is not followed there and back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._setting: float | None = None
        self.was_set()

    def was_set(self) -> bool:
        """Whether the clock was set since this was asked last."""
        if not is_believable(self._clock.now()):
            return False
        before, self._setting = self._setting, Setting.of(self._clock).ahead
        return before is not None and abs(self._setting - before) >= NOTICED
