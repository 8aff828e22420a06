"""A clock that was set: what was noted by it before is to mean the same wait as ever.

    mend      at the start of every run, and now and then: it went back while nobody looked
    stepped   a daemon saw it happen, and knows by how much

A clock that cannot be right, as that of a small machine before it has asked for the time, is waited
for: what came in meanwhile would bear its dates for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from feedsvc.errors import ClockError
from feedsvc.manners import Calendar, after_step
from feedsvc.ports import Asked, Clock
from feedsvc.settings import Cron, Settings

if TYPE_CHECKING:
    from feedsvc.store import SqlStore

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
            f"the clock of this machine says {now:%Y-%m-%d %H:%M}",
            hint="set it; until then nothing is asked or published",
        )


def mend(settings: Settings, store: SqlStore, clock: Clock) -> bool:
    """Let what a clock that was ahead has noted wait from now on; returns whether there was any."""
    now = clock.now()
    if not store.is_ahead(now):
        return False
    store.anchor(now, _dues(settings, store, now, lambda one: min(now - one.asked, timedelta())))
    return True


def stepped(settings: Settings, store: SqlStore, clock: Clock, by: timedelta) -> None:
    """Let everybody wait on as long as before the clock was put forward `by`, or back."""
    now = clock.now()
    store.shift(by, now, _dues(settings, store, now, lambda _: by))


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
            asked=one.asked,
            due=one.due,
            now=now,
            by=moved,
        )
        for name, one in store.asked(frozenset(calendars)).items()
        if (moved := by(one))
    }
