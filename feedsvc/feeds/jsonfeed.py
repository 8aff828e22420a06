"""JSON Feed 1.1.

It has no word for the feed an entry was copied from. `external_url` is none: that is the page a
link post talks about, and readers open it instead of `url`. So an item says it in an object of our
own, `_source`, by the names JSON Feed itself gives to the values of a feed: `title`, `feed_url`,
`home_page_url`; and `rights`, which is our `_rights` there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from feedsvc.errors import RenderError
from feedsvc.feeds.guard import (
    categories,
    local,
    people,
    person,
    render_each,
    safe,
    summary_of,
    text_of,
    type_of,
)
from feedsvc.feeds.origin import Credit, credit
from feedsvc.model import Enclosure, Entry, FeedHead, Format
from feedsvc.settings import FullText
from feedsvc.text.urls import absolute

_VERSION = "https://jsonfeed.org/version/1.1"


class JsonFormat:
    """Renders JSON Feed; fits `ports.Renderer`."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
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
            "icon": absolute(head.icon, None) if head.icon else None,
            "authors": _authors([person(head.author)]),
            "language": head.language,
            "_rights": _rights(head.rights),
        }
    )


def _item(entry: Entry, full_text: FullText) -> dict[str, Any]:
    article = entry.article
    body, summary = text_of(article, summary_of(article), full_text=full_text)
    changed = article.updated != article.published
    origin = credit(article.origin)
    return _kept(
        {
            "id": article.guid,
            "url": article.link,
            "title": safe(article.title),  # JSON Feed 1.1, items: a microblog post has none
            "content_html": body,
            # One of content_html and content_text has to be there.
            "content_text": None if body else summary,
            "summary": summary if body else None,
            "image": article.image.url if article.image else None,
            "date_published": local(article.published, entry.zone).isoformat(),
            "date_modified": local(article.updated, entry.zone).isoformat() if changed else None,
            "authors": _authors(people(article) or [origin.author if origin else None]),
            "tags": categories(article),
            "language": article.language,
            "attachments": [_attachment(one) for one in article.enclosures],
            "_rights": _rights(article.rights),
            "_source": _source(origin) if origin else None,
        }
    )


def _authors(people: Sequence[dict[str, str] | None]) -> list[dict[str, Any]]:
    return [_kept({"name": one["name"], "url": one.get("uri")}) for one in people if one]


def _rights(text: str | None) -> dict[str, Any] | None:
    # JSON Feed 1.1, extensions: the value of an underscored key is an object.
    told = safe(text or "")
    return {"text": told} if told else None


def _source(origin: Credit) -> dict[str, Any]:
    return _kept(
        {
            "title": origin.title,
            "feed_url": origin.url,
            "home_page_url": origin.link,
            "rights": origin.rights,
        }
    )


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    return _kept(
        {
            "url": enclosure.url,
            "mime_type": type_of(enclosure) or "application/octet-stream",  # required
            "size_in_bytes": enclosure.length or None,
            "duration_in_seconds": enclosure.duration,
        }
    )


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
