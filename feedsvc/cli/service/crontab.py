"""The lines of cron: a file of its own in /etc/cron.d, or a part of somebody's crontab."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedsvc.cli.service.plan import Plan
from feedsvc.cli.service.quoting import cron_line
from feedsvc.cli.service.units import MARK
from feedsvc.errors import FeedsvcError, UsageError

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_EXPLANATION = """\
# Two runs at once do no harm, so there is no need of flock: the second leaves alone what the first
# is at, and finds the rest not due. Results are thrown away; problems go to standard error, and
# cron sends those by mail.
"""

# What the cron of Debian, of the BSDs and of busybox all read; cronsim knows more than these.
_PLAIN_FIELDS = re.compile(r"(?:[0-9*,/-]+ ){4}[0-9*,/-]+")
_NIGHTLY = "30 3 * * *"


def lines(plan: Plan) -> str:
    """All of them, with an explanation; in the form of /etc/cron.d for a service of the machine."""
    if plan.user is not None and plan.user.isdecimal():
        raise UsageError("cron knows users by their names", hint="say who: --run-as USER")
    told = "".join(f"# {name}=… has to be set above these lines.\n" for name in plan.variables)
    return f"{MARK} for cron.\n{_EXPLANATION}{told}\n{''.join(_jobs(plan))}"


def _jobs(plan: Plan) -> Iterator[str]:
    night = plan.nightly if _PLAIN_FIELDS.fullmatch(plan.nightly) else _NIGHTLY
    yield _job(plan, "*/5 * * * *", ("sync",))
    yield f"# By the clock of this machine; that of the site is {plan.zone}.\n"
    # First the one, then the other: what is erased is in a backup, and nothing is if there is none.
    yield _job(plan, night, *([("backup", "--rotate")] if plan.backup else []), ("prune",))


def _job(plan: Plan, when: str, *verbs: tuple[str, ...]) -> str:
    user = f"{plan.user} " if plan.user else ""
    command = cron_line([plan.command(*verb, "-q") for verb in verbs])
    return f"{when} {user}{command}\n"


# -- somebody's crontab ----------------------------------------------------------------------------


def read_crontab() -> str:
    """The crontab of this user, empty if there is none."""
    done = _crontab("-l")
    # There is no telling "none yet" from trouble by the exit code; what it says tells them apart.
    if done.returncode and "no crontab" not in done.stderr.lower():
        raise FeedsvcError(f"crontab -l: {_said(done)}", hint="--print shows the lines to be added")
    return done.stdout if done.returncode == 0 else ""


def write_crontab(text: str) -> None:
    """Put a crontab in the place of that of this user."""
    done = _crontab("-", text)
    if done.returncode:
        raise FeedsvcError(f"crontab -: {_said(done)}", hint="--print shows the lines to be added")


def part_of(crontab: str, name: str) -> str | None:
    """Our lines in a crontab, None if there are none."""
    found = _part(name).search(crontab)
    return found["lines"] if found else None


def with_part(crontab: str, name: str, lines: str) -> str:
    """The crontab with these lines as ours; empty ones take them out."""
    block = f"# BEGIN {name}\n{lines}# END {name}\n" if lines else ""
    if part_of(crontab, name) is not None:
        return _part(name).sub(lambda _: block, crontab, count=1)
    if crontab and not crontab.endswith("\n"):
        crontab += "\n"
    return crontab + block


def _part(name: str) -> re.Pattern[str]:
    marks = rf"^# BEGIN {re.escape(name)}\n(?P<lines>(?:.*\n)*?)# END {re.escape(name)}(?:\n|\Z)"
    return re.compile(marks, re.MULTILINE)


def _crontab(argument: str, text: str | None = None) -> CompletedProcess[str]:
    import subprocess

    program = shutil.which("crontab")
    if program is None:
        raise FeedsvcError(
            "there is no program named crontab", hint="install cron, or use --timer or --print"
        )
    return subprocess.run(
        [program, argument], input=text, capture_output=True, text=True, check=False,
        encoding="utf-8", errors="surrogateescape",
    )  # fmt: skip


def _said(done: CompletedProcess[str]) -> str:
    told = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return told[-1] if told else f"exit code {done.returncode}"
