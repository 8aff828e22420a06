"""The size of pictures, from files made by hand as the formats prescribe."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.text.pictures import media_type, size


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def frame(width: int, height: int, marker: int = 0xC0) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))


def exif(orientation: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 7, 0)
    turned = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    entries = struct.pack(f"{order}IH", 8, 2) + first + turned
    return segment(0xE1, b"Exif\0\0" + mark + entries)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", bytes(4) + struct.pack(">II", width, height))


def avif(*properties: bytes, brand: bytes = b"avif") -> bytes:
    container = box(b"iprp", box(b"ipco", b"".join(properties)) + box(b"ipma", bytes(8)))
    meta = box(b"meta", bytes(4) + box(b"hdlr", bytes(24)) + container)
    return box(b"ftyp", brand + bytes(4) + b"mif1avif") + meta + box(b"mdat", bytes(100))


def webp(form: bytes, content: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + form + struct.pack("<I", len(content)) + content


SOI = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
IHDR = struct.pack(">I", 13) + b"IHDR"
THUMBNAIL = SOI + frame(160, 120) + b"\xff\xd9"
VP8 = bytes(3) + b"\x9d\x01\x2a"

CASES = [
    pytest.param(SOI + frame(640, 480), (640, 480), id="jpeg"),
    pytest.param(SOI + frame(640, 480, 0xC2), (640, 480), id="jpeg-progressive"),
    pytest.param(
        SOI + segment(0xE0, b"JFIF\0" + bytes(9)) + segment(0xC4, bytes(30)) + frame(9, 8),
        (9, 8),
        id="jpeg-whose-huffman-table-is-no-frame",
    ),
    pytest.param(
        SOI + segment(0xE2, THUMBNAIL) + frame(3000, 2000),
        (3000, 2000),
        id="jpeg-with-another-one-inside",
    ),
    pytest.param(SOI + b"\xff\xff\xff" + frame(5, 6)[1:], (5, 6), id="jpeg-with-fill-bytes"),
    pytest.param(SOI + exif(1) + frame(640, 480), (640, 480), id="jpeg-upright"),
    pytest.param(SOI + exif(6) + frame(640, 480), (480, 640), id="jpeg-turned-by-its-camera"),
    pytest.param(SOI + exif(8, ">") + frame(640, 480), (480, 640), id="jpeg-turned-big-endian"),
    pytest.param(SOI + exif(3) + frame(640, 480), (640, 480), id="jpeg-upside-down"),
    pytest.param(SOI + frame(0, 480), None, id="jpeg-without-a-width"),
    pytest.param(SOI + b"\xff\xda" + frame(6, 4), None, id="jpeg-whose-frame-comes-too-late"),
    pytest.param(SOI + b"\xff\xe0\0\1" + frame(6, 4), None, id="jpeg-with-an-impossible-length"),
    pytest.param(SOI + segment(0xE1, bytes(60_000)), None, id="jpeg-cut-before-its-frame"),
    pytest.param(PNG + IHDR + struct.pack(">II", 1400, 1400), (1400, 1400), id="png"),
    pytest.param(
        PNG + struct.pack(">I", 4) + b"CgBI" + bytes(8) + IHDR + struct.pack(">II", 9, 7),
        (9, 7),
        id="png-of-an-iphone",
    ),
    pytest.param(PNG + b"\0\0\0\rIDAT" + bytes(20), None, id="png-without-a-header"),
    pytest.param(b"GIF89a" + struct.pack("<HH", 40_000, 2), (40_000, 2), id="gif-wider-than-32767"),
    pytest.param(b"GIF87a" + struct.pack("<HH", 1, 1), (1, 1), id="gif-of-one-pixel"),
    pytest.param(
        webp(b"VP8 ", VP8 + struct.pack("<HH", 400 | 0x4000, 300 | 0x8000)),
        (400, 300),
        id="webp-lossy-without-its-scaling",
    ),
    pytest.param(
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 399 | 299 << 14 | 1 << 28)),
        (400, 300),
        id="webp-lossless",
    ),
    pytest.param(
        webp(b"VP8X", bytes(4) + (69_999).to_bytes(3, "little") + (1).to_bytes(3, "little")),
        (70_000, 2),
        id="webp-extended",
    ),
    pytest.param(webp(b"VP9 ", bytes(30)), None, id="webp-of-another-kind"),
    pytest.param(avif(ispe(1200, 800)), (1200, 800), id="avif"),
    pytest.param(avif(ispe(512, 512), ispe(1200, 800)), (1200, 800), id="avif-of-tiles"),
    pytest.param(avif(ispe(1200, 800), box(b"irot", b"\1")), (800, 1200), id="avif-turned"),
    pytest.param(avif(ispe(3, 2), brand=b"mif1"), (3, 2), id="avif-by-a-compatible-brand"),
    pytest.param(avif(), None, id="avif-without-a-size"),
    pytest.param(b"", None, id="nothing"),
    pytest.param(b"<svg width='10' height='10'/>", None, id="a-drawing-has-no-pixels"),
    pytest.param(b"ID3\4" + bytes(500), None, id="a-song"),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_the_size_of_a_picture(data: bytes, expected: tuple[int, int] | None) -> None:
    assert size(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(SOI + b"\xff\xe0", "image/jpeg", id="jpeg"),
        pytest.param(PNG, "image/png", id="png"),
        pytest.param(b"GIF89a", "image/gif", id="gif"),
        pytest.param(webp(b"VP8 ", b""), "image/webp", id="webp"),
        pytest.param(avif(), "image/avif", id="avif"),
        pytest.param(box(b"ftyp", b"isom" + bytes(4) + b"mp42"), None, id="a-film-is-no-picture"),
        pytest.param(b"\xff\xd8", None, id="too-short"),
    ],
)
def test_the_type_of_a_picture(data: bytes, expected: str | None) -> None:
    assert media_type(data) == expected


WHOLE = [
    SOI + exif(6) + frame(640, 480), PNG + IHDR + struct.pack(">II", 9, 7),
    webp(b"VP8X", bytes(10)), avif(ispe(512, 512), ispe(1200, 800)),
]  # fmt: skip


@given(st.sampled_from(WHOLE), st.integers(0, 400), st.binary(max_size=40))
def test_no_bytes_raise_anything(whole: bytes, cut: int, rest: bytes) -> None:
    found = size(whole[:cut] + rest)

    assert found is None or min(found) > 0


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "evil",
    [
        pytest.param(SOI + b"\xff" * 65_000, id="fill-bytes"),
        pytest.param(SOI + b"\xff\x01" * 32_000, id="markers-without-a-length"),
        pytest.param(
            SOI + segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1" * 65_000)[:65_535],
            id="entries-without-an-end",
        ),
        pytest.param(
            box(b"ftyp", b"avif" + bytes(8)) + box(b"meta", bytes(4) + box(b"iprp", b"") * 8_000),
            id="empty-boxes",
        ),
        pytest.param(
            box(b"ftyp", b"avif" + bytes(8)) + b"\0\0\0\0meta" * 8_000, id="boxes-to-the-end"
        ),
    ],
)
def test_a_picture_made_to_take_long_does_not(evil: bytes) -> None:
    assert size(evil) is None
