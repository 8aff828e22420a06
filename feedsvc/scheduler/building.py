"""Feeds in the daemon: built when something has touched them, and all of them at the start."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from feedsvc.app import App
from feedsvc.regenerate import RETRY, BuildOptions, due_feeds, others_due
from feedsvc.store.halt import StoppedError


class Building:
    """Builds the feeds of one App."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._looked_at_all = False  # at the start the configuration or the files may be others
        # When a site without its page is built again, by `Clock.elapsed`: the clock may be set.
        self._next_try = 0.0
        self._interrupted = False

    def look_at_all(self) -> None:
        """Let the next build look at whatever differs, as the first one does."""
        self._looked_at_all = False

    def interrupt(self) -> None:
        """Let a build that is under way end at the next feed; what it leaves is due still."""
        self._interrupted = True

    async def build_due(self) -> None:
        """Build what is due, if anything is."""
        app, now = self._app, self._app.clock.now()
        page = app.settings.publish.directory / "index.html"
        missing = not page.exists() and app.clock.elapsed() >= self._next_try
        due = due_feeds(app.store, app.settings.feeds, now)
        everything = missing or not self._looked_at_all
        if not (everything or due or others_due(app.press, now)):
            return
        # Only what is due: a feed that is held back has its own time to be tried again.
        options = BuildOptions(feeds=() if everything else due, verify=everything)
        # In a thread, so that signals and the server's supervisor are heard meanwhile. Only one
        # build runs at a time, which feedgen needs: it switches the process's locale.
        building = asyncio.create_task(asyncio.to_thread(app.regenerate, options, self._go_on))
        try:
            await asyncio.shield(building)
        except asyncio.CancelledError:
            with suppress(StoppedError):
                await building
            raise
        except StoppedError:
            return
        self._looked_at_all = True
        if not page.exists():  # it is held back, or there is no room: not again at every tick
            self._next_try = app.clock.elapsed() + RETRY.total_seconds()

    def _go_on(self, _what: str, _done: int, _all: int) -> None:
        """Asked by a build between two feeds."""
        if self._interrupted:
            # A StoreError: no guard around a single feed or page takes it for a fault of that one.
            raise StoppedError("was asked to end")
