"""The forms in which a document lies there: itself, and compressed for servers that pass it on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import brotli
import deflate
import zstandard

# The levels where the next one costs half as much again and saves some 3 % of a feed of 100 to
# 300 KB. All windows are far below the 8 MB that RFC 9659 allows. gzip is libdeflate's, whose
# bytes are fewer than zlib's at the same level, in half the time; it writes no date.
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda body: bytes(deflate.gzip_compress(body, 5)),
    # Our server prefers it: at level 4 a large document may be larger than its gzip.
    ".br": lambda body: brotli.compress(body, quality=5),
    ".zst": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
}

_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    ".gz": lambda body, size: bytes(deflate.gzip_decompress(body, size)),
    ".br": lambda body, _: brotli.decompress(body),
    ".zst": lambda body, size: zstandard.ZstdDecompressor().decompress(body, size),
}

SIDECARS = tuple(_ENCODERS)
SMALLEST = 256  # bytes; below, a compressed form saves nothing


def forms(document: bytes) -> Iterator[tuple[str, bytes]]:
    """Each form of a document, by what is added to its name."""
    # Sidecars first: a server that prefers them never has an old one beside a new document for
    # longer than it takes to rename four files.
    if len(document) >= SMALLEST:
        for ending, encode in _ENCODERS.items():
            yield ending, encode(document)
    yield "", document


def unpacked(ending: str, body: bytes, size: int) -> bytes | None:
    """The document of `size` bytes that a sidecar holds; None if it is damaged."""
    try:
        return _DECODERS[ending](body, size)
    except (deflate.DeflateError, brotli.error, zstandard.ZstdError, ValueError):
        return None


def all_forms(paths: Iterable[str]) -> Iterator[str]:
    """The paths at which forms of some documents may lie."""
    return (path + ending for path in paths for ending in ("", *SIDECARS))
