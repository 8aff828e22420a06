"""`msn`: what MSN (Microsoft Start) asks of a feed of articles.

Source: Microsoft support: "MSN feed item metadata requirements"; Microsoft Start partner help
articles 51, 59, 7.

unique durable id; title over 20 and at most 150 characters, no HTML; body; link; published
required, RFC 822 or 3339, in the past, under 365 days; a changed item changes `updated`; ids or
dates that change at every poll are rejected; one language per feed; about 20 items; HTTPS; images
≥ 150×150, ≤ 15 MB; separate feeds per content type; polled about every 15 min.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from feedsvc.gate.markup import tags_of
from feedsvc.gate.profiles.msn_history import check_against
from feedsvc.gate.profiles.pictures import pictures
from feedsvc.gate.profiles.sheet import Item, Sheet, Value, called, moment, plain
from feedsvc.gate.report import Report, line_of, shown

OLDEST: Final = timedelta(days=365)
_TITLE: Final = (21, 150)  # characters
_ITEMS: Final = 20
_LEAST_SIDE: Final = 150  # pixels
_MOST_BYTES: Final = 15_000_000
_PICTURE: Final = re.compile(r"<(?:img|video|audio)\b", re.IGNORECASE)


def check_msn(report: Report, sheet: Sheet, before: Sheet | None, now: datetime) -> None:
    """The whole document; `before` is the one that it replaces."""
    _check_served(report, sheet)
    _check_languages(report, sheet)
    _check_types(report, sheet)
    if len(sheet.items) > _ITEMS:
        says = f"{len(sheet.items)} items: older ones fall off after about {_ITEMS}"
        report.add("msn-items-many", says, sheet.items[_ITEMS].at)
    seen: dict[str, Item] = {}
    for item in sheet.items:
        _check_id(report, item, seen)
        _check_title(report, item)
        _check_text(report, item)
        _check_date(report, item, now)
        _check_media(report, item)
    if before is not None:
        check_against(report, sheet, before)


def _check_served(report: Report, sheet: Sheet) -> None:
    url = report.url or (sheet.own.text if sheet.own else None)
    if url is not None:
        _check_https(report, Value(url, sheet.own.at if sheet.own else sheet.at), "the feed")


def _check_https(report: Report, value: Value, what: str) -> None:
    if not value.text.lower().startswith("https://"):
        report.add("msn-https", f"{what} is at {shown(value.text)}", value.at)


def _check_languages(report: Report, sheet: Sheet) -> None:
    """One language, whatever the countries: `de` and `de-AT` are one."""
    first: str | None = None
    for value in (sheet.language, *(item.language for item in sheet.items)):
        if value is None:
            continue
        primary = value.text.partition("-")[0].lower()
        if first is not None and primary != first:
            report.add("msn-language-many", f"{shown(value.text)} beside {shown(first)}", value.at)
        first = first or primary


def _check_types(report: Report, sheet: Sheet) -> None:
    """Articles, audio and video are asked for in feeds of their own."""
    kinds: dict[str, Item] = {}
    for item in sheet.items:
        attached = {one.kind for one in item.media if one.place == "enclosure"}
        kind = next((kind for kind in ("video", "audio") if kind in attached), "articles")
        kinds.setdefault(kind, item)
    if len(kinds) > 1:
        last = max(kinds.values(), key=sheet.items.index)
        report.add("msn-types-mixed", f"{' and '.join(sorted(kinds))} in one feed", last.at)


def _check_id(report: Report, item: Item, seen: dict[str, Item]) -> None:
    if item.id is None:
        report.add("msn-id-missing", f"{called(item)} has no id", item.at)
        return
    if item.id.text in seen:
        line = line_of(seen[item.id.text].at)
        says = f"{shown(item.id.text)} is also the item in line {line}"
        report.add("msn-id-repeated", says, item.id.at)
    seen.setdefault(item.id.text, item)


def _check_title(report: Report, item: Item) -> None:
    words = plain(item.title.text) if item.title else ""
    if item.title is None or not words:
        report.add("msn-title-missing", f"{called(item)} has no title", item.at)
        return
    least, most = _TITLE
    if not least <= len(words) <= most:
        says = f"{len(words)} characters, not {least} to {most}: {shown(words)}"
        report.add("msn-title-length", says, item.title.at)
    if tag := next(tags_of(item.title.text), None):
        report.add("msn-title-html", f"{shown(item.title.text)} holds <{tag}>", item.title.at)


def _check_text(report: Report, item: Item) -> None:
    if not plain(item.body) and _PICTURE.search(item.body) is None:
        report.add("msn-body-missing", f"{called(item)} has no text", item.at)
    if item.link is None:
        report.add("msn-link-missing", f"{called(item)} has no link", item.at)
    else:
        _check_https(report, item.link, called(item))


def _check_date(report: Report, item: Item, now: datetime) -> None:
    if item.published is None:
        report.add(
            "msn-date-missing", f"{called(item)} does not say when it was published", item.at
        )
        return
    published = moment(item.published)
    text = f"{called(item)}: {shown(item.published.text)}"
    if published is None:
        report.add("msn-date-invalid", f"{text} is of neither form", item.published.at)
    elif published > now:
        report.add("msn-date-future", f"{text} is not over yet", item.published.at)
    elif now - published >= OLDEST:
        says = f"{text} is {(now - published).days} days ago"
        report.add("msn-date-old", says, item.published.at)


def _check_media(report: Report, item: Item) -> None:
    for url, medium in {one.url: one for one in item.media if one.url}.items():
        _check_https(report, Value(url, medium.at), f"a file of {called(item)}")
    for picture in pictures(item.media):
        sides = [side for side in (picture.width, picture.height) if side is not None]
        if sides and min(sides) < _LEAST_SIDE:
            size = f"{picture.width or '?'} by {picture.height or '?'} pixels"
            report.add("msn-image-small", f"{shown(picture.url)} has {size}", picture.at)
        if picture.size is not None and picture.size > _MOST_BYTES:
            says = f"{shown(picture.url)} has {picture.size} bytes"
            report.add("msn-image-large", says, picture.at)
