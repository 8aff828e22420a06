"""A folder of article files.

    scan.py (stat only) -> new or changed files -> quiet for a moment? -> read -> Document

An unchanged file is not even opened. A folder that is missing, unreadable or suddenly empty is a
failed sync and deletes nothing. What the names of files tell is in `names.py`.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from feedsvc.errors import FetchError
from feedsvc.model import Document, FileStat, Harvest, Unreadable
from feedsvc.ports import Clock, KnownFile
from feedsvc.settings import Source
from feedsvc.sources.folder.names import FORMS, ending_of
from feedsvc.sources.folder.scan import Scan, Scanner

LONGEST_WAIT = 30.0  # seconds a patient sync waits for files that keep changing


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
        self._scanner = Scanner(settings, settings.path)
        self._seen_at: dict[str, tuple[FileStat, float]] = {}  # files with a date in the future

    async def collect(
        self, known: Mapping[str, KnownFile], *, reread: bool, patient: bool, trust_loss: bool
    ) -> Harvest:
        """Look for files that are new, changed or gone; see `ports.Source`."""
        scan = self._scanner.scan()
        changed = self._changed(scan, known, reread)
        restless = self._restless(changed, known)
        waited = 0.0
        while restless and patient and waited < LONGEST_WAIT:
            pause = min(restless.values())
            await self._clock.sleep(pause)
            waited += pause
            scan = self._scanner.scan()
            changed = self._changed(scan, known, reread)
            restless = self._restless(changed, known)

        missing = frozenset(
            path for path in known.keys() - scan.files.keys() if not scan.hides(path)
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

    # -- choosing --------------------------------------------------------------------------------

    def _changed(
        self, scan: Scan, known: Mapping[str, KnownFile], reread: bool
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

    def _read(self, scan: Scan, paths: Iterable[str]) -> Iterator[Document | Unreadable]:
        for path in paths:
            real, told = scan.files[path]
            ending = ending_of(path)
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
