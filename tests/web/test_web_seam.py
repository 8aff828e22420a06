"""The seam to httpx: every request takes it, and another transport can take the place of ours."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from feedsvc.errors import FetchError
from feedsvc.web import (
    Client,
    DecodingError,
    Guard,
    RefusedError,
    Response,
    TooLargeError,
    UnreachableError,
)
from feedsvc.web.transport import Transport

Make = Callable[..., Client]
MakeSite = Callable[..., Any]
Reply = Callable[..., bytes]

FEED = b"<feed>" + b"<entry/>" * 5_000 + b"</feed>"


class Counting(httpx.AsyncBaseTransport):
    """Our transport, and the requests that went through it."""

    def __init__(self, guard: Guard) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = 0
        self._inner = Transport(guard)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1
        await self._inner.aclose()


class Pooled(httpx.AsyncBaseTransport):
    """httpx's own transport, connecting to addresses the guard let through."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        way = await self._guard.way(request.url.host, request.url.port or 80)
        pinned = request.url.copy_with(host=way.addresses[0])
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method,
                pinned,
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def exchange(make: Make, site: Any, path: str = "/", **more: Any) -> Response:
    """What one GET of a site comes to over httpx's own transport."""

    async def run() -> Response:
        async with site as server, make(more={"transport": Pooled}, **more) as web:
            return await web.get(server.url(path))

    return asyncio.run(run())


# Every request goes this way


def test_every_request_goes_through_the_transport(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    made: list[Counting] = []

    def make(guard: Guard) -> Counting:
        made.append(Counting(guard))
        return made[0]

    async def answer(asked: Any) -> None:
        if asked.target == "/moved":
            await asked.send(reply(b"", "302 Found", location="/feed"))
        elif "if-none-match" in asked.headers:
            await asked.send(reply(b"", "304 Not Modified"))
        else:
            await asked.send(reply(FEED, "200 OK" if asked.target == "/feed" else "404 No"))

    async def run() -> tuple[list[int], list[str]]:
        async with site(answer) as server, client(more={"transport": make}) as web:
            answers = [
                await web.get(server.url("/feed")),
                await web.get(server.url("/feed"), etag='"a"'),
                await web.get(server.url("/moved")),
                await web.get(server.url("/moved"), etag='"a"', validated=server.url("/feed")),
                await web.get(server.url("/gone")),
            ]
            asked = [f"{server.url()[:-1]}{asked.target}" for asked in server.asked]
            return [response.status for response in answers], asked

    statuses, asked = asyncio.run(run())

    assert statuses == [200, 304, 200, 304, 404]
    assert [str(request.url) for request in made[0].requests] == asked
    assert len(asked) == 7
    assert made[0].closed == 1


def test_the_transport_is_closed_when_the_work_fails(client: Make) -> None:
    made: list[Counting] = []

    def make(guard: Guard) -> Counting:
        made.append(Counting(guard))
        return made[0]

    async def run() -> None:
        async with client(more={"transport": make}):
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(run())

    assert made[0].closed == 1


@pytest.mark.parametrize("path", ["/a/../b", "/./a//b/.", "/%7e/%2E%2e/", "/?q=/../&x='|\"", "//a"])
def test_a_path_is_asked_for_as_it_is_written(
    path: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    """httpx.URL resolves dot segments; a server may know the address only with them."""

    async def run() -> tuple[str, str]:
        async with site(reply()) as server, client() as web:
            response = await web.get(server.url(path))
            return server.asked[0].target, response.url.removeprefix(server.url()[:-1])

    target, url = asyncio.run(run())

    assert target == path.replace("|", "%7C").replace('"', "%22")
    assert url == target


def test_no_cookie_is_kept(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        more = {"set_cookie": "id=1; Path=/; Max-Age=99999"}
        step = reply(b"", "302 Found", location="/feed", **more)
        await asked.send(step if asked.target == "/" else reply(FEED, **more))

    async def run() -> list[str | None]:
        async with site(answer) as server, client() as web:
            await web.get(server.url())
            await web.get(server.url("/feed"))
            return [asked.headers.get("cookie") for asked in server.asked]

    assert asyncio.run(run()) == [None] * 3


def test_logs_hold_no_secret(
    client: Make, site: MakeSite, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def run() -> None:
        async with site(reply()) as server, client() as web:
            url = server.url().replace("://", "://user:hush@")
            await web.get(url, headers={"X-Key": "hush"}, etag='"hush"')

    asyncio.run(run())

    assert "hush" not in caplog.text


@pytest.mark.parametrize("url", ["http://999.1.1.1/", "http://08.1.1.1/", "http://1.2.3.256/"])
def test_what_httpx_takes_for_no_address_is_refused(url: str, client: Make) -> None:
    async def run() -> None:
        async with client() as web:
            await web.get(url)

    with pytest.raises(RefusedError, match=r"^[0-9.]+: not an address that can be asked"):
        asyncio.run(run())


# Our transport in anybody's client


def plainly(site: Any, use: Callable[[httpx.AsyncClient, Any], Any]) -> Any:
    """What somebody gets who uses our transport with nothing of ours around it."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> Any:
        transport = Transport(Guard((ip_network("127.0.0.0/8"),), resolve))
        async with site as server, httpx.AsyncClient(transport=transport, trust_env=False) as web:
            return await use(web, server)

    return asyncio.run(run())


def test_it_is_a_transport_like_any_other(site: MakeSite, reply: Reply) -> None:
    async def use(web: httpx.AsyncClient, server: Any) -> tuple[str, str, int]:
        url = server.url("/a?b=c", host="feeds.example")
        first = await web.get(url)
        async with web.stream("GET", url) as second:
            raw = b"".join([piece async for piece in second.aiter_raw()])
        assert gzip.decompress(raw) == FEED
        return first.text, server.asked[1].target, server.connections

    answer = reply(gzip.compress(FEED), content_encoding="gzip")

    assert plainly(site(answer), use) == (FEED.decode(), "/a?b=c", 1)


def test_a_body_left_unread_costs_its_connection(site: MakeSite, reply: Reply) -> None:
    async def use(web: httpx.AsyncClient, server: Any) -> int:
        async with web.stream("GET", server.url()):
            pass
        assert (await web.get(server.url())).content == FEED
        connections: int = server.connections
        return connections

    assert plainly(site(reply(FEED)), use) == 2


def test_a_body_that_was_read_is_over(site: MakeSite, reply: Reply) -> None:
    async def use(web: httpx.AsyncClient, server: Any) -> list[bytes]:
        async with web.stream("GET", server.url()) as response:
            stream = response.stream
            assert isinstance(stream, httpx.AsyncByteStream)
            return [b"".join([piece async for piece in stream]) for _ in range(2)]

    assert plainly(site(reply(FEED)), use) == [FEED, b""]


@pytest.mark.parametrize(
    ("method", "url", "error"),
    [
        pytest.param("PUT", "http://127.0.0.1/", ValueError, id="it-only-reads-and-posts"),
        pytest.param("GET", "ftp://127.0.0.1/", RefusedError, id="another-scheme"),
        pytest.param("GET", "http://10.0.0.1/", RefusedError, id="a-private-address"),
        pytest.param("GET", "http://[::1]/", RefusedError, id="loopback-in-ipv6"),
        pytest.param("GET", "http://2130706433:0/", UnreachableError, id="port-0-is-not-80"),
    ],
)
def test_what_it_does_not_ask(
    method: str, url: str, error: type[Exception], site: MakeSite, reply: Reply
) -> None:
    async def use(web: httpx.AsyncClient, server: Any) -> None:
        await web.request(method, url)

    with pytest.raises(error):
        plainly(site(reply()), use)


# Another transport in our client


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_bodies_are_decoded_here_whatever_carries_them(
    coding: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    data = FEED if coding == "identity" else gzip.compress(FEED[:99]) + gzip.compress(FEED[99:])

    response = exchange(client, site(reply(data, content_encoding=coding, etag='"1"')))

    assert (response.status, response.body, response.etag) == (200, FEED, '"1"')


def test_redirects_and_conditions(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/moved":
            await asked.send(reply(b"", "301 Moved", location="/größe".encode().decode("latin-1")))
        else:
            held = asked.headers.get("if-none-match") == '"1"'
            await asked.send(reply(b"", "304 Not Modified" if held else "200 OK", etag='"1"'))

    async def run() -> tuple[list[int], str | None]:
        async with site(answer) as server, client(more={"transport": Pooled}) as web:
            first = await web.get(server.url("/moved"))
            second = await web.get(server.url("/moved"), etag=first.etag, validated=first.url)
            assert second.moved_to is not None
            return [first.status, second.status], second.moved_to.removeprefix(server.url())

    assert asyncio.run(run()) == ([200, 304], "gr%C3%B6%C3%9Fe")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
            + gzip.compress(FEED)[:20],
            DecodingError,
            "the body is truncated",
            id="a-coding-cut-short",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            FetchError,
            "the exchange fails: peer closed",
            id="a-body-cut-short",
        ),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", FetchError, "the exchange fails", id="no-http"),
        pytest.param(b"", FetchError, "the exchange fails: Server disconnected", id="nothing"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\n" + bytes(70_000), TooLargeError, "is larger", id="too-large"
        ),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
            RefusedError,
            "redirects to what is no http or https address",
            id="a-broken-redirect",
        ),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            RefusedError,
            r"10\.0\.0\.1 is a private address",
            id="a-redirect-into-a-private-network",
        ),
    ],
)
def test_its_failures_are_told_as_ours(
    answer: bytes, error: type[FetchError], words: str, client: Make, site: MakeSite
) -> None:
    with pytest.raises(error, match=words) as caught:
        exchange(client, site(answer, close=True), max_bytes=65536)

    assert str(caught.value).startswith(("127.0.0.1: ", "10.0.0.1 "))


def test_nobody_listens_there_either(client: Make, site: MakeSite) -> None:
    async def run() -> None:
        async with site(b"") as server:
            url = server.url()
        async with client(more={"transport": Pooled}) as web:
            await web.get(url)

    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1: no connection"):
        asyncio.run(run())


def test_a_broken_error_page_is_no_failure_there_either(client: Make, site: MakeSite) -> None:
    answer = b"HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\n<html"

    assert exchange(client, site(answer, close=True)).status == 404


def test_the_deadline_is_ours(client: Make, site: MakeSite) -> None:
    async def answer(asked: Any) -> None:
        await asked.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await asked.send(b"x")
            await asyncio.sleep(0.02)

    begun = time.monotonic()

    with pytest.raises(FetchError, match=r"no whole answer within 0\.3 seconds"):
        exchange(client, site(answer), timeout=0.3)

    assert time.monotonic() - begun < 30  # else it would have no end


def test_a_transport_may_stream_from_a_generator(client: Make) -> None:
    """It is left early when the body is too large, and nothing complains about that."""

    class Endless(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield bytes(1000)
                await asyncio.sleep(0)

        async def aclose(self) -> None:
            self.closed = True

    stream = Endless()

    class Canned(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=stream)

    async def run() -> None:
        async with client(max_bytes=9_999, more={"transport": lambda guard: Canned()}) as web:
            await web.get("http://feeds.example.org/")

    with pytest.raises(TooLargeError, match="larger than the 9999 bytes"):
        asyncio.run(run())

    assert stream.closed
