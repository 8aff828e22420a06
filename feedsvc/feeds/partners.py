"""Elements that one partner asks for; they stand in the feeds that are made for that partner."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from feedsvc.feeds.inline import pictures_in
from feedsvc.feeds.media import add_picture
from feedsvc.feeds.prefixes import SMARTNEWS
from feedsvc.feeds.values import address, is_file_address
from feedsvc.feeds.words import picture_of
from feedsvc.model import Entry, FeedHead
from feedsvc.text.clean import xml_safe

_LOGOS = ("logo", "darkModeLogo")  # SmartFormat 2.1, <channel>


def prefixes(head: FeedHead) -> dict[str, str]:
    """The prefix of the partner's elements, which no validator knows."""
    return {"snf": SMARTNEWS} if is_smartnews(head) else {}


def is_smartnews(one: FeedHead | Entry) -> bool:
    """Whether the document, or the one that an entry stands in, is made for SmartNews."""
    return one.profile == "smartnews"


def reads_apart(entry: Entry) -> bool:
    """Whether the partner takes the text from content:encoded alone, never from a description."""
    return entry.profile in ("smartnews", "flipboard")


def add_logos(parent: etree._Element, head: FeedHead) -> None:
    """SmartFormat 2.1: the logo above each article, and that for dark screens."""
    if not is_smartnews(head):
        return
    for name, logo in zip(_LOGOS, head.logos, strict=False):
        if url := address(logo):
            outer = etree.SubElement(parent, f"{{{SMARTNEWS}}}{name}")
            etree.SubElement(outer, "url").text = url


def add_own(parent: etree._Element, entry: Entry) -> None:
    """What the partner asks of an entry that others do without."""
    _add_picture(parent, entry)
    _add_analytics(parent, entry)


def _add_picture(parent: etree._Element, entry: Entry) -> None:
    """Both look for the picture among the media alone, never in the text."""
    if reads_apart(entry) and picture_of(entry.article) is None:
        found = (one for one in pictures_in(entry.article.html) if is_file_address(one.url))
        if image := next(found, None):
            add_picture(parent, replace(entry.article, image=image))


def _add_analytics(parent: etree._Element, entry: Entry) -> None:
    """SmartFormat 2.1: HTML, as text, that counts who reads the article there."""
    if not is_smartnews(entry) or not entry.analytics:
        return
    if markup := xml_safe(entry.analytics).strip():
        etree.SubElement(parent, f"{{{SMARTNEWS}}}analytics").text = markup
