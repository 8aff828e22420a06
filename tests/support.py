"""What tests of more than one room stand on: a held clock, a whole service, a command line."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import brotli
import pytest
import zstandard

from feedsvc.app import App
from feedsvc.app.syncing import SyncReport
from feedsvc.cli.main import main
from feedsvc.config import load
from feedsvc.model import Article, Draft
from feedsvc.regenerate import BuildOptions, BuildReport
from feedsvc.sync import Options

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


@dataclass
class FrozenClock:
    """A clock that stands still but for `sleep` and `tick`."""

    at: datetime = NOON
    stepped: timedelta = timedelta()  # by so much it was set, while no time passed
    booted: str = "first"

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> float:
        return (self.at - self.stepped - NOON).total_seconds()

    def boot(self) -> str:
        return self.booted

    def step(self, by: timedelta) -> None:
        """Set it: no time passes."""
        self.at += by
        self.stepped += by

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def tick(self, **delta: float) -> None:
        """Let time pass: `tick(days=1)`."""
        self.at += timedelta(**delta)


def free_port() -> int:
    """A port of this machine at which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def said(draft: Draft) -> dict[str, Any]:
    """What a draft says, as its TOML expectation holds it: only fields that are not empty."""
    found = {one.name: as_toml(getattr(draft, one.name)) for one in fields(draft)}
    return {name: value for name, value in found.items() if value not in (None, "", [], False)}


def as_toml(value: Any) -> Any:
    """A draft's value as TOML would hold it."""
    if isinstance(value, tuple):
        return [as_toml(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        told = {one.name: as_toml(getattr(value, one.name)) for one in fields(value)}
        return {name: item for name, item in told.items() if item is not None}
    return value


DEFAULT_CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"
"""


@dataclass
class Service:
    """A whole feedsvc in a folder of its own."""

    root: Path
    clock: FrozenClock = field(default_factory=FrozenClock)
    _app: App | None = None
    made: ClassVar[list[Service]] = []  # all of them, to be closed when their tests are over

    def __post_init__(self) -> None:
        self.made.append(self)

    def configure(self, text: str = DEFAULT_CONFIG) -> None:
        """Write the configuration; the next use reads it."""
        (self.root / "feedsvc.toml").write_text(text, encoding="utf-8")
        self.restart()

    def restart(self) -> None:
        """Forget everything but what lies on the disk."""
        if self._app is not None:
            self._app.close()
        self._app = None

    @property
    def app(self) -> App:
        if self._app is None:
            settings = load(self.root / "feedsvc.toml", cwd=self.root, environ={})
            self._app = App(settings, self.clock)
        return self._app

    @property
    def articles_folder(self) -> Path:
        return self.root / "articles"

    def write(self, name: str, text: str | bytes, *, age: float = 60.0) -> Path:
        """Put a file into the source; it was last changed `age` seconds ago."""
        path = self.articles_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        moment = self.clock.at.timestamp() - age
        os.utime(path, (moment, moment))
        return path

    def remove(self, name: str) -> None:
        (self.articles_folder / name).unlink()

    def sync(self, *, force: bool = False, build: bool = True, **options: Any) -> SyncReport:
        """One `feedsvc sync`."""
        return asyncio.run(self.app.sync(force=force, build=build, options=Options(**options)))

    def dry_run(self) -> SyncReport:
        """One `feedsvc sync --dry-run`."""
        app = App(self.app.settings, self.clock, dry_run=True)
        try:
            return asyncio.run(app.sync())
        finally:
            app.close()

    def regenerate(self, **options: Any) -> BuildReport:
        """One `feedsvc regenerate`."""
        return self.app.regenerate(BuildOptions(**options))

    def stored(self) -> dict[str, Article]:
        """Every stored article by its key."""
        found = self.app.store.list_articles(now=self.clock.now())
        return {article.key: article for article in found}

    def problems(self) -> dict[str | None, str]:
        """What `status` would list, by path."""
        return {problem.path: problem.reason for problem in self.app.store.problems()}

    @property
    def public(self) -> Path:
        return self.root / "public"

    def published(self, path: str) -> bytes:
        return (self.public / path).read_bytes()

    def snapshot(self) -> dict[str, tuple[int, bytes]]:
        """Every published file: mtime in nanoseconds and bytes."""
        return {
            str(path.relative_to(self.public)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.public.rglob("*"))
            if path.is_file()
        }


def readable(public: Path) -> dict[str, str]:
    """Every file below a directory as text, the compressed ones unpacked."""
    unpack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.decompress,
        ".br": brotli.decompress,
        ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    }
    return {
        str(path.relative_to(public)): unpack.get(path.suffix, bytes)(path.read_bytes()).decode()
        for path in sorted(public.rglob("*"))
        if path.is_file()
    }


@dataclass
class Result:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A newsroom's folder, and the command line in it."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Result:
        self.capture.readouterr()
        try:
            code = main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        said = self.capture.readouterr()
        return Result(code, said.out, said.err)

    def write(self, name: str, text: str | bytes) -> Path:
        """An article that was last changed a while ago."""
        path = self.root / "articles" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def configure(self, text: str) -> None:
        (self.root / "feedsvc.toml").write_text(text, encoding="utf-8")
