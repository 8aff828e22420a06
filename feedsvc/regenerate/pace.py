"""How long readers and caches may keep the documents of a feed: by its own rhythm.

A function of what the feed holds, never of the hour: the same articles give the same serving index.
What time changes by itself is told beside it, for the server to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from feedsvc.model import FeedHead
from feedsvc.ports import FeedRow
from feedsvc.settings import Feed

SHORTEST = 300
"""Seconds; what nothing is known of is kept as long."""

LONGEST = 3600
"""Seconds. An edit or a withdrawal rewrites even a closed page of an archive, and must not wait
longer than that: nothing of ours is immutable."""

_STEP = 300  # seconds; an article more should not change the index each time
_OCCASIONS = 20  # the newest ones; what was long ago says nothing of today
_AT_ONCE = timedelta(seconds=SHORTEST)


class Pace(NamedTuple):
    """What the server is told of the documents in the folder of a feed."""

    age: int  # seconds
    limit: int | None  # entries of a full document, if it is: each new one pushes an old one out
    archive: bool  # there are closed pages below
    change: datetime | None  # when time alone changes what is in it


def rhythm(released: Sequence[datetime]) -> int | None:
    """The seconds that usually lie between the newest of these; None: too few to tell."""
    occasions = _occasions(released)
    gaps = sorted(later - earlier for later, earlier in pairwise(occasions))
    # The median: holidays do not count.
    return int(gaps[len(gaps) // 2].total_seconds()) if gaps else None


def _occasions(released: Sequence[datetime]) -> list[datetime]:
    """The newest times without those that follow at once: ten articles in one go are one."""
    found: list[datetime] = []
    for moment in sorted(released, reverse=True):
        if not found or found[-1] - moment >= _AT_ONCE:
            found.append(moment)
        if len(found) > _OCCASIONS:
            break
    return found


def max_age(usual: int | None) -> int:
    """The seconds to keep a document whose entries usually lie so far apart.

    Half of that, as often as we ask others (`every = "auto"`): then hardly an entry is missed, and
    hardly a visit is in vain.
    """
    if usual is None:
        return SHORTEST
    return min(max(usual // 2 // _STEP * _STEP, SHORTEST), LONGEST)


def paces(
    published: Sequence[tuple[Feed, FeedHead]], rows: Mapping[str, FeedRow]
) -> dict[str, Pace]:
    """The pace of each published feed, by its name."""
    return dict(_paces(published, rows))


def _paces(
    published: Sequence[tuple[Feed, FeedHead]], rows: Mapping[str, FeedRow]
) -> Iterator[tuple[str, Pace]]:
    for feed, _ in published:
        row = rows.get(feed.name)
        if row is not None:
            full = feed.limit if row.entries >= feed.limit else None
            closed = feed.archive and row.page_size is not None
            yield feed.name, Pace(max_age(row.rhythm), full, closed, row.next_change)
