"""Where else an entry was found: in the sources whose copies it stands for, and as its own says.

What its source says is told on, so that a credit survives the way through several planets.
"""

from __future__ import annotations

from typing import NamedTuple

from feedsvc.feeds.lines import lines_of, words
from feedsvc.feeds.links import page_of
from feedsvc.feeds.origin import credit, public_address
from feedsvc.model import Entry
from feedsvc.text.canonical import canonical

_MOST = 10  # places an entry names


class Via(NamedTuple):
    """A place where the entry was found."""

    href: str
    title: str  # "" where nobody says what stands there


def vias(entry: Entry) -> list[Via]:
    """Those of copies in the order of the addresses, then the places in the order of the source.

    So its list, however long, crowds out nobody who has the story. Another spelling of one that is
    named already is none; nor is the page on which the entry is read, or the feed that it is
    credited to (`source`), whichever way it came from there.
    """
    article = entry.article
    if not (article.extra or entry.via):
        return []
    page, own = page_of(entry), credit(article.origin)
    known = [page, *((own.url, own.link) if own else ())]
    seen = {canonical(url) for url in known if url}
    feed = canonical(own.url) if own and own.url else None
    found: list[Via] = []
    for via in (*_copies(entry, feed), *_told(entry)):
        if (place := canonical(via.href)) not in seen and len(found) < _MOST:
            seen.add(place)
            found.append(via)
    return found


def _told(entry: Entry) -> list[Via]:
    """What the source of the article says (RFC 4287 §4.2.7.2, `via`)."""
    if all(label != "atom:via" for label, _ in entry.article.extra):
        return []
    return [
        Via(href, words(line, "title"))
        for name, line in lines_of(entry)
        if name == "atom:via" and (href := public_address(line.get("href") or line.get("")))
    ]


def _copies(entry: Entry, feed: str | None) -> list[Via]:
    credits = {one for copy in entry.via if (one := credit(copy)) is not None}
    return [
        Via(href, one.title)
        for one in sorted(credits, key=lambda copy: (copy.link or copy.url or "", copy.title))
        if (href := one.link or one.url) and not (one.url and canonical(one.url) == feed)
    ]
