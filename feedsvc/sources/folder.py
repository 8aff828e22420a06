"""A folder of article files.

    scan (stat only) -> new or changed files -> quiet for a moment? -> read -> Document

An unchanged file is not even opened. A folder that is missing, unreadable or suddenly empty is a
failed sync and deletes nothing.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from re import compile as regex
from unicodedata import normalize

from feedsvc.errors import FetchError
from feedsvc.model import Document, FileStat, Harvest, Problem, Unreadable
from feedsvc.ports import Clock, KnownFile
from feedsvc.settings import Source

FORMS = {
    "": "plaintext", ".txt": "plaintext", ".text": "plaintext",
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown", ".mkd": "markdown",
    ".html": "html", ".htm": "html", ".xhtml": "html",
}  # fmt: skip

# What lies beside articles and is none: pictures, sound, films, fonts, what pages are made with.
ASSETS = frozenset(
    """.jpg .jpeg .jpe .png .gif .webp .avif .svg .ico .bmp .tif .tiff .heic .heif .psd
    .mp3 .m4a .aac .ogg .oga .opus .flac .wav .mp4 .m4v .mov .webm .ogv .avi .mkv .vtt .srt
    .pdf .css .js .map .woff .woff2 .ttf .otf""".split()
)

# What editors, office programs and downloads leave beside an article while it is written.
_TEMPORARY_ENDS = (
    "~", ".swp", ".swo", ".swx", ".part", ".partial", ".tmp", ".temp", ".bak", ".orig",
    ".crdownload", ".download", ".filepart", ".lock",
)  # fmt: skip
_TEMPORARY_STARTS = (".", "~$", "#", "._")
_TEMPORARY_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})

_name = attrgetter("name")

_NO_FILE = "is not a file but a pipe, a socket or a device; remove it, or `exclude` it"

LONGEST_WAIT = 30.0  # seconds a patient sync waits for files that keep changing


@dataclass(slots=True)
class _Scan:
    """What the folder holds at one moment, by path."""

    files: dict[str, tuple[str, FileStat]] = field(default_factory=dict)  # real path, stat
    problems: list[Problem] = field(default_factory=list)
    blind: list[str] = field(
        default_factory=list
    )  # what could not be looked into; folders end in /
    links: list[tuple[os.DirEntry[str], str]] = field(default_factory=list)  # to be followed
    visited: set[tuple[int, int]] = field(default_factory=set)  # folders, by device and inode


class FolderSource:
    """Reads the articles of a folder and of the folders inside it; fits `ports.Source`."""

    def __init__(
        self, settings: Source, clock: Clock, forms: Callable[[], Iterable[str]] = tuple
    ) -> None:
        """`forms` tells the parsers there are; each also reads the files that end in its name.

        It is asked only when a file with an unknown ending turns up.
        """
        if settings.path is None:
            raise FetchError(f"source '{settings.name}' has no path")
        self._settings = settings
        self._root = settings.path
        self._clock = clock
        self._more_forms = forms
        self._include = _any_glob(settings.include)
        self._exclude = _any_glob(settings.exclude)
        # Most files are articles by their very name: one look-up instead of all the other tests.
        self._article_ends = {end[1:] for end in FORMS if end}
        self._takes_all = not (settings.include or settings.exclude)
        self._seen_at: dict[str, tuple[FileStat, float]] = {}  # files with a date in the future

    async def collect(
        self, known: Mapping[str, KnownFile], *, reread: bool, patient: bool, trust_loss: bool
    ) -> Harvest:
        """Look for files that are new, changed or gone; see `ports.Source`."""
        scan = self._scan()
        changed = self._changed(scan, known, reread)
        restless = self._restless(changed, known)
        waited = 0.0
        while restless and patient and waited < LONGEST_WAIT:
            pause = min(restless.values())
            await self._clock.sleep(pause)
            waited += pause
            scan = self._scan()
            changed = self._changed(scan, known, reread)
            restless = self._restless(changed, known)

        missing = frozenset(
            path for path in known.keys() - scan.files.keys() if not _below(path, scan.blind)
        )
        articles = sum(file.article is not None for file in known.values())
        if articles and not scan.files and not scan.blind and not trust_loss:
            raise FetchError(
                f"{self._root} is suddenly empty ({articles} articles were there)",
                hint="is it mounted? nothing was withdrawn; if they are gone for good: "
                f"feedsvc sync --source {self._settings.name} --accept-loss",
            )
        quiet = [path for path in sorted(changed) if path not in restless]
        return Harvest(
            documents=self._read(scan, quiet),
            paths=frozenset(scan.files),
            missing=missing,
            problems=tuple(scan.problems),
            restless=tuple(sorted(restless)),
            quiet_in=min(restless.values(), default=None),
        )

    # -- looking ---------------------------------------------------------------------------------

    def _scan(self) -> _Scan:
        scan = _Scan()
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

    def _scan_folder(self, folder: str, prefix: str, scan: _Scan) -> None:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=_name)
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
            path = prefix + (name if name.isascii() else _spelled(name))
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

    def _descend(self, entry: os.DirEntry[str], path: str, scan: _Scan) -> None:
        if not _is_utf8(path):
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

    def _follow(self, entry: os.DirEntry[str], path: str, scan: _Scan) -> None:
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
            if not inside or _spelled(real.relative_to(root).as_posix()) not in scan.files:
                self._note(scan, path, entry.path, told)
        else:
            self._trouble(scan, path, _NO_FILE)

    def _note(self, scan: _Scan, path: str, real: str, told: os.stat_result) -> None:
        if not path.isascii() and not _is_utf8(path):
            self._trouble(scan, path, "has a name that is not UTF-8")
        elif path in scan.files:  # two spellings of one name in NFC, as after a copy from macOS
            self._trouble(scan, path, "stands here twice, in two Unicode spellings; rename one")
        else:
            scan.files[path] = (real, FileStat(told.st_size, told.st_mtime_ns, told.st_ctime_ns))

    def _unseen(self, scan: _Scan, path: str, reason: str) -> None:
        self._trouble(scan, path, reason)
        scan.blind.append(path)

    def _trouble(self, scan: _Scan, path: str, reason: str) -> None:
        name = path.encode("utf-8", "replace").decode()
        scan.problems.append(Problem(source=self._settings.name, path=name, reason=reason))

    def _wanted(self, path: str) -> bool:
        if self._exclude and self._exclude(path):
            return False
        if self._include:
            return self._include(path)
        return _ending(path) not in ASSETS

    # -- choosing --------------------------------------------------------------------------------

    def _changed(
        self, scan: _Scan, known: Mapping[str, KnownFile], reread: bool
    ) -> dict[str, FileStat]:
        if reread:
            return {path: told for path, (_, told) in scan.files.items()}
        return {
            path: told
            for path, (_, told) in scan.files.items()
            if (file := known.get(path)) is None or file.stat != told
        }

    def _restless(
        self, changed: Mapping[str, FileStat], known: Mapping[str, KnownFile]
    ) -> dict[str, float]:
        """The files that may still be written, and how many seconds to leave each alone.

        Only the mtime counts: a finished file that is moved or copied with its date into the folder
        may be read at once. One from the future is watched instead.
        """
        settle = self._settings.settle.total_seconds()
        now = self._clock.now().timestamp()
        waiting: dict[str, float] = {}
        watched = {}
        for path, told in changed.items():
            if (file := known.get(path)) is not None and file.stat == told:
                continue  # only read again
            age = now - told.mtime_ns / 1e9
            if age >= settle:
                continue
            if age >= 0:
                waiting[path] = settle - age
                continue
            before, since = self._seen_at.get(path, (told, now))
            watched[path] = (told, since if before == told else now)
            if (left := settle - (now - watched[path][1])) > 0:
                waiting[path] = left
        self._seen_at = watched
        return waiting

    # -- reading ---------------------------------------------------------------------------------

    @cached_property
    def _third_party(self) -> dict[str, str]:
        return {f".{form}": form for form in self._more_forms()}

    def _read(self, scan: _Scan, paths: Iterable[str]) -> Iterator[Document | Unreadable]:
        for path in paths:
            real, told = scan.files[path]
            ending = _ending(path)
            form = FORMS.get(ending) or self._third_party.get(ending)
            if form is None:
                yield Unreadable(
                    path=path,
                    stat=told,
                    reason=f"no parser reads '{ending}' files; leave them out with "
                    f'exclude = ["*{ending}"]',
                )
            elif told.size > self._settings.max_bytes:
                yield Unreadable(
                    path=path,
                    stat=told,
                    reason=f"is larger than max_bytes ({told.size:,} of "
                    f"{self._settings.max_bytes:,} bytes)",
                )
            else:
                try:
                    data = _read_file(real, told.size)
                except FileNotFoundError:
                    continue  # went since the scan: missing next time
                except OSError as error:
                    # Without a stat, so that it is tried again: rights may come without a change.
                    yield Unreadable(path=path, reason=f"cannot be read: {error.strerror}")
                    continue
                if data is None:
                    continue  # written to since the scan: changed next time
                yield Document(
                    source=self._settings.name, path=path, data=data, form=form, stat=told
                )


def _read_file(path: str, size: int) -> bytes | None:
    """The bytes of a file that still has this size, or None.

    What stands there by now, a pipe or a kernel's endless file, must not block or fill memory.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not modes.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = bytearray()
        while len(data) <= size and (more := file.read(size + 1 - len(data))):
            data += more
    return bytes(data) if len(data) == size else None


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name is hidden, temporary or a system's own."""
    lower = name.lower()
    return (
        name.startswith(_TEMPORARY_STARTS)
        or lower.endswith(_TEMPORARY_ENDS)
        or lower in _TEMPORARY_NAMES
    )


def _ending(path: str) -> str:
    name = path.rpartition("/")[2]
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def _spelled(name: str) -> str:
    """A name in NFC, its bytes taken for UTF-8 whatever the locale of a cron job or a service.

    Where Python took them for something else, an article would lose its name, and with it its feed.
    """
    return normalize("NFC", os.fsencode(name).decode("utf-8", "surrogateescape"))


def _is_utf8(path: str) -> bool:
    # The file system gives the bytes that are no UTF-8 as lone surrogates (PEP 383).
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _below(path: str, unseen: Iterable[str]) -> bool:
    return any(path == one or (one[-1:] == "/" and path.startswith(one)) for one in unseen)


def _any_glob(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """A test of paths: a pattern without `/` fits the name in any folder, one with it the path."""
    if not patterns:
        return None
    expressions = [
        translate(pattern.strip("/") if "/" in pattern else pattern) for pattern in patterns
    ]
    whole = [e for e, p in zip(expressions, patterns, strict=True) if "/" in p]
    names = [e for e, p in zip(expressions, patterns, strict=True) if "/" not in p]
    fits_path = regex("|".join(whole)).match if whole else None
    fits_name = regex("|".join(names)).match if names else None

    def fits(path: str) -> bool:
        return bool(
            (fits_path and fits_path(path)) or (fits_name and fits_name(path.rpartition("/")[2]))
        )

    return fits
