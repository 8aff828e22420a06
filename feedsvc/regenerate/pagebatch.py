"""Some articles and their pages: what is rendered, placed, taken down, and where old paths lead."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from feedsvc.errors import FeedsvcError, PublishError, StoreError
from feedsvc.model import Article, Entry, FeedHead, Problem
from feedsvc.ports import LedgerLine, PagePlan
from feedsvc.regenerate.press import PAGE, Press, page_path, page_url
from feedsvc.regenerate.proof import Proof, Publication
from feedsvc.regenerate.report import BuildOptions, PublicationReport, reported, why
from feedsvc.settings import Feed

PAGES = "_pages"
"""The row in which the store remembers the pages as it does a feed; no feed can have its name."""

Published: TypeAlias = Sequence[tuple[Feed, FeedHead]]
"""The feeds that are published, of groups their feeds, and what their documents say of them."""

_ATTEMPTS = 3  # pages that fail one after the other: then it is the disk, and not one of them

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Batch:
    """One batch; `news` are the articles that changed, whose pages are rendered in any case.

    What it placed and removed is still to be noted in the ledger.
    """

    press: Press
    feeds: Published
    options: BuildOptions
    now: datetime
    plans: Sequence[PagePlan]
    news: frozenset[int]
    reports: list[PublicationReport] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)
    lost: str | None = None  # why something could not be written
    hopeless: bool = False  # nothing can be written now
    placed: list[LedgerLine] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # out of the ledger

    def run(self) -> None:
        """Make what lies at the paths of these articles what is to lie there."""
        standing = [plan for plan in self.plans if self._stands(plan)]
        stands = {plan.row for plan in standing}
        dead = [
            file_of(slug)
            for plan in self.plans
            if plan.row not in stands
            for slug in (plan.slug, *plan.former)
            if self._may_lie(plan, slug)
        ]
        removed = self._remove(dead)
        self.placed = self._publish(list(self._documents(standing)))
        if self.options.check:
            return
        lying = {*self.lines, *(line.path for line in self.placed)}
        settled = [
            plan for plan in self.plans
            if plan.row not in stands or file_of(plan.slug) in lying
        ]  # fmt: skip
        self._redirect(settled, stands)
        # Last, so that a reader of an old address finds either the page or where it went; and where
        # the new one could not be made, the old one stays.
        removed += self._remove(
            [
                file_of(slug)
                for plan in settled
                if plan.row in stands
                for slug in plan.former
                if self._may_lie(plan, slug)
            ]
        )
        self.removed = [path for path in removed if path in self.lines]

    @cached_property
    def lines(self) -> Mapping[str, LedgerLine]:
        """What lies at these paths, as recorded."""
        paths = [file_of(slug) for plan in self.plans for slug in (plan.slug, *plan.former)]
        return self.press.store.ledger(paths=paths)

    @cached_property
    def _proof(self) -> Proof:
        return Proof(self.press, Feed(name=PAGES), self.lines, self.options)

    def _may_lie(self, plan: PagePlan, slug: str) -> bool:
        # Of some files the ledger knows nothing: a run was killed, an old copy was put back.
        path = file_of(slug)
        known = plan.row in self.news or path in self.lines
        return known or self.press.publisher.read(path) is not None

    # -- who has a page ----------------------------------------------------------------------------

    def _stands(self, plan: PagePlan) -> bool:
        return self._is_open(plan) and (plan.link is None or _is_own(plan, self.press))

    def _is_open(self, plan: PagePlan) -> bool:
        """Whether anybody may know of the article.

        One that has left all feeds is what it was; what only private feeds would take now is not.
        """
        if not plan.shown or not self._private:
            return plan.shown
        holders = self._holders.get(plan.row, frozenset())
        return not holders or not holders <= self._private

    @cached_property
    def _asked(self) -> tuple[Feed, ...]:
        # Those that are configured, too: a private feed without a key is not published at all.
        known = self.press.store.known_feeds()
        names = {feed.name for feed in known}
        return (*known, *(feed for feed, _ in self.feeds if feed.name not in names))

    @cached_property
    def _private(self) -> frozenset[str]:
        return frozenset(feed.name for feed in self._asked if feed.private)

    @cached_property
    def _holders(self) -> Mapping[int, frozenset[str]]:
        """The feeds that take an article, by name."""
        rows = [plan.row for plan in self.plans if plan.shown]
        return self.press.store.takers(rows, self._asked) if rows else {}

    def _heads(self, row: int) -> list[FeedHead]:
        """The feeds that its page announces."""
        names = self._holders.get(row, frozenset()) - self._private
        return [head for feed, head in self.feeds if feed.name in names]

    # -- pages -------------------------------------------------------------------------------------

    def _documents(self, standing: Sequence[PagePlan]) -> Iterator[Publication]:
        asked: list[PagePlan] = []
        for plan in standing:
            line = self.lines.get(file_of(plan.slug))
            if plan.row in self.news or line is None or not self.press.publisher.lies(line):
                asked.append(plan)
            else:
                self.reports.append(replace(reported(line, "unchanged"), feed=None))
        articles = self.press.store.articles([plan.row for plan in asked]) if asked else {}
        for plan in asked:
            if (article := articles.get(plan.row)) is not None:
                try:
                    body = self._page(plan, article)
                except StoreError:
                    raise
                except Exception as error:
                    # One article's trouble must not keep the others from going out.
                    log.debug("page of %s", plan.guid, exc_info=True)
                    told = error.line if isinstance(error, FeedsvcError) else repr(error)
                    self._leave_out(plan, told)
                    continue
                document = self._proof.checked(file_of(plan.slug), "html", body, 1)
                if document.errors:
                    self._leave_out(plan, why(document.errors))
                yield document

    def _page(self, plan: PagePlan, article: Article) -> bytes:
        site = self.press.site
        zone = self.press.zones.get(article.source, site.timezone)
        url = page_url(site, plan.slug)
        entry = Entry(article=article, zone=zone, page=url)
        return self.press.pages.article(entry, url, self._heads(plan.row))

    def _leave_out(self, plan: PagePlan, reason: str) -> None:
        self.left_out.append(
            Problem(source=plan.source, path=plan.guid, reason=f"its page is left out: {reason}")
        )

    def _publish(self, documents: Sequence[Publication]) -> list[LedgerLine]:
        """Write what differs and may go out; what is in the way of one page keeps back no other."""
        reports, lines = self._proof.publish(documents)
        faulty = {document.path for document in documents if document.errors}
        stuck = {one.path for one in reports if one.outcome == "held" and one.path not in faulty}
        self.reports.extend(replace(one, feed=None) for one in reports if one.path not in stuck)
        failures = 0
        for document in documents:
            if document.path not in stuck:
                continue
            (report,), more = self._proof.publish([document])
            lines.extend(more)
            self.reports.append(replace(report, feed=None))
            if more:
                failures = -1  # others can be written: all are tried
            elif failures >= 0:
                failures += 1
            if report.outcome == "held":
                self.lost = self.lost or report.reason
            if failures >= _ATTEMPTS:
                self.hopeless = True
                break
        return lines

    # -- what is there no more ---------------------------------------------------------------------

    def _remove(self, paths: Sequence[str]) -> list[str]:
        """Take files down; returns those that are gone."""
        if self.options.check or not paths:
            return []
        try:
            self.press.publisher.remove(paths)
        except PublishError as error:
            if len(paths) == 1:
                self.lost = self.lost or error.line
                return []
            return [path for one in paths for path in self._remove([one])]
        return list(paths)

    def _redirect(self, plans: Sequence[PagePlan], stands: set[int]) -> None:
        """Lead readers of paths that have no page to where it is, or tell them that it is gone."""
        leading: dict[str, str | None] = {}
        alive: list[str] = []
        for plan in plans:
            home = page_path(plan.slug)
            target: str | None
            if plan.row in stands:
                target = home
                if home in plan.told:
                    alive.append(home)
            else:
                target = plan.link if self._is_open(plan) else None
            for slug in (plan.slug, *plan.former):
                path = page_path(slug)
                if (path, target) not in plan.told.items() and path != target:
                    leading[path] = target
        self.press.store.redirect_pages(leading, alive, self.now)


def file_of(slug: str) -> str:
    """The file of a page."""
    return f"{page_path(slug)}{PAGE}"


def _is_own(plan: PagePlan, press: Press) -> bool:
    """Whether the link that an article got is its page here, which would lead to itself."""
    link = (plan.link or "").partition("#")[0].removesuffix(PAGE).rstrip("/")
    return any(link == page_url(press.site, slug).rstrip("/") for slug in (plan.slug, *plan.former))
