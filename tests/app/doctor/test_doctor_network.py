"""The network: names, hosts, proxies, certificates; nobody's feed is polled for it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.app.doctor.network import trusted
from tests.app.doctor.conftest import Ward
from tests.feedserver import Answer, FeedServer
from tests.support import DEFAULT_CONFIG, FrozenClock, Service

ALLOWED = '[sync]\nallow_networks = ["127.0.0.0/8", "::1/128"]\n'


def remote(*urls: str) -> str:
    sources = [f'[[source]]\nname = "s{n}"\nurl = "{url}"\n' for n, url in enumerate(urls)]
    return DEFAULT_CONFIG + ALLOWED + "".join(sources)


@pytest.fixture
def asking(service: Service, clock: FrozenClock) -> Ward:
    clock.at = service.clock.at = datetime.now(UTC)
    return Ward(service.root, service.clock)


def test_hosts_that_answer(asking: Ward, service: Service, feed_server: FeedServer) -> None:
    service.configure(remote(feed_server.url("/feed.xml"), feed_server.url("/other.xml")))

    found = asking.look("network")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert found["network"].message == "127.0.0.1 answers"
    assert [(one.method, one.path) for one in feed_server.log] == [("HEAD", "/")]


def test_credentials_go_nowhere(asking: Ward, service: Service, feed_server: FeedServer) -> None:
    url = feed_server.url("/feed.xml")
    service.configure(remote(url) + 'auth = { user = "reader", password = "pa55-of-mine" }\n')

    asking.look("network")

    assert not any("authorization" in one.headers for one in feed_server.log)


def test_no_source_is_remote(asking: Ward) -> None:
    found = asking.look("network")

    assert found["network"].outcome is Outcome.SKIPPED


def test_offline(asking: Ward, service: Service, feed_server: FeedServer) -> None:
    service.configure(remote(feed_server.url("/feed.xml")))

    found = asking.look("network", offline=True)

    assert {check.outcome for check in found.values()} == {Outcome.SKIPPED}
    assert not feed_server.log


async def nobody(host: str, port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


async def unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("resolve", "outcome", "code", "words"),
    [
        pytest.param(nobody, "failed", 8, "there is no network: ", id="no-name-server"),
        pytest.param(unknown, "failed", 8, "nobody answers: ", id="no-name"),
    ],
)
def test_no_network(
    resolve: Callable[..., object], outcome: str, code: int, words: str,
    asking: Ward, service: Service,
) -> None:  # fmt: skip
    service.configure(remote("https://a.example.org/feed", "https://b.example.org/feed"))
    asking.resolve = resolve  # type: ignore[assignment]

    check = asking.look("network")["network"]

    assert (check.outcome.value, check.exit_code) == (outcome, code)
    assert check.message.startswith(words)


def test_one_host_that_is_down_is_no_network_that_is(asking: Ward, service: Service) -> None:
    service.configure(remote("http://127.0.0.1:9/feed"))

    check = asking.look("network")["network"]

    assert check.outcome is Outcome.WARNING
    assert check.message.startswith("the only host that was asked does not answer")


def test_one_of_two(asking: Ward, service: Service, feed_server: FeedServer) -> None:
    service.configure(remote("http://127.0.0.1:9/feed", feed_server.url("/feed.xml")))

    check = asking.look("network")["network"]

    assert check.outcome is Outcome.WARNING
    assert "; 127.0.0.1 answers" in check.message


def test_hosts_that_the_guard_refuses(asking: Ward, service: Service) -> None:
    service.configure(remote("http://10.0.0.1/feed"))

    check = asking.look("network")["network"]

    assert check.outcome is Outcome.WARNING
    assert "such addresses are not asked" in check.message
    assert "allow_networks" in (check.hint or "")


@pytest.mark.parametrize(
    ("addresses", "outcome"),
    [
        pytest.param(["127.0.0.1", "::1"], "warning", id="a-dead-ipv6-address"),
        pytest.param(["127.0.0.1"], "ok", id="none"),
    ],
)
def test_ipv6(
    addresses: list[str], outcome: str, asking: Ward, service: Service, feed_server: FeedServer
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    port = feed_server.site().port
    service.configure(remote(f"http://feeds.example.org:{port}/x"))
    asking.resolve = resolve

    found = asking.look("network")

    assert found["network"].outcome is Outcome.OK
    assert found["network.ipv6"].outcome == outcome


@pytest.mark.parametrize(
    ("variable", "url", "outcome"),
    [
        pytest.param("HTTPS_PROXY", "http://127.0.0.1:9/feed", "warning", id="it-may-be-needed"),
        pytest.param("https_proxy", "http://127.0.0.1:9/feed", "warning", id="in-small-letters"),
        pytest.param("NO_PROXY", "http://127.0.0.1:9/feed", "ok", id="the-list-without"),
    ],
)
def test_proxies(variable: str, url: str, outcome: str, asking: Ward, service: Service) -> None:
    service.configure(remote(url))
    asking.environ[variable] = "http://proxy.example.org:3128"

    check = asking.look("network")["network.proxies"]

    assert check.outcome == outcome
    assert (variable in check.message) == (outcome == "warning")


def test_a_proxy_that_is_not_needed(
    asking: Ward, service: Service, feed_server: FeedServer
) -> None:
    service.configure(remote(feed_server.url("/feed.xml")))
    asking.environ["HTTPS_PROXY"] = "http://proxy.example.org:3128"

    check = asking.look("network")["network.proxies"]

    assert check.outcome is Outcome.OK
    assert "HTTPS_PROXY is set, and is not used" in check.message


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        pytest.param(None, "failed", id="not-there"),
        pytest.param("nothing of use", "failed", id="no-certificates"),
        pytest.param("root.pem", "ok", id="certificates"),
    ],
)
def test_certificates(content: str | None, outcome: str, tmp_path: Path) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        source = Path(__file__).parent / "data" / content
        file.write_text(source.read_text() if source.exists() else content)

    check = trusted({"SSL_CERT_FILE": str(file)})

    assert (check.outcome.value, check.exit_code) == (outcome, 8 if outcome == "failed" else 0)


@pytest.mark.parametrize(
    ("minutes", "headers", "outcome"),
    [
        pytest.param(0, {}, "ok", id="they-agree"),
        pytest.param(30, {}, "failed", id="ours-is-behind"),
        pytest.param(-30, {}, "failed", id="ours-is-ahead"),
        pytest.param(-30, {"Age": "1800"}, "skipped", id="a-cache-tells-an-old-time"),
    ],
)
def test_the_time_of_others(
    minutes: int, headers: dict[str, str], outcome: str, asking: Ward, service: Service,
    feed_server: FeedServer,
) -> None:  # fmt: skip
    service.configure(remote(feed_server.url("/feed.xml")))
    feed_server["/"] = Answer(headers=headers)
    feed_server.clock = lambda: asking.clock.now() + timedelta(minutes=minutes)

    assert asking.look("network")["clock.network"].outcome == outcome
