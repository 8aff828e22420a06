"""What happens, in one line each: told to whoever listens, and kept for `feedsvc log`.

    syncs, builds, the daemon  ->  Journal  ->  store (table journal), listeners (stderr of `run`)

A trouble is noted when it begins or changes, and once more when it is over: a source that fails
for a week is two entries, not a thousand. What cannot be written, since the disk is full or the
store is locked, is written with the next ones.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from feedsvc.errors import FeedsvcError
from feedsvc.model import LogEntry
from feedsvc.ports import Clock, RecordStore

if TYPE_CHECKING:
    from feedsvc.regenerate import BuildReport, PublicationReport
    from feedsvc.sync import SourceReport

Listener = Callable[[LogEntry], object]

WAITING = 2_000  # entries that wait for the store at most; the oldest go
_NAMED = 20  # feeds named in the entry of one build

_NONE: Mapping[str, Any] = MappingProxyType({})

log = logging.getLogger(__name__)


def line_of(entry: LogEntry) -> str:
    """An entry in one line."""
    if entry.subject is None:
        return entry.message
    about = "building " if entry.kind == "build" else ""
    return f"{about}{entry.subject}: {entry.message}"


class Journal:
    """Notes what happens; may be asked by several threads at once.

    `store` opens the store when there is something to write; None keeps nothing.
    """

    def __init__(self, store: Callable[[], RecordStore] | None, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = Lock()  # held for a moment only
        self._writing = Lock()  # held for as long as the store takes
        self._waiting: deque[LogEntry] = deque(maxlen=WAITING)
        self._listeners: list[Listener] = []
        self._troubles: dict[tuple[str, str], str] = {}  # of whom what was noted last
        self._told: dict[tuple[str, str], str] = {}  # the same, by this process
        self._recalled = store is None

    def hear(self, listener: Listener) -> None:
        """Let `listener` hear of every entry from now on, in the thread that makes it."""
        self._listeners.append(listener)

    def follow(self, other: Journal) -> None:
        """Go on where another one of the same process ends, which may speak for a while still.

        What they know and what waits is one: neither notes what the other has noted.
        """
        self._lock, self._writing, self._waiting = other._lock, other._writing, other._waiting
        self._listeners, self._told = other._listeners, other._told
        self._troubles, self._recalled = other._troubles, other._recalled

    # -- what is noted -----------------------------------------------------------------------------

    def happened(
        self,
        kind: str,
        message: str,
        *,
        subject: str | None = None,
        level: str = "info",
        fields: Mapping[str, Any] = _NONE,
    ) -> None:
        """Note that something happened."""
        self._tell(self._entry(kind, message, subject, level, fields), keep=True)

    def trouble(
        self,
        kind: str,
        subject: str,
        reason: str | None,
        *,
        level: str = "error",
        fields: Mapping[str, Any] = _NONE,
    ) -> None:
        """Note what is wrong with somebody; None: nothing is, any more."""
        self._recall()
        key = (kind, subject)
        known, told = self._troubles.get(key), self._told.get(key)
        if reason is None:
            self._troubles.pop(key, None)
            self._told.pop(key, None)
            if known is not None or told is not None:
                entry = self._entry(kind, "is well again", subject, "info", fields)
                self._tell(entry, keep=known is not None, speak=told is not None)
            return
        self._troubles[key] = self._told[key] = reason
        if reason != known or reason != told:
            entry = self._entry(kind, reason, subject, level, fields)
            self._tell(entry, keep=reason != known, speak=reason != told)

    def synced(self, reports: Iterable[SourceReport]) -> None:
        """Note how sources were synced: what is new, what failed, what is well again."""
        for report in reports:
            if report.outcome == "skipped":
                continue
            numbers: dict[str, float] = {"seconds": round(report.seconds, 3)}
            if report.status is not None:
                numbers["status"] = report.status
            wrong = report.reason if report.outcome == "failed" else None
            self.trouble("sync", report.name, wrong, fields=numbers)
            if report.outcome == "ok":
                counts = {
                    "new": report.new, "changed": report.changed, "withdrawn": report.withdrawn,
                }  # fmt: skip
                said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
                self.happened("sync", said, subject=report.name, fields={**counts, **numbers})
        self.flush()

    def built(self, report: BuildReport, seconds: float) -> None:
        """Note what a build has published, and what it held back."""
        from feedsvc.regenerate import held_back

        written = [one for one in report.publications if one.outcome == "written"]
        feeds = sorted({one.feed for one in written if one.feed})
        if feeds:
            named = ", ".join(feeds[:_NAMED])
            more = f" and {len(feeds) - _NAMED} more" if len(feeds) > _NAMED else ""
            numbers = {
                "feeds": len(feeds), "files": len(written), "seconds": round(seconds, 3),
                "bytes": sum(one.bytes for one in written),
            }  # fmt: skip
            self.happened("build", f"published {named}{more}", fields=numbers)
        # Each on its own: a build of one feed says nothing of another that is held.
        files: dict[str, list[PublicationReport]] = {}
        for one in report.publications:
            files.setdefault(one.feed or "site", []).append(one)
        for name, its_own in files.items():
            held = held_back(its_own)
            self.trouble("build", name, f"held back {'; '.join(held)}" if held else None)
        self._left_out()
        self.flush()

    def _left_out(self) -> None:
        """Note which articles are left out of feeds, and which are no more.

        As the store has it: a build of some feeds says nothing of the others.
        """
        if self._store is None:
            return
        self._recall()
        try:
            left_out = self._store().left_out()
        except FeedsvcError:
            return  # asked again after the next build
        known = {who for kind, who in (*self._troubles, *self._told) if kind == "article"}
        for who in sorted(known.union(left_out)):
            self.trouble("article", who, left_out.get(who), level="warning")

    # -- where it goes -----------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what waits; what cannot be written goes on waiting.

        Whoever notes something meanwhile, in the event loop perhaps, does not wait for the store.
        """
        if self._store is None:
            return
        with self._writing:
            with self._lock:
                entries = list(self._waiting)
            if not entries:
                return
            try:
                self._store().log(entries)
            except FeedsvcError as error:
                log.info("the journal has to wait: %s", error)
                return
            with self._lock:
                written = set(map(id, entries))
                left = [entry for entry in self._waiting if id(entry) not in written]
                self._waiting.clear()
                self._waiting.extend(left)

    def _entry(
        self, kind: str, message: str, subject: str | None, level: str, fields: Mapping[str, Any]
    ) -> LogEntry:
        return LogEntry(
            at=self._clock.now(), level=level, kind=kind, subject=subject, message=message,
            fields=fields,
        )  # fmt: skip

    def _tell(self, entry: LogEntry, *, keep: bool, speak: bool = True) -> None:
        if keep and self._store is not None:
            with self._lock:
                self._waiting.append(entry)
        for listener in self._listeners if speak else ():
            listener(entry)

    def _recall(self) -> None:
        """What was wrong when the last process ended is not noted anew by this one."""
        if self._recalled or self._store is None:
            return
        try:
            known = self._store().troubles()
        except FeedsvcError:
            return  # the store has troubles of its own: asked again the next time
        for key, reason in known.items():
            self._troubles.setdefault(key, reason)
        self._recalled = True
