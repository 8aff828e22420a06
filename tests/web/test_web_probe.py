"""The probe: asks with the very fields it is told, its operator's own hosts wherever they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import pytest

from feedsvc.errors import FetchError
from feedsvc.web import RefusedError, UnreachableError
from feedsvc.web.probe import AGENT, Probe, Seen
from tests.feedserver import Asked, Site

MakeSite: TypeAlias = Callable[..., Site]
Reply: TypeAlias = Callable[..., bytes]
OWN = ("127.0.0.1",)


async def resolve(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def probed(
    work: Callable[[Probe, Site], Awaitable[object]], site: Site, *, own: Sequence[str] = OWN,
    seconds: float = 10.0,
) -> None:  # fmt: skip
    async def run() -> None:
        async with site, Probe(own=own, resolve=resolve, seconds=seconds) as probe:
            await work(probe, site)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("agent", "sent"),
    [
        pytest.param(AGENT, AGENT, id="ours"),
        pytest.param("newsboat/2.36", "newsboat/2.36", id="anothers"),
        pytest.param("", "", id="an-empty-one"),
        pytest.param(None, None, id="none-at-all"),
    ],
)
def test_nothing_is_sent_beside_what_is_told(
    agent: str | None, sent: str | None, site: MakeSite, reply: Reply
) -> None:
    server = site(reply())

    async def work(probe: Probe, there: Site) -> None:
        await probe.ask(there.url("/a"), agent=agent, fields=(("Accept-Encoding", "gzip"),))

    probed(work, server)

    (asked,) = server.asked
    fields = {"host": f"127.0.0.1:{server.port}", "accept-encoding": "gzip"}
    assert asked.headers == fields | ({} if sent is None else {"user-agent": sent})


def test_a_redirect_is_an_answer(site: MakeSite, reply: Reply) -> None:
    seen: list[Seen] = []

    async def work(probe: Probe, there: Site) -> None:
        seen.append(await probe.ask(there.url("/a")))

    probed(work, site(reply(status="302 Found", location="/b")))

    assert seen[0].status == 302
    assert seen[0].leads_to == seen[0].url.replace("/a", "/b")


@pytest.mark.parametrize("place", ["javascript:alert(1)", "ftp://example.org/", ""])
def test_a_redirect_to_nowhere_we_would_go(place: str, site: MakeSite, reply: Reply) -> None:
    seen: list[Seen] = []

    async def work(probe: Probe, there: Site) -> None:
        seen.append(await probe.ask(there.url("/a")))

    probed(work, site(reply(status="302 Found", location=place)))

    assert seen[0].leads_to is None


def test_a_head_has_no_body(site: MakeSite, reply: Reply) -> None:
    server = site(reply(content_length="5"))

    async def work(probe: Probe, there: Site) -> None:
        for _ in range(2):
            await probe.ask(there.url(), method="HEAD")

    probed(work, server)

    assert [asked.method for asked in server.asked] == ["HEAD", "HEAD"]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("own", "host"),
    [
        pytest.param((), "127.0.0.1", id="nobody-is-ours"),
        pytest.param(("127.0.0.1",), "127.0.0.2", id="an-address-beside-ours"),
        pytest.param(("news.example.org",), "other.example.org", id="a-name-beside-ours"),
    ],
)
def test_the_guard_holds_for_all_others(
    own: tuple[str, ...], host: str, site: MakeSite, reply: Reply
) -> None:
    server = site(reply(), host="0.0.0.0")

    async def work(probe: Probe, there: Site) -> None:
        with pytest.raises(RefusedError, match="loopback"):
            await probe.ask(there.url(host=host))

    probed(work, server, own=own)

    assert not server.asked


def test_a_name_of_ours_may_lead_anywhere(site: MakeSite, reply: Reply) -> None:
    server = site(reply(b"there"))

    async def work(probe: Probe, there: Site) -> None:
        url = there.url(host="news.example.org")
        assert (await probe.ask(url)).body == b"there"
        assert await probe.addresses(url) == ("127.0.0.1",)

    probed(work, server, own=("news.example.org",))


def test_a_host_that_never_answers(site: MakeSite) -> None:
    async def hang(asked: Asked) -> None:
        await asyncio.sleep(30)

    async def work(probe: Probe, there: Site) -> None:
        with pytest.raises(UnreachableError, match="no whole answer within"):
            await probe.ask(there.url())

    probed(work, site(hang), seconds=0.2)


def test_only_addresses_of_one_family(site: MakeSite, reply: Reply) -> None:
    async def run() -> None:
        async with site(reply()) as server, Probe(own=OWN, family=6) as six:
            with pytest.raises(UnreachableError, match="no IPv6 address"):
                await six.ask(server.url())

    asyncio.run(run())


@pytest.mark.parametrize("url", ["news", "file:///etc/passwd", "https://"])
def test_what_is_no_address(url: str) -> None:
    async def run() -> None:
        async with Probe() as probe:
            with pytest.raises(FetchError):
                await probe.ask(url)

    asyncio.run(run())
