"""OPML 2.0: the list of all feeds, for moving subscriptions into a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from feedsvc.feeds.values import safe
from feedsvc.model import FeedHead, Format


def opml(heads: Sequence[FeedHead], *, title: str) -> bytes:
    """The document; each feed is named once, in the richest format it has.

    Without a date: with that of the newest article the list would be another one after each, and
    whoever polls it would never hear that nothing has changed.
    """
    body = start(title)
    for head in heads:
        url = next((head.urls[format] for format in Format if format in head.urls), None)
        if url is not None:
            add_feed(
                body,
                head.title,
                url,
                home=head.home,
                description=head.description,
                language=head.language,
            )
    return finish(body)


def start(title: str, **dates: datetime | None) -> etree._Element:
    """The body of a new document, whose head has this title and these dates."""
    root = etree.Element("opml", version="2.0")
    top = etree.SubElement(root, "head")
    etree.SubElement(top, "title").text = safe(title)
    for name, moment in dates.items():
        if moment is not None:
            etree.SubElement(top, name).text = format_datetime(moment)
    return etree.SubElement(root, "body")


def add_feed(
    parent: etree._Element,
    title: str,
    url: str,
    *,
    home: str | None = None,
    description: str | None = None,
    language: str | None = None,
) -> etree._Element:
    """One feed inside the body or a folder."""
    outline = etree.SubElement(parent, "outline", text=safe(title), title=safe(title))
    # OPML 2.0: `rss` names any feed, Atom too.
    outline.set("type", "rss")
    outline.set("xmlUrl", url)
    if home is not None:
        outline.set("htmlUrl", home)
    if description is not None and description != title:
        outline.set("description", safe(description))
    if language:
        outline.set("language", language)
    return outline


def finish(body: etree._Element) -> bytes:
    """The document around `body`."""
    return etree.tostring(
        body.getroottree(), pretty_print=True, encoding="UTF-8", xml_declaration=True
    )
