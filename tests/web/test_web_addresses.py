"""The guard: what may be connected to, in every spelling a stranger may choose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from feedsvc.web import Client, RefusedError, UnreachableError
from feedsvc.web.addresses import Guard, Resolve, literal_address, refusal

Make = Callable[..., Client]
MakeSite = Callable[..., Any]
Reply = Callable[..., bytes]


def answering(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.255.255.254", id="loopback-to-its-end"),
        pytest.param("0.0.0.0", id="unspecified-is-loopback-on-linux"),
        pytest.param("0.1.2.3", id="this-network"),
        pytest.param("10.0.0.1", id="private-10"),
        pytest.param("172.16.0.1", id="private-172"),
        pytest.param("172.31.255.255", id="private-172-to-its-end"),
        pytest.param("192.168.1.1", id="private-192"),
        pytest.param("169.254.169.254", id="metadata-service"),
        pytest.param("100.64.0.1", id="carrier-nat"),
        pytest.param("100.100.100.200", id="metadata-service-in-carrier-nat"),
        pytest.param("100.127.255.255", id="carrier-nat-to-its-end"),
        pytest.param("192.0.0.192", id="protocol-assignments"),
        pytest.param("192.0.2.1", id="documentation"),
        pytest.param("198.51.100.7", id="documentation-2"),
        pytest.param("203.0.113.7", id="documentation-3"),
        pytest.param("198.19.255.255", id="benchmarks"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("168.63.129.16", id="cloud-internal"),
        pytest.param("::1", id="loopback-6"),
        pytest.param("::", id="unspecified-6"),
        pytest.param("fe80::1", id="link-local-6"),
        pytest.param("fc00::1", id="unique-local-6"),
        pytest.param("fd00:ec2::254", id="metadata-service-6"),
        pytest.param("fec0::1", id="site-local-6"),
        pytest.param("ff02::1", id="multicast-6"),
        pytest.param("2001:db8::1", id="documentation-6"),
        pytest.param("3fff::1", id="documentation-6-new"),
        pytest.param("2001::1", id="teredo"),
        pytest.param("100::1", id="discard-only"),
        pytest.param("::ffff:127.0.0.1", id="mapped-loopback"),
        pytest.param("::ffff:10.0.0.1", id="mapped-private"),
        pytest.param("::127.0.0.1", id="compatible-loopback"),
        pytest.param("::ffff:0:127.0.0.1", id="translated-loopback"),
        pytest.param("2002:7f00:1::", id="6to4-loopback"),
        pytest.param("2002:a9fe:a9fe::1", id="6to4-metadata"),
        pytest.param("64:ff9b::7f00:1", id="nat64-loopback"),
        pytest.param("64:ff9b::c0a8:101", id="nat64-private"),
        pytest.param("64:ff9b:1::a00:1", id="nat64-local-use"),
        pytest.param("4000::1", id="not-given-out"),
    ],
)
def test_special_addresses_are_refused(address: str) -> None:
    why = refusal(ip_address(address), ())

    assert why is not None


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1", "2002:101:101::1",
        "64:ff9b::101:101",
    ],
)  # fmt: skip
def test_public_addresses_are_not(address: str) -> None:
    assert refusal(ip_address(address), ()) is None


@pytest.mark.parametrize(
    ("address", "allowed", "permitted"),
    [
        pytest.param("127.0.0.1", "127.0.0.0/8", True, id="listed"),
        pytest.param("::ffff:127.0.0.1", "127.0.0.0/8", True, id="mapped-form-of-listed"),
        pytest.param("10.1.2.3", "10.1.0.0/16", True, id="in-a-part-that-is-listed"),
        pytest.param("10.2.2.3", "10.1.0.0/16", False, id="beside-the-listed-part"),
        pytest.param("::1", "127.0.0.0/8", False, id="the-other-family-is-not-meant"),
        pytest.param(
            "64:ff9b::7f00:1", "127.0.0.0/8", False, id="a-gateway's-loopback-is-not-ours"
        ),
        pytest.param("fd00::1", "fd00::/8", True, id="listed-6"),
    ],
)
def test_only_listed_networks_open(address: str, allowed: str, permitted: bool) -> None:
    why = refusal(ip_address(address), (ip_network(allowed),))

    assert (why is None) is permitted


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", id="plain"),
        pytest.param("127.0.0.1.", "127.0.0.1", id="trailing-dot"),
        pytest.param("127.1", "127.0.0.1", id="short"),
        pytest.param("2130706433", "127.0.0.1", id="decimal"),
        pytest.param("0177.0.0.1", "127.0.0.1", id="octal"),
        pytest.param("017700000001", "127.0.0.1", id="octal-whole"),
        pytest.param("0x7f.0.0.1", "127.0.0.1", id="hexadecimal"),
        pytest.param("0x7f000001", "127.0.0.1", id="hexadecimal-whole"),
        pytest.param("0", "0.0.0.0", id="zero"),
        pytest.param("[::1]", "::1", id="ipv6"),
        pytest.param("example.org", None, id="a-name"),
        pytest.param("1.example", None, id="a-name-that-begins-with-a-digit"),
        pytest.param("host1", None, id="a-name-that-ends-with-a-digit"),
        pytest.param("1.2.3.4.5", None, id="too-many-parts"),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str | None) -> None:
    found = literal_address(host)

    assert found == (None if address is None else ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/",
        "http://0177.0.0.1:{port}/", "http://0x7f.1:{port}/", "http://127.0.0.1.:{port}/",
        "http://0:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/", "http://localhost:{port}/", "http://LOCALHOST.:{port}/",
        "http://%31%32%37.0.0.1:{port}/", "http://１２７.０.０.１:{port}/", "http://①②⑦.0.0.1:{port}/",
        "http://public.example@127.0.0.1:{port}/", "http://[::]:{port}/",
        "http:\\\\127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@public.example/",
    ],
)  # fmt: skip
def test_no_spelling_reaches_loopback(url: str, client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> tuple[RefusedError, int]:
        async with site(reply(b"secret")) as server, client(allow=()) as web:
            with pytest.raises(RefusedError) as caught:
                await web.get(url.format(port=server.port))
            return caught.value, server.connections

    error, connections = asyncio.run(run())

    assert connections == 0
    assert not error.retryable
    assert error.hint is not None
    assert "sync.allow_networks" in error.hint


def test_a_name_that_resolves_to_a_private_address_is_refused(client: Make) -> None:
    async def run() -> None:
        async with client(allow=(), more={"resolve": answering("10.0.0.7")}) as web:
            await web.get("http://inside.example/")

    with pytest.raises(
        RefusedError, match=r"inside\.example \(10\.0\.0\.7\) is a private"
    ) as caught:
        asyncio.run(run())

    assert caught.value.hint == (
        'if it is meant, list it: sync.allow_networks = ["10.0.0.7/32"], '
        "or FEEDSVC_SYNC__ALLOW_NETWORKS='[\"10.0.0.7/32\"]'"
    )


def test_the_hint_names_the_network_that_would_help(client: Make) -> None:
    async def run() -> None:
        async with client(allow=()) as web:
            await web.get("http://[::ffff:10.0.0.7]/")

    with pytest.raises(RefusedError, match=r"\(10\.0\.0\.7\) is a private") as caught:
        asyncio.run(run())

    assert caught.value.hint == (
        'if it is meant, list it: sync.allow_networks = ["10.0.0.7/32"], '
        "or FEEDSVC_SYNC__ALLOW_NETWORKS='[\"10.0.0.7/32\"]'"
    )


def test_an_ipv6_address_is_asked_in_brackets(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> bool:
        try:
            server = await site(reply(b"six"), host="::1").__aenter__()
        except OSError:
            pytest.skip("this machine has no IPv6")
        async with client() as web:
            response = await web.get(server.url(host="[0:0::1]"))
        await server.__aexit__()
        named: bool = server.asked[0].headers["host"] == f"[::1]:{server.port}"
        return named and response.url == f"http://[::1]:{server.port}/"

    assert asyncio.run(run())


def test_localhost_is_not_asked_of_a_name_server(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    async def run() -> list[int]:
        async with site(reply()) as server, client(more={"resolve": resolve}) as web:
            hosts = ("localhost", "Localhost.", "planet.localhost")
            return [(await web.get(server.url(host=host))).status for host in hosts]

    assert asyncio.run(run()) == [200] * 3


def test_of_mixed_addresses_only_the_public_are_used() -> None:
    guard = Guard((), answering("10.0.0.7", "1.1.1.1", "::1", "1.1.1.1", "::ffff:127.0.0.1"))

    way = asyncio.run(guard.way("mixed.example", 80))

    assert way == (("1.1.1.1",), False)


def test_an_address_that_is_only_listed_is_the_operators_own() -> None:
    guard = Guard((ip_network("10.0.0.0/8"),), answering("10.0.0.7"))

    assert asyncio.run(guard.way("inside.example", 80)).own


def test_the_checked_address_is_the_one_connected_to(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    """A name server that answers differently the second time gains nothing."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    async def run() -> tuple[bytes, str]:
        async with (
            site(reply(b"checked"), host="127.0.0.2") as server,
            client(allow=("127.0.0.2/32",), more={"resolve": rebinding}) as web,
        ):
            response = await web.get(f"http://rebind.example:{server.port}/")
            return response.body, server.asked[0].headers["host"].partition(":")[0]

    result = asyncio.run(run())

    assert result == (b"checked", "rebind.example")
    assert asked == ["rebind.example"]


def test_the_next_address_is_tried_when_one_does_not_answer(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> bytes:
        resolve = answering("127.0.0.3", "127.0.0.1")
        async with site(reply(b"second")) as server, client(more={"resolve": resolve}) as web:
            response = await web.get(f"http://two.example:{server.port}/")
            assert isinstance(response.body, bytes)
            return response.body

    assert asyncio.run(run()) == b"second"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("http://nobody.invalid/", "nobody.invalid: ", id="no-such-host"),
        pytest.param(f"http://{'a' * 64}.example/", "no such host", id="a-label-too-long"),
        pytest.param("http://a..example/", "not an http or https address", id="an-empty-label"),
    ],
)
def test_a_name_that_does_not_resolve(url: str, words: str, client: Make) -> None:
    async def run() -> None:
        async with client() as web:
            await web.get(url)

    with pytest.raises((UnreachableError, RefusedError), match=words):
        asyncio.run(run())


def test_a_name_without_addresses(client: Make) -> None:
    async def run() -> None:
        async with client(more={"resolve": answering()}) as web:
            await web.get("http://empty.example/")

    with pytest.raises(UnreachableError, match="the name has no address"):
        asyncio.run(run())


def test_nobody_listens(client: Make, site: MakeSite) -> None:
    async def run() -> None:
        async with site(b"") as server:
            url = server.url()
        async with client() as web:
            await web.get(url)

    with pytest.raises(UnreachableError, match="connection refused"):
        asyncio.run(run())
