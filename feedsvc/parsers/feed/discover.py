"""Which feeds an HTML page, or the answer that carried it, announces.

    <link rel=alternate> in document order -> feeds of comments -> <a href> that looks like a feed

The last are guesses; `COMMON_PATHS` are what is left to try where even those are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urldefrag, urlsplit

from feedsvc.parsers.feed import linkheader
from feedsvc.parsers.feed.tags import Tag, start_tags
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.urls import absolute

COMMON_PATHS: Final = (
    "/feed",
    "/feed.xml",
    "/rss",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/feeds/posts/default",
    "/feed/atom",
    "/blog/feed",
    "/blog/feed.xml",
    "/blog/index.xml",
    "/blog/rss.xml",
    "/?feed=rss2",
)
"""Where feeds lie on many sites, the most frequent first; relative to the root of the host."""

_LONGEST: Final = 1_048_576  # characters of a page that are looked at
_MOST: Final = 50  # announcements of one kind
_LONGEST_TITLE: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A feed somebody points to."""

    url: str
    type: str | None = None  # media type, as stated
    title: str | None = None
    found_by: Literal["link", "header", "anchor"]


def announced(html: str, url: str) -> tuple[Announced, ...]:
    """The feeds of the page at `url`, the likeliest first; each address once."""
    base = url
    links: list[_Pointer] = []
    anchors: list[_Pointer] = []
    based = False
    for tag in start_tags(html[:_LONGEST], frozenset({"base", "link", "a", "area"})):
        if tag.name == "base":
            if not based and (href := tag.attributes.get("href", "").strip()):
                # WHATWG HTML §4.2.3: only the first counts, for all of the document.
                base, based = absolute(href, url) or url, True
        elif tag.name == "link":
            if len(links) < _MOST and (pointer := _link(tag)) is not None:
                links.append(pointer)
        elif len(anchors) < _MOST and (pointer := _anchor(tag)) is not None:
            anchors.append(pointer)
    found = [*_ranked(links, base, url, "link"), *_ranked(anchors, base, url, "anchor")]
    return _each_once(found)


def link_header(value: str, url: str) -> tuple[Announced, ...]:
    """The feeds that `Link` headers announce (RFC 8288); several are joined with commas."""
    pointers = [pointer for one in linkheader.links(value) if (pointer := _link(one)) is not None]
    return _each_once(_ranked(pointers[:_MOST], url, url, "header"))


def web_address(written: str, base: str | None) -> str | None:
    """The http address behind `written`, which may have one of the schemes made up for feeds."""
    written = written.strip()
    found = _FEED_SCHEME.match(written)
    if found is not None:
        rest = written[found.end() :]
        if not rest.lower().startswith(("http://", "https://")):
            rest = "http://" + rest.lstrip("/")
        written, base = rest, None
    return absolute(written, base)


# `feed:https://…` and `feed://…`; the latter always stood for http.
_FEED_SCHEME = re.compile(r"(?:feed|rss|itpc|pcast|podcast):", re.IGNORECASE)


# --- what announces a feed ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pointer:
    """An element or header that points to a feed; `weak`: it may be something else."""

    href: str
    type: str | None
    title: str | None
    weak: bool


_FEED_TYPE = re.compile(r"(?:application|text)/(?:x[.-])?(?:rss|atom|rdf|feed)(?:\+(?:xml|json))?")
_XML_TYPES: Final = frozenset({"application/xml", "text/xml"})
# What `application/json` stands for beside JSON Feed 1.0, which had no type of its own.
_API = re.compile(r"wp-json|rest_route=|oembed|/api/|graphql", re.IGNORECASE)


def _link(tag: Tag) -> _Pointer | None:
    """A `<link>` that announces a feed by its relation and type (RSS Autodiscovery 1.0)."""
    relations = set(tag.attributes.get("rel", "").lower().split())
    named = "feed" in relations
    href = tag.attributes.get("href", "").strip()
    if not href or not (named or ("alternate" in relations and "stylesheet" not in relations)):
        return None
    stated = tag.attributes.get("type", "").partition(";")[0].strip().lower()
    if _FEED_TYPE.fullmatch(stated) is not None:
        weak = False
    elif stated == "application/json":
        if _API.search(href) is not None:
            return None
        words = href + tag.attributes.get("title", "")
        weak = not named and "feed" not in words.lower()
    elif stated in _XML_TYPES:
        weak = not named
    elif not stated:
        if not named and ("hreflang" in tag.attributes or not _looks_like_feed(href)):
            return None
        weak = not named
    else:  # text/html: a page in microformats, or this one in another language
        return None
    return _Pointer(href, stated or None, _title(tag), weak)


def _anchor(tag: Tag) -> _Pointer | None:
    href = tag.attributes.get("href", "").strip()
    if not href:
        return None
    told = _link(tag)
    if told is not None or _looks_like_feed(href):
        return _Pointer(href, told.type if told else None, _title(tag), told is None)
    return None


# The last step of a path, or a query, as the programs that write feeds name them.
_FEED_PATH = re.compile(
    r"(?:^|/)(?:feeds?|rss2?|atom|rdf)/?$"
    r"|(?:^|/)(?:[a-z0-9_-]{0,40}[_-])?(?:feed|rss2?|atom|rdf)\.(?:xml|json|php|aspx|rdf)$"
    r"|\.(?:rss|atom|rdf)$"
    r"|(?:^|/)index\.(?:xml|rdf)$"
    r"|/feeds/posts/default/?$|/feed/(?:rss2?|atom|rdf|json)/?$"
)
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:feed|format|output|type|alt|view)=(?:feed|rss2?|atom|rdf|jsonfeed)(?:&|$)"
)
_FEED_HOST = re.compile(r"feeds[0-9]?\.feedburner\.com", re.IGNORECASE)
# A service that subscribes to the address inside its own, or shows it elsewhere.
_INSIDE = re.compile(r".https?(?::|%3a)", re.IGNORECASE)


def _looks_like_feed(href: str) -> bool:
    if len(href) > 2_000 or _INSIDE.search(href) is not None:
        return _FEED_SCHEME.match(href) is not None
    if _FEED_SCHEME.match(href) is not None:
        return True
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    path = parts.path.lower()
    return (
        _FEED_PATH.search(path[-100:]) is not None
        or _FEED_QUERY.search(parts.query.lower()) is not None
        or (_FEED_HOST.fullmatch(parts.netloc) is not None and len(path) > 1)
    )


def _title(tag: Tag) -> str | None:
    title = tag.attributes.get("title", "")[: 4 * _LONGEST_TITLE]
    return one_line(normalise(title))[:_LONGEST_TITLE] or None


# --- ranks ----------------------------------------------------------------------------------------

_COMMENTS = re.compile(
    r"comment|kommentar|comentari|commenti|komentar|reacties|kommentit|комментари"
)


def _ranked(
    pointers: Iterable[_Pointer],
    base: str,
    page: str,
    found_by: Literal["link", "header", "anchor"],
) -> list[Announced]:
    """In document order, but feeds of comments last, and before them what may be no feed.

    An anchor may lead to a neighbour's feed: those of the own host come first.
    """
    host = _host(page)
    here = urldefrag(absolute(page, None) or page).url
    ranked: list[tuple[tuple[bool, ...], Announced]] = []
    for pointer in pointers:
        address = web_address(pointer.href, base)
        url = urldefrag(address).url if address is not None else None
        if url is None or url == here:
            continue
        words = f"{urlsplit(url).path} {pointer.title or ''}".lower()
        foreign = found_by == "anchor" and _host(url) != host
        rank = (_COMMENTS.search(words) is not None, foreign, pointer.weak)
        one = Announced(url=url, type=pointer.type, title=pointer.title, found_by=found_by)
        ranked.append((rank, one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _each_once(found: Iterable[Announced]) -> tuple[Announced, ...]:
    first: dict[str, Announced] = {}
    for one in found:
        first.setdefault(one.url, one)
    return tuple(first.values())
