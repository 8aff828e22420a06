"""How a build was asked for, and what became of every file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from feedsvc.model import Finding, Problem
from feedsvc.ports import LedgerLine, Placed
from feedsvc.text.keys import keys_in, shortened

Outcome = Literal["written", "unchanged", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How this one run was asked for."""

    feeds: tuple[str, ...] = ()  # none: all
    everything: bool = False  # render every entry anew
    check: bool = False  # write nothing
    verify: bool = True  # look at every file, not only at what was touched


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


def held_back(reports: Iterable[PublicationReport]) -> list[str]:
    """What is held back and why, one line for each reason: a full disk says so once.

    Such a line gets into logs and to whoever looks after the service, so that no key to a private
    feed stands in it.
    """
    paths: dict[str, list[str]] = {}
    for report in reports:
        if report.outcome == "held":
            paths.setdefault(report.reason or "", []).append(report.path)
    lines = [
        f"{first}{f' and {len(more)} more' if more else ''}: {reason}"
        for reason, (first, *more) in paths.items()
    ]
    for key in keys_in(path for some in paths.values() for path in some):
        lines = [line.replace(key, shortened(key)) for line in lines]
    return lines


def why(errors: Sequence[Finding]) -> str:
    """Why a document is held back: its first error, how many more there are, and of what rules.

    Nobody should have to mend one rule to hear of the next.
    """
    first = errors[0]
    place = f" (line {first.line})" if first.line else ""
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    others = [code for code in dict.fromkeys(one.code for one in errors) if code != first.code]
    rules = f" ({', '.join(others)})" if others else ""
    return f"{first.code}: {first.message}{place}{more}{rules}"


def line_of(report: PublicationReport, own: Placed, sidecars: Mapping[str, Placed]) -> LedgerLine:
    """The ledger line of a file that was put in place."""
    return LedgerLine(
        path=report.path,
        feed=report.feed,
        format=report.format,
        digest=bytes.fromhex(report.digest),
        entries=report.entries,
        placed=own,
        sidecars=sidecars,
    )


def reported(line: LedgerLine, outcome: Outcome) -> PublicationReport:
    """The report of a file that was left as the ledger has it."""
    return PublicationReport(
        feed=line.feed,
        format=line.format,
        path=line.path,
        outcome=outcome,
        entries=line.entries,
        bytes=line.placed.size,
        digest=line.digest.hex(),
    )
