"""The output directory in memory: what `app.py` sends, always one whole version of each file.

    path -> Library.get -> Resource -> Representation (one body, coding, media type and ETag)

A path is looked at again (four `stat` calls) at most every 0.1 s. What has been looked at and is
unchanged is sent from memory; what changed is read again in a thread, once for all who ask for it.
"""

from __future__ import annotations

import asyncio
import errno
import math
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from feedsvc.serve import headers
from feedsvc.serve.conditional import IDENTITY
from feedsvc.serve.entries import Version, cut, is_subscribed
from feedsvc.serve.headers import Fields
from feedsvc.serve.paths import CODINGS, INDEX, MediaType, media_type, parts
from feedsvc.serve.sidecars import Readable, decodes_to, digest
from feedsvc.serve.versions import Versions

FRESH = 0.1  # seconds a look at the disk is good for
LONGEST = 4 * 1024 * 1024  # bytes; of longer documents, readers are sent the whole
# Bytes; a file above stays on the disk and is sent from its open descriptor: of what is sent from
# memory, the engine makes a copy for every reader, however slowly each of them takes it.
LARGE = 256 * 1024
BUDGET = 32 * 1024 * 1024  # bytes of bodies held; with Python and the engine well below 120 MB
_RECORD_COST = 4096  # the headers and objects of a resource
_DESCRIPTOR_COST = 256 * 1024  # so that the budget bounds the number of open files, too
_TRIES = 3  # to read a file that someone writes in place
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO})


class UnavailableError(Exception):
    """The file may well be there, but cannot be read now: 503, not 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """The path names a folder; its page is at the same path with a slash."""


@dataclass(slots=True, eq=False)
class OpenFile:
    """A file that stays readable, as it was, after another took its name."""

    descriptor: int

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of a span; shorter only when someone cut the file in place."""
        pieces = []
        while start < stop and (piece := os.pread(self.descriptor, stop - start, start)):
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def __del__(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Content:
    """The bytes of one file, in memory or, when large, on the disk."""

    length: int
    digest: bytes
    body: bytes | None = None
    file: OpenFile | None = None

    @property
    def cost(self) -> int:
        return _DESCRIPTOR_COST if self.body is None else len(self.body)

    def bytes(self) -> bytes:
        """All of it; of a large file from the disk."""
        if self.body is not None:
            return self.body
        return self.file.read(0, self.length) if self.file is not None else b""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Representation:
    """One form of a resource, with the fields of its 200 and 304."""

    content: Content
    etag: str
    fields: Fields
    not_modified: Fields


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Resource:
    """One document of the output directory in all its forms.

    `codings` are those with a sidecar that holds this very document, best first.
    """

    kind: MediaType
    modified: int
    codings: tuple[str, ...]
    contents: Mapping[str, Content]
    version: Version | None  # of a document that readers subscribe to
    forms: Mapping[tuple[str, bool], Representation]

    def form(self, coding: str, *, document: bool) -> Representation:
        """The form in this coding, labelled for a browser's page view if `document` asks so."""
        return self.forms[coding, document and self.kind.document is not None]


Mark = tuple[int, int, int, int, int]  # device, inode, size, mtime and ctime in nanoseconds


@dataclass(slots=True, eq=False, kw_only=True)
class _Held:
    """A resource in memory, and what the disk looked like when it was read."""

    resource: Resource
    paths: tuple[str, ...]  # the document and its possible sidecars
    marks: tuple[Mark | None, ...]
    looked: float
    settles: float  # when its date may be told, if that is not yet so
    cost: int = field(init=False)

    def __post_init__(self) -> None:
        contents = self.resource.contents.values()
        self.cost = _RECORD_COST + sum(content.cost for content in contents)


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
        self._directory = os.path.abspath(directory)  # noqa: PTH100 - resolved at each reading
        self._budget = budget
        self._large = large
        self.now = now
        self._held: OrderedDict[str, _Held] = OrderedDict()  # least recently asked for first
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
        self, path: str, names: tuple[str, ...], held: _Held | None
    ) -> Resource | Redirect | None:
        try:
            found = await asyncio.to_thread(self._read, names, held)
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

    # In a thread from here on: reads the disk, touches nothing of `self` that changes.

    def _read(self, names: tuple[str, ...], earlier: _Held | None) -> _Held | Redirect:
        """Read a document and those of its sidecars that belong to it, or raise OSError."""
        looked = time.monotonic()
        target = os.path.join(self._directory, *names)  # noqa: PTH118 - a hot path
        paths = (target, *(target + suffix for suffix in CODINGS.values()))
        # Marked before they are read: what changes meanwhile is seen at the next look.
        marks = tuple(map(mark, paths))
        descriptor = self._open(target)
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            os.close(descriptor)
            os.close(self._open(os.path.join(target, INDEX)))  # noqa: PTH118 - a page to go to?
            return Redirect()
        document = self._content(descriptor)
        now = self.now()
        modified = _modified(int(status.st_mtime), int(now), document, earlier)
        contents = {IDENTITY: document}
        for coding, path in zip(CODINGS, paths[1:], strict=True):
            content = self._sidecar(coding, path, document) or _kept(coding, document, earlier)
            if content is not None:
                contents[coding] = content
        resource = Resource(
            kind=(kind := media_type(names[-1])),
            modified=modified,
            codings=tuple(coding for coding in CODINGS if coding in contents),
            contents=contents,
            version=_version(names, document),
            forms=dict(_forms(kind, modified if modified <= now else None, contents)),
        )
        settles = looked + modified - now if modified > now else math.inf
        return _Held(resource=resource, paths=paths, marks=marks, looked=looked, settles=settles)

    def _sidecar(self, coding: str, path: str, document: Content) -> Content | None:
        """The compressed form at `path` if it is one of this very document, and of use."""
        try:
            content = self._content(self._open(path))
        except OSError:
            return None
        if content.length >= document.length:
            return None
        file: Readable
        file = (
            _Reader(content.file, content.length) if content.file else BytesIO(content.body or b"")
        )
        matches = decodes_to(coding, file, expected=document.digest, length=document.length)
        return content if matches else None

    def _content(self, descriptor: int) -> Content:
        """The bytes of an open regular file; takes the descriptor over."""
        file = OpenFile(descriptor)
        for _ in range(_TRIES):
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a regular file")
            content = self._attempt(file, before.st_size)
            if _mark_of(os.fstat(descriptor)) == _mark_of(before):
                return content
        raise OSError(errno.EBUSY, "the file is being written")

    def _attempt(self, file: OpenFile, length: int) -> Content:
        if length <= self._large:
            body = file.read(0, length)
            return Content(length=length, digest=digest(body).digest(), body=body)
        seen = digest()
        for start in range(0, length, LARGE):
            seen.update(file.read(start, min(start + LARGE, length)))
        return Content(length=length, digest=seen.digest(), file=file)

    def _open(self, path: str) -> int:
        """Open a file or folder for reading, if it truly lies in the directory and is not hidden.

        Links are resolved first and the way that results is walked without following any, so that
        one put in between cannot lead out.
        """
        root = os.path.realpath(self._directory)  # each time: it may be a link that is switched
        names = Path(os.path.relpath(os.path.realpath(path, strict=True), root)).parts
        if any(name.startswith(".") for name in names):  # hidden, or `..`: outside
            raise FileNotFoundError(errno.ENOENT, "outside the directory or hidden", path)
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in names:
            above = here
            try:
                # Non-blocking: opening a pipe would wait for its writer.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                here = os.open(name, flags, dir_fd=above)
            finally:
                os.close(above)
        return here


def _modified(own: int, now: int, document: Content, earlier: _Held | None) -> int:
    """The second from which a document is as it is; later than that of another one before it.

    Two versions may be written within a second, or an older file be put back: by its own date, who
    asks with that of the version before would be told for good that nothing has changed, and a
    library as wide-spread as curl drops what is not newer. A second that has not come yet is not
    told (RFC 9110 §8.8.2.1), but compared with.
    """
    own = min(own, now)
    if earlier is None:
        return own
    before = earlier.resource.modified
    if earlier.resource.contents[IDENTITY].digest != document.digest:
        return max(own, min(before + 1, now + 1))
    return max(own, before) if before <= now + 1 else own


def _unchanged(held: _Held) -> bool:
    now = time.monotonic()
    if now - held.looked < FRESH:
        return True
    if now >= held.settles or tuple(map(mark, held.paths)) != held.marks:
        return False
    held.looked = now
    return True


def mark(path: str) -> Mark | None:
    """What tells whether a file has changed; None if there is none."""
    try:
        return _mark_of(os.stat(path))  # noqa: PTH116 - a hot path
    except OSError:
        return None


def _mark_of(status: os.stat_result) -> Mark:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _kept(coding: str, document: Content, earlier: _Held | None) -> Content | None:
    """The earlier compressed form, if it is of this document.

    While a publisher renames, a new sidecar lies beside the old document for a moment; the old
    document is then still sent compressed, with the ETag it had.
    """
    if earlier is None or earlier.resource.contents[IDENTITY].digest != document.digest:
        return None
    return earlier.resource.contents.get(coding)


class _Reader:
    """A content as the binary file that `sidecars.py` reads."""

    def __init__(self, file: OpenFile, length: int) -> None:
        self._file, self._length, self._at = file, length, 0

    def read(self, size: int) -> bytes:
        stop = min(self._at + size, self._length)
        piece = self._file.read(self._at, stop)
        self._at = stop
        return piece


def _version(names: tuple[str, ...], document: Content) -> Version | None:
    """What is remembered of a document, so that a reader may later ask what is new."""
    if not is_subscribed(names) or document.length > LONGEST:
        return None
    parts = cut(names[-1], document.bytes())
    return None if parts is None else parts.version


def _forms(
    kind: MediaType, modified: int | None, contents: dict[str, Content]
) -> Iterator[tuple[tuple[str, bool], Representation]]:
    for coding, content in contents.items():
        for document in (False, True) if kind.document else (False,):
            # RFC 9110 §8.8.1: a strong tag is unique among all representations of a resource, and
            # the same bytes under another media type are another representation.
            etag = f'"{content.digest.hex()}{"-page" if document else ""}"'
            fields = headers.of_file(
                kind,
                coding=coding,
                document=document,
                etag=etag,
                modified=modified,
                length=content.length,
            )
            yield (
                (coding, document),
                Representation(
                    content=content,
                    etag=etag,
                    fields=fields,
                    not_modified=headers.of_not_modified(fields),
                ),
            )
