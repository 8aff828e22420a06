"""Between a document and its place: the gate looks at it, and what may go out is published.

Used by whoever builds documents of a feed: the newest ones (`feed.py`) and the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from feedsvc.decide import digest
from feedsvc.errors import FeedsvcError
from feedsvc.model import Finding, Format
from feedsvc.ports import LedgerLine, Member
from feedsvc.regenerate.press import Press
from feedsvc.regenerate.report import (
    BuildOptions,
    PublicationReport,
    line_of,
    reported,
    why,
)
from feedsvc.regenerate.standing import Parts, Standing
from feedsvc.settings import Feed

JUDGING = "3"
"""The version of what the gate asks: a new one has everything that is published asked again."""

Stitch = Callable[[Format, Sequence[Member]], bytes]
"""A document of a feed with these entries and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A finished file and what the gate says of it."""

    path: str
    format: str
    body: bytes
    digest: bytes
    entries: int
    findings: tuple[Finding, ...]  # of the gate: what is wrong with an entry leaves that one out
    partner: tuple[Finding, ...] = ()  # of the feed's profile: its errors hold the document

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in (*self.findings, *self.partner) if finding.error]

    @property
    def faults(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.error]


@dataclass(slots=True)
class Proof:
    """Checks and publishes the documents of one feed."""

    press: Press
    feed: Feed
    lines: Mapping[str, LedgerLine]
    options: BuildOptions
    standing: Standing | None = None  # of what documents are made of that have entries

    def checked(
        self,
        path: str,
        format: str,
        body: bytes,
        entries: int,
        *,
        parts: Parts | None = None,
        partner: bool = False,
    ) -> Publication:
        """The document with what is wrong with it; one that was published passed before.

        With `parts`, what stands in the published one need not pass again (`standing.py`). With
        `partner` the rules of the feed's profile are asked too.
        """
        own, line = digest(body), self.lines.get(path)
        trusted = self.standing is None or self.standing.trusted
        passed = trusted and line is not None and line.digest == own
        asked = not passed or self.options.check
        return Publication(
            path=path,
            format=format,
            body=body,
            digest=own,
            entries=entries,
            findings=self._findings(path, format, body, own, parts) if asked else (),
            partner=self._ask_partner(path, format, body) if asked and partner else (),
        )

    def _findings(
        self, path: str, format: str, body: bytes, own: bytes, parts: Parts | None
    ) -> tuple[Finding, ...]:
        if parts is not None and self.standing is not None and not self.options.check:
            news = self.standing.news(path, Format(format), body, own, parts)
            if news is not None and not self.ask(path, format, news):
                return ()
        return self.ask(path, format, body)

    def ask(self, path: str, format: str, body: bytes) -> tuple[Finding, ...]:
        """What the gate says."""
        return self.press.gate(body, format, f"{self.press.site.base_url}/{path}")

    def _ask_partner(self, path: str, format: str, body: bytes) -> tuple[Finding, ...]:
        profile, press = self.feed.profile, self.press
        if profile is None:
            return ()
        before = press.publisher.read(path) if path in self.lines else None
        url = f"{press.site.base_url}/{path}"
        return press.partner(body, format, profile, url, press.clock.now(), before)

    def at_fault(
        self, document: Publication, stitch: Stitch, members: Sequence[Member]
    ) -> dict[Member, str]:
        """The entries that make a document invalid, and why; none if its head does."""
        if not document.faults:
            return {}
        format = Format(document.format)
        empty = self.ask(document.path, document.format, stitch(format, ()))
        if any(fault.error for fault in empty):
            return {}
        found: dict[Member, str] = {}
        self._narrow(document.path, format, stitch, members, document.faults, found)
        return found

    def _narrow(
        self,
        path: str,
        format: Format,
        stitch: Stitch,
        members: Sequence[Member],
        errors: Sequence[Finding],
        found: dict[Member, str],
    ) -> None:
        """Find the entries that are invalid by themselves, by halves.

        Not by the line of an error: a parser tells only the first.
        """
        if not errors or not members:
            return
        if len(members) == 1:
            found[members[0]] = f"{errors[0].code}: {errors[0].message}"
            return
        middle = len(members) // 2
        for some in (members[:middle], members[middle:]):
            told = self.ask(path, format.value, stitch(format, some))
            faults = [finding for finding in told if finding.error]
            self._narrow(path, format, stitch, some, faults, found)

    def publish(
        self, documents: Collection[Publication]
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
                entries=document.entries,
                bytes=len(document.body),
                digest=document.digest.hex(),
                warnings=tuple(
                    finding
                    for finding in (*document.findings, *document.partner)
                    if not finding.error
                ),
            )
            if document.errors:
                report = replace(report, outcome="held", reason=why(document.errors))
            elif not self._stands(document):
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

    def _stands(self, document: Publication) -> bool:
        """Whether it lies there already; who asks for everything wants the files to be read."""
        line, publisher = self.lines.get(document.path), self.press.publisher
        if line is None or line.digest != document.digest or not publisher.lies(line):
            return False
        return not self.options.everything or publisher.holds(document.path, document.body)

    def unchanged(self, paths: Collection[str]) -> list[PublicationReport]:
        """The reports of files that are left as they are."""
        known = (self.lines[path] for path in paths if path in self.lines)
        return [reported(line, "unchanged") for line in known]
