"""Connections: kept, retried once, never mixed up; turns; TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.errors import FetchError
from feedsvc.web import Client
from feedsvc.web.polite import Turns

Make = Callable[..., Client]
MakeSite = Callable[..., Any]
Reply = Callable[..., bytes]

CERTIFICATE = Path(__file__).parent / "data" / "loopback.pem"


async def several(web: Client, *urls: str) -> list[bytes]:
    return [(await web.get(url)).body for url in urls]


def test_a_connection_is_kept(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> int:
        async with site(reply(b"x")) as server, client() as web:
            await several(web, *[server.url()] * 5)
            connections: int = server.connections
            return connections

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", id="x"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", id="http-1.0"),
    ],
)
def test_a_connection_that_ends_is_not_kept(answer: bytes, client: Make, site: MakeSite) -> None:
    async def run() -> int:
        async with site(answer, close=True) as server, client() as web:
            await several(web, *[server.url()] * 3)
            connections: int = server.connections
            return connections

    assert asyncio.run(run()) == 3


def test_a_stale_connection_is_asked_anew_once(client: Make, site: MakeSite, reply: Reply) -> None:
    """The server closes just as we ask again: nothing came back, so we may repeat it."""

    async def answer(asked: Any) -> None:
        if asked.target == "/1" and asked.connection == 1:
            asked.close()
        else:
            await asked.send(reply(asked.target.encode()))

    async def run() -> tuple[list[bytes], list[tuple[int, str]]]:
        async with site(answer) as server, client() as web:
            bodies = await several(web, server.url("/0"), server.url("/1"), server.url("/2"))
            return bodies, [(asked.connection, asked.target) for asked in server.asked]

    bodies, asked = asyncio.run(run())

    assert bodies == [b"/0", b"/1", b"/2"]
    assert asked == [(1, "/0"), (1, "/1"), (2, "/1"), (2, "/2")]


def test_only_once(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/":
            await asked.send(reply())
        else:
            asked.close()

    async def run() -> int:
        async with site(answer) as server, client() as web:
            await web.get(server.url())
            with pytest.raises(FetchError, match="without an answer"):
                await web.get(server.url("/closes"))
            return len(server.asked)

    assert asyncio.run(run()) == 3


def test_half_an_answer_is_not_asked_again(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/":
            await asked.send(reply())
        else:
            await asked.send(b"HTTP/1.1 200")
            asked.close()

    async def run() -> int:
        async with site(answer) as server, client() as web:
            await web.get(server.url())
            with pytest.raises(FetchError):
                await web.get(server.url("/half"))
            return len(server.asked)

    assert asyncio.run(run()) == 2


def test_a_408_on_a_kept_connection_is_asked_again(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def answer(asked: Any) -> None:
        late = asked.connection == 1 and asked.target == "/1"
        await asked.send(reply(b"", "408 Request Timeout") if late else reply(b"fine"))

    async def run() -> list[bytes]:
        async with site(answer) as server, client() as web:
            return await several(web, server.url("/0"), server.url("/1"))

    assert asyncio.run(run()) == [b"fine", b"fine"]


@pytest.mark.parametrize("later", [False, True], ids=["together", "after-a-while"])
@pytest.mark.parametrize("status", ["200 OK", "304 Not Modified"])
def test_bytes_behind_an_answer_are_not_taken_for_the_next(
    status: str, later: bool, client: Make, site: MakeSite, reply: Reply
) -> None:
    forged = reply(b"forged")

    async def answer(asked: Any) -> None:
        if asked.target != "/0":
            await asked.send(reply(b"true"))
        elif later:
            await asked.send(reply(b"", status))
            await asyncio.sleep(0.02)
            await asked.send(forged)
        else:
            await asked.send(reply(b"", status) + forged)

    async def run() -> tuple[bytes, int]:
        async with site(answer) as server, client() as web:
            await web.get(server.url("/0"), etag='"a"')
            await asyncio.sleep(0.1)
            response = await web.get(server.url("/1"))
            return response.body, server.connections

    assert asyncio.run(run()) == (b"true", 2)


def test_a_connection_is_not_reused_for_another_host_at_the_same_address(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> int:
        async with site(reply()) as server, client(more={"resolve": resolve}) as web:
            await web.get(f"http://a.example:{server.port}/")
            await web.get(f"http://b.example:{server.port}/")
            connections: int = server.connections
            return connections

    assert asyncio.run(run()) == 2


def test_what_is_cancelled_leaves_no_connection_behind(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/slow":
            await asyncio.sleep(30)
        await asked.send(reply(b"next"))

    async def run() -> tuple[bytes, int]:
        async with site(answer) as server, client() as web:
            task = asyncio.create_task(web.get(server.url("/slow")))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return (await web.get(server.url("/next"))).body, server.connections

    assert asyncio.run(run()) == (b"next", 2)


def test_closing_the_client_closes_what_is_under_way(client: Make, site: MakeSite) -> None:
    async def answer(asked: Any) -> None:
        await asyncio.sleep(30)

    async def run() -> BaseException:
        async with site(answer) as server:
            async with client() as web:
                task = asyncio.create_task(web.get(server.url()))
                await asyncio.sleep(0.05)
            (error,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(error, BaseException)
            return error

    assert isinstance(asyncio.run(run()), FetchError)


def test_few_connections_are_kept_of_many_hosts(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> int:
        async with site(reply(), host="0.0.0.0") as server, client() as web:
            for number in range(350):
                host = f"127.0.{1 + number // 200}.{1 + number % 200}"
                await web.get(server.url(host=host))
            await asyncio.sleep(0.05)
            return len(server._tasks)

    assert asyncio.run(run()) == 300


# Turns


@pytest.mark.parametrize("per_host", [1, 2, 5])
def test_no_host_is_asked_by_more_than_so_many_at_once(
    per_host: int, client: Make, site: MakeSite, reply: Reply
) -> None:
    now = most = 0

    async def answer(asked: Any) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await asked.send(reply())

    async def run() -> None:
        more = {} if per_host == 2 else {"per_host": per_host}
        async with site(answer) as server, client(more=more) as web:
            await asyncio.gather(*(web.get(server.url(f"/{n}")) for n in range(20)))

    asyncio.run(run())

    assert most == per_host


def test_no_more_than_so_many_at_once_in_all(client: Make, site: MakeSite, reply: Reply) -> None:
    now = most = 0

    async def answer(asked: Any) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await asked.send(reply())

    async def run() -> None:
        async with (
            site(answer, host="0.0.0.0") as server,
            client(more={"concurrency": 7}) as web,
        ):
            urls = [server.url(host=f"127.0.1.{n}") for n in range(1, 31)]
            await asyncio.gather(*map(web.get, urls))

    asyncio.run(run())

    assert most == 7


def test_a_slow_host_holds_up_no_other(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.headers["host"].startswith("127.0.1.1:"):
            await asyncio.sleep(30)
        await asked.send(reply(b"quick"))

    async def run() -> bytes:
        async with (
            site(answer, host="0.0.0.0") as server,
            client(more={"concurrency": 3}) as web,
        ):
            slow = [
                asyncio.create_task(web.get(server.url(f"/{n}", host="127.0.1.1")))
                for n in range(20)
            ]
            await asyncio.sleep(0.02)
            body: bytes = (await web.get(server.url(host="127.0.1.2"))).body
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            return body

    assert asyncio.run(asyncio.wait_for(run(), 60)) == b"quick"


def starts(turns: Turns, *hosts: str, own: bool = False) -> list[float]:
    """When each turn was granted, in seconds from the first."""
    granted: list[float] = []

    async def one(name: str) -> None:
        async with turns.turn(name) as host:
            host.own = own
            granted.append(asyncio.get_running_loop().time())

    async def run() -> None:
        for name in hosts[:1]:
            await one(name)
        await asyncio.gather(*map(one, hosts[1:]))

    asyncio.run(run())
    return [moment - granted[0] for moment in granted]


def test_requests_to_one_host_are_spaced() -> None:
    turns = Turns(concurrency=9, per_host=2, pause=0.05)

    moments = starts(turns, "a", "a", "a", "a")

    assert all(moment >= 0.049 * number for number, moment in enumerate(moments))


def test_different_hosts_need_no_pause_between_them() -> None:
    moments = starts(Turns(concurrency=9, per_host=2, pause=5), "a", "b", "c")

    assert moments[-1] < 1


def test_the_operators_own_hosts_need_no_pause(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> float:
        async with site(reply()) as server, client(more={"per_host": 1}) as web:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await asyncio.gather(*(web.get(server.url(f"/{n}")) for n in range(50)))
            return loop.time() - begun

    assert asyncio.run(run()) < 5


def test_hosts_are_forgotten() -> None:
    turns = Turns(concurrency=9, per_host=2, pause=0.02)

    async def run() -> tuple[int, int]:
        for number in range(100):
            async with turns.turn(f"host{number}"):
                pass
        before = len(turns._hosts)
        await asyncio.sleep(0.1)
        return before, len(turns._hosts)

    before, after = asyncio.run(run())

    assert before > 0
    assert after == 0


# TLS


def trusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def test_https(client: Make, site: MakeSite, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> tuple[list[bytes], int]:
        async with (
            site(reply(b"safe"), tls=trusted()) as server,
            client(more={"resolve": resolve}) as web,
        ):
            named = server.url(host="feeds.example.org")
            bodies = await several(web, server.url(), named, named, server.url(host="127.1"))
            return bodies, server.connections

    bodies, connections = asyncio.run(run())

    assert bodies == [b"safe"] * 4
    assert connections == 2


@pytest.mark.parametrize(
    ("host", "trust", "words"),
    [
        pytest.param("127.0.0.1", False, "certificate is not accepted: self", id="not-trusted"),
        pytest.param("127.0.0.2", True, "certificate is not accepted: IP", id="another-address"),
        pytest.param("a.example.net", True, "is not accepted: Hostname", id="another-name"),
    ],
)
def test_a_certificate_that_does_not_fit(
    host: str,
    trust: bool,
    words: str,
    client: Make,
    site: MakeSite,
    reply: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trust:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> None:
        async with (
            site(reply(), host="0.0.0.0", tls=trusted()) as server,
            client(more={"resolve": resolve}) as web,
        ):
            await web.get(server.url(host=host))

    with pytest.raises(FetchError, match=words):
        asyncio.run(run())


def test_tls_where_there_is_none(client: Make) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, client() as web:
            await web.get(f"https://127.0.0.1:{port}/")

    with pytest.raises(FetchError, match="TLS fails: "):
        asyncio.run(run())


def test_no_tls_where_it_is_needed(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> None:
        async with site(reply(), tls=trusted()) as server, client() as web:
            await web.get(server.url().replace("https:", "http:"))

    with pytest.raises(FetchError, match=r"127\.0\.0\.1: "):
        asyncio.run(run())


def test_a_secret_follows_to_https_on_its_host_but_never_back(
    client: Make, site: MakeSite, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def run() -> tuple[bool, bool]:
        async with site(reply()) as plain:
            step = reply(b"", "302 Found", location=plain.url())
            async with site(step, tls=trusted()) as secure, client() as web:
                await web.get(secure.url(), headers={"authorization": "Bearer x"})
                return (
                    "authorization" in secure.asked[0].headers,
                    "authorization" in plain.asked[0].headers,
                )

    assert asyncio.run(run()) == (True, False)
