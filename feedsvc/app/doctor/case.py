"""What is examined: a configuration, as far as there is one, and where it was looked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.errors import ConfigError
from feedsvc.ports import Clock
from feedsvc.settings import Settings

if TYPE_CHECKING:
    from feedsvc.store.look import Look
    from feedsvc.web import Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One service that somebody thinks is ill."""

    clock: Clock
    cwd: Path
    environ: Mapping[str, str] = field(repr=False)
    named: Path | None = None  # what `--config` names
    file: Path | None = None  # the configuration; None: there is none
    settings: Settings | None = None  # None: there is none that can be used
    trouble: ConfigError | None = None  # why not
    offline: bool = False
    public: bool = False  # ask the public addresses
    full: bool = False  # look at all of the database
    resolve: Resolve | None = None  # stands in for the system's resolver

    @property
    def look(self) -> Look | None:
        """The database, to be looked at without changing it; None where there is none."""
        if self.settings is None:
            return None
        from feedsvc.store.look import Look  # SQLAlchemy is slow to import

        return Look(self.settings.store.url)

    @property
    def database(self) -> Path | None:
        """Where the database lies, or would."""
        if self.settings is None:
            return None
        return Path(self.settings.store.url.removeprefix("sqlite:///"))


def open_case(
    named: Path | None,
    *,
    clock: Clock,
    cwd: Path,
    environ: Mapping[str, str] = os.environ,
    offline: bool = False,
    public: bool = False,
    full: bool = False,
    resolve: Resolve | None = None,
) -> Case:
    """The case of whoever stands in `cwd`, with whatever configuration is found there."""
    from feedsvc.app import App
    from feedsvc.config import find, load

    file: Path | None = None
    settings: Settings | None = None
    trouble: ConfigError | None = None
    try:
        file = find(named, cwd=cwd, environ=environ)
        settings = load(named, cwd=cwd, environ=environ)
        App(settings, clock).check_kinds()
    except ConfigError as error:
        settings, trouble = None, error
    return Case(
        clock=clock, cwd=cwd, environ=environ, named=named, file=file, settings=settings,
        trouble=trouble, offline=offline, public=public, full=full, resolve=resolve,
    )  # fmt: skip
