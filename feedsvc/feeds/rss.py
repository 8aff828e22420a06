"""RSS 2.0, by the RSS Advisory Board's profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import (
    add,
    as_html,
    as_label,
    as_title,
    categories,
    generator,
    local,
    people,
    person,
    referenced,
    render_each,
    safe,
    split_fragments,
    spoken,
    text_of,
    type_of,
)
from feedsvc.feeds.origin import credit
from feedsvc.feeds.plain_head import PLAIN_HEAD
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Format
from feedsvc.settings import FullText
from feedsvc.text.urls import absolute, media_type

_MARK = b"    <item"
_TAIL = b"  </channel>\n</rss>\n"
_DCTERMS = "http://purl.org/dc/terms/"
# RSS has no word for a later change: these two are understood.
_CHANGED = ("{http://www.w3.org/2005/Atom}updated", f"{{{_DCTERMS}}}modified")
_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png"})  # RSS 2.0 <image>: url
_AT_DOMAIN = re.compile(r"https?://(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*(?::[0-9]+)?/")
_HALF_HOUR = timedelta(minutes=30)
_NO_COMMENT = str.maketrans("", "", "()\\")


class RssFormat:
    """Renders RSS; fits `ports.Renderer`."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        """Each entry as the `<item>` that stands inside a document."""

        def render(some: Sequence[Entry]) -> list[bytes]:
            blank = self.document(PLAIN_HEAD, ())
            document = self.whole(PLAIN_HEAD, some, full_text=full_text)
            return split_fragments(document, blank.removesuffix(_TAIL), _TAIL, _MARK)

        return render_each(entries, render)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, equal to what `whole` writes of the same entries."""
        blank = _written(_generator(head))
        return b"".join((blank.removesuffix(_TAIL), *fragments, _TAIL))

    def whole(self, head: FeedHead, entries: Sequence[Entry], *, full_text: FullText) -> bytes:
        """The document as feedgen writes it in one go."""
        feed = _generator(head)
        for entry in entries:
            _add(feed, entry, full_text)
        return _written(feed)


def _generator(head: FeedHead) -> FeedGenerator:
    feed = generator(head, Format.RSS)
    feed.register_extension("dc", DcExtension, DcEntryExtension)
    feed.repair.prefixes["dcterms"] = _DCTERMS
    title = as_title(safe(head.title))
    feed.title(title)
    feed.updated(_clock(head.updated, head.zone))
    if head.description:
        feed.description(as_title(safe(head.description)))
    if head.rights:
        feed.rights(as_label(safe(head.rights)))
    author = person(head.author)
    if author and "email" in author:
        # RSS profile, e-mail: user@example.org (Real Name); RFC 822 §3.3: ( ) \ mean more.
        feed.managingEditor(f"{author['email']} ({author['name'].translate(_NO_COMMENT)})")
    icon = absolute(head.icon, None) if head.icon else None
    if icon and media_type(icon) in _IMAGES:
        # RSS 2.0 <image>: the title and the link are those of the channel.
        feed.image(url=icon, title=title, link=head.home)
    return feed


def _written(feed: FeedGenerator) -> bytes:
    return referenced(feed.rss_str(pretty=True))


def _clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment as RSS shows it: by UTC where a zone is a quarter of an hour off.

    RFC 822 has nothing against such zones, but validators and readers know full and half hours.
    """
    shown = local(moment, zone)
    offset = shown.utcoffset()
    return shown.astimezone(UTC) if offset and offset % _HALF_HOUR else shown


def _add(feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
    article = entry.article
    told = safe(article.summary or "") or safe(article.subtitle or "")
    body, summary = text_of(article, told, full_text=full_text)
    added = add(
        feed,
        entry,
        # RSS 2.0, items: a post without a title has none; there always is a description.
        title=as_title(safe(article.title)),
        body=body,
        summary=as_html(summary),
        terms=[as_label(term) for term in categories(article)],
    )
    added.published(_clock(article.published, entry.zone))
    if article.updated != article.published:
        changed = local(article.updated, entry.zone).isoformat()
        added.repair.elements = [(name, changed) for name in _CHANGED]
    # RSS `author` is an e-mail address; the byline is dc:creator, never both (DuplicateSemantics).
    if authors := people(article):
        added.dc.dc_creator([author["name"] for author in authors])
    if language := spoken(article.language):
        added.dc.dc_language(language)
    origin = credit(article.origin)
    if rights := safe(article.rights or "") or (origin.rights if origin else ""):
        added.dc.dc_rights(as_label(rights))
    if origin and origin.url:
        # RSS 2.0 <source>: the url is required, so an origin without a feed cannot be named.
        added.source(url=origin.url, title=as_label(origin.title))
    first, rest = _enclosures(article)
    if article.link:
        added.link(href=article.link, rel="alternate")
    if first is not None:
        length = str(first.length or 0)
        added.link(href=first.url, rel="enclosure", type=type_of(first), length=length)
    for enclosure in rest:
        added.media.content(_media(enclosure), group=None)


def _enclosures(article: Article) -> tuple[Enclosure | None, Sequence[Enclosure]]:
    """The one `<enclosure>` an item may have, and those that become media:content.

    RSS 2.0 wants its type and an http address, in which validators look for a domain; what lacks
    one of them is no enclosure there. A length that nobody knows is 0 (RSS profile, enclosure):
    players of podcasts look at nothing but `<enclosure>`.
    """
    fit = (one for one in article.enclosures if type_of(one) and _AT_DOMAIN.match(one.url))
    first = next(fit, None)
    image = article.image.url if article.image else None  # media:content already
    return first, [e for e in article.enclosures if e is not first and e.url != image]


def _media(enclosure: Enclosure) -> dict[str, str]:
    kind = type_of(enclosure) or ""
    medium = kind.partition("/")[0]
    found = {
        "url": enclosure.url,
        "type": kind,
        "medium": medium if medium in {"image", "audio", "video"} else "",
        "fileSize": str(enclosure.length) if enclosure.length else "",
        "duration": str(enclosure.duration) if enclosure.duration else "",
    }
    return {name: value for name, value in found.items() if value}
