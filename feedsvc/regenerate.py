"""Stage 2: the articles of each feed become publications.

    store.select -> fragments (kept, or rendered once) -> documents -> gate -> publish -> ledger

A feed is left alone while nothing marked it, no moment has passed that changes it, its definition is
the same, and its files lie there as recorded. Else its documents are stitched anew, and only what
differs is written. `updated` moves when the bytes would differ without it, not for a rebuild.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from feedsvc.decide import Authority, digest, digest_of
from feedsvc.errors import FeedsvcError, RenderError, StoreError
from feedsvc.model import Article, Entry, FeedHead, Finding, Format, Person, Problem
from feedsvc.ports import (
    Clock,
    FeedRow,
    Fragment,
    LedgerLine,
    Member,
    Placed,
    Progress,
    Publisher,
    Renderer,
    Store,
)
from feedsvc.settings import DEFAULT_FEED, Feed, Site

log = logging.getLogger(__name__)

RETRY = timedelta(minutes=5)  # after which the daemon tries a held feed again
PAGE = "index.html"
PAGES_VERSION = "1"

Outcome = Literal["written", "unchanged", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The documents that are not feeds; functions of `feeds/`, handed in by `app`."""

    feed: Callable[[FeedHead, Sequence[Member]], bytes]
    site: Callable[[Sequence[FeedHead]], bytes]
    opml: Callable[[Sequence[FeedHead], datetime], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Everything a build needs besides the feeds themselves."""

    site: Site
    authority: Authority
    store: Store
    publisher: Publisher
    renderers: Mapping[Format, Renderer]
    pages: Pages
    gate: Callable[[bytes, str, str | None], tuple[Finding, ...]]
    zones: Mapping[str, ZoneInfo]  # of sources, by name
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How this one run was asked for."""

    feeds: tuple[str, ...] = ()  # none: all
    everything: bool = False  # render every entry anew
    check: bool = False  # write nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationReport:
    """What became of one file; the contract's JSON has the same fields."""

    feed: str | None
    format: str
    path: str
    outcome: Outcome
    entries: int
    bytes: int
    digest: str
    reason: str | None = None
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What became of all files, and the articles that had to be left out."""

    publications: tuple[PublicationReport, ...]
    left_out: tuple[Problem, ...] = ()


def regenerate(
    press: Press,
    feeds: Sequence[Feed],
    options: BuildOptions,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the feeds that need it; one that cannot be built keeps its last good files."""
    with press.store.lock("build"):
        rows = {row.name: row for row in press.store.feeds()}
        ledger = press.store.ledger()
        reports: list[PublicationReport] = []
        left_out: list[Problem] = []
        heads: list[FeedHead] = []
        chosen = [feed for feed in feeds if not options.feeds or feed.name in options.feeds]
        for done, feed in enumerate(chosen):
            if progress is not None:
                progress(feed.name, done, len(chosen))
            row = rows.get(feed.name, FeedRow(name=feed.name))
            lines = {p: line for p, line in ledger.items() if line.feed == feed.name}
            built = _Build(press, feed, row, lines, options).run()
            rows[feed.name] = built.row
            reports.extend(built.reports)
            left_out.extend(built.row.left_out)
        heads = [
            _head(press, feed, rows.get(feed.name, FeedRow(name=feed.name)).updated)
            for feed in feeds
        ]
        if not options.check:
            _drop_unconfigured(press, feeds, rows, ledger)
        reports.extend(_site_files(press, heads, ledger, options))
        if any(report.outcome == "written" for report in reports) and not options.check:
            press.store.prune_fragments()
    return BuildReport(publications=tuple(reports), left_out=tuple(left_out))


def due_feeds(store: Store, feeds: Sequence[Feed], now: datetime) -> tuple[str, ...]:
    """The feeds that were touched, or that time changes by `now`."""
    rows = {row.name: row for row in store.feeds()}
    due = []
    for feed in feeds:
        row = rows.get(feed.name)
        if row is None:
            due.append(feed.name)
            continue
        waits = row.retry_at is not None and row.retry_at > now
        marked = row.touched is not None or row.built is None
        passed = row.next_change is not None and row.next_change <= now
        if (marked or passed) and not waits:
            due.append(feed.name)
    return tuple(due)


def _head(press: Press, feed: Feed, updated: datetime | None) -> FeedHead:
    site = press.site
    title = feed.title or (
        site.title if feed.name == DEFAULT_FEED else f"{site.title}: {feed.name}"
    )
    home = f"{site.base_url}/{feed.name}/"
    return FeedHead(
        name=feed.name,
        id=press.authority.feed(feed.name),
        title=title,
        description=feed.description or title,
        home=home,
        urls={format: home + format.filename for format in Format if format in feed.formats},
        updated=updated or _beginning(site),
        zone=site.timezone,
        language=feed.language or site.language,
        author=site.author or Person(name=site.title),
        rights=site.rights,
        icon=site.icon,
    )


def _beginning(site: Site) -> datetime:
    """The `updated` of a feed that never held an entry: a constant, not the present."""
    year, month, day = (*(int(part) for part in site.id_since.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


# -- one feed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    row: FeedRow
    reports: tuple[PublicationReport, ...]


@dataclass(slots=True)
class _Build:
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

    def run(self) -> _Built:
        if self._is_current():
            return _Built(row=self.row, reports=tuple(self._unchanged(self.lines.values())))
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
        head = _head(self.press, self.feed, None)
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

    def _build(self) -> _Built:
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
        return _Built(row=row, reports=tuple(reports))

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
            head = _head(self.press, self.feed, updated)
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
            return newest or _beginning(self.press.site)
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
                report = replace(report, outcome="held", reason=_why(errors))
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
            lines.append(_line(reports[path], own, sidecars))
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
            yield _reported(line, "unchanged")

    def _all_held(self, reason: str) -> _Built:
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
        return _Built(row=row, reports=reports)


def _last_lines(document: bytes, fragments: Sequence[bytes]) -> list[int] | None:
    """The line on which each fragment of a document ends; None if they do not stand in it."""
    start = document.find(b"".join(fragments[:1]))
    if start < 0:
        return None
    before = document[:start].count(b"\n")
    return [before + lines for lines in accumulate(body.count(b"\n") for body in fragments)]


def _why(errors: Sequence[Finding]) -> str:
    first = errors[0]
    place = f" (line {first.line})" if first.line else ""
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{first.code}: {first.message}{place}{more}"


def _line(report: PublicationReport, own: Placed, sidecars: Mapping[str, Placed]) -> LedgerLine:
    return LedgerLine(
        path=report.path,
        feed=report.feed,
        format=report.format,
        digest=bytes.fromhex(report.digest),
        entries=report.entries,
        placed=own,
        sidecars=sidecars,
    )


def _reported(line: LedgerLine, outcome: Outcome) -> PublicationReport:
    return PublicationReport(
        feed=line.feed,
        format=line.format,
        path=line.path,
        outcome=outcome,
        entries=line.entries,
        bytes=line.placed.size,
        digest=line.digest.hex(),
    )


# -- the site ------------------------------------------------------------------------------------


def _drop_unconfigured(
    press: Press,
    feeds: Sequence[Feed],
    rows: Mapping[str, FeedRow],
    ledger: Mapping[str, LedgerLine],
) -> None:
    """Take down what feeds that are no longer configured had published."""
    configured = {feed.name for feed in feeds}
    for name in sorted(rows.keys() - configured):
        paths = [path for path, line in ledger.items() if line.feed == name]
        press.publisher.remove(paths)
        press.store.drop_feed(name, paths)
        log.info("feed %s is no longer configured: its files were removed", name)


def _site_files(
    press: Press,
    heads: Sequence[FeedHead],
    ledger: Mapping[str, LedgerLine],
    options: BuildOptions,
) -> list[PublicationReport]:
    """The page of the site and the list of its feeds."""
    newest = max((head.updated for head in heads), default=_beginning(press.site))
    documents = {
        PAGE: ("html", press.pages.site(heads)),
        "opml.xml": ("opml", press.pages.opml(heads, newest)),
    }
    reports: list[PublicationReport] = []
    lines: list[LedgerLine] = []
    for path, (format, body) in documents.items():
        line = ledger.get(path)
        report = PublicationReport(
            feed=None, format=format, path=path, outcome="unchanged", entries=len(heads),
            bytes=len(body), digest=digest(body).hex(),
        )  # fmt: skip
        if line is None or line.digest != digest(body) or not press.publisher.lies(line):
            report = replace(report, outcome="written")
            errors = [
                fault
                for fault in press.gate(body, format, f"{press.site.base_url}/{path}")
                if fault.error
            ]
            try:
                if errors:
                    raise RenderError(_why(errors))
                if not options.check:
                    own, sidecars = press.publisher.place({path: body})[path]
                    lines.append(_line(report, own, sidecars))
            except FeedsvcError as error:
                report = replace(report, outcome="held", reason=str(error))
        reports.append(report)
    press.store.settle_site(lines)
    return reports
