"""`feedsvc service uninstall`: take away what `install` wrote; no data is touched."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.service import crontab, systemctl
from feedsvc.cli.service.files import Place, is_ours, remove, written_files
from feedsvc.cli.service.options import add_options, place_of
from feedsvc.cli.service.plan import name_of
from feedsvc.errors import FeedsvcError, NotFoundError, UsageError

_EXAMPLES = """\
  feedsvc service uninstall --now            stop it, and take its files away
  sudo feedsvc service uninstall --name planet
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "uninstall",
        _run,
        help="take away what `install` wrote",
        description="Take away the units, timers or lines of cron that `install` wrote. Neither "
        "the configuration nor the store nor what is published is touched.",
        examples=_EXAMPLES,
    )
    add_options(parser)
    parser.add_argument("--force", action="store_true", help="also files that others wrote")
    parser.add_argument("--now", action="store_true", help="let systemctl stop it first")


def _run(console: Console) -> int:
    args = console.args
    place, name = place_of(args), name_of(args)
    if args.now and place.root != Path("/"):
        raise UsageError("what lies below --root is not running", hint="leave --now out")
    found = list(written_files(place, name))
    for path in found:
        if not args.force and not is_ours(path):
            raise FeedsvcError(
                f"{path} was not written by `feedsvc service install`",
                hint="--force removes it all the same",
            )
    units = [path.name for path in found if path.parent == place.units]
    if args.now and units:
        systemctl.check()
        # Timers first, or they would start again what is stopped.
        systemctl.run(place.system, "disable", "--now", *sorted(units, key=_timers_first))
    removed = [*_removed(found), *_out_of_crontab(place, name)]
    if not removed:
        raise NotFoundError(
            f"no service '{name}' is installed here",
            hint="--user and --system are two places, and --name says which",
        )
    following = [] if args.now else _following(place, units)
    if args.now and units:
        systemctl.run(place.system, "daemon-reload")
    if args.json:
        console.document("service-uninstall", {"name": name, "files": removed, "next": following})
        return 0
    for what in removed:
        console.result(f"{what}: removed")
    if following:
        console.say("next: " + " && ".join(following))
    return 0


def _removed(found: Sequence[Path]) -> Iterator[str]:
    for path in found:
        remove(path)
        yield str(path)


def _out_of_crontab(place: Place, name: str) -> Iterator[str]:
    if place.system or place.root != Path("/") or shutil.which("crontab") is None:
        return
    before = crontab.read_crontab()
    if crontab.part_of(before, name) is not None:
        crontab.write_crontab(crontab.with_part(before, name, ""))
        yield "crontab"


def _following(place: Place, units: Sequence[str]) -> list[str]:
    if not units or place.root != Path("/"):
        return []
    stop = systemctl.command(place.system, "stop", *sorted(units, key=_timers_first))
    return [" ".join(stop), " ".join(systemctl.command(place.system, "daemon-reload"))]


def _timers_first(unit: str) -> tuple[bool, str]:
    return not unit.endswith(".timer"), unit
