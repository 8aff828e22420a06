"""The media of an entry: what is attached to it, and the pictures inside its text.

A size is known where the document states it: Media RSS does, an enclosure states its bytes, and
`<img width height>` stands in for what nobody else says of that picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from feedsvc.gate.document import ATOM, MEDIA, XHTML, own_text
from feedsvc.gate.markup import attributes_of

_MEDIA: Final = f"{{{MEDIA}}}"
_ATOM_LINK: Final = f"{{{ATOM}}}link"
_IMG: Final = f"{{{XHTML}}}img"
_PIXELS: Final = re.compile(r"\s*([0-9]{1,6})(?:\.[0-9]+)?\s*(?:px)?\s*")
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg")

Kind = Literal["image", "audio", "video", "other"]


class Medium(NamedTuple):
    """One file, as far as the document tells of it."""

    place: Literal["enclosure", "media", "thumbnail", "text"]
    kind: Kind
    url: str
    width: int | None
    height: int | None
    size: int | None  # bytes
    at: etree._Element


def media_of(entry: etree._Element, text: etree._Element | None) -> tuple[Medium, ...]:
    """The media of an entry; `text` is the element that holds its body."""
    stated = list(_attached(entry))
    sizes = {one.url: one for one in stated if one.width is not None or one.height is not None}
    inside = () if text is None else _inside(text)
    return (*(_known(one, sizes) for one in (*stated, *inside)),)


def pictures(media: Iterable[Medium]) -> tuple[Medium, ...]:
    """Those that are images."""
    return tuple(one for one in media if one.kind == "image")


def _known(one: Medium, sizes: Mapping[str, Medium]) -> Medium:
    """With the size that Media RSS states, before the one that a text shows it in."""
    stated = sizes.get(one.url)
    if stated is None or one.place in ("media", "thumbnail"):
        return one
    return one._replace(width=stated.width, height=stated.height)


def _attached(entry: etree._Element) -> Iterator[Medium]:
    for element in entry.iterchildren("enclosure"):
        yield _medium("enclosure", element, element.get("url"), element.get("length"))
    for element in entry.iterchildren(_ATOM_LINK):
        if element.get("rel") == "enclosure":
            yield _medium("enclosure", element, element.get("href"), element.get("length"))
    for element in entry.iterdescendants(f"{_MEDIA}content"):
        yield _medium("media", element, element.get("url"), element.get("fileSize"))
    for element in entry.iterdescendants(f"{_MEDIA}thumbnail"):
        yield _medium("thumbnail", element, element.get("url"), None)._replace(kind="image")


def _medium(
    place: Literal["enclosure", "media", "thumbnail"],
    element: etree._Element,
    url: str | None,
    size: str | None,
) -> Medium:
    address = (url or "").strip()
    return Medium(
        place=place,
        kind=_kind(element.get("medium"), element.get("type"), address),
        url=address,
        width=_pixels(element.get("width")),
        height=_pixels(element.get("height")),
        size=int(size) if size and size.isascii() and size.isdigit() and len(size) < 20 else None,
        at=element,
    )


def _kind(medium: str | None, type: str | None, url: str) -> Kind:
    for kind in ("image", "audio", "video"):
        if medium == kind or (type or "").strip().lower().startswith(f"{kind}/"):
            return kind
    if medium is None and type is None and _path(url).endswith(_PICTURES):
        return "image"
    return "other"


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def _inside(text: etree._Element) -> Iterator[Medium]:
    for element in text.iterdescendants(_IMG):
        yield _inline(text, {str(name): str(value) for name, value in element.attrib.items()})
    for attributes in attributes_of(own_text(text), "img"):
        yield _inline(text, {name: unescape(value) for name, value in attributes})


def _inline(text: etree._Element, attributes: Mapping[str, str]) -> Medium:
    return Medium(
        place="text",
        kind="image",
        url=attributes.get("src", "").strip(),
        width=_pixels(attributes.get("width")),
        height=_pixels(attributes.get("height")),
        size=None,
        at=text,
    )


def _pixels(value: str | None) -> int | None:
    """A length in pixels; a share of the page is none."""
    found = _PIXELS.fullmatch(value) if value else None
    return int(found[1]) if found else None
