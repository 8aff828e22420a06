"""How sources are, in numbers: for `/metrics` and `/health/ready`.

The store is asked again after a few seconds only, and for articles after a minute: whoever scrapes
every second must not keep it busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from feedsvc.manners import Health

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Figures

T = TypeVar("T")

_FIGURES = 5.0  # seconds what the store tells is good for
_ARTICLES = 60.0
_AUDIENCE = 300.0
_MOST_OVERDUE = 20_000  # sources whose schedule is looked at; more than that are late as a whole


class _Kept(Generic[T]):
    """A value that is made anew after a while, by one thread for all."""

    def __init__(self, make: Callable[[], T], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._lock = Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        with self._lock:
            if self._value is None or time.monotonic() - self._value[1] >= self._seconds:
                self._value = self._make(), time.monotonic()
            return self._value[0]


class Numbers:
    """The numbers of one App."""

    def __init__(self, app: App) -> None:
        from feedsvc.app.audience import readers

        store, now = app.store, app.clock.now
        self.figures: Callable[[], Figures] = _Kept(lambda: store.figures(now()), _FIGURES).get
        self.articles = _Kept(lambda: store.articles_by_state(now()), _ARTICLES).get
        self.readers: Callable[[], Mapping[str, int]] = _Kept(lambda: readers(app), _AUDIENCE).get
        self.sources = _Kept(lambda: _by_health(app, self.figures()), _FIGURES).get


def _by_health(app: App, figures: Figures) -> dict[str, int]:
    """The sources by the word that `status` has for each."""
    from feedsvc.app.reading import DEFAULT_EVERY, is_remote
    from feedsvc.manners import every_of, late

    found = {health.value: figures.sources.get(health.value, 0) for health in Health}
    since = dict(figures.overdue[:_MOST_OVERDUE])
    now = app.clock.now()
    for source in app.some_sources(since) if since else ():
        # A folder without `every` is looked at whenever there is a sync, so that it is never late.
        if is_remote(source) or source.every is not None:
            every = every_of(source.every or DEFAULT_EVERY, source.timezone)
            found[Health.LATE] += late(since[source.name], now, every)
    found[Health.OK] -= found[Health.LATE]
    return found


def lag(app: App, figures: Figures) -> timedelta:
    """How long the source that waits longest has been due."""
    if figures.longest_due is None:
        return timedelta(0)
    return max(app.clock.now() - figures.longest_due, timedelta(0))
