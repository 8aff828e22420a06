"""Clients in numbers, at a real server process: it stays quick for others, and small.

FEEDSVC_FLOOD=20000 asks for so many more paths, time and again.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsvc.serve.outflow import MOST_FILES

Ask = Callable[..., Any]
MIB = 1024 * 1024
HOST = "127.0.0.1"
MOST_MEMORY = 150 * MIB
PATHS = int(os.environ.get("FEEDSVC_FLOOD", "8_000"))  # a turn, of five


@pytest.fixture(scope="module", autouse=True)
def many_files() -> None:
    """Let this process have some thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))


class Server:
    """A server process, and what it uses."""

    def __init__(self, child: Any) -> None:
        self.child = child
        self.port: int = child.port
        self.pid: int = child.process.pid

    def memory(self) -> int:
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def connect(self, *, small: bool = False) -> socket.socket:
        connection = socket.socket()
        connection.settimeout(60)
        if small:  # it takes little before it is read from
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, self.port))
        return connection


@pytest.fixture
def server(
    tmp_path: Path, start_child: Any, publish_site: Callable[[Path], None]
) -> Iterator[Server]:
    publish_site(tmp_path)
    plain = random.Random(1).randbytes(220_000).hex().encode()[:220_000]
    (tmp_path / "plain" / "atom.xml").write_bytes(plain)
    (tmp_path / "middle.bin").write_bytes(os.urandom(MIB))
    (tmp_path / "large.bin").write_bytes(os.urandom(MIB) * 20)
    child = start_child("--directory", str(tmp_path), "--listen", f"{HOST}:0")
    yield Server(child)
    assert child.end() == (0, "")


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *fields, "", ""]).encode()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="who-say-nothing"),
        pytest.param(b"GET /all/atom.xml HTTP/1.1\r\nHo", id="who-stop-in-the-head"),
        pytest.param(get("/")[:-2] + b"X: " + b"a" * 25_000, id="whose-head-is-long-and-not-whole"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx",
            id="who-stop-in-a-body-that-nobody-wants",
        ),
        pytest.param(get("/plain/atom.xml"), id="who-never-read-a-feed"),
        pytest.param(get("/middle.bin"), id="who-never-read-a-file"),
        pytest.param(get("/large.bin"), id="who-never-read-a-large-file"),
        pytest.param(get("/plain/atom.xml") * 20, id="who-ask-twenty-times-and-never-read"),
    ],
)
def test_a_thousand_clients(server: Server, ask: Ask, start: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            connection = stack.enter_context(server.connect(small=True))
            with contextlib.suppress(OSError):  # it may be sent away at once
                connection.sendall(start)
        began = time.monotonic()

        statuses = [ask(server.port, "/all/atom.xml")[0] for _ in range(20)]

        assert statuses == [200] * 20
        assert time.monotonic() - began < 30  # none of them would ever make room
        assert server.memory() < MOST_MEMORY
        assert server.files() < 1000 + 2 * MOST_FILES


@pytest.mark.timeout(240)
def test_a_thousand_readers_at_once_all_get_everything(server: Server) -> None:
    """At once, or when they ask again: while memory is short, a large answer is 503."""
    asked, whole = get("/plain/atom.xml"), 220_000
    left: dict[Any, int] = {}
    most = 0
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as ready:

        def ask() -> None:
            connection = stack.enter_context(server.connect())
            connection.sendall(asked)
            ready.register(connection, selectors.EVENT_READ)
            left[connection] = whole

        for _ in range(1000):
            ask()
        while left:
            for key, _ in ready.select(timeout=60):
                connection: Any = key.fileobj
                data = connection.recv(MIB)
                assert data, "cut off"
                if left[connection] == whole:
                    head, _, data = data.partition(b"\r\n\r\n")
                    status = int(head.split()[1])
                    assert status == 200 or (status == 503 and b"retry-after" in head)
                    if status == 503:
                        ask()
                        left[connection] = len(data)
                left[connection] -= len(data)
                if not left[connection]:
                    del left[connection]
                    ready.unregister(connection)
            most = max(most, server.memory())

    assert most < MOST_MEMORY


@pytest.mark.timeout(240)
def test_ten_thousand_requests_in_one_go_are_answered_in_order(server: Server) -> None:
    paths = ["/health/live", "/nothing/here", "/all/atom.xml"]
    expected = [200, 404, 304]
    tagged = "If-None-Match: *"
    requests = b"".join(get(paths[n % 3], tagged) for n in range(9_999))
    with server.connect() as connection:
        writing = threading.Thread(
            target=connection.sendall, args=(requests + get("/", "Connection: close", tagged),)
        )
        writing.start()
        received = b"".join(iter(lambda: connection.recv(MIB), b""))
        writing.join()

    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [*(expected * 3_333), 304]
    assert server.memory() < MOST_MEMORY


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    while True:
        connection.sendall(b"X-More: and more\r\n" * 100)


def _chunks(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"4000\r\n" + bytes(0x4000) + b"\r\n")


def _sent(data: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(data)

    return send


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("act", "statuses"),
    [
        pytest.param(_endless, {"431"}, id="a-head-without-end"),
        pytest.param(_chunks, {"405"}, id="a-body-without-end"),
        pytest.param(_sent(get("/", *["X: y"] * 10_000)), {"431"}, id="ten-thousand-headers"),
        pytest.param(_sent(get("/" + "a" * 5 * MIB)), {"414", "431"}, id="a-url-of-5-mb"),
        pytest.param(
            _sent(get("/?" + "a" * 20_000, "Connection: close")), {"414"}, id="a-query-of-20-kb"
        ),
        pytest.param(
            _sent(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)), {"400", "505"}, id="http-2"
        ),
        pytest.param(_sent(bytes(100_000)), {"400"}, id="zeros"),
        pytest.param(
            _sent(random.Random(7).randbytes(100_000)), {"400", "431"}, id="bytes-by-chance"
        ),
        pytest.param(_sent(b"\r\n" * 100_000), {"400", "431"}, id="empty-lines"),
        pytest.param(
            _sent(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
            {"400"},
            id="two-lengths",
        ),
        pytest.param(
            _sent(b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n"), {"400"}, id="a-folded-line"
        ),
    ],
)
def test_what_is_no_request_is_refused_and_cut_off(
    server: Server, ask: Ask, act: Callable[[socket.socket], None], statuses: set[str]
) -> None:
    received = b""
    with server.connect() as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            act(connection)
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            while piece := connection.recv(65536):
                received += piece

    # A client that still sends may find the connection reset before it sees the answer.
    assert received == b"" or received.split(b" ")[1].decode() in statuses
    assert ask(server.port, "/health/live")[0] == 200
    assert server.memory() < MOST_MEMORY


@pytest.mark.timeout(240)
def test_20_000_connections_leave_no_file_open(server: Server, ask: Ask) -> None:
    ask(server.port, "/large.bin")
    before = server.files()

    def come_and_go(number: int) -> None:
        for turn in range(5_000):
            with server.connect() as connection:
                match turn % 4:
                    case 0:
                        connection.sendall(get("/all/atom.xml"))
                        connection.recv(100)
                    case 1:
                        connection.sendall(get("/large.bin"))
                        connection.recv(100)
                    case 2:
                        connection.sendall(b"GET / HT")
                    case _:
                        pass

    visitors = [threading.Thread(target=come_and_go, args=(number,)) for number in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    deadline = time.monotonic() + 60
    while server.files() > before and time.monotonic() < deadline:
        time.sleep(0.1)

    assert server.files() <= before
    assert ask(server.port, "/all/atom.xml")[0] == 200


@pytest.mark.timeout(240)
def test_paths_that_nobody_asked_for_before_leave_nothing_behind(server: Server) -> None:
    def ask_all(start: int, count: int) -> None:
        requests = b"".join(
            get(f"/none/{number}/atom.xml")
            + get(f"/all?n={number}")
            + get("/all/atom.xml", f'If-None-Match: "{number}"', "A-IM: feed")
            + get(
                f"/all/atom.xml?{number}", f'If-None-Match: "{number}"', f"User-Agent: R/{number}"
            )
            + get("/all/atom.xml", f"Accept-Encoding: gzip;q=0.{number % 1000}, x{number}")
            for number in range(start, start + count // 5)
        )
        with server.connect() as connection:
            writing = threading.Thread(
                target=connection.sendall, args=(requests + get("/", "Connection: close"),)
            )
            writing.start()
            answers = sum(
                piece.count(b"date: ") for piece in iter(lambda: connection.recv(MIB), b"")
            )
            writing.join()
        assert answers > count * 0.99  # a word may be cut in two between two pieces

    ask_all(0, PATHS)
    before = server.memory()

    for turn in range(1, 5):
        ask_all(turn * PATHS, PATHS)

    assert server.memory() < before + 8 * MIB


@pytest.mark.timeout(240)
def test_answers_under_way_are_finished_when_it_is_told_to_end(server: Server) -> None:
    readers = [server.connect() for _ in range(50)]
    idle = [server.connect() for _ in range(50)]
    for connection in readers:
        connection.sendall(get("/middle.bin"))
    for connection in idle:
        connection.sendall(get("/health/live"))
        connection.recv(1000)
    received = [connection.recv(1000) for connection in readers]
    began = time.monotonic()

    os.kill(server.pid, signal.SIGTERM)
    for number, connection in enumerate(readers):
        received[number] += b"".join(iter(lambda one=connection: one.recv(MIB), b""))  # type: ignore[misc]
    server.child.process.wait(timeout=30)

    assert {len(data.partition(b"\r\n\r\n")[2]) for data in received} == {MIB}
    assert time.monotonic() - began < 30
    for connection in (*readers, *idle):
        connection.close()


@pytest.mark.timeout(240)
def test_of_few_files_it_keeps_some_for_the_feeds(
    tmp_path: Path, start_child: Any, ask: Ask, publish_site: Callable[[Path], None]
) -> None:
    publish_site(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        child = start_child("--directory", str(tmp_path), "--listen", f"{HOST}:0")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    resource.prlimit(child.process.pid, resource.RLIMIT_NOFILE, (300, 300))
    server = Server(child)
    many = [server.connect() for _ in range(400)]
    time.sleep(0.5)
    for connection in many:
        connection.close()

    assert ask(server.port, "/all/atom.xml")[0] == 200
    assert child.end() == (0, "")
