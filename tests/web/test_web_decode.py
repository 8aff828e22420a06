"""Content codings: whole bodies come out whole, cut ones are noticed, bombs stay small."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from feedsvc.web import DecodingError, TooLargeError
from feedsvc.web.decode import Body

TEXT = "".join(f"<entry>Größe {number}</entry>\n" for number in range(9_000)).encode()
NOISE = os.urandom(200_000)
LIMIT = 1024 * 1024


def bare_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


def streamed_zstd(data: bytes) -> bytes:
    """A frame that does not say how long its content is, as servers write it."""
    squeeze = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return squeeze.compress(data) + squeeze.flush()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def decode(codings: str, data: bytes, *, step: int = 65536, limit: int = LIMIT) -> bytes:
    body = Body(codings, limit)
    for at in range(0, len(data), step):
        body.add(data[at : at + step])
    return body.end()


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("content", [TEXT[:20_000], NOISE[:20_000], b"", b"x"])
@pytest.mark.parametrize("coding", FORMS)
def test_however_it_arrives_it_is_the_same(coding: str, content: bytes, step: int) -> None:
    assert decode(coding, FORMS[coding](content), step=step) == content


@pytest.mark.parametrize(
    ("codings", "data", "content"),
    [
        pytest.param("", TEXT, TEXT, id="none"),
        pytest.param("identity", TEXT, TEXT, id="identity"),
        pytest.param("GZIP", gzip.compress(TEXT), TEXT, id="case-does-not-matter"),
        pytest.param("x-gzip", gzip.compress(TEXT), TEXT, id="x-gzip"),
        pytest.param("utf-8", TEXT, TEXT, id="a-charset-is-no-coding"),
        pytest.param("none, gzip", gzip.compress(TEXT), TEXT, id="none-is-no-coding"),
        pytest.param("deflate", bare_deflate(TEXT), TEXT, id="deflate-without-its-wrapper"),
        pytest.param("zstd", streamed_zstd(TEXT), TEXT, id="zstd-of-unknown-length"),
        pytest.param("gzip", gzip.compress(b"a") + gzip.compress(b"b"), b"ab", id="two-members"),
        pytest.param(
            "gzip", gzip.compress(b"") + gzip.compress(b"b"), b"b", id="the-first-member-is-empty"
        ),
        pytest.param(
            "gzip",
            b"".join(gzip.compress(TEXT[at : at + 99]) for at in range(0, 9_900, 99)),
            TEXT[:9_900],
            id="a-hundred-members",
        ),
        pytest.param("gzip", gzip.compress(TEXT) + bytes(512), TEXT, id="padded-with-zeros"),
        pytest.param("gzip", gzip.compress(TEXT) + b"\r\n", TEXT, id="rubbish-at-the-end"),
        pytest.param("gzip", b"", b"", id="nothing-needs-no-decoding"),
        pytest.param(
            "zstd", zstandard.compress(b"a") + zstandard.compress(b"b"), b"ab", id="two-frames"
        ),
        pytest.param(
            "zstd",
            b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(TEXT),
            TEXT,
            id="a-skippable-frame",
        ),
        pytest.param("br, gzip", gzip.compress(brotli.compress(TEXT)), TEXT, id="outer-last"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 65536])
def test_what_is_whole_comes_out_whole(
    codings: str, data: bytes, content: bytes, step: int
) -> None:
    assert decode(codings, data, step=step) == content


@pytest.mark.parametrize("keep", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("content", [TEXT, NOISE], ids=["text", "noise"])
@pytest.mark.parametrize("coding", FORMS)
def test_a_cut_body_is_noticed(coding: str, content: bytes, keep: float) -> None:
    data = FORMS[coding](content)
    cut = data[: max(1, int(len(data) * keep))]

    with pytest.raises(DecodingError, match="truncated"):
        decode(coding, cut)


@pytest.mark.parametrize("missing", range(1, 12))
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_checksum_belongs_to_the_body(coding: str, missing: int) -> None:
    data = FORMS[coding](TEXT)

    with pytest.raises(DecodingError, match="truncated"):
        decode(coding, data[:-missing])


def test_a_cut_second_member_is_noticed() -> None:
    second = gzip.compress(b"b")
    for length in range(1, len(second)):
        with pytest.raises(DecodingError, match="truncated"):
            decode("gzip", gzip.compress(b"a") + second[:length])


@pytest.mark.parametrize(
    ("codings", "data", "words"),
    [
        pytest.param("gzip", b"<feed/>", "damaged: its gzip", id="not-gzip-at-all"),
        pytest.param("br", b"<feed/>" * 99, "its br data", id="not-brotli-at-all"),
        pytest.param("zstd", b"<feed/>", "damaged: its zstd", id="not-zstd-at-all"),
        pytest.param(
            "gzip",
            gzip.compress(TEXT)[:-8] + bytes(8),
            "damaged: its gzip",
            id="the-checksum-is-wrong",
        ),
        pytest.param("compress", b"\x1f\x9d", "'compress', which nobody", id="not-asked-for"),
        pytest.param("gzip, gzip, gzip, gzip", b"", "encoded 4 times", id="too-many-codings"),
        pytest.param("gzip", gzip.compress(b"") * 10_001, "more than 10000", id="too-many-members"),
        pytest.param(
            "zstd", zstandard.compress(b"") * 10_001, "more than 10000", id="too-many-frames"
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_decoded(codings: str, data: bytes, words: str) -> None:
    with pytest.raises(DecodingError, match=words):
        decode(codings, data)


def test_a_zstd_window_over_8_mb_is_not_given() -> None:
    wide = zstandard.ZstdCompressionParameters.from_level(
        3, window_log=27, write_content_size=False
    )
    squeeze = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    data = squeeze.compress(TEXT) + squeeze.flush()

    with pytest.raises(DecodingError, match="damaged: its zstd"):
        decode("zstd", data)


@pytest.mark.parametrize("coding", ["", *FORMS])
def test_the_limit_itself_is_allowed_and_no_byte_more(coding: str) -> None:
    form = FORMS.get(coding, bytes)

    assert len(decode(coding, form(bytes(LIMIT)))) == LIMIT
    with pytest.raises(TooLargeError, match="larger than the 1 MiB that are read"):
        decode(coding, form(bytes(LIMIT + 1)))


def test_what_arrives_is_limited_though_little_comes_out() -> None:
    skipped = b"\x50\x2a\x4d\x18" + LIMIT.to_bytes(4, "little") + bytes(LIMIT)

    with pytest.raises(TooLargeError, match="the body is larger than the 1 MiB"):
        decode("zstd", skipped, step=1000)


def bomb_of_gzip() -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(100)) + squeeze.flush()


def bomb_of_brotli() -> bytes:
    squeeze = brotli.Compressor(quality=1)
    parts = [squeeze.process(bytes(1 << 20)) for _ in range(2_000)]
    end: bytes = squeeze.finish()
    return b"".join(parts) + end


def bomb_of_zstd() -> bytes:
    """Run-length blocks: 128 KiB in four bytes each, the densest there are (RFC 8878 §3.1.1.2)."""
    header = b"\x28\xb5\x2f\xfd" + b"\x00\x68"  # a frame with a window of 8 MiB
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    return header + block * 500_000


@pytest.mark.parametrize(
    ("coding", "bomb"), [("gzip", bomb_of_gzip), ("br", bomb_of_brotli), ("zstd", bomb_of_zstd)]
)
def test_a_bomb_costs_little_memory(coding: str, bomb: Callable[[], bytes]) -> None:
    data = bomb()
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="decompressed body is larger than the 15 MiB"):
            decode(coding, data, step=1 << 20, limit=15 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40 << 20


def test_a_bomb_within_a_bomb_stops_at_the_outer() -> None:
    data = gzip.compress(gzip.compress(bytes(300 << 20), 9), 9)

    with pytest.raises(TooLargeError):
        decode("gzip, gzip", data, limit=200_000)
