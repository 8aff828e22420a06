"""When a feed, and what stands beside the feeds, is to be built."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feedsvc.ports import FeedRow, Store
from feedsvc.settings import Feed

RETRY = timedelta(minutes=1)
"""After which the daemon tries a held feed again."""


def due_feeds(store: Store, feeds: Sequence[Feed], now: datetime) -> tuple[str, ...]:
    """The feeds that were touched, or that time changes by `now`; a group, if one of its is."""
    rows: dict[str, list[FeedRow]] = {}
    for row in store.feeds():
        rows.setdefault(row.name.partition("/")[0], []).append(row)
    return tuple(
        feed.name
        for feed in feeds
        if feed.name not in rows or any(_is_due(row, now) for row in rows[feed.name])
    )


def was_built(row: FeedRow, now: datetime) -> bool:
    """Whether a feed was built; not by a clock that was ahead, and let fall due what is not yet."""
    return row.built is not None and row.built <= now


def is_to_wait(row: FeedRow, now: datetime) -> bool:
    """Whether what was held back is not to be tried yet; a time far ahead is of such a clock."""
    return row.retry_at is not None and now < row.retry_at <= now + RETRY


def _is_due(row: FeedRow, now: datetime) -> bool:
    waits = is_to_wait(row, now)
    marked = row.touched is not None or not was_built(row, now) or row.held is not None
    passed = row.next_change is not None and row.next_change <= now
    return (marked or passed) and not waits
