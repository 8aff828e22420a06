"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import add, generator, render_each, safe, split_fragments
from feedsvc.feeds.plain_head import PLAIN_HEAD
from feedsvc.model import Entry, FeedHead, Format

_MARK = b"  <entry"
_TAIL = b"</feed>\n"


class AtomFormat:
    """Renders Atom; fits `ports.Renderer`."""

    version = "1"

    def fragments(self, entries: Sequence[Entry], *, full_text: bool) -> list[bytes | RenderError]:
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

    def whole(self, head: FeedHead, entries: Sequence[Entry], *, full_text: bool) -> bytes:
        """The document as feedgen writes it in one go."""
        feed = generator(head, Format.ATOM)
        for entry in entries:
            _add(feed, entry, full_text)
        return _written(feed)


def _written(feed: FeedGenerator) -> bytes:
    document: bytes = feed.atom_str(pretty=True)
    return document


def _add(feed: FeedGenerator, entry: Entry, full_text: bool) -> None:
    article = entry.article
    added = add(feed, entry, full_text=full_text)
    for person in article.authors:
        author = {"name": safe(person.name)}
        if person.email:
            author["email"] = person.email
        if person.uri:
            author["uri"] = person.uri
        added.author(author)
    links = list(_links(entry))
    if links:
        added.link([{"href": link["href"], "rel": link["rel"]} for link in links])
    added.repair.links = links


def _links(entry: Entry) -> Sequence[dict[str, str]]:
    article = entry.article
    links: list[dict[str, Any]] = []
    if article.link:
        links.append({"href": article.link, "rel": "alternate", "type": "text/html"})
    for enclosure in article.enclosures:
        links.append(
            {
                "href": enclosure.url,
                "rel": "enclosure",
                "type": enclosure.type,
                "length": str(enclosure.length) if enclosure.length else None,
            }
        )
    return [{name: value for name, value in link.items() if value} for link in links]
