"""What a document is if it is no feed, in words for the operator; for every reader of feeds."""

from __future__ import annotations

import re

from feedsvc.errors import ParseError
from feedsvc.regex import compiled


class NotAFeedError(ParseError):
    """The document is something else, and the message says what."""


class DoubtfulError(ParseError):
    """The document may be a feed, but nothing could be got out of it here."""


_FIND = "give the address of the feed itself; `feedsvc source add URL` finds the one of a page"
_AGAIN = "open the address in a browser; if it shows a feed there, the server treats us differently"

_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a media file"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "an RTF document"),
)

# What else is written in XML and lies at addresses people take for feeds, by its root element.
_ROOTS = {
    "html": ("an HTML page, not a feed", _FIND),
    "opml": ("an OPML list of feeds, not a feed", 'make it a source of `kind = "opml"`'),
    "urlset": ("a sitemap, not a feed", _FIND),
    "sitemapindex": ("a sitemap, not a feed", _FIND),
    "opensearchdescription": ("an OpenSearch description, not a feed", _FIND),
    "rsd": ("a description of a weblog's interface (RSD), not a feed", _FIND),
    "service": ("an AtomPub service document, not a feed", _FIND),
    "svg": ("an SVG image, not a feed", _FIND),
    "manifest": ("a manifest, not a feed", _FIND),
    "error": ("an error report in XML, not a feed", _AGAIN),
    "envelope": ("a SOAP message, not a feed", _AGAIN),
}

_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\f\r\x1b")
_LEAD = compiled(rb"(?:\s|\xef\xbb\xbf|<!--.{0,2000}?-->|<\?[^>]{0,500}>)*+", re.DOTALL)
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|div)[\s>]", re.IGNORECASE
)


def refuse_binary(data: bytes) -> None:
    """Raise for what is empty or begins as no text does."""
    if not data.strip(b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"):
        raise NotAFeedError("the document is empty", hint=_AGAIN)
    for mark, name in _MAGIC:
        if data.startswith(mark):
            raise NotAFeedError(f"the document is {name}, not a feed", hint=_FIND)


def binary() -> NotAFeedError:
    """The error for what no encoding makes a text."""
    return NotAFeedError("the document is binary data, not a feed", hint=_FIND)


def no_json_feed(what: str) -> NotAFeedError:
    """The error for JSON that is something else."""
    return NotAFeedError(what, hint=_FIND)


def is_page(data: bytes) -> bool:
    """Whether `data` (UTF-8) begins as an HTML page does."""
    lead = _LEAD.match(data, 0, 10_000)
    return _HTML.match(data, lead.end() if lead else 0) is not None


def not_a_feed(
    data: bytes, root: str | None = None, media_type: str | None = None
) -> NotAFeedError:
    """The error for a text (in UTF-8) in which no feed was found, by its outermost element."""
    sample = data[:10_000]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) // 20:
        return binary()
    if is_page(data) or (root is None and media_type in ("text/html", "application/xhtml+xml")):
        root = "html"
    if root is not None:
        what, hint = _ROOTS.get(
            root.lower(), (f"XML of another kind, not a feed: its root is <{root[:60]}>", _FIND)
        )
        return NotAFeedError(f"the document is {what}", hint=hint)
    if data.lstrip()[:1] in (b"{", b"["):
        return NotAFeedError("the document is JSON, but not a JSON Feed", hint=_FIND)
    return NotAFeedError("the document is plain text, not a feed", hint=_FIND)
