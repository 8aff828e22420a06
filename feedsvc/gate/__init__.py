"""Is this publication fit to replace the last one?

`regenerate.py` asks before anything is written, `feedsvc validate` asks about any file. An error
holds the publication back and the last good file stays; a warning is reported. What counts as which
stands in `rules.py`. The gate judges bytes, not what was meant: it reads the finished document
again, with other eyes than those that wrote it, and never raises, whatever the bytes are.

    bytes -> document.py (size, encoding, DOCTYPE, tree) -> atom.py | rss.py | opml.py -> findings
          -> jsonfeed.py, page.py, sitemap.py

A package and not a file, because six formats and the single values they share are seven subjects.
What single partners ask beyond the standards is in `profiles/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from lxml import etree

from feedsvc.gate.atom import check_atom
from feedsvc.gate.document import read_xml
from feedsvc.gate.jsonfeed import check_json
from feedsvc.gate.opml import check_opml
from feedsvc.gate.page import check_page
from feedsvc.gate.report import Report
from feedsvc.gate.rss import check_rss
from feedsvc.gate.rules import RULES, Rule
from feedsvc.gate.sitemap import check_sitemap
from feedsvc.gate.sniffing import sniff, unknown
from feedsvc.model import Finding

__all__ = ["RULES", "Rule", "check", "sniff"]

_XML: Final[Mapping[str, Callable[[Report, etree._Element], None]]] = MappingProxyType(
    {"atom": check_atom, "rss": check_rss, "opml": check_opml}
)
_OTHER: Final[Mapping[str, Callable[[Report, bytes], None]]] = MappingProxyType(
    {"json": check_json, "html": check_page, "sitemap": check_sitemap}
)


def check(
    body: bytes, format: str, *, url: str | None = None, now: datetime | None = None
) -> tuple[Finding, ...]:
    """What is wrong with `body`: empty when nothing is.

    `format` is "atom", "rss", "json", "opml", "html", "sitemap", or "auto" to look at the bytes.
    `url` is the address it will be served at. With `now`, dates after it are told, and what is too
    old for a sitemap of news.
    """
    report = Report(body=body, url=url, now=now)
    kind = sniff(body) if format == "auto" else format
    if kind is None:
        if body.strip():
            report.add("format-unknown", *unknown(body))
        else:
            report.add("document-empty", "the document is empty")
    elif kind in _XML:
        root = read_xml(report, body)
        if root is not None:
            _XML[kind](report, root)
    elif kind in _OTHER:
        _OTHER[kind](report, body)
    else:
        raise ValueError(f"no such format: {format}")
    return report.findings()
