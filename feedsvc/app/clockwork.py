"""A clock that was set: what was noted by it before is to mean the same wait as ever.

How the clock is set is noted beside that. While the machine runs on, a second clock that nobody
sets tells by how much it was put forward or back, even between two runs. After a start of the
machine nobody knows that; but what was noted ahead of the clock shows that it went back.

A clock that cannot be right, as that of a small machine before it has asked for the time, is waited
for: what came in meanwhile would bear its dates for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from feedsvc.errors import ClockError
from feedsvc.manners import Calendar, after_step
from feedsvc.ports import Asked, Clock, Setting
from feedsvc.settings import Cron, Settings

if TYPE_CHECKING:
    from feedsvc.store import SqlStore

NOTICED = 1.0
"""Seconds by which a clock is set at least; less is only put right."""

BELIEVED_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""A clock that says less was not set since its machine was switched on."""


def is_believable(now: datetime) -> bool:
    """Whether it may be as late as that."""
    return now >= BELIEVED_SINCE


def check_clock(clock: Clock) -> None:
    """Raise ClockError for a clock that nothing can be dated by."""
    now = clock.now()
    if not is_believable(now):
        raise ClockError(
            f"the clock of this machine says that it is {now:%Y}",
            hint="set it; until then nothing is asked or published",
        )


def heed(settings: Settings, store: SqlStore, clock: Clock) -> str | None:
    """Look whether the clock was set since anybody looked, and let everybody wait on as before.

    Returns what is to be told of it; raises ClockError.
    """
    check_clock(clock)
    now, setting, known = clock.now(), Setting.of(clock), store.clock_setting()
    if known is not None and known.boot == setting.boot:
        by = timedelta(seconds=round(setting.ahead - known.ahead))
        if abs(setting.ahead - known.ahead) >= NOTICED:
            dues = _dues(settings, store, now, lambda _: by)
            if not store.shift(by, now, dues, known=known, setting=setting):
                return None  # another process has done it meanwhile
            way = "forward" if by > timedelta() else "back"
            return f"the clock was put {way} by {abs(by)}: what waits, waits on as before"
    else:
        store.keep_setting(setting, now)
    if not store.is_ahead(now):
        return None
    store.anchor(now, _dues(settings, store, now, lambda one: min(now - one.asked, timedelta())))
    return "the clock was ahead: what was due by it is due anew"


def _dues(
    settings: Settings, store: SqlStore, now: datetime, by: Callable[[Asked], timedelta]
) -> dict[str, datetime]:
    """The sources that are due at times of day, and when they are by the clock as it goes now.

    `by` tells how far the clock was put forward since a source was asked.
    """
    calendars = {
        one.name: Calendar(one.every, one.timezone)
        for one in settings.sources
        if isinstance(one.every, Cron)
    }
    if not calendars:
        return {}
    return {
        name: after_step(
            calendars.get(name) or calendars[one.parent or ""],
            due=one.due,
            spared=one.spared,
            now=now,
            by=moved,
        )
        for name, one in store.asked(frozenset(calendars)).items()
        if (moved := by(one))
    }
