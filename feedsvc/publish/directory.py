"""The output directory: files appear whole, with their compressed forms, or not at all.

    temp files (document, .gz, .br, .zst) -> fsync -> rename together -> fsync of the folder

A reader never sees half a feed, and a full disk or a crash leaves the last good files. Paths are
plain strings here: there are four files to a document, and thousands of documents.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import brotli
import deflate
import zstandard

from feedsvc.errors import PublishError
from feedsvc.ports import LedgerLine, PageFile, Placed

_TEMPORARY = ".tmp-"

# The levels where the next one costs half as much again and saves some 3 % of a feed of 100 to
# 300 KB. All windows are far below the 8 MB that RFC 9659 allows. gzip is libdeflate's, whose
# bytes are fewer than zlib's at the same level, in half the time; it writes no date.
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda body: bytes(deflate.gzip_compress(body, 5)),
    # The slowest of them: of what is large one level less, for it is made anew at every edit.
    ".br": lambda body: brotli.compress(body, quality=5 if len(body) < _LARGE else 4),
    ".zst": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
}

_LARGE = 128 * 1024  # bytes

SIDECARS = tuple(_ENCODERS)
# A wait for each file is several of the disk's turns, and thousands of small pages have thousands
# of them: many wait for everything there is to write at once. Only Linux promises that `sync` waits
# (sync(2), NOTES).
MANY = 64
_WAITS = sys.platform == "linux"

SMALLEST = 256  # bytes; below, a compressed form saves nothing


class Directory:
    """Places files under one folder; fits `ports.Publisher`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def lies(self, line: LedgerLine) -> bool:
        """Whether the file and its sidecars are still as recorded."""
        at = self._at(line.path)
        return _placed(at) == line.placed and all(
            _placed(at + ending) == placed for ending, placed in line.sidecars.items()
        )

    def strays(self, files: Iterable[PageFile]) -> set[str]:
        """The paths of those files that are not as recorded, whatever their sidecars are."""
        found: set[str] = set()
        for path, size, mtime_ns, _ in files:
            try:
                told = os.stat(f"{self._root}/{path}")
            except OSError:
                found.add(path)
            else:
                if told.st_size != size or told.st_mtime_ns != mtime_ns:
                    found.add(path)
        return found

    def found(self, folders: Iterable[str], names: Collection[str]) -> Iterator[str]:
        """The paths of files of these names below some folders, with all their forms.

        And of unfinished files, also of those beside the folders.
        """
        wanted = set(_all_forms(names))
        with contextlib.suppress(FileNotFoundError):
            yield from filter(_is_unfinished, os.listdir(self._root))
        for below in folders:
            for folder, _, files in os.walk(f"{self._root}/{below}"):
                at = os.path.relpath(folder, self._root)
                yield from (f"{at}/{one}" for one in files if one in wanted or _is_unfinished(one))

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put documents and their sidecars in place; raises PublishError, old files stay then.

        Returns, by path, how the document and each of its sidecars lie there now.
        """
        whole = {
            self._at(path + ending): body
            for path, document in files.items()
            for ending, body in _forms(document)
        }
        mark = f"{_TEMPORARY}{secrets.token_hex(4)}"
        written: dict[str, str] = {}
        try:
            folders = {os.path.dirname(target) for target in whole}
            made = self._prepare(folders)
            with _Files() as handles:
                for target, body in whole.items():
                    written[target] = temporary = _temporary(target, mark)
                    handles.write(temporary, body)
                # After the last write, so that the disk may take them together.
                handles.sync()
            for stale in map(self._at, _all_forms(files)):
                # A document that got too small for sidecars must not keep those of the last one.
                if stale not in whole:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(stale)
            for target, temporary in written.items():
                os.replace(temporary, target)
            _sync_all(folders | made)
        except OSError as error:
            _discard(written.values())
            raise PublishError(
                f"cannot write {error.filename or self._root}: {error.strerror}",
                hint="the last files are still there; check room and rights of the folder",
            ) from error
        return {path: self._lying(path) for path in files}

    def _lying(self, path: str) -> tuple[Placed, dict[str, Placed]]:
        at = self._at(path)
        own = _placed(at)
        if own is None:
            raise PublishError(f"{at} went while it was written")
        return own, {e: placed for e in SIDECARS if (placed := _placed(at + e)) is not None}

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
        target = self._at(path)
        folder = os.path.dirname(target)
        temporary = _temporary(target, f"{_TEMPORARY}{secrets.token_hex(4)}")
        try:
            made = self._prepare({folder})
            with _Files(mode=0o600) as handles:
                handles.write(temporary, body)
                handles.sync()
            os.replace(temporary, target)
            _sync_all({folder} | made)
        except OSError as error:
            _discard([temporary])
            raise PublishError(
                f"cannot write {error.filename or target}: {error.strerror}"
            ) from error

    def _prepare(self, folders: Iterable[str]) -> set[str]:
        """Make the folders, and sweep what a killed run left in them.

        The caller holds the only build lock, so no temporary file is anybody's work. Returns the
        folders that got a new one, whose entry has to reach the disk too.
        """
        parents: set[str] = set()
        for folder in folders:
            try:
                _sweep(folder)
            except FileNotFoundError:
                parents.update(_lacking(folder))
                os.makedirs(folder, exist_ok=True)
        return parents

    def remove(self, paths: Iterable[str]) -> None:
        """Take files and their sidecars away, and folders that are empty then."""
        folders: set[str] = set()
        try:
            for target in map(self._at, _all_forms(paths)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                folders.add(os.path.dirname(target))
            left = sorted(filter(os.path.isdir, folders), reverse=True)
            for folder in left:
                _sweep(folder)
            _sync_all(left)
            for folder in left:
                part = folder
                while part != str(self._root) and _removed(part):
                    part = os.path.dirname(part)
        except OSError as error:
            raise PublishError(f"cannot remove {error.filename}: {error.strerror}") from error


class _Files:
    """Files that are written one after the other, and waited for together."""

    def __init__(self, *, mode: int = 0o666) -> None:
        # 0o666 less the umask, so that a web server of another user may read it.
        self._mode = mode
        self._open: list[int] = []
        self._closed: list[str] = []

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *error: object) -> None:
        while self._open:
            os.close(self._open.pop())

    def write(self, path: str, body: bytes) -> None:
        """Write a new file; few stay open, so that none is opened twice to wait for it."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode)
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


def _forms(document: bytes) -> Iterator[tuple[str, bytes]]:
    # Sidecars first: a server that prefers them never has an old one beside a new document for
    # longer than it takes to rename four files.
    if len(document) >= SMALLEST:
        for ending, encode in _ENCODERS.items():
            yield ending, encode(document)
    yield "", document


def _all_forms(paths: Iterable[str]) -> Iterator[str]:
    return (path + ending for path in paths for ending in ("", *SIDECARS))


def _placed(path: str) -> Placed | None:
    try:
        told = os.stat(path)
    except OSError:
        return None
    return Placed(size=told.st_size, mtime_ns=told.st_mtime_ns)


def _temporary(target: str, mark: str) -> str:
    folder, _, name = target.rpartition("/")
    return f"{folder}/.{name}{mark}"


def _discard(paths: Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _lacking(folder: str) -> Iterator[str]:
    """The folders in which one has to be made for `folder` to be there."""
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
        yield folder


def _sweep(folder: str) -> None:
    for name in os.listdir(folder):
        if _is_unfinished(name):
            os.unlink(f"{folder}/{name}")


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") and _TEMPORARY in name


def _sync_all(paths: Collection[str]) -> None:
    """Wait until the disk itself holds all of these."""
    if len(paths) > MANY and _WAITS:
        os.sync()
    else:
        for path in paths:
            _sync(path)


def _sync(path: str) -> None:
    """Wait until the disk itself holds a file, or the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _removed(folder: str) -> bool:
    """Take a folder away; False if something else lies there."""
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
