"""An HTML page beside the feeds: not empty, with a title, and with addresses readers can follow."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from feedsvc.gate.common import check_address
from feedsvc.gate.document import check_size, decode
from feedsvc.gate.report import Report, shown
from feedsvc.regex import compiled
from feedsvc.text.urls import absolute

_TITLE: Final = re.compile(r"<title(?:\s[^<>]*)?>([^<]*)", re.IGNORECASE)
_LINK: Final = compiled(r"<link\s((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
_FEED_TYPES: Final = frozenset(
    {"application/atom+xml", "application/rss+xml", "application/feed+json", "application/json"}
)


def check_page(report: Report, body: bytes) -> None:
    """The basics, and the links that make a feed discoverable."""
    if not check_size(report, body):
        return
    text = decode(report, body)
    if text is None:
        return
    title = _TITLE.search(text)
    if title is None or not title.group(1).strip():
        report.add("page-title-missing", "the page has no title")
    for kind, href, line in _announced(text):
        if not href.lower().startswith(("http://", "https://")):
            says = f"the feed ({kind}) is at {shown(href)}: write the whole address"
            report.add("page-discovery-relative", says, line)
        else:
            check_address(report, href, "discovery link", None)


def announced(body: bytes, url: str) -> tuple[str, ...]:
    """The addresses of the feeds that the page at `url` names, each once."""
    links = _announced(body.decode("utf-8", "replace"))
    return tuple(dict.fromkeys(filter(None, (absolute(href, url) for _, href, _ in links))))


def _announced(text: str) -> Iterator[tuple[str, str, int]]:
    """The media type, the address and the line of each link that makes a feed discoverable."""
    for found in _LINK.finditer(text):
        attributes = {
            name.lower(): html.unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(found.group(1))
        }
        relations = attributes.get("rel", "").lower().split()
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in relations and kind in _FEED_TYPES:
            line = text.count("\n", 0, found.start()) + 1
            yield kind, attributes.get("href", "").strip(), line
