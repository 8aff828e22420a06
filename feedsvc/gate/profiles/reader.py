"""`reader`: what any feed reader is better for.

W3C validator clean, which the gate asks of every document; document ≤ 512 KiB (warn), ≤ 5 MB
(CommaFeed's limit); discovery links: to the document itself, and to the page it is found on.
"""

from __future__ import annotations

from feedsvc.gate.jsontext import read_json
from feedsvc.gate.profiles.sheet import Sheet
from feedsvc.gate.report import Report


def check_reader(report: Report, sheet: Sheet) -> None:
    """An XML document; its size was judged when it was read."""
    if sheet.own is None:
        report.add("self-missing", "has no link rel=self", sheet.at)
    if sheet.link is None:
        report.add("reader-home-missing", "does not lead to the page of the feed", sheet.at)


def check_reader_json(report: Report, body: bytes) -> None:
    """A JSON Feed, from its bytes down."""
    found = read_json(report, body)
    if found is None:
        return
    feed, spot = found
    if not feed.get("feed_url"):
        report.add("self-missing", "the feed has no feed_url", spot)
    if not feed.get("home_page_url"):
        report.add("reader-home-missing", "the feed has no home_page_url", spot)
