"""The pages of articles that have none of their own: public/a/<slug>/index.html.

    what changed -> plans -> pages (rendered, checked, placed) -> redirects -> ledger

A page stays when its article slides out of the feeds. When nobody may see the article any more its
page is gone, and is back when it comes back; when it gets a link of its own the page moves there.
Some articles at a time are in memory (`pagebatch.py`), and a usual run looks only at those that
changed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from feedsvc.decide import digest_of
from feedsvc.errors import PublishError
from feedsvc.model import Problem
from feedsvc.ports import FeedRow, LedgerLine, PageFile, Progress
from feedsvc.regenerate.due import RETRY, is_to_wait
from feedsvc.regenerate.guard import guarded
from feedsvc.regenerate.pagebatch import PAGES, Batch, Published, file_of
from feedsvc.regenerate.press import Press, rules_of
from feedsvc.regenerate.report import BuildOptions, PublicationReport, reported

__all__ = ["PAGES", "Published", "article_files", "articles_due"]

_FEW = 2_000  # pages that are looked at closely, all of them, in every run that looks at everything
_DAYS = 30  # until the sidecars of all pages have been looked at, where there are more
_BATCH = 200  # articles that are in memory, and pages that are placed, at once

log = logging.getLogger(__name__)


def articles_due(press: Press, now: datetime) -> bool:
    """Whether a change or time may have changed a page: two short queries."""
    row = press.store.feed(PAGES)
    if not press.article_pages or is_to_wait(row, now):
        return False
    passed = row.next_change is not None and row.next_change <= now
    return passed or press.store.newest_page_change() != row.seen


def article_files(
    press: Press, feeds: Published, options: BuildOptions, progress: Progress | None = None
) -> list[PublicationReport]:
    """Build the pages that need it, and take down those that are to be no more."""
    build = _Build(press=press, feeds=feeds, options=options, progress=progress)
    run = build.run if press.article_pages else build.take_down
    return guarded(press, PAGES, "a/", "html", run, check=options.check)


@dataclass(kw_only=True)
class _Build:
    """One run over the pages."""

    press: Press
    feeds: Published
    options: BuildOptions
    progress: Progress | None
    reports: list[PublicationReport] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)  # ids of articles
    left_out: list[Problem] = field(default_factory=list)
    pending: tuple[Sequence[LedgerLine], Sequence[str]] = ((), ())
    lost: str | None = None  # why something could not be written

    @cached_property
    def row(self) -> FeedRow:
        """What was remembered of the last run."""
        return self.press.store.feed(PAGES)

    @cached_property
    def now(self) -> datetime:
        """When this run began."""
        return self.press.clock.now().replace(microsecond=0)

    @cached_property
    def anew(self) -> bool:
        """Whether every page is rendered, and not only those of articles that changed."""
        looked = self.row.looked
        return (
            self.options.everything
            or self.options.check
            or self.row.fingerprint != self.fingerprint
            or looked is None
            or looked > self.now  # the clock was wrong: what it let expire may be back
        )

    @cached_property
    def fingerprint(self) -> bytes:
        """Of everything but articles and time that the bytes of pages depend on.

        Not of the feeds of groups: with a new tag there is a new one, and only articles that have
        the tag tell of it.
        """
        site, press = self.press.site, self.press
        return digest_of(
            [
                [site.title, site.base_url, site.language, site.rights, site.icon],
                [site.timezone.key, press.rendering],
                sorted((name, zone.key) for name, zone in press.zones.items()),
                [
                    [head.title, head.home, list(head.urls.values())]
                    for feed, head in self.feeds
                    if feed.facet is None and not feed.private
                ],
                [rules_of(feed) for feed in press.store.known_feeds()],
            ]
        )

    def run(self) -> list[PublicationReport]:
        """Look at what changed; at everything when it is to look otherwise, or is verified."""
        store, row = self.press.store, self.row
        every = self.anew or self.options.verify
        waits = row.next_change is None or row.next_change > self.now
        if not every and waits and row.held is None and store.newest_page_change() == row.seen:
            return []
        number, news = store.page_news(self.now, since=row.seen, looked=row.looked)
        rows = self._verified(news) if every else news
        self._look_at(rows, frozenset(rows if self.anew else news))
        if self.options.check:
            return self.reports
        if every and self.lost is None:
            self._sweep()
        self._settle(number)
        return self.reports

    @cached_property
    def _files(self) -> list[PageFile]:
        return self.press.store.page_files(PAGES)

    def _verified(self, news: Sequence[int]) -> Sequence[int]:
        """The articles to look at in a run that looks at everything.

        Of thousands of pages, these are the ones that changed, those that do not lie as they
        were recorded, and those that lie where none is. Whether their sidecars do is asked of some
        of them each day.
        """
        store, publisher = self.press.store, self.press.publisher
        if self.anew or len(self._files) <= _FEW:
            return store.page_rows()
        stray = publisher.strays(self._files)
        day = self.now.toordinal() % _DAYS
        lines = store.ledger(paths=[file.path for file in self._files[day::_DAYS]])
        stray.update(path for path, line in lines.items() if not publisher.lies(line))
        found = {file.row for file in self._files if file.path in stray and file.row is not None}
        # Our server answers 410 only where no file lies: none may come back with an old copy.
        found.update(
            row for slug, row in store.vacant_pages() if publisher.read(file_of(slug)) is not None
        )
        return sorted(found.union(news))

    def _look_at(self, rows: Sequence[int], news: frozenset[int]) -> None:
        for number, some in enumerate(_batches(rows)):
            if self.progress is not None and len(rows) > _BATCH:
                self.progress("pages of articles", number * _BATCH, len(rows))
            plans = self.press.store.page_plans(some, self.now)
            batch = Batch(
                press=self.press, feeds=self.feeds, options=self.options, now=self.now,
                plans=plans, news=news,
            )  # fmt: skip
            # What one batch did is noted before the next; of the last one, with all else.
            self._note(*self.pending)
            batch.run()
            self.pending = (batch.placed, batch.removed)
            self.reports.extend(batch.reports)
            self.left_out.extend(batch.left_out)
            self.looked_at.update(plan.guid for plan in plans)
            self.lost = self.lost or batch.lost
            if batch.hopeless:
                break

    def _sweep(self) -> None:
        """Take down files of articles that the store does not know any more."""
        try:
            self._remove([file.path for file in self._files if file.row is None])
        except PublishError as error:
            self.lost = error.line

    def _remove(self, paths: Sequence[str]) -> None:
        for some in _batches(paths):
            self.press.publisher.remove(some)
            self._note((), some)

    def _note(self, placed: Sequence[LedgerLine], removed: Sequence[str]) -> None:
        if placed or removed:
            self.press.store.settle_feed(
                self.row, read=self.row, members=None, lines=placed, removed=removed
            )

    def _settle(self, number: int) -> None:
        since = {(one.path, one.reason): one.since for one in self.row.left_out}
        kept = [one for one in self.row.left_out if one.path not in self.looked_at]
        fresh = [
            replace(one, since=since.get((one.path, one.reason), self.now)) for one in self.left_out
        ]
        row = replace(
            self.row,
            held=self.lost,
            retry_at=self.now + RETRY if self.lost else None,
            left_out=tuple(sorted((*kept, *fresh), key=lambda one: one.path or "")),
        )
        if self.lost is None:
            # What could not be written is looked at again.
            row = replace(
                row,
                seen=number,
                fingerprint=self.fingerprint,
                next_change=self.press.store.next_page_event(self.now),
            )
            stale = self.row.looked is None or self.row.looked > self.now
            if stale or replace(row, looked=None) != replace(self.row, looked=None):
                row = replace(row, looked=self.now)
        placed, removed = self.pending
        self.press.store.settle_feed(
            row, read=self.row, members=None, lines=placed, removed=removed
        )

    def take_down(self) -> list[PublicationReport]:
        """No pages are wanted: remove those there are."""
        lines = self.press.store.ledger(feeds=[PAGES])
        if self.options.check or (not lines and not self.row.fingerprint):
            return []
        try:
            self._remove(list(lines))
        except PublishError as error:
            reason = f"pages are switched off, but {error.line}"
            return [
                replace(reported(line, "held"), feed=None, reason=reason) for line in lines.values()
            ]
        self.press.store.settle_feed(
            FeedRow(name=PAGES), read=self.row, members=None, lines=(), removed=()
        )
        log.info("pages of articles are switched off: %d were removed", len(lines))
        return []


T = TypeVar("T")


def _batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
