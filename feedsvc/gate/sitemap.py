"""Sitemaps (sitemaps.org 0.9), sitemap indexes, and Google's news sitemaps: what engines read.

Its size is judged by the limits of its own protocol: nobody polls a sitemap as readers poll feeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.common import check_address, check_leaf, local, note
from feedsvc.gate.document import NEWS, SITEMAP, check_prefix, read_xml
from feedsvc.gate.report import Report, line_of, shown

MOST_BYTES: Final = 52_428_800
MOST_ADDRESSES: Final = 50_000
MOST_NEWS: Final = 1_000
NEWS_AGE: Final = timedelta(days=2)
_LONGEST: Final = 2_047

_NS: Final = f"{{{SITEMAP}}}"
_NEWS: Final = f"{{{NEWS}}}"
_KNOWN: Final[Mapping[str, tuple[str, frozenset[str]]]] = MappingProxyType(
    {
        "urlset": ("url", frozenset({"loc", "lastmod", "changefreq", "priority"})),
        "sitemapindex": ("sitemap", frozenset({"loc", "lastmod"})),
    }
)
_FREQUENCIES: Final = frozenset(
    {"always", "hourly", "daily", "weekly", "monthly", "yearly", "never"}
)
_PRIORITY: Final = re.compile(r"0(?:\.[0-9]+)?|1(?:\.0+)?|\.[0-9]+")
_NEWS_LANGUAGE: Final = re.compile(r"[a-z]{2,3}|zh-(?:cn|tw)", re.IGNORECASE)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def check_sitemap(report: Report, body: bytes) -> None:
    """The whole document, from its bytes down."""
    if len(body) > MOST_BYTES:
        report.add("sitemap-size", f"{len(body)} bytes are more than {MOST_BYTES}")
        return
    root = read_xml(report, body, polled=False)
    if root is None:
        return
    kind = local(root)
    if kind not in _KNOWN:
        report.add("root-wrong", f"the root element is <{kind}>, not <urlset>", root)
    elif root.tag != _NS + kind:
        report.add("namespace-wrong", f"the namespace of {kind} is not {SITEMAP}", root)
    else:
        _check_addresses(report, root, *_KNOWN[kind])


def _check_addresses(
    report: Report, root: etree._Element, item: str, known: frozenset[str]
) -> None:
    host = _host(report.url) if report.url else None
    seen: dict[str, int | None] = {}
    count = news = 0
    for child in root.iterchildren("*"):
        if not str(child.tag).startswith(_NS):
            check_prefix(report, child, str(child.tag)[1:].partition("}")[0])
        elif child.tag != _NS + item:
            says = f"<{local(child)}> has no place in {local(root)}"
            report.add("element-unknown", says, child)
        else:
            count += 1
            if count == MOST_ADDRESSES + 1:
                report.add("sitemap-urls-many", f"more than {MOST_ADDRESSES} addresses", child)
            loc = _check_item(report, child, known)
            host = _check_loc(report, child, loc, host, seen)
            for element in child.iterchildren(f"{_NEWS}news"):
                news += 1
                if news == MOST_NEWS + 1:
                    report.add("news-urls-many", f"more than {MOST_NEWS} articles", element)
                _check_news(report, element)
    if not count:
        report.add("sitemap-empty", f"{local(root)} lists nothing", root)


def _check_item(
    report: Report, item: etree._Element, known: frozenset[str]
) -> etree._Element | None:
    """One address with what is said of it; its `loc`."""
    found: dict[str, etree._Element] = {}
    for child in item.iterchildren("*"):
        tag = str(child.tag)
        name = local(child)
        if not tag.startswith(_NS):
            check_prefix(report, child, tag[1:].partition("}")[0])
            continue
        if name not in known:
            report.add("element-unknown", f"<{name}> has no place in {local(item)}", child)
            continue
        if name in found:
            report.add("element-duplicate", f"<{name}> stands in {local(item)} twice", child)
        found[name] = child
        value = check_leaf(report, child).strip()
        if name == "lastmod":
            note(report, values.w3cdtf(value), value, "lastmod", child)
        elif name == "changefreq" and value not in _FREQUENCIES:
            report.add("value-unknown", f"changefreq {shown(value)}", child)
        elif name == "priority" and _PRIORITY.fullmatch(value) is None:
            report.add("number-invalid", f"priority {shown(value)} is not from 0.0 to 1.0", child)
    return found.get("loc")


def _check_loc(
    report: Report,
    item: etree._Element,
    loc: etree._Element | None,
    host: tuple[str, str] | None,
    seen: dict[str, int | None],
) -> tuple[str, str] | None:
    """One address; the scheme and host that all of the document have to have."""
    value = (loc.text or "").strip() if loc is not None else ""
    if loc is None or not value:
        report.add("sitemap-loc-missing", f"<{local(item)}> has no loc", item)
        return host
    check_address(report, value, "loc", loc)
    if len(value) > _LONGEST:
        report.add("sitemap-loc-long", f"loc holds {len(value)} characters", loc)
    if value in seen:
        says = f"{shown(value)} also stands in line {seen[value]}"
        report.add("sitemap-loc-repeated", says, loc)
    seen.setdefault(value, line_of(loc))
    # Nearly all are on the host of the sitemap: to take each apart costs more than all else.
    here = host is not None and value.startswith(f"{host[0]}://{host[1]}/")
    own = host if here else _host(value)
    if own is None or own[0] not in ("http", "https"):
        if values.is_absolute(value):
            report.add("sitemap-host", f"{shown(value)} is no http address", loc)
        return host
    if host is not None and own != host:
        report.add("sitemap-host", f"{shown(value)} is not on {host[0]}://{host[1]}", loc)
    return host or own


def _host(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    shown_port = f":{port}" if port is not None and port != usual else ""
    return parts.scheme, f"{parts.hostname or ''}{shown_port}"


def _check_news(report: Report, news: etree._Element) -> None:
    """What Google asks of an article beside its address."""
    publication = news.find(f"{_NEWS}publication")
    required = (
        ("publication", publication),
        ("publication name", _below(publication, "name")),
        ("publication language", _below(publication, "language")),
        ("publication_date", news.find(f"{_NEWS}publication_date")),
        ("title", news.find(f"{_NEWS}title")),
    )
    for name, element in required:
        text = "".join(map(str, element.itertext())).strip() if element is not None else ""
        if element is None or not text:
            if name == "publication" or publication is not None or " " not in name:
                report.add("news-element-missing", f"news:news has no {name}", news)
        elif name == "publication language" and _NEWS_LANGUAGE.fullmatch(text) is None:
            report.add("news-language", f"news:language {shown(text)}", element)
        elif name == "publication_date":
            _check_news_date(report, element, text)


def _below(parent: etree._Element | None, name: str) -> etree._Element | None:
    return None if parent is None else parent.find(f"{_NEWS}{name}")


def _check_news_date(report: Report, element: etree._Element, value: str) -> None:
    flaw = values.w3cdtf(value)
    if flaw is None and len(value) < len("2024-05-31"):
        flaw = values.Flaw("date-invalid", "names no day")
    note(report, flaw, value, "news:publication_date", element)
    if flaw is not None or report.now is None:
        return
    whole_day = _DAY.fullmatch(value) is not None
    moment = datetime.fromisoformat(value.replace(":60", ":59"))
    moment = moment.replace(tzinfo=UTC) if whole_day else moment
    note(report, values.implausible(moment, report.now), value, "news:publication_date", element)
    if moment < report.now - NEWS_AGE - timedelta(days=whole_day):
        report.add("news-date-old", f"{shown(value)} is more than two days ago", element)
