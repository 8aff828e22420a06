"""`feedsvc doctor`: what is wrong, where, and what to do."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console

if TYPE_CHECKING:
    from feedsvc.app.doctor import Check

_EXAMPLES = """\
  feedsvc doctor                     look at everything here; nothing is changed
  feedsvc doctor --public            also fetch the public addresses as readers do
  feedsvc doctor --full              read all of the database, however long that takes
  feedsvc doctor --offline           ask nobody over the network
  feedsvc doctor --json | jq '.checks[] | select(.outcome == "failed")'

exit codes: 0 nothing failed, though there may be warnings; else the first of these that some check
  failed with: 1 a check could not be made, 3 configuration, 6 database (locked, damaged, of another
  version, not writable), 8 no network at all, 5 what readers get (rights, room, clock, server,
  public addresses, feeds that are held), 4 sources that are given up or cannot be read
"""

_WORDS = {"ok": "ok", "warning": "warning", "failed": "problem", "skipped": "skipped"}


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "doctor",
        _run,
        help="what is wrong, where, and what to do",
        description="Look at configuration, files, disks, clock, database, sources, feeds, daemon "
        "and network, and say what is wrong and what to do about it. Changes nothing, and works "
        "without a configuration, a store, rights or a network, too.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--public",
        action="store_true",
        help="fetch the public addresses as readers do, and explain what they get",
    )
    parser.add_argument(
        "--full", action="store_true", help="read all of the database, however long that takes"
    )


def _run(console: Console) -> int:
    from feedsvc.app import SystemClock
    from feedsvc.app.doctor import examine, exit_code, open_case, totals

    args = console.args
    case = open_case(
        Path(args.config) if args.config else None,
        clock=SystemClock(),
        cwd=Path.cwd(),
        environ=os.environ,
        offline=args.offline,
        public=args.public,
        full=args.full,
    )
    with console.progress() as progress:
        checks = examine(case, progress)
    if args.json:
        told = [_told(check) for check in checks]
        console.document("doctor", {"checks": told, "totals": totals(checks)})
    else:
        _print(console, checks)
        _sum_up(console, checks)
    return exit_code(checks)


def _told(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "outcome": check.outcome.value,
        "message": check.message,
        "hint": check.hint,
        "seconds": round(check.seconds, 3),
    }


def _print(console: Console, checks: Sequence[Check]) -> None:
    """One line for each check, and one below it that says what to do; `-q` leaves out the good."""
    quiet = {"ok", "skipped"} if console.args.quiet else set()
    shown = [check for check in checks if check.outcome.value not in quiet]
    width = max((len(check.name) for check in shown), default=0)
    for check in shown:
        word = _WORDS[check.outcome.value]
        console.result(_plain(f"{word:<8} {check.name:<{width}}  {check.message}"))
        if check.hint:
            console.result(_plain(f"{'':<9}{'':<{width}}  -> {check.hint}"))


def _sum_up(console: Console, checks: Sequence[Check]) -> None:
    from feedsvc.app.doctor import totals

    found = totals(checks)
    words = [f"{found[key]} {word if found[key] == 1 else plural}" for key, word, plural in (
        ("failed", "problem", "problems"), ("warning", "warning", "warnings"), ("ok", "ok", "ok"),
        ("skipped", "skipped", "skipped"),
    ) if found[key]]  # fmt: skip
    console.say(", ".join(words))


def _plain(line: str) -> str:
    """The line without what could move the cursor of whoever looks at it."""
    return line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)
