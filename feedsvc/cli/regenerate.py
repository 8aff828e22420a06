"""`feedsvc regenerate`: build the feeds from what is stored."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console

if TYPE_CHECKING:
    from feedsvc.regenerate import BuildReport

_EXAMPLES = """\
  feedsvc regenerate               write what differs
  feedsvc regenerate --feed news   only this feed
  feedsvc regenerate --all         render every entry anew; unchanged files keep their bytes
  feedsvc regenerate --check       check every document, write nothing
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "regenerate",
        _run,
        help="rebuild the feeds from what is stored",
        description="Rebuild the feeds from what is stored. Files whose bytes would be the same "
        "are not touched; a document that would be invalid is held back.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--feed", action="append", default=[], metavar="NAME", help="only this one; repeatable"
    )
    parser.add_argument(
        "--all", action="store_true", help="render every entry anew, and compare every file"
    )
    parser.add_argument("--check", action="store_true", help="say what would be, write nothing")


def _run(console: Console) -> int:
    from feedsvc.regenerate import BuildOptions

    args = console.args
    options = BuildOptions(feeds=tuple(args.feed), everything=args.all, check=args.check)
    with console.app() as app, console.progress() as progress:
        report = app.regenerate(options, progress)
    return report_build(console, report)


def report_build(console: Console, report: BuildReport, *, results: bool = True) -> int:
    """Print what a build did; returns 5 if something was held back, else 0.

    With `results` the outcome of every file is the command's result; without, it is a message.
    """
    if results and console.args.json:
        console.document("regenerate", build_document(report))
    elif results:
        for publication in report.publications:
            console.result(f"{publication.path}: {publication.outcome}")
    else:
        counts = Counter(p.outcome for p in report.publications)
        if written := counts["written"]:
            files = "file" if written == 1 else "files"
            console.say(f"{written} {files} written, {counts['unchanged']} unchanged")
    from feedsvc.regenerate import held_back

    held = held_back(report.publications)
    for line in held:
        console.warn(f"feedsvc: held back {line}")
    for problem in report.left_out:
        console.warn(f"feedsvc: {problem.path}: {problem.reason}")
    if console.args.verbose:
        for publication in report.publications:
            for finding in publication.warnings:
                console.say(f"{publication.path}: {finding.code}: {finding.message}")
    return 5 if held else 0


def build_document(report: BuildReport) -> dict[str, Any]:
    """The contract's JSON of a build."""
    names = ("feed", "format", "path", "outcome", "entries", "bytes", "digest", "reason")
    outcomes = Counter(publication.outcome for publication in report.publications)
    return {
        "publications": [
            {name: getattr(publication, name) for name in names}
            for publication in report.publications
        ],
        "totals": {
            "publications": len(report.publications),
            **{outcome: outcomes[outcome] for outcome in ("written", "unchanged", "held")},
        },
    }
