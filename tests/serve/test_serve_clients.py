"""Who asks: addresses behind proxies, spoofed ones, and who may see inside."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import ip_network

import pytest

from feedsvc.serve.clients import Admission, Clients, address
from tests.asking import asked

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "127.0.0.1/32", "2001:db8:1::/48")))
PROXY = "10.0.0.1:40000"
TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="plain"),
        pytest.param(" 192.0.2.7\t", "192.0.2.7", id="with-space-around"),
        pytest.param("192.0.2.7:4711", "192.0.2.7", id="with-a-port"),
        pytest.param("2001:db8::1", "2001:db8::1", id="v6"),
        pytest.param("[2001:db8::1]", "2001:db8::1", id="v6-in-brackets"),
        pytest.param("[2001:db8::1]:443", "2001:db8::1", id="v6-with-a-port"),
        pytest.param("2001:DB8:0:0::1", "2001:db8::1", id="v6-in-another-spelling"),
        pytest.param("[::ffff:192.0.2.7]:1", "192.0.2.7", id="v4-inside-v6"),
        pytest.param("fe80::1%eth0", "fe80::1", id="with-a-zone"),
        pytest.param("", None, id="empty"),
        pytest.param("unix:", None, id="a-unix-socket"),
        pytest.param("unknown", None, id="unknown"),
        pytest.param("_hidden", None, id="hidden"),
        pytest.param("192.0.2", None, id="too-short"),
        pytest.param("192.0.2.7:port", None, id="no-port"),
        pytest.param("192.0.2.007", None, id="octal"),
        pytest.param("[2001:db8::1", None, id="no-end-bracket"),
        pytest.param("[2001:db8::1]x", None, id="more-behind-the-bracket"),
        pytest.param("3221225991", None, id="a-number"),
        pytest.param("news.example.org", None, id="a-name"),
    ],
)
def test_an_address_is_read(text: str, expected: str | None) -> None:
    found = address(text)

    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, "10.0.0.1", id="the-proxy-itself-asks"),
        pytest.param({"x_forwarded_for": "192.0.2.7"}, "192.0.2.7", id="for-one"),
        pytest.param(
            {"x_forwarded_for": "198.51.100.1, 192.0.2.7"}, "192.0.2.7", id="a-client-lies"
        ),
        pytest.param(
            {"x_forwarded_for": "192.0.2.7, 10.9.9.9"}, "192.0.2.7", id="through-two-proxies"
        ),
        pytest.param(
            {"x_forwarded_for": "127.0.0.1, 192.0.2.7, 10.9.9.9"},
            "192.0.2.7",
            id="a-client-pretends-to-be-behind-ours",
        ),
        pytest.param(
            {"x_forwarded_for": ["198.51.100.1", "192.0.2.7"]}, "192.0.2.7", id="in-two-lines"
        ),
        pytest.param({"x_forwarded_for": "10.2.3.4"}, "10.2.3.4", id="one-of-the-own-network"),
        pytest.param({"x_forwarded_for": "192.0.2.7:443"}, "192.0.2.7", id="with-a-port"),
        pytest.param({"x_forwarded_for": "2001:db8::7"}, "2001:db8::7", id="v6"),
        pytest.param(
            {"x_forwarded_for": "2001:db8::7, 2001:db8:1::2"}, "2001:db8::7", id="v6-proxy"
        ),
        pytest.param({"x_forwarded_for": "::ffff:192.0.2.7"}, "192.0.2.7", id="v4-inside-v6"),
        pytest.param({"x_forwarded_for": "192.0.2.7, unknown"}, None, id="the-proxy-cannot-tell"),
        pytest.param({"x_forwarded_for": "192.0.2.7, <x>"}, None, id="garbage"),
        pytest.param({"x_forwarded_for": ""}, None, id="empty"),
        pytest.param({"x_forwarded_for": " , ,"}, None, id="only-commas"),
        pytest.param({"x_real_ip": "192.0.2.7"}, "192.0.2.7", id="real-ip"),
        pytest.param(
            {"x_real_ip": "192.0.2.7", "x_forwarded_for": "198.51.100.1, 192.0.2.7"},
            "192.0.2.7",
            id="both-agree",
        ),
        pytest.param(
            {"x_real_ip": "192.0.2.7", "x_forwarded_for": "198.51.100.1"},
            None,
            id="one-of-them-is-the-clients",
        ),
        pytest.param({"forwarded": "for=192.0.2.7"}, "192.0.2.7", id="forwarded"),
        pytest.param(
            {"forwarded": 'for="[2001:db8::7]:4711";proto=https;by=10.0.0.1'},
            "2001:db8::7",
            id="forwarded-v6",
        ),
        pytest.param(
            {"forwarded": "For=198.51.100.1, FOR=192.0.2.7;host=x"}, "192.0.2.7", id="two-hops"
        ),
        pytest.param(
            {"forwarded": 'for=198.51.100.1;host="a,b", proto=https;for=192.0.2.7'},
            "192.0.2.7",
            id="a-comma-in-quotes",
        ),
        pytest.param(
            {"forwarded": r'for=1.1.1.1;host="\", for=2.2.2.2", for=192.0.2.7'},
            "192.0.2.7",
            id="an-escaped-quote",
        ),
        pytest.param({"forwarded": "for=_hidden"}, None, id="forwarded-hidden"),
        pytest.param({"forwarded": "proto=https"}, None, id="forwarded-without-for"),
        pytest.param(
            {"forwarded": 'for=198.51.100.1;x=", for="[2001:db8::7]"'},
            None,
            id="a-quote-that-swallows-the-proxys-word",
        ),
        pytest.param({"forwarded": 'for=198.51.100.1;x="'}, None, id="a-quote-that-never-ends"),
        pytest.param(
            {"forwarded": "for=198.51.100.1", "x_forwarded_for": "192.0.2.7"},
            None,
            id="a-field-that-the-proxy-does-not-write",
        ),
    ],
)
def test_the_client_behind_a_trusted_proxy(
    headers: dict[str, str | list[str]], expected: str | None
) -> None:
    found = Clients(TRUSTED).address(asked(client=PROXY, **headers))  # type: ignore[arg-type]

    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize("client", ["192.0.2.99:1", "[2001:db8:2::1]:1", "11.0.0.1:1"])
def test_nobody_else_is_believed(client: str) -> None:
    request = asked(client=client, x_forwarded_for="198.51.100.1", forwarded="for=198.51.100.1")

    found = Clients(TRUSTED).address(request)

    assert found == address(client)


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    request = asked(client="[::ffff:127.0.0.1]:1", x_forwarded_for="198.51.100.1")

    assert str(Clients().address(request)) == "127.0.0.1"


def test_a_proxy_that_writes_what_cannot_be_read_tells_of_nobody() -> None:
    request = asked(client=PROXY, unreadable=("x-forwarded-for",))

    assert Clients(TRUSTED).address(request) is None


def test_the_peer_of_a_unix_socket_has_no_address() -> None:
    assert Clients(TRUSTED).address(asked(client="", x_forwarded_for="192.0.2.7")) is None


def test_only_the_last_hops_of_a_long_way_are_looked_at() -> None:
    hops = ", ".join(["198.51.100.1", *["10.0.0.2"] * 5_000])

    assert str(Clients(TRUSTED).address(asked(client=PROXY, x_forwarded_for=hops))) == "10.0.0.2"


@pytest.mark.timeout(60)
def test_a_field_that_is_made_to_be_slow_is_not() -> None:
    for evil in (
        '"\\' * 30_000,
        'for="' * 10_000,
        ";=" * 30_000,
        "for=" + "a" * 60_000,
        " " * 60_000,
    ):
        assert Clients(TRUSTED).address(asked(client=PROXY, forwarded=evil)) is None


# -- who may see inside ----------------------------------------------------------------------------

WITH_TOKEN = Admission(sha256(TOKEN.encode()).digest())


@pytest.mark.parametrize(
    ("given", "admitted"),
    [
        pytest.param(f"Bearer {TOKEN}", True, id="the-token"),
        pytest.param(f"bearer  {TOKEN} ", True, id="in-another-spelling"),
        pytest.param(f"Bearer {TOKEN}x", False, id="a-longer-one"),
        pytest.param(f"Bearer {TOKEN[:-1]}", False, id="a-shorter-one"),
        pytest.param("Bearer ", False, id="none"),
        pytest.param("Bearer", False, id="nothing"),
        pytest.param("", False, id="empty"),
        pytest.param(TOKEN, False, id="without-its-scheme"),
        pytest.param(f"Basic {TOKEN}", False, id="another-scheme"),
    ],
)
@pytest.mark.parametrize("client", ["192.0.2.7:1", "127.0.0.1:1", ""])
def test_the_token_opens_from_anywhere(given: str, admitted: bool, client: str) -> None:
    request = asked(client=client, host="news.example.org", via="1.1 x", authorization=given)

    assert WITH_TOKEN.admits(request) is admitted
    assert WITH_TOKEN.invites(request)


def test_a_token_opens_nothing_where_none_is_configured() -> None:
    request = asked(client="192.0.2.7:1", host="127.0.0.1", authorization=f"Bearer {TOKEN}")

    assert not Admission().admits(request)
    assert not Admission().invites(request)


@pytest.mark.parametrize("admission", [Admission(), WITH_TOKEN], ids=["no-token", "a-token"])
@pytest.mark.parametrize(
    ("client", "host"),
    [
        pytest.param("127.0.0.1:1", "127.0.0.1:8080", id="v4"),
        pytest.param("127.8.9.1:1", "127.8.9.1", id="another-of-them"),
        pytest.param("[::1]:1", "[::1]:8080", id="v6"),
        pytest.param("[::ffff:127.0.0.1]:1", "127.0.0.1", id="v4-inside-v6"),
        pytest.param("127.0.0.1:1", "localhost:8080", id="by-name"),
        pytest.param("127.0.0.1:1", "LocalHost.", id="by-name-in-another-spelling"),
    ],
)
def test_this_machine_may_see_inside(admission: Admission, client: str, host: str) -> None:
    assert admission.admits(asked(client=client, host=host))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x_forwarded_for": "127.0.0.1"}, id="x-forwarded-for"),
        pytest.param({"x_forwarded_for": ""}, id="x-forwarded-for-empty"),
        pytest.param({"x_forwarded_proto": "https"}, id="x-forwarded-proto"),
        pytest.param({"forwarded": "for=127.0.0.1"}, id="forwarded"),
        pytest.param({"x_real_ip": "127.0.0.1"}, id="x-real-ip"),
        pytest.param({"via": "1.1 cache"}, id="via"),
        pytest.param({"cf_connecting_ip": "127.0.0.1"}, id="of-a-network"),
        pytest.param({"http_version": "1.0"}, id="http-1.0"),
        pytest.param({"unreadable": ("x-forwarded-for",)}, id="one-that-cannot-be-read"),
        pytest.param({"client": "192.0.2.7:1"}, id="another-machine"),
        pytest.param({"client": "10.0.0.1:1"}, id="the-next-machine"),
        pytest.param({"client": ""}, id="a-unix-socket"),
        pytest.param({"client": "garbage"}, id="garbage"),
        pytest.param({"host": "news.example.org"}, id="by-the-name-of-a-site"),
        pytest.param({"host": "localhost.example.org"}, id="by-a-name-like-this-machine"),
        pytest.param({"host": "192.0.2.7"}, id="by-another-address"),
        pytest.param({"host": ""}, id="by-no-name"),
    ],
)
def test_whoever_may_ask_for_others_may_not(headers: dict[str, str]) -> None:
    request = asked(**{"host": "127.0.0.1", **headers})  # type: ignore[arg-type]

    assert not WITH_TOKEN.admits(request)
    assert not WITH_TOKEN.invites(request)
