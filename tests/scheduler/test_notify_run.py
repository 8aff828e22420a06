"""`feedsvc run` under a service manager: what it is told from the start to the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from feedsvc.store.locks import hold

PATIENCE = 60.0
CONFIG = '[[source]]\npath = "articles"\n'
PINGS = 4  # one each second: more than a single tick tells


class Unit:
    """A running daemon, and the service manager's end of its line."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self._ear = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        folder = stack.enter_context(tempfile.TemporaryDirectory())  # a socket's path is short
        self._ear.bind(f"{folder}/notify")
        self._ear.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedsvc", "run", "--no-server"],
            cwd=root,
            env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "3000000"},
            stderr=subprocess.DEVNULL,
        )
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)

    def wait_for(self, variable: str, times: int = 1) -> dict[str, str]:
        """The message that sets a variable, or the last of so many; what comes before is passed."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lines = self._ear.recv(65_536).decode().splitlines()
            told = dict(line.partition("=")[::2] for line in lines)
            times -= variable in told
            if times == 0:
                return told
        raise AssertionError(f"{variable} was not told")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles/ferry.txt").write_text("The ferry sails\n2025-03-14\n\nAt nine.\n")
    (tmp_path / "feedsvc.toml").write_text(CONFIG)
    return tmp_path


def test_a_life(root: Path, stack: ExitStack) -> None:
    unit = Unit(root, stack)

    ready = unit.wait_for("READY")
    assert ready["MAINPID"] == str(unit.process.pid)
    assert ready["STATUS"]
    unit.wait_for("WATCHDOG", times=PINGS)

    unit.process.send_signal(signal.SIGHUP)
    assert unit.wait_for("RELOADING")["MONOTONIC_USEC"].isdecimal()
    unit.wait_for("READY")

    (root / "feedsvc.toml").write_text("[site\n")
    unit.process.send_signal(signal.SIGHUP)
    unit.wait_for("RELOADING")
    assert "refused" in unit.wait_for("READY")["STATUS"]

    unit.process.send_signal(signal.SIGTERM)
    unit.wait_for("STOPPING")
    assert unit.process.wait(PATIENCE) == 0


def test_a_build_of_minutes_is_no_reason_to_bark(root: Path, stack: ExitStack) -> None:
    """Its tick goes on all the while, and no other begins."""
    (root / "var").mkdir()
    with hold(root / "var/feedsvc.db", "build", timeout=0):
        unit = Unit(root, stack)
        unit.wait_for("READY")

        unit.wait_for("WATCHDOG", times=PINGS)

        assert not (root / "public/all").exists()
