"""What a text says of a moment -> that moment in UTC; zones by their letters and offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feedsvc.text.timewords import ZONES

_EARLIEST, _LATEST = 1900, 2200


def as_utc(value: date | datetime, zone: ZoneInfo) -> datetime | None:
    """A date that YAML or TOML has read already, by the same rules; None for an absurd year."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    if not _EARLIEST <= value.year <= _LATEST:  # "0001-01-01" is a tool's word for "none"
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return aware.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a text says: a day, and perhaps a time of day and a zone."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    zone: tzinfo | None = None

    def moment(self, default: ZoneInfo) -> datetime | None:
        """That moment, by `default` where the text names no zone; None if there is none."""
        extra = timedelta()
        hour, second = self.hour, self.second
        if hour == 24 and self.minute == second == 0:  # ISO 8601: the end of the day
            hour, extra = 0, timedelta(days=1)
        if second == 60:  # a leap second, which datetime cannot hold
            second = 59
        try:
            local = datetime(  # noqa: DTZ001 - `as_utc` adds the zone
                self.year, self.month, self.day, hour, self.minute, second, self.microsecond
            )
            return as_utc((local + extra).replace(tzinfo=self.zone), default)
        except (ValueError, OverflowError):
            return None


def zone_of(name: str) -> tzinfo | None:
    """A zone by its letters or offset; None for one nobody knows, so that no hour is invented."""
    name = name.lower()
    known = ZONES.get(name)
    if isinstance(known, str):
        return place_of(known)
    if known is not None:
        return timezone(timedelta(hours=known))
    found = re.fullmatch(r"(?:utc|gmt)?([+-])([0-9]{1,2}):?([0-9]{2})?", name)
    if found is None:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found[1] == "-" else offset)


def place_of(name: str) -> ZoneInfo | None:
    """A zone by the name of its place: Europe/Berlin."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
