"""systemctl, asked for by `--now` alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from feedsvc.errors import FeedsvcError

if TYPE_CHECKING:
    from subprocess import CompletedProcess


def command(system: bool, *words: str) -> tuple[str, ...]:
    """The words of a command."""
    return ("systemctl", *(() if system else ("--user",)), *words)


def run(system: bool, *words: str) -> None:
    """Run it; raises FeedsvcError with what it said."""
    done = _run(system, *words)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise FeedsvcError(
            f"{' '.join(command(system, *words))}: {said.splitlines()[-1]}",
            hint="the files are written; the command can be given again",
        )


def state(system: bool, unit: str) -> str | None:
    """`active`, `inactive`, `failed` …; None where no systemd runs."""
    if shutil.which("systemctl") is None:
        return None
    said = _run(system, "is-active", unit).stdout.strip()
    return said if said.isalpha() else None


def check() -> None:
    """Raise FeedsvcError where there is no systemctl."""
    if shutil.which("systemctl") is None:
        raise FeedsvcError("there is no systemctl here", hint="leave --now out")


def _run(system: bool, *words: str) -> CompletedProcess[str]:
    import subprocess

    return subprocess.run(
        command(system, *words), capture_output=True, text=True, errors="replace", check=False
    )
