"""The way to a public site: certificates, IPv6, http beside https, www beside the name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.app.doctor import Check, Outcome
from feedsvc.app.doctor.public import own_hosts, reach
from feedsvc.web.probe import Probe
from tests.feedserver import Asked, Site

DATA = Path(__file__).parent / "data"
NAME = "news.example.org"
AT = {NAME: ["127.0.0.1"], "example.org": ["127.0.0.1"], "www.example.org": ["127.0.0.1"]}


async def resolve(host: str, port: int) -> Sequence[str]:
    if host not in AT:
        raise OSError("there is no such host")
    return AT[host]


@asynccontextmanager
async def served(
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: str | None = None,
) -> AsyncIterator[Site]:
    async def send(asked: Asked) -> None:
        await asked.send(answer.replace(b"{port}", str(site.port).encode()))

    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(DATA / certificate)
    async with Site(send, host=host, port=port, tls=tls) as site:
        yield site


# -- certificates --------------------------------------------------------------------------------


def certificate_of(
    shown: str, *, name: str = NAME, trust: bool = True, now: datetime | None = None
) -> Check:
    async def run() -> Check:
        async with (
            served(certificate=shown) as site,
            Probe(own=own_hosts(f"https://{name}"), resolve=resolve) as probe,
        ):
            base = site.url("", host=name)
            return await reach.certificate(probe, base, now or datetime.now(UTC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(DATA / ("root.pem" if trust else "expired.pem")))
        return asyncio.run(run())


@pytest.mark.parametrize(
    ("shown", "options", "words", "hint"),
    [
        pytest.param("expired.pem", {}, "has expired", "renew it", id="expired"),
        pytest.param("unchained.pem", {}, "without the certificates in between", "fullchain",
                     id="no-chain"),
        pytest.param("chained.pem", {"name": "www.example.org"}, "is of another host", "base_url",
                     id="another-host"),
        pytest.param("chained.pem", {"trust": False}, "without the certificates in between",
                     "whole chain", id="nobody-knows-who-signed"),
    ],
)  # fmt: skip
def test_a_certificate_that_readers_do_not_take(
    shown: str, options: dict[str, object], words: str, hint: str
) -> None:
    check = certificate_of(shown, **options)  # type: ignore[arg-type]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 5)
    assert words in check.message
    assert hint in (check.hint or "")


def test_a_good_certificate() -> None:
    check = certificate_of("chained.pem")

    assert check.outcome is Outcome.OK
    assert check.message.startswith("valid until 2119-")


@pytest.mark.parametrize(
    ("days", "outcome"),
    [pytest.param(13, "warning", id="two-weeks"), pytest.param(15, "ok", id="more-than-that")],
)
def test_a_certificate_that_ends_soon(days: int, outcome: str) -> None:
    told = certificate_of("chained.pem").message.removeprefix("valid until ")
    ends = datetime.fromisoformat(told).replace(tzinfo=UTC)

    check = certificate_of("chained.pem", now=ends - timedelta(days=days))

    assert check.outcome == outcome


def test_tls_where_there_is_none() -> None:
    async def run() -> Check:
        async with served() as site, Probe(own=(NAME,), resolve=resolve, seconds=1) as probe:
            base = site.url("", host=NAME).replace("http:", "https:")
            return await reach.certificate(probe, base, datetime.now(UTC))

    check = asyncio.run(run())

    assert check.outcome is Outcome.FAILED
    assert check.message.startswith("TLS fails")


# -- IPv6 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "six", "outcome", "words"),
    [
        pytest.param(["127.0.0.1", "::1"], False, "failed", "has the IPv6 address ::1",
                     id="nobody-answers-by-ipv6"),
        pytest.param(["127.0.0.1", "::1"], True, "ok", "answers by IPv6", id="both-answer"),
        pytest.param(["127.0.0.1"], False, "ok", "has no IPv6 address", id="there-is-none"),
    ],
)  # fmt: skip
def test_ipv6(
    addresses: list[str], six: bool, outcome: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(AT, NAME, addresses)

    async def run() -> Check:
        async with AsyncExitStack() as stack:
            site = await stack.enter_async_context(served())
            if six:
                await stack.enter_async_context(served(host="::1", port=site.port))
            four = await stack.enter_async_context(Probe(own=(NAME,), resolve=resolve))
            other = await stack.enter_async_context(Probe(own=(NAME,), resolve=resolve, family=6))
            return await reach.ipv6(four, other, site.url("", host=NAME))

    check = asyncio.run(run())

    assert check.outcome == outcome
    assert words in check.message


# -- other addresses -----------------------------------------------------------------------------

MOVED = b"HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"


def others(base: str, answer: bytes, *, port: int = 0) -> dict[str, Check]:
    """What is said of the other addresses of `base`, in which `{port}` is that of the server."""

    async def run() -> dict[str, Check]:
        async with served(answer, port=port) as site:
            full = base.replace("{port}", str(site.port))
            async with Probe(own=own_hosts(full), resolve=resolve) as probe:
                return {check.name: check async for check in reach.other_addresses(probe, full)}

    try:
        return asyncio.run(run())
    except PermissionError:
        pytest.skip("this user may not listen at port 80")
    except OSError as error:
        if port:
            pytest.skip(f"port 80 cannot be had here: {error}")
        raise


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        pytest.param(MOVED % (b"301 Moved", b"https://news.example.org/"), "ok", "for good",
                     id="for-good"),
        pytest.param(MOVED % (b"308 Moved", b"https://news.example.org/"), "ok", "for good",
                     id="for-good-with-308"),
        pytest.param(MOVED % (b"302 Found", b"https://news.example.org/"), "warning", "with 302",
                     id="for-now"),
        pytest.param(MOVED % (b"301 Moved", b"https://other.example.org/"), "warning",
                     "leads to https://other.example.org/", id="elsewhere"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "warning",
                     "answers with the site itself", id="the-same-site"),
    ],
)  # fmt: skip
def test_http_beside_https(answer: bytes, outcome: str, words: str) -> None:
    check = others(f"https://{NAME}", answer, port=80)["public.http"]

    assert check.outcome == outcome
    assert words in check.message


def test_nobody_at_http() -> None:
    check = others("https://example.org", b"", port=0)["public.http"]

    assert check.outcome is Outcome.OK
    assert check.message == "nobody answers at http://"


@pytest.mark.parametrize(
    ("base", "answer", "outcome", "words"),
    [
        pytest.param("http://example.org:{port}",
                     MOVED % (b"301 Moved", b"http://example.org:{port}/"), "ok", "for good",
                     id="www-leads-here"),
        pytest.param("http://example.org:{port}",
                     MOVED % (b"301 Moved", b"http://example.org/"), "warning", "leads to",
                     id="to-another-port"),
        pytest.param("http://example.org:{port}",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "warning",
                     "http://www.example.org:", id="www-is-the-site-too"),
        pytest.param("http://www.example.org:{port}",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "warning",
                     "http://example.org:", id="the-bare-name-is-the-site-too"),
        pytest.param("http://news.example.org:{port}",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "skipped", "top",
                     id="below-the-top"),
    ],
)  # fmt: skip
def test_www_beside_the_name(base: str, answer: bytes, outcome: str, words: str) -> None:
    check = others(base, answer)["public.www"]

    assert check.outcome == outcome
    assert words in check.message


def test_no_www() -> None:
    async def run() -> dict[str, Check]:
        async with Probe(own=own_hosts("http://example.net:9"), resolve=resolve) as probe:
            base = "http://example.net:9"
            return {check.name: check async for check in reach.other_addresses(probe, base)}

    check = asyncio.run(run())["public.www"]

    assert check.outcome is Outcome.OK
    assert check.message == "nobody answers at www.example.net"
