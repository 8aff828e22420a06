"""The tables.

Integer keys inside, minted ids outside. Times are whole seconds since 1970 in UTC: exact, sortable
and the same on every database. `article` is narrow, since feeds are chosen by it; what is only read
to render an entry lies in `body`.

sources.py    whom we ask, and the files of folders
articles.py   what we store of them
feeds.py      who is in which feed, and in its archive
output.py     what was rendered and published
websub.py     hubs, ours and those of others
records.py    what happened

One file for each subject; everybody imports from here.
"""

from __future__ import annotations

from feedsvc.store.schema.articles import (
    UNPUBLISHED,
    article,
    body,
    label,
    media,
    media_use,
    revision,
    slug,
)
from feedsvc.store.schema.base import metadata
from feedsvc.store.schema.feeds import (
    archive_page,
    edition,
    facet,
    feed,
    membership,
    place,
    removal,
    token,
)
from feedsvc.store.schema.output import fragment, ledger, redirect
from feedsvc.store.schema.records import audience, chore, event, journal, remark
from feedsvc.store.schema.sources import ASKABLE, TAKEN_OUT, file, remote, source
from feedsvc.store.schema.websub import outbox, subscriber, subscription

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every schema revision this version knows, oldest first; the steps are in `migrations/`."""

__all__ = [
    "ASKABLE", "REVISIONS", "TAKEN_OUT", "UNPUBLISHED", "archive_page", "article", "audience",
    "body", "chore", "edition", "event", "facet", "feed", "file", "fragment", "journal", "label",
    "ledger", "media", "media_use", "membership", "metadata", "outbox", "place", "redirect",
    "remark", "remote", "removal", "revision", "slug", "source", "subscriber", "subscription",
    "token",
]  # fmt: skip
