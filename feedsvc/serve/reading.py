"""Reading the output directory: one document with those of its sidecars that belong to it.

In threads, for `files.py`. What is read is one whole version of a file, whoever renames, writes or
links meanwhile, and lies in the directory.
"""

from __future__ import annotations

import errno
import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from feedsvc.serve import headers
from feedsvc.serve.conditional import IDENTITY
from feedsvc.serve.entries import Version, cut, is_subscribed
from feedsvc.serve.paths import CODINGS, INDEX, MediaType, media_type
from feedsvc.serve.resource import Content, OpenFile, Redirect, Representation, Resource
from feedsvc.serve.sidecars import Readable, decodes_to, digest

LONGEST = 4 * 1024 * 1024  # bytes; of longer documents, readers are sent the whole
# Bytes; a file above stays on the disk and is sent from its open descriptor: of what is sent from
# memory, the engine makes a copy for every reader, however slowly each of them takes it.
LARGE = 256 * 1024
_RECORD_COST = 4096  # the headers and objects of a resource
_TRIES = 3  # to read a file that someone writes in place

Mark = tuple[int, int, int, int, int]  # device, inode, size, mtime and ctime in nanoseconds


@dataclass(slots=True, eq=False, kw_only=True)
class Held:
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


class Disk:
    """Reads what lies below `directory`; may be asked by several threads at once."""

    def __init__(self, directory: Path, *, large: int, now: Callable[[], float]) -> None:
        self._directory = os.path.abspath(directory)  # noqa: PTH100 - resolved at each reading
        self._large = large
        self._now = now

    def read(self, names: tuple[str, ...], earlier: Held | None) -> Held | Redirect:
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
        now = self._now()
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
        return Held(resource=resource, paths=paths, marks=marks, looked=looked, settles=settles)

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


def _modified(own: int, now: int, document: Content, earlier: Held | None) -> int:
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


def _kept(coding: str, document: Content, earlier: Held | None) -> Content | None:
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
