"""The pictures inside the text of an article, for whoever wants one beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from feedsvc.model import Image
from feedsvc.text.urls import absolute

_SMALLEST = 100  # pixels: smaller ones are signs, and marks of those who count readers
# In sanitised HTML every value stands in quotes.
_PICTURE = re.compile(r'<img\s((?:[^<>"]|"[^"]*+")*+)>')
_ATTRIBUTE = re.compile(r'([a-z-]++)="([^"]*+)"')


def pictures_in(html: str) -> Iterator[Image]:
    """Those of sanitised `html` that are not said to be too small to stand for an article."""
    for tag in _PICTURE.finditer(html):
        said = dict(_ATTRIBUTE.findall(tag[1]))
        width, height = _pixels(said.get("width")), _pixels(said.get("height"))
        if min(one for one in (width, height, _SMALLEST) if one is not None) < _SMALLEST:
            continue
        if url := absolute(unescape(said.get("src", "")), None):
            yield Image(url=url, width=width, height=height)


def _pixels(said: str | None) -> int | None:
    return int(said) if said and re.fullmatch("[0-9]{1,5}", said) else None
