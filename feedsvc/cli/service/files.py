"""Where the files of a service lie, what they are to hold, and what is there now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from feedsvc.cli.service import crontab, units
from feedsvc.cli.service.plan import NAME, Plan
from feedsvc.errors import ConfigError, FeedsvcError

Style = Literal["daemon", "timer", "cron"]

ENDINGS = (".service", "-nightly.service", ".timer", "-nightly.timer")
"""What may follow the name of a service in the names of its units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where files go: those of the machine or of a user, below `root`."""

    system: bool
    root: Path = Path("/")

    @property
    def units(self) -> Path:
        if self.system:
            return self.root / "etc/systemd/system"
        home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return self.root / home.lstrip("/") / "systemd/user"

    @property
    def cron(self) -> Path:
        return self.root / "etc/cron.d"


def texts(plan: Plan, style: Style, place: Place) -> Mapping[Path, str]:
    """The files of a service; a user's cron has none."""
    if style == "cron":
        # cron ignores files in /etc/cron.d whose names hold a dot.
        return {place.cron / plan.name: crontab.lines(plan)}
    made = units.daemon(plan) if style == "daemon" else units.timers(plan)
    return {place.units / name: text for name, text in made.items()}


def written_files(place: Place, name: str) -> Iterator[Path]:
    """Those of this name that are there, whoever wrote them."""
    places = [place.units / f"{name}{ending}" for ending in ENDINGS]
    if place.system:
        places.append(place.cron / name)
    yield from (path for path in places if path.is_file() or path.is_symlink())


def is_ours(path: Path) -> bool:
    """Whether `service install` wrote a file."""
    return read(path).startswith(units.MARK)


def read(path: Path) -> str:
    """The text of a file, whatever it holds; raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def user_in(text: str) -> str | None:
    """Who a unit or a line of cron is run as."""
    found = re.search(r"^User=(\S+)$", text, re.MULTILINE)
    if found is None:
        found = re.search(r"^(?:[0-9*][^ ]* ){5}([^/ ]\S*) ", text, re.MULTILINE)
    return found[1] if found else None


def write(path: Path, text: str) -> None:
    """Put a file in its place at once; raises FeedsvcError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)  # cron.d refuses what others may write to
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot("write", path, error) from error


def remove(path: Path) -> None:
    """Take a unit away, and what `systemctl enable` made of it; raises FeedsvcError."""
    try:
        # Looked for first: once they lead nowhere, a glob does not find them.
        links = [link for link in path.parent.glob(f"*.wants/{path.name}") if link.is_symlink()]
        for each in (path, *links):
            each.unlink()
    except OSError as error:
        raise cannot("remove", path, error) from error


def cannot(what: str, path: Path, error: OSError) -> FeedsvcError:
    """The error for a file that is out of reach."""
    place = error.filename or path
    if isinstance(error, PermissionError):
        hint = f"sudo {NAME} service … for the machine, or --user for yourself alone"
    else:
        hint = "--print shows what belongs there"
    return FeedsvcError(f"cannot {what} {place}: {error.strerror}", hint=hint)
