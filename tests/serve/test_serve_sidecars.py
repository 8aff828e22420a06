"""A sidecar is used only when it is this document, whole and alone."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Callable
from io import BytesIO

import brotli
import pytest
import zstandard

from feedsvc.serve.sidecars import decodes_to, digest

Compress = Callable[[bytes], bytes]
CODERS: dict[str, Compress] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "br": lambda data: brotli.compress(data, quality=3),
    "zstd": zstandard.compress,
}
BODIES = {
    "a-short-text": b"Hello",
    "nothing": b"",
    "random-bytes": random.Random(1).randbytes(300_000),
    "one-letter-a-million-times": b"a" * 1_000_000,
    "a-power-of-two": b"feed" * 65_536,
}


@pytest.fixture(params=sorted(CODERS))
def coding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fits(coding: str, data: bytes, body: bytes) -> bool:
    return decodes_to(coding, BytesIO(data), expected=digest(body).digest(), length=len(body))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_its_own_form_fits(coding: str, body: bytes) -> None:
    assert fits(coding, CODERS[coding](body), body)


def test_the_form_of_another_document_does_not(coding: str) -> None:
    assert not fits(coding, CODERS[coding](b"old words"), b"new words")


def test_a_form_of_the_beginning_does_not(coding: str) -> None:
    assert not fits(coding, CODERS[coding](b"new wor"), b"new words")


def test_a_form_with_more_does_not(coding: str) -> None:
    assert not fits(coding, CODERS[coding](b"new words, and more"), b"new words")


def test_a_form_cut_off_anywhere_does_not(coding: str) -> None:
    body = BODIES["a-short-text"] * 50
    form = CODERS[coding](body)

    assert not any(fits(coding, form[:end], body) for end in range(len(form)))


def test_data_after_the_end_does_not(coding: str) -> None:
    form = CODERS[coding](b"words")

    assert not fits(coding, form + b"x", b"words")
    assert not fits(coding, form + form, b"wordswords")
    assert not fits(coding, form + b"\0" * 100_000, b"words")


def test_what_is_no_stream_at_all_does_not(coding: str) -> None:
    assert not fits(coding, b"<html>not compressed</html>", b"<html>not compressed</html>")
    assert not fits(coding, b"", b"")


def test_a_stream_that_swells_is_given_up_early(coding: str) -> None:
    file = BytesIO(CODERS[coding](b"\0" * 100_000_000))
    tracemalloc.start()

    assert not decodes_to(coding, file, expected=digest(b"").digest(), length=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_window_no_browser_holds_is_refused() -> None:
    body = random.Random(2).randbytes(9_000_000)
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    form = compressor.compress(body) + compressor.flush()

    assert not fits("zstd", form, body)
