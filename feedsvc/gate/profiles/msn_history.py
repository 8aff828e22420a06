"""What changed since MSN polled last: its ids and dates have to stay, and to tell of a change.

Two documents are compared, item by item. All ids or all dates at once is a fault of the feed, and
an error; one of them may have been corrected by hand, and is told.
"""

from __future__ import annotations

from typing import Final

from feedsvc.gate.profiles.sheet import Item, Sheet, moment, plain
from feedsvc.gate.report import Report, shown

_MANY: Final = 2  # a single date may have been corrected


def check_against(report: Report, sheet: Sheet, before: Sheet) -> None:
    """The items of a document beside those of the one that it replaces."""
    known = {item.id.text: item for item in before.items if item.id is not None}
    ids = {item.id.text for item in sheet.items if item.id is not None}
    _check_ids(report, sheet, before, known.keys() & ids)
    same = [
        (item, known[item.id.text])
        for item in sheet.items
        if item.id is not None and item.id.text in known
    ]
    _check_dates(report, same)


def _check_ids(report: Report, sheet: Sheet, before: Sheet, kept: set[str]) -> None:
    """Has an article that was there before, by its link or title, another id now?"""
    links = {item.link.text: item for item in before.items if item.link}
    titles = {item.title.text: item for item in before.items if item.title}
    changed: list[tuple[Item, str]] = []
    for item in sheet.items:
        if item.id is None or item.id.text in kept:
            continue
        old = links.get(item.link.text) if item.link else None
        if old is None and item.link is None and item.title is not None:
            old = titles.get(item.title.text)
        if old is not None and old.id is not None and old.id.text not in kept:
            changed.append((item, f"{shown(old.id.text)} became {shown(item.id.text)}"))
    if changed and not kept:
        says = f"no item has the id that it had: {changed[0][1]}"
        report.add("msn-ids-changed", says, changed[0][0].at)
        return
    for item, says in changed:
        report.add("msn-id-changed", says, item.at)


def _check_dates(report: Report, same: list[tuple[Item, Item]]) -> None:
    moved = []
    for item, old in same:
        dates = _dates(item), _dates(old)
        if _said(item) == _said(old):
            if dates[0] != dates[1]:
                moved.append(item)
        elif dates[0] == dates[1]:
            name = shown(item.id.text) if item.id else "an item"
            says = f"{name} was changed, and neither of its dates was"
            report.add("msn-changed-silently", says, item.at)
    if len(moved) >= _MANY and len(moved) == len(same):
        says = f"{len(moved)} items have new dates, and nothing else about them is new"
        report.add("msn-dates-changed", says, moved[0].at)


def _dates(item: Item) -> tuple[object, object]:
    return moment(item.published), moment(item.updated)


def _said(item: Item) -> tuple[object, ...]:
    """What a reader sees of an item, but for its dates and how it is written."""
    title = plain(item.title.text) if item.title else ""
    link = item.link.text if item.link else ""
    files = tuple(medium.url for medium in item.media)
    return title, link, plain(item.body), plain(item.summary), files
