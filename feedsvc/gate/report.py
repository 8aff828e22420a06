"""Where the rooms of the gate write down what they see, and what they may know of the document."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias, cast

from lxml import etree

from feedsvc.gate.places import Spot
from feedsvc.gate.rules import RULES
from feedsvc.model import Finding

SAME_CODE_LIMIT: Final = 20  # a feed of 10,000 bad dates is one trouble, not 10,000

Where: TypeAlias = etree._Element | Spot | int | None
"""The place of a finding: an element, a value of a JSON document, or a line."""


def shown(value: str, limit: int = 80) -> str:
    """A value as it stands in a message: quoted, on one line, shortened."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")


def line_of(element: etree._Element) -> int | None:
    """The line its start tag ends on."""
    return cast("int | None", element.sourceline)  # the stubs leave its type open


class Report:
    """The findings of one document; `url` is where it will be served, `now` the time of day."""

    def __init__(self, *, body: bytes = b"", url: str | None, now: datetime | None) -> None:
        self.url = url
        self.now = now
        self.based = b"xml:base" in body  # asked for every relative reference: so asked once
        self.prefixes: set[tuple[str | None, str]] = set()  # judged already
        self._body = body
        self._hex_lines: set[int] | None = None
        self._found: list[Finding] = []
        self._seen: Counter[str] = Counter()
        self._last: dict[str, int] = {}

    def add(self, code: str, message: str, at: Where = None) -> None:
        """Note one finding; beyond the limit of its code it is only counted."""
        self._seen[code] += 1
        if self._seen[code] > SAME_CODE_LIMIT:
            return
        if isinstance(at, Spot):
            line = at.line
        else:
            line = at if at is None or isinstance(at, int) else line_of(at)
        self._last[code] = len(self._found)
        self._found.append(Finding(code=code, message=message, line=line, error=RULES[code].error))

    def escaped_in_hex(self, line: int | None) -> bool:
        """Is `&` or `<` written as `&#x26;` there, as the RSS profile asks of plain text?"""
        if self._hex_lines is None:
            lines = self._body.split(b"\n") if b"&#x" in self._body else []
            self._hex_lines = {number for number, text in enumerate(lines, 1) if b"&#x" in text}
        return line in self._hex_lines

    def findings(self) -> tuple[Finding, ...]:
        """All of them in the order of the document, errors and warnings mixed."""
        for code, index in self._last.items():
            more = self._seen[code] - SAME_CODE_LIMIT
            if more > 0:
                last = self._found[index]
                self._found[index] = replace(
                    last, message=f"{last.message} (and {more} more like it)"
                )
        self._last.clear()
        return tuple(self._found)
