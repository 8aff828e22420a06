"""The build of one feed: select, render what is missing, stitch, check, publish, commit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feedsvc.decide import digest, digest_of
from feedsvc.errors import FeedsvcError, StoreError
from feedsvc.model import FeedHead, Finding, Format, Problem
from feedsvc.ports import FeedRow, LedgerLine, Member, Selection
from feedsvc.regenerate.fragments import Fragments
from feedsvc.regenerate.press import PAGE, Press, beginning, head_of
from feedsvc.regenerate.report import (
    BuildOptions,
    PublicationReport,
    held_back,
    line_of,
    reported,
    why,
)
from feedsvc.settings import Feed

log = logging.getLogger(__name__)

RETRY = timedelta(minutes=5)  # after which the daemon tries a held feed again


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What became of a feed, and what is to be remembered of it."""

    row: FeedRow
    reports: tuple[PublicationReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Publication:
    """A finished file and what the gate says of it."""

    path: str
    format: str
    body: bytes
    digest: bytes
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.error]


@dataclass(slots=True)
class FeedBuild:
    """The build of one feed."""

    press: Press
    feed: Feed
    row: FeedRow
    lines: Mapping[str, LedgerLine]
    options: BuildOptions
    now: datetime = field(init=False)
    fragments: Fragments = field(init=False)
    left_out: dict[int, Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.press.clock.now()
        self.fragments = Fragments(self.press, self.feed, self.options)

    def run(self) -> Built:
        if self._is_current():
            return Built(row=self.row, reports=tuple(self._unchanged(self.lines.values())))
        try:
            return self._build()
        except StoreError:
            raise
        except Exception as error:
            # One feed's trouble must not keep the others from going out.
            log.debug("feed %s", self.feed.name, exc_info=True)
            reason = error.line if isinstance(error, FeedsvcError) else repr(error)
            return self._all_held(f"could not be built: {reason}")

    @property
    def _formats(self) -> dict[str, Format]:
        """The feed's documents: path -> format."""
        return {
            f"{self.feed.name}/{format.filename}": format
            for format in Format
            if format in self.feed.formats
        }

    @property
    def _paths(self) -> dict[str, str]:
        """All of the feed's files: path -> format, as the contract names it."""
        found = {path: format.value for path, format in self._formats.items()}
        return found | {f"{self.feed.name}/{PAGE}": "html"}

    def _fingerprint(self) -> bytes:
        """Of everything but articles and time that the feed's bytes depend on."""
        head = head_of(self.press, self.feed, None)
        feed, press = self.feed, self.press
        return digest_of(
            [
                _said_of_feed(head),
                [list(head.urls.values()), head.zone.key, press.site.title],
                [feed.sources, feed.tags, feed.authors, feed.language, feed.limit],
                [feed.max_per_source, feed.full_text],
                feed.since.total_seconds() if feed.since else None,
                [words.pattern if words else None for words in (feed.match, feed.exclude)],
                sorted((name, zone.key) for name, zone in press.zones.items()),
                [feed.formats, press.rendering],
            ]
        )

    def _is_current(self) -> bool:
        row = self.row
        return (
            not self.options.everything
            and not self.options.check
            and row.built is not None
            and row.touched is None
            and row.held is None
            and (row.next_change is None or row.next_change > self.now)
            and row.fingerprint == self._fingerprint()
            and self._paths.keys() == self.lines.keys()
            and all(self.press.publisher.lies(line) for line in self.lines.values())
        )

    def _build(self) -> Built:
        while True:
            selection = self._select()
            members = selection.members
            content = self._content(members)
            updated = self._updated(members, content)
            head = head_of(self.press, self.feed, updated)
            documents = self._documents(head, members)
            # Each round leaves out at least one article more, so that this comes to an end.
            if not self._leave_out_faulty(head, members, documents):
                break
        reports, lines = self._publish(documents, len(members))
        held = "; ".join(held_back(reports))
        # As long as nobody has seen the change, what was published last stands.
        seen = not held or any(line.path in self._formats for line in lines)
        row = replace(
            self.row,
            touched=self.row.touched if held else None,
            updated=updated if seen else self.row.updated,
            next_change=selection.next_change,
            fingerprint=self._fingerprint(),
            content=content if seen else self.row.content,
            entries=len(members),
            newest=max((member.released for member in members), default=None),
            held=held or None,
            retry_at=self.now + RETRY if held else None,
            left_out=self._problems(),
        )
        if lines or row != self.row or self.row.built is None:
            row = replace(row, built=self.now)
        self._commit(row, members, lines)
        return Built(row=row, reports=tuple(reports))

    # -- what the feed holds ---------------------------------------------------------------------

    def _select(self) -> Selection:
        """The members, with a fragment for each; what cannot be rendered is left out and named."""
        while True:
            selection = self.press.store.select(self.feed, self.now, without=self.left_out.keys())
            failed = self.fragments.gather(selection.members)
            if not failed:
                return selection
            for member in selection.members:
                if member.row in failed:
                    self._leave_out(member, failed[member.row])

    def _leave_out(self, member: Member, reason: str) -> None:
        self.left_out[member.row] = Problem(
            source=member.source, path=member.guid, reason=f"left out of {self.feed.name}: {reason}"
        )

    def _problems(self) -> tuple[Problem, ...]:
        since = {(p.path, p.reason): p.since for p in self.row.left_out}
        return tuple(
            replace(problem, since=since.get((problem.path, problem.reason), self.now))
            for _, problem in sorted(self.left_out.items())
        )

    def _content(self, members: Sequence[Member]) -> bytes:
        """The digest of what a reader is told, whatever the formats and however it is written."""
        head = head_of(self.press, self.feed, None)
        seen = [member.seen.hex() for member in members]
        return digest_of([_said_of_feed(head), self.feed.full_text, seen])

    def _updated(self, members: Sequence[Member], content: bytes) -> datetime:
        """The feed's `updated`: that of its newest entry, and later than it was before.

        When no entry explains the change (one went, or the feed was redefined) it is the moment at
        which it became due or was noticed, as stored: the same after a crash in between.
        """
        before = self.row.updated
        if before is not None and content == self.row.content:
            return before
        newest = max((max(m.updated, m.released) for m in members), default=None)
        if before is None:
            return newest or beginning(self.press.site)
        if newest is not None and newest > before:
            return newest
        due = self.row.next_change
        passed = due if due is not None and due <= self.now else None
        now = self.now.replace(microsecond=0)
        # A mark may lie seconds ahead: many batches of one sync move it by one each.
        cause = min(self.row.touched or passed or now, now)
        return max(before + timedelta(seconds=1), cause)

    # -- documents -------------------------------------------------------------------------------

    def _documents(self, head: FeedHead, members: Sequence[Member]) -> list[_Publication]:
        found = [
            self._checked(path, format.value, self._stitched(head, format, members))
            for path, format in self._formats.items()
        ]
        page = self.press.pages.feed(head, members)
        return [*found, self._checked(f"{self.feed.name}/{PAGE}", "html", page)]

    def _stitched(self, head: FeedHead, format: Format, members: Sequence[Member]) -> bytes:
        return self.press.renderers[format].document(head, self.fragments.of(format, members))

    def _checked(self, path: str, format: str, body: bytes) -> _Publication:
        own, line = digest(body), self.lines.get(path)
        passed = line is not None and line.digest == own  # when it was published
        findings = () if passed and not self.options.check else self._ask(path, format, body)
        return _Publication(path=path, format=format, body=body, digest=own, findings=findings)

    def _ask(self, path: str, format: str, body: bytes) -> tuple[Finding, ...]:
        return self.press.gate(body, format, f"{self.press.site.base_url}/{path}")

    def _leave_out_faulty(
        self, head: FeedHead, members: Sequence[Member], documents: Sequence[_Publication]
    ) -> bool:
        """Leave out the entries that make a document invalid; says whether there were any."""
        before = len(self.left_out)
        for document in documents:
            if document.errors and (format := self._formats.get(document.path)):
                empty = self._stitched(head, format, ())
                if any(fault.error for fault in self._ask(document.path, format.value, empty)):
                    continue  # the feed's own head is at fault, no entry
                self._narrow(head, document.path, members, document.errors)
        return len(self.left_out) > before

    def _narrow(
        self, head: FeedHead, path: str, members: Sequence[Member], errors: Sequence[Finding]
    ) -> None:
        """Find the entries that are invalid by themselves, by halves.

        Not by the line of an error: JSON has none, and a parser tells only the first.
        """
        if not errors or not members:
            return
        if len(members) == 1:
            self._leave_out(members[0], f"{errors[0].code}: {errors[0].message}")
            return
        middle = len(members) // 2
        for some in (members[:middle], members[middle:]):
            body = self._stitched(head, self._formats[path], some)
            found = self._ask(path, self._paths[path], body)
            self._narrow(head, path, some, [finding for finding in found if finding.error])

    # -- publishing ------------------------------------------------------------------------------

    def _publish(
        self, documents: Sequence[_Publication], entries: int
    ) -> tuple[list[PublicationReport], list[LedgerLine]]:
        """Write what differs and may go out."""
        reports: dict[str, PublicationReport] = {}
        placing: dict[str, bytes] = {}
        for document in documents:
            path = document.path
            report = PublicationReport(
                feed=self.feed.name,
                format=document.format,
                path=path,
                outcome="unchanged",
                entries=entries,
                bytes=len(document.body),
                digest=document.digest.hex(),
                warnings=tuple(finding for finding in document.findings if not finding.error),
            )
            line = self.lines.get(path)
            if document.errors:
                report = replace(report, outcome="held", reason=why(document.errors))
            elif (
                line is None
                or line.digest != document.digest
                or not self.press.publisher.lies(line)
            ):
                report = replace(report, outcome="written")
                placing[path] = document.body
            reports[path] = report
        if self.options.check or not placing:
            return list(reports.values()), []
        lines: list[LedgerLine] = []
        try:
            for path, (own, sidecars) in self.press.publisher.place(placing).items():
                lines.append(line_of(reports[path], own, sidecars))
        except FeedsvcError as error:
            for path in placing:
                reports[path] = replace(reports[path], outcome="held", reason=error.line)
        return list(reports.values()), lines

    def _commit(self, row: FeedRow, members: Sequence[Member], lines: Sequence[LedgerLine]) -> None:
        if self.options.check:
            return
        removed = [path for path in self.lines if path not in self._paths]
        if removed:
            self.press.publisher.remove(removed)
        self.press.store.settle_feed(
            row,
            read=self.row,
            members=[member.row for member in members],
            lines=lines,
            removed=removed,
        )

    def _unchanged(self, lines: Iterable[LedgerLine]) -> Iterable[PublicationReport]:
        order = list(self._paths)
        for line in sorted(lines, key=lambda line: order.index(line.path)):
            yield reported(line, "unchanged")

    def _all_held(self, reason: str) -> Built:
        row = replace(self.row, held=reason, retry_at=self.now + RETRY)
        if not self.options.check:
            self.press.store.settle_feed(row, read=self.row, members=None, lines=())
        reports = tuple(
            PublicationReport(
                feed=self.feed.name, format=format, path=path, outcome="held",
                entries=self.row.entries, bytes=0, digest="", reason=reason,
            )
            for path, format in self._paths.items()
        )  # fmt: skip
        return Built(row=row, reports=reports)


def _said_of_feed(head: FeedHead) -> list[object]:
    """What a document says of its feed, apart from dates and addresses of documents."""
    return [
        head.id, head.title, head.description, head.home, head.language, head.rights, head.icon,
        head.author,
    ]  # fmt: skip
