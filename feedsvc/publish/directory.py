"""The output directory: files appear whole, with their compressed forms, or not at all.

    temp files (document, .gz, .br, .zst) -> fsync -> rename together -> fsync of the folder

A reader never sees half a feed, and a full disk or a crash leaves the last good files.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import brotli
import zstandard

from feedsvc.errors import PublishError
from feedsvc.ports import LedgerLine, Placed

_TEMPORARY = ".tmp-"

# The levels where the next one costs twice the time and saves some 3 % of a feed of 100 to 300 KB.
# All windows are far below the 8 MB that RFC 9659 allows.
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda body: gzip.compress(body, compresslevel=5, mtime=0),  # no date: same bytes
    ".br": lambda body: brotli.compress(body, quality=5),
    ".zst": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
}

SIDECARS = tuple(_ENCODERS)
MANY = 64  # files; more are waited for together
SMALLEST = 256  # bytes; below, a compressed form saves nothing


class Directory:
    """Places files under one folder; fits `ports.Publisher`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def lies(self, line: LedgerLine) -> bool:
        """Whether the file and its sidecars are still as recorded."""
        wanted = {line.path: line.placed} | {
            line.path + ending: placed for ending, placed in line.sidecars.items()
        }
        return all(self._placed(path) == placed for path, placed in wanted.items())

    def _placed(self, path: str) -> Placed | None:
        try:
            told = os.stat(f"{self._root}/{path}")  # noqa: PTH116 - tens of thousands in a row
        except OSError:
            return None
        return Placed(size=told.st_size, mtime_ns=told.st_mtime_ns)

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put documents and their sidecars in place; raises PublishError, old files stay then.

        Returns, by path, how the document and each of its sidecars lie there now.
        """
        whole = {
            self._root / (path + ending): body
            for path, document in files.items()
            for ending, body in _forms(document)
        }
        written: dict[Path, Path] = {}
        try:
            made = self._prepare({target.parent for target in whole})
            for target, body in whole.items():
                written[target] = temporary = _temporary(target)
                _write(temporary, body)
            # After the last write, so that the disk may take them together.
            _sync_all(written.values())
            for stale in self._all_forms(files):
                # A document that got too small for sidecars must not keep those of the last one.
                if self._root / stale not in whole:
                    (self._root / stale).unlink(missing_ok=True)
            for target, temporary in written.items():
                temporary.replace(target)
            _sync_all({target.parent for target in whole} | made)
            placed = {path: self._placed(path) for path in self._all_forms(files)}
        except OSError as error:
            for temporary in written.values():
                temporary.unlink(missing_ok=True)
            raise PublishError(
                f"cannot write {error.filename or self._root}: {error.strerror}",
                hint="the last files are still there; check room and rights of the folder",
            ) from error
        found: dict[str, tuple[Placed, dict[str, Placed]]] = {}
        for path in files:
            own = placed[path]
            if own is None:
                raise PublishError(f"{self._root / path} went while it was written")
            sidecars = {e: p for e in SIDECARS if (p := placed[path + e]) is not None}
            found[path] = own, sidecars
        return found

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None if nothing that can be read does."""
        try:
            return (self._root / path).read_bytes()
        except OSError:
            return None

    def keep(self, path: str, body: bytes) -> None:
        """Put a file for our own server in place unless it says the same; raises PublishError.

        Nobody but the owner may read it: the addresses of private feeds can stand in it.
        """
        if self.read(path) == body:
            return
        target = self._root / path
        temporary = _temporary(target)
        try:
            made = self._prepare({target.parent})
            _write(temporary, body, mode=0o600)
            _sync(temporary)
            temporary.replace(target)
            for folder in {target.parent} | made:
                _sync(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise PublishError(
                f"cannot write {error.filename or target}: {error.strerror}"
            ) from error

    def _prepare(self, folders: Iterable[Path]) -> set[Path]:
        """Make the folders, and sweep what a killed run left in them.

        The caller holds the only build lock, so no temporary file is anybody's work. Returns the
        folders that got a new one, whose entry has to reach the disk too.
        """
        parents: set[Path] = set()
        for folder in folders:
            lacking = [part for part in (folder, *folder.parents) if not part.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            parents.update(part.parent for part in lacking)
            _sweep(folder)
        return parents

    def _all_forms(self, paths: Iterable[str]) -> Iterable[str]:
        return (path + ending for path in paths for ending in ("", *SIDECARS))

    def remove(self, paths: Iterable[str]) -> None:
        """Take files and their sidecars away, and folders that are empty then."""
        folders: set[Path] = set()
        try:
            for path in self._all_forms(paths):
                target = self._root / path
                target.unlink(missing_ok=True)
                folders.add(target.parent)
            left = sorted(filter(Path.is_dir, folders), reverse=True)
            for folder in left:
                _sweep(folder)
            _sync_all(left)
            for folder in left:
                for part in (folder, *folder.parents):
                    if part == self._root or not _removed(part):
                        break
        except OSError as error:
            raise PublishError(f"cannot remove {error.filename}: {error.strerror}") from error


def _forms(document: bytes) -> Iterable[tuple[str, bytes]]:
    # Sidecars first: a server that prefers them never has an old one beside a new document for
    # longer than it takes to rename four files.
    if len(document) >= SMALLEST:
        for ending, encode in _ENCODERS.items():
            yield ending, encode(document)
    yield "", document


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}{_TEMPORARY}{secrets.token_hex(4)}")


def _sweep(folder: Path) -> None:
    for name in os.listdir(folder):  # noqa: PTH208 - a name is all that is looked at
        if name.startswith(".") and _TEMPORARY in name:
            (folder / name).unlink(missing_ok=True)


def _write(path: Path, body: bytes, *, mode: int = 0o666) -> None:
    # 0o666 less the umask, so that a web server of another user may read it.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(body)


def _sync_all(paths: Collection[Path]) -> None:
    """Wait until the disk itself holds all of these.

    A wait for each is several of the disk's turns, and thousands of small pages have thousands of
    them: many wait for everything there is to write at once. Only Linux promises that `sync` waits
    (sync(2), NOTES).
    """
    if len(paths) > MANY and sys.platform == "linux":
        os.sync()
    else:
        for path in paths:
            _sync(path)


def _sync(path: Path) -> None:
    """Wait until the disk itself holds a file, or the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _removed(folder: Path) -> bool:
    """Take a folder away; False if something else lies there."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
