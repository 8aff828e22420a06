"""`feedsvc service status`: what is installed, whether it fits, and whether it runs."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.service import crontab, systemctl
from feedsvc.cli.service.files import Place, Style, read, texts, user_in, written_files
from feedsvc.cli.service.options import add_options, place_of
from feedsvc.cli.service.plan import name_of, plan_of
from feedsvc.errors import NotFoundError

_EXAMPLES = """\
  feedsvc service status
  feedsvc service status --system --json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "status",
        _run,
        help="what is installed, and whether it fits the configuration",
        description="Show the files of a service, whether they are as the configuration asks for "
        "now, and what systemd says of them. How sources and feeds are, `feedsvc status` tells.",
        examples=_EXAMPLES,
    )
    add_options(parser)


def _run(console: Console) -> int:
    place, name = place_of(console.args), name_of(console.args)
    rows = [*_files(console, place, name), *_in_crontab(console, place, name)]
    if not rows:
        raise NotFoundError(
            f"no service '{name}' is installed here", hint="`feedsvc service install` writes one"
        )
    if console.args.json:
        keys = ("path", "state", "active")
        files = [dict(zip(keys, row, strict=True)) for row in rows]
        console.document("service-status", {"name": name, "files": files})
        return 0
    console.table(rows, ("FILE", "STATE", "SYSTEMD SAYS"))
    if any(state == "outdated" for _, state, _ in rows):
        console.say("the configuration asks for another: `feedsvc service install … --force`")
    return 0


def _files(console: Console, place: Place, name: str) -> Iterator[tuple[str, str, str | None]]:
    found = list(written_files(place, name))
    running = place.root == Path("/")
    for path in found:
        there = read(path)
        style = _style(path, place, found)
        plan = plan_of(console, system=place.system, run_as=_run_as(place, path, found))
        wanted = texts(plan, style, place).get(path)
        unit = path.name if path.parent == place.units and running else None
        yield (
            str(path),
            "current" if there == wanted else "outdated",
            systemctl.state(place.system, unit) if unit else None,
        )


def _style(path: Path, place: Place, found: list[Path]) -> Style:
    if path.parent == place.cron:
        return "cron"
    return "timer" if any(one.suffix == ".timer" for one in found) else "daemon"


def _run_as(place: Place, path: Path, found: list[Path]) -> str | None:
    """Who it was installed for: of a timer, its service knows."""
    if not place.system:
        return None
    told = path if path.suffix != ".timer" else path.with_suffix(".service")
    return user_in(read(told)) if told in found else None


def _in_crontab(console: Console, place: Place, name: str) -> Iterator[tuple[str, str, str | None]]:
    if place.system or place.root != Path("/") or shutil.which("crontab") is None:
        return
    there = crontab.part_of(crontab.read_crontab(), name)
    if there is not None:
        plan = plan_of(console, system=False, run_as=None)
        yield "crontab", "current" if there == crontab.lines(plan) else "outdated", None
