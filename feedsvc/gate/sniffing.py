"""Which format a document announces, by its first bytes."""

from __future__ import annotations

import codecs
import re
from types import MappingProxyType
from typing import Final

from feedsvc.gate.report import shown
from feedsvc.regex import compiled

_ROOT: Final = compiled(  # the first tag after white space, comments, instructions and a DOCTYPE
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->"
    rb"|<!(?:[^<>\[-]|-(?!-))[^<>\[]*+(?:\[[^\]]*+\]\s*+)?>)*+<(?:[\w.-]+:)?([A-Za-z]+)[\s/>]"
)
# HTML §13.1.2: the tags of `html`, `head` and `body` may be left out, the DOCTYPE may not.
_PAGE: Final = compiled(rb"(?:\s++|<!--(?:[^-]++|-(?!->))*+-->)*+<!doctype\s+html\b", re.IGNORECASE)
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

# XML 1.0 Appendix F: how documents in wide characters begin, the four bytes before the two.
_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_OTHERS: Final = (
    (b"\x1f\x8b", "compressed with gzip: unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it"),
    (b"PK\x03\x04", "a ZIP archive: unpack it"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_NONE: Final = "neither Atom nor RSS nor JSON Feed nor OPML nor HTML nor a sitemap"


def sniff(body: bytes) -> str | None:
    """The format that the beginning of a document announces; nothing is said of its validity."""
    start = _start(body)
    if start.lstrip()[:1] == b"{":
        return "json"
    found = _ROOT.match(start)
    name = found.group(1) if found else b""
    if known := _FORMATS.get(name):
        return known
    return "html" if name.lower() == b"html" or _PAGE.match(start) else None


def unknown(body: bytes) -> tuple[str, int | None]:
    """What a document is that is none of ours, as far as its beginning tells; and in which line."""
    for magic, name in _OTHERS:
        if body.startswith(magic):
            return f"{name}; as it is, it is {_NONE}", None
    start = _start(body)
    if found := _ROOT.match(start):
        name = found.group(1).decode("ascii")
        line = start.count(b"\n", 0, found.start(1)) + 1
        if name == "entry":
            return "the root element is <entry>: readers take entries in a <feed>", line
        return f"the root element is <{name}>: {_NONE}", line
    if b"\0" in start[:1024]:
        return f"binary data: {_NONE}", None
    text = start[:1024].decode("utf-8", "replace").lstrip("\ufeff")
    blank = text[: len(text) - len(text.lstrip())]
    return f"begins with {shown(text.split(chr(10))[blank.count(chr(10))].strip(), 40)}: {_NONE}", (
        blank.count("\n") + 1
    )


def _start(body: bytes) -> bytes:
    """The beginning of a document in one-byte characters, whatever it is written in."""
    for signs, encoding in _WIDE:
        if body.startswith(signs):
            text = body[:65_536].decode(encoding, "replace")
            return text.lstrip("\ufeff").encode("utf-8", "replace")
    return body.removeprefix(codecs.BOM_UTF8)
