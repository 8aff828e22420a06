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
from feedsvc.model import FeedHead, Problem
from feedsvc.ports import FeedRow, Progress
from feedsvc.regenerate.articles import PAGES, article_files, articles_due
from feedsvc.regenerate.broken import broken_off, watched
from feedsvc.regenerate.due import RETRY, due_feeds
from feedsvc.regenerate.feed import FeedBuild
from feedsvc.regenerate.groupbuild import GroupBuild, group_head
from feedsvc.regenerate.groups import group_of
from feedsvc.regenerate.moving import clear_moved, follow_moves
from feedsvc.regenerate.ops import OPS, ops_due, ops_files
from feedsvc.regenerate.pace import paces
from feedsvc.regenerate.press import Pages, Press
from feedsvc.regenerate.published import published_feeds
from feedsvc.regenerate.report import (
    BuildOptions,
    BuildReport,
    PublicationReport,
    held_back,
    reported,
)
from feedsvc.regenerate.serving import serving_file
from feedsvc.regenerate.site import SITE, site_files
from feedsvc.regenerate.sitemaps import SITEMAP, sitemap_files, sitemaps_due
from feedsvc.settings import Feed

__all__ = [
    "RETRY", "BuildOptions", "BuildReport", "Pages", "Press", "PublicationReport", "due_feeds",
    "held_back", "others_due", "regenerate",
]  # fmt: skip

log = logging.getLogger(__name__)


def regenerate(
    press: Press,
    feeds: Sequence[Feed],
    options: BuildOptions,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the feeds that need it; one that cannot be built keeps its last good files."""
    with press.store.lock("build"):
        if options.check:
            return _regenerated(press, feeds, options, progress)
        left = broken_off(press)
        if left is not None:
            options = replace(options, feeds=(), verify=True)
        # Nor does anything else find what an old copy of the directory brought back.
        sweep = left is not None or (options.everything and not options.feeds)
        with watched(press, feeds, left, sweep=sweep) as observed:
            return _regenerated(observed, feeds, options, progress)


def _regenerated(
    press: Press, feeds: Sequence[Feed], options: BuildOptions, progress: Progress | None
) -> BuildReport:
    store = press.store
    if not options.check:
        follow_moves(press, feeds)
    rows = {row.name: row for row in store.feeds()}
    ledger = store.ledger(feeds=[None, SITE, OPS])
    reports: list[PublicationReport] = []
    left_out: list[Problem] = []
    chosen = [feed for feed in feeds if not options.feeds or feed.name in options.feeds]
    # Private ones last: public ones give articles the pages that those lead to.
    for done, feed in enumerate(sorted(chosen, key=lambda one: one.private)):
        if progress is not None:
            progress(feed.name, done, len(chosen))
        if feed.private:
            rows[feed.name] = store.feed(feed.name)  # it may have been marked just now
        if feed.per is not None:
            group = GroupBuild(press=press, feed=feed, rows=rows, options=options)
            group.run()
            reports.extend(group.reports)
            left_out.extend(group.left_out)
            continue
        row = rows.get(feed.name, FeedRow(name=feed.name))
        built = FeedBuild(press=press, feed=feed, row=row, options=options).run()
        rows[feed.name] = built.row
        reports.extend(built.reports)
        left_out.extend(built.row.left_out)
    published = published_feeds(press, feeds, rows)
    if not options.check:
        reports.extend(_drop_unconfigured(press, feeds, rows))
        clear_moved(press, feeds)
    reports.extend(article_files(press, published, options, progress))
    reports.extend(sitemap_files(press, published, options))
    public = [head for feed, head in published if not feed.private]
    listed = _listed(press, feeds, rows, public)
    reports.extend(site_files(press, public, listed, ledger, options))
    reports.extend(ops_files(press, ledger, options))
    if not options.check:
        heads = [head for _, head in published]
        serving_file(press, heads, store.redirects(), paces(published, rows))
        written = any(report.outcome == "written" for report in reports)
        if written and options.verify:
            store.prune_fragments()
    return BuildReport(publications=tuple(reports), left_out=tuple(left_out))


def _listed(
    press: Press, feeds: Sequence[Feed], rows: Mapping[str, FeedRow], public: Sequence[FeedHead]
) -> list[FeedHead]:
    """What the page of the site shows: feeds, and of a group only the group."""
    heads = {head.name: head for head in public}
    found: list[FeedHead] = []
    for feed in feeds:
        if feed.name in heads:
            found.append(heads[feed.name])
        elif feed.per is not None and not feed.private:
            found.append(group_head(press, feed, rows.get(feed.name, FeedRow(name=feed.name))))
    return found


def others_due(press: Press, now: datetime) -> bool:
    """Whether what stands beside the feeds is to be built: pages, sitemaps, the operations feed."""
    return ops_due(press) or articles_due(press, now) or sitemaps_due(press, now)


def _drop_unconfigured(
    press: Press, feeds: Sequence[Feed], rows: Mapping[str, FeedRow]
) -> Iterator[PublicationReport]:
    """Take down what feeds that are no longer configured had published; tell what stays."""
    groups = {feed.name for feed in feeds if feed.per is not None}
    configured = {feed.name for feed in feeds} | {SITE, PAGES, SITEMAP}
    if press.ops is not None:
        configured.add(OPS)
    for name in sorted(rows.keys() - configured):
        group, slug = group_of(name)
        if slug is not None and group in groups:
            continue
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
