"""OPML 2.0: the feeds we read, for `export opml` and any reader that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from feedsvc.feeds.opml import add_feed, finish, start
from feedsvc.feeds.values import safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A source as other programs know it; `folder` goes from the outermost inwards."""

    title: str
    url: str  # of the feed
    link: str | None = None  # of the site
    language: str | None = None
    description: str | None = None
    folder: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def subscriptions(
    sources: Sequence[Subscription], *, title: str, created: datetime | None
) -> bytes:
    """The document, in the order of `sources`; a folder stands where its first source does."""
    body = start(title, dateCreated=created)
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for source in sources:
        outline = add_feed(
            _folder(source.folder, folders),
            safe(source.title) or source.url,
            safe(source.url),
            home=safe(source.link) if source.link else None,
            description=source.description or None,
            language=source.language,
        )
        # OPML 2.0: commas part the categories, and a slash at the beginning means nothing here.
        tags = (safe(tag.replace(",", " ")) for tag in source.tags)
        if category := ",".join(dict.fromkeys(tag for tag in tags if tag)):
            outline.set("category", category)
    return finish(body)


def _folder(
    path: tuple[str, ...], folders: dict[tuple[str, ...], etree._Element]
) -> etree._Element:
    """The outline for `path`, made when it is first asked for."""
    parent = folders[()]
    place: tuple[str, ...] = ()
    for name in map(safe, path):
        if not name:
            continue
        place = (*place, name)
        if place not in folders:
            folders[place] = etree.SubElement(parent, "outline", text=name, title=name)
        parent = folders[place]
    return parent
