"""`feedsvc sync`: ask the sources that are due, build the feeds that were touched."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.regenerate import build_document, report_build
from feedsvc.errors import OfflineError

if TYPE_CHECKING:
    from feedsvc.app.syncing import SyncReport
    from feedsvc.regenerate import BuildReport
    from feedsvc.sync import SourceReport

FEW = 20  # sources: of more, a person is told of those with news, and the total

_EXAMPLES = """\
  feedsvc sync                        one round, as a cron line would do it
  feedsvc sync --source news --force  ask this source now
  feedsvc sync --dry-run              say what would change, write nothing
  feedsvc sync --offline              only what needs no network
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

    from feedsvc.config import ops_token
    from feedsvc.sync import Options

    args = console.args
    options = Options(trust_loss=args.accept_loss)
    building = not (args.no_build or args.dry_run)
    with console.app(dry_run=args.dry_run) as app, console.progress() as progress:
        if building:
            ops_token(app.settings.ops)  # without it nothing is built: told before anybody is asked
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
        if building:
            # Not in the event loop, which would hear a Ctrl-C only when the build has ended.
            report = replace(report, build=app.regenerate(progress=progress))
            if app.errands_due():
                again, unheard = asyncio.run(app.run_errands())
                if again:
                    report = replace(report, build=joined(report.build, app.regenerate()))
                for line in unheard:
                    console.warn(f"feedsvc: {line}")
        if app.unheard is not None:
            console.warn(f"feedsvc: {app.unheard.line}")
    return show_sync(console, report)


def joined(first: BuildReport | None, second: BuildReport) -> BuildReport:
    """Two builds of one run as one: of a file, the later outcome unless it says "unchanged"."""
    if first is None:
        return second
    written = {one.path: one for one in first.publications if one.outcome == "written"}
    publications = tuple(
        written.get(one.path, one) if one.outcome == "unchanged" else one
        for one in second.publications
    )
    return replace(second, publications=publications)


def show_sync(console: Console, report: SyncReport) -> int:
    """Print what a sync did; returns the exit code.

    Raises OfflineError, once the rest is told, if no remote source could be reached at all, or if
    `--offline` forbids to ask those that are due.
    """
    from feedsvc.regenerate import held_back

    failed = [source for source in report.sources if source.outcome == "failed"]
    lost = [source for source in failed if not report.network and not source.reached]
    unreached = {source.name for source in lost}
    failed = [source for source in failed if source.name not in unreached]
    if console.args.json:
        console.document("sync", _document(report))
    else:
        told = [source for source in report.sources if source.name not in unreached]
        for line in _lines(told, everything=console.args.verbose):
            console.result(line)
    for source in failed:
        hint = f"\n{source.hint}" if source.hint else ""
        console.warn(f"feedsvc: {source.name}: {source.reason}{hint}")
    code = 4 if failed else 0
    offline = bool(unreached or report.forbidden)
    if report.build is not None and not (offline and not held_back(report.build.publications)):
        code = report_build(console, report.build, results=False) or code
    if offline and code in (0, 4):
        raise OfflineError(_no_network(lost, report.forbidden))
    return code


def _no_network(lost: Sequence[SourceReport], forbidden: int) -> str:
    if forbidden:
        sources = "source that is" if forbidden == 1 else "sources that are"
        return f"no network: --offline forbids to ask {forbidden} remote {sources} due"
    if len(lost) == 1:
        return f"no network: {lost[0].reason}"
    return f"no network: none of {len(lost)} remote sources could be reached"


def _document(report: SyncReport) -> dict[str, Any]:
    names = ("name", "outcome", *_ARTICLES, "status", "reason", "seconds")
    found: dict[str, Any] = {
        "sources": [{name: getattr(source, name) for name in names} for source in report.sources],
        "totals": {
            **_totals(report.sources),
            "sources": len(report.sources),
            "seconds": round(sum(source.seconds for source in report.sources), 3),
        },
    }
    if report.build is not None:
        found["publications"] = build_document(report.build)["publications"]
    return found


def _totals(sources: Sequence[SourceReport]) -> dict[str, int]:
    articles = {name: sum(getattr(source, name) for source in sources) for name in _ARTICLES}
    outcomes = Counter[str](source.outcome for source in sources)
    return articles | {name: outcomes[name] for name in _OUTCOMES}


_ARTICLES = ("new", "changed", "withdrawn")
_OUTCOMES = ("ok", "unchanged", "failed", "skipped")


def _lines(sources: Sequence[SourceReport], *, everything: bool) -> Iterator[str]:
    """A line for each source; of many, for each that has news, and one for all of them."""
    if everything or len(sources) <= FEW:
        yield from map(_line, sources)
        return
    yield from map(_line, filter(_has_news, sources))
    totals = _totals(sources)
    counts = [
        ", ".join(f"{totals[what]} {what}" for what in some if totals[what])
        for some in (_OUTCOMES, _ARTICLES)
    ]
    yield f"{len(sources)} sources: {'; '.join(filter(None, counts))}"


def _has_news(source: SourceReport) -> bool:
    # What is paused, parked or not due yet was told before, or will be told by `status`.
    return source.outcome in ("ok", "failed") or bool(
        source.outcome == "unchanged" and source.reason
    )


def _line(source: SourceReport) -> str:
    told = [f"{n} {what}" for what in _ARTICLES if (n := getattr(source, what))]
    if source.problems:
        told.append(f"{source.problems} with problems, see `feedsvc status`")
    if source.restless:
        told.append(f"{source.restless} still being written, left for the next time")
    if source.reason and source.outcome != "failed":
        told.append(source.reason)
    return f"{source.name}: {source.outcome}" + (f" ({'; '.join(told)})" if told else "")
