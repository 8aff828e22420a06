"""Media RSS: the pictures, sounds and films of an entry, for readers that show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from feedsvc.feeds.prefixes import MEDIA
from feedsvc.feeds.values import is_file_address, safe, type_of
from feedsvc.feeds.words import as_label, picture_of
from feedsvc.model import Article, Enclosure, Image
from feedsvc.text.urls import media_type

_CONTENT, _GROUP = f"{{{MEDIA}}}content", f"{{{MEDIA}}}group"
_THUMBNAIL = f"{{{MEDIA}}}thumbnail"
_DESCRIPTION, _CREDIT = f"{{{MEDIA}}}description", f"{{{MEDIA}}}credit"

_PLAYED = ("audio", "video")
_ENDING = re.compile(r"\.[A-Za-z0-9]{2,5}(?=$|[?#])")
_LATE = 2  # seconds by which two encoders may differ about the length of one recording


def add_picture(parent: etree._Element, article: Article) -> None:
    """The lead image with what is said of it, and as the picture of the whole entry."""
    if article.image is not None:
        _add_image(parent, article.image)
    picture = picture_of(article)
    if picture is not None:
        _measure(etree.SubElement(parent, _THUMBNAIL, url=picture.url), picture)


def _add_image(parent: etree._Element, image: Image) -> None:
    # No group: Media RSS wants at least two members in one.
    content = etree.SubElement(parent, _CONTENT, url=image.url)
    if kind := media_type(image.url):
        content.set("type", kind)
    content.set("medium", "image")
    _measure(content, image)
    # Inside, so that nobody takes them for words about the entry.
    for name, words in ((_DESCRIPTION, image.caption), (_CREDIT, image.credit)):
        if text := safe(words or ""):
            etree.SubElement(content, name).text = as_label(text)


def _measure(element: etree._Element, one: Image | Enclosure) -> None:
    """Its size in pixels, if both sides are known."""
    if one.width and one.height:
        element.set("width", str(one.width))
        element.set("height", str(one.height))


# -- what RSS has no element for -------------------------------------------------------------------


def main_enclosure(article: Article) -> Enclosure | None:
    """The one `<enclosure>` an item may have: the first that is fit to be one.

    RSS 2.0 wants its type and an http address, in which validators look for a domain; what lacks
    one of them is no enclosure there.
    """
    fit = (one for one in article.enclosures if type_of(one) and is_file_address(one.url))
    return next(fit, None)


def add_others(item: etree._Element, article: Article, first: Enclosure | None) -> None:
    """The enclosures but for the `first`; several forms of one recording as a group."""
    if len(article.enclosures) < 2 and first is not None:
        return
    image = article.image.url if article.image else None  # media:content already
    grouped: set[str] = set()
    forms = {one.url: group for group in variants(article.enclosures) for one in group}
    for one in article.enclosures:
        group = forms.get(one.url)
        if group is None:
            if one is not first and one.url != image:
                _add_file(item, one)
        elif one.url not in grouped:
            grouped |= {form.url for form in group}
            within = etree.SubElement(item, _GROUP)
            for form in group:
                _add_file(within, form, default=form is group[0])


def variants(enclosures: Sequence[Enclosure]) -> list[list[Enclosure]]:
    """The media files that are one recording in several forms, in the order of the article.

    Those are sounds, or films, with one address but for its ending, that last equally long.
    """
    found: dict[tuple[str, str], list[Enclosure]] = {}
    for one in enclosures if len(enclosures) > 1 else ():
        kind = (type_of(one) or "").partition("/")[0]
        stem, count = _ENDING.subn("", one.url, count=1)
        if kind in _PLAYED and count:
            found.setdefault((kind, stem), []).append(one)
    return [group for group in found.values() if len(group) > 1 and _as_long(group)]


def _as_long(group: Iterable[Enclosure]) -> bool:
    known = [one.duration for one in group if one.duration]
    return not known or max(known) - min(known) <= _LATE


def _add_file(parent: etree._Element, one: Enclosure, *, default: bool = False) -> None:
    content = etree.SubElement(parent, _CONTENT, url=one.url)
    for name, value in _said_of(one).items():
        if value:
            content.set(name, value)
    _measure(content, one)
    if default:
        content.set("isDefault", "true")


def _said_of(one: Enclosure) -> Mapping[str, str]:
    kind = type_of(one) or ""
    medium = kind.partition("/")[0]
    return {
        "fileSize": str(one.length) if one.length else "",
        "type": kind,
        "medium": medium if medium in ("image", *_PLAYED) else "",
        "duration": str(one.duration) if one.duration else "",
    }
