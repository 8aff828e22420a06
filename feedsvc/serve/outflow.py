"""How much is on its way to readers: bounded for `app.py`, since the engine does not do it.

It copies every body that it is handed, and writes the copies in a thread of its own. It reads a
large file in pieces, and holds some of them for as long as a reader takes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

TURN = 2 * 1024 * 1024  # bytes
MOST_MEMORY = 96 * 1024 * 1024  # more than the process has from the start
SMALL = 16 * 1024  # bytes of an answer that is sent nonetheless
MOST_FILES = 128  # at some 300 KB of pieces each
OPENING = 0.05  # seconds in which the engine opens a file that was begun, on a quick machine
_SHARE = 10  # of the time, one part may go into counting
_OPEN, _MEMORY = Path("/proc/self/fd"), Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGESIZE")

_give_way: Callable[[], object] = getattr(os, "sched_yield", lambda: None)


class Outflow:
    """What this process sends."""

    def __init__(self) -> None:
        self._most = sys.maxsize  # bytes of memory
        self._handed = 0  # bytes since the last turn
        self._full = False
        self._files = 0  # open when they were counted, and begun since
        self._few = True  # connections
        self._begun = 0.0  # when the last of them was
        self._next = 0.0  # when they may be counted again

    def bound(self) -> None:
        """Let no more memory be used than what is in use now and what answers may take."""
        self._most = _resident() + MOST_MEMORY

    def may_copy(self, length: int) -> bool:
        """Whether a body may be handed over; those of small answers always may.

        Now and then this lets the engine's other thread have its turn. Where both share a core,
        ours would else hand over hundreds before the first one is written: with 1,000 readers at
        once, five times the memory. And it looks at how much memory there is in use by then.
        """
        self._handed += length
        if self._handed > TURN or self._full:
            self._handed = 0
            _give_way()
            self._full = _resident() > self._most
        return not self._full or length <= SMALL

    def may_open(self) -> bool:
        """Whether one more file may be sent.

        They are counted only when as many have been begun as may be, and not before the engine had
        the time to open them: of one that is not open yet, a count sees nothing. Where there are
        too few connections for more, each of them may stand for a file. A busy machine takes longer
        to open, and as much longer to count: so that is what the time is measured by.
        """
        now = time.monotonic()
        if self._files >= MOST_FILES and (self._few or now >= self._next):
            files, connections = _opened()
            counted = time.monotonic()
            pause = max(OPENING, _SHARE * (counted - now))
            self._files = files if now >= self._begun + pause else connections
            self._few, self._next = connections < MOST_FILES, counted + pause
        if self._files >= MOST_FILES or _resident() > self._most:
            return False
        self._files, self._begun = self._files + 1, now
        return True


def _resident() -> int:
    """Bytes of memory in use, as far as that can be seen: on Linux."""
    try:
        return int(_MEMORY.read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0


def _opened() -> tuple[int, int]:
    """How many files the engine sends now, and how many connections there are at most."""
    files = connections = 0
    for link in _OPEN.iterdir() if _OPEN.is_dir() else ():
        try:
            target = os.readlink(link)  # noqa: PTH115 - no path: "socket:[4711]"
            # Those that we hold open ourselves were opened without blocking (reading.py).
            files += target.startswith("/") and os.get_blocking(int(link.name))
        except OSError:  # closed meanwhile
            continue
        connections += target.startswith("socket:")
    return files, connections


OUTFLOW = Outflow()
