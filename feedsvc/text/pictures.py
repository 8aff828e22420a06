"""The size in pixels of a picture, from its first bytes: JPEG, PNG, GIF, WebP and AVIF.

The bytes come from strangers, and only the beginning of them. `imagesize` was looked at and left:
it reads SVG with an entity-expanding parser, takes minutes for an `iloc` box with a billion empty
extents, gives GIFs negative widths, and loses a JPEG that is cut behind its frame header. Here
every reader takes time in proportion to its bytes, and raises nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

BEGINNING = 64 * 1024
"""So many bytes hold the size of all but a few pictures: what may lie before it is metadata."""


class Size(NamedTuple):
    """Pixels, as the picture is shown."""

    width: int
    height: int


def media_type(data: bytes) -> str | None:
    """What a file is that begins with `data`; None if it is no picture known here."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if _is_avif(data) else None


def size(data: bytes) -> Size | None:
    """The size of the picture that begins with `data`; None if that does not tell."""
    read = _READERS.get(media_type(data) or "")
    try:
        found = read(data) if read is not None else None
    except (struct.error, IndexError):  # it stops short
        return None
    return found if found is not None and all(found) else None


def _png(data: bytes) -> Size | None:
    # PNG (third edition) §5.6: IHDR comes first. Apple's own variant puts CgBI before it.
    at = 8 + 12 + 4 if data[12:16] == b"CgBI" else 8
    if data[at + 4 : at + 8] != b"IHDR":
        return None
    return Size(*struct.unpack_from(">II", data, at + 8))


def _gif(data: bytes) -> Size | None:
    return Size(*struct.unpack_from("<HH", data, 6))  # the logical screen: what is shown


# -- JPEG (ITU T.81 Annex B) -----------------------------------------------------------------------

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # B.1.1.3: SOF, not DHT, JPG, DAC
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_LAST = frozenset({0xD9, 0xDA})  # behind these there is no frame header any more


def _jpeg(data: bytes) -> Size | None:
    turned = False
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # B.1.1.2: fill bytes
            at += 1
            continue
        at += 2
        if marker in _BARE or marker == 0:
            continue
        if marker in _LAST:
            return None
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return Size(height, width) if turned else Size(width, height)
        if marker == 0xE1 and data.startswith(b"Exif\0\0", at + 2):
            turned = _is_turned(data[at + 8 : at + length])
        at += length


def _is_turned(exif: bytes) -> bool:
    """Whether a picture is shown a quarter turned (Exif 2.32 §4.6.4: Orientation 5 to 8)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return False
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for number in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * number)
            if tag == 0x0112:
                return bool(kind == 3 and 5 <= value <= 8)
    except struct.error:
        pass
    return False


# -- WebP (RFC 9649) -------------------------------------------------------------------------------


def _webp(data: bytes) -> Size | None:
    form = data[12:16]
    if form == b"VP8X":  # §2.7: one less than the size, in 24 bits each
        width, height = data[24:27], data[27:30]
        if len(height) < 3:
            return None
        return Size(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    if form == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":  # RFC 6386 §9.1: 14 bits, 2 of scaling
        wide, high = struct.unpack_from("<HH", data, 26)
        return Size(wide & 0x3FFF, high & 0x3FFF)
    if form == b"VP8L" and data[20:21] == b"\x2f":  # §3.4: 14 bits each, one less
        (bits,) = struct.unpack_from("<I", data, 21)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return None


# -- AVIF (ISO/IEC 23008-12 in the boxes of 14496-12) ----------------------------------------------

_MOST_BOXES = 1_000


def _is_avif(data: bytes) -> bool:
    if data[4:8] != b"ftyp" or len(data) < 16:
        return False
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = data[8:12] + data[16:length]
    return any(brands[at : at + 4] in (b"avif", b"avis") for at in range(0, len(brands), 4))


def _avif(data: bytes) -> Size | None:
    """The size of the largest picture in it: the others are thumbnails, tiles and masks."""
    meta = next((inner for name, inner in _boxes(data) if name == b"meta"), b"")
    found: list[Size] = []
    turned = False
    for name, properties in _boxes(meta[4:]):  # `meta` is a full box: version and flags first
        for inner, container in _boxes(properties) if name == b"iprp" else ():
            for kind, value in _boxes(container) if inner == b"ipco" else ():
                if kind == b"ispe":
                    found.append(Size(*struct.unpack_from(">II", value, 4)))
                elif kind == b"irot" and value:
                    turned = bool(value[0] & 1)
    if not found:
        return None
    width, height = max(found, key=lambda one: one.width * one.height)
    return Size(height, width) if turned else Size(width, height)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in `data`, as far as there is of them (14496-12 §4.2)."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, head = int.from_bytes(data[at : at + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0:  # to the end
            length = len(data) - at
        if length < head:
            return
        yield data[at + 4 : at + 8], data[at + head : at + length]
        at += length


_READERS: dict[str, Callable[[bytes], Size | None]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _avif,
}
