"""What a folder holds at one moment: every file that may be an article, found by stat alone."""

from __future__ import annotations

import os
import stat as modes
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from feedsvc.errors import FetchError
from feedsvc.model import FileStat, Problem
from feedsvc.settings import Source
from feedsvc.sources.folder.names import (
    ASSETS,
    FORMS,
    any_glob,
    ending_of,
    is_temporary,
    is_utf8,
    spelled,
)

_by_name = attrgetter("name")

_NO_FILE = "is not a file but a pipe, a socket or a device; remove it, or `exclude` it"


@dataclass(slots=True)
class Scan:
    """What the folder holds at one moment, by path."""

    files: dict[str, tuple[str, FileStat]] = field(default_factory=dict)  # real path, stat
    problems: list[Problem] = field(default_factory=list)
    # What could not be looked into; folders end in /.
    blind: list[str] = field(default_factory=list)
    links: list[tuple[os.DirEntry[str], str]] = field(default_factory=list)  # to be followed
    visited: set[tuple[int, int]] = field(default_factory=set)  # folders, by device and inode

    def hides(self, path: str) -> bool:
        """Whether a file that was not seen may be there all the same."""
        return any(path == one or (one[-1:] == "/" and path.startswith(one)) for one in self.blind)


class Scanner:
    """Looks through the folder of a source, and the folders inside it."""

    def __init__(self, settings: Source, root: Path) -> None:
        self._name = settings.name
        self._root = root
        self._include = any_glob(settings.include)
        self._exclude = any_glob(settings.exclude)
        # Most files are articles by their very name: one look-up instead of all the other tests.
        self._article_ends = {end[1:] for end in FORMS if end}
        self._takes_all = not (settings.include or settings.exclude)

    def scan(self) -> Scan:
        """Look at the whole of it; raises FetchError."""
        scan = Scan()
        try:
            top = self._root.stat()
        except OSError as error:
            raise FetchError(
                f"cannot read {self._root}: {error.strerror}",
                hint="check `path` of the source, that it is mounted, and its rights",
            ) from error
        if not modes.S_ISDIR(top.st_mode):
            raise FetchError(f"{self._root} is not a folder", hint="`path` names a folder")
        scan.visited.add((top.st_dev, top.st_ino))
        self._scan_folder(os.fspath(self._root), "", scan)
        # Links come last: what lies inside the folder itself is known by its own path, and a link
        # to it, or to a folder it lies in, adds nothing.
        while scan.links:
            self._follow(*scan.links.pop(0), scan)
        return scan

    def _scan_folder(self, folder: str, prefix: str, scan: Scan) -> None:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=_by_name)
        except OSError as error:
            if not prefix:
                raise FetchError(
                    f"cannot read {folder}: {error.strerror}", hint="check its rights"
                ) from error
            if not isinstance(error, FileNotFoundError):
                self._unseen(scan, prefix, f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            name = entry.name
            clear = name.rpartition(".")[2] in self._article_ends and name[0] not in ".~#"
            if not clear and is_temporary(name):
                continue
            path = prefix + (name if name.isascii() else spelled(name))
            if entry.is_symlink():
                scan.links.append((entry, path))
            elif entry.is_dir():
                self._descend(entry, path, scan)
            elif (clear and self._takes_all) or self._wanted(path):
                try:
                    if not entry.is_file():
                        self._trouble(scan, path, _NO_FILE)
                        continue
                    told = entry.stat()
                except FileNotFoundError:
                    continue  # went while we looked
                except OSError as error:
                    self._unseen(scan, path, f"cannot be read: {error.strerror}")
                    continue
                self._note(scan, path, entry.path, told)

    def _descend(self, entry: os.DirEntry[str], path: str, scan: Scan) -> None:
        if not is_utf8(path):
            self._trouble(scan, path, "has a name that is not UTF-8")
            return
        try:
            told = entry.stat()
        except OSError as error:
            self._unseen(scan, f"{path}/", f"cannot be read: {error.strerror}")
            return
        place = (told.st_dev, told.st_ino)
        if place not in scan.visited:
            scan.visited.add(place)
            self._scan_folder(entry.path, f"{path}/", scan)

    def _follow(self, entry: os.DirEntry[str], path: str, scan: Scan) -> None:
        try:
            told = entry.stat()
        except OSError as error:
            if self._wanted(path):
                # Perhaps what it leads to is not mounted: its article stays.
                self._unseen(scan, path, f"is a link that leads nowhere ({error.strerror})")
                scan.blind.append(f"{path}/")
            return
        if modes.S_ISDIR(told.st_mode):
            self._descend(entry, path, scan)
        elif not self._wanted(path):
            return
        elif modes.S_ISREG(told.st_mode):
            real, root = Path(entry.path).resolve(), self._root.resolve()
            inside = real.is_relative_to(root)
            if not inside or spelled(real.relative_to(root).as_posix()) not in scan.files:
                self._note(scan, path, entry.path, told)
        else:
            self._trouble(scan, path, _NO_FILE)

    def _note(self, scan: Scan, path: str, real: str, told: os.stat_result) -> None:
        if not path.isascii() and not is_utf8(path):
            self._trouble(scan, path, "has a name that is not UTF-8")
        elif path in scan.files:  # two spellings of one name in NFC, as after a copy from macOS
            self._trouble(scan, path, "stands here twice, in two Unicode spellings; rename one")
        else:
            scan.files[path] = (real, FileStat(told.st_size, told.st_mtime_ns, told.st_ctime_ns))

    def _unseen(self, scan: Scan, path: str, reason: str) -> None:
        self._trouble(scan, path, reason)
        scan.blind.append(path)

    def _trouble(self, scan: Scan, path: str, reason: str) -> None:
        name = path.encode("utf-8", "replace").decode()
        scan.problems.append(Problem(source=self._name, path=name, reason=reason))

    def _wanted(self, path: str) -> bool:
        if self._exclude and self._exclude(path):
            return False
        if self._include:
            return self._include(path)
        return ending_of(path) not in ASSETS
