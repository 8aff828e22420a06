"""What readers that know nothing of feedsvc see of an entry, in one shape for all of them."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import unescape
from mimetypes import guess_type
from time import struct_time
from typing import Any, NamedTuple

import feedparser

from feedsvc.model import Article


class File(NamedTuple):
    """A media file of an entry."""

    url: str
    type: str | None
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry; `picture` is the one that stands for it, `source` the feed it was copied from."""

    id: str
    title: str
    link: str | None
    authors: tuple[str, ...]
    published: datetime
    updated: datetime
    files: frozenset[File]
    picture: str | None
    language: str | None
    source: str | None


def stored(
    told: Mapping[str, Any], article: Article, *, page: str | None, language: str | None
) -> Told:
    """An article as `article list --json` has it; `page` and `language` are for one without."""
    files = frozenset(
        File(one["url"], one["type"] or guess_type(one["url"])[0], one["length"])
        for one in told["enclosures"]
    )
    pictures = [told["image"]["url"]] if told["image"] else []
    pictures += [one["url"] for one in told["enclosures"] if (one["type"] or "")[:6] == "image/"]
    return Told(
        id=told["id"],
        title=told["title"],
        link=told["link"] or page,
        authors=tuple(one["name"] for one in told["authors"]),
        published=datetime.fromisoformat(told["published"]),
        updated=datetime.fromisoformat(told["updated"]),
        files=files,
        picture=next(iter(pictures), None),
        language=told["language"] or language,
        source=article.origin.title if article.origin else None,
    )


# -- feedparser ------------------------------------------------------------------------------------


@lru_cache(2000)  # a site is read time and again, and few of its documents are others then
def parsed(document: bytes) -> tuple[Told, ...]:
    """The entries of an XML document, by feedparser."""
    feed = feedparser.parse(document)
    assert not feed.bozo, feed.bozo_exception
    assert feed.version in ("atom10", "rss20")
    return tuple(_entry(entry, feed.feed.get("language")) for entry in feed.entries)


def _entry(entry: Any, language: str | None) -> Told:
    title = entry.title_detail
    picture = next((one["url"] for one in entry.get("media_thumbnail", ())), None)
    links = [*entry.get("enclosures", ()), *entry.get("media_content", ())]
    # The lead image is a file, too; what is told of it is told by `picture`.
    lead = {one["url"] for one in entry.get("media_content", ()) if one.get("medium") == "image"}
    assert not lead or picture in lead, "one picture in the text, another beside it"
    attached = {one.href for one in entry.get("enclosures", ())} - lead
    return Told(
        id=entry.id,
        title=unescape(title.value) if title.type == "text/html" else title.value,
        link=_address(entry.get("link")),
        authors=tuple(one.name for one in entry.get("authors", ())),
        published=_moment(entry.published_parsed),
        updated=_moment(entry.updated_parsed if "updated" in entry else entry.published_parsed),
        files=frozenset(
            File(url, one.get("type"), int(one.get("length") or one.get("filesize") or 0) or None)
            for one in links
            if (url := one.get("href") or one["url"]) in attached or url not in lead
        ),
        picture=picture,
        language=title.language or entry.get("language") or language,
        source=entry.source.title if "source" in entry else None,
    )


def _address(link: str | None) -> str | None:
    """Where an entry leads; feedparser takes its id for that if there is nothing else."""
    return link if link and link.startswith("http") else None


def _moment(parsed: struct_time) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)


# -- JSON Feed ------------------------------------------------------------------------------------


def items(document: bytes) -> tuple[Told, ...]:
    """The items of a JSON Feed, by its specification alone."""
    feed = json.loads(document)
    return tuple(_item(item, feed.get("language")) for item in feed["items"])


def _item(item: Mapping[str, Any], language: str | None) -> Told:
    return Told(
        id=item["id"],
        title=item["title"],
        link=item.get("url"),
        authors=tuple(one["name"] for one in item.get("authors", ())),
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item.get("date_modified", item["date_published"])),
        files=frozenset(
            File(one["url"], one["mime_type"], one.get("size_in_bytes"))
            for one in item.get("attachments", ())
        ),
        picture=item.get("image"),
        language=item.get("language", language),
        source=item.get("_source", {}).get("title"),
    )


# -- the library `reader` --------------------------------------------------------------------------


def library(address: str) -> Iterator[Told]:
    """The entries of one feed as `reader` keeps them, which asks for its address and no other.

    It takes the last author of an XML document and knows neither languages nor pictures.
    """
    from reader import make_reader

    kept = make_reader(":memory:")
    try:
        kept.add_feed(address)
        kept.update_feed(address)
        for entry in kept.get_entries(feed=address):
            assert entry.title is not None
            assert entry.published is not None
            yield Told(
                id=entry.id,
                title=unescape(entry.title),
                link=_address(entry.link),
                authors=tuple(one.name or "" for one in entry.authors),
                published=entry.published,
                updated=entry.updated or entry.published,
                files=frozenset(
                    File(one.href, one.type, one.length or None) for one in entry.enclosures
                ),
                picture=None,
                language=None,
                source=entry.source.title if entry.source else None,
            )
    finally:
        kept.close()
