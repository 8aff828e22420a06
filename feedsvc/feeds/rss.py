"""RSS 2.0, by the RSS Advisory Board's profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import add, generator, local, render_each, safe, split_fragments
from feedsvc.feeds.plain_head import PLAIN_HEAD
from feedsvc.model import Enclosure, Entry, FeedHead, Format

_MARK = b"    <item"
_TAIL = b"  </channel>\n</rss>\n"
_ATOM_UPDATED = "{http://www.w3.org/2005/Atom}updated"


class RssFormat:
    """Renders RSS; fits `ports.Renderer`."""

    version = "1"

    def fragments(self, entries: Sequence[Entry], *, full_text: bool) -> list[bytes | RenderError]:
        """Each entry as the `<item>` that stands inside a document."""

        def render(some: Sequence[Entry]) -> list[bytes]:
            blank = self.document(PLAIN_HEAD, ())
            document = self.whole(PLAIN_HEAD, some, full_text=full_text)
            return split_fragments(document, blank.removesuffix(_TAIL), _TAIL, _MARK)

        return render_each(entries, render)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, equal to what `whole` writes of the same entries."""
        blank = _written(generator(head, Format.RSS))
        return b"".join((blank.removesuffix(_TAIL), *fragments, _TAIL))

    def whole(self, head: FeedHead, entries: Sequence[Entry], *, full_text: bool) -> bytes:
        """The document as feedgen writes it in one go."""
        feed = generator(head, Format.RSS)
        for entry in entries:
            _add(feed, entry, full_text)
        return _written(feed)


def _written(feed: FeedGenerator) -> bytes:
    document: bytes = feed.rss_str(pretty=True)
    return document


def _add(feed: FeedGenerator, entry: Entry, full_text: bool) -> None:
    article = entry.article

    def finish(item: Any) -> None:
        # RSS has no word for a later change; Atom's is understood (STANDARDS: field mapping).
        if article.updated != article.published:
            changed = item.makeelement(_ATOM_UPDATED)
            changed.text = local(article.updated, entry.zone).isoformat()
            item.append(changed)

    added = add(feed, entry, full_text=full_text, finish=finish)
    # RSS `author` is an e-mail address; the byline is dc:creator, never both (DuplicateSemantics).
    if article.authors:
        added.dc.dc_creator([safe(person.name) for person in article.authors])
    if article.language:
        added.dc.dc_language(article.language)
    first, rest = _enclosures(article.enclosures)
    if article.link:
        added.link(href=article.link, rel="alternate")
    if first is not None:
        added.link(href=first.url, rel="enclosure", type=first.type, length=str(first.length))
    for enclosure in rest:
        added.media.content(_media(enclosure), group=None)


def _enclosures(
    enclosures: Sequence[Enclosure],
) -> tuple[Enclosure | None, Sequence[Enclosure]]:
    """The one `<enclosure>` an item may have, and those that become media:content.

    RSS 2.0 wants its true length and type; one that lacks them is no enclosure there.
    """
    first = next((e for e in enclosures if e.length and e.type), None)
    return first, [e for e in enclosures if e is not first]


def _media(enclosure: Enclosure) -> dict[str, str]:
    kind = enclosure.type or ""
    medium = kind.partition("/")[0]
    found = {
        "url": enclosure.url,
        "type": kind,
        "medium": medium if medium in {"image", "audio", "video"} else "",
        "fileSize": str(enclosure.length) if enclosure.length else "",
        "duration": str(enclosure.duration) if enclosure.duration else "",
    }
    return {name: value for name, value in found.items() if value}
