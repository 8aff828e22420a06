"""Where an article stands in a digest: in which edition, and what keeps that one from being shown.

The rules of the feed have been gone through before (`store/explain.py`); age, places and shares are
those of editions, which only `regenerate/editions.py` knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.decide.periods import Period
    from feedsvc.settings import Feed
    from feedsvc.store.explain import Step

_ALL = 1_000_000  # editions: more than any feed holds


def steps(app: App, feed: Feed, row: int, now: datetime) -> Iterator[Step]:
    """What is asked of an article that fulfils the rules of a digest; the first no ends them."""
    from feedsvc.decide.periods import period_at
    from feedsvc.regenerate.editions import told_of
    from feedsvc.store.explain import Step

    site, rhythm = app.settings.site, feed.digest or "daily"
    whole = replace(feed, since=None, offset=0, limit=_ALL, max_per_source=None)
    one = next((one for one in app.store.released(whole, now) if one.row == row), None)
    if one is None:
        return
    period = period_at(one.released, rhythm, site.timezone)
    if period.end > now:
        yield Step("digest", False, f"its edition, {period.name}, appears {_time(period.end)}")
        return
    yield Step("digest", True, f"told of in the edition {period.name}")
    if feed.max_per_source:
        shared = told_of(app.store, replace(whole, max_per_source=feed.max_per_source), site, now)
        told = {each: {one.row for one in members} for each, members in shared}
        within = row in told.get(period, ())
        few = f"the {feed.max_per_source} newest of {one.source} in {period.name}"
        yield Step("max_per_source", within, f"one of {few}" if within else f"behind {few}")
        if not within:
            return
    yield from _ranked(app, feed, whole, period, now)


def _ranked(app: App, feed: Feed, whole: Feed, period: Period, now: datetime) -> Iterator[Step]:
    """Where its edition stands among the others."""
    from feedsvc.config.units import write_duration
    from feedsvc.regenerate.editions import told_of
    from feedsvc.store.explain import Step

    if feed.since is not None:
        young = period.end + feed.since > now
        back = write_duration(feed.since)
        yield Step("since", young, f"ended {_time(period.end)}; the feed goes back {back}")
        if not young:
            return
    periods = [each for each, _ in told_of(app.store, whole, app.settings.site, now)]
    rank = periods.index(period) + 1
    if feed.offset:
        says = f"edition {rank}; the {feed.offset} newest are left out"
        yield Step("offset", rank > feed.offset, says)
    if rank > feed.offset:
        says = f"edition {rank - feed.offset}; the feed holds {feed.limit}"
        yield Step("limit", rank - feed.offset <= feed.limit, says)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"
