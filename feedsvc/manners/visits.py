"""When a remote source is asked again.

After a good answer there is no jitter: who writes `every = "15m"` and calls `sync` from cron every
15 minutes would lose each second visit to a due time some seconds late, and one some seconds early
is an early visit. What falls due together is spread by the turns in `web`. After a failure there is
jitter, since a server that comes back should not meet all at once those whom it turned away; but
not after the first one, which is visited again as if nothing had happened.

Times of day (`every = "0 6 * * *"`) stay what they are: what the source wishes, and the wait after
a failure, decide which of them is the next one.

Due times are whole seconds, as the store keeps them, rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feedsvc.manners.calendar import Calendar, Every, chance, fitting
from feedsvc.manners.rhythm import UNKNOWN, rhythm
from feedsvc.model import Pace, utc

MOST_ASKED = timedelta(days=7)
"""What a source may ask for, and how far beyond `every` it can move a visit."""

MOST_BACKED_OFF = timedelta(hours=24)
"""The longest wait after a failure, so that every source recovers by itself within a day."""

PUSHED = timedelta(hours=12)
"""Between two visits, at least, to a source whose hub tells us of news (WebSub)."""

GONE = timedelta(hours=24)  # between two visits to a source that says it is gone
NETWORK = timedelta(minutes=5)  # until the network is tried again

_JITTER = 0.1  # of the wait, forward only
_DOUBLINGS = 17  # a second becomes more than a day
_ASKS_TO_WAIT = frozenset({429, 503})  # RFC 6585 §4, RFC 9110 §15.6.4
_HOURS = frozenset(range(24))
_DAYS = frozenset(range(7))
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_NOTHING = timedelta()
_NO_PACE = Pace()


def next_visit(
    *,
    now: datetime,
    every: Every,
    pace: Pace = _NO_PACE,
    fresh: timedelta | None = None,
    published: Sequence[datetime] = (),
    began: datetime | None = None,
    pushed: bool = False,
) -> datetime:
    """When a source that answered well is asked again.

    After the longest of what the operator (`every`), the answer (`fresh`) and the document (`pace`)
    say, and outside the hours and days it wants to be left alone in. `published` are the times of
    its newest entries, for `auto`.

    The source's wishes count from its answer, `now`; `every` counts from when the run `began`, or
    a cron job at the same interval would come some seconds early each second time.

    A source is `pushed` whose hub tells us of news: then it is asked to be sure only.
    """
    asked = _wish(pace, fresh)
    if isinstance(every, Calendar):
        return _timely(every, pace, now, now + (max(asked, PUSHED) if pushed else asked))
    own = rhythm(published, now=now) if every == "auto" else every
    own = max(own, PUSHED) if pushed else own
    latest = _whole(now + own + MOST_ASKED)
    # No run begins after its answers: then the clock was put back in between.
    first = min(began or now, now)
    return min(_outside(pace, max(first + own, now + asked)), latest)


def spared(*, now: datetime, pace: Pace = _NO_PACE, fresh: timedelta | None = None) -> datetime:
    """Until when a source that answered well wants to be left alone, whatever its operator says."""
    return _whole(now + _wish(pace, fresh))


def _wish(pace: Pace, fresh: timedelta | None) -> timedelta:
    wishes = (fresh, pace.ttl, pace.every)
    return min(max(wish or _NOTHING for wish in wishes), MOST_ASKED)


def after_failure(
    *,
    now: datetime,
    every: Every,
    failures: int,
    seed: str,
    retry_after: timedelta | None = None,
    status: int | None = None,
    pace: Pace = _NO_PACE,
) -> datetime:
    """When a source that failed for the `failures`th time in a row is asked again.

    The wait doubles from `every` on, up to a day. `retry_after` is never cut short, and where it
    comes with a 429 or 503 it takes the place of the doubling: the server knows best. `seed` is the
    source's name; the jitter depends on nothing else.
    """
    own = min(_interval(every, now), MOST_BACKED_OFF)
    if status == 410:
        wait = GONE
    elif status in _ASKS_TO_WAIT and retry_after is not None:
        wait = own
    else:
        doublings = min(failures - 1, _DOUBLINGS)
        jitter = _JITTER * chance(seed) if doublings else 0.0
        room = MOST_BACKED_OFF / (1 + _JITTER)  # so that the longest waits are spread, too
        wait = max(own, min(own * 2**doublings, room) * (1 + jitter))
    if isinstance(every, Calendar):
        # The next time of day is one wait away; a longer wait passes some over.
        due = every.after(max(now, now + wait - own))
        return _timely(every, pace, now, max(due, now + (retry_after or _NOTHING)))
    if retry_after is not None:
        wait = max(wait, retry_after)
    return _outside(pace, now + wait)


def rest(pace: Pace, *, due: datetime | None, now: datetime) -> datetime | None:
    """Until when a source that is due is left alone after all; None if it may be asked.

    Whoever comes late to a visit, as cron does, may come into an hour that the source skips. A due
    time in such an hour stands: it was put off for a week already, or is of the time before.
    """
    if due is None or due > now or _outside(pace, due) != utc(_whole(due)):
        return None
    until = _outside(pace, now)
    return until if until > _whole(now) else None


def without_network(*, now: datetime, every: Every) -> datetime:
    """When to try again where nobody could be reached: soon, since no source is at fault."""
    return _whole(now + min(_interval(every, now), NETWORK))


def _interval(every: Every, now: datetime) -> timedelta:
    """What lies between two visits if nothing else is known."""
    if every == "auto":
        return UNKNOWN
    return every.gap(now) if isinstance(every, Calendar) else every


def _timely(calendar: Calendar, pace: Pace, now: datetime, earliest: datetime) -> datetime:
    """The first fitting time of day that is in no skipped hour or day.

    Where a week has none, the source is asked as soon after its time of day as it allows.
    """
    due = first = _whole(fitting(calendar, now, _whole(earliest)))
    while due <= first + MOST_ASKED:
        if (open_ := _outside(pace, due)) == due:
            return due
        due = fitting(calendar, now, open_)
    return _outside(pace, first)


def _outside(pace: Pace, moment: datetime) -> datetime:
    """The first moment from this on that is in no skipped hour or day, in UTC.

    A source that skips all hours or all days cannot mean it.
    """
    hours = pace.skip_hours if not pace.skip_hours >= _HOURS else frozenset()
    days = pace.skip_days if not pace.skip_days >= _DAYS else frozenset()
    moment = utc(_whole(moment))
    while moment.hour in hours or moment.weekday() in days:  # ends: one hour a week is open
        moment = moment.replace(minute=0, second=0) + _HOUR
    return moment


def _whole(moment: datetime) -> datetime:
    """Rounded up: a visit may be late by a part of a second, never early."""
    floor = moment.replace(microsecond=0)
    return floor if floor == moment else floor + _SECOND
