"""How much is on its way to readers: bounded for `app.py`, since the engine does not do it.

It copies every body that it is handed, and writes the copies in a thread of its own. It reads a
large file in pieces, and holds some of them for as long as a reader takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

TURN = 2 * 1024 * 1024  # bytes
MOST_FILES = 128  # at some 300 KB of pieces each
_OPENING = 0.25  # seconds
_OPEN = Path("/proc/self/fd")

_give_way: Callable[[], object] = getattr(os, "sched_yield", lambda: None)


class Outflow:
    """What one process sends."""

    def __init__(self) -> None:
        self._handed = 0
        self._files = 0  # open when they were counted, and begun since
        self._counted = 0.0

    def body(self, length: int) -> None:
        """Note a body that was handed over, and let the engine's other thread have its turn.

        Where both share a core, ours would else hand over hundreds before the first one is written:
        with 1,000 readers at once, five times the memory.
        """
        self._handed += length
        if self._handed > TURN:
            self._handed = 0
            _give_way()

    def may_open(self) -> bool:
        """Whether one more file may be sent.

        How many there are is counted only when as many have been begun as may be, and not at once
        again: the engine opens them a moment later.
        """
        if self._files >= MOST_FILES and (now := time.monotonic()) >= self._counted + _OPENING:
            self._files, self._counted = _open_files(), now
        if self._files >= MOST_FILES:
            return False
        self._files += 1
        return True


def _open_files() -> int:
    """How many files the engine has open to send them, and we to have them sent."""
    found = 0
    for link in _OPEN.iterdir():
        try:
            found += os.readlink(link).startswith("/")  # noqa: PTH115 - no path: "socket:[4711]"
        except OSError:
            continue
    return found
