"""Media files and pictures of an entry: RSS, Atom, Media RSS and iTunes."""

from __future__ import annotations

from lxml import etree

from feedsvc.model import Enclosure, Image
from feedsvc.parsers.feed.markup import text_of
from feedsvc.parsers.feed.names import RDF
from feedsvc.parsers.feed.scope import Fields
from feedsvc.text.html import plain

_MOST = 200


def enclosures_of(fields: Fields) -> tuple[Enclosure, ...]:
    """Every media file, each address once; what is known of it may come from several elements."""
    found: dict[str, Enclosure] = {}
    there = fields.found
    original = fields.text("feedburner:origenclosurelink")
    for node in (*there.get("enclosure", ()), *there.get("media:enclosure", ())):
        written = original or node.get("url") or node.get("href") or node.get(f"{RDF}resource")
        original = None
        _add(found, fields, node, str(written or text_of(node)))
    for rel, node in fields.links:
        if rel == "enclosure":
            _add(found, fields, node, str(node.get("href") or ""))
    for node in there.get("atom:content", ()):
        written = node.get("src")
        if not written:
            continue
        kind = (node.get("type") or "").strip().lower()
        if "/" in kind and not kind.startswith(("text/", "application/xhtml")):
            _add(found, fields, node, str(written))
    for node in _media(fields, "content"):
        if node.get("url"):
            _add(found, fields, node, str(node.get("url")))
    if found and (lasts := duration(fields.text("itunes:duration"))) is not None:
        first = next(iter(found.values()))
        if first.duration is None:
            found[first.url] = _with_duration(first, lasts)
    return tuple(found.values())


def _add(found: dict[str, Enclosure], fields: Fields, node: etree._Element, written: str) -> None:
    url = fields.address(written, node, "enclosure")
    if url is None:
        return
    known = found.get(url)
    if known is None and len(found) >= _MOST:
        fields.passed["enclosure"] = fields.passed.get("enclosure", 0) + 1
        return
    size = number(node.get("length") or node.get("fileSize") or node.get("filesize"))
    if size is None and (node.get("length") or "").strip():
        fields.warnings.append(f"length: {str(node.get('length'))[:80]!r} is no size; left out")
    kind = (node.get("type") or node.get(f"{{{_ENC}}}type") or "").strip() or None
    lasts = duration(node.get("duration"))
    found[url] = Enclosure(
        url=url,
        type=(known.type if known else None) or kind,
        # RSS 2.0 demands a length; 0 is what programs write that do not know it.
        length=(known.length if known else None) or size or None,
        duration=(known.duration if known else None) or lasts,
    )


_ENC = "http://purl.oclc.org/net/rss_2.0/enc#"


def _with_duration(one: Enclosure, seconds: int) -> Enclosure:
    return Enclosure(url=one.url, type=one.type, length=one.length, duration=seconds)


def _media(fields: Fields, name: str) -> list[etree._Element]:
    """Elements of Media RSS in the entry, in its groups and in their contents."""
    if not ("media:content" in fields.found or "media:group" in fields.found):
        return fields.found.get(f"media:{name}", [])[:_MOST]
    names = fields.scope.names
    nodes = list(fields.found.get(f"media:{name}", ()))
    for outer in fields.found.get("media:group", ()):
        for child in list(outer)[:_MOST]:
            told = names[child.tag]
            if told == f"media:{name}":
                nodes.append(child)
            elif told == "media:content" and name != "content":
                nodes.extend(one for one in child if names[one.tag] == f"media:{name}")
    if name != "content":
        for outer in fields.found.get("media:content", ()):
            nodes.extend(one for one in outer if names[one.tag] == f"media:{name}")
    return nodes[:_MOST]


def image_of(fields: Fields) -> Image | None:
    """The lead image: the one that is called so before a thumbnail."""
    for node, written in _candidates(fields):
        url = fields.address(written, node, "image") if written else None
        if url is not None:
            return Image(
                url=url, caption=_said(fields, "description"), credit=_said(fields, "credit")
            )
    return None


def _candidates(fields: Fields) -> list[tuple[etree._Element, str]]:
    told: list[tuple[etree._Element, str]] = []
    for node in _media(fields, "content"):
        kind = (node.get("type") or "").lower()
        if (node.get("medium") or "").lower() == "image" or kind.startswith("image/"):
            told.append((node, str(node.get("url") or "")))
    for node in fields.all("itunes:image", "googleplay:image", "podcast:image"):
        told.append((node, str(node.get("href") or node.get("url") or text_of(node))))
    for node in fields.found.get("image", ()):
        told.append((node, image_address(node, fields)))
    for node in _media(fields, "thumbnail"):
        told.append((node, str(node.get("url") or text_of(node))))
    return told


def image_address(node: etree._Element, fields: Fields) -> str:
    """RSS `image` with its `url`, or however else an element of that name tells its address."""
    for child in node:
        if fields.scope.names[child.tag] == "url":
            return text_of(child)
    resource = node.get("href") or node.get("url") or node.get(f"{RDF}resource")
    return str(resource or ("" if len(node) else text_of(node)))


def _said(fields: Fields, name: str) -> str | None:
    for node in _media(fields, name):
        if text := text_of(node):
            return plain(text[:4_000])
    return None


# --- numbers


def number(written: str | None) -> int | None:
    """A count of bytes; None for what is none."""
    text = (written or "").strip().replace(",", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def duration(written: str | None) -> int | None:
    """Seconds: `3723`, `3723.5`, `62:03` or `1:02:03`."""
    text = (written or "").strip()
    if not text or len(text) > 20:
        return None
    seconds = 0.0
    parts = text.split(":")
    if len(parts) > 3:
        return None
    for part in parts:
        whole, _, fraction = part.strip().partition(".")
        if not (whole.isascii() and whole.isdigit() and (not fraction or fraction.isdigit())):
            return None
        seconds = seconds * 60 + int(whole)
    return int(seconds) if 0 < seconds < 10_000_000 else None
