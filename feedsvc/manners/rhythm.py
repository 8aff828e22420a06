"""How often a source publishes, and so how often it is worth a visit (`every = "auto"`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
UNKNOWN = timedelta(hours=1)
"""Between two visits to a source that dates nothing."""

_MOMENTS = 20  # the newest ones; what was long ago says nothing of today
_PATIENCE = 24  # visits that a silence is worth: a source that is silent for a day waits an hour


def rhythm(published: Sequence[datetime], *, now: datetime) -> timedelta:
    """The time between two visits to a source whose entries were published then.

    Half of what usually lies between two of its entries, or longer when it has fallen silent: a
    source that was silent for 24 days is asked once a day.
    """
    times = sorted((moment for moment in published if moment <= now), reverse=True)
    if not times:
        return UNKNOWN
    moments = _moments(times)
    gaps = sorted(later - earlier for later, earlier in pairwise(moments))
    usual = gaps[len(gaps) // 2] if gaps else timedelta()  # the median: holidays do not count
    silence = now - moments[0]
    return min(max(usual / 2, silence / _PATIENCE, SHORTEST), LONGEST)


def _moments(times: Sequence[datetime]) -> list[datetime]:
    """The times without those that follow at once: ten entries in one go are one occasion."""
    moments = [times[0]]
    for moment in times:
        if moments[-1] - moment >= SHORTEST:
            moments.append(moment)
        if len(moments) > _MOMENTS:
            break
    return moments
