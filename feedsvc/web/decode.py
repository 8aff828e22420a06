"""Content codings (RFC 9110 §8.4.1) taken off as a body arrives, in bounded memory.

A small body can hold gigabytes, a cut one can look whole, and a gzip body can have many members:
libraries decode the first, report the second as a success and stop after the first member. Every
stage hands its output on in pieces of about `_PIECE`, and stops at the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from feedsvc.errors import FetchError
from feedsvc.web.failures import RefusedError

ACCEPTED = "gzip, br, zstd"

_PIECE = 64 * 1024
_MOST_CODINGS = 3
_MOST_MEMBERS = 10_000  # pigz writes one per 64 KiB and bgzip too; more is meant to cost time


class TooLargeError(RefusedError):
    """A body exceeds what the settings allow."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            f"{what} is larger than the {_size(limit)} that are read",
            hint="raise max_bytes if it is meant to be that large",
        )


class DecodingError(FetchError):
    """A body is not in the coding its headers name, or ends too early for it."""


class Body:
    """Collects one body: raw pieces go in, decoded bytes come out."""

    def __init__(self, codings: str, limit: int) -> None:
        self._stages = _stages(codings)
        self._received = 0
        self._decoded = [0] * len(self._stages)
        self._limit = limit
        self._pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Take what arrived; raises TooLargeError or DecodingError."""
        self._received += len(data)
        if self._received > self._limit:
            raise TooLargeError("the body", self._limit)
        self._pass(data, 0)

    def end(self) -> bytes:
        """The whole body; raises DecodingError when it stops short."""
        if self._received:  # a 304, or an empty body that is "gzip": nothing to decode
            for stage in self._stages:
                stage.end()
        return b"".join(self._pieces)

    @property
    def decoded(self) -> int:
        """How many bytes there are until now."""
        return sum(map(len, self._pieces))

    def so_far(self) -> bytes:
        """What was decoded until now, for bodies whose end does not matter."""
        return b"".join(self._pieces)

    def _pass(self, data: bytes, at: int) -> None:
        if at == len(self._stages):
            self._pieces.append(data)
            return
        for piece in self._stages[at].decode(data):
            self._decoded[at] += len(piece)
            if self._decoded[at] > self._limit:
                raise TooLargeError("the decompressed body", self._limit)
            if piece:
                self._pass(piece, at + 1)


class _Stage(Protocol):
    """One coding being taken off."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in bounded pieces."""
        ...

    def end(self) -> None:
        """Raises DecodingError unless the coded form was complete."""
        ...


def _stages(field: str) -> tuple[_Stage, ...]:
    """The stages that take off what a Content-Encoding names; the coding applied last comes first.

    A word that is no registered coding (`utf-8` occurs) is passed over, as browsers do.
    """
    names = [name.strip().lower() for name in field.split(",")]
    codings = [name for name in names if name in _STAGES or name in _UNREADABLE]
    if len(codings) > _MOST_CODINGS:
        raise DecodingError(f"the body was encoded {len(codings)} times over")
    for name in codings:
        if name in _UNREADABLE:
            raise DecodingError(f"the body is encoded as {name!r}, which nobody asked for")
    return tuple(_STAGES[name]() for name in reversed(codings))


class _Zlib:
    """gzip with any number of members (RFC 1952 §2.2)."""

    name = "gzip"

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._members = 0
        self._kept = b""  # too little to tell what it begins
        self._over = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        data = self._kept + data
        self._kept = b""
        while data and not self._over:
            if self._member is None and not self._begin(data):
                return
            yield from self._take(data)
            data = self._rest

    def end(self) -> None:
        if self._member is not None or self._kept:
            raise DecodingError(f"the body is truncated: its {self.name} data has no end")

    def _begin(self, data: bytes) -> bool:
        window = self._window(data)
        if window is None:
            return False
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise DecodingError(f"the body has more than {_MOST_MEMBERS} {self.name} members")
        self._member = zlib.decompressobj(window)
        return True

    def _window(self, data: bytes) -> int | None:
        """The window bits for the member that begins here; None if none does, or not yet."""
        if self._members and not data.startswith(_GZIP[: len(data)]):
            self._over = True  # padding or rubbish behind the last member, as gzip(1) sees it
            return None
        if len(data) < len(_GZIP):
            self._kept = data
            return None
        return 16 + zlib.MAX_WBITS

    def _take(self, data: bytes) -> Iterator[bytes]:
        member = self._member
        assert member is not None  # noqa: S101  for the type checker; `decode` began one
        while True:
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error as error:
                raise _damaged(self.name, error) from error
            yield piece
            data = member.unconsumed_tail
            if member.eof:
                self._member, self._rest = None, member.unused_data
                return
            # A full piece may leave more inside the window even when all input is consumed.
            if not data and len(piece) < _PIECE:
                self._rest = b""
                return

    _rest = b""


class _Deflate(_Zlib):
    """`deflate`: zlib (RFC 1950), or the bare RFC 1951 that some servers send under this name."""

    name = "deflate"

    def _window(self, data: bytes) -> int | None:
        if self._members:
            self._over = True
            return None
        if len(data) < 2:
            self._kept = data
            return None
        wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


class _Brotli:
    """Brotli (RFC 7932); it has no members, and its window is at most 16 MiB."""

    def __init__(self) -> None:
        import brotli  # only when one arrives

        self._error = brotli.error
        self._decoder = brotli.Decompressor()

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._decoder.is_finished():
            return
        try:
            piece = self._decoder.process(data, output_buffer_limit=_PIECE)
            yield piece
            # As with zlib: a full piece may leave more inside when all input is consumed.
            while len(piece) >= _PIECE or not self._decoder.can_accept_more_data():
                piece = self._decoder.process(b"", output_buffer_limit=_PIECE)
                yield piece
        except self._error as error:
            raise _damaged("br", error) from error

    def end(self) -> None:
        if not self._decoder.is_finished():
            raise DecodingError("the body is truncated: its br data has no end")


class _Zstd:
    """Zstandard (RFC 8878), frame by frame."""

    def __init__(self) -> None:
        import zstandard  # only when one arrives

        self._error = zstandard.ZstdError
        # RFC 9659 §3: a window over 8 MB must not be used on the web.
        self._context = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
        self._frame = self._context.decompressobj()
        self._begun = False
        self._frames = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        # The decoder cannot limit its output, but one byte makes at most 32 KiB of it: the densest
        # block (RFC 8878 §3.1.1.2) is 4 bytes for 128 KiB. So a slice bounds a piece.
        at = 0
        while at < len(data):
            part = data[at : at + _ZSTD_SLICE]
            at += len(part)
            try:
                yield self._frame.decompress(part)
            except self._error as error:
                raise _damaged("zstd", error) from error
            self._begun = True
            if self._frame.eof:
                at -= len(self._frame.unused_data)
                self._begun = False
                self._frames += 1
                if self._frames > _MOST_MEMBERS:
                    raise DecodingError(f"the body has more than {_MOST_MEMBERS} zstd frames")
                self._frame = self._context.decompressobj()

    def end(self) -> None:
        if self._begun:
            raise DecodingError("the body is truncated: its zstd data has no end")


_ZSTD_SLICE = 64  # so a piece is at most 2 MiB
_GZIP = b"\x1f\x8b"
_STAGES: dict[str, type[_Zlib | _Brotli | _Zstd]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,  # RFC 9110 §8.4.1.3
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
# The other entries of IANA's registry of content codings.
_UNREADABLE = frozenset(
    {"compress", "x-compress", "pack200-gzip", "exi", "aes128gcm", "dcb", "dcz"}
)


def _damaged(name: str, error: Exception) -> DecodingError:
    said = str(error).rpartition(": ")[2]  # without what only a programmer wants to know
    return DecodingError(f"the body is damaged: its {name} data cannot be decoded ({said})")


def _size(number: int) -> str:
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit} {name}"
    return f"{number} bytes"
