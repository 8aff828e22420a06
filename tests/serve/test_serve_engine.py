"""The engine and what we make of its insides: where answers are made, and how many at a time."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feedsvc.serve import outflow
from feedsvc.serve.engine import Engine
from feedsvc.serve.listen import listen
from feedsvc.serve.outflow import Outflow
from feedsvc.serve.rsgi import Connection, Scope
from feedsvc.serve.supervisor import ServerProcess

HOST = "127.0.0.1"


class Two:
    """Answers /now at once, and everything else in the event loop; keeps the threads it was in."""

    def __init__(self) -> None:
        self.at_once_in: set[int] = set()
        self.later_in: set[int] = set()

    def at_once(self, scope: Scope, connection: Connection) -> bool:
        self.at_once_in.add(threading.get_ident())
        if scope.path == "/now":
            connection.response_bytes(200, (), b"now")
        return scope.path == "/now"

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        await asyncio.sleep(0)
        self.later_in.add(threading.get_ident())
        if scope.path == "/fails":
            raise ValueError(scope.path)
        connection.response_bytes(200, (), b"later")


class Running:
    """An engine in a thread of its own."""

    def __init__(self, application: Two, connections: int = 16) -> None:
        listener = listen(HOST, 0)
        self.port: int = listener.getsockname()[1]
        started = threading.Event()
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(application, listener, connections, started.set))
        )
        self.thread.start()
        assert started.wait(10)

    async def _serve(
        self,
        application: Two,
        listener: socket.socket,
        connections: int,
        ready: Callable[[], object],
    ) -> None:
        self.engine = Engine(
            application,
            listener,
            connections=connections,
            backlog=16,
            header_bytes=8192,
            header_timeout=5000,
        )
        await self.engine.serve(ready)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def stop(self) -> None:
        self.engine.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, self.port))


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(application: Two, connections: int = 16) -> Running:
        started.append(Running(application, connections))
        return started[-1]

    yield run
    for one in started:
        one.stop()


def test_an_answer_at_once_never_sees_the_event_loop(run: Callable[..., Running]) -> None:
    application = Two()
    server = run(application)

    answers = [server.get("/now") for _ in range(20)]

    assert answers == [(200, b"now")] * 20
    assert len(application.at_once_in) == 1
    assert server.thread.ident not in application.at_once_in
    assert application.later_in == set()


def test_what_takes_longer_is_answered_in_the_event_loop(run: Callable[..., Running]) -> None:
    application = Two()
    server = run(application)

    assert server.get("/later") == (200, b"later")
    assert application.later_in == {server.thread.ident}


def test_an_application_that_fails_is_a_500_and_the_next_is_answered(
    run: Callable[..., Running],
) -> None:
    server = run(Two())

    assert server.get("/fails")[0] == 500
    assert server.get("/now") == (200, b"now")


@pytest.mark.timeout(60)
def test_who_comes_when_all_places_are_taken_waits_and_is_answered(
    run: Callable[..., Running],
) -> None:
    server = run(Two(), connections=4)
    sitting = [socket.create_connection((HOST, server.port)) for _ in range(4)]
    for connection in sitting:
        connection.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    with socket.create_connection((HOST, server.port), timeout=0.5) as waiting:
        waiting.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(TimeoutError):
            waiting.recv(1000)

        sitting.pop().close()

        waiting.settimeout(10)
        assert waiting.recv(1000).startswith(b"HTTP/1.1 200")
    for connection in sitting:
        connection.close()


# How much is on its way


def test_when_memory_is_short_only_small_answers_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used = 50_000_000
    monkeypatch.setattr(outflow, "_resident", lambda: used)
    flow = Outflow()
    flow.bound()
    assert all(flow.may_copy(200_000) for _ in range(100))

    used += outflow.MOST_MEMORY + 1
    answers = [flow.may_copy(200_000) for _ in range(100)]
    small = flow.may_copy(outflow.SMALL)
    used -= 2

    assert answers[outflow.TURN // 200_000 + 1 :] == [False] * (99 - outflow.TURN // 200_000)
    assert small
    assert flow.may_copy(200_000)


def test_without_a_bound_everything_is_sent() -> None:
    flow = Outflow()

    assert all(flow.may_copy(200_000) for _ in range(1000))


def test_files_are_sent_to_so_many_readers_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    flow = Outflow()
    begun = 0
    files, others = [], [socket.socket() for _ in range(outflow.MOST_FILES + 1)]
    while flow.may_open() and begun < 1000:
        begun += 1
        files.append(os.open(tmp_path / "a", os.O_RDONLY))

    assert outflow.MOST_FILES - 40 < begun <= outflow.MOST_FILES
    for file in files:
        os.close(file)
    while not flow.may_open():  # until they are counted again, or the test is out of time
        time.sleep(0.05)
    for one in others:
        one.close()


def test_what_a_busy_engine_has_not_opened_yet_counts_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    took, now = 0.2, [0.0]  # seconds of each count, and by the clock

    def opened() -> tuple[int, int]:
        now[0] += took
        return 0, 1000

    monkeypatch.setattr(outflow, "_opened", opened)
    monkeypatch.setattr(outflow, "time", SimpleNamespace(monotonic=lambda: now[0]))
    flow = Outflow()
    begun = 0
    while now[0] < 4 * took:
        begun += flow.may_open()
        now[0] += 0.001

    assert begun == outflow.MOST_FILES


# While there is no server for a moment


@pytest.mark.timeout(60)
def test_no_reader_is_refused_while_a_killed_server_is_started_again(
    tmp_path: Path, publish_site: Callable[[Path], None]
) -> None:
    publish_site(tmp_path)
    found: dict[str, int] = {"answered": 0, "cut off": 0, "refused": 0}
    done = threading.Event()

    def visit(port: int) -> None:
        while not done.is_set():
            try:
                connection = http.client.HTTPConnection(HOST, port, timeout=20)
                connection.connect()
            except ConnectionRefusedError:
                found["refused"] += 1
                continue
            try:
                connection.request("GET", "/all/atom.xml")
                found["answered"] += connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                found["cut off"] += 1  # it was in the middle of that
            connection.close()

    async def main() -> None:
        server = ServerProcess(directory=tmp_path, host=HOST, port=0)
        async with server:
            [port] = re.findall(r":(\d+)", server.address or "")[-1:]
            visits = [asyncio.create_task(asyncio.to_thread(visit, int(port))) for _ in range(4)]
            for _ in range(2):
                await asyncio.sleep(0.5)
                old: Any = server.pid
                os.kill(old, 9)
                while server.pid in (None, old):
                    await asyncio.sleep(0.05)
                before = found["answered"]
                while found["answered"] < before + 20:
                    await asyncio.sleep(0.05)
            done.set()
            await asyncio.gather(*visits)

    asyncio.run(main())

    assert found["refused"] == 0
    assert found["cut off"] <= 8
