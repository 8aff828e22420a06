"""What RFC 9110 makes of a request's headers, as pure functions for `app.py`.

Four questions, in the order they are asked: which coding may be sent (§12.5.3), is the copy the
client holds still good (§13), which bytes does it want (§14), and may it have only those (§13.1.5).
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

IDENTITY = "identity"
_CACHED_FIELD = 256  # a longer Accept-Encoding is answered, but not remembered


# Which coding


def negotiate(accept_encoding: str | None, available: tuple[str, ...]) -> str | None:
    """The coding to send, of `available` (best first) and identity; None when none is acceptable.

    Without the header anything is allowed, but the clients that send none can decode nothing.
    """
    if accept_encoding is None:
        return IDENTITY
    if len(accept_encoding) > _CACHED_FIELD:
        return _negotiate(accept_encoding, available)
    return _negotiate_cached(accept_encoding, available)


def _negotiate(field: str, available: tuple[str, ...]) -> str | None:
    wanted = weights(field)
    others = wanted.get("*")
    best, best_weight = None, 0
    for coding in available:
        weight = wanted.get(coding, others or 0)
        if weight > best_weight:
            best, best_weight = coding, weight
    plain = wanted.get(IDENTITY, others)
    if plain is None:  # RFC 9110 §12.5.3: it is still acceptable, but not asked for
        return best or IDENTITY
    return IDENTITY if plain > best_weight else best


_negotiate_cached = lru_cache(maxsize=512)(_negotiate)

_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_ALIASES = {"x-gzip": "gzip"}  # RFC 9110 §8.4.1.3


def weights(field: str) -> dict[str, int]:
    """What a list header names, and how much it is wanted, in thousandths.

    What is ill-formed is skipped.
    """
    found: dict[str, int] = {}
    for item in field.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weight = 1000
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                value = value.strip()
                weight = round(float(value) * 1000) if _WEIGHT.fullmatch(value) else -1
        if name and weight >= 0:
            name = name.lower()
            found[_ALIASES.get(name, name)] = weight
    return found


# Is the client's copy still good


class Outcome(Enum):
    """What the preconditions of a request come to."""

    SEND = auto()
    NOT_MODIFIED = auto()  # 304
    FAILED = auto()  # 412


class Preconditions(NamedTuple):
    """The conditional headers of a GET or HEAD; None where the request has none."""

    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None


def evaluate(conditions: Preconditions, *, etag: str, modified: int, now: float) -> Outcome:
    """Weigh the conditions of a GET or HEAD in the order of RFC 9110 §13.2.2."""
    if conditions.if_match is not None:
        if not _names(conditions.if_match, etag, weak=False):
            return Outcome.FAILED
    elif conditions.if_unmodified_since is not None:
        since = parse_http_date(conditions.if_unmodified_since, now=now)
        if since is not None and modified > since:
            return Outcome.FAILED
    if conditions.if_none_match is not None:  # wins over the date, even when it names nothing
        if _names(conditions.if_none_match, etag, weak=True):
            return Outcome.NOT_MODIFIED
    elif conditions.if_modified_since is not None:
        since = parse_http_date(conditions.if_modified_since, now=now)
        if since is not None and modified <= since:
            return Outcome.NOT_MODIFIED
    return Outcome.SEND


_ETAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def _names(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags holds our strong `etag` (RFC 9110 §8.8.3.2)."""
    if field.strip() == "*":
        return True
    return any(opaque == etag and (weak or not is_weak) for is_weak, opaque in _ETAG.findall(field))


def opaque_tags(field: str) -> list[str]:
    """The entity tags of a list as they are compared weakly: without a `W/`."""
    return [opaque for _, opaque in _ETAG.findall(field)]


# Dates

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_IMF_OR_RFC850 = re.compile(
    r"(?:[a-z]+,?\s*)?(?P<day>[0-9]{1,2})[\s-]+(?P<month>[a-z]{3})[a-z]*[\s-]+"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}})\s+{_CLOCK}"
    r"(?:\s*(?P<zone>gmt|utc?|z|[+-][0-9]{2}:?[0-9]{2}))?",
    re.IGNORECASE | re.ASCII,
)
_ASCTIME = re.compile(
    r"[a-z]+\s+(?P<month>[a-z]{3})[a-z]*\s+(?P<day>[0-9]{1,2})\s+"
    rf"{_CLOCK}(?P<zone>)\s+(?P<year>[0-9]{{4}})",
    re.IGNORECASE | re.ASCII,
)


def http_date(moment: int) -> str:
    """A time as IMF-fixdate (RFC 9110 §5.6.7), whatever the process locale is."""
    at = time.gmtime(moment)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year:04} {clock} GMT"


def parse_http_date(field: str, *, now: float) -> int | None:
    """A date of RFC 9110 §5.6.7 as seconds since 1970, or None when it is none.

    All three forms, and what clients make of them on the way: a one-digit day, `UTC` or `+0000` for
    `GMT`, other case, a wrong weekday.
    """
    field = field.strip()
    if len(field) > 64:
        return None
    found = _IMF_OR_RFC850.fullmatch(field) or _ASCTIME.fullmatch(field)
    month = _MONTH_NUMBER.get(found["month"].lower()) if found else None
    if found is None or month is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year = _full_year(year, time.gmtime(now).tm_year)
    second = min(int(found["second"]), 59)  # a leap second
    try:
        day, hour, minute = int(found["day"]), int(found["hour"]), int(found["minute"])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return calendar.timegm(moment.utctimetuple()) - _offset(found["zone"])


def _full_year(short: int, this_year: int) -> int:
    """RFC 9110 §5.6.7: a two-digit year over 50 years ahead is the last one that ended so."""
    year = this_year - this_year % 100 + short
    return year - 100 if year > this_year + 50 else year


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = (int(digits[:2]) * 60 + int(digits[2:])) * 60
    return -seconds if zone[0] == "-" else seconds


# Which bytes


class Span(NamedTuple):
    """The bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int


class NoSpan(Enum):
    """Why there is no span to send."""

    WHOLE = auto()  # nothing asked, nothing understood, or several ranges: 200
    UNSATISFIABLE = auto()  # 416


_RANGE_UNIT = re.compile(r"bytes\s*=\s*(.*)", re.IGNORECASE | re.ASCII)
_RANGE = re.compile(r"(?P<first>[0-9]*)\s*-\s*(?P<last>[0-9]*)")
_DIGITS = 18  # more than any file has; int() refuses thousands of them


def byte_range(field: str | None, length: int) -> Span | NoSpan:
    """The one range a `Range` header asks of `length` bytes (RFC 9110 §14.1.2).

    Several ranges are answered with the whole: §14.2 allows it, and joined small ranges are an old
    way to make a server work.
    """
    unit = _RANGE_UNIT.fullmatch(field.strip()) if field else None
    ranges = [text for part in unit[1].split(",") if (text := part.strip())] if unit else []
    found = _RANGE.fullmatch(ranges[0]) if len(ranges) == 1 else None
    if found is None or not (found["first"] or found["last"]):
        return NoSpan.WHOLE
    first, last = _position(found["first"]), _position(found["last"])
    if first is None:  # the last so many bytes
        return Span(max(0, length - (last or 0)), length) if last and length else _NONE
    if last is not None and last < first:
        return NoSpan.WHOLE  # §14.1.1: ill-formed, so it is as if it were not there
    if first >= length:
        return _NONE
    return Span(first, length if last is None else min(last + 1, length))


_NONE = NoSpan.UNSATISFIABLE


def _position(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0")
    return 10**_DIGITS if len(digits) > _DIGITS else int(digits or "0")


def may_send_part(if_range: str | None, *, etag: str, modified: int, now: float) -> bool:
    """Whether `If-Range` lets a part be sent: only of the very bytes the client has (§13.1.5)."""
    if if_range is None:
        return True
    if_range = if_range.strip()
    if if_range.startswith(('"', "W/")):
        return if_range == etag  # strong comparison
    # §8.8.2.2: a date is a strong validator only once the second it names has passed.
    return parse_http_date(if_range, now=now) == modified and now >= modified + 1


def joined(lines: Sequence[str]) -> str | None:
    """The lines of one list header as one value (RFC 9110 §5.3), None when there are none."""
    return ", ".join(lines) if lines else None
