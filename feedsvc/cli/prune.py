"""`feedsvc prune`: erase what sources are not to keep and nobody is shown; give its space back."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console

if TYPE_CHECKING:
    from feedsvc.app.pruning import PruneReport

_EXAMPLES = """\
  feedsvc prune                            as `keep` and `keep_for` of each source say
  feedsvc prune --dry-run                  only say what would go
  feedsvc prune --source wire --keep 500   of this source the newest 500, whatever is configured
  feedsvc prune --keep-for 365d --json
"""

_WHY = {
    "feed": "in a feed",
    "archive": "in an archive",
    "digest": "in a digest",
    "page": "with a page of ours",
    "sitemap": "in the sitemap",
    "copy": "copies of what is kept",
    "waiting": "changed meanwhile",
}


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "prune",
        _run,
        help="erase old articles that no document shows",
        description="Erase the articles that are more, or older, than their sources are to keep, "
        "and that no feed, archive, digest, page or sitemap shows: nothing that is published "
        "changes. They are known by a short note from then on, so that they never rise again. "
        "Without `keep` and `keep_for` in the configuration, and without these options, no article "
        "is erased. Rows that nobody needs go as well, and unused space of the database is given "
        "back.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME", help="only this one; repeatable"
    )
    parser.add_argument(
        "--keep",
        type=whole_number(1, 999_999_999),
        metavar="N",
        help="of each source the newest so many, in place of what is configured",
    )
    parser.add_argument(
        "--keep-for",
        type=_duration,
        metavar="DURATION",
        help='those published within this long, such as "365d", in place of what is configured',
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, erase nothing")


def _duration(text: str) -> timedelta:
    from feedsvc.config import units
    from feedsvc.config.shapes import WrongValueError

    try:
        return units.duration("365d")(text)
    except WrongValueError as error:
        remark = f" ({error.remark})" if error.remark else ""
        raise argparse.ArgumentTypeError(f"{text!r} is not {error.expected}{remark}") from error


def _run(console: Console) -> int:
    from dataclasses import replace

    from feedsvc.app.pruning import limits_of, prune
    from feedsvc.store.halt import Halt

    args, halt = console.args, Halt()
    with console.app() as app, console.progress() as progress:
        limits = limits_of(app, args.source, keep=args.keep, keep_for=args.keep_for)
        report = prune(app, limits, dry_run=args.dry_run, halt=halt, progress=progress)
        if not args.dry_run:
            report = replace(report, given_back=app.store.give_back(halt))
            app.store.shorten_journal(halt)
    if args.json:
        console.document("prune", _document(report, dry_run=args.dry_run))
    else:
        _tell(console, report, dry_run=args.dry_run)
    return 0


# -- for people ------------------------------------------------------------------------------------


def _tell(console: Console, report: PruneReport, *, dry_run: bool) -> None:
    if not report.limits:
        console.say("no source has `keep` or `keep_for`: its articles stay")
    rows = [
        (name, one.pruned, sum(one.kept.values()), _reasons(one.kept))
        for name, one in report.sources.items()
    ]
    if rows:
        console.table(rows, ("SOURCE", "WOULD GO" if dry_run else "PRUNED", "KEPT", ""))
    elif report.limits:
        console.result("no source has more articles than it is to keep")
    if report.tidied:
        found = ", ".join(f"{n} of {table}" for table, n in report.tidied.items())
        console.say(f"rows that nobody needs: {found}")
    if report.given_back:
        console.say(f"given back to the disk: {report.given_back / 1e6:.1f} MB")


def _reasons(kept: Any) -> str:
    return ", ".join(f"{n} {_WHY[why]}" for why, n in kept.items())


# -- for scripts -----------------------------------------------------------------------------------


def _document(report: PruneReport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "sources": [
            {
                "name": limit.name,
                "keep": limit.keep,
                "keep_for": _written(limit.keep_for),
                "pruned": one.pruned if one else 0,
                "kept": dict(one.kept) if one else {},
            }
            for limit in report.limits
            for one in [report.sources.get(limit.name)]
        ],
        "totals": {"pruned": report.pruned, "kept": sum(report.kept.values())},
        "tidied": dict(report.tidied),
        "given_back": report.given_back,
        "seconds": round(report.seconds, 3),
    }


def _written(age: timedelta | None) -> str | None:
    from feedsvc.config import units

    return None if age is None else units.write_duration(age)
