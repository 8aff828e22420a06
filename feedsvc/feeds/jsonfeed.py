"""JSON Feed 1.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import categories, local, render_each, safe, text_of
from feedsvc.model import Enclosure, Entry, FeedHead, Format, Person
from feedsvc.text.html import plain

_VERSION = "https://jsonfeed.org/version/1.1"


class JsonFormat:
    """Renders JSON Feed; fits `ports.Renderer`."""

    version = "1"

    def fragments(self, entries: Sequence[Entry], *, full_text: bool) -> list[bytes | RenderError]:
        """Each entry as it stands in `items`."""
        return render_each(entries, lambda some: [_written(_item(e, full_text)) for e in some])

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, one item a line: small changes make small differences."""
        top = _written(_head(head)).removesuffix(b"}")
        items = b",\n".join(fragments)
        return b"".join((top, b',"items":[\n' if items else b',"items":[', items, b"]}\n"))


def _written(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _head(head: FeedHead) -> dict[str, Any]:
    return _kept(
        {
            "version": _VERSION,
            "title": safe(head.title),
            "home_page_url": head.home,
            "feed_url": head.urls[Format.JSON],
            "description": safe(head.description),
            "icon": head.icon,
            "authors": [_author(head.author)],
            "language": head.language,
        }
    )


def _item(entry: Entry, full_text: bool) -> dict[str, Any]:
    article = entry.article
    body, summary = text_of(entry, full_text=full_text)
    changed = article.updated != article.published
    return _kept(
        {
            "id": article.guid,
            "url": article.link,
            "title": safe(article.title),
            "content_html": body or None,
            # One of content_html and content_text has to be there.
            "content_text": None if body else summary or plain(article.html, None),
            "summary": summary if body else None,
            "image": article.image.url if article.image else None,
            "date_published": local(article.published, entry.zone).isoformat(),
            "date_modified": local(article.updated, entry.zone).isoformat() if changed else None,
            "authors": [_author(person) for person in article.authors],
            "tags": [safe(tag) for tag in categories(entry)],
            "language": article.language,
            "attachments": [_attachment(e) for e in article.enclosures if e.type],
            "_rights": safe(article.rights) if article.rights else None,
        }
    )


def _author(person: Person) -> dict[str, Any]:
    return _kept({"name": safe(person.name), "url": person.uri})


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    return _kept(
        {
            "url": enclosure.url,
            "mime_type": enclosure.type,
            "size_in_bytes": enclosure.length,
            "duration_in_seconds": enclosure.duration,
        }
    )


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
