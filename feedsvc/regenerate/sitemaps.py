"""What search engines are told: public/sitemap.xml, and public/sitemap-news.xml of two days.

    up to 1,000 addresses      sitemap.xml
    more                       sitemap.xml -> sitemap-feeds-<n>.xml, sitemap-<n>.xml

A part holds the articles of a range of the store, so that a change rewrites its part and the index,
however many there are. What is private, and what only private feeds hold, is in none of them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeAlias
from urllib.parse import urlsplit

from feedsvc.decide import digest_of
from feedsvc.errors import PublishError
from feedsvc.model import Article
from feedsvc.ports import ArchivePage, Audience, FeedRow, LedgerLine, Listed
from feedsvc.regenerate.articles import PAGES, Published, rules_of
from feedsvc.regenerate.feed import RETRY
from feedsvc.regenerate.press import Press, beginning
from feedsvc.regenerate.proof import Proof, Publication
from feedsvc.regenerate.report import BuildOptions, PublicationReport, held_back, reported
from feedsvc.settings import Feed

SITEMAP = "_sitemap"
"""The row in which the store remembers the sitemaps as it does a feed."""

MOST = 1_000  # addresses in a file
NEWS_AGE = timedelta(hours=48)  # Google: articles of the last two days

_INDEX = "sitemap.xml"
_NEWS = "sitemap-news.xml"

Place: TypeAlias = tuple[str, datetime]
"""An address, and when what is there last changed."""

log = logging.getLogger(__name__)


def sitemaps_due(press: Press, now: datetime) -> bool:
    """Whether a change or time may have changed a sitemap: two short queries."""
    row = press.store.feed(SITEMAP)
    if not press.sitemap or (row.retry_at is not None and row.retry_at > now):
        return False
    passed = row.next_change is not None and row.next_change <= now
    return passed or press.store.newest_change() != row.seen


def sitemap_files(
    press: Press, feeds: Published, options: BuildOptions
) -> list[PublicationReport]:
    """Build the sitemaps that need it. The pages of articles have to be there already."""
    build = _Build(press=press, feeds=feeds, options=options)
    return build.run() if press.sitemap else build.take_down()


@dataclass(kw_only=True)
class _Build:
    """One run over the sitemaps."""

    press: Press
    feeds: Published
    options: BuildOptions

    @cached_property
    def row(self) -> FeedRow:
        """What was remembered of the last run."""
        return self.press.store.feed(SITEMAP)

    @cached_property
    def now(self) -> datetime:
        """When this run began."""
        return self.press.clock.now().replace(microsecond=0)

    @cached_property
    def lines(self) -> Mapping[str, LedgerLine]:
        """What is published now."""
        return self.press.store.ledger(feeds=[SITEMAP])

    @cached_property
    def audience(self) -> Audience:
        """Who may know of what."""
        base = self.press.site.base_url
        parts = urlsplit(base)
        named = [feed for feed, _ in self.feeds if feed.facet is None]
        return Audience(
            base=base,
            origin=f"{parts.scheme}://{parts.netloc}",
            pages=self.press.article_pages,
            public=tuple(feed for feed in named if not feed.private),
            private=tuple(feed for feed in named if feed.private),
        )

    @cached_property
    def heads(self) -> list[Place]:
        """The pages of the site and of its feeds, each once."""
        site = self.press.site
        found = {
            head.home: head.updated
            for feed, head in self.feeds
            if not feed.private and (feed.per is None or feed.facet is not None)
        }
        newest = max(found.values(), default=beginning(site))
        return [(f"{site.base_url}/", newest), *found.items()]

    @cached_property
    def fingerprint(self) -> bytes:
        """Of everything but articles, feeds' dates and time that the bytes depend on."""
        site, press = self.press.site, self.press
        rules = [rules_of(feed) for feed, _ in self.feeds if feed.facet is None]
        return digest_of(
            [site.title, site.base_url, site.language, press.article_pages, press.rendering, rules]
        )

    @cached_property
    def anew(self) -> bool:
        """Whether all parts are built."""
        looked = self.row.looked
        return (
            self.options.everything
            or self.options.check
            or self.row.fingerprint != self.fingerprint
            or looked is None
            or looked > self.now
        )

    def run(self) -> list[PublicationReport]:
        """Build what changed, or all of it."""
        store, row = self.press.store, self.row
        every = self.anew or self.options.verify
        waits = row.next_change is None or row.next_change > self.now
        told = digest_of(self.heads)
        news = store.newest_change() != row.seen or row.held is not None or not waits
        if not (every or news or row.content != told):
            return []
        number, touched = store.sitemap_news(
            self.now, since=0 if self.anew else row.seen, looked=row.looked
        )
        parts = self._parts(touched)
        documents = [*self._maps(parts), *(self._news() if every or news else self._kept(_NEWS))]
        reports, placed = self._proof.publish([one for one in documents if one.body])
        reports = [replace(one, feed=None) for one in reports]
        wanted = {one.path for one in documents}
        reports.extend(
            replace(reported(self.lines[path], "unchanged"), feed=None)
            for path in sorted(self.lines.keys() & self.wanted - wanted)
        )
        if self.options.check:
            return reports
        ...

