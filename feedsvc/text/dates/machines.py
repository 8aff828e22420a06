"""Dates as programs write them, by their shape: ISO 8601, RFC 5322, week dates."""

from __future__ import annotations

import re
from datetime import datetime

from feedsvc.text.dates.stated import Stated, place_of, zone_of
from feedsvc.text.timewords import MONTHS

# What most programs write; Python reads it alone, at a fifth of the cost, to the same moment.
_HOURS = r"[+-](?:0[0-9]|1[0-4])"
_USUAL_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    rf"(?:[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:Z|{_HOURS}:?[0-5][0-9])?)?"
)
_USUAL_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) "
    rf"(GMT|{_HOURS}[0-5][0-9])"
)
_USUAL_MONTHS = {
    name.title(): f"{MONTHS[name]:02}"
    for name in "jan feb mar apr may jun jul aug sep oct nov dec".split()
}


def usual(value: str) -> str | None:
    """A date of one of the two usual shapes in that of ISO 8601, which Python reads by itself."""
    if _USUAL_ISO.fullmatch(value) is not None:
        return value
    found = _USUAL_MAIL.fullmatch(value)
    if found is None:
        return None
    day, name, year, time, zone = found.groups()
    month = _USUAL_MONTHS.get(name)
    return f"{year}-{month}-{day}T{time}{'Z' if zone == 'GMT' else zone}" if month else None


_OFFSET = r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:(?:[Tt_]|[ ]+)(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    rf"(?:[ ]?{_OFFSET})?(?:\[(?P<name>[A-Za-z0-9_+/-]{{1,40}})\])?)?"  # RFC 9557 §4.1
)
_COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:[Tt]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    rf"(?:(?P<second>[0-9]{{2}})(?:[.,](?P<fraction>[0-9]{{1,12}}))?)?{_OFFSET}?)?"
)
_RFC5322 = re.compile(
    r"(?:[A-Za-z]{3},[ ]?)?(?P<day>[0-9]{1,2})[ ](?P<month>[A-Za-z]{3})[ ](?P<year>[0-9]{4})[ ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"[ ](?P<zone>[A-Za-z]{1,5}|[+-][0-9]{4})"
)
_WEEK = re.compile(r"[0-9]{4}-?W[0-9]{2}-?[1-7](?:T.+)?")


def iso(value: str) -> Stated | None:
    """ISO 8601 with a day, and with RFC 9557's name of a zone."""
    found = _ISO.fullmatch(value) or _COMPACT.fullmatch(value)
    if found is None:
        return None
    part = found.groupdict()
    zone = zone_of(part["zone"]) if part["zone"] else None
    if zone is None and part.get("name"):
        zone = place_of(part["name"])
        if zone is None:
            return None
    return Stated(
        year=int(part["year"]),
        month=int(part["month"]),
        day=int(part["day"]),
        hour=int(part["hour"] or 0),
        minute=int(part["minute"] or 0),
        second=int(part["second"] or 0),
        microsecond=int(((part["fraction"] or "") + "000000")[:6]),
        zone=zone,
    )


def rfc5322(value: str) -> Stated | None:
    """The form of mails and of RSS, with any zone that has letters we know."""
    found = _RFC5322.fullmatch(value)
    if found is None:
        return None
    month, zone = MONTHS.get(found["month"].lower()), zone_of(found["zone"].lower())
    if month is None or zone is None:
        return None
    return Stated(
        year=int(found["year"]),
        month=month,
        day=int(found["day"]),
        hour=int(found["hour"]),
        minute=int(found["minute"]),
        second=int(found["second"] or 0),
        zone=zone,
    )


def week(value: str) -> Stated | None:
    """ISO 8601 with a week and a day of it: 2025-W10-3."""
    if not _WEEK.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return Stated(
        year=found.year,
        month=found.month,
        day=found.day,
        hour=found.hour,
        minute=found.minute,
        second=found.second,
        microsecond=found.microsecond,
        zone=found.tzinfo,
    )
