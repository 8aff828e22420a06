"""What a document says of its feed beyond what feedgen can: its hubs, its archive, its deletions.

The links stand in one order: hubs, then `current`, `prev-archive` and `next-archive` (RFC 5005 §4).
feedgen would take any of them for the RSS channel's own link, and then drop it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, cast

from lxml import etree

from feedsvc.feeds.prefixes import ATOM, HISTORY, TOMBSTONES, XHTML
from feedsvc.feeds.values import address, local
from feedsvc.model import FeedHead, Format
from feedsvc.text.urls import id_flaw

# lxml's stubs do not know of namespaces without a prefix.
_UNPREFIXED = cast("Mapping[str, str]", {None: XHTML})


class Link(NamedTuple):
    """A link of a document, by its relation."""

    rel: str
    href: str
    type: str | None = None


def picture(head: FeedHead) -> str | None:
    """The feed's own picture, larger than an icon: that of a podcast, if there is no other."""
    return head.image or (head.podcast.image if head.podcast else None)


def hubs(head: FeedHead) -> list[str]:
    """The WebSub hubs that announce the document, each once."""
    return list(dict.fromkeys(filter(None, map(address, head.hubs))))


def links(head: FeedHead, format: Format) -> list[Link]:
    """The links to hubs and along the archive, but for those that lead to the document itself."""
    found = [Link("hub", hub) for hub in hubs(head)]
    return [*found, *(one for one in _archive(head, format) if one.href != head.urls[format])]


def _archive(head: FeedHead, format: Format) -> Iterator[Link]:
    archive = head.archive
    if archive is None:
        return
    ways = {"prev-archive": archive.previous}
    if archive.number is not None:  # the subscription document has nothing newer than itself
        ways = {"current": archive.current, **ways, "next-archive": archive.next}
    for rel, where in ways.items():
        if href := where.get(format):
            yield Link(rel, href, format.media_type)


def previous(head: FeedHead) -> str | None:
    """Where older entries are in JSON Feed, whose `next_url` is never the feed's own."""
    ways = (one.href for one in links(head, Format.JSON) if one.rel == "prev-archive")
    return next(ways, None)


def add_links(parent: etree._Element, head: FeedHead, format: Format) -> None:
    """Write the links behind the one to the document itself."""
    name = f"{{{ATOM}}}link"
    own = next(parent.iterchildren("link" if format is Format.ATOM else name))
    for link in reversed(links(head, format)):
        element = own.makeelement(own.tag, href=link.href, rel=link.rel)
        if link.type:
            element.set("type", link.type)
        own.addnext(element)


def add_history(parent: etree._Element, head: FeedHead) -> None:
    """RFC 5005 §4: an archive document says that it is one."""
    if head.archive is not None and head.archive.number is not None:
        etree.SubElement(parent, f"{{{HISTORY}}}archive")


def add_privacy(parent: etree._Element, head: FeedHead) -> None:
    """That no index may take up a private document: the word of HTML, which feeds borrow for it.

    Without a prefix: validators warn of one for XHTML in Atom.
    """
    if head.private:
        meta = etree.SubElement(parent, f"{{{XHTML}}}meta", nsmap=_UNPREFIXED)
        meta.set("name", "robots")
        meta.set("content", "noindex")


def prefixes(head: FeedHead) -> dict[str, str]:
    """The prefix of tombstones, in a document that has some."""
    return {"at": TOMBSTONES} if _deleted(head) else {}


def add_tombstones(feed: etree._Element, head: FeedHead) -> None:
    """RFC 6721 §3: the entries that were taken down, the latest first."""
    latest = sorted(_deleted(head).items())
    for ref, when in sorted(latest, key=lambda one: one[1], reverse=True):
        moment = local(when, head.zone).isoformat()
        etree.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", ref=ref, when=moment)


def _deleted(head: FeedHead) -> dict[str, datetime]:
    """When, by id; RFC 6721 §3: both attributes are required, and the id is an IRI."""
    latest: dict[str, datetime] = {}
    for one in head.deleted:
        if one.when is not None and id_flaw(one.ref) is None:
            latest[one.ref] = max(one.when, latest.get(one.ref, one.when))
    return latest
