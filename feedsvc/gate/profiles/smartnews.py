"""`smartnews`: what SmartNews asks of a SmartFormat feed.

Source: SmartNews publisher help 56500436151065, 360036526213.

UTF-8; RSS 2.0 or Atom; channel title, link, description ≤ 30 characters, pubDate, language;
`snf:logo`; content:encoded; media:thumbnail. `snf:darkModeLogo` and `snf:analytics` may be there.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from feedsvc.gate.document import SMARTNEWS, own_text
from feedsvc.gate.profiles.sheet import Sheet, called, plain
from feedsvc.gate.report import Report

_LONGEST: Final = 30  # characters of the description
_LOGO: Final = f"{{{SMARTNEWS}}}logo"


def check_smartnews(report: Report, sheet: Sheet) -> None:
    """The whole document."""
    for name, value in (
        ("title", sheet.title),
        ("link", sheet.link),
        ("description", sheet.description),
        ("date", sheet.date),
        ("language", sheet.language),
    ):
        if value is None:
            report.add(f"smartnews-{name}-missing", f"the channel has no {name}", sheet.at)
    if sheet.description is not None:
        length = len(plain(sheet.description.text))
        if length > _LONGEST:
            says = f"the description has {length} characters, {_LONGEST} at most"
            report.add("smartnews-description-long", says, sheet.description.at)
    if not _has_logo(sheet.at):
        report.add("smartnews-logo-missing", "the channel has no snf:logo", sheet.at)
    for item in sheet.items:
        # content:encoded in RSS, content in Atom; the description of an item is only its summary
        if not item.full or not item.body:
            report.add(
                "smartnews-content-missing", f"{called(item)} has no content:encoded", item.at
            )
        if not any(one.place == "thumbnail" and one.url for one in item.media):
            report.add(
                "smartnews-thumbnail-missing", f"{called(item)} has no media:thumbnail", item.at
            )


def _has_logo(channel: etree._Element) -> bool:
    logo = channel.find(_LOGO)
    return logo is not None and any(own_text(one).strip() for one in logo.iter("*"))
