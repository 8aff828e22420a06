"""The modules that feeds carry beside their own elements: Media RSS, Dublin Core and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.common import (
    check_address,
    check_decimal,
    check_number,
    check_rfc3339,
    local,
    note,
)
from feedsvc.gate.document import (
    DC,
    DCTERMS,
    HISTORY,
    ITUNES,
    MEDIA,
    PODCAST,
    SLASH,
    SMARTNEWS,
    SYNDICATION,
    THREAD,
    TOMBSTONES,
    own_text,
)
from feedsvc.gate.markup import check_plain, scan_html
from feedsvc.gate.podcasts import ITUNES_ONCE, check_itunes, check_podcast
from feedsvc.gate.report import Report, shown

# What each module defines; an element that is not in its list is a slip of the pen
KNOWN: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        MEDIA: frozenset(
            "adult backLinks category comment comments community content copyright credit "
            "description embed group hash keywords license location peerLink player price rating "
            "responses restriction rights scenes scene scenes sceneTitle sceneDescription "
            "sceneStartTime sceneEndTime starRating statistics status subTitle tags text thumbnail "
            "title response backLink param".split()
        ),
        DC: frozenset(
            "contributor coverage creator date description format identifier language publisher "
            "relation rights source subject title type".split()
        ),
        SYNDICATION: frozenset({"updatePeriod", "updateFrequency", "updateBase"}),
        SLASH: frozenset({"section", "department", "comments", "hit_parade"}),
        THREAD: frozenset({"in-reply-to", "total"}),
        HISTORY: frozenset({"archive", "complete", "incomplete"}),
        TOMBSTONES: frozenset({"deleted-entry", "by", "comment"}),
    }
)
_ONCE: Final = frozenset(
    [f"{{{MEDIA}}}{name}" for name in ("title", "description", "copyright", "adult")]
    + [f"{{{DC}}}{name}" for name in ("date", "language")]
    + [f"{{{SYNDICATION}}}{name}" for name in KNOWN[SYNDICATION]]
    + [f"{{{SLASH}}}{name}" for name in ("section", "department", "hit_parade")]
    + [f"{{{ITUNES}}}{name}" for name in ITUNES_ONCE]
    + [f"{{{PODCAST}}}{name}" for name in ("guid", "locked", "medium", "chapters")]
    + [f"{{{SMARTNEWS}}}{name}" for name in ("logo", "darkModeLogo", "analytics")]
    + [f"{{{HISTORY}}}{name}" for name in ("archive", "complete")]
)
_MEDIA_LISTS: Final = (
    ("medium", frozenset({"image", "audio", "video", "document", "executable"})),
    ("expression", frozenset({"sample", "full", "nonstop"})),
    ("isDefault", frozenset({"true", "false"})),
)
_RATINGS: Final = MappingProxyType(
    {
        "urn:simple": frozenset({"adult", "nonadult"}),
        "urn:mpaa": frozenset({"g", "m", "nc-17", "pg", "pg-13", "r", "x"}),
        "urn:v-chip": frozenset(
            "14+ 18+ c c8 g pg tv-14 tv-g tv-ma tv-pg tv-y tv-y7 tv-y7-fv".split()
        ),
    }
)
_PERIODS: Final = frozenset({"hourly", "daily", "weekly", "monthly", "yearly"})
_NORMAL_PLAY_TIME: Final = re.compile(
    r"now|[0-9]+(?:\.[0-9]+)?|[0-9]+:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
)
_DCTERMS_DATES: Final = frozenset({"created", "issued", "modified", "available", "valid"})
_HASH_LENGTH: Final = MappingProxyType({"md5": 32, "sha-1": 40})
_HEX: Final = re.compile(r"[0-9A-Za-z]+")


def check_module(report: Report, element: etree._Element, namespace: str, seen: set[str]) -> None:
    """One element of a module; `seen` are the tags that came before it in the same parent."""
    tag = str(element.tag)
    name = local(element)
    known = KNOWN.get(namespace)
    if known is not None and name not in known:
        report.add("element-unknown", f"{element.prefix}:{name} does not exist", element)
        return
    if tag in seen and tag in _ONCE:
        report.add("element-duplicate", f"{element.prefix}:{name} stands here twice", element)
    seen.add(tag)
    if namespace == MEDIA:
        _check_media(report, element, name)
    elif namespace == DC:
        _check_dublin_core(report, element, name)
    elif namespace == ITUNES:
        check_itunes(report, element, name)
    elif namespace == PODCAST:
        check_podcast(report, element, name)
    elif namespace == SMARTNEWS:
        _check_smartnews(report, element, name)
    elif namespace == DCTERMS:
        if name in _DCTERMS_DATES:
            value = own_text(element).strip()
            note(report, values.w3cdtf(value), value, f"dcterms:{name}", element)
    elif namespace == THREAD:
        _check_thread(report, element, name)
    elif namespace in (SYNDICATION, SLASH, TOMBSTONES):
        _check_small(report, element, namespace, name)


def _check_media(report: Report, element: etree._Element, name: str) -> None:
    where = f"media:{name}"
    for key in ("width", "height", "fileSize"):
        check_number(report, element.get(key), f"{where} {key}", element, least=1)
    if name == "content":
        _check_media_content(report, element)
    elif name == "group":
        if sum(1 for _ in element.iterchildren(f"{{{MEDIA}}}content")) < 2:
            report.add(
                "media-group-small", "media:group holds fewer than two media:content", element
            )
    elif name in ("thumbnail", "player"):
        url = element.get("url")
        if not url:
            report.add("attribute-missing", f"{where} has no url", element)
        else:
            check_address(report, url, f"{where} url", element, iri=False)
        _check_time(report, element, "time")
    elif name in ("title", "description", "text"):
        _check_media_text(report, element, where)
    elif name == "category":
        if scheme := element.get("scheme"):
            check_address(report, scheme, "media:category scheme", element)
    elif name == "copyright":
        check_plain(report, own_text(element), where, element)
        if url := element.get("url"):
            check_address(report, url, "media:copyright url", element, iri=False)
    elif name == "rating":
        scheme = element.get("scheme") or "urn:simple"
        if scheme in _RATINGS and own_text(element).strip() not in _RATINGS[scheme]:
            report.add("value-unknown", f"media:rating {shown(own_text(element))}", element)
    elif name == "hash":
        digest, algorithm = own_text(element).strip(), element.get("algo") or "md5"
        if _HEX.fullmatch(digest) is None or len(digest) != _HASH_LENGTH.get(algorithm):
            report.add(
                "value-unknown", f"media:hash {shown(digest)} of {shown(algorithm)}", element
            )
    elif name == "restriction":
        _check_restriction(report, element)
    _check_below(report, element, name)


def _check_media_content(report: Report, element: etree._Element) -> None:
    url = element.get("url")
    if url:
        check_address(report, url, "media:content url", element, iri=False)
    elif element.find(f"{{{MEDIA}}}player") is None:
        report.add("media-url-missing", "media:content has neither url nor player", element)
    if (kind := element.get("type")) is not None:
        note(report, values.media_type(kind), kind, "media:content type", element)
    if lang := element.get("lang"):
        note(report, values.language(lang), lang, "media:content lang", element)
    for key, allowed in _MEDIA_LISTS:
        value = element.get(key)
        if value is not None and value not in allowed:
            report.add("value-unknown", f"media:content {key} {shown(value)}", element)
    for key in ("bitrate", "framerate", "samplingrate", "duration"):
        check_decimal(report, element.get(key), f"media:content {key}", element)
    check_number(report, element.get("channels"), "media:content channels", element)


def _check_media_text(report: Report, element: etree._Element, where: str) -> None:
    kind = element.get("type")
    if kind not in (None, "plain", "html"):
        report.add("value-unknown", f"{where} type {shown(kind)}: plain or html", element)
    if kind == "html":
        scan_html(report, own_text(element), where, element)
    else:
        check_plain(report, own_text(element), where, element)
    if lang := element.get("lang"):
        note(report, values.language(lang), lang, f"{where} lang", element)
    _check_time(report, element, "start")
    _check_time(report, element, "end")


def _check_time(report: Report, element: etree._Element, key: str) -> None:
    value = element.get(key)
    if value is not None and _NORMAL_PLAY_TIME.fullmatch(value) is None:
        report.add("value-unknown", f"media:{local(element)} {key} {shown(value)}", element)


def _check_restriction(report: Report, element: etree._Element) -> None:
    relationship, kind = element.get("relationship"), element.get("type")
    if relationship is None:
        report.add("attribute-missing", "media:restriction has no relationship", element)
    elif relationship not in ("allow", "deny"):
        report.add("value-unknown", f"media:restriction {shown(relationship)}", element)
    if kind is None and own_text(element).strip() not in ("", "all", "none"):
        report.add("value-unknown", f"media:restriction {shown(own_text(element))}", element)
    elif kind not in (None, "country", "uri", "sharing"):
        report.add("value-unknown", f"media:restriction type {shown(kind)}", element)


def _check_below(report: Report, element: etree._Element, name: str) -> None:
    """Media elements nest; only these two hold others of the module, so the walk is shallow."""
    if name in ("content", "group") and len(element):
        seen: set[str] = set()
        for child in element.iterchildren(f"{{{MEDIA}}}*"):
            if local(child) != "group":
                check_module(report, child, MEDIA, seen)


def _check_dublin_core(report: Report, element: etree._Element, name: str) -> None:
    value = own_text(element).strip()
    if name == "date":
        note(report, values.w3cdtf(value), value, "dc:date", element)
    elif name == "language":
        note(report, values.language(value), value, "dc:language", element)
    elif name == "creator" and not value and not len(element):
        report.add("element-empty", "dc:creator is empty", element)


def _check_smartnews(report: Report, element: etree._Element, name: str) -> None:
    """A logo is an address inside a `url`, which has no namespace of its own."""
    if name not in ("logo", "darkModeLogo"):
        return
    url = next((child for child in element.iterchildren("*") if local(child) == "url"), None)
    if url is None:
        report.add("attribute-missing", f"snf:{name} has no url", element)
    else:
        check_address(report, own_text(url).strip(), f"snf:{name} url", url, iri=False)


def _check_thread(report: Report, element: etree._Element, name: str) -> None:
    if name == "in-reply-to":
        reference = element.get("ref")
        if reference is None:
            report.add("attribute-missing", "thr:in-reply-to has no ref", element)
        else:
            note(report, values.atom_id(reference), reference, "thr:in-reply-to ref", element)
        for key in ("href", "source"):
            if (value := element.get(key)) is not None:
                check_address(report, value, f"thr:in-reply-to {key}", element)
    else:
        check_number(report, own_text(element), "thr:total", element)


def _check_small(report: Report, element: etree._Element, namespace: str, name: str) -> None:
    value = own_text(element).strip()
    if name == "updatePeriod":
        if value not in _PERIODS:
            report.add("value-unknown", f"sy:updatePeriod {shown(value)}", element)
    elif name == "updateFrequency":
        check_number(report, value, "sy:updateFrequency", element, least=1)
    elif name == "updateBase":
        note(report, values.w3cdtf(value), value, "sy:updateBase", element)
    elif namespace == SLASH and name == "comments":
        check_number(report, value, "slash:comments", element)
    elif name == "deleted-entry":
        for key in ("ref", "when"):
            if element.get(key) is None:
                report.add("attribute-missing", f"at:deleted-entry has no {key}", element)
        if (reference := element.get("ref")) is not None:
            note(report, values.atom_id(reference), reference, "at:deleted-entry ref", element)
        if (when := element.get("when")) is not None:
            check_rfc3339(report, when, "at:deleted-entry when", element)
