"""What the next build would take into a feed by rules that are not its own yet."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from feedsvc.cli.feed.target import selected, shelf_of

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.settings import Feed


class Trial:
    """Chooses as a build does, and writes nothing; use as `with`.

    Which articles of an archive stand on the page that is still open, and so in the newest
    document, is known when those that come have got their positions. That is tried on a copy of the
    store, made when the first such archive is asked for.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._at_end = ExitStack()

    def selected(self, feed: Feed) -> tuple[int, ...]:
        """The articles of the newest documents, newest first."""
        from feedsvc.regenerate.shown import is_current

        shelf, now = shelf_of(self._app, feed), self._app.clock.now()
        row = self._app.store.feed(feed.name)
        if shelf is None or is_current(self._app.press, feed, {feed.name: row}, now):
            return selected(self._app, feed)
        self._copy.store.shelve(feed, shelf.size, now, since=0, looked=None)
        return selected(self._copy, feed)

    @cached_property
    def _copy(self) -> App:
        from feedsvc.app import App

        return self._at_end.enter_context(
            closing(App(self._app.settings, self._app.clock, dry_run=True))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._at_end.close()
