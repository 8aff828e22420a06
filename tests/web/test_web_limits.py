"""Caps and the deadline, over the wire: no server can make us wait, or fill our memory."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard

from feedsvc.errors import FetchError
from feedsvc.web import Client, DecodingError, Response, TooLargeError

Make = Callable[..., Client]
MakeSite = Callable[..., Any]
Reply = Callable[..., bytes]
Send = Callable[[Any], Any]

FEED = b"<feed>" + b"<entry/>" * 5_000 + b"</feed>"


def exchange(make: Make, site: Any, **more: Any) -> Response:
    """What one GET of a site comes to."""

    async def run() -> Response:
        async with site as server, make(**more) as web:
            return await web.get(server.url())

    return asyncio.run(run())


def forever(first: bytes, again: bytes, pause: float = 0) -> Send:
    """An answer that never ends."""

    async def answer(asked: Any) -> None:
        await asked.send(first)
        while True:
            await asked.send(again)
            if pause:
                await asyncio.sleep(pause)

    return answer


# Size


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(FEED)),
        ("gzip", gzip.compress(FEED[:99]) + gzip.compress(FEED[99:])),
        ("br", brotli.compress(FEED)),
        ("zstd", zstandard.compress(FEED)),
        ("deflate", zlib.compress(FEED)),
    ],
)
def test_codings_are_taken_off(
    coding: str, data: bytes, client: Make, site: MakeSite, reply: Reply
) -> None:
    response = exchange(client, site(reply(data, content_encoding=coding)))

    assert response.body == FEED


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(FEED)),
        ("br", brotli.compress(FEED)),
        ("zstd", zstandard.compress(FEED)),
    ],
)
@pytest.mark.parametrize("framed", [True, False])
def test_a_cut_body_is_noticed_however_it_is_framed(
    coding: str, data: bytes, framed: bool, client: Make, site: MakeSite, reply: Reply
) -> None:
    cut = data[: len(data) // 2]
    framing = {} if framed else {"content_length": "", "connection": "close"}
    answer = reply(cut, content_encoding=coding, **framing)
    answer = answer.replace(b"content-length: \r\n", b"")

    with pytest.raises(DecodingError, match=r"127\.0\.0\.1: the body is truncated"):
        exchange(client, site(answer, close=True))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", id="content-length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            id="no-last-chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", id="half-a-chunk"
        ),
    ],
)
def test_a_body_shorter_than_stated_is_truncated(
    answer: bytes, client: Make, site: MakeSite
) -> None:
    with pytest.raises(FetchError, match="the body is truncated"):
        exchange(client, site(answer, close=True))


def test_a_reset_does_not_end_a_body(client: Make, site: MakeSite) -> None:
    async def answer(asked: Any) -> None:
        await asked.send(b"HTTP/1.1 200 OK\r\n\r\n<feed>")
        await asyncio.sleep(0.05)
        sock = asked.writer.get_extra_info("socket")
        sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: close with a reset
        asked.writer.transport.abort()
        asked.close()

    with pytest.raises(FetchError, match="truncated: the connection broke"):
        exchange(client, site(answer))


def test_a_body_without_length_ends_with_the_connection(client: Make, site: MakeSite) -> None:
    response = exchange(client, site(b"HTTP/1.0 200 OK\r\n\r\n" + FEED, close=True))

    assert response.body == FEED


def test_a_stated_length_over_the_limit_is_not_waited_for(client: Make, site: MakeSite) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"

    with pytest.raises(FetchError) as caught:
        exchange(client, site(answer), timeout=5)

    assert "within" not in str(caught.value)


@pytest.mark.parametrize(
    ("size", "fits"),
    [pytest.param(100_000, True, id="the-limit"), pytest.param(100_001, False, id="one-more")],
)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_limit_to_the_byte(
    size: int, fits: bool, coding: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    data = bytes(size) if coding == "identity" else gzip.compress(bytes(size))
    server = site(reply(data, content_encoding=coding))

    if fits:
        assert len(exchange(client, server, max_bytes=100_000).body) == size
    else:
        with pytest.raises(TooLargeError, match="larger than the 100000 bytes") as caught:
            exchange(client, server, max_bytes=100_000)
        assert caught.value.hint == "raise max_bytes if it is meant to be that large"


def test_a_source_may_have_its_own_limit(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> int:
        async with site(reply(bytes(5_000))) as server, client(max_bytes=1_000) as web:
            response = await web.get(server.url(), max_bytes=5_000)
            with pytest.raises(TooLargeError):
                await web.get(server.url())
            return len(response.body)

    assert asyncio.run(run()) == 5_000


@pytest.mark.parametrize(
    ("first", "again", "words"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536), "the body is larger", id="without-length"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"10000\r\n" + bytes(65536) + b"\r\n",
            "the body is larger",
            id="chunked",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 999, "headers are too long", id="headers"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 9999, "are too long", id="one-header"),
        pytest.param(b"HTTP/1.1 200 ", b"x" * 9999, "are too long", id="the-status-line"),
        pytest.param(
            b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 99, "do not end", id="early-hints"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-A: b\r\n" * 999,
            "what frames its body is too long",
            id="trailers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=",
            b"x" * 9999,
            "what frames its body is too long",
            id="a-chunk-extension",
        ),
    ],
)
def test_what_never_ends_is_stopped(
    first: bytes, again: bytes, words: str, client: Make, site: MakeSite
) -> None:
    server = site(forever(first, again))
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match=words):
            exchange(client, server, max_bytes=1 << 20, timeout=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 16 << 20


def test_a_bomb_is_stopped_while_it_arrives(client: Make, site: MakeSite, reply: Reply) -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(60)) + squeeze.flush()

    with pytest.raises(TooLargeError, match="the decompressed body is larger than the 15 MiB"):
        exchange(client, site(reply(bomb, content_encoding="gzip")))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000 + b"\r\n",
            "headers are too long",
            id="one-header-many-times",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n",
            "headers are too long",
            id="one-long-header",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200_000,
            "absurdly small pieces",
            id="chunks-of-one-byte",
        ),
    ],
)
def test_what_is_made_to_cost_time_is_stopped_soon(
    answer: bytes, words: str, client: Make, site: MakeSite
) -> None:
    with pytest.raises(FetchError, match=words):
        exchange(client, site(answer))


def test_a_page_sent_in_small_chunks_is_read(client: Make, site: MakeSite) -> None:
    chunks = b"".join(b"8\r\n<entry/>\r\n" for _ in range(15_000))
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"

    assert exchange(client, site(answer)).body == b"<entry/>" * 15_000


# Time


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", id="a-slow-header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x", id="a-slow-body"),
        pytest.param(b"", b"HTTP/1.1 102 Processing\r\n\r\n", id="soon-soon-soon"),
    ],
)
def test_the_deadline_holds_for_the_whole_exchange(
    first: bytes, again: bytes, client: Make, site: MakeSite
) -> None:
    begun = time.monotonic()

    with pytest.raises(FetchError, match=r"no whole answer within 0\.3 seconds") as caught:
        exchange(client, site(forever(first, again, 0.02)), timeout=0.3)

    assert time.monotonic() - begun < 30  # else it would have no end
    assert caught.value.retryable


@pytest.mark.parametrize("timeout", [0.3, 3.0])
def test_an_error_whose_body_drips_keeps_its_status(
    timeout: float, client: Make, site: MakeSite
) -> None:
    first = b"HTTP/1.1 410 Gone\r\nContent-Length: 9999\r\n\r\n"

    response = exchange(client, site(forever(first, b"x", 0.02)), timeout=timeout)

    assert response.status == 410
    assert response.body.startswith(b"xx")


def test_a_redirect_whose_body_drips_leads_on(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/new":
            await asked.send(reply(b"<rss/>"))
            return
        head = b"HTTP/1.1 301 Moved\r\nLocation: /new\r\nContent-Length: 9999\r\n\r\n"
        await forever(head, b"x", 0.02)(asked)

    response = exchange(client, site(answer), timeout=2.0)

    assert (response.status, response.body) == (200, b"<rss/>")
    assert response.moved_to is not None


def test_redirects_share_the_deadline(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        await asyncio.sleep(0.1)
        await asked.send(reply(b"", "302 Found", location=f"{asked.target}x"))

    begun = time.monotonic()

    with pytest.raises(FetchError, match="no whole answer within"):
        exchange(client, site(answer), timeout=0.25)

    assert time.monotonic() - begun < 30  # else it would have no end


def test_waiting_for_a_turn_costs_none_of_the_time(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def answer(asked: Any) -> None:
        await asyncio.sleep(0.15)
        await asked.send(reply())

    async def run() -> list[int]:
        async with site(answer) as server, client(timeout=0.4, more={"per_host": 1}) as web:
            responses = await asyncio.gather(*(web.get(server.url(f"/{n}")) for n in range(5)))
            return [response.status for response in responses]

    assert asyncio.run(run()) == [200] * 5


def test_a_name_server_that_does_not_answer(client: Make) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def run() -> None:
        async with client(timeout=0.1, more={"resolve": resolve}) as web:
            await web.get("http://slow.example/")

    with pytest.raises(FetchError, match=r"slow\.example: no whole answer within 0\.1 seconds"):
        asyncio.run(run())


# Errors of the server


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            b"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n<html",
            id="not-gzip",
        ),
        pytest.param(
            b"HTTP/1.1 404 No\r\nContent-Encoding: compress\r\nContent-Length: 5\r\n\r\n<html",
            id="an-unknown-coding",
        ),
        pytest.param(b"HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\n<html", id="truncated"),
        pytest.param(b"HTTP/1.1 404 No\r\n\r\n" + bytes(1 << 20), id="large"),
    ],
)
def test_a_broken_error_page_does_not_hide_the_error(
    answer: bytes, client: Make, site: MakeSite
) -> None:
    response = exchange(client, site(answer, close=True))

    assert response.status == 404
    assert len(response.body) <= 64 * 1024


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"220 mail.example.org ESMTP\r\n\r\n", id="mail"),
        pytest.param(b"SSH-2.0-OpenSSH_9.0\r\n\r\n", id="ssh"),
        pytest.param(b"<feed/>\r\n\r\n", id="http-0.9"),
        pytest.param(b"ICY 200 OK\r\n\r\n", id="radio"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="a-status-of-two-digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", id="a-length-in-words"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="a-negative-length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            id="two-lengths",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no-chunk-size"
        ),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="a-switch-nobody-asked-for"),
        pytest.param(b"\0" * 99 + b"\r\n\r\n", id="nothing-but-nul"),
    ],
)
def test_what_is_no_http(answer: bytes, client: Make, site: MakeSite) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1: "):
        exchange(client, site(answer, close=True), timeout=3)


def test_a_connection_closed_at_once(client: Make, site: MakeSite) -> None:
    with pytest.raises(FetchError, match="closed the connection without an answer"):
        exchange(client, site(b"", close=True))
