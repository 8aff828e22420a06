"""The output directory in memory: what `app.py` sends, always one whole version of each file.

    path -> Library.get -> Resource -> Representation (one body, coding, media type and ETag)

A path is looked at again (four `stat` calls) at most every 0.1 s. What has been looked at and is
unchanged is sent from memory; what changed is read again (`reading.py`), once for all who ask for
it.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from feedsvc.serve.paths import parts
from feedsvc.serve.reading import LARGE, Disk, Held, mark
from feedsvc.serve.resource import Redirect, Resource
from feedsvc.serve.versions import Versions

FRESH = 0.1  # seconds a look at the disk is good for
BUDGET = 32 * 1024 * 1024  # bytes of bodies held; with Python and the engine well below 120 MB
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO})


class UnavailableError(Exception):
    """The file may well be there, but cannot be read now: 503, not 404."""


class Library:
    """The files below `directory`, for one event loop."""

    def __init__(
        self,
        directory: Path,
        *,
        budget: int = BUDGET,
        large: int = LARGE,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.directory = directory
        self._disk = Disk(directory, large=large, now=now)
        self._budget = budget
        self.now = now
        self._held: OrderedDict[str, Held] = OrderedDict()  # least recently asked for first
        self._readings: dict[str, asyncio.Task[Resource | Redirect | None]] = {}
        self.size = 0  # bytes held, as the budget counts them
        self.versions = Versions()  # of what was read, also of what is no longer there

    def held(self, path: str) -> Resource | None:
        """What is known of a path, if it is unchanged: without waiting, in any thread."""
        held = self._held.get(path)
        if held is None or not _unchanged(held):
            return None
        try:
            self._held.move_to_end(path)
        except KeyError:  # dropped meanwhile, in the other thread
            return None
        return held.resource

    async def get(self, path: str) -> Resource | Redirect | None:
        """What a reader who asks for this decoded path is to get; None: nothing is there.

        Raises UnavailableError when the file cannot be read and no earlier version is in memory.
        """
        held = self._held.get(path)
        if held is not None and _unchanged(held):
            self._held.move_to_end(path)
            return held.resource
        reading = self._readings.get(path)
        if reading is None:
            names = parts(path)
            if names is None:
                return None
            reading = asyncio.create_task(self._renew(path, names, held))
            self._readings[path] = reading
            reading.add_done_callback(lambda _: self._readings.pop(path))
        return await asyncio.shield(reading)

    async def _renew(
        self, path: str, names: tuple[str, ...], held: Held | None
    ) -> Resource | Redirect | None:
        try:
            found = await asyncio.to_thread(self._disk.read, names, held)
        except OSError as error:
            if error.errno in _GONE:
                self._drop(path)
                return None
            if held is not None:  # the last good version, while the disk has trouble
                held.looked = time.monotonic()
                return held.resource
            raise UnavailableError(str(error)) from error
        self._drop(path)
        if isinstance(found, Redirect):
            return found
        resource = found.resource
        if resource.version is not None:
            tags = (content.digest.hex() for content in resource.contents.values())
            self.versions.learn(path, tags, resource.version)
        self._held[path] = found
        self.size += found.cost
        while self.size > self._budget and len(self._held) > 1:
            self.size -= self._held.popitem(last=False)[1].cost
        return resource

    def _drop(self, path: str) -> None:
        held = self._held.pop(path, None)
        if held is not None:
            self.size -= held.cost


def _unchanged(held: Held) -> bool:
    now = time.monotonic()
    if now - held.looked < FRESH:
        return True
    if now >= held.settles or tuple(map(mark, held.paths)) != held.marks:
        return False
    held.looked = now
    return True
