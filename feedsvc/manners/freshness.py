"""How long an answer may be used before its server wants to be asked again (RFC 9111 §4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

LONGEST = timedelta(days=7)

# RFC 9111 §5.2: tokens with an optional value, which may be quoted. Semicolons are seen, too.
_DIRECTIVE = re.compile(r'([^\s=,;"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,;]*))?')
_SECONDS = re.compile(r"[0-9]+")
_FAR = re.compile(r"[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} ([0-9]{4}) [0-9:]{8} GMT")
_READ = 2_000  # characters of a header; directives are short


def freshness(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """How long an answer stays fresh from `now` on, at most a week; None if it says nothing.

    `headers` has lower-case names, repeated fields joined by commas. We are a private cache, so
    that `s-maxage` is not for us.
    """
    control = _directives(headers.get("cache-control", ""))
    if "no-store" in control or control.get("no-cache") == "":
        return None  # a qualified no-cache="set-cookie" is only about that field (§5.2.2.4)
    age = _seconds(headers.get("age", "").partition(",")[0]) or 0
    # §5.3: max-age makes Expires void; §4.2.1: even where it is nonsense itself
    stated = control.get("max-age")
    lifetime = _until_expiry(headers, now) if stated is None else _seconds(stated)
    if lifetime is None or lifetime <= age:
        return None
    return timedelta(seconds=min(lifetime - age, LONGEST // timedelta(seconds=1)))


def _directives(value: str) -> dict[str, str]:
    """Every directive by its lower-case name; of repeated ones the first counts (§4.2.1)."""
    found: dict[str, str] = {}
    for name, argument in _DIRECTIVE.findall(value[:_READ]):
        found.setdefault(name.lower(), argument.strip("\"' \t"))
    return found


def _seconds(value: str) -> int | None:
    """Delta-seconds (§1.2.2); None for what is no number, or a negative one."""
    digits = value.strip()
    if _SECONDS.fullmatch(digits) is None:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < 12 else 10**11  # beyond any bound, and still a number


def _until_expiry(headers: Mapping[str, str], now: datetime) -> int | None:
    """Expires minus Date: both are of the server's clock, which may not be ours."""
    expires = headers.get("expires", "")[:_READ]
    if not expires:
        return None
    end = _moment(expires)
    if end is None:  # §5.3: above all "0" is a date gone by
        far = _FAR.fullmatch(expires.strip())  # in a year that no reader of ours takes for one
        return 10**11 if far is not None and int(far[1]) > now.year else None
    sent = _moment(headers.get("date", "")[:_READ]) or now  # RFC 9110 §6.6.1
    return int((end - sent).total_seconds())


def _moment(value: str) -> datetime | None:
    # Few answers name a date, and the readers of dates take 5 ms to import.
    from zoneinfo import ZoneInfo

    from feedsvc.text.dates import parse_strict

    return parse_strict(value, zone=ZoneInfo("UTC"))
