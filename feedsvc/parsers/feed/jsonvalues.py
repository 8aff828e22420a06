"""The members of a JSON object as what they should have been, whatever type they came in.

What a value can only mean is read (a number for a text, a date as a Unix time); what it cannot is
left out with a warning that names the member.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from feedsvc.model import Hints
from feedsvc.text.dates import parse_strict
from feedsvc.text.urls import absolute

_EXACT: Final = 2**53  # RFC 8259 §6: up to there a number is the same to every reader
_LONGEST_NUMBER: Final = 20  # characters of a number that was written as text
_EPOCH: Final = range(10**8, 10**11)  # seconds: 1973 to 5138
_SHOWN: Final = 80  # characters of a value that a warning repeats


def shape(value: object) -> str:
    """What a value is, for messages; never the value itself, which may be endless or deep."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
    return "an object"


def as_text(value: object) -> str | None:
    """A text, or a number as one: 1 and 1.0 are the same number, and the text of both is `1`."""
    match value:
        case str():
            return value
        case bool():
            return None
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    return None


def as_count(value: object) -> int | None:
    """How many bytes or seconds; a fraction is rounded, and less than nothing is nothing."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value) if 0 <= value < _EXACT else None  # so NaN and Infinity are none either


def as_list(value: object) -> list[object]:
    """A list, or the one value that stands where a list should."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


@dataclass(slots=True)
class Node:
    """One object, asked by the names of its members; `warnings` collects what was left out."""

    members: Mapping[str, object]
    url: str | None  # where relative addresses start
    hints: Hints
    warnings: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """A member with anything but white space in it."""
        value = self.members.get(name)
        if value is None:
            return None
        found = value if isinstance(value, str) else as_text(value)
        if found is None:
            self.warn(name, value, "is no text")
            return None
        return found if found and not found.isspace() else None

    def line(self, name: str) -> str | None:
        """A member without white space around it."""
        found = self.text(name)
        return found.strip() if found is not None else None

    def address(self, *names: str) -> str | None:
        """The first of the members that holds an address."""
        for name in names:
            value = self.members.get(name)
            if isinstance(value, list) and value:
                value = value[0]
            if isinstance(value, dict):  # schema.org's way to write an image
                value = value.get("url")
            if isinstance(value, str):
                if address := value.strip():
                    return self.resolved(address)
            elif value is not None:
                self.warn(name, value, "is no address")
        return None

    def resolved(self, address: str) -> str:
        """What is relative becomes absolute; what is no address at all stays for the filters."""
        if address.startswith(("https://", "http://")):
            return address
        return absolute(address, self.url) or address

    def date(self, name: str) -> datetime | None:
        """RFC 3339 as the specification asks, any other date beyond doubt, or a Unix time."""
        value = self.members.get(name)
        if value is None or value == "":
            return None
        found = None
        if isinstance(value, str):
            found = parse_strict(value, zone=self.hints.zone, language=self.hints.language)
        if found is None:
            found = _unix_time(value)
        if found is None:
            self.warn(name, value, "is no date")
        return found

    def warn(self, name: str, value: object, what: str) -> None:
        shown = repr(value[:_SHOWN]) if isinstance(value, str) else shape(value)
        self.warnings.append(f"{name}: {shown} {what}; left out")


def _unix_time(value: object) -> datetime | None:
    """Seconds since 1970, or milliseconds as JavaScript counts; only where no day is so written."""
    if isinstance(value, str) and len(value) not in {10, 13}:
        return None
    seconds = as_count(value)
    if seconds is None:
        return None
    if seconds not in _EPOCH:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds in _EPOCH else None
