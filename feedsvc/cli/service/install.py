"""`feedsvc service install`: write the files that keep feedsvc running."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import join
from typing import Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.service import crontab, systemctl
from feedsvc.cli.service.files import Place, Style, cannot, read, texts, write
from feedsvc.cli.service.options import add_options, place_of
from feedsvc.cli.service.plan import Plan, check_linux, check_python, check_user, plan_of
from feedsvc.errors import FeedsvcError, UsageError

_EXAMPLES = """\
  feedsvc service install --print            what would be written
  sudo feedsvc -c /etc/feedsvc/feedsvc.toml service install --run-as feedsvc
  feedsvc service install --user --now       for yourself, and start it
  feedsvc service install --timer            a round every five minutes, served by others
  feedsvc service install --cron             the same by cron
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "install",
        _run,
        help="write a systemd unit, timers, or lines of cron",
        description="Write a systemd unit that keeps `feedsvc run` alive, with the paths of this "
        "installation and of its configuration; or timers, or lines of cron, for a round every "
        "five minutes without a daemon. Files that differ are left alone without --force.",
        examples=_EXAMPLES,
    )
    add_options(parser)
    style = parser.add_mutually_exclusive_group()
    style.add_argument("--timer", action="store_true", help="systemd timers instead of a daemon")
    style.add_argument("--cron", action="store_true", help="lines of cron instead of a daemon")
    parser.add_argument("--run-as", metavar="USER", help="of --system; default: who owns the store")
    parser.add_argument("--print", action="store_true", help="print the files, write none")
    parser.add_argument("--force", action="store_true", help="overwrite files that differ")
    parser.add_argument("--now", action="store_true", help="let systemctl start it at once")


def _run(console: Console) -> int:
    args = console.args
    style: Style = "cron" if args.cron else "timer" if args.timer else "daemon"
    if style != "cron":
        check_linux("units")
    place = place_of(args)
    _check_options(args, place, style)
    plan = plan_of(console, system=place.system, run_as=args.run_as)
    wanted = texts(plan, style, place)
    if args.print:
        _print(console, plan, style, wanted)
        return 0
    check_python(plan)
    if place.root == Path("/"):
        check_user(plan)
    if args.now:
        systemctl.check()
    if style == "cron" and not place.system:
        outcomes = _into_crontab(plan, force=args.force)
    else:
        outcomes = _into_files(wanted, force=args.force)
    if place.root == Path("/"):
        _make_folders(plan)
    following = [join(words) for words in _following(plan, style, place, wanted)]
    if args.now:
        for words in _started(style, wanted):
            systemctl.run(place.system, *words)
        following = []
    _tell(console, plan, outcomes, following)
    return 0


def _check_options(args: argparse.Namespace, place: Place, style: Style) -> None:
    if args.run_as is not None and not place.system:
        raise UsageError("a service of your own runs as you", hint="--run-as belongs to --system")
    if style == "cron" and args.now:
        raise UsageError("cron needs no start", hint="leave --now out")
    if place.root != Path("/") and args.now:
        raise UsageError("what lies below --root is not running", hint="leave --now out")
    if style == "cron" and place.root != Path("/") and not place.system:
        raise UsageError("a user's crontab lies in no --root", hint="use --system")


def _print(console: Console, plan: Plan, style: Style, wanted: Mapping[Path, str]) -> None:
    if console.args.json:
        files = [{"path": str(path), "text": text} for path, text in wanted.items()]
        console.document("service-files", {"name": plan.name, "files": files})
        return
    in_crontab = style == "cron" and not plan.system
    for number, (path, text) in enumerate(wanted.items()):
        heading = "" if in_crontab else f"# {path}\n"
        console.result(f"{'' if number == 0 else chr(10)}{heading}{text}".rstrip("\n"))


# -- writing ---------------------------------------------------------------------------------------


def _into_files(wanted: Mapping[Path, str], *, force: bool) -> dict[str, str]:
    """Write what is not there as it should be; all or, if one file is somebody else's, none."""
    outcomes = {}
    for path, text in wanted.items():
        there = read(path) if path.exists() else None
        outcomes[str(path)] = "unchanged" if there == text else "written"
        if there not in (None, text) and not force:
            raise FeedsvcError(
                f"{path} is there already, and differs", hint="--force overwrites it"
            )
    for path, text in wanted.items():
        if outcomes[str(path)] == "written":
            write(path, text)
    return outcomes


def _into_crontab(plan: Plan, *, force: bool) -> dict[str, str]:
    before, lines = crontab.read_crontab(), crontab.lines(plan)
    there = crontab.part_of(before, plan.name)
    if there == lines:
        return {"crontab": "unchanged"}
    if there is not None and not force:
        raise FeedsvcError(
            f"the crontab has lines of {plan.name} already, and they differ",
            hint="--force overwrites them",
        )
    crontab.write_crontab(crontab.with_part(before, plan.name, lines))
    return {"crontab": "written"}


def _make_folders(plan: Plan) -> None:
    """Make what the service writes to: systemd starts nothing whose folders are missing."""
    for folder in plan.writable:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if plan.user is not None and os.geteuid() == 0:
                for path in made:
                    _give(path, plan.user)
        except OSError as error:
            raise cannot("make", folder, error) from error


def _give(path: Path, user: str) -> None:
    import pwd

    number, group = (int(user), -1) if user.isdecimal() else (-1, -1)
    with suppress(KeyError):
        known = pwd.getpwuid(number) if user.isdecimal() else pwd.getpwnam(user)
        number, group = known.pw_uid, known.pw_gid
    os.chown(path, number, group)


# -- what comes next -------------------------------------------------------------------------------


def _started(style: Style, wanted: Mapping[Path, str]) -> Iterator[tuple[str, ...]]:
    yield ("daemon-reload",)
    ending = ".timer" if style == "timer" else ".service"
    yield ("enable", "--now", *(path.name for path in wanted if path.suffix == ending))
    if style == "daemon":  # one that runs already goes on as it was started
        yield ("try-restart", *(path.name for path in wanted))


def _following(
    plan: Plan, style: Style, place: Place, wanted: Mapping[Path, str]
) -> Iterator[tuple[str, ...]]:
    """The commands that are left to whoever installs."""
    started = list(_started(style, wanted)) if style != "cron" else []
    if place.root != Path("/"):
        owner = ("-o", plan.user) if plan.user else ()
        yield ("install", "-d", *owner, *(str(place.root / path.relative_to("/"))
                                          for path in plan.writable))  # fmt: skip
        enable = [words for words in started if words[0] == "enable"]
        yield from (("systemctl", f"--root={place.root}", "enable", *words[2:]) for words in enable)
        return
    yield from (systemctl.command(place.system, *words) for words in started[:2])
    if started and not place.system:
        yield ("loginctl", "enable-linger")  # or it ends when its user logs out


def _tell(console: Console, plan: Plan, outcomes: Mapping[str, str], following: list[str]) -> None:
    if console.args.json:
        told: dict[str, Any] = {
            "name": plan.name,
            "files": [{"path": path, "outcome": what} for path, what in outcomes.items()],
            "variables": list(plan.variables),
            "next": following,
        }
        console.document("service-install", told)
        return
    for path, outcome in outcomes.items():
        console.result(f"{path}: {outcome}")
    if plan.variables and "crontab" not in "".join(outcomes):
        names = ", ".join(plan.variables)
        console.say(f"secrets: write {names} as NAME=value into {plan.environment}, mode 600")
    if following:
        console.say("next: " + " && ".join(following))
