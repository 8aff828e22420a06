"""How a guest behaves: when a remote source is asked again, and what becomes of it after trouble.

    due, but late -----------------------> rest()
    a good answer -> freshness() and Pace -> next_visit()     well() and moved() -> Standing
    no good answer ------------------------> after_failure()  failed() ----------> Standing
    times of day (calendar.py) take the place of an interval in both

Pure rules: `now` is given, nothing is asked or stored here. `every` is the operator's word and is
taken as it is, even where it is a second: it may be a host of their own. The source's own wishes
only ever slow us down, by a week at most; how many requests a host sees at once is `web`'s matter.
"""

from __future__ import annotations

from feedsvc.manners.calendar import (
    Calendar,
    Every,
    after_step,
    every_of,
    look_after,
    next_time,
    spread,
)
from feedsvc.manners.freshness import freshness
from feedsvc.manners.rhythm import rhythm
from feedsvc.manners.standing import Health, Standing, failed, gone, health, late, moved, well
from feedsvc.manners.statuses import STATUS
from feedsvc.manners.visits import after_failure, next_visit, rest, spared, without_network

__all__ = [
    "STATUS", "Calendar", "Every", "Health", "Standing", "after_failure", "after_step", "every_of",
    "failed", "freshness", "gone", "health", "late", "look_after", "moved", "next_time",
    "next_visit", "rest", "rhythm", "spared", "spread", "well", "without_network",
]  # fmt: skip
