"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from feedgen.feed import FeedGenerator
from lxml import etree

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import (
    add,
    categories,
    declare_html,
    generator,
    local,
    people,
    referenced,
    render_each,
    safe,
    split_fragments,
    spoken,
    summary_of,
    text_of,
    title_of,
    type_of,
)
from feedsvc.feeds.origin import credit
from feedsvc.feeds.plain_head import PLAIN_HEAD
from feedsvc.model import Article, Entry, FeedHead, Format, Origin
from feedsvc.settings import FullText
from feedsvc.text.urls import media_type

_MARK = b"  <entry"
_TAIL = b"</feed>\n"


class AtomFormat:
    """Renders Atom; fits `ports.Renderer`."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        """Each entry as it stands inside a document."""

        def render(some: Sequence[Entry]) -> list[bytes]:
            blank = self.document(PLAIN_HEAD, ())
            document = self.whole(PLAIN_HEAD, some, full_text=full_text)
            return split_fragments(document, blank.removesuffix(_TAIL), _TAIL, _MARK)

        return render_each(entries, render)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, equal to what `whole` writes of the same entries."""
        blank = _written(generator(head, Format.ATOM))
        return b"".join((blank.removesuffix(_TAIL), *fragments, _TAIL))

    def whole(self, head: FeedHead, entries: Sequence[Entry], *, full_text: FullText) -> bytes:
        """The document as feedgen writes it in one go."""
        feed = generator(head, Format.ATOM)
        for entry in entries:
            _add(feed, entry, full_text)
        return _written(feed)


def _written(feed: FeedGenerator) -> bytes:
    return referenced(feed.atom_str(pretty=True))


def _add(feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
    article = entry.article
    body, summary = text_of(article, summary_of(article), full_text=full_text)
    title, terms = title_of(article), categories(article)
    added = add(feed, entry, title=title, body=body, summary=summary, terms=terms)
    if authors := people(article):
        added.author(authors)
    if article.rights:
        added.rights(safe(article.rights))
    if links := _links(article):
        added.link([{"href": link["href"], "rel": link["rel"]} for link in links])
    added.repair.links = links
    added.repair.language = spoken(article.language)
    if article.origin:
        added.repair.source = _source(article.origin, entry.zone, alone=not authors)


def _links(article: Article) -> list[dict[str, str]]:
    links: list[dict[str, str | None]] = []
    if article.link:
        links.append({"href": article.link, "rel": "alternate", "type": "text/html"})
    for one in article.enclosures:
        length = str(one.length) if one.length else None
        links.append({"href": one.url, "rel": "enclosure", "type": type_of(one), "length": length})
    image = article.image
    if image and all(image.url != one.url for one in article.enclosures):
        links.append({"href": image.url, "rel": "enclosure", "type": media_type(image.url)})
    return [{name: value for name, value in link.items() if value} for link in links]


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
