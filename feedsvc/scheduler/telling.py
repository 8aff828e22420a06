"""What the daemon says: one line for everything that happened, each trouble once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from feedsvc.app import App
from feedsvc.regenerate import BuildReport, PublicationReport, held_back
from feedsvc.sync import SourceReport


class Teller:
    """Tells `tell` one line for everything that happened, and everything that went wrong."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._failing: dict[str, str] = {}  # what was last told of whom: said once, not each tick

    def state(self, app: App) -> None:
        """What is published, so that a start without any news does not look like a failure."""
        configured = {feed.name for feed in app.settings.feeds}
        rows = [row for row in app.store.feeds() if row.name in configured]
        feeds = ", ".join(f"{row.name} ({row.entries})" for row in rows[:8])
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        self._tell(f"feeds, with their entries: {feeds}{more}")

    def sources(self, reports: Iterable[SourceReport]) -> None:
        for report in reports:
            if report.outcome == "skipped":
                continue
            self.once(report.name, report.reason if report.outcome == "failed" else None)
            if report.outcome == "ok":
                counts = {
                    "new": report.new, "changed": report.changed, "withdrawn": report.withdrawn,
                }  # fmt: skip
                said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
                self._tell(f"{report.name}: {said}")

    def build(self, built: BuildReport) -> None:
        written = [report for report in built.publications if report.outcome == "written"]
        feeds = sorted({report.feed for report in written if report.feed})
        if feeds:
            self._tell(f"published {', '.join(feeds)}")
        # Each on its own: a build of one feed says nothing of another that is held.
        reports: dict[str, list[PublicationReport]] = {}
        for report in built.publications:
            reports.setdefault(report.feed or "site", []).append(report)
        for name, its_own in reports.items():
            held = held_back(its_own)
            self.once(f"building {name}", f"held back {'; '.join(held)}" if held else None)
        for problem in built.left_out:
            self.once(f"{problem.path}", problem.reason)

    def once(self, who: str, trouble: str | None) -> None:
        """Tell a trouble when it begins or changes, and its end; not at every tick."""
        before = self._failing.pop(who, None)
        if trouble is not None:
            self._failing[who] = trouble
            if trouble != before:
                self._tell(f"{who}: {trouble}")
        elif before is not None:
            self._tell(f"{who}: is well again")
