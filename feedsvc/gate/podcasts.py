"""What a feed tells podcast directories: Apple's `itunes`, and the podcast namespace.

Only the form of each value, for any podcast. What Apple demands beyond that is `profiles/`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.common import check_address, check_decimal, check_number, note
from feedsvc.gate.document import ITUNES, own_text
from feedsvc.gate.markup import check_plain
from feedsvc.gate.report import Report, shown

ITUNES_ONCE: Final = (
    "explicit", "duration", "image", "author", "subtitle", "type", "owner", "episode", "season",
    "episodeType", "new-feed-url", "block", "complete",
)  # fmt: skip
"""Of these a channel or an item holds one."""

_DURATION: Final = re.compile(r"[0-9]+(?::[0-5][0-9]){0,2}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ITUNES_LISTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "explicit": frozenset({"true", "false", "yes", "no", "clean", "explicit"}),
        "episodeType": frozenset({"full", "trailer", "bonus"}),
        "type": frozenset({"episodic", "serial"}),
    }
)
_KINDS: Final = (
    "podcast", "music", "video", "film", "audiobook", "newsletter", "blog", "publisher", "course",
)  # fmt: skip
# <podcast:medium>: a feed of its kind, or a list of such feeds
_MEDIUMS: Final = frozenset([*_KINDS, *(f"{kind}L" for kind in _KINDS), "mixed"])
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "transcript": ("url", "type"),
        "chapters": ("url", "type"),
        "funding": ("url",),
        "soundbite": ("startTime", "duration"),
        "trailer": ("url", "pubdate"),
        "alternateEnclosure": ("type",),
        "remoteItem": ("feedGuid",),
        "valueRecipient": ("type", "address", "split"),
    }
)
_LONGEST: Final[Mapping[str, int]] = MappingProxyType(  # characters, for the W3C validator
    {"author": 255, "name": 255, "subtitle": 255, "summary": 4_000}
)
_MOST: Final = 128  # characters of a text that people read
_SHORT: Final = frozenset({"person", "funding", "location", "soundbite", "trailer", "license"})


def check_itunes(report: Report, element: etree._Element, name: str) -> None:
    """One element of Apple's."""
    value = own_text(element).strip()
    if name in _ITUNES_LISTS:
        if value.lower() not in _ITUNES_LISTS[name]:
            report.add("value-unknown", f"itunes:{name} {shown(value)}", element)
    elif name == "duration":
        if _DURATION.fullmatch(value) is None:
            report.add("value-unknown", f"itunes:duration {shown(value)}", element)
    elif name == "image":
        check_address(report, element.get("href") or "", "itunes:image href", element, iri=False)
    elif name == "new-feed-url":
        check_address(report, value, "itunes:new-feed-url", element, iri=False)
    elif name in ("episode", "season"):
        check_number(report, value, f"itunes:{name}", element, least=1)
    elif name == "category":
        for one in element.iter(f"{{{ITUNES}}}category"):
            if one.get("text") is None:
                report.add("attribute-missing", "itunes:category has no text", one)
    elif name == "owner":
        for child in element.iterchildren(f"{{{ITUNES}}}email"):
            address = own_text(child).strip()
            note(report, values.email(address), address, "itunes:email", child)
        for child in element.iterchildren(f"{{{ITUNES}}}name"):
            _check_words(report, child, "name")
    elif name in _LONGEST:
        _check_words(report, element, name)


def _check_words(report: Report, element: etree._Element, name: str) -> None:
    value = own_text(element).strip()
    if len(value) > _LONGEST[name]:
        report.add("podcast-text-long", f"itunes:{name} holds {len(value)} characters", element)
    check_plain(report, value, f"itunes:{name}", element, rss=True)


def check_listing(report: Report, channel: etree._Element) -> None:
    """What directories ask of a podcast: one element of Apple's, wherever it stands, makes one."""
    if next(channel.iter(f"{{{ITUNES}}}*"), None) is None:
        return
    asked = {
        "language": channel.find("language"),
        "itunes:category": channel.find(f"{{{ITUNES}}}category"),
        "itunes:explicit": channel.find(f"{{{ITUNES}}}explicit"),
        "the itunes:email of an owner": channel.find(f"{{{ITUNES}}}owner/{{{ITUNES}}}email"),
    }
    if missing := [name for name, found in asked.items() if found is None]:
        report.add("podcast-incomplete", f"a podcast without {', '.join(missing)}", channel)


def check_podcast(report: Report, element: etree._Element, name: str) -> None:
    """One element of the podcast namespace, of those that feeds are made of today."""
    value = own_text(element).strip()
    where = f"podcast:{name}"
    for key in _REQUIRED.get(name, ()):
        if not element.get(key):
            report.add("attribute-missing", f"{where} has no {key}", element)
    for key in ("url", "href", "img"):
        if address := element.get(key):
            check_address(report, address, f"{where} {key}", element, iri=False)
    if (kind := element.get("type")) and name in ("transcript", "chapters", "alternateEnclosure"):
        note(report, values.media_type(kind), kind, f"{where} type", element)
    if name in _SHORT and len(value) > _MOST:
        report.add("podcast-text-long", f"{where} holds {len(value)} characters", element)
    if name == "guid":
        if _UUID.fullmatch(value) is None:
            report.add("podcast-guid", f"podcast:guid {shown(value)} is no UUID", element)
    elif name == "locked":
        _check_locked(report, element, value)
    elif name == "medium":
        if value not in _MEDIUMS:
            report.add("value-unknown", f"podcast:medium {shown(value)}", element)
    elif name == "transcript":
        if language := element.get("language"):
            note(report, values.language(language), language, f"{where} language", element)
    elif name == "person":
        if not value:
            report.add("element-empty", "podcast:person names nobody", element)
    elif name == "season":
        check_number(report, value, where, element)
    elif name == "episode":
        check_decimal(report, value, where, element)
    elif name == "soundbite":
        check_decimal(report, element.get("startTime"), f"{where} startTime", element)
        check_decimal(report, element.get("duration"), f"{where} duration", element)


def _check_locked(report: Report, element: etree._Element, value: str) -> None:
    if value not in ("yes", "no"):
        report.add("value-unknown", f"podcast:locked {shown(value)}: yes or no", element)
    if (owner := element.get("owner")) is not None:
        note(report, values.email(owner), owner, "podcast:locked owner", element)
