"""The desk behind the server: real requests to a real server process, answered in this one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedsvc.ports import Call, Reply
from feedsvc.serve import desk as desk_room
from feedsvc.serve.supervisor import ServerProcess

MIB = 1024 * 1024
HOST = b"Host: news.example.org\r\n"
HUB, CALLBACK = "/_websub/hub", "/_websub/callback/0123456789abcdef"


@dataclass
class Answer:
    """What came back on a connection of its own."""

    status: int
    fields: dict[str, str]
    body: bytes


@dataclass
class Clerk:
    """A desk that keeps what it is asked, and says it again."""

    calls: list[Call] = field(default_factory=list)
    reply: Callable[[Call], Awaitable[Reply]] | None = None

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        if self.reply is not None:
            return await self.reply(call)
        told = {**call._asdict(), "body": len(call.body)}
        return Reply(200, (("Content-Type", "application/json"),), json.dumps(told).encode())


@dataclass
class Served:
    """A running server, its desk, and what its operator was told."""

    server: ServerProcess
    clerk: Clerk
    events: list[str]

    @property
    def port(self) -> int:
        return int((self.server.address or "").rpartition(":")[2])

    async def send(self, *pieces: bytes | float) -> Answer:
        """Send these bytes, with pauses of so many seconds, and read the answer."""
        # A stream would lose the answer to a client that cannot send any more.
        loop = asyncio.get_running_loop()
        connection = await loop.run_in_executor(
            None, socket.create_connection, ("127.0.0.1", self.port)
        )
        connection.setblocking(False)
        with suppress(ConnectionError):  # it may answer before all is sent
            for piece in pieces:
                if isinstance(piece, bytes):
                    await loop.sock_sendall(connection, piece)
                else:
                    await asyncio.sleep(piece)
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            status = int(head[0].split()[1])
            wanted = 0 if pieces[0][:4] == b"HEAD" else int(fields.get("content-length", 0))  # type: ignore[index]
            return Answer(status, fields, await reader.readexactly(wanted))
        finally:
            writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"", *, head: bytes = b"") -> Answer:
        length = b"Content-Length: %d\r\n" % len(body) if method == "POST" or body else b""
        first = f"{method} {path} HTTP/1.1\r\n".encode()
        return await self.send(first + HOST + head + length + b"\r\n", body)


@asynccontextmanager
async def serving(
    directory: Path, reply: Callable[[Call], Awaitable[Reply]] | None = None
) -> AsyncIterator[Served]:
    clerk, events = Clerk(reply=reply), list[str]()
    server = ServerProcess(
        directory=directory, host="127.0.0.1", port=0, on_event=events.append, desk=clerk
    )
    async with server:
        yield Served(server, clerk, events)


def descriptors() -> int:
    """How many files this process has open, where that can be told."""
    told = Path("/proc/self/fd")
    return len([*told.iterdir()]) if told.is_dir() else 0


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def test_a_call_comes_as_it_was_sent_and_the_reply_as_it_was_given(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            head = b"X-Two: a\r\nContent-Type: text/x; a=b\r\nX-Two: b\r\n"
            answer = await served.ask("POST", f"{HUB}/%C3%BC?a=%20&b", b"x=1", head=head)

            (call,) = served.clerk.calls
            assert (call.method, call.path, call.query) == ("POST", f"{HUB}/ü", "a=%20&b")
            assert call.body == b"x=1"
            assert call.headers["content-type"] == "text/x; a=b"
            assert call.headers["x-two"] == "a, b"
            assert call.headers["host"] == "news.example.org"
            assert call.client == "127.0.0.1"
            assert answer.status == 200
            assert answer.fields["content-type"] == "application/json"
            assert answer.fields["server"] == "feedsvc"
            assert answer.fields["cache-control"] == "no-store"
            assert json.loads(answer.body)["path"] == f"{HUB}/ü"
            assert served.events == []

    run(test)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_desk_decides_which_methods_there_are(tmp_path: Path, method: str) -> None:
    async def reply(call: Call) -> Reply:
        if call.method == "POST":
            return Reply(202)
        return Reply(405, (("allow", "POST"), ("Cache-Control", "max-age=7")), b"Only POST.\n")

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            answer = await served.ask(method, HUB)

            assert answer.status == (202 if method == "POST" else 405)
            if method != "POST":
                assert answer.fields["allow"] == "post"
                assert answer.fields["cache-control"] == "max-age=7"
                assert answer.body == (b"" if method == "HEAD" else b"Only POST.\n")

    run(test)


def test_all_else_is_answered_by_the_server_alone(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "atom.xml").write_bytes(b"<feed/>")

    async def test() -> None:
        async with serving(tmp_path) as served:
            assert (await served.ask("POST", "/all/atom.xml", b"x")).status == 405
            assert (await served.ask("POST", "/_websub", b"x")).status == 405
            assert (await served.ask("GET", "/_websub")).status == 404
            assert (await served.ask("GET", "/x/_websub/hub")).status == 404
            assert (await served.ask("GET", "/all/atom.xml")).status == 200
            assert served.clerk.calls == []

    run(test)


def test_without_a_desk_there_is_nothing_there(tmp_path: Path) -> None:
    async def test() -> None:
        server = ServerProcess(directory=tmp_path, host="127.0.0.1", port=0)
        async with server:
            served = Served(server, Clerk(), [])
            assert (await served.ask("GET", HUB)).status == 404
            assert (await served.ask("POST", HUB, b"hub.mode=subscribe")).status == 405

    run(test)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        pytest.param(HUB, MIB, 200, id="a-request-of-the-largest-size"),
        pytest.param(HUB, MIB + 1, 413, id="a-byte-more"),
        pytest.param(CALLBACK, 15 * MIB, 200, id="a-delivery-of-the-largest-size"),
        pytest.param(CALLBACK, 15 * MIB + 1, 413, id="one-byte-more"),
        pytest.param("/_websub/callbacks", MIB + 1, 413, id="not-a-callback"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with-its-length", "in-chunks"])
def test_how_much_is_taken(
    tmp_path: Path, path: str, size: int, status: int, chunked: bool
) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            body = os.urandom(size)
            if chunked:
                head = (
                    f"POST {path} HTTP/1.1\r\n".encode()
                    + HOST
                    + b"Transfer-Encoding: chunked\r\n\r\n"
                )
                answer = await served.send(head, b"%x\r\n" % size, body, b"\r\n0\r\n\r\n")
            else:
                answer = await served.ask("POST", path, body)

            assert answer.status == status
            assert [call.body for call in served.clerk.calls] == ([body] if status == 200 else [])
            assert (await served.ask("GET", HUB)).status == 200

    run(test)


def test_what_says_that_it_is_too_large_is_not_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            head = f"POST {HUB} HTTP/1.1\r\n".encode() + HOST + b"Content-Length: 99999999\r\n\r\n"

            assert (await served.send(head)).status == 413

    run(test)


def test_many_large_deliveries_at_once_leave_room_for_small_requests(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            # Nothing but their ends is missing: fifteen times what is held at most stays out.
            head = f"POST {CALLBACK} HTTP/1.1\r\n".encode() + HOST
            head += b"Content-Length: %d\r\n\r\n" % (15 * MIB)
            large = [
                asyncio.create_task(served.send(head, bytes(15 * MIB - 1), 4.0, b"x"))
                for _ in range(8)
            ]
            await asyncio.sleep(2)

            assert (await served.ask("POST", HUB, b"hub.mode=subscribe")).status == 200
            answers = await asyncio.gather(*large)

            statuses = sorted(answer.status for answer in answers)
            assert statuses == [200] * 4 + [503] * 4
            assert all(a.fields["retry-after"] for a in answers if a.status == 503)
            # What was held is given back.
            assert (await served.ask("POST", CALLBACK, bytes(15 * MIB))).status == 200

    run(test)


def test_clients_that_break_off_harm_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            for _ in range(30):
                connection = socket.create_connection(("127.0.0.1", served.port))
                connection.sendall(f"POST {CALLBACK} HTTP/1.1\r\n".encode() + HOST)
                connection.sendall(b"Content-Length: 1000000\r\n\r\n" + bytes(200_000))
                connection.close()

            assert (await served.ask("POST", HUB, b"x")).status == 200
            await asyncio.sleep(0.3)
            assert served.events == []
            assert len(served.clerk.calls) == 1

    run(test)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(200, (("x-a", "b\r\nset-cookie: c"),)), id="a-line-end-in-a-field"),
        pytest.param(Reply(200, (("x a", "b"),)), id="a-space-in-a-name"),
        pytest.param(Reply(200, (("x-a", "ü"),)), id="not-ascii"),
        pytest.param(Reply(99), id="no-status"),
        pytest.param(Reply(101), id="not-an-answer"),
        pytest.param(ValueError("told to nobody but the operator"), id="a-fault"),
    ],
)
def test_a_fault_of_the_desk_is_500_and_told(tmp_path: Path, reply: Reply | Exception) -> None:
    async def replying(call: Call) -> Reply:
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def test() -> None:
        async with serving(tmp_path, replying) as served:
            answer = await served.ask("POST", f"{CALLBACK}?secret", b"x")

            assert answer.status == 500
            assert b"told" not in answer.body
            (event,) = served.events
            assert event.startswith("POST /_websub/callback at the desk: ValueError(")
            assert "0123456789abcdef" not in event
            assert "secret" not in event

    run(test)


def test_what_is_said_of_a_connection_is_not_the_desks_to_say(tmp_path: Path) -> None:
    async def reply(call: Call) -> Reply:
        fields = (("content-length", "999"), ("Connection", "close"), ("Server", "other"))
        return Reply(200, (*fields, ("transfer-encoding", "chunked")), b"four")

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            answer = await served.ask("GET", HUB)

            assert answer.body == b"four"
            assert answer.fields["server"] == "feedsvc"
            assert "transfer-encoding" not in answer.fields

    run(test)


def test_a_desk_that_does_not_come_to_an_end_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_room, "PATIENCE", 0.5)

    async def reply(call: Call) -> Reply:
        if call.method == "POST":
            await asyncio.sleep(60)
        return Reply(204)

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            answers = await asyncio.gather(*(served.ask("POST", HUB, b"x") for _ in range(20)))

            assert {answer.status for answer in answers} == {503}
            assert all(answer.fields["retry-after"] for answer in answers)
            assert set(served.events) == {"a call at the desk took longer than 0.5 s"}
            assert (await served.ask("GET", HUB)).status == 204

    run(test)


def test_a_desk_that_hears_nothing_is_not_waited_for_longer_than_ten_seconds(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            started = time.monotonic()
            head = f"POST {HUB} HTTP/1.1\r\n".encode() + HOST + b"Content-Length: 1\r\n\r\nx"

            def ask() -> bytes:
                with socket.create_connection(("127.0.0.1", served.port), timeout=60) as one:
                    one.sendall(head)
                    return one.recv(65536)

            # This loop stands still meanwhile, as when something keeps it busy.
            answer = ask()

            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: " in answer
            assert 8 < time.monotonic() - started < 50
            assert (await served.ask("GET", HUB)).status == 200

    run(test)


def test_few_calls_are_answered_at_a_time(tmp_path: Path) -> None:
    now = most = 0

    async def reply(call: Call) -> Reply:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        return Reply(204)

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            answers = await asyncio.gather(*(served.ask("POST", HUB, b"x") for _ in range(40)))

            assert {answer.status for answer in answers} == {204}
            assert most == 8

    run(test)


def test_a_new_server_process_finds_the_desk(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served:
            for _ in range(2):
                pid = served.server.pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                while served.server.pid in (pid, None):
                    await asyncio.sleep(0.02)
                assert (await served.ask("POST", HUB, b"x")).status == 200
            assert len(served.clerk.calls) == 2

    run(test)


def test_a_server_that_dies_in_a_call_leaves_nothing_open(tmp_path: Path) -> None:
    async def reply(call: Call) -> Reply:
        if call.method == "POST":
            await asyncio.sleep(0.5)
        return Reply(204)

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            before = descriptors()
            calls = [asyncio.create_task(served.ask("POST", HUB, b"x")) for _ in range(10)]
            await asyncio.sleep(0.2)
            pid = served.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await asyncio.gather(*calls, return_exceptions=True)
            while served.server.pid in (pid, None):
                await asyncio.sleep(0.02)

            assert (await served.ask("GET", HUB)).status == 204
            await asyncio.sleep(0.8)
            assert descriptors() <= before

    run(test)


def test_nothing_of_it_lies_in_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no path can be too long for a socket, and a kill -9 leaves none behind."""
    folder = tmp_path / ("long" * 50)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    public = tmp_path / "public"
    public.mkdir()

    async def test() -> None:
        async with serving(public) as served:
            assert (await served.ask("POST", HUB, b"x")).status == 200
            assert [*folder.iterdir(), *public.iterdir()] == []

    run(test)


def test_a_server_is_ended_though_a_call_is_under_way(tmp_path: Path) -> None:
    async def reply(call: Call) -> Reply:
        await asyncio.sleep(60)
        return Reply(204)

    async def test() -> None:
        async with serving(tmp_path, reply) as served:
            call = asyncio.create_task(served.ask("POST", HUB, b"x"))
            while not served.clerk.calls:
                await asyncio.sleep(0.02)
            started = time.monotonic()
            await served.server.stop()

            assert time.monotonic() - started < 50  # the call would take 60
            await asyncio.gather(call, return_exceptions=True)

    run(test)
