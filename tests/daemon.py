"""A `feedsvc` process that goes on by itself, and what it said: for whoever tests what it does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Seconds until a test gives up. Nothing waits that long when all is well: this is for a machine
# that has much else to do.
PATIENCE = 60.0
OLD = 1_700_000_000  # when a text was written that nobody is writing any more


class Daemon:
    """A folder with a configuration, and the process at work in it."""

    def __init__(self, root: Path, *command: str) -> None:
        self.root = root
        self.command = command or ("-m", "feedsvc", "run", "--no-server")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.root / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, *self.command, *options],
                cwd=self.root, stdout=said, stderr=said, env={**os.environ, **environment},
            )  # fmt: skip
        return self.process

    @property
    def said(self) -> str:
        return (self.root / "said.txt").read_text()

    def wait_for(self, what: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until it is so; the process must not end before."""
        deadline = time.monotonic() + patience
        while not what():
            assert self.process is None or self.process.poll() is None, f"it ended:\n{self.said}"
            assert time.monotonic() < deadline, f"it did not happen:\n{self.said}"
            time.sleep(0.02)

    def hears(self, line: str) -> None:
        """Wait until it says so."""
        self.wait_for(lambda: line in self.said)

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """Leave nothing of it, however the test ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command, beside it."""
        return subprocess.run(
            [sys.executable, "-m", "feedsvc", *arguments],
            cwd=self.root, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    # -- what it publishes -------------------------------------------------------------------------

    def published(self, path: str = "all/atom.xml") -> str:
        """A file of the output directory; nothing, where there is none yet."""
        try:
            return (self.root / "public" / path).read_text()
        except FileNotFoundError:
            return ""

    def entries(self) -> list[str]:
        """The titles of the entries, from the first to the last."""
        return re.findall(r"<entry>.*?<title>(.*?)</title>", self.published(), re.DOTALL)

    def titles(self) -> set[str]:
        return set(self.entries())


def write(path: Path, title: str, *, settled: bool = True) -> Path:
    """A text; of one that is settled, nobody has to wait whether more of it comes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{title}\n2025-01-01\n\nText of {title}.\n")
    if settled:
        os.utime(path, (OLD, OLD))
    return path
