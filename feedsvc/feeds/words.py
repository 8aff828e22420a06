"""The words of an entry: its title, summary and text, and text that only looks like markup."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from feedsvc.feeds.values import END_TAG, safe, type_of
from feedsvc.model import Article, Entry, Image
from feedsvc.settings import FullText
from feedsvc.text.clean import xml_safe
from feedsvc.text.html import cut, escape, plain
from feedsvc.text.likeness import shows

SUMMARY_LENGTH = 300  # characters of an excerpt when the article brings no summary
TITLE_LENGTH = 80  # of a title made from the text

_LIKE_TAG = re.compile(r"<[A-Za-z/!?]")  # HTML §13.2.5.6: any other `<` is text
_LIKE_REFERENCE = re.compile(r"&#?\w")
# HTML §13.2.5.1, §13.2.5.6: signs that stand for themselves, though not without a parse error.
_NOT_HTML = re.compile(r"<|&(?=[^\s&])")

# Elements of plain text, as they are serialised; the description of an item is HTML, that of the
# channel, by its indent, is not. A `<` in serialised XML is markup: none can be part of a text.
_PLAIN = re.compile(
    rb"<(?:title|subtitle|summary|rights|name|copyright|category|managingEditor|dc:rights"
    rb"|source url=\"[^\"]*+\"|media:(?:credit|description)|itunes:(?:author|name|title|su[a-z]++)"
    rb"|(?<=\n    <)description)>[^<&]*+&[^<]*+<"
)
# The title of a link, by its neighbour: where a text happens to hold the same, it means the same.
_TITLED = b' rel="via" title="'
_LINK_TITLE = re.compile(rb' rel="via" title="[^"&]*+&[^"]*+"')


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


def text_of(entry: Entry, summary: str, *, full_text: FullText) -> tuple[str, str]:
    """Body (HTML) and summary (plain text) as an entry shows them; the summary may be empty.

    An entry without a link must have content (RFC 4287 §4.1.2): a title alone is its own content.
    """
    article = entry.article
    linked = bool(article.link or entry.page)
    if not full_text:
        summary = summary or plain(article.html, SUMMARY_LENGTH) or title_of(article)
        return ("" if linked else _paragraph(summary)), summary
    body = xml_safe(article.html).strip()
    if full_text == "given":
        if not body and not linked:
            body = _paragraph(summary or title_of(article))
        return body, summary
    image = picture_of(article)
    if image is not None and not _shows(body, image, article):
        # Some readers show only what stands in the text, and none of `media:`.
        body = _figure(image) + body
    return body or _paragraph(summary or title_of(article)), summary


def picture_of(article: Article) -> Image | None:
    """The lead image: the one that is called so, else the first picture among the media files."""
    if article.image is not None or not article.enclosures:
        return article.image
    for one in article.enclosures:
        if (type_of(one) or "").startswith("image/"):
            return Image(url=one.url, width=one.width, height=one.height)
    return None


def _shows(body: str, image: Image, article: Article) -> bool:
    """Whether the text shows the picture; or any, when it is but one of the media files."""
    return (article.image is None and "<img" in body) or shows(body, image.url)


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _figure(image: Image) -> str:
    caption, credit = safe(image.caption or ""), safe(image.credit or "")
    words = " ".join(filter(None, (caption, credit and f"({credit})")))
    below = f"<figcaption>{escape(words)}</figcaption>" if words else ""
    return f'<figure><img src="{escape(image.url)}" alt="{escape(caption)}">{below}</figure>'


def categories(article: Article) -> list[str]:
    """The section, then the tags, each once whatever its case."""
    found: dict[str, str] = {}
    for word in (article.section or "", *article.tags):
        if term := safe(word):
            found.setdefault(term.casefold(), term)
    return list(found.values())


# -- plain text that a reader would take for markup ------------------------------------------------


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
    return _escaped(text) if END_TAG.search(text) else text


def declare_html(parent: Any, *names: str) -> None:
    """Say those texts in HTML which many a reader would else take for it, whatever their type."""
    for element in parent.iterchildren(*names):
        text = element.text
        # The validator looks for references by number in the first line only.
        more = "\n" in text and _LIKE_REFERENCE.search(text)
        if more or _misread(text):
            element.set("type", "html")
            element.text = _escaped(text)


def referenced(document: bytes) -> bytes:
    """The same document with `&` and `<` of plain text as `&#x26;` and `&#x3C;`.

    RSS profile, character data: a text that is written so is known not to hold markup. The
    validator looks for it in Atom too, and in the titles of links.
    """
    if _TITLED in document:
        document = _LINK_TITLE.sub(_by_number, document)
    return _PLAIN.sub(_by_number, document)


def _by_number(found: re.Match[bytes]) -> bytes:
    return found[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")


def _misread(text: str) -> bool:
    if "<" not in text and "&" not in text:
        return False
    return _LIKE_TAG.search(text) is not None or unescape(text) != text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
