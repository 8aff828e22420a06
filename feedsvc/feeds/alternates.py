"""`podcast:alternateEnclosure`: the same recording in other forms, from other places."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from feedsvc.feeds.lines import LONGEST_WORDS, MEDIA_TYPE, NUMBER, Line, matching, words
from feedsvc.feeds.prefixes import PODCAST
from feedsvc.text.html import cut
from feedsvc.text.language import normalise_language

_OUTER = "podcast:alternateEnclosure"
_NUMBERS = ("length", "bitrate", "height")
_WORDS = ("title", "rel")
_FLAG = re.compile(r"true|false")
_PROOF = re.compile(r"sri|pgp-signature")
_HASH = re.compile(r"[A-Za-z0-9+/=-]{16,512}")

Named = tuple[str, Line]


def add_alternates(item: etree._Element, lines: Sequence[Named]) -> None:
    """Each with its sources, which stand in the lines behind its own."""
    for start, (name, outer) in enumerate(lines):
        if name != _OUTER:
            continue
        inner: list[Named] = []
        for below, line in lines[start + 1 :]:
            if not below.startswith(f"{_OUTER}/"):
                break
            inner.append((below.rpartition("/")[2], line))
        _add(item, outer, inner)


def _add(item: etree._Element, outer: Line, inner: Sequence[Named]) -> None:
    kind = matching(outer, "type", MEDIA_TYPE)
    sources = [line for name, line in inner if name == "source" and "uri" in line]
    if kind is None or not sources:  # the podcast namespace: both are required
        return
    element = etree.SubElement(item, f"{{{PODCAST}}}alternateEnclosure", type=kind)
    for key, value in _said(outer).items():
        if value:
            element.set(key, value)
    for line in sources:
        source = etree.SubElement(element, f"{{{PODCAST}}}source", uri=line["uri"])
        if stated := matching(line, "contentType", MEDIA_TYPE):
            source.set("contentType", stated)
    for name, line in inner:
        proof, value = matching(line, "type", _PROOF), matching(line, "value", _HASH)
        if name == "integrity" and proof and value:
            etree.SubElement(element, f"{{{PODCAST}}}integrity", type=proof, value=value)
            break


def _said(outer: Line) -> dict[str, str | None]:
    return {
        **{key: matching(outer, key, NUMBER) for key in _NUMBERS},
        "lang": normalise_language(outer.get("lang", "")),
        **{key: cut(words(outer, key), LONGEST_WORDS) for key in _WORDS},
        "default": matching(outer, "default", _FLAG),
    }
