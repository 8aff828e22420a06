"""JSON Feed 1.1.

It has no word for the feed an entry was copied from. `external_url` is none: that is the page a
link post talks about, and readers open it instead of `url`. So an item says it in an object of our
own, `_source`, by the names JSON Feed itself gives to the values of a feed: `title`, `feed_url`,
`home_page_url`; with its `id` if that is not its address, and `rights`, which is our `_rights`
there. `_via` names where else an item was found. `parsers.feed.jsonorigin` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from feedsvc.errors import RenderError
from feedsvc.feeds import head as heads
from feedsvc.feeds.links import page_of
from feedsvc.feeds.media import variants
from feedsvc.feeds.origin import Credit, credit
from feedsvc.feeds.stitch import render_each
from feedsvc.feeds.values import address, local, people, person, safe, type_of
from feedsvc.feeds.vias import vias
from feedsvc.feeds.words import categories, picture_of, summary_of, text_of, title_of
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Format
from feedsvc.settings import FullText

_VERSION = "https://jsonfeed.org/version/1.1"
_ITEMS = b',"items":[\n'
_TAIL = b"]}\n"
_ID = '{"id":'
_DECODER = json.JSONDecoder()


class JsonFormat:
    """Renders JSON Feed; fits `ports.Renderer`."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        """Each entry as it stands in `items`."""
        return render_each(entries, lambda some: [_written(_item(e, full_text)) for e in some])

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, one item a line: small changes make small differences."""
        return _joined(_written(_head(head)).removesuffix(b"}"), fragments)

    def taken_apart(self, document: bytes) -> list[bytes]:
        """The fragments that `document` put together: within a value no line ends."""
        items = document.partition(_ITEMS)[2].removesuffix(_TAIL)
        return items.split(b",\n") if items else []

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        """The document without some items; its head stays."""
        kept = [part for part in self.taken_apart(document) if self.id_of(part) not in ids]
        return _joined(document.partition(_ITEMS.rstrip())[0], kept)

    def id_of(self, fragment: bytes) -> str:
        """The id of the item, which is its first key."""
        text = fragment.decode()
        return str(_DECODER.raw_decode(text, len(_ID))[0]) if text.startswith(_ID) else ""


def _joined(top: bytes, fragments: Sequence[bytes]) -> bytes:
    items = b",\n".join(fragments)
    return b"".join((top, _ITEMS if items else _ITEMS.rstrip(), items, _TAIL))


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
            "next_url": heads.previous(head),
            **_pictures(head),
            "authors": _authors([person(head.author)]),
            "language": head.language,
            "hubs": [{"type": "WebSub", "url": hub} for hub in heads.hubs(head)],
            "_rights": _rights(head.rights),
        }
    )


def _pictures(head: FeedHead) -> dict[str, str | None]:
    """JSON Feed 1.1, top-level: `icon` is the large one of the two."""
    large, small = address(heads.picture(head)), address(head.icon)
    return {"icon": large, "favicon": small} if large else {"icon": small}


def _item(entry: Entry, full_text: FullText) -> dict[str, Any]:
    article = entry.article
    body, summary = text_of(entry, summary_of(article), full_text=full_text)
    changed = article.updated != article.published
    origin = credit(article.origin)
    picture = picture_of(article)
    return _kept(
        {
            "id": article.guid,
            "url": page_of(entry),
            "title": safe(article.title),  # JSON Feed 1.1, items: a microblog post has none
            "content_html": body,
            # One of content_html and content_text has to be there.
            "content_text": None if body else summary or title_of(article),
            "summary": summary if body else None,
            "image": picture.url if picture else None,
            "date_published": local(article.published, entry.zone).isoformat(),
            "date_modified": local(article.updated, entry.zone).isoformat() if changed else None,
            "authors": _authors(people(article) or [origin.author if origin else None]),
            "tags": categories(article),
            "language": article.language,
            "attachments": _attachments(article) if article.enclosures else None,
            "_rights": _rights(article.rights),
            "_source": _source(origin) if origin else None,
            "_via": _via(entry),
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
            "id": origin.id if origin.id != origin.url else None,
            "title": origin.title,
            "feed_url": origin.url,
            "home_page_url": origin.link,
            "rights": origin.rights,
        }
    )


def _via(entry: Entry) -> dict[str, Any] | None:
    places = [_kept({"url": via.href, "title": via.title}) for via in vias(entry)]
    return {"links": places} if places else None


def _attachments(article: Article) -> list[dict[str, Any]]:
    # JSON Feed 1.1, attachments: those of one title are the same thing in several forms.
    titles: dict[str, str] = {}
    for number, forms in enumerate(variants(article.enclosures)):
        title = title_of(article) + (f" ({number + 1})" if number else "")
        titles |= dict.fromkeys((one.url for one in forms), title)
    return [_attachment(one, titles.get(one.url)) for one in article.enclosures]


def _attachment(enclosure: Enclosure, title: str | None) -> dict[str, Any]:
    return _kept(
        {
            "url": enclosure.url,
            "mime_type": type_of(enclosure) or "application/octet-stream",  # required
            "title": title,
            "size_in_bytes": enclosure.length or None,
            "duration_in_seconds": enclosure.duration,
        }
    )


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
