"""The files of the whole site: its page and the list of its feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from feedsvc.decide import digest, digest_of
from feedsvc.errors import FeedsvcError, RenderError
from feedsvc.model import FeedHead
from feedsvc.ports import LedgerLine
from feedsvc.regenerate.press import PAGE, Press
from feedsvc.regenerate.report import BuildOptions, PublicationReport, line_of, reported, why

SITE = ""
"""The row in which the store remembers the site as it does a feed: the one without a name."""


def site_files(
    press: Press,
    heads: Sequence[FeedHead],
    listed: Sequence[FeedHead],
    ledger: Mapping[str, LedgerLine],
    options: BuildOptions,
) -> list[PublicationReport]:
    """The page of the site, which shows `listed`, and the list of all its feeds."""
    before = press.store.feed(SITE)
    fingerprint = _fingerprint(press, [*listed, *heads])
    paths = (PAGE, "opml.xml")
    known = [ledger[path] for path in paths if path in ledger]
    if (
        not (options.everything or options.check)
        and before.fingerprint == fingerprint
        and len(known) == len(paths)
        and all(press.publisher.lies(line) for line in known)
    ):
        return [reported(line, "unchanged") for line in known]
    documents = {
        PAGE: ("html", press.pages.site(listed)),
        "opml.xml": ("opml", press.pages.opml(heads)),
    }
    reports: dict[str, PublicationReport] = {}
    placing: dict[str, bytes] = {}
    for path, (format, body) in documents.items():
        line = ledger.get(path)
        report = PublicationReport(
            feed=None, format=format, path=path, outcome="unchanged", entries=len(heads),
            bytes=len(body), digest=digest(body).hex(),
        )  # fmt: skip
        differs = (
            line is None
            or line.digest != digest(body)
            or not press.publisher.lies(line)
            or (options.everything and not press.publisher.holds(path, body))
        )
        if differs:
            report = replace(report, outcome="written")
        if differs or options.check:
            found = press.gate(body, format, f"{press.site.base_url}/{path}")
            errors = [fault for fault in found if fault.error]
            report = replace(report, warnings=tuple(fault for fault in found if not fault.error))
            if errors:
                report = replace(report, outcome="held", reason=RenderError(why(errors)).line)
            else:
                placing[path] = body
        reports[path] = report
    if not options.check:
        lines: list[LedgerLine] = []
        try:
            placed = press.publisher.place(placing) if placing else {}
            lines = [line_of(reports[path], *forms) for path, forms in placed.items()]
        except FeedsvcError as error:
            for path in placing:
                reports[path] = replace(reports[path], outcome="held", reason=error.line)
        held = any(report.outcome == "held" for report in reports.values())
        row = replace(before, fingerprint=b"" if held else fingerprint)
        press.store.settle_feed(row, read=before, members=None, lines=lines)
    return list(reports.values())


def _fingerprint(press: Press, heads: Sequence[FeedHead]) -> bytes:
    """Of everything that the files of the site depend on; no article, so that none writes them."""
    site = press.site
    feeds = [
        (h.title, h.description, h.home, h.icon, h.language, list(h.urls.values())) for h in heads
    ]
    return digest_of([site.title, site.language, site.base_url, press.rendering, feeds])
