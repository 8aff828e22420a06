"""The addresses of an entry: where a person reads it, and where else it was found."""

from __future__ import annotations

from typing import NamedTuple

from feedsvc.feeds.origin import credit
from feedsvc.model import Entry
from feedsvc.text.canonical import canonical


class Via(NamedTuple):
    """A copy that an entry stands for."""

    href: str
    title: str


def page_of(entry: Entry) -> str | None:
    """Where a person reads it: the article's own link, else the page we made for it."""
    return entry.article.link or entry.page


def vias(entry: Entry) -> list[Via]:
    """Where else the entry was found, in the order of the addresses.

    Other spellings of the address under which it is read are none, nor is a second one of a copy.
    """
    if not entry.via:
        return []
    page = page_of(entry)
    seen = {canonical(page)} if page else set()
    found: list[Via] = []
    known = {one for copy in entry.via if (one := credit(copy)) is not None}
    for one in sorted(known, key=lambda copy: (copy.link or copy.url or "", copy.title)):
        href = one.link or one.url
        if href and canonical(href) not in seen:
            seen.add(canonical(href))
            found.append(Via(href, one.title))
    return found
