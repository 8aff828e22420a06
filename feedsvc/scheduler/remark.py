"""How the daemon is, in its own words: for other commands, the journal and the service manager."""

from __future__ import annotations

import os
from contextlib import suppress

from feedsvc import __version__
from feedsvc.app import App
from feedsvc.errors import FeedsvcError
from feedsvc.model import iso_utc
from feedsvc.ports import DAEMON
from feedsvc.scheduler.reloading import listed


def size_of(app: App) -> str:
    """How much a daemon has to do with, in a line."""
    settings = app.settings
    return f"{len(settings.sources)} sources, {len(settings.feeds)} feeds"


def tell_state(app: App) -> None:
    """What is published, so that a start without any news does not look like a failure."""
    configured = {feed.name for feed in app.settings.feeds}
    with suppress(FeedsvcError):  # what is wrong with the store was told
        rows = [row for row in app.store.feeds() if row.name in configured]
        feeds = listed(f"{row.name} ({row.entries})" for row in rows)
        app.journal.happened("daemon", f"feeds, with their entries: {feeds}")


def leave_remark(app: App, *, refused: str | None = None) -> None:
    """Leave for other commands how this daemon is."""
    now = app.clock.now()
    try:
        known = app.store.remark(DAEMON)
        mine = known is not None and known[0].get("pid") == os.getpid()
        began = known[0]["began"] if known is not None and mine else iso_utc(now)
        value = {
            "pid": os.getpid(),
            "version": __version__,
            "began": began,
            "configuration": str(app.settings.path),
            "refused": refused,
        }
        app.store.leave_remark(DAEMON, value, now)
    except FeedsvcError as error:
        app.journal.trouble("daemon", "store", error.line)


def take_remark_back(app: App) -> None:
    """There is no daemon any more."""
    with suppress(FeedsvcError):
        app.store.leave_remark(DAEMON, None, app.clock.now())


def other_one(app: App) -> str:
    """The process that holds the store, as far as it says so."""
    with suppress(FeedsvcError):
        known = app.store.remark(DAEMON)
        if known is not None:
            return f" (process {known[0].get('pid')})"
    return ""
