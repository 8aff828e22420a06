"""Where a person reads an entry."""

from __future__ import annotations

from feedsvc.model import Entry


def page_of(entry: Entry) -> str | None:
    """Where a person reads it: the article's own link, else the page we made for it."""
    return entry.article.link or entry.page
