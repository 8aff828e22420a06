"""What is to be seen of a running server: metrics, readiness, and what it asks its parent."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from feedsvc.ports import Call, Reply
from feedsvc.serve import readiness
from feedsvc.serve.options import Options
from feedsvc.serve.supervisor import ServerProcess

TOKEN = "a-token-of-some-length"
OPTIONS = Options(admission=sha256(TOKEN.encode()).digest())
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Ask = Callable[..., tuple[int, HTTPMessage, bytes]]


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@dataclass
class Owner:
    """A process that owns a store, as far as the server can tell."""

    calls: list[Call] = field(default_factory=list)
    replies: dict[str, Reply | Exception] = field(default_factory=dict)
    salt: str = "00" * 16

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        reply = self.replies.get(call.path)
        if isinstance(reply, Exception):
            raise reply
        if reply is not None:
            return reply
        match call.path:
            case "audience/salt":
                return Reply(200, (), json.dumps({"salt": self.salt}).encode())
            case "audience/batch":
                return Reply(204)
            case "ready":
                return Reply(200, (), b'{"reasons": {}, "warnings": {}}')
        return Reply(404)

    def told(self, path: str) -> list[Any]:
        return [json.loads(call.body) for call in self.calls if call.path == path]


@dataclass
class Served:
    server: ServerProcess
    owner: Owner
    events: list[str]
    _ask: Ask

    @property
    def port(self) -> int:
        return int((self.server.address or "").rpartition(":")[2])

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        return await asyncio.to_thread(self._ask, self.port, path, method, **headers)


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, publish_site: Callable[[Path], None], ask: Ask) -> Start:
    """Starts a server with an owner beside it."""
    publish_site(tmp_path)
    (tmp_path / ".feedsvc").mkdir()
    told = {"version": 1, "noindex": ["premium/"]}
    (tmp_path / ".feedsvc" / "serving.json").write_text(json.dumps(told))

    @asynccontextmanager
    async def start(
        owner: Owner | None = None, *, alone: bool = False, options: Options = OPTIONS
    ) -> AsyncIterator[Served]:
        events: list[str] = []
        owner = owner or Owner()
        server = ServerProcess(
            directory=tmp_path, host="127.0.0.1", port=0, on_event=events.append,
            inside=None if alone else owner, options=options,
        )  # fmt: skip
        async with server:
            yield Served(server, owner, events, ask)

    return start


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


# -- metrics ---------------------------------------------------------------------------------------


def test_a_server_alone_tells_what_it_counts(start: Start) -> None:
    async def test() -> None:
        async with start(alone=True) as served:
            _, head, body = await served.ask("/all/atom.xml", Accept_Encoding="gzip")
            for _ in range(3):
                await served.ask(
                    "/all/atom.xml", If_None_Match=head["etag"], Accept_Encoding="gzip"
                )
            await served.ask("/all/feed.json", "HEAD")
            await served.ask("/nothing/rss.xml")
            await served.ask("/all/")
            await served.ask("/all/atom.xml", Range="bytes=0-9")

            status, head, text = await served.ask("/metrics")

            assert status == 200
            assert head["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert head["cache-control"] == "no-store"
            assert head["access-control-allow-origin"] is None
            found = samples(text)
            counted = {key[1:]: n for key, n in found.items() if "answers" in key[0]}
            assert counted == {
                ("atom", "200"): 1, ("atom", "206"): 1, ("atom", "304"): 3, ("json", "200"): 1,
                ("rss", "404"): 1, ("page", "200"): 1,
            }  # fmt: skip
            assert found["feedsvc_server_sent_bytes_total", "atom"] == len(body) + 10
            assert found["feedsvc_server_sent_bytes_total", "json"] == 0
            assert found["feedsvc_up",] == 0
            assert found["feedsvc_server_memory_bytes",] > 1024 * 1024
            _, _, text = await served.ask("/metrics")
            assert samples(text)["feedsvc_server_answers_total", "own", "200"] == 1

    run(test)


def test_openmetrics_is_written_for_those_who_ask(start: Start) -> None:
    async def test() -> None:
        async with start(alone=True) as served:
            accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
            _, head, text = await served.ask("/metrics", Accept=accept)

            assert head["content-type"].startswith("application/openmetrics-text; version=1.0.0")
            assert [*read_openmetrics(text.decode())]  # type: ignore[no-untyped-call]

    run(test)


def test_the_owner_writes_the_text_of_both(start: Start) -> None:
    async def test() -> None:
        owner = Owner(replies={"metrics": Reply(200, (), b"# the text of both\n")})
        async with start(owner) as served:
            await served.ask("/all/atom.xml")

            status, _, text = await served.ask("/metrics")

            assert (status, text) == (200, b"# the text of both\n")
            (asked,) = owner.told("metrics")
            assert asked["openmetrics"] is False
            assert "feedsvc_server_answers" in {family[0] for family in asked["families"]}

    run(test)


@pytest.mark.parametrize("reply", [Reply(503), Reply(404), ValueError("a fault")])
def test_an_owner_in_trouble_keeps_the_servers_own_metrics_from_nobody(
    start: Start, reply: Reply | Exception
) -> None:
    async def test() -> None:
        async with start(Owner(replies={"metrics": reply})) as served:
            status, _, text = await served.ask("/metrics")

            assert status == 200
            assert samples(text)["feedsvc_up",] == 0

    run(test)


# -- who may see that ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="this-machine"),
        pytest.param(BEARER, 200, id="the-token"),
        pytest.param({**BEARER, "X_Forwarded_For": "192.0.2.7"}, 200, id="the-token-from-afar"),
        pytest.param({"X_Forwarded_For": "127.0.0.1"}, 404, id="through-a-proxy"),
        pytest.param({"Via": "1.1 x"}, 404, id="through-another"),
        pytest.param({"Authorization": "Bearer a-token-of-some-lengtH"}, 401, id="a-wrong-token"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metrics_are_for_operators(
    start: Start, headers: dict[str, str], status: int, method: str
) -> None:
    async def test() -> None:
        async with start(alone=True) as served:
            found, head, body = await served.ask("/metrics", method, **headers)

            assert found == status
            assert b"feedsvc_" not in body or status == 200
            assert (head["www-authenticate"] is not None) == (status == 401)
            if method == "HEAD":
                assert body == b""

    run(test)


def test_without_a_token_there_is_nothing_to_try(start: Start) -> None:
    async def test() -> None:
        async with start(alone=True, options=Options()) as served:
            nothing = await served.ask("/nothing", Via="x", **BEARER)
            found = await served.ask("/metrics", Via="x", **BEARER)

            assert (found[0], found[2]) == (nothing[0], nothing[2])
            assert (await served.ask("/metrics", **BEARER))[0] == 404
            assert (await served.ask("/metrics"))[0] == 200

    run(test)


def test_a_proxy_with_a_field_that_cannot_be_read_is_one(start: Start) -> None:
    async def test() -> None:
        async with start(alone=True) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            head = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            writer.write(head + b"X-Forwarded-For: \xe9, 192.0.2.7\r\n\r\n")

            answer = await reader.read()

            writer.close()
            assert answer.startswith(b"HTTP/1.1 404 ")

    run(test)


def test_a_feed_of_that_name_is_found_by_readers(tmp_path: Path, start: Start) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "index.html").write_text("<!DOCTYPE html><title>Metrics</title>")

    async def test() -> None:
        async with start(alone=True) as served:
            assert (await served.ask("/metrics", Via="x"))[0] == 301
            assert (await served.ask("/metrics/", Via="x"))[0] == 200

    run(test)


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
@pytest.mark.parametrize("hosts", [0, 2])
def test_a_request_without_exactly_one_host_is_refused(
    start: Start, path: str, hosts: int, send: Callable[[int, bytes], bytes]
) -> None:
    async def test() -> None:
        async with start() as served:
            head = f"GET {path} HTTP/1.1\r\nConnection: close\r\n{hosts * 'Host: 127.0.0.1'}"
            data = head.replace("1Host", "1\r\nHost").encode() + b"\r\n" * (2 if hosts else 1)
            answer = await asyncio.to_thread(send, served.port, data)

            assert answer.startswith(b"HTTP/1.1 400 ")
            assert served.owner.calls == []

    run(test)


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_there_is_nothing_to_change(start: Start, path: str, method: str) -> None:
    async def test() -> None:
        async with start() as served:
            assert (await served.ask(path, method))[0] == 405
            assert served.owner.calls == []

    run(test)


@pytest.mark.parametrize(
    "path", ["/ready", "/audience/salt", "/_websub/../ready", "/_websub/ready", "/_websub/hub"]
)
def test_nobody_outside_asks_the_owner(start: Start, path: str) -> None:
    async def test() -> None:
        async with start() as served:
            assert (await served.ask(path))[0] == 404
            assert (await served.ask(path, "POST"))[0] == 405
            assert served.owner.calls == []

    run(test)


# -- readiness -------------------------------------------------------------------------------------


def test_alive_as_long_as_it_answers(start: Start) -> None:
    async def test() -> None:
        async with start(Owner(replies={"ready": Reply(503)})) as served:
            assert (await served.ask("/health/live", Via="x"))[0] == 200

    run(test)


def test_reasons_are_for_operators_and_the_status_for_everybody(start: Start) -> None:
    told = {"reasons": {"store": "cannot be written"}, "warnings": {"sources": "1 of 9 fails"}}
    owner = Owner(replies={"ready": Reply(200, (), json.dumps(told).encode())})

    async def test() -> None:
        async with start(owner) as served:
            status, head, body = await served.ask("/health/ready")
            assert status == 503
            assert head["content-type"] == "application/json"
            assert json.loads(body) == {
                "schema": "feedsvc.ready/1",
                "ready": False,
                "reasons": [{"check": "store", "reason": "cannot be written"}],
                "warnings": [{"check": "sources", "reason": "1 of 9 fails"}],
            }
            for headers in ({"Via": "x"}, {"Authorization": "Bearer wrong"}):
                status, _, body = await served.ask("/health/ready", **headers)
                assert status == 503
                assert json.loads(body) == {"schema": "feedsvc.ready/1", "ready": False}

    run(test)


def test_it_is_not_looked_at_for_each_who_asks(start: Start) -> None:
    async def test() -> None:
        async with start() as served:
            answers = await asyncio.gather(
                *(served.ask("/health/ready", Via="x") for _ in range(20))
            )

            assert {status for status, _, _ in answers} == {200}
            assert 1 <= len(served.owner.calls) <= 3

    run(test)


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), ValueError("a fault")])
def test_an_owner_in_trouble_is_a_reason(start: Start, reply: Reply | Exception) -> None:
    async def test() -> None:
        async with start(Owner(replies={"ready": reply})) as served:
            status, _, body = await served.ask("/health/ready")

            assert status == 503
            assert [one["check"] for one in json.loads(body)["reasons"]] == ["daemon"]

    run(test)


@pytest.mark.parametrize("alone", [True, False])
def test_a_server_without_a_daemon_tells_what_it_sees(
    tmp_path: Path, start: Start, alone: bool
) -> None:
    async def test() -> None:
        async with start(Owner(replies={"ready": Reply(404)}), alone=alone) as served:
            assert (await served.ask("/health/ready"))[0] == 200
            (tmp_path / ".feedsvc" / "serving.json").unlink()
            await asyncio.sleep(readiness._FRESH + 0.1)
            status, _, body = await served.ask("/health/ready")
            assert (status, json.loads(body)["reasons"]) == (
                503, [{"check": "published", "reason": "nothing is published yet"}],
            )  # fmt: skip
            shutil.rmtree(tmp_path)
            await asyncio.sleep(readiness._FRESH + 0.1)
            status, _, body = await served.ask("/health/ready")
            assert (status, json.loads(body)["reasons"][0]["check"]) == (503, "directory")

    run(test)


# -- the audience ----------------------------------------------------------------------------------


def test_readers_are_handed_over_at_the_end(start: Start) -> None:
    async def test() -> None:
        async with start() as served:
            for _ in range(2):  # one is answered in the event loop, one at once
                await served.ask("/all/atom.xml", User_Agent="newsboat")
            await served.ask("/plain/atom.xml", User_Agent="Feedly/1 (42 subscribers)")
            await asyncio.sleep(1.5)
            assert served.owner.told("audience/batch") == []
        today = datetime.now(UTC).date().isoformat()
        assert served.owner.told("audience/salt") == [{"day": today}]
        (batch,) = served.owner.told("audience/batch")
        assert batch["day"] == today
        assert batch["feeds"]["all"]["requests"] == 2
        assert batch["feeds"]["all"]["pollers"]
        assert [*batch["feeds"]["plain"]["aggregators"].values()] == [42]
        assert served.events == []

    run(test)


def test_nobody_is_asked_for_a_salt_that_nobody_needs(start: Start) -> None:
    async def test() -> None:
        async with start() as served:
            await served.ask("/")
            await served.ask("/nothing/atom.xml")
            await asyncio.sleep(1.5)
        assert served.owner.calls == []

    run(test)


def test_where_there_is_no_store_nobody_is_counted(start: Start) -> None:
    async def test() -> None:
        async with start(Owner(replies={"audience/salt": Reply(404)})) as served:
            for _ in range(2):
                await served.ask("/all/atom.xml")
                await asyncio.sleep(1.2)
        assert [call.path for call in served.owner.calls] == ["audience/salt"]

    run(test)


def test_a_batch_that_is_not_taken_is_handed_over_again(start: Start) -> None:
    async def test() -> None:
        owner = Owner(replies={"audience/batch": Reply(503)})
        async with start(owner) as served:
            await served.ask("/all/atom.xml")
            await asyncio.sleep(1.5)
        first, *others = owner.told("audience/batch")
        assert all(other == first for other in others)

    run(test)


def test_a_server_that_is_killed_is_followed_by_one_that_counts(start: Start) -> None:
    async def test() -> None:
        async with start() as served:
            await served.ask("/all/atom.xml", User_Agent="newsboat")
            await asyncio.sleep(1.5)
            pid = served.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            while served.server.pid in (pid, None):
                await asyncio.sleep(0.05)
            await served.ask("/all/atom.xml", User_Agent="newsboat")
            await asyncio.sleep(1.2)
        assert len(served.owner.told("audience/salt")) == 2
        (batch,) = served.owner.told("audience/batch")
        assert batch["feeds"]["all"]["requests"] == 1

    run(test)
