"""`apple-podcasts`: what Apple Podcasts asks of a show.

Source: podcast-namespace `itunes_reference.md`; PRX help 360023748473.

RSS 2.0; title, description ≤ 4,000 bytes, itunes:image (JPEG or PNG, 1400–3000 px square),
itunes:category from the list, itunes:explicit, language; unique guid per episode; enclosure
url/length/type, no repeated enclosure URL; byte-range requests; `itunes:new-feed-url` on a move.

What the server answers, such as byte ranges, no document can show.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from feedsvc.gate.document import ITUNES, MEDIA, own_text
from feedsvc.gate.profiles.apple_categories import CATEGORIES
from feedsvc.gate.profiles.sheet import Item, Sheet, called
from feedsvc.gate.report import Report, line_of, shown

_ITUNES: Final = f"{{{ITUNES}}}"
_MOST_BYTES: Final = 4_000  # of the description
_SIDES: Final = (1400, 3000)  # pixels
_ENDINGS: Final = (".jpg", ".jpeg", ".png")


def check_apple_podcasts(report: Report, sheet: Sheet) -> None:
    """The whole document."""
    channel = sheet.at
    for name, value in (
        ("title", sheet.title),
        ("description", sheet.description),
        ("language", sheet.language),
    ):
        if value is None:
            report.add(f"apple-{name}-missing", f"the show has no {name}", channel)
    if sheet.description is not None:
        length = len(sheet.description.text.encode())
        if length > _MOST_BYTES:
            says = f"the description has {length} bytes, {_MOST_BYTES} at most"
            report.add("apple-description-long", says, sheet.description.at)
    _check_artwork(report, channel)
    _check_categories(report, channel)
    _check_explicit(report, channel)
    _check_move(report, sheet)
    guids: dict[str, etree._Element] = {}
    enclosures: dict[str, etree._Element] = {}
    for item in sheet.items:
        _check_episode(report, item, guids)
        _check_enclosure(report, item, enclosures)


def _check_artwork(report: Report, channel: etree._Element) -> None:
    image = channel.find(f"{_ITUNES}image")
    url = (image.get("href") or "").strip() if image is not None else ""
    if image is None or not url:
        report.add("apple-artwork-missing", "the show has no itunes:image", channel)
        return
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        path = ""
    if not path.endswith(_ENDINGS):
        says = f"{shown(url)} does not end in .jpg or .png"
        report.add("apple-artwork-format", says, image)
    for name in ("content", "thumbnail"):
        for medium in channel.iterchildren(f"{{{MEDIA}}}{name}"):
            if medium.get("url") == url:
                _check_sides(report, medium, image)


def _check_sides(report: Report, medium: etree._Element, image: etree._Element) -> None:
    """The size of the artwork, where Media RSS states it of the same file."""
    sides = [medium.get(key) or "" for key in ("width", "height")]
    least, most = _SIDES
    known = [int(side) for side in sides if side.isascii() and side.isdigit() and len(side) < 9]
    square = len(set(known)) <= 1
    if not square or any(not least <= side <= most for side in known):
        says = f"the artwork has {' by '.join(map(str, known))} pixels"
        report.add("apple-artwork-size", says, image)


def _check_categories(report: Report, channel: etree._Element) -> None:
    tag = f"{_ITUNES}category"
    found = list(channel.iterchildren(tag))
    if not found:
        report.add("apple-category-missing", "the show has no itunes:category", channel)
    for element in found:
        name = element.get("text") or ""
        if name not in CATEGORIES:
            says = f"{shown(name)} is none of Apple's categories"
            report.add("apple-category-unknown", says, element)
            continue
        for below in element.iterchildren(tag):
            inner = below.get("text") or ""
            if inner not in CATEGORIES[name]:
                says = f"{shown(inner)} is no part of {shown(name)}"
                report.add("apple-category-unknown", says, below)


def _check_explicit(report: Report, channel: etree._Element) -> None:
    tag = f"{_ITUNES}explicit"
    if channel.find(tag) is None:
        report.add("apple-explicit-missing", "the show has no itunes:explicit", channel)
    for element in channel.iter(tag):
        if (value := own_text(element).strip()) not in ("true", "false"):
            report.add("apple-explicit-value", f"itunes:explicit {shown(value)}", element)


def _check_move(report: Report, sheet: Sheet) -> None:
    """Where a show has moved to is said at its old address, and at the new one of itself."""
    element = sheet.at.find(f"{_ITUNES}new-feed-url")
    target = "" if element is None else own_text(element).strip()
    if element is not None and sheet.link is not None and target == sheet.link.text:
        says = "itunes:new-feed-url leads to the page of the show, not to its feed"
        report.add("apple-new-feed-url", says, element)


def _check_episode(report: Report, item: Item, guids: dict[str, etree._Element]) -> None:
    if item.title is None and item.at.find(f"{_ITUNES}title") is None:
        report.add("apple-title-missing", f"{called(item)} has no title", item.at)
    if item.id is None:
        report.add("apple-guid-missing", f"{called(item)} has no guid", item.at)
        return
    if (first := guids.setdefault(item.id.text, item.at)) is not item.at:
        says = f"{shown(item.id.text)} is also the episode in line {line_of(first)}"
        report.add("apple-guid-repeated", says, item.id.at)


def _check_enclosure(report: Report, item: Item, seen: dict[str, etree._Element]) -> None:
    enclosures = list(item.at.iterchildren("enclosure"))
    if not enclosures:
        report.add("apple-enclosure-missing", f"{called(item)} has no enclosure", item.at)
    for element in enclosures:
        for key in ("url", "length", "type"):
            if not (element.get(key) or "").strip():
                report.add(
                    "apple-enclosure-incomplete",
                    f"the enclosure of {called(item)} has no {key}",
                    element,
                )
        if (element.get("length") or "").strip() == "0":
            says = f"the enclosure of {called(item)} has length 0: nobody knows how long it is"
            report.add("apple-enclosure-length", says, element)
        url = (element.get("url") or "").strip()
        if url and (first := seen.setdefault(url, element)) is not element:
            says = f"{shown(url)} is also the enclosure in line {line_of(first)}"
            report.add("apple-enclosure-repeated", says, element)
