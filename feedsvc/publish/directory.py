"""The output directory: files appear whole, with their compressed forms, or not at all.

    temp files (document, .gz, .br, .zst) -> fsync -> rename together -> fsync of the folder

A reader never sees half a feed, and a full disk or a crash leaves the last good files.
"""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import brotli
import zstandard

from feedsvc.errors import PublishError
from feedsvc.ports import LedgerLine, Placed

_TEMPORARY = ".tmp-"

# The levels are those where a slower one saves no byte worth its time on a 220 KB feed.
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda body: gzip.compress(body, compresslevel=6, mtime=0),  # no date: same bytes
    ".br": lambda body: brotli.compress(body, quality=5),
    ".zst": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
}

SIDECARS = tuple(_ENCODERS)
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
            told = (self._root / path).stat()
        except OSError:
            return None
        return Placed(size=told.st_size, mtime_ns=told.st_mtime_ns)

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put documents and their sidecars in place; raises PublishError, old files stay then.

        Returns, by path, how the document and each of its sidecars lie there now.
        """
        whole = {
            path + ending: body
            for path, document in files.items()
            for ending, body in _forms(document)
        }
        written: dict[str, Path] = {}
        try:
            for path, body in whole.items():
                target = self._root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._sweep(target)
                written[path] = _write(target, body)
            for path, temporary in written.items():
                temporary.replace(self._root / path)
            for folder in {(self._root / path).parent for path in whole}:
                _sync_folder(folder)
            placed = {path: self._placed(path) for path in whole}
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
            sidecars = {e: p for e in SIDECARS if (p := placed.get(path + e)) is not None}
            found[path] = own, sidecars
        self._drop_stale_sidecars(files, whole)
        return found

    def _drop_stale_sidecars(self, files: Iterable[str], whole: Mapping[str, bytes]) -> None:
        for path in files:
            for ending in SIDECARS:
                if path + ending not in whole:
                    (self._root / (path + ending)).unlink(missing_ok=True)

    def _sweep(self, target: Path) -> None:
        """Remove what a killed run left behind; the caller holds the only build lock."""
        for left in target.parent.glob(f".{target.name}{_TEMPORARY}*"):
            left.unlink(missing_ok=True)

    def remove(self, paths: Iterable[str]) -> None:
        """Take files and their sidecars away, and folders that are empty then."""
        folders: set[Path] = set()
        try:
            for path in paths:
                for ending in ("", *SIDECARS):
                    (self._root / (path + ending)).unlink(missing_ok=True)
                folders.add((self._root / path).parent)
        except OSError as error:
            raise PublishError(f"cannot remove {error.filename}: {error.strerror}") from error
        for folder in sorted(folders, reverse=True):
            if folder != self._root:
                _remove_if_empty(folder)


def _forms(document: bytes) -> Iterable[tuple[str, bytes]]:
    # Sidecars first: a server that prefers them never has an old one beside a new document for
    # longer than it takes to rename four files.
    if len(document) >= SMALLEST:
        for ending, encode in _ENCODERS.items():
            yield ending, encode(document)
    yield "", document


def _write(target: Path, body: bytes) -> Path:
    """A temporary file beside `target` that holds `body` on the disk itself."""
    temporary = target.with_name(f".{target.name}{_TEMPORARY}{secrets.token_hex(4)}")
    # 0o666 less the umask, so that a web server of another user may read it.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # something else lies there
