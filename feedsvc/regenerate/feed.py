"""The build of one feed: select, render what is missing, stitch, check, publish, commit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from feedsvc.decide import digest, digest_of
from feedsvc.errors import FeedsvcError, RenderError, StoreError
from feedsvc.model import Article, Entry, Finding, Format, Problem
from feedsvc.ports import FeedRow, Fragment, LedgerLine, Member, Renderer
from feedsvc.regenerate.press import PAGE, Press, beginning, head_of
from feedsvc.regenerate.report import BuildOptions, PublicationReport, line_of, reported, why
from feedsvc.settings import Feed

log = logging.getLogger(__name__)

RETRY = timedelta(minutes=5)  # after which the daemon tries a held feed again
PAGES_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    row: FeedRow
    reports: tuple[PublicationReport, ...]


@dataclass(slots=True)
class FeedBuild:
    """The build of one feed."""

    press: Press
    feed: Feed
    row: FeedRow
    lines: Mapping[str, LedgerLine]
    options: BuildOptions
    now: datetime = field(init=False)
    left_out: dict[int, Problem] = field(default_factory=dict)
    rendered: dict[Format, dict[int, Fragment]] = field(default_factory=dict)
    articles: dict[int, Article] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.press.clock.now()

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
            reason = str(error) if isinstance(error, FeedsvcError) else repr(error)
            return self._all_held(f"could not be built: {reason}")

    @property
    def _paths(self) -> dict[str, str]:
        """The feed's files: path -> format."""
        found = {
            f"{self.feed.name}/{format.filename}": format.value
            for format in Format
            if format in self.feed.formats
        }
        return found | {f"{self.feed.name}/{PAGE}": "html"}

    def _fingerprint(self) -> bytes:
        """Of everything but articles and time that the feed's bytes depend on."""
        head = head_of(self.press, self.feed, None)
        feed, press = self.feed, self.press
        return digest_of(
            [
                [head.id, head.title, head.description, head.home, head.language, head.rights],
                [head.icon, head.author, head.zone.key, list(head.urls.values()), press.site.title],
                [feed.sources, feed.tags, feed.authors, feed.language, feed.limit],
                [feed.max_per_source, feed.full_text],
                feed.since.total_seconds() if feed.since else None,
                [words.pattern if words else None for words in (feed.match, feed.exclude)],
                sorted((name, zone.key) for name, zone in press.zones.items()),
                [press.renderers[format].version for format in feed.formats],
                PAGES_VERSION,
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
        selection = self.press.store.select(self.feed, self.now)
        members = selection.members
        documents, updated, content = self._documents(members)
        faults = {path: self._faults(path, body) for path, body in documents.items()}
        if self._leave_out_faulty(members, documents, faults):
            documents, updated, content = self._documents(members)
            faults = {path: self._faults(path, body) for path, body in documents.items()}
        shown = [member for member in members if member.row not in self.left_out]
        reports, lines = self._publish(documents, faults, len(shown))
        held = "; ".join(f"{r.path}: {r.reason}" for r in reports if r.outcome == "held")
        row = replace(
            self.row,
            touched=self.row.touched if held else None,
            updated=updated,
            next_change=selection.next_change,
            fingerprint=self._fingerprint(),
            content=content,
            entries=len(shown),
            newest=max((member.released for member in shown), default=None),
            held=held or None,
            retry_at=self.now + RETRY if held else None,
            left_out=self._problems(),
        )
        if lines or row != self.row or self.row.built is None:
            row = replace(row, built=self.now)
        self._commit(row, members, lines)
        return Built(row=row, reports=tuple(reports))

    def _problems(self) -> tuple[Problem, ...]:
        since = {(p.path, p.reason): p.since for p in self.row.left_out}
        return tuple(
            replace(problem, since=since.get((problem.path, problem.reason), self.now))
            for _, problem in sorted(self.left_out.items())
        )

    # -- rendering -------------------------------------------------------------------------------

    def _documents(self, members: Sequence[Member]) -> tuple[dict[str, bytes], datetime, bytes]:
        """Every document of the feed, its `updated`, and the digest that tells whether it moved."""
        fragments = {format: self._fragments(format, members) for format in self.feed.formats}
        shown = [member for member in members if member.row not in self.left_out]

        def stitched(updated: datetime | None) -> dict[str, bytes]:
            head = head_of(self.press, self.feed, updated)
            found = {
                f"{self.feed.name}/{format.filename}": self.press.renderers[format].document(
                    head, [fragments[format][member.row].body for member in shown]
                )
                for format in Format
                if format in self.feed.formats
            }
            found[f"{self.feed.name}/{PAGE}"] = self.press.pages.feed(head, shown)
            return found

        documents = stitched(self.row.updated)
        content = digest_of([digest(body).hex() for body in documents.values()])
        if self.row.updated is not None and content == self.row.content:
            return documents, self.row.updated, content
        updated = self._moved(shown)
        documents = stitched(updated)
        return documents, updated, digest_of([digest(body).hex() for body in documents.values()])

    def _moved(self, shown: Sequence[Member]) -> datetime:
        """The feed's new `updated`: that of its newest entry, and later than it was before.

        When no entry explains the change (one went, or the feed was redefined) it is the moment the
        change was noticed, as stored with the dirty mark: the same after a crash in between.
        """
        newest = max((max(m.updated, m.released) for m in shown), default=None)
        before = self.row.updated
        if before is None:
            return newest or beginning(self.press.site)
        if newest is not None and newest > before:
            return newest
        return max(before + timedelta(seconds=1), self.row.touched or self.now).replace(
            microsecond=0
        )

    def _fragments(self, format: Format, members: Sequence[Member]) -> dict[int, Fragment]:
        """The rendered entry of every member; what cannot be rendered is left out and named."""
        renderer = self.press.renderers[format]
        variant = "full" if self.feed.full_text else "excerpt"
        keys = {member.row: self._key(member, format, variant, renderer) for member in members}
        found = self.rendered.get(format)
        if found is None:
            kept = {}
            if not self.options.everything:
                kept = self.press.store.fragments(format.value, variant, list(keys))
            found = {
                row: kept[row] for row, key in keys.items() if row in kept and kept[row].key == key
            }
            fresh = self._render(renderer, [m for m in members if m.row not in found], keys)
            if not self.options.check:
                self.press.store.keep_fragments(format.value, variant, fresh)
            found |= fresh
            self.rendered[format] = found
        return found

    def _key(self, member: Member, format: Format, variant: str, renderer: Renderer) -> bytes:
        zone = self._zone(member.source).key
        parts = (format.value, variant, renderer.version, zone)
        return digest(member.seen + "\0".join(parts).encode())

    def _zone(self, source: str) -> ZoneInfo:
        return self.press.zones.get(source, self.press.site.timezone)

    def _render(
        self, renderer: Renderer, members: Sequence[Member], keys: Mapping[int, bytes]
    ) -> dict[int, Fragment]:
        wanted = [member.row for member in members if member.row not in self.articles]
        self.articles |= self.press.store.articles(wanted)
        entries = [
            Entry(article=self.articles[member.row], zone=self._zone(member.source))
            for member in members
        ]
        fresh: dict[int, Fragment] = {}
        results = renderer.fragments(entries, full_text=self.feed.full_text)
        for member, result in zip(members, results, strict=True):
            if isinstance(result, RenderError):
                self._leave_out(member, f"could not be rendered: {result}")
            else:
                fresh[member.row] = Fragment(key=keys[member.row], body=result)
        return fresh

    def _leave_out(self, member: Member, reason: str) -> None:
        self.left_out[member.row] = Problem(
            source=member.source, path=member.guid, reason=f"left out of {self.feed.name}: {reason}"
        )

    # -- the gate --------------------------------------------------------------------------------

    def _faults(self, path: str, body: bytes) -> tuple[Finding, ...]:
        line = self.lines.get(path)
        if line is not None and line.digest == digest(body) and not self.options.check:
            return ()  # it passed when it was published
        return self.press.gate(body, self._paths[path], f"{self.press.site.base_url}/{path}")

    def _leave_out_faulty(
        self,
        members: Sequence[Member],
        documents: Mapping[str, bytes],
        faults: Mapping[str, tuple[Finding, ...]],
    ) -> bool:
        """Leave out the entries that errors of the gate stand in; says whether there were any."""
        found = False
        for format in self.feed.formats:
            path = f"{self.feed.name}/{format.filename}"
            shown = [member for member in members if member.row not in self.left_out]
            errors = [fault for fault in faults[path] if fault.error and fault.line is not None]
            if not errors or not shown:
                continue
            bodies = [self.rendered[format][member.row].body for member in shown]
            ends = _last_lines(documents[path], bodies)
            if ends is None:
                continue
            for fault in errors:
                line = fault.line or 0
                index = next((i for i, end in enumerate(ends) if line <= end), None)
                if index is not None and line > ends[index] - bodies[index].count(b"\n"):
                    self._leave_out(shown[index], f"{fault.code}: {fault.message}")
                    found = True
        return found

    # -- publishing ------------------------------------------------------------------------------

    def _publish(
        self,
        documents: Mapping[str, bytes],
        faults: Mapping[str, tuple[Finding, ...]],
        entries: int,
    ) -> tuple[list[PublicationReport], list[LedgerLine]]:
        """Write what differs and may go out."""
        reports: dict[str, PublicationReport] = {}
        placing: dict[str, bytes] = {}
        for path, body in documents.items():
            report = PublicationReport(
                feed=self.feed.name,
                format=self._paths[path],
                path=path,
                outcome="unchanged",
                entries=entries,
                bytes=len(body),
                digest=digest(body).hex(),
                warnings=tuple(fault for fault in faults[path] if not fault.error),
            )
            errors = [fault for fault in faults[path] if fault.error]
            line = self.lines.get(path)
            if errors:
                report = replace(report, outcome="held", reason=why(errors))
            elif line is None or line.digest != digest(body) or not self.press.publisher.lies(line):
                report = replace(report, outcome="written")
                placing[path] = body
            reports[path] = report
        if self.options.check:
            return list(reports.values()), []
        lines: list[LedgerLine] = []
        try:
            placed = self.press.publisher.place(placing) if placing else {}
        except FeedsvcError as error:
            for path in placing:
                reports[path] = replace(reports[path], outcome="held", reason=str(error))
            placed = {}
        for path, (own, sidecars) in placed.items():
            lines.append(line_of(reports[path], own, sidecars))
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
            members=[member.row for member in members if member.row not in self.left_out],
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


def _last_lines(document: bytes, fragments: Sequence[bytes]) -> list[int] | None:
    """The line on which each fragment of a document ends; None if they do not stand in it."""
    start = document.find(b"".join(fragments[:1]))
    if start < 0:
        return None
    before = document[:start].count(b"\n")
    return [before + lines for lines in accumulate(body.count(b"\n") for body in fragments)]
