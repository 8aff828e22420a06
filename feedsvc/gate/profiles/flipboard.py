"""`flipboard`: what Flipboard asks of a feed before it features it.

Source: Flipboard RSS specification.

full body; at least one image ≥ 400 px wide per article; ≥ 30 items; WebSub; Media RSS. GeoRSS may
be there.
"""

from __future__ import annotations

from typing import Final

from feedsvc.gate.profiles.pictures import pictures
from feedsvc.gate.profiles.sheet import Item, Sheet, called, plain
from feedsvc.gate.report import Report, shown

_WIDTH: Final = 400  # pixels
_ITEMS: Final = 30


def check_flipboard(report: Report, sheet: Sheet) -> None:
    """The whole document."""
    if not sheet.hubs:
        report.add("flipboard-hub-missing", "the channel has no link rel=hub", sheet.at)
    if len(sheet.items) < _ITEMS:
        report.add("flipboard-items-few", f"{len(sheet.items)} items, not {_ITEMS}", sheet.at)
    for item in sheet.items:
        if not item.full or not plain(item.body):
            report.add("flipboard-body-missing", f"{called(item)} has no content:encoded", item.at)
        _check_pictures(report, item)


def _check_pictures(report: Report, item: Item) -> None:
    found = pictures(item.media)
    if not found:
        report.add("flipboard-image-missing", f"{called(item)} has no image", item.at)
        return
    if not any(one.place in ("media", "thumbnail") for one in found):
        report.add(
            "flipboard-media-missing", f"{called(item)} has no image as media:content", item.at
        )
    widths = [one.width for one in found]
    if any(width is not None and width >= _WIDTH for width in widths):
        return
    if None in widths:
        unknown = found[widths.index(None)]
        says = f"nobody says how wide {shown(unknown.url)} is"
        report.add("flipboard-image-unknown", says, unknown.at)
    else:
        widest = max(found, key=lambda one: one.width or 0)
        says = f"no image of {called(item)} is wider than {widest.width} pixels"
        report.add("flipboard-image-small", says, widest.at)
