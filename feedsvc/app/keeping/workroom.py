"""A folder for what is not finished yet: thrown away at the end, or by the next one.

Whoever works in one holds a lock on it, of which the operating system lets go when that process
dies: so what a killed one left is told from what another is at work on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".feedsvc-unfinished-"


@contextmanager
def workroom(folder: Path) -> Iterator[Path]:
    """A new folder inside `folder` that only we may read; raises OSError."""
    _sweep(folder)
    room, handle = _made(folder)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(handle)


def _made(folder: Path) -> tuple[Path, int]:
    while True:
        room = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        with suppress(FileNotFoundError):
            handle = os.open(room, os.O_RDONLY)
            _lock(handle)
            # Somebody who sweeps may have been faster.
            if room.exists():
                return room, handle
            os.close(handle)


def _sweep(folder: Path) -> None:
    for room in folder.glob(f"{_PREFIX}*"):
        try:
            handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if _lock(handle):
                shutil.rmtree(room, ignore_errors=True)
        finally:
            os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is taken; or the disk knows no locks, and nothing is swept there
        return False
    return True
