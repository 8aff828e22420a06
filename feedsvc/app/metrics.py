"""What the daemon counts of itself while it runs: told by those who do it, read by `/metrics`.

Plain ints and short lists; nothing here has a label for each source, of which there may be tens of
thousands. What the store knows is not counted but asked (`app/exposition.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from feedsvc.figures.families import Family, Histogram, by, gauge, histogram
from feedsvc.ports import Clock

if TYPE_CHECKING:
    from feedsvc.regenerate import BuildReport
    from feedsvc.sync import SourceReport

_SYNC_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BUILD_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_TICK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30)

_SYNCED = ("ok", "unchanged", "failed", "skipped")
_BUILT = ("written", "unchanged", "held")


class Metrics:
    """Counts what one process does; goes on when its configuration is read again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._synced = dict.fromkeys(_SYNCED, 0)
        self._sync_seconds = Histogram(*_SYNC_SECONDS)
        self._articles = {"new": 0, "changed": 0, "withdrawn": 0}
        self._publications = dict.fromkeys(_BUILT, 0)
        self._build_seconds = Histogram(*_BUILD_SECONDS)
        self._tick_seconds = Histogram(*_TICK_SECONDS)
        self._beat = time.monotonic()
        self._reloads = {"ok": 0, "refused": 0}
        self._reloaded = clock.now()  # it was read at the start
        self._reload_ok = True
        self.busy_since: float | None = None
        """Since when the store lets nobody write, by the clock of `time.monotonic`."""

    # -- what is told ------------------------------------------------------------------------------

    def synced(self, reports: Iterable[SourceReport]) -> None:
        """Sources were asked."""
        for report in reports:
            self._synced[report.outcome] += 1
            if report.outcome != "skipped":
                self._sync_seconds.observe(report.seconds)
            for what in self._articles:
                self._articles[what] += getattr(report, what)

    def built(self, report: BuildReport, seconds: float) -> None:
        """Feeds were built."""
        self._build_seconds.observe(seconds)
        for publication in report.publications:
            self._publications[publication.outcome] += 1

    def ticked(self, seconds: float) -> None:
        """The daemon looked for what is due, and did or started it."""
        self._tick_seconds.observe(seconds)
        self._beat = time.monotonic()

    def reloaded(self, *, ok: bool) -> None:
        """The configuration was read again, and taken over or refused."""
        self._reloads["ok" if ok else "refused"] += 1
        self._reload_ok = ok
        if ok:
            self._reloaded = self._clock.now()

    # -- what is read ------------------------------------------------------------------------------

    @property
    def idle(self) -> float:
        """Seconds since the last tick came to its end, or since the start."""
        return time.monotonic() - self._beat

    def families(self) -> list[Family]:
        """Everything counted so far."""
        return [
            by("counter", "feedsvc_syncs", "Sources that were asked, by how that ended.",
               ("outcome",), _labelled(self._synced)),
            histogram("feedsvc_sync_seconds", "How long the sync of one source took.",
                      self._sync_seconds),
            by("counter", "feedsvc_article_changes", "What syncs brought.",
               ("change",), _labelled(self._articles)),
            histogram("feedsvc_build_seconds", "How long a build of what was due took.",
                      self._build_seconds),
            by("counter", "feedsvc_publications", "Files that builds looked at, by what became of "
               "them.", ("outcome",), _labelled(self._publications)),
            histogram("feedsvc_tick_seconds", "How long the daemon looked for what is due, and did "
                      "it.", self._tick_seconds),
            gauge("feedsvc_tick_age_seconds", "Since the last tick came to its end.", self.idle),
            by("counter", "feedsvc_config_reloads", "Configurations read while running.",
               ("outcome",), _labelled(self._reloads)),
            gauge("feedsvc_config_last_reload_ok", "Whether the configuration that was read last "
                  "is the one in use.", self._reload_ok),
            gauge("feedsvc_config_last_reload_success_timestamp_seconds", "When the configuration "
                  "in use was read.", self._reloaded.timestamp()),
        ]  # fmt: skip


def _labelled(counts: dict[str, int]) -> list[tuple[tuple[str, ...], int]]:
    return [((label,), count) for label, count in counts.items()]
