"""Which format a document announces, by its first bytes."""

from __future__ import annotations

import codecs
from types import MappingProxyType
from typing import Final

from feedsvc.regex import compiled

_ROOT: Final = compiled(  # the first tag after white space, comments, instructions and a DOCTYPE
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->"
    rb"|<!(?:[^<>\[-]|-(?!-))[^<>\[]*+(?:\[[^\]]*+\]\s*+)?>)*+<(?:[\w.-]+:)?([A-Za-z]+)[\s/>]"
)
_FORMATS: Final = MappingProxyType(
    {
        b"feed": "atom",
        b"rss": "rss",
        b"RDF": "rss",
        b"opml": "opml",
        b"html": "html",
        b"urlset": "sitemap",
        b"sitemapindex": "sitemap",
    }
)


def sniff(body: bytes) -> str | None:
    """The format that the beginning of a document announces; nothing is said of its validity."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        body = body[:65536].decode("utf-16", "replace").encode("utf-8")
    start = body.removeprefix(codecs.BOM_UTF8)
    if start.lstrip()[:1] == b"{":
        return "json"
    found = _ROOT.match(start)
    if found is None:
        return None
    name = found.group(1)
    return _FORMATS.get(name) or ("html" if name.lower() == b"html" else None)
