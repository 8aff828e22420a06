"""A reader of archives that knows RFC 5005 and nothing of feedsvc.

It fetches the subscription document, walks back along `prev-archive` (`next_url` in JSON Feed), and
merges what it finds by id: of two versions of an entry the one with the newer `updated` wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry of one document."""

    id: str
    title: str
    updated: datetime
    body: str


@dataclass(slots=True)
class Page:
    """One document: its entries, whether it says to be an archive, and where its links lead."""

    url: str
    entries: list[Seen]
    archive: bool
    links: dict[str, str] = field(default_factory=dict)


def read(url: str, document: bytes) -> Page:
    """The document of an address, in whichever format it is."""
    if document.lstrip().startswith(b"{"):
        return _json(url, json.loads(document))
    root = etree.fromstring(document)
    return _atom(url, root) if root.tag == f"{ATOM}feed" else _rss(url, root)


def walk(url: str, fetch: Fetch) -> Iterator[Page]:
    """The subscription document, then every archive document, newest first."""
    visited: set[str] = set()
    following: str | None = url
    while following is not None:
        assert following not in visited, f"{following} leads back to itself"
        visited.add(following)
        page = read(following, fetch(following))
        yield page
        following = page.links.get("prev-archive")


def merged(pages: Iterator[Page]) -> dict[str, Seen]:
    """Every entry once, as a reader has it in the end."""
    found: dict[str, Seen] = {}
    for page in pages:
        for entry in page.entries:
            known = found.get(entry.id)
            if known is None or entry.updated > known.updated:
                found[entry.id] = entry
    return found


def _atom(url: str, root: Any) -> Page:
    entries = [
        Seen(
            id=entry.findtext(f"{ATOM}id"),
            title=entry.findtext(f"{ATOM}title"),
            updated=datetime.fromisoformat(entry.findtext(f"{ATOM}updated")),
            body=entry.findtext(f"{ATOM}content") or "",
        )
        for entry in root.iterchildren(f"{ATOM}entry")
    ]
    links = {link.get("rel"): link.get("href") for link in root.iterchildren(f"{ATOM}link")}
    return Page(url, entries, root.find(f"{HISTORY}archive") is not None, links)


def _rss(url: str, root: Any) -> Page:
    top = root[0]
    entries = [
        Seen(
            id=item.findtext("guid"),
            title=item.findtext("title"),
            updated=datetime.fromisoformat(
                item.findtext(f"{ATOM}updated")
                or parsedate_to_datetime(item.findtext("pubDate")).isoformat()
            ),
            body=item.findtext(f"{CONTENT}encoded") or item.findtext("description") or "",
        )
        for item in top.iterchildren("item")
    ]
    links = {link.get("rel"): link.get("href") for link in top.iterchildren(f"{ATOM}link")}
    return Page(url, entries, top.find(f"{HISTORY}archive") is not None, links)


def _json(url: str, document: dict[str, Any]) -> Page:
    entries = [
        Seen(
            id=item["id"],
            title=item["title"],
            updated=datetime.fromisoformat(item.get("date_modified") or item["date_published"]),
            body=item.get("content_html", ""),
        )
        for item in document["items"]
    ]
    links = {"self": document["feed_url"]}
    if "next_url" in document:
        links["prev-archive"] = document["next_url"]
    return Page(url, entries, "/archive/" in url, links)
