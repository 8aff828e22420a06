"""Which page an article is on, whoever links to it: what copies of one story have in common."""

from __future__ import annotations

from feedsvc.decide.digests import digest
from feedsvc.text.canonical import canonical

_SIZE = 8  # bytes


def canon_of(link: str | None) -> bytes | None:
    """The digest of a link's canonical form; the home page of a site is no article's own."""
    page = canonical(link) if link else ""
    if "/" not in page and "?" not in page and "#" not in page:
        return None
    return digest(page.encode("utf-8", "surrogatepass"))[:_SIZE]
