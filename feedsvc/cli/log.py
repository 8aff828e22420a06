"""`feedsvc log`: what happened."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.configuration import app_to_look
from feedsvc.cli.console import Console
from feedsvc.model import LEVELS, iso_utc

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from feedsvc.app import App
    from feedsvc.model import LogEntry

_EXAMPLES = """\
  feedsvc log                              the newest 50 lines
  feedsvc log --source planet -n 200       what happened to one source
  feedsvc log --level warning --since 1d   what went wrong since yesterday
  feedsvc log --follow                     what happens, as it happens
  feedsvc log --json | jq '.entries[]'
"""

KINDS = ("sync", "build", "article", "daemon", "server", "maintenance")
_LOOK = 1.0  # seconds between two looks for news
_MOST = 20_000


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "log",
        _run,
        help="what happened: syncs with news, builds, troubles and their ends",
        description="Show what happened: syncs that brought something, builds, what went wrong and "
        "when it was well again, what the daemon and its server did. What a source without news "
        "was asked for is not in it. With --follow and --json each line is a document.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "-n", "--limit", type=whole_number(1, _MOST), default=50, metavar="N",
        help="the newest so many (default: 50)",
    )  # fmt: skip
    about = parser.add_mutually_exclusive_group()
    about.add_argument("--source", metavar="NAME", help="only what happened to a source")
    about.add_argument("--feed", metavar="NAME", help="only what was wrong with a feed")
    about.add_argument("--kind", choices=KINDS, help="only what is of one kind")
    parser.add_argument("--level", choices=LEVELS, help="only what is as grave as that, or graver")
    parser.add_argument(
        "--since", type=_duration, metavar="TIME", help="only what is not older, such as 2h or 7d"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")


def _duration(text: str) -> timedelta:
    from feedsvc.config.shapes import WrongValueError
    from feedsvc.config.units import duration

    try:
        return duration("1d")(text)
    except WrongValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error.expected}") from error


def _run(console: Console) -> int:
    with app_to_look(console) as (app, wrong):
        if console.args.follow:
            _follow(console, app)
        entries = _read(console, app)
    if console.args.json:
        console.document("log", {"entries": [_plain(entry) for entry in entries]})
    else:
        _print(console, entries, app.settings.site.timezone)
    if wrong is not None:
        raise wrong
    return 0


def _read(console: Console, app: App, after: int | None = None) -> tuple[LogEntry, ...]:
    """The newest entries that were asked for; with `after`, all that came since that one."""
    args = console.args
    kind = "sync" if args.source else "build" if args.feed else args.kind
    since = app.clock.now() - args.since if args.since else None
    return app.store.journal(
        limit=args.limit if after is None else _MOST,
        after=after or 0,
        subject=args.source or args.feed,
        kind=kind,
        level=args.level,
        since=since,
    )  # fmt: skip


def _follow(console: Console, app: App) -> None:
    """Print what there is and what comes, until interrupted."""
    after = None
    while True:
        entries = _read(console, app, after)
        if console.args.json:
            for entry in entries:
                console.result(json.dumps(_plain(entry), ensure_ascii=False))
        else:
            _print(console, entries, app.settings.site.timezone)
        after = entries[-1].number if entries else after or 0
        console.flush()
        time.sleep(_LOOK)


def _print(console: Console, entries: Sequence[LogEntry], zone: tzinfo) -> None:
    from feedsvc.app.journal import line_of

    for entry in entries:
        at = f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        mark = "" if entry.level == "info" else f"{entry.level}: "
        console.line(f"{at}  {mark}{line_of(entry)}")


def _plain(entry: LogEntry) -> dict[str, Any]:
    return {
        "at": iso_utc(entry.at),
        "level": entry.level,
        "kind": entry.kind,
        "subject": entry.subject,
        "message": entry.message,
        "fields": dict(entry.fields),
    }
