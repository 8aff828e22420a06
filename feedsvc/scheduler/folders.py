"""What happens in folders, told by the system: a new file is published within moments.

    watchfiles, in a thread of its own -> names of sources -> daemon: looks into them at once

The rescan stays as the net. It comes seldom where the system can be relied on to tell everything,
and as often as ever elsewhere: other machines write to network file systems without a word to this
one, a container's layers hide some of it, and the system watches only so many folders.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from feedsvc.scheduler.mounts import Mounts, Reach
from feedsvc.settings import Cron, Settings
from feedsvc.sources.folder.names import is_temporary

log = logging.getLogger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # else it tells of every second

QUIET = 300  # milliseconds without another event after which a change is told
LONGEST = 1_000  # milliseconds that a change waits for such a moment
LOOK = 1_000  # milliseconds between two looks whether a folder is another one by now
RETRY = 600.0  # seconds, at most, until watching is tried again that has failed
TRIES = 3  # after which an operator is told
STEADY = 60.0  # seconds of watching after which all is well again


class _Place(NamedTuple):
    """A folder as it lies there: where a link leads, and which one it is."""

    path: str
    device: int
    inode: int
    reach: Reach


def watchable(settings: Settings) -> dict[str, Path]:
    """The folders in which news is to be noticed at once, by the names of their sources.

    Not those that are looked into at times of day: that is what their operator wants.
    """
    return {
        one.name: one.path
        for one in settings.sources
        if one.kind == "folder" and one.path is not None and not isinstance(one.every, Cron)
    }


class Folders:
    """Watches folders and tells in which of them something happened.

    `stirred` is called with the names of their sources, `refused` with what keeps us from watching
    (None: nothing any more); both in the watching thread.
    """

    def __init__(
        self,
        stirred: Callable[[Collection[str]], object],
        refused: Callable[[str | None], object],
    ) -> None:
        self._stirred = stirred
        self._refused = refused
        self._wanted: Mapping[str, Path] = {}
        self._ended = False
        self._news = threading.Event()  # other folders are wanted, or none any more
        self._thread: threading.Thread | None = None
        self._failures = 0  # of watching, in a row
        self._since = 0.0  # when it began last
        self._mounts = Mounts()
        self.trusted: frozenset[str] = frozenset()
        """The sources of whose folders everything is told."""

    def watch(self, folders: Mapping[str, Path]) -> None:
        """Watch these folders, by the names of their sources, and no others."""
        if folders == self._wanted:
            return
        self._wanted = dict(folders)
        if self._thread is None:
            # A daemon thread: the system may keep it waiting for a disk that does not answer.
            self._thread = threading.Thread(target=self._run, name="folders", daemon=True)
            self._thread.start()
        self._news.set()

    def end(self) -> None:
        """Watch no more."""
        self._ended = True
        self._news.set()

    # -- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        known: Mapping[str, _Place] = {}
        while True:
            self._news.clear()  # before anything is looked at: what changes after that wakes us
            if self._ended:
                return
            places = self._places()
            self._trust(())
            # What came while nobody watched is not told by anybody.
            self._tell(name for name in places if places[name] != known.get(name))
            known = places
            if not places:
                self._news.wait(LOOK / 1000)
                continue
            self._since = monotonic()
            try:
                self._watch(places)
                self._failures = 0
            except FileNotFoundError:  # one of them went a moment ago
                self._trust(())
                self._news.wait(LOOK / 1000)
            except Exception as error:  # as many kinds as there are systems
                # Even a name that is no UTF-8 is one; that passes, a limit of the system may not.
                log.debug("folders cannot be watched", exc_info=True)
                self._trust(())
                self._failures += 1
                if self._failures >= TRIES:
                    self._refused(_said(error))
                self._news.wait(min(2.0**self._failures, RETRY))

    def _watch(self, places: Mapping[str, _Place]) -> None:
        """Tell what happens there until other folders are to be watched."""
        from watchfiles import watch

        roots = sorted({place.path for place in places.values()})
        begun = False
        for changes in watch(
            *roots,
            watch_filter=None,
            debounce=LONGEST,
            step=QUIET,
            stop_event=self._news,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            if self._failures and monotonic() - self._since > STEADY:
                self._failures = 0
                self._refused(None)
            if not begun:
                begun = True
                if not self._failures:
                    self._refused(None)
                self._trust(name for name, place in places.items() if place.reach is Reach.LOCAL)
                self._tell(places)  # a file may have come after the folder was looked into last
            self._tell(_concerned(places, [path for _, path in changes]))
            if self._places() != places:  # a folder was made, moved or replaced
                break

    def _places(self) -> dict[str, _Place]:
        """The folders that are there and may be watched."""
        self._mounts.look()
        found = {}
        for name, folder in self._wanted.items():
            if self._mounts.reach(os.fspath(folder)) is Reach.REMOTE:
                continue  # not even where its links lead is asked
            real = os.path.realpath(folder)
            reach = self._mounts.reach(real)
            if reach is not Reach.REMOTE:
                with suppress(OSError):
                    status = os.stat(real)  # noqa: PTH116  a path of the system's own, as it is
                    found[name] = _Place(real, status.st_dev, status.st_ino, reach)
        return found

    def _tell(self, names: Iterable[str]) -> None:
        if found := frozenset(names):
            self._stirred(found)

    def _trust(self, names: Iterable[str]) -> None:
        before, self.trusted = self.trusted, frozenset(names)
        # Their rescan was put off for as long as everything was told.
        self._tell(before - self.trusted)


def _concerned(places: Mapping[str, _Place], paths: Collection[str]) -> set[str]:
    """The sources in whose folders any of these paths lies, but for what is no article ever."""
    found: set[str] = set()
    for name, (root, *_) in places.items():
        below = root.rstrip("/") + "/"
        for path in paths:
            if path == root:
                found.add(name)
            elif path.startswith(below):
                parts = path[len(below) :].split("/")
                if not any(is_temporary(part) for part in parts if part):
                    found.add(name)
    return found


def _said(error: Exception) -> str:
    """Why the system does not watch, and what to do."""
    said = str(error)
    if "limit" in said.lower() or getattr(error, "errno", None) in (24, 28):  # EMFILE, ENOSPC
        return (
            "the system watches no more folders (raise fs.inotify.max_user_watches); they are "
            "looked into every few seconds instead"
        )
    return f"folders cannot be watched ({said}); they are looked into every few seconds instead"
