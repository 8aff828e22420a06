"""Is a source asked by a sync now, and if not, why not?"""

from __future__ import annotations

from datetime import datetime

from feedsvc.app.reading import is_remote
from feedsvc.ports import SourceRow
from feedsvc.settings import Source

FORBIDDEN = "--offline forbids to ask it"
"""Why a source is skipped that nothing else keeps us from asking."""


def why_not(
    source: Source,
    row: SourceRow,
    now: datetime,
    *,
    force: bool = False,
    by_hand: bool = True,
    offline: bool = False,
) -> str | None:
    """Why a source is not asked by a sync; None if it is."""
    if row.paused is not None:
        return f"paused: `feedsvc source resume {source.name}` asks it again"
    if not force and row.state == "parked":
        return row.reason or "parked"
    if not (force or _is_due(source, row, now, by_hand=by_hand)):
        # Whoever has just mended what made it fail wants to know why nothing happens.
        failing = f"; failing: {row.reason}" if row.state == "failing" and row.reason else ""
        return f"not due before {row.next_due:%Y-%m-%d %H:%M:%SZ}{failing}"
    if offline and is_remote(source) and source.url is not None:
        return FORBIDDEN
    return None


def _is_due(source: Source, row: SourceRow, now: datetime, *, by_hand: bool) -> bool:
    """A folder without `every` costs only a look, so that by hand it is always due."""
    if row.next_due is None or (by_hand and source.every is None and source.path is not None):
        return True
    return row.next_due <= now
