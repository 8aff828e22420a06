"""OPML 2.0: the list of all feeds, for moving subscriptions into a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from feedsvc.feeds.guard import safe
from feedsvc.model import FeedHead, Format


def opml(heads: Sequence[FeedHead], *, title: str, updated: datetime) -> bytes:
    """The document; each feed is named once, in the richest format it has."""
    root = etree.Element("opml", version="2.0")
    top = etree.SubElement(root, "head")
    etree.SubElement(top, "title").text = safe(title)
    etree.SubElement(top, "dateModified").text = format_datetime(updated)
    body = etree.SubElement(root, "body")
    for head in heads:
        url = next((head.urls[format] for format in Format if format in head.urls), None)
        if url is None:
            continue
        outline = etree.SubElement(body, "outline", text=safe(head.title), title=safe(head.title))
        # OPML 2.0: `rss` names any feed, Atom too.
        outline.set("type", "rss")
        outline.set("xmlUrl", url)
        outline.set("htmlUrl", head.home)
        if head.description != head.title:
            outline.set("description", safe(head.description))
        if head.language:
            outline.set("language", head.language)
    return etree.tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True)
