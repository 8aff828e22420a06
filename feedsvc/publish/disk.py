"""Files and folders as the disk itself holds them, whatever happens to the machine then."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Collection, Iterable, Iterator

# A wait for each file is several of the disk's turns, and thousands of small pages have thousands
# of them: many wait for everything there is to write at once. Only Linux promises that `sync` waits
# (sync(2), NOTES).
MANY = 64
_WAITS = sys.platform == "linux"

_TEMPORARY = ".tmp-"


class Files:
    """New files beside those whose place they take: written one by one, waited for together."""

    def __init__(self, *, mode: int = 0o666) -> None:
        # 0o666 less the umask, so that a web server of another user may read it.
        self._mode = mode
        self._mark = f"{_TEMPORARY}{secrets.token_hex(4)}"
        self._written: dict[str, str] = {}  # by the file whose place it takes
        self._open: list[int] = []
        self._closed: list[str] = []

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *error: object) -> None:
        """What did not take its place is thrown away."""
        while self._open:
            os.close(self._open.pop())
        for path in self._written.values():
            with contextlib.suppress(OSError):
                os.unlink(path)

    def write(self, target: str, body: bytes) -> None:
        """Write what is to take the place of a file."""
        folder, _, name = target.rpartition("/")
        self._written[target] = path = f"{folder}/.{name}{self._mark}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode)
        # Few stay open, so that none is opened twice to wait for it.
        if len(self._open) < MANY:
            self._open.append(handle)
        else:
            self._closed.append(path)
        try:
            left = memoryview(body)
            while left:
                left = left[os.write(handle, left) :]
        finally:
            if self._closed:
                os.close(handle)

    def sync(self) -> None:
        """Wait until the disk itself holds all of them."""
        if self._closed and _WAITS:
            os.sync()
            return
        for handle in self._open:
            os.fsync(handle)
        for path in self._closed:
            _sync(path)

    def take_their_places(self) -> None:
        """Each at once, in the order in which they were written."""
        for target in list(self._written):
            os.replace(self._written[target], target)
            del self._written[target]


def sync_all(folders: Collection[str]) -> None:
    """Wait until the disk itself holds the entries of folders."""
    if len(folders) > MANY and _WAITS:
        os.sync()
    else:
        for folder in folders:
            _sync(folder)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare(folders: Iterable[str]) -> set[str]:
    """Make the folders, and sweep what a killed run left in them.

    The caller holds the only build lock, so no temporary file is anybody's work. Returns the
    folders that got a new one, whose entry has to reach the disk too.
    """
    parents: set[str] = set()
    for folder in folders:
        try:
            sweep(folder)
        except FileNotFoundError:
            parents.update(_lacking(folder))
            os.makedirs(folder, exist_ok=True)
    return parents


def _lacking(folder: str) -> Iterator[str]:
    """The folders in which one has to be made for `folder` to be there."""
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
        yield folder


def sweep(folder: str) -> None:
    """Remove what a killed run left in a folder."""
    for name in os.listdir(folder):
        if is_unfinished(name):
            os.unlink(f"{folder}/{name}")


def is_unfinished(name: str) -> bool:
    """Whether a file of that name was to take the place of another."""
    return name.startswith(".") and _TEMPORARY in name


def place_of(path: str) -> str:
    """The file whose place an unfinished one was to take; another is what it is."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name[1:].partition(_TEMPORARY)[0]}" if is_unfinished(name) else path


def removed(folder: str) -> bool:
    """Take a folder away; False if something else lies there."""
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
