"""Times of day: when a source with `every = "0 6 * * *"` is asked.

The fields mean what they mean to cron(8) of Debian, also when clocks change: a time of day that is
skipped in spring comes as soon as there is a time again, and one that comes twice in autumn counts
once; with a `*` for minute or hour, the hours that pass count, not their names.

What falls due at a time of day is asked a little later by the daemon, each source at its own moment
(`spread`): else everybody who wrote `0 6 * * *` would knock in the same second. That is no part of
the due time: a `sync` that cron starts at six would else lose each visit to a due time at half a
minute past.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from feedsvc.model import utc
from feedsvc.settings import Cron
from feedsvc.settings import Every as Written

SPREAD = timedelta(minutes=1)
"""The most by which the daemon comes later than a time of day, or than the moment that `auto` says.

Enough that a host with a thousand of our sources sees some at a time, and nobody notices.
"""

SLACK = 10
"""A tenth of what lies between two times of day: how late a visit may be and still be that one."""

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Times of day in their time zone."""

    cron: Cron
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment."""
        return next_time(self.cron, self.zone, moment)

    def gap(self, moment: datetime) -> timedelta:
        """What lies between the two times after a moment."""
        first = self.after(moment)
        return self.after(first) - first


Every: TypeAlias = timedelta | Calendar | Literal["auto"]
"""How often a source is asked: at an interval, at times of day, or as often as it publishes."""


def every_of(written: Written, zone: ZoneInfo) -> Every:
    """What the configuration says, with the time zone in which it says it."""
    return Calendar(written, zone) if isinstance(written, Cron) else written


def next_time(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime:
    """The first of the times of day after `after`, in UTC."""
    from cronsim import CronSim  # few configurations name times of day

    moments = CronSim(cron.fields, after.astimezone(zone))
    # Where an hour comes twice, it begins with the first of both, whichever `after` lies in.
    return next(found for moment in moments if (found := utc(moment)) > after)


def look_after(every: timedelta | Calendar, now: datetime) -> datetime:
    """When a folder that was looked into now is looked into again."""
    return every.after(now) if isinstance(every, Calendar) else now + every


def fitting(calendar: Calendar, now: datetime, earliest: datetime) -> datetime:
    """The first time of day after `now` at which a source may be asked that wants to wait.

    A wish that ends shortly after a time of day delays that visit and does not lose it: a source
    whose answers stay fresh for a day is asked every day, not every second one.
    """
    due = calendar.after(now)
    if earliest <= due:
        return due
    following = calendar.after(earliest - _SECOND)
    slack = (calendar.after(following) - following) / SLACK
    delayed = calendar.after(max(now, earliest - slack - _SECOND)) <= earliest
    return earliest if delayed else following


def spread(due: datetime | None, every: Every, seed: str) -> timedelta:
    """How much later than `due` the daemon asks a source, and always the same for it."""
    if due is None or isinstance(every, timedelta):
        return timedelta()  # an interval counts from the visit before: it would grow by that
    if every == "auto":
        return SPREAD * chance(seed)
    if every.after(due - _SECOND) != due:
        return timedelta()  # its server named the time
    return min(SPREAD, (every.after(due) - due) / SLACK) * chance(seed)


def after_step(
    calendar: Calendar,
    *,
    due: datetime,
    spared: datetime | None,
    now: datetime,
    by: timedelta,
) -> datetime:
    """When a source is due once the clock was put forward `by` (or back), to `now`.

    Times of day are those of the clock as it goes now; but where six o'clock comes a second time,
    not within an hour, and not before the server that wants to be `spared` has had its peace.
    """
    if due + by <= now:
        return due + by  # it is overdue already
    following = calendar.after(now + min(due + by - now, _HOUR))
    free = now if spared is None else spared + by
    return following if free <= following else fitting(calendar, now, free)


def chance(seed: str) -> float:
    """From 0 to 1, and always the same for a source."""
    data = seed.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=4).digest()) / 2**32
