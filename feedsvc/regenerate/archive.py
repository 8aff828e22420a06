"""The archive of a feed: its closed pages as documents (RFC 5005 §4).

A closed page holds the articles of its positions, whatever arrives later, and names the next page
from the moment it closes: so its bytes change only when one of its articles does. Until the page
it names is closed too, our server leads from there to the subscription document.

Pages go out before the subscription document that leads to them, oldest first: a reader who walks
back while a build goes on never meets an address that is not there, nor misses an entry that has
just left the subscription document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from feedsvc.decide import digest_of
from feedsvc.model import ArchiveLinks, FeedHead, Format, Problem
from feedsvc.ports import ArchivePage, LedgerLine, Member, Shelf
from feedsvc.regenerate.fragments import Fragments
from feedsvc.regenerate.press import Press, head_of
from feedsvc.regenerate.proof import Proof, Publication
from feedsvc.regenerate.report import BuildOptions, PublicationReport
from feedsvc.regenerate.standing import Standing
from feedsvc.settings import Feed

_AT_ONCE = 10  # pages built, checked and placed together


def archive_path(folder: str, number: int, format: Format) -> str:
    """Where a closed page lies."""
    return f"{folder}/archive/{number}/{format.filename}"


def archive_paths(
    folders: Sequence[str], formats: Sequence[Format], numbers: Sequence[int]
) -> Iterator[str]:
    """Where the documents of closed pages lie."""
    for number in numbers:
        for folder in folders:
            for format in formats:
                yield archive_path(folder, number, format)


def subscription_links(press: Press, feed: Feed, folder: str, shelf: Shelf) -> ArchiveLinks:
    """How the subscription document is linked with its archive."""
    return ArchiveLinks(previous=_urls(press, feed, folder, shelf.closed))


def _urls(press: Press, feed: Feed, folder: str, number: int) -> Mapping[Format, str]:
    if number < 1:
        return {}
    base = press.site.base_url
    return {each: f"{base}/{archive_path(folder, number, each)}" for each in feed.formats}


@dataclass(slots=True)
class ArchiveBuild:
    """The build of the pages of one feed that have to be built."""

    press: Press
    feed: Feed
    guid: str
    folders: tuple[str, ...]
    shelf: Shelf
    lines: Mapping[str, LedgerLine]
    options: BuildOptions
    noticed: datetime  # when the change came that no entry explains
    whole: bool  # look at every page, not only at those that a change touches
    trusted: bool  # what is published may be relied on
    reports: list[PublicationReport] = field(default_factory=list)
    placed: list[LedgerLine] = field(default_factory=list)
    left_out: dict[int, Problem] = field(default_factory=dict)
    pages: list[ArchivePage] = field(default_factory=list)  # that are others by now

    @property
    def held(self) -> bool:
        """Whether a page could not go out."""
        return any(report.outcome == "held" for report in self.reports)

    def run(self) -> None:
        """Build what is touched or does not lie there as it should; fills the lists above."""
        pages = range(1, self.shelf.closed + 1) if self.whole else sorted(self.shelf.touched)
        numbers = [number for number in pages if self._is_wanted(number)]
        for start in range(0, len(numbers), _AT_ONCE):
            self._build(numbers[start : start + _AT_ONCE])

    def _is_wanted(self, number: int) -> bool:
        if number in self.shelf.touched or self.options.everything or self.options.check:
            return True
        paths = archive_paths(self.folders, self.feed.formats, (number,))
        lines = [self.lines.get(path) for path in paths]
        return any(line is None or not self.press.publisher.lies(line) for line in lines)

    def _build(self, numbers: Sequence[int]) -> None:
        standing = Standing(self.press, self.lines, trusted=self.trusted)
        proof = Proof(self.press, self.feed, self.lines, self.options, standing)
        known = self.press.store.pages(self.feed.name, numbers)
        pages: list[ArchivePage] = []
        documents: list[Publication] = []
        for number in numbers:
            page, some = self._page(proof, standing, number, known.get(number))
            pages.append(page)
            documents.extend(some)
        reports, lines = proof.publish(documents)
        self.reports.extend(reports)
        self.placed.extend(lines)
        if not self.options.check:
            held = {report.path for report in reports if report.outcome == "held"}
            # As long as nobody has seen the change of a page, it stays as it was.
            seen = [page for page in pages if not held.intersection(self._paths(page.number))]
            self.pages.extend(page for page in seen if page != known.get(page.number))

    def _paths(self, number: int) -> Iterator[str]:
        return archive_paths(self.folders, self.feed.formats, (number,))

    def _page(
        self, proof: Proof, standing: Standing, number: int, before: ArchivePage | None
    ) -> tuple[ArchivePage, list[Publication]]:
        # What a page holds is not kept: every article of an archive in every format would be many
        # times what is stored of it. What did not change is taken from the page as it is published.
        fragments = Fragments(self.press, self.feed, self.options, keep=False)
        store, now = self.press.store, self.press.clock.now()
        while True:
            members = store.page_members(
                self.feed, self.shelf, number, now, without=self.left_out.keys()
            )
            members = fragments.addressed(members)
            path = partial(archive_path, self.folders[0], number)
            fragments.adopt(standing, path, members, self.shelf.news)
            failed = fragments.gather(members)
            wrong = {member: failed[member.row] for member in members if member.row in failed}
            page = self._dated(number, members, before)
            documents: list[Publication] = []
            if not wrong:
                documents, wrong = self._documents(proof, fragments, page, members)
            if not wrong:
                return page, documents
            for member, reason in wrong.items():
                self.left_out[member.row] = Problem(
                    source=member.source,
                    path=member.guid,
                    reason=f"left out of {self.feed.name}: {reason}",
                )

    def _documents(
        self, proof: Proof, fragments: Fragments, page: ArchivePage, members: Sequence[Member]
    ) -> tuple[list[Publication], dict[Member, str]]:
        documents: list[Publication] = []
        wrong: dict[Member, str] = {}
        for folder in self.folders:
            head = self._head(folder, page)
            stitch = partial(self._stitched, fragments, head)
            for format in self.feed.formats:
                path = archive_path(folder, page.number, format)
                parts = fragments.parts(format, members, head)
                body = parts.document(parts.fragments)
                documents.append(proof.checked(path, format.value, body, len(members), parts=parts))
                wrong |= proof.at_fault(documents[-1], stitch, members)
        return documents, wrong

    def _stitched(
        self, fragments: Fragments, head: FeedHead, format: Format, members: Sequence[Member]
    ) -> bytes:
        return self.press.renderers[format].document(head, fragments.of(format, members))

    def _dated(
        self, number: int, members: Sequence[Member], before: ArchivePage | None
    ) -> ArchivePage:
        """The page, with the `updated` of its documents: it moves only for what readers see."""
        content = digest_of([self.feed.full_text, [member.seen.hex() for member in members]])
        if before is not None and before.content == content:
            return before
        newest = max((max(m.updated, m.released) for m in members), default=self.noticed)
        if before is not None and newest <= before.updated:
            newest = max(before.updated + timedelta(seconds=1), self.noticed)
        return ArchivePage(number=number, updated=newest, content=content)

    def _head(self, folder: str, page: ArchivePage) -> FeedHead:
        press, feed, number = self.press, self.feed, page.number
        links = ArchiveLinks(
            number=number,
            current={
                each: f"{press.site.base_url}/{folder}/{each.filename}" for each in feed.formats
            },
            previous=_urls(press, feed, folder, number - 1),
            next=_urls(press, feed, folder, number + 1),
        )
        head = head_of(press, feed, page.updated, guid=self.guid, folder=folder, archive=links)
        return replace(head, urls=_urls(press, feed, folder, number))
