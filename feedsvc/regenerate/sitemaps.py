"""What search engines are told: public/sitemap.xml, and public/sitemap-news.xml of two days.

    up to 1,000 addresses      sitemap.xml
    more                       sitemap.xml -> sitemap-feeds-<n>.xml, sitemap-<n>.xml

A part holds the articles of a range of the store, so that a change rewrites its part and the index,
however many there are. What is private, and what only private feeds hold, is in none of them.

What comes and what goes is told at once. That something has another date than before can wait a
minute in the daemon: there an edit is to cost little, and search engines look far less often.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

from feedsvc.decide import digest_of
from feedsvc.errors import PublishError
from feedsvc.ports import ArchivePage, Audience, FeedRow, LedgerLine, Listed
from feedsvc.regenerate.articles import Published
from feedsvc.regenerate.due import RETRY, is_to_wait
from feedsvc.regenerate.guard import guarded
from feedsvc.regenerate.press import Press, beginning, rules_of
from feedsvc.regenerate.proof import Proof, Publication
from feedsvc.regenerate.report import BuildOptions, PublicationReport, held_back, reported
from feedsvc.regenerate.sitemapfiles import MOST, NEWS, WHOLE, File, Lines, Map, News, Place
from feedsvc.settings import Feed

SITEMAP = "_sitemap"
"""The row in which the store remembers the sitemaps as it does a feed."""

NEWS_AGE = timedelta(hours=48)  # Google: articles of the last two days

_PATIENCE = timedelta(minutes=1)  # that dates wait for one another
_FEW = 3  # parts that are looked at in every build meanwhile


def sitemaps_due(press: Press, now: datetime) -> bool:
    """Whether a change or time may have changed a sitemap: two short queries."""
    row = press.store.feed(SITEMAP)
    if not press.sitemap or is_to_wait(row, now):
        return False
    passed = row.next_change is not None and row.next_change <= now
    return passed or row.retry_at is not None or press.store.newest_page_change() != row.seen


def sitemap_files(press: Press, feeds: Published, options: BuildOptions) -> list[PublicationReport]:
    """Build the sitemaps that need it. The pages of articles have to be there already."""
    build = _Build(press=press, feeds=feeds, options=options)
    run = build.run if press.sitemap else build.take_down
    return guarded(press, SITEMAP, WHOLE, "sitemap", run, check=options.check)


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
        named = self.press.store.known_feeds()
        return Audience(
            base=base,
            origin=f"{parts.scheme}://{parts.netloc}",
            pages=self.press.article_pages,
            public=tuple(feed for feed in named if not feed.private),
            private=tuple(feed for feed in named if feed.private),
        )

    @cached_property
    def heads(self) -> list[Place]:
        """The pages of the site, of its groups and feeds, each once."""
        site, store = self.press.site, self.press.store
        groups = [feed for feed in self.audience.public if feed.per is not None]
        found = {
            f"{site.base_url}/{feed.name}/": store.feed(feed.name).updated or beginning(site)
            for feed in groups
        }
        found |= {head.home: head.updated for feed, head in self.feeds if not feed.private}
        newest = max(found.values(), default=beginning(site))
        return [(f"{site.base_url}/", newest), *found.items()]

    @cached_property
    def fingerprint(self) -> bytes:
        """Of everything but articles, feeds' dates and time that the bytes depend on."""
        site, press = self.press.site, self.press
        rules = [rules_of(feed) for feed in press.store.known_feeds()]
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
        changed = store.newest_page_change() != row.seen or row.retry_at is not None or not waits
        told = digest_of([url for url, _ in self.heads]) + digest_of(self.heads)
        if not (every or changed or row.content != told):
            return []
        number, touched = store.sitemap_news(
            self.now, since=0 if self.anew else row.seen, looked=row.looked
        )
        whole = Map(
            press=self.press, audience=self.audience, heads=self.heads, now=self.now,
            known=store.pages(SITEMAP, touched), touched=touched,
        )  # fmt: skip
        if not every and waits and self._may_wait(whole, told):
            return self._postponed()
        whole.known = store.pages(SITEMAP, range(1, store.sitemap_parts() + 1))
        files = list(whole.files(other=self.anew or row.content != told))
        documents = [one for file in files if self._asks(file) for one in self._checked(file)]
        wanted = {file.path for file in files}
        next_change = row.next_change
        if every or changed:
            listed = store.listed_since(self.now - NEWS_AGE, self.audience, self.now, most=MOST)
            news = list(self._checked(News(press=self.press, listed=listed)))
            documents.extend(news)
            wanted.update(one.path for one in news)
            next_change = self._next_change(listed)
        elif NEWS in self.lines:
            wanted.add(NEWS)
        row = replace(row, seen=number, content=told, next_change=next_change)
        return self._publish(documents, wanted, row, whole.fresh)

    def _may_wait(self, whole: Map, told: bytes) -> bool:
        """Whether nothing differs but dates, and those have not waited for long."""
        row = self.row
        half = len(told) // 2
        return (
            row.held is None
            and (row.retry_at is None or is_to_wait(row, self.now))
            and len(whole.touched) <= _FEW
            and row.content[:half] == told[:half]
            and whole.only_dates
        )

    def _postponed(self) -> list[PublicationReport]:
        """Nothing is written now, and what was found is looked at again."""
        row = replace(self.row, retry_at=self.row.retry_at or self.now + _PATIENCE)
        self.press.store.settle_feed(row, read=self.row, members=None, lines=())
        return []

    def _asks(self, file: File) -> bool:
        """Whether a file may have to be written."""
        line = self.lines.get(file.path)
        if file.touched or self.anew or line is None:
            return True
        return self.options.verify and not self.press.publisher.lies(line)

    def _next_change(self, listed: Sequence[Listed]) -> datetime | None:
        moments = [self.press.store.next_sitemap_event(self.now)]
        moments += [one.published + NEWS_AGE for one in listed]
        return min((one for one in moments if one is not None), default=None)

    def _checked(self, lines: Lines) -> Iterator[Publication]:
        """The document, if there is one, without the addresses that would make it invalid."""
        entries = lines.entries()
        body = lines.body(entries)
        if body is None:
            return
        document = self._proof.checked(lines.path, "sitemap", body, len(entries))
        if document.errors:
            fit = [one for one in entries if self._fits(lines.path, lines.body([one]))]
            body = lines.body(fit) if len(fit) < len(entries) else None
            if body is not None:
                document = self._proof.checked(lines.path, "sitemap", body, len(fit))
        yield document

    def _fits(self, path: str, body: bytes | None) -> bool:
        return body is not None and not any(
            finding.error for finding in self._proof.ask(path, "sitemap", body)
        )

    def _publish(
        self,
        documents: Sequence[Publication],
        wanted: set[str],
        row: FeedRow,
        fresh: Sequence[ArchivePage],
    ) -> list[PublicationReport]:
        reports, placed = self._proof.publish(documents)
        built = {report.path for report in reports}
        kept = sorted(path for path in self.lines.keys() & wanted if path not in built)
        reports.extend(reported(self.lines[path], "unchanged") for path in kept)
        reports = [replace(report, feed=None) for report in reports]
        if self.options.check:
            return reports
        stale = sorted(self.lines.keys() - wanted)
        held = "; ".join(held_back(reports))
        try:
            self.press.publisher.remove(stale)
        except PublishError as error:
            held, stale = held or error.line, []
        if held:
            row = replace(self.row, held=held, retry_at=self.now + RETRY)
        else:
            # What could not be written is looked at again, so that it is not noted as known.
            self.press.store.keep_pages(SITEMAP, fresh)
            row = replace(row, held=None, retry_at=None, fingerprint=self.fingerprint)
            if row != self.row:
                row = replace(row, looked=self.now)
        self.press.store.settle_feed(row, read=self.row, members=None, lines=placed, removed=stale)
        return reports

    @cached_property
    def _proof(self) -> Proof:
        return Proof(self.press, Feed(name=SITEMAP), self.lines, self.options)

    def take_down(self) -> list[PublicationReport]:
        """No sitemap is wanted: remove what there is."""
        if self.options.check or not (self.lines or self.row.fingerprint):
            return []
        paths = sorted(self.lines)
        try:
            self.press.publisher.remove(paths)
        except PublishError as error:
            reason = f"sitemaps are switched off, but {error.line}"
            return [
                replace(reported(line, "held"), feed=None, reason=reason)
                for line in self.lines.values()
            ]
        self.press.store.settle_feed(
            FeedRow(name=SITEMAP), read=self.row, members=None, lines=(), removed=paths
        )
        return []
