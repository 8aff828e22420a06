"""The time that a document tells of: what is missing from it may be deleted, or slid out of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime


def window_start(dates: Sequence[datetime | None]) -> datetime | None:
    """The date from which on a document is complete; None for one that dates nothing.

    It is that of its oldest entry. An entry that is pinned stands where its date does not put it,
    as last year's does at the top: those out of the order of the document do not count.
    """
    stated = [date for date in dates if date is not None]
    ordered = max(_ordered(stated[::-1]), _ordered(stated), key=len)
    return min(ordered, default=None)


def _ordered(dates: Sequence[datetime]) -> list[datetime]:
    """The longest sequence of dates that never go back."""
    ends: list[datetime] = []  # of the best sequence of each length
    places: list[int] = []  # of those in `dates`
    before: list[int | None] = []
    for place, date in enumerate(dates):
        length = bisect_right(ends, date)
        before.append(places[length - 1] if length else None)
        ends[length : length + 1] = [date]
        places[length : length + 1] = [place]
    found: list[datetime] = []
    place_now = places[-1] if places else None
    while place_now is not None:
        found.append(dates[place_now])
        place_now = before[place_now]
    return found[::-1]
