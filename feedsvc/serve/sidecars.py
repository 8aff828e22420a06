"""Does this compressed file decode to that document? Asked by `reading.py`, before it is served.

A publisher puts a document and its sidecars in place one after the other, and may die in between:
neither name nor date can tell that they belong together, only the bytes can.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from hashlib import blake2b
from typing import Protocol

_PIECE = 64 * 1024
_WINDOW = 8 * 1024 * 1024  # RFC 9659 §3: what a decoder of content-coding zstd must be able to hold


class Readable(Protocol):
    """All that is asked of a file here."""

    def read(self, size: int, /) -> bytes: ...


def digest(data: bytes = b"") -> blake2b:
    """The hash that tells bodies apart."""
    return blake2b(data, digest_size=16)


def decodes_to(coding: str, file: Readable, *, expected: bytes, length: int) -> bool:
    """Whether `file` is exactly one complete stream of the `length` bytes hashed as `expected`.

    Never holds more than a few pieces: a stream that turns out longer is given up there.
    """
    seen, left = digest(), length
    try:
        for piece in _DECODERS[coding](file):
            left -= len(piece)
            if left < 0:
                return False
            seen.update(piece)
    except ValueError:
        return False
    return left == 0 and seen.digest() == expected


def _chunks(file: Readable, size: int) -> Iterator[bytes]:
    while chunk := file.read(size):
        yield chunk


def _gunzip(file: Readable) -> Iterator[bytes]:
    # One member only: several are allowed, but not every client reads past the first.
    decoder = zlib.decompressobj(wbits=31)
    try:
        for chunk in _chunks(file, _PIECE):
            if decoder.eof:
                raise ValueError("data after the end")
            rest = chunk
            while True:
                piece = decoder.decompress(rest, _PIECE)
                yield piece
                rest = decoder.unconsumed_tail
                if decoder.eof or (not rest and len(piece) < _PIECE):
                    break
    except zlib.error as error:
        raise ValueError(str(error)) from error
    _expect_end(decoder.eof, decoder.unused_data)


def _unbrotli(file: Readable) -> Iterator[bytes]:
    import brotli  # only where there is one

    decoder = brotli.Decompressor()
    try:
        for chunk in _chunks(file, _PIECE):
            if decoder.is_finished():
                raise ValueError("data after the end")
            piece = decoder.process(chunk, output_buffer_limit=_PIECE)
            while piece:  # there may be more even when it says that it takes more data
                yield piece
                piece = decoder.process(b"", output_buffer_limit=_PIECE)
    except brotli.error as error:
        raise ValueError(str(error)) from error
    _expect_end(decoder.is_finished(), b"")


def _unzstd(file: Readable) -> Iterator[bytes]:
    import zstandard  # as above

    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    try:
        for chunk in _chunks(file, 512):  # its output cannot be bounded, so its input is
            if decoder.eof:
                raise ValueError("data after the end")
            yield decoder.decompress(chunk)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
    _expect_end(decoder.eof, decoder.unused_data)


def _expect_end(ended: bool, unused: bytes) -> None:
    if not ended or unused:
        raise ValueError("not exactly one complete stream")


_DECODERS = {"gzip": _gunzip, "br": _unbrotli, "zstd": _unzstd}
