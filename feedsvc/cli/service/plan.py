"""What a service is to be: settled from the command line and the configuration, written nowhere."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError, FeedsvcError, UsageError

if TYPE_CHECKING:
    from feedsvc.settings import Secret, Settings

NAME = "feedsvc"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?|[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One service, as its files are written."""

    name: str
    system: bool  # of the machine; else of the user who asks
    user: str | None  # who it runs as; None: whoever asks
    python: Path
    config: Path
    title: str = "feedsvc"
    writable: tuple[Path, ...]  # folders of store, output, backups and log
    needed: tuple[Path, ...]  # everything it reads or writes, also by its real path
    port: int = 8080
    backup: bool = False  # whether the configuration has a folder for backups
    nightly: str = "30 3 * * *"  # the fields of cron
    zone: str = "UTC"
    variables: tuple[str, ...] = ()  # that secrets are read from

    def command(self, *words: str) -> tuple[str, ...]:
        """The command line of a verb; `-P` keeps the working directory out of what is imported."""
        return (str(self.python), "-P", "-m", "feedsvc", "-c", str(self.config), *words)

    @property
    def environment(self) -> Path:
        """The file for secrets that come from the environment; it need not be there."""
        return self.config.with_suffix(".env")

    @property
    def low_port(self) -> bool:
        return 0 < self.port < 1024


def plan_of(console: Console, *, system: bool, run_as: str | None) -> Plan:
    """The plan for the configuration of this command line; raises ConfigError and UsageError."""
    settings = _settings(console)
    assert settings.path is not None  # noqa: S101 - it was read from a file
    python = Path(sys.executable)
    writable = tuple(dict.fromkeys(_written(settings)))
    return Plan(
        name=name_of(console.args),
        system=system,
        user=_user(settings, writable, run_as) if system else None,
        python=python,
        config=settings.path,
        title=settings.site.title,
        writable=writable,
        needed=_with_real((python, Path(sys.base_prefix), *_read(settings), *writable)),
        port=settings.server.port,
        backup=settings.maintenance.backup is not None,
        nightly=settings.maintenance.at.fields,
        zone=settings.site.timezone.key,
        variables=tuple(sorted({one.env for one in _secrets(settings) if one.env is not None})),
    )


def name_of(args: Namespace) -> str:
    """The name that the files get, said or `feedsvc`."""
    name: str = (args.name or NAME).removesuffix(".service")
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name of a service", hint="letters, digits, - and _")
    return name


def is_system(args: Namespace) -> bool:
    """Whether the service is one of the machine: what was asked for, else by who asks."""
    return bool(args.system or not (args.user or os.geteuid() != 0))


# -- the configuration as the service will see it --------------------------------------------------


def _settings(console: Console) -> Settings:
    from feedsvc.config import find, load

    named = Path(console.args.config) if console.args.config else None
    file = find(named, cwd=Path.cwd(), environ=os.environ)
    overrides = _overrides(file.with_suffix(".env"))
    for variable in sorted(os.environ):
        # What is set in this terminal is not set where the service runs.
        if variable.startswith("FEEDSVC_") and "__" in variable and variable not in overrides:
            console.warn(
                f"feedsvc: {variable} is set here and will not be for the service\n"
                f"write it into the configuration, or into {file.with_suffix('.env')}"
            )
    return load(file, cwd=Path.cwd(), environ=overrides)


def _overrides(file: Path) -> Mapping[str, str]:
    """The settings that stand in the service's own environment, read as systemd reads them."""
    from shlex import split

    found = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, mark, value = line.strip().partition("=")
            if mark and name.startswith("FEEDSVC_"):
                with suppress(ValueError):  # a quote that nobody closes
                    found[name] = " ".join(split(value))
    return found


def _written(settings: Settings) -> Iterator[Path]:
    yield Path(settings.store.url.removeprefix("sqlite:///")).parent
    yield settings.publish.directory
    if settings.maintenance.backup is not None:
        yield settings.maintenance.backup
    if settings.server.access_log is not None:
        yield settings.server.access_log.parent


def _read(settings: Settings) -> Iterator[Path]:
    assert settings.path is not None  # noqa: S101
    yield settings.path
    yield from (source.path for source in settings.sources if source.path is not None)
    yield from (secret.file for secret in _secrets(settings) if secret.file is not None)


def _secrets(settings: Settings) -> Iterator[Secret]:
    from feedsvc.settings import Secret

    held: list[object] = [settings.server.admin_token, settings.ops.token, settings.ops.webhook]
    for source in settings.sources:
        if source.auth is not None:
            held += [source.auth.password, source.auth.token]
        held += [value for _, value in source.headers]
    return (one for one in held if isinstance(one, Secret))


def _with_real(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths, and where they lead to: a link in /opt may end in somebody's home."""
    return tuple(dict.fromkeys(place for path in paths for place in (path, path.resolve())))


# -- who it runs as --------------------------------------------------------------------------------


def _user(settings: Settings, writable: tuple[Path, ...], run_as: str | None) -> str:
    """The user of a service of the machine: who was named, else who owns what it writes to."""
    if run_as is not None:
        if not _USER.fullmatch(run_as):
            raise UsageError(f"'{run_as}' is no name of a user")
        return run_as
    for path in (*writable, *_read(settings)):
        owner = _owner(path)
        if owner not in (None, "root"):
            return str(owner)
    raise UsageError(
        "everything belongs to root, and nothing that reads from the network should run as root",
        hint="useradd --system feedsvc, chown the folders to it, then: --run-as feedsvc",
    )


def _owner(path: Path) -> str | None:
    for place in (path, *path.parents):
        with suppress(OSError):
            number = place.stat().st_uid
            with suppress(KeyError):
                import pwd

                return pwd.getpwuid(number).pw_name
            return str(number)
    return None


def check_python(plan: Plan) -> None:
    """Raise FeedsvcError unless a service, which has no PYTHONPATH, would find feedsvc."""
    import subprocess

    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    asked = [str(plan.python), "-P", "-c", "import feedsvc.cli.main"]
    done = subprocess.run(asked, cwd="/", env=bare, capture_output=True, check=False, timeout=60)
    if done.returncode:
        raise FeedsvcError(
            f"{plan.python} finds feedsvc only from here", hint="install it: pip install feedsvc"
        )


def check_linux(what: str) -> None:
    """Raise UsageError where there is no systemd to write units for."""
    if not sys.platform.startswith("linux"):
        raise UsageError(
            f"{what} are for systemd, which is on Linux only",
            hint="use --cron; for launchd write a job that runs `feedsvc run`",
        )


def check_user(plan: Plan) -> None:
    """Raise ConfigError for a service of the machine whose user does not exist."""
    import pwd

    user = plan.user
    if user is None or user.isdecimal():
        return
    try:
        pwd.getpwnam(user)
    except KeyError as error:
        raise ConfigError(
            f"this machine has no user '{user}'", hint=f"useradd --system {user}"
        ) from error
