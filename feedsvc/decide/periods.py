"""Days and weeks as a place's own clock has them: what an edition of a digest is about.

A period is told by its two midnights, never by its hours: a day has 23 or 25 of them when the clock
is changed, and none at all where a country crosses the date line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

Rhythm: TypeAlias = Literal["daily", "weekly"]

_DAY = timedelta(days=1)
_SAFE = timedelta(days=14)  # from the ends of the calendar, where zones and weeks reach beyond it


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day, or a week from Monday to Sunday."""

    name: str  # 2025-03-05, 2025-W10 (ISO 8601)
    first: date
    last: date
    start: datetime  # in UTC; the first moment of its first day
    end: datetime  # the first moment after it

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in it."""
        return self.start <= moment < self.end


def period_at(moment: datetime, rhythm: Rhythm, zone: ZoneInfo) -> Period:
    """The period that `moment` lies in."""
    edge = datetime.min.replace(tzinfo=UTC) + _SAFE, datetime.max.replace(tzinfo=UTC) - _SAFE
    moment = min(max(moment, edge[0]), edge[1])
    found = _period(moment.astimezone(zone).date(), rhythm, zone)
    # Where a clock is put back across midnight, one day's name is heard twice.
    if moment < found.start:
        return _period(found.first - _DAY, rhythm, zone)
    if moment >= found.end:
        return _period(found.last + _DAY, rhythm, zone)
    return found


def _period(day: date, rhythm: Rhythm, zone: ZoneInfo) -> Period:
    if rhythm == "daily":
        first = last = day
        name = day.isoformat()
    else:
        first = day - day.weekday() * _DAY
        last = first + 6 * _DAY
        year, week, _ = first.isocalendar()
        name = f"{year:04}-W{week:02}"
    start, end = _midnight(first, zone), _midnight(last + _DAY, zone)
    return Period(name=name, first=first, last=last, start=start, end=end)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day.

    PEP 495: of a midnight that comes twice, `fold=0` is the first one. One that is left out, where
    the clock is put forward at it, is read with the offset before: the moment of the change.
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
