"""`feedsvc sync`: ask the sources that are due, build the feeds that were touched."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.regenerate import build_document, report_build
from feedsvc.errors import OfflineError

if TYPE_CHECKING:
    from feedsvc.app import SyncReport

_EXAMPLES = """\
  feedsvc sync                        one round, as a cron line would do it
  feedsvc sync --source news --force  ask this source now
  feedsvc sync --dry-run              say what would change, write nothing
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "sync",
        _run,
        help="ask the sources that are due and rebuild the feeds they touched",
        description="Ask the sources that are due, store what is new, and rebuild the feeds that "
        "this touched. One cron line needs nothing else.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME", help="only this one; repeatable"
    )
    parser.add_argument("--force", action="store_true", help="ask also those that are not due")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument("--no-build", action="store_true", help="do not rebuild any feed")
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="believe that many missing files, or all of them, were deleted on purpose",
    )


def _run(console: Console) -> int:
    import asyncio

    from feedsvc.sync import Options

    args = console.args
    options = Options(trust_loss=args.accept_loss)
    with console.app(dry_run=args.dry_run) as app, console.progress() as progress:
        report = asyncio.run(
            app.sync(
                only=args.source,
                # Whoever accepts a loss means now, not when the source is due again.
                force=args.force or args.accept_loss,
                build=False,
                options=options,
                progress=progress,
            )
        )
        if not (args.no_build or args.dry_run):
            # Not in the event loop, which would hear a Ctrl-C only when the build has ended.
            report = replace(report, build=app.regenerate(progress=progress))
        if app.unheard is not None:
            console.warn(f"feedsvc: {app.unheard.line}")
    return show_sync(console, report)


def show_sync(console: Console, report: SyncReport) -> int:
    """Print what a sync did; returns the exit code.

    Raises OfflineError, once the rest is told, if no remote source could be reached at all.
    """
    from feedsvc.regenerate import held_back

    failed = [source for source in report.sources if source.outcome == "failed"]
    offline = [source for source in failed if not report.network and source.status is None]
    failed = [source for source in failed if source not in offline]
    if console.args.json:
        console.document("sync", _document(report))
    else:
        for source in report.sources:
            if source not in offline:
                console.result(_line(asdict(source)))
    for source in failed:
        hint = f"\n{source.hint}" if source.hint else ""
        console.warn(f"feedsvc: {source.name}: {source.reason}{hint}")
    code = 4 if failed else 0
    if report.build is not None and not (offline and not held_back(report.build.publications)):
        code = report_build(console, report.build, results=False) or code
    if offline and code in (0, 4):
        raise OfflineError(
            f"no network: none of {len(offline)} remote sources could be reached"
            if len(offline) > 1
            else f"no network: {offline[0].reason}"
        )
    return code


def _document(report: SyncReport) -> dict[str, Any]:
    sources = [
        {
            name: getattr(source, name)
            for name in (
                "name", "outcome", "new", "changed", "withdrawn", "status", "reason", "seconds",
            )
        }
        for source in report.sources
    ]  # fmt: skip
    totals: dict[str, Any] = {
        name: sum(getattr(source, name) for source in report.sources)
        for name in ("new", "changed", "withdrawn")
    }
    for outcome in ("ok", "unchanged", "failed", "skipped"):
        totals[outcome] = sum(source.outcome == outcome for source in report.sources)
    totals["sources"] = len(sources)
    totals["seconds"] = round(sum(source.seconds for source in report.sources), 3)
    found: dict[str, Any] = {"sources": sources, "totals": totals}
    if report.build is not None:
        found["publications"] = build_document(report.build)["publications"]
    return found


def _line(source: dict[str, Any]) -> str:
    told = [f"{source[what]} {what}" for what in ("new", "changed", "withdrawn") if source[what]]
    if source["problems"]:
        told.append(f"{source['problems']} with problems, see `feedsvc status`")
    if source["restless"]:
        told.append(f"{source['restless']} still being written, left for the next time")
    if source["reason"] and source["outcome"] != "failed":
        told.append(source["reason"])
    return f"{source['name']}: {source['outcome']}" + (f" ({'; '.join(told)})" if told else "")
