"""feedgen, with what it gets wrong put right.

feedgen serialises every entry and every feed. Around it stands this guard: text that XML cannot
hold is dropped before it raises, every date is given (else feedgen writes the present), links of
entries get the attributes feedgen loses, and what it cannot say is added through its extensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension
from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Format, Person
from feedsvc.settings import FullText
from feedsvc.text.clean import xml_safe
from feedsvc.text.html import cut, escape, plain
from feedsvc.text.urls import absolute, media_type

GENERATOR = "feedsvc"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

SUMMARY_LENGTH = 300  # characters of an excerpt when the article brings no summary
TITLE_LENGTH = 80  # of a title made from the text

# RFC 5322 addr-spec as feed validators take it: few signs before the @, a domain with a dot after.
_ADDRESS = r"[A-Za-z0-9_.+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*"
_EMAIL = re.compile(_ADDRESS)
_EMAIL_IN_NAME = re.compile(rf"\s*<({_ADDRESS})>")

_LIKE_TAG = re.compile(r"<[A-Za-z/!?]")  # HTML §13.2.5.6: any other `<` is text
_END_TAG = re.compile(r"</\w+>")
_LIKE_REFERENCE = re.compile(r"&#?\w")
# HTML §13.2.5.1, §13.2.5.6: signs that stand for themselves, though not without a parse error.
_NOT_HTML = re.compile(r"<|&(?=[^\s&])")

# Elements of plain text, as feedgen writes them; the description of an item is HTML, that of the
# channel, by its indent, is not. A `<` in serialised XML is markup: none can be part of a text.
_PLAIN = re.compile(
    rb"<(?:title|subtitle|summary|rights|name|copyright|category|managingEditor|dc:rights"
    rb"|source url=\"[^\"]*+\"|(?<=\n    <)description)>[^<&]*+&[^<]*+<"
)

# ISO 639-3 codes that ISO 639-2 lacks. BCP 47 has them, but a feed validator calls them errors.
_UNLISTED = frozenset("bar ckb frp ksh lld vec yue".split())


class _FeedRepair(BaseExtension):  # type: ignore[misc]
    """A feed's own part of the guard: prefixes that no extension of feedgen declares."""

    def __init__(self) -> None:
        self.prefixes: dict[str, str] = {}

    def extend_ns(self) -> dict[str, str]:
        return self.prefixes

    def extend_atom(self, feed: Any) -> Any:
        declare_html(feed, "title", "subtitle", "rights")
        return feed


class _EntryRepair(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen cannot say of an entry, said last, on the finished element."""

    def __init__(self) -> None:
        self.links: list[dict[str, str]] = []
        self.language: str | None = None
        self.elements: list[tuple[str, str]] = []  # name and text, for RSS
        self.source: Any = None  # an atom:source that many entries share

    def extend_atom(self, entry: Any) -> Any:
        # A shadowed variable in feedgen's `atom_entry` loses all but the address of each link: an
        # enclosure would become a second alternate link (RFC 4287 §4.1.2).
        for element, link in zip(entry.iterchildren("link"), self.links, strict=True):
            for name, value in link.items():
                element.set(name, value)
        if self.language:
            entry.set(_XML_LANG, self.language)
        declare_html(entry, "title", "summary", "rights")
        # feedgen's own has neither id nor updated (RFC 4287 §4.2.11).
        if self.source is not None:
            source = deepcopy(self.source)
            entry.append(source)
            (updated,) = source.iterchildren("updated")
            if not updated.text:
                updated.text = next(entry.iterchildren("updated")).text
        return entry

    def extend_rss(self, item: Any) -> Any:
        for name, text in self.elements:
            added = item.makeelement(name)
            added.text = text
            item.append(added)
        return item


def declare_html(parent: Any, *names: str) -> None:
    """Say those texts in HTML which many a reader would else take for it, whatever their type."""
    for element in parent.iterchildren(*names):
        text = element.text
        # The validator looks for references by number in the first line only.
        more = "\n" in text and _LIKE_REFERENCE.search(text)
        if more or _misread(text):
            element.set("type", "html")
            element.text = _escaped(text)


def generator(head: FeedHead, format: Format) -> FeedGenerator:
    """A feedgen feed that says what `head` says; its extensions declare every prefix we use.

    All prefixes are declared in every document, used or not, so that a fragment means the same
    wherever it stands.
    """
    feed = FeedGenerator()
    feed.register_extension("media", MediaExtension, MediaEntryExtension)
    feed.register_extension("repair", _FeedRepair, _EntryRepair)
    feed.id(head.id)
    feed.title(safe(head.title))
    feed.updated(local(head.updated, head.zone))
    feed.generator(GENERATOR)
    if language := spoken(head.language):
        feed.language(language)
    if head.rights:
        feed.rights(safe(head.rights))
    if head.description:
        feed.description(safe(head.description))
    feed.author(person(head.author) or {"name": safe(head.title)})
    feed.link(href=head.urls[format], rel="self", type=format.media_type)
    # Last: feedgen takes the last link, whatever its rel, for the RSS channel's.
    feed.link(href=head.home, rel="alternate", type="text/html")
    if head.icon and (icon := absolute(head.icon, None)):
        feed.icon(icon)
    return feed


def referenced(document: bytes) -> bytes:
    """The same document with `&` and `<` of plain text as `&#x26;` and `&#x3C;`.

    RSS profile, character data: a text that is written so is known not to hold markup. The
    validator looks for it in Atom too.
    """
    return _PLAIN.sub(_by_number, document)


def _by_number(found: re.Match[bytes]) -> bytes:
    return found[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")


def add(
    feed: FeedGenerator, entry: Entry, *, title: str, body: str, summary: str, terms: Sequence[str]
) -> FeedEntry:
    """Add what Atom and RSS have in common."""
    article = entry.article
    added: FeedEntry = feed.add_entry(order="append")
    added.id(article.guid)
    added.title(title)
    added.published(local(article.published, entry.zone))
    added.updated(local(article.updated, entry.zone))
    # Summary before content: feedgen would else take the content for the RSS description.
    if summary:
        added.summary(summary)
    if body:
        added.content(body, type="html")
    added.category([{"term": term} for term in terms])
    if article.image is not None:
        url = article.image.url
        # No group: Media RSS wants at least two members in one.
        added.media.content({"url": url, "medium": "image", **_typed(url)}, group=None)
        added.media.thumbnail({"url": url}, group=None)
    return added


# -- words ---------------------------------------------------------------------------------------


def title_of(article: Article) -> str:
    """The title; one made from what else there is when there is none, since Atom requires one."""
    return (
        safe(article.title)
        or cut(safe(article.summary or article.subtitle or ""), TITLE_LENGTH)
        or plain(article.html, TITLE_LENGTH)
        or article.link
        or article.guid
    )


def summary_of(article: Article) -> str:
    """The summary as plain text, below the subtitle; it may be empty."""
    lines = (safe(article.subtitle or ""), safe(article.summary or ""))
    return "\n".join(filter(None, lines))


def text_of(article: Article, summary: str, *, full_text: FullText) -> tuple[str, str]:
    """Body (HTML) and summary (plain text) as an entry shows them; the summary may be empty.

    An entry without a link must have content (RFC 4287 §4.1.2): a title alone is its own content.
    """
    if not full_text:
        summary = summary or plain(article.html, SUMMARY_LENGTH) or title_of(article)
        return ("" if article.link else _paragraph(summary)), summary
    body = xml_safe(article.html).strip()
    image = article.image
    if image and image.url not in body and escape(image.url) not in body:
        # Some readers show only what stands in the text, and none of `media:`.
        body = _figure(article) + body
    return body or _paragraph(summary or title_of(article)), summary


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _figure(article: Article) -> str:
    image = article.image
    if image is None:
        return ""
    caption, credit = safe(image.caption or ""), safe(image.credit or "")
    words = " ".join(filter(None, (caption, credit and f"({credit})")))
    below = f"<figcaption>{escape(words)}</figcaption>" if words else ""
    return f'<figure><img src="{escape(image.url)}" alt="{escape(caption)}">{below}</figure>'


def as_html(text: str) -> str:
    """Plain text for a place that holds HTML; as it is, where that is HTML already."""
    return _escaped(text) if _NOT_HTML.search(text) else text


def as_title(text: str) -> str:
    """Plain text for a place that most readers, but not all, take for HTML: an RSS title."""
    return _escaped(text) if _misread(text) else text


def as_label(text: str) -> str:
    """Plain text for a place that few readers take for HTML: an RSS category.

    A validator takes an end tag for markup wherever it stands.
    """
    return _escaped(text) if _END_TAG.search(text) else text


def _misread(text: str) -> bool:
    if "<" not in text and "&" not in text:
        return False
    return _LIKE_TAG.search(text) is not None or unescape(text) != text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def categories(article: Article) -> list[str]:
    """The section, then the tags, each once whatever its case."""
    found: dict[str, str] = {}
    for word in (article.section or "", *article.tags):
        if term := safe(word):
            found.setdefault(term.casefold(), term)
    return list(found.values())


def safe(text: str) -> str:
    """One line of text that XML can hold; configuration has not passed the filters."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip(" "):
        return text  # nearly all, at a quarter of the time
    return " ".join(xml_safe(text).split())


# -- single values -------------------------------------------------------------------------------


def person(person: Person) -> dict[str, str] | None:
    """A person as feedgen takes it; None without a name, which Atom requires (RFC 4287 §3.2.1)."""
    name, email = safe(person.name), safe(person.email or "")
    if found := _EMAIL_IN_NAME.search(name):
        # "Name <address>" is for e-mail headers: a reader would show the address.
        name, email = safe(name.replace(found[0], " ", 1)) or found[1], email or found[1]
    if _END_TAG.search(name):
        name = plain(name)
    if not name:
        return None
    known = {"name": name}
    if _EMAIL.fullmatch(email):
        known["email"] = email
    if person.uri and (uri := absolute(person.uri, None)):
        known["uri"] = uri
    return known


def spoken(language: str | None) -> str | None:
    """The language, where XML formats may name it."""
    return None if language is None or language.partition("-")[0] in _UNLISTED else language


def people(article: Article) -> list[dict[str, str]]:
    """The authors of an article, in the order of the byline."""
    return [found for author in article.authors if (found := person(author)) is not None]


def type_of(enclosure: Enclosure) -> str | None:
    """The media type of an enclosure: as stated, else as its address says."""
    return enclosure.type or media_type(enclosure.url)


def _typed(url: str) -> dict[str, str]:
    kind = media_type(url)
    return {"type": kind} if kind else {}


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment as the clock of `zone` shows it, in whole seconds."""
    shown = moment.astimezone(zone).replace(microsecond=0)
    offset = shown.utcoffset()
    # Amsterdam was 19 min 32 s ahead until 1937; neither RFC 3339 nor RFC 822 can write seconds.
    return shown.astimezone(UTC) if offset and offset.total_seconds() % 60 else shown


# -- fragments -----------------------------------------------------------------------------------


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
    """All entries at once; those that cannot be expressed are found by halves."""
    if not entries:
        return []
    try:
        return list(render(entries))
    except Exception as error:
        if len(entries) == 1:
            problem = RenderError(f"{type(error).__name__}: {error}")
            problem.__cause__ = error
            return [problem]
    middle = len(entries) // 2
    return [*render_each(entries[:middle], render), *render_each(entries[middle:], render)]
