"""RSS 2.0, by the RSS Advisory Board's profile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feedgen.feed import FeedGenerator
from lxml import etree

from feedsvc.feeds import head as heads
from feedsvc.feeds import partners, podcast
from feedsvc.feeds.episode import add_episode
from feedsvc.feeds.guard import add, generator
from feedsvc.feeds.links import page_of
from feedsvc.feeds.media import add_others, add_picture, main_enclosure
from feedsvc.feeds.origin import credit
from feedsvc.feeds.prefixes import ATOM, DC, DCTERMS, IN_RSS
from feedsvc.feeds.stitch import StitchedXml
from feedsvc.feeds.values import address, local, people, person, safe, spoken, type_of
from feedsvc.feeds.vias import vias
from feedsvc.feeds.words import (
    SUMMARY_LENGTH,
    as_html,
    as_label,
    as_title,
    categories,
    referenced,
    text_of,
    title_of,
)
from feedsvc.model import Article, Entry, FeedHead, Format
from feedsvc.settings import FullText
from feedsvc.text.html import plain
from feedsvc.text.urls import media_type

# RSS has no word for a later change: these two are understood.
_CHANGED = (f"{{{ATOM}}}updated", f"{{{DCTERMS}}}modified")
_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png"})  # RSS 2.0 <image>: url
_HALF_HOUR = timedelta(minutes=30)
_NO_COMMENT = str.maketrans("", "", "()\\")


class RssFormat(StitchedXml):
    """Renders RSS; fits `ports.Renderer`."""

    mark = b"    <item"
    tail = b"  </channel>\n</rss>\n"
    id_tags = (b"<guid", b"</guid>")

    def generator(self, head: FeedHead) -> FeedGenerator:
        """A feed without entries."""
        return _generator(head)

    def add(self, feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
        """Add an entry behind the others."""
        _add(feed, entry, full_text)

    def written(self, feed: FeedGenerator) -> bytes:
        """The document of a feed."""
        return referenced(feed.rss_str(pretty=True))


def _generator(head: FeedHead) -> FeedGenerator:
    def finish(root: Any) -> None:
        channel = root[0]
        heads.add_links(channel, head, Format.RSS)
        heads.add_history(channel, head)
        heads.add_privacy(channel, head)
        podcast.add_head(channel, head)
        partners.add_logos(channel, head)

    declared = IN_RSS | podcast.prefixes(head) | partners.prefixes(head)
    feed = generator(head, Format.RSS, prefixes=declared, finish=finish)
    title = as_title(safe(head.title))
    feed.title(title)
    feed.updated(_clock(head.updated, head.zone))
    if partners.is_smartnews(head):
        feed.pubDate(_clock(head.updated, head.zone))  # SmartFormat 2.1, <channel>: required
    if head.description:
        feed.description(as_title(safe(head.description)))
    if head.rights:
        feed.rights(as_label(safe(head.rights)))
    author = person(head.author)
    if author and "email" in author:
        # RSS profile, e-mail: user@example.org (Real Name); RFC 822 §3.3: ( ) \ mean more.
        feed.managingEditor(f"{author['email']} ({author['name'].translate(_NO_COMMENT)})")
    pictures = filter(None, map(address, (heads.picture(head), head.icon)))
    if picture := next((url for url in pictures if media_type(url) in _IMAGES), None):
        # RSS 2.0 <image>: the title and the link are those of the channel.
        feed.image(url=picture, title=title, link=head.home)
    return feed


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
    body, summary = text_of(entry, told, full_text=full_text)
    if body and not summary and partners.reads_apart(entry):
        # RSS has content:encoded beside a description.
        summary = plain(body, SUMMARY_LENGTH) or title_of(article)
    # RSS 2.0, items: a post without a title has none; there always is one of the two.
    title = as_title(safe(article.title))
    first = main_enclosure(article) if article.enclosures else None

    def finish(item: Any) -> None:
        for via in vias(entry):
            link = etree.SubElement(item, f"{{{ATOM}}}link", href=via.href, rel="via")
            if via.title:
                link.set("title", as_label(via.title))
        if article.image is not None or article.enclosures:
            add_picture(item, article)
            add_others(item, article, first)
        for name, text in _modules(article, entry.zone):
            etree.SubElement(item, name).text = text
        if entry.podcast:
            add_episode(item, entry)
        if entry.profile:
            partners.add_own(item, entry)

    added = add(
        feed,
        entry,
        title=title,
        body=body,
        summary=as_html(summary if summary or body or title else title_of(article)),
        terms=[as_label(term) for term in categories(article)],
        finish=finish,
    )
    added.published(_clock(article.published, entry.zone))
    origin = credit(article.origin)
    if origin and origin.url:
        # RSS 2.0 <source>: the url is required, so an origin without a feed cannot be named.
        added.source(url=origin.url, title=as_label(origin.title))
    if page := page_of(entry):
        added.link(href=page, rel="alternate")
    if first is not None:
        # A length that nobody knows is 0 (RSS profile, enclosure): players of podcasts look at
        # nothing but `<enclosure>`.
        length = str(first.length or 0)
        added.link(href=first.url, rel="enclosure", type=type_of(first), length=length)


def _modules(article: Article, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Elements of other vocabularies for what RSS has no word for: name and text."""
    if article.updated != article.published:
        changed = local(article.updated, zone).isoformat()
        for name in _CHANGED:
            yield name, changed
    # RSS `author` is an e-mail address; the byline is dc:creator, never both (DuplicateSemantics).
    authors, origin = people(article), credit(article.origin)
    for author in authors:
        yield f"{{{DC}}}creator", author["name"]
    if not authors and origin and not origin.url:
        # `source` requires an address, and this one's is nobody's business: so it is credited here.
        yield f"{{{DC}}}creator", origin.title
    if language := spoken(article.language):
        yield f"{{{DC}}}language", language
    if rights := safe(article.rights or "") or (origin.rights if origin else ""):
        yield f"{{{DC}}}rights", as_label(rights)
