"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from feedgen.feed import FeedGenerator
from lxml import etree

from feedsvc.feeds import head as heads
from feedsvc.feeds import partners
from feedsvc.feeds.guard import add, generator
from feedsvc.feeds.links import page_of
from feedsvc.feeds.media import add_picture
from feedsvc.feeds.origin import credit
from feedsvc.feeds.prefixes import IN_ATOM, XML_LANG
from feedsvc.feeds.stitch import StitchedXml
from feedsvc.feeds.values import address, local, people, safe, spoken, type_of
from feedsvc.feeds.vias import vias
from feedsvc.feeds.words import (
    as_label,
    categories,
    declare_html,
    referenced,
    summary_of,
    text_of,
    title_of,
)
from feedsvc.model import Entry, FeedHead, Format, Origin
from feedsvc.settings import FullText
from feedsvc.text.urls import media_type

Link = dict[str, str]


class AtomFormat(StitchedXml):
    """Renders Atom; fits `ports.Renderer`."""

    mark = b"  <entry"
    tail = b"</feed>\n"
    id_tags = (b"<id", b"</id>")

    def generator(self, head: FeedHead) -> FeedGenerator:
        """A feed without entries."""
        return _generator(head)

    def add(self, feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
        """Add an entry behind the others."""
        _add(feed, entry, full_text)

    def written(self, feed: FeedGenerator) -> bytes:
        """The document of a feed."""
        return referenced(feed.atom_str(pretty=True))


def _generator(head: FeedHead) -> FeedGenerator:
    def finish(feed: Any) -> None:
        heads.add_links(feed, head, Format.ATOM)
        declare_html(feed, "title", "subtitle", "rights")
        heads.add_history(feed, head)
        heads.add_privacy(feed, head)
        partners.add_logos(feed, head)
        heads.add_tombstones(feed, head)

    declared = IN_ATOM | heads.prefixes(head) | partners.prefixes(head)
    feed = generator(head, Format.ATOM, prefixes=declared, finish=finish)
    if logo := address(heads.picture(head)):
        feed.logo(logo)
    return feed


def _add(feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
    article = entry.article
    body, summary = text_of(entry, summary_of(article), full_text=full_text)
    authors, links = people(article), _links(entry)

    def finish(element: Any) -> None:
        # A shadowed variable in feedgen's `atom_entry` loses all but the address of each link: an
        # enclosure would become a second alternate link (RFC 4287 §4.1.2).
        for written, link in zip(element.iterchildren("link"), links, strict=True):
            for name, value in link.items():
                written.set(name, value)
        if language := spoken(article.language):
            element.set(XML_LANG, language)
        declare_html(element, "title", "summary", "rights")
        if article.image is not None or article.enclosures:
            add_picture(element, article)
        if article.origin is not None:
            _add_source(element, article.origin, entry.zone, alone=not authors)
        if entry.profile:
            partners.add_own(element, entry)

    added = add(
        feed,
        entry,
        title=title_of(article),
        body=body,
        summary=summary,
        terms=categories(article),
        finish=finish,
    )
    if authors:
        added.author(authors)
    if article.rights:
        added.rights(safe(article.rights))
    if links:
        added.link([{"href": link["href"], "rel": link["rel"]} for link in links])


def _links(entry: Entry) -> list[Link]:
    article = entry.article
    links: list[dict[str, str | None]] = []
    if page := page_of(entry):
        links.append({"href": page, "rel": "alternate", "type": "text/html"})
    for via in vias(entry):
        links.append({"href": via.href, "rel": "via", "title": as_label(via.title)})
    for one in article.enclosures:
        length = str(one.length) if one.length else None
        links.append({"href": one.url, "rel": "enclosure", "type": type_of(one), "length": length})
    image = article.image
    if image and all(image.url != one.url for one in article.enclosures):
        links.append({"href": image.url, "rel": "enclosure", "type": media_type(image.url)})
    return [{name: value for name, value in link.items() if value} for link in links]


def _add_source(entry: Any, origin: Origin, zone: ZoneInfo, *, alone: bool) -> None:
    # feedgen's own has neither id nor updated (RFC 4287 §4.2.11).
    shared = _source(origin, zone, alone=alone)
    if shared is not None:
        source = deepcopy(shared)
        entry.append(source)
        (updated,) = source.iterchildren("updated")
        if not updated.text:
            updated.text = next(entry.iterchildren("updated")).text


@lru_cache(maxsize=1024)  # copying one takes an eighth of the time that building it takes
def _source(origin: Origin, zone: ZoneInfo, *, alone: bool) -> etree._Element | None:
    """RFC 4287 §4.2.11: of the feed an entry was copied from; None for one that names nobody.

    An `updated` without text is to become the entry's: the entry was in that feed by then. The link
    to the feed has no type, since an origin does not tell its format. `alone`: the entry has no
    authors.
    """
    credited = credit(origin)
    if credited is None:
        return None
    source = etree.Element("source")
    etree.SubElement(source, "id").text = credited.id
    etree.SubElement(source, "title").text = credited.title
    updated = etree.SubElement(source, "updated")
    if origin.updated:
        updated.text = local(origin.updated, zone).isoformat()
    if credited.rights:
        etree.SubElement(source, "rights").text = credited.rights
    if credited.url:
        etree.SubElement(source, "link", href=credited.url, rel="self")
    if credited.link:
        etree.SubElement(source, "link", href=credited.link, rel="alternate", type="text/html")
    if alone and credited.author:
        author = etree.SubElement(source, "author")
        for name, text in credited.author.items():
            etree.SubElement(author, name).text = text
    declare_html(source, "title", "rights")
    return source
