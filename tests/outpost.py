"""The farm of the benchmarks as a process of its own, and real `feedsvc` processes that ask it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FARM = Path(__file__).parent / "bench/farm.py"
TIMEOUT = 120.0


@dataclass
class Farm:
    """Many feeds on loopback, and a configuration with all of them."""

    address: str
    config: Path

    def ask(self, path: str, method: str = "GET") -> str:
        request = urllib.request.Request(self.address + path, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return str(answer.read().decode())

    def advance(self, percent: int) -> None:
        """So many feeds get a new entry, and edit an old one."""
        self.ask(f"/-/advance?percent={percent}", "POST")

    def links(self) -> list[tuple[str, str]]:
        """Source and link of every entry there ever was."""
        lines = (line.split(" ", 1) for line in self.ask("/-/links").splitlines())
        return [(source, link) for source, link in lines]


@contextmanager
def farm(folder: Path, *, feeds: int, hosts: int, latency: float = 0) -> Iterator[Farm]:
    """A farm that is at work; `latency` in milliseconds."""
    process = subprocess.Popen(
        [
            sys.executable, FARM, "--feeds", str(feeds), "--hosts", str(hosts),
            "--latency", str(latency), "--write", folder,
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    try:
        yield Farm(told["address"], folder / "feedsvc.toml")
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT)
        process.stdout.close()


@dataclass
class Site:
    """A folder with a configuration, and commands in it."""

    root: Path

    def configure(self, text: str) -> None:
        self.root.mkdir(exist_ok=True)
        (self.root / "feedsvc.toml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "feedsvc", *arguments],
            cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out, err

    @property
    def database(self) -> Path:
        return self.root / "var/feedsvc.db"

    @property
    def public(self) -> Path:
        return self.root / "public"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()
