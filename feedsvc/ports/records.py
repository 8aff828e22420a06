"""What the daemon keeps of itself: its journal, its jobs, what processes leave for one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from feedsvc.model import LogEntry

DAEMON = "daemon"
"""The remark of the daemon: its `pid`, `version`, `began`, `configuration`, and what of a new
configuration it `refused`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """A job at times of day, and how it ended last."""

    name: str
    due: datetime | None = None
    ran: datetime | None = None  # when it began last
    seconds: int | None = None
    outcome: str | None = None  # ok | failed
    reason: str | None = None
    done: datetime | None = None  # when one began last that went well; the store sees to it


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceDay:
    """Who asked for the documents of a feed on one day, as an estimate.

    `aggregators` says for how many subscribers each of them asks; `pollers` is a sketch that counts
    the distinct others.
    """

    day: str  # 2025-03-05, in UTC
    feed: str
    requests: int = 0
    not_modified: int = 0
    aggregators: Mapping[str, int]
    pollers: bytes = b""


class RecordStore(Protocol):
    """What is kept of the service itself."""

    def log(self, entries: Sequence[LogEntry]) -> None:
        """Write what happened; the oldest entries go when there are too many."""
        ...

    def journal(
        self,
        *,
        limit: int,
        after: int = 0,
        subject: str | None = None,
        kind: str | None = None,
        level: str | None = None,
        since: datetime | None = None,
    ) -> tuple[LogEntry, ...]:
        """The newest entries with a number above `after`, oldest first.

        `level` also takes what is graver.
        """
        ...

    def troubles(self) -> dict[tuple[str, str], str]:
        """What the journal says last of whom it says something bad, by kind and subject."""
        ...

    def left_out(self) -> Mapping[str, str]:
        """The articles that feeds leave out, by id, and what is wrong with each."""
        ...

    def chores(self) -> dict[str, Chore]: ...

    def keep_chore(self, chore: Chore) -> None: ...

    def remark(self, name: str) -> tuple[Mapping[str, Any], datetime] | None:
        """What was left under a name, and when; None if nothing was."""
        ...

    def leave_remark(self, name: str, value: Mapping[str, Any] | None, now: datetime) -> None:
        """Leave something under a name in place of what was; None takes it away."""
        ...

    def audience(self, *, since: str, feed: str | None = None) -> tuple[AudienceDay, ...]:
        """What is known of the days from `since` on (2025-03-05), newest first."""
        ...

    def keep_audience(self, days: Sequence[AudienceDay]) -> None:
        """Put these days in the place of what was known of them."""
        ...

    def forget_audience(self, before: str) -> None: ...
