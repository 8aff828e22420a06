"""Is a document what the server calls it? The media type and the encoding of an answer.

Asked for addresses alone: a file has neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from feedsvc.gate.document import declared_encoding
from feedsvc.gate.report import Report, shown
from feedsvc.model import Finding

_XML: Final = ("application/xml", "text/xml")
_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {  # the one to send first
        "atom": ("application/atom+xml", *_XML),
        "rss": ("application/rss+xml", *_XML, "application/rdf+xml"),
        "json": ("application/feed+json", "application/json"),
        "opml": ("text/x-opml", "text/x-opml+xml", "application/opml+xml", *_XML),
        "html": ("text/html", "application/xhtml+xml"),
        "sitemap": _XML,
    }
)
_UTF_8: Final = frozenset({"utf-8", "utf8"})


def check_served(
    body: bytes, kind: str, *, media_type: str | None, charset: str | None
) -> tuple[Finding, ...]:
    """What is wrong with the Content-Type of a document of this kind; one that is absent passes."""
    report = Report(url=None, now=None)
    if media_type is not None and media_type not in _TYPES[kind]:
        says = f"is served as {shown(media_type)}, not as {_TYPES[kind][0]}"
        report.add("media-type-unexpected", says)
    if charset is not None and kind != "html" and not body.isascii():
        written = declared_encoding(body)
        if charset != written and not {charset, written} <= _UTF_8:
            says = f"is served as {shown(charset)}, but written in {written}"
            report.add("charset-mismatch", f"{says}: readers believe the server")
    return report.findings()
