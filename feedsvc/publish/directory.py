"""The output directory: files appear whole, with their compressed forms, or not at all.

    temp files (document, .gz, .br, .zst) -> fsync -> rename together -> fsync of the folder

A reader never sees half a feed, and a full disk or a crash leaves the last good files. Paths are
plain strings here: there are four files to a document, and thousands of documents.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from feedsvc.decide import digest
from feedsvc.errors import PublishError
from feedsvc.ports import LedgerLine, PageFile, Placed
from feedsvc.publish.disk import Files, is_unfinished, place_of, prepare, removed, sweep, sync_all
from feedsvc.publish.forms import SIDECARS, all_forms, forms, unpacked
from feedsvc.text.keys import without_keys

Recall = Callable[[Sequence[str]], Mapping[str, LedgerLine]]
"""The lines of the ledger at some paths, by path."""


class Directory:
    """Places files under one folder; fits `ports.Publisher`."""

    def __init__(self, root: Path, recall: Recall | None = None) -> None:
        """`recall` knows what was published at some paths."""
        self._root = root
        self._recall = recall

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def lies(self, line: LedgerLine) -> bool:
        """Whether the file and its sidecars are still as recorded."""
        at = self._at(line.path)
        return _placed(at) == line.placed and all(
            _placed(at + ending) == placed for ending, placed in line.sidecars.items()
        )

    def holds(self, path: str, document: bytes) -> bool:
        """Whether the file and each of its sidecars say just that: all are read."""
        if self.read(path) != document:
            return False
        sidecars = {ending: self.read(path + ending) for ending in SIDECARS}
        return all(
            body is None or unpacked(ending, body, len(document)) == document
            for ending, body in sidecars.items()
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
        wanted = set(all_forms(names))
        with contextlib.suppress(FileNotFoundError):
            yield from filter(is_unfinished, os.listdir(self._root))
        for below in folders:
            for folder, _, files in os.walk(f"{self._root}/{below}"):
                at = os.path.relpath(folder, self._root)
                yield from (f"{at}/{one}" for one in files if one in wanted or is_unfinished(one))

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        """Put documents and their sidecars in place; raises PublishError, old files stay then.

        Returns, by path, how the document and each of its sidecars lie there now.
        """
        whole = {
            self._at(path + ending): body
            for path, document in files.items()
            for ending, body in forms(document)
        }
        try:
            folders = {os.path.dirname(target) for target in whole}
            made = prepare(folders)
            again = self._again(files)
            with Files() as fresh:
                for target, body in whole.items():
                    fresh.write(target, body)
                # After the last write, so that the disk may take them together.
                fresh.sync()
                for stale in map(self._at, all_forms(files)):
                    # A document that got too small for sidecars must not keep those of the last.
                    if stale not in whole:
                        with contextlib.suppress(FileNotFoundError):
                            os.unlink(stale)
                fresh.take_their_places()
            for target, mtime in again:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(target, ns=(mtime, mtime))
            sync_all(folders | made)
        except OSError as error:
            raise _refused("write", error, str(self._root)) from error
        return {path: self._lying(path) for path in files}

    def _again(self, files: Mapping[str, bytes]) -> list[tuple[str, int]]:
        """The times of files that were published as they are now, and are not there.

        They went with their disk, or it is another machine. To readers they are as old as they
        were: the time is their Last-Modified, and of most web servers part of the ETag. A file that
        stands there is another one, whose time may be later than that.
        """
        lost = [path for path in files if not os.path.exists(self._at(path))]
        if not lost or self._recall is None:
            return []
        found: list[tuple[str, int]] = []
        for path, line in self._recall(lost).items():
            if line.digest == digest(files[path]):
                every = {"": line.placed, **line.sidecars}
                found += [(self._at(path + end), lay.mtime_ns) for end, lay in every.items()]
        return found

    def _lying(self, path: str) -> tuple[Placed, dict[str, Placed]]:
        at = self._at(path)
        own = _placed(at)
        if own is None:
            raise PublishError(f"{without_keys(at)} went while it was written")
        return own, {e: placed for e in SIDECARS if (placed := _placed(at + e)) is not None}

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None if nothing that can be read does."""
        try:
            return (self._root / path).read_bytes()
        except OSError:
            return None

    def keep(self, path: str, body: bytes, *, lasting: bool = True) -> None:
        """Put a file of our own in place unless it says the same; raises PublishError.

        Nobody but the owner may read it: the addresses of private feeds can stand in it. One that
        is not `lasting` outlives a kill; to wait for the disk takes a hundred times as long.
        """
        if self.read(path) == body:
            return
        target = self._at(path)
        folder = os.path.dirname(target)
        try:
            made = prepare({folder})
            with Files(mode=0o600) as fresh:
                fresh.write(target, body)
                if lasting:
                    fresh.sync()
                fresh.take_their_places()
            if lasting:
                sync_all({folder} | made)
        except OSError as error:
            raise _refused("write", error, target) from error

    def remove(self, paths: Iterable[str], *, lasting: bool = True) -> None:
        """Take files and their sidecars away, and folders that are empty then."""
        folders: set[str] = set()
        try:
            for target in map(self._at, all_forms(paths)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                folders.add(os.path.dirname(target))
            left = sorted(filter(os.path.isdir, folders), reverse=True)
            for folder in left:
                sweep(folder)
            if lasting:
                sync_all(left)
            for folder in left:
                part = folder
                while part != str(self._root) and removed(part):
                    part = os.path.dirname(part)
        except OSError as error:
            raise _refused("remove", error, str(self._root)) from error


def _refused(what: str, error: OSError, where: str) -> PublishError:
    """What the operator is told: in no message stands the key of a private feed."""
    path = without_keys(place_of(error.filename2 or error.filename or where))
    if isinstance(error, IsADirectoryError):
        return PublishError(
            f"cannot {what} {path}: a folder lies in its place",
            hint="move the folder away; the next build does the rest",
        )
    if isinstance(error, NotADirectoryError | FileExistsError):
        return PublishError(
            f"cannot {what} {path}: a file lies where a folder has to be",
            hint="move that file away; the next build does the rest",
        )
    return PublishError(
        f"cannot {what} {path}: {error.strerror}",
        hint="the last files are still there; check room and rights of the folder",
    )


def _placed(path: str) -> Placed | None:
    try:
        told = os.stat(path)
    except OSError:
        return None
    return Placed(size=told.st_size, mtime_ns=told.st_mtime_ns)
