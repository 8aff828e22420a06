"""The feed that an entry comes from, as far as everybody may know it."""

from __future__ import annotations

from dataclasses import replace

from feedsvc.model import Article, Draft, Origin, SourceHead
from feedsvc.sync.privacy import is_private


def origin_of(head: SourceHead, url: str, *, secret: bool) -> Origin:
    """What a copied entry is credited to; `secret` tells that requests carry credentials."""
    return Origin(
        id=None if head.id and "://" in head.id and is_private(head.id) else head.id,
        title=head.title,
        url=None if secret or is_private(url) else url,
        link=head.link,
        updated=head.updated,
        rights=head.rights,
    )


def kept_origin(draft: Draft, stored: Article) -> Draft:
    """The draft with the origin of the stored article, where that says the same of the feed.

    RFC 4287 §4.2.11: `source` tells of the feed as it was when the entry was taken from it. When it
    was updated, and where it lies just now, is no change of the entry.
    """
    now, before = draft.origin, stored.origin
    if now is None or before is None or (before.url is not None and now.url is None):
        return draft
    same = replace(now, updated=before.updated, url=before.url) == before
    return replace(draft, origin=before) if same else draft
