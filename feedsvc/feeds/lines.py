"""The lines that an article keeps of its credit and its episode, as attributes and text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from feedsvc.decide.digests import SHOWN_LINES
from feedsvc.feeds.links import page_of
from feedsvc.feeds.values import safe
from feedsvc.model import Entry
from feedsvc.text.urls import absolute

LONGEST_WORDS = 128  # characters, in the podcast namespace

COUNT = re.compile(r"0*([1-9][0-9]{0,8})")
NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")

_ADDRESSES = ("url", "uri", "href", "img")

Line = Mapping[str, str]  # the attributes of an element, and its text under ""


def lines_of(entry: Entry) -> list[tuple[str, Line]]:
    """The lines that are shown (`SHOWN_LINES`) with their names, in the order of the source.

    Addresses are absolute, or left out: relative ones start where the article can be read.
    """
    base = page_of(entry)
    return [
        (label, _read(value, base))
        for label, value in entry.article.extra
        if label.startswith(SHOWN_LINES)
    ]


def _read(value: str, base: str | None) -> Line:
    if not value.startswith("{"):
        return {"": value}
    try:
        said = json.loads(value)
    except (ValueError, RecursionError):
        return {"": value}
    told = {name: one for name, one in said.items() if isinstance(one, str)}
    for name in _ADDRESSES:
        if name in told:
            url = absolute(told.pop(name), base)
            if url is not None:
                told[name] = url
    return told


def words(line: Line, key: str = "") -> str:
    """The text of an element, or of one of its attributes, as one line."""
    return safe(line.get(key, ""))


def matching(line: Line, key: str, form: re.Pattern[str]) -> str | None:
    """An attribute of the right form."""
    value = line.get(key, "").strip()
    return value if form.fullmatch(value) else None
