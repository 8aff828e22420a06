"""How a feed stands: what the store knows of it, as `feed list` and `feed show` print it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedsvc.cli.standing import iso

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import FeedRow
    from feedsvc.settings import Feed


def standing(app: App, feed: Feed, row: FeedRow) -> dict[str, Any]:
    """One feed; of a private one no address, which `feed urls` tells."""
    from feedsvc.regenerate.groups import group_of
    from feedsvc.regenerate.press import title_of

    group, slug = group_of(feed.name)
    state, reason = _state(row, app.clock.now())
    return {
        "name": feed.name,
        "title": title_of(feed, app.settings.site),
        "group": group if slug else None,
        "per": feed.per,
        "private": feed.private,
        "entries": row.entries,
        "newest": iso(row.newest),
        "updated": iso(row.updated),
        "built": iso(row.built),
        "state": state,
        "reason": reason,
        "formats": [format.value for format in feed.formats],
        "url": None if feed.private else f"{app.settings.site.base_url}/{feed.name}/",
    }


def _state(row: FeedRow, now: datetime) -> tuple[str, str | None]:
    if row.held is not None:
        return "held", row.held
    if row.built is None:
        return "new", "never built"
    if row.touched is not None:
        return "due", "what it holds changed since it was built"
    if row.next_change is not None and row.next_change <= now:
        return "due", "an article came or went by its date since it was built"
    return "ok", None
