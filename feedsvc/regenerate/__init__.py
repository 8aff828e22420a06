"""Stage 2: the articles of each feed become publications.

    store.select -> fragments (kept, or rendered once) -> documents -> gate -> publish -> ledger

A feed is left alone while nothing marked it, no moment has passed that changes it, its definition
is the same, and its files lie there as recorded. Else its documents are stitched anew, and only
what differs is written. `updated` moves when what a reader is told differs, not for a rebuild, a
new renderer or another format.

The build of one feed is in `feed.py`, its rendered entries in `fragments.py`, the files of the
whole site in `site.py`; `press.py` holds what they work with, `report.py` what they answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from feedsvc.errors import PublishError
from feedsvc.model import Problem
from feedsvc.ports import FeedRow, Progress, Store
from feedsvc.regenerate.feed import RETRY, FeedBuild
from feedsvc.regenerate.ops import OPS, ops_due, ops_files
from feedsvc.regenerate.press import Pages, Press, head_of
from feedsvc.regenerate.report import (
    BuildOptions,
    BuildReport,
    PublicationReport,
    held_back,
    reported,
)
from feedsvc.regenerate.site import SITE, site_files
from feedsvc.settings import Feed

__all__ = [
    "RETRY", "BuildOptions", "BuildReport", "Pages", "Press", "PublicationReport", "due_feeds",
    "held_back", "ops_due", "regenerate",
]  # fmt: skip

_OWN = (None, SITE, OPS)  # what stands beside the feeds

log = logging.getLogger(__name__)


def regenerate(
    press: Press,
    feeds: Sequence[Feed],
    options: BuildOptions,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the feeds that need it; one that cannot be built keeps its last good files."""
    with press.store.lock("build"):
        rows = {row.name: row for row in press.store.feeds()}
        ledger = press.store.ledger(feeds=_OWN)
        reports: list[PublicationReport] = []
        left_out: list[Problem] = []
        chosen = [feed for feed in feeds if not options.feeds or feed.name in options.feeds]
        for done, feed in enumerate(chosen):
            if progress is not None:
                progress(feed.name, done, len(chosen))
            row = rows.get(feed.name, FeedRow(name=feed.name))
            built = FeedBuild(press=press, feed=feed, row=row, options=options).run()
            rows[feed.name] = built.row
            reports.extend(built.reports)
            left_out.extend(built.row.left_out)
        heads = [
            head_of(press, feed, rows.get(feed.name, FeedRow(name=feed.name)).updated)
            for feed in feeds
        ]
        if not options.check:
            own = {SITE, OPS} if press.ops is not None else {SITE}
            reports.extend(_drop_unconfigured(press, feeds, rows, own))
        reports.extend(site_files(press, heads, ledger, options))
        reports.extend(ops_files(press, ledger, options))
        written = any(report.outcome == "written" for report in reports)
        if written and options.verify and not options.check:
            press.store.prune_fragments()
    return BuildReport(publications=tuple(reports), left_out=tuple(left_out))


def due_feeds(store: Store, feeds: Sequence[Feed], now: datetime) -> tuple[str, ...]:
    """The feeds that were touched, or that time changes by `now`; a group, if one of its is."""
    rows: dict[str, list[FeedRow]] = {}
    for row in store.feeds():
        rows.setdefault(row.name.partition("/")[0], []).append(row)
    return tuple(
        feed.name
        for feed in feeds
        if feed.name not in rows or any(_is_due(row, now) for row in rows[feed.name])
    )


def _is_due(row: FeedRow, now: datetime) -> bool:
    waits = row.retry_at is not None and row.retry_at > now
    marked = row.touched is not None or row.built is None or row.held is not None
    passed = row.next_change is not None and row.next_change <= now
    return (marked or passed) and not waits


def _drop_unconfigured(
    press: Press,
    feeds: Sequence[Feed],
    rows: Mapping[str, FeedRow],
    own: set[str],
) -> Iterator[PublicationReport]:
    """Take down what feeds that are no longer configured had published; tell what stays."""
    configured = {feed.name for feed in feeds} | own
    for name in sorted(rows.keys() - configured):
        lines = list(press.store.ledger(feeds=[name]).values())
        paths = [line.path for line in lines]
        try:
            press.publisher.remove(paths)
        except PublishError as error:
            reason = f"its feed is no longer configured, but {error.line}"
            yield from (replace(reported(line, "held"), reason=reason) for line in lines)
            continue
        press.store.drop_feed(name, paths)
        log.info("feed %s is no longer configured: its files were removed", name)
