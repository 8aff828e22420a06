"""feedgen, with what it gets wrong put right.

feedgen serialises every entry and every feed. Around it stands this guard: text that XML cannot
hold is dropped before it raises, every date is given (else feedgen writes the present), links of
entries get the attributes feedgen loses, and what it cannot say is added through its extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension
from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.model import Entry, FeedHead, Format
from feedsvc.text.clean import xml_safe
from feedsvc.text.html import escape, plain

GENERATOR = "feedsvc"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

SUMMARY_LENGTH = 300  # characters of an excerpt when the article brings no summary


class _FeedRepair(BaseExtension):  # type: ignore[misc]
    """A feed's own part of the guard; entries carry the work."""


class _EntryRepair(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen cannot say of an entry, said last, on the finished element."""

    def __init__(self) -> None:
        self.links: list[dict[str, str]] = []
        self.language: str | None = None
        self.finish: Callable[[Any], None] | None = None

    def extend_atom(self, entry: Any) -> Any:
        # A shadowed variable in feedgen's `atom_entry` loses all but the address of each link: an
        # enclosure would become a second alternate link (RFC 4287 §4.1.2).
        for element, link in zip(entry.findall("link"), self.links, strict=True):
            for name, value in link.items():
                element.set(name, value)
        return self._last(entry)

    def extend_rss(self, item: Any) -> Any:
        return self._last(item)

    def _last(self, element: Any) -> Any:
        if self.language:
            element.set(_XML_LANG, self.language)
        if self.finish:
            self.finish(element)
        return element


def generator(head: FeedHead, format: Format) -> FeedGenerator:
    """A feedgen feed that says what `head` says; its extensions declare every prefix we use.

    All prefixes are declared in every document, used or not, so that a fragment means the same
    wherever it stands.
    """
    feed = FeedGenerator()
    feed.register_extension("media", MediaExtension, MediaEntryExtension)
    feed.register_extension("dc", DcExtension, DcEntryExtension)
    feed.register_extension("repair", _FeedRepair, _EntryRepair)
    feed.id(head.id)
    feed.title(safe(head.title))
    feed.updated(local(head.updated, head.zone))
    feed.generator(GENERATOR)
    if head.language:
        feed.language(head.language)
    if head.rights:
        feed.rights(safe(head.rights))
    if head.description:
        feed.description(safe(head.description))
    feed.author(_person(head))
    feed.link(href=head.urls[format], rel="self", type=format.media_type)
    # Last: feedgen takes the last link, whatever its rel, for the RSS channel's.
    feed.link(href=head.home, rel="alternate", type="text/html")
    if head.icon:
        feed.icon(head.icon)
        if format is Format.RSS:
            # RSS 2.0: the image's title and link are those of the channel.
            feed.image(url=head.icon, title=safe(head.title), link=head.home)
    return feed


def _person(head: FeedHead) -> dict[str, str]:
    found = {"name": safe(head.author.name)}
    if head.author.email:
        found["email"] = safe(head.author.email)
    if head.author.uri:
        found["uri"] = head.author.uri
    return found


def add(
    feed: FeedGenerator,
    entry: Entry,
    *,
    full_text: bool,
    finish: Callable[[Any], None] | None = None,
) -> FeedEntry:
    """Add what Atom and RSS have in common; `finish` may mend the element at the end."""
    article = entry.article
    added: FeedEntry = feed.add_entry(order="append")
    added.id(article.guid)
    added.title(safe(article.title))
    added.published(local(article.published, entry.zone))
    added.updated(local(article.updated, entry.zone))
    body, summary = text_of(entry, full_text=full_text)
    # Summary before content: feedgen would else take the content for the RSS description.
    if summary:
        added.summary(summary)
    if body:
        added.content(body, type="html")
    added.category([{"term": safe(tag)} for tag in categories(entry)])
    if article.rights:
        added.rights(safe(article.rights))
    _media(added, entry)
    added.repair.language = article.language
    added.repair.finish = finish
    return added


def text_of(entry: Entry, *, full_text: bool) -> tuple[str, str]:
    """Body (HTML) and summary (plain text) as an entry shows them; the summary may be empty.

    An entry without a link must have content (RFC 4287 §4.1.2): a title alone is its own content.
    """
    article = entry.article
    summary = safe(article.summary or article.subtitle or "")
    if not full_text:
        summary = summary or plain(article.html, SUMMARY_LENGTH) or safe(article.title)
        return ("" if article.link else f"<p>{escape(summary)}</p>"), summary
    body = xml_safe(article.html)
    if article.image and article.image.url not in body:
        # Some readers show only what stands in the text, and none of `media:`.
        body = _figure(entry) + body
    return body or f"<p>{escape(safe(summary or article.title))}</p>", summary


def _figure(entry: Entry) -> str:
    image = entry.article.image
    if image is None:
        return ""
    words = " ".join(filter(None, (image.caption, image.credit and f"({image.credit})")))
    caption = f"<figcaption>{escape(safe(words))}</figcaption>" if words else ""
    alt = escape(safe(image.caption or ""))
    return f'<figure><img src="{escape(image.url)}" alt="{alt}">{caption}</figure>'


def categories(entry: Entry) -> list[str]:
    """The section, then the tags, each once whatever its case."""
    found: dict[str, str] = {}
    for word in (entry.article.section, *entry.article.tags):
        if word:
            found.setdefault(word.casefold(), word)
    return list(found.values())


def _media(added: FeedEntry, entry: Entry) -> None:
    image = entry.article.image
    if image is not None:
        # No group: Media RSS wants at least two members in one.
        added.media.content({"url": image.url, "medium": "image", **_typed(image.url)}, group=None)
        added.media.thumbnail({"url": image.url}, group=None)


def _typed(url: str) -> dict[str, str]:
    from feedsvc.text.urls import media_type  # noqa: PLC0415

    kind = media_type(url)
    return {"type": kind} if kind else {}


def safe(text: str) -> str:
    """One line of text that XML can hold; configuration has not passed the filters."""
    return " ".join(xml_safe(text).split())


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment as the clock of `zone` shows it, in whole seconds."""
    return moment.astimezone(zone).replace(microsecond=0)


def split_fragments(document: bytes, head: bytes, tail: bytes, mark: bytes) -> list[bytes]:
    """The entries of a document that feedgen wrote, each as it stands there.

    `head` and `tail` are the same document's bytes around them, `mark` is how an entry begins. In
    serialised XML without CDATA a `<` is always markup, so `mark` cannot stand inside a text.
    """
    if not (document.startswith(head) and document.endswith(tail)):
        raise RenderError("feedgen wrote a document whose head depends on its entries")
    inner = document[len(head) : len(document) - len(tail)]
    parts = inner.split(mark)
    return [mark + part for part in parts[1:]]


def render_each(
    entries: Sequence[Entry], render: Callable[[Sequence[Entry]], list[bytes]]
) -> list[bytes | RenderError]:
    """All entries at once, or, if one of them cannot be expressed, each on its own."""
    if not entries:
        return []
    try:
        return list(render(entries))
    except Exception:
        return [_alone(entry, render) for entry in entries]


def _alone(entry: Entry, render: Callable[[Sequence[Entry]], list[bytes]]) -> bytes | RenderError:
    try:
        return render([entry])[0]
    except Exception as error:
        problem = RenderError(f"{entry.article.guid}: {error}")
        problem.__cause__ = error
        return problem
