"""Who holds a lock, found without taking or disturbing it: Linux tells, elsewhere it is tried."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LOCKS = Path("/proc/locks")
_WRITE_LOCK = 120  # byte of the `-shm` file that a writer holds (sqlite.org/walformat.html §2.3)


class Holder(NamedTuple):
    """The process that holds a lock, as far as it can be told."""

    pid: int | None

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        return f"process {self.pid} ({command_of(self.pid) or 'of another user'})"


class _Line(NamedTuple):
    kind: str  # FLOCK | POSIX | OFDLCK
    mode: str  # READ | WRITE
    pid: int
    device: tuple[int, int]
    inode: int
    start: int
    end: float


def holder_of(lock: Path) -> Holder | None:
    """Who holds a lock file of ours (`SqlStore.lock`); None if nobody does.

    Raises OSError if that cannot be told.
    """
    try:
        told = lock.stat()
    except FileNotFoundError:
        return None
    lines = [one for one in _lines() if one.kind == "FLOCK" and one.inode == told.st_ino]
    for line in lines:
        if line.device == _device(told):
            return Holder(line.pid if line.pid > 0 else None)
    if not _is_held(lock):
        return None
    # Layered file systems show another device than the one the kernel knows.
    return Holder(lines[0].pid if len(lines) == 1 and lines[0].pid > 0 else None)


def daemon_of(database: Path) -> Holder | None:
    """The `feedsvc run` that is at work on a store; raises OSError if that cannot be told."""
    from feedsvc.store.locks import place_of  # brings in SQLAlchemy

    return holder_of(place_of(database, "daemon"))


def writer_of(database: Path) -> Holder | None:
    """Who holds the write lock of a SQLite database just now, as far as Linux tells."""
    return _posix(database.with_name(f"{database.name}-shm"), _WRITE_LOCK)


def owner_of(database: Path) -> Holder | None:
    """Who holds all of a SQLite database, so that nobody else may even read."""
    return _posix(database, None)


def _posix(file: Path, byte: int | None) -> Holder | None:
    # Read in /proc and not asked of the file: closing it would drop this process's own locks on it.
    try:
        told = file.stat()
    except OSError:
        return None
    for line in _lines():
        if line.kind not in {"POSIX", "OFDLCK"} or line.mode != "WRITE":
            continue
        if line.inode != told.st_ino or line.device != _device(told):
            continue
        if byte is None or line.start <= byte <= line.end:
            return Holder(line.pid if line.pid > 0 else None)
    return None


def command_of(pid: int) -> str | None:
    """What a process is, in a few words; None if this user may not know."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    named = [word.decode(errors="replace") for word in words if word]
    if not named:
        return None
    for number, word in enumerate(named[:4]):  # python -m feedsvc run …
        if Path(word).name in {"feedsvc", "feedsvc.exe"}:
            return " ".join(["feedsvc", *named[number + 1 : number + 2]])
    return Path(named[0]).name


def user_of(pid: int) -> int | None:
    """The user a process runs as."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def user_name(uid: int) -> str:
    """The name of a user, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _lines() -> Iterator[_Line]:
    """The locks of all processes: `1: FLOCK  ADVISORY  WRITE 4711 08:01:5325 0 EOF`."""
    try:
        text = _LOCKS.read_text()
    except OSError:
        return
    for row in text.splitlines():
        columns = row.split()[1:]
        if len(columns) < 7 or columns[0] == "->":  # who waits for it
            continue
        with suppress(ValueError):
            major, minor, inode = columns[4].split(":")
            yield _Line(
                kind=columns[0],
                mode=columns[2],
                pid=int(columns[3]),
                device=(int(major, 16), int(minor, 16)),
                inode=int(inode),
                start=int(columns[5]),
                end=float("inf") if columns[6] == "EOF" else int(columns[6]),
            )


def _device(told: os.stat_result) -> tuple[int, int]:
    return os.major(told.st_dev), os.minor(told.st_dev)


def _is_held(lock: Path) -> bool:
    """Whether a lock is held, by trying to share it for a moment."""
    import fcntl

    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
