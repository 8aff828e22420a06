"""Clients that no browser would be: raw bytes, slowness, size, numbers."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from feedsvc.serve import reading

Served = tuple[Path, int]
Ask = Callable[..., Any]
Send = Callable[[int, bytes], bytes]
SECRET = b"not for readers"


@pytest.fixture(scope="module", autouse=True)
def secrets(served: Served) -> None:
    """Files around and inside the directory that no request may reach."""
    directory, _ = served
    (directory.parent / "secret.txt").write_bytes(SECRET)
    (directory / ".env").write_bytes(SECRET)
    (directory / "all" / ".atom.xml.tmp").write_bytes(SECRET)
    (directory / "leaves.txt").symlink_to("../secret.txt")
    (directory / "up").symlink_to("..")


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/all/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/all/..%2f..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/....//secret.txt",
        "/..;/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/..%00/secret.txt",
        "/secret.txt%00.xml",
        "//secret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/.env",
        "/%2eenv",
        "/all/.atom.xml.tmp",
        "/all/%2eatom.xml.tmp",
        "/leaves.txt",
        "/up/secret.txt",
        "/all/atom.xml.gz",
        "/all/atom.xml%2Egz",
        "/all/atom.xml/",
        "/all/atom.xml/..",
        "/all/./atom.xml",
        "/ALL/atom.xml",
        "/all/atom.xml%20",
        "/all/atom.xml%0a",
        "/all/atom.xml%ff",
        "http://example.org/../secret.txt",
        "file:///etc/passwd",
        "all/atom.xml",
        "*",
    ],
)
def test_a_path_that_climbs_or_pries_gets_nothing(served: Served, send: Send, target: str) -> None:
    _, port = served
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    answer = send(port, request.encode("latin-1"))

    assert answer.split(b" ")[1] in (b"404", b"400")
    assert SECRET not in answer
    assert b"root:" not in answer


def test_a_percent_encoded_path_is_decoded_once(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, "/%61ll/atom%2Exml")[0] == 200
    assert ask(port, "/%2561ll/atom.xml")[0] == 404


def test_a_redirect_never_leads_to_another_host(served: Served, send: Send) -> None:
    _, port = served

    for target in ("//example.org", "//example.org/all", "/\\example.org", "/%2fexample.org"):
        answer = send(
            port, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        assert b"location:" not in answer.lower()


def test_a_redirect_cannot_be_made_to_carry_a_header(served: Served, ask: Ask) -> None:
    directory, port = served
    page = directory / "a\u00e9 b" / "index.html"
    page.parent.mkdir()
    page.write_text("<!DOCTYPE html>")

    assert ask(port, "/a%C3%A9%20b")[1]["location"] == "/a%C3%A9%20b/"
    assert ask(port, "/all%0d%0aX-Evil:%201")[0] == 404


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        pytest.param(
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            {b"414", b"431"},
            id="a-url-of-100-kb",
        ),
        pytest.param(
            b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            {b"414"},
            id="a-url-of-20-kb",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
            {b"431"},
            id="a-header-of-1-mb",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 1_000 + b"\r\n",
            {b"431"},
            id="a-thousand-headers",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400"}, id="no-host"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
            {b"400"},
            id="two-hosts",
        ),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", {b"200"}, id="http-1.0-needs-no-host"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {b"400"}, id="tls"),
        pytest.param(b"hello\r\n\r\n", {b"400"}, id="no-http"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\nx",
            {b"405"},
            id="a-body-that-never-comes",
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b'If-None-Match: "\xe4"\r\n'
            b"Accept-Encoding: \xff\r\nRange: bytes=\xff\r\nIf-Modified-Since: \xe4\r\n\r\n",
            {b"200"},
            id="bytes-that-are-not-ascii",
        ),
    ],
)
def test_a_request_out_of_bounds_is_cut_off(
    served: Served, send: Send, ask: Ask, request_bytes: bytes, statuses: set[bytes]
) -> None:
    _, port = served

    answer = send(port, request_bytes)

    assert answer == b"" or answer.split(b" ")[1] in statuses
    assert ask(port, "/health/live")[0] == 200


def test_200_connections_are_kept_alive_at_once(served: Served) -> None:
    _, port = served
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(200)]
    tags = set()
    for _ in range(3):
        for connection in connections:
            connection.request("GET", "/all/atom.xml", headers={"Accept-Encoding": "gzip"})
        for connection in connections:
            response = connection.getresponse()
            tags.add((response.status, response.headers["etag"], len(response.read())))
    for connection in connections:
        connection.close()

    assert len(tags) == 1


def test_clients_that_dawdle_do_not_keep_others_waiting(served: Served, ask: Ask) -> None:
    _, port = served
    dawdling = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for number, connection in enumerate(dawdling):
        connection.sendall(b"GET /all/atom.xml HTTP/1.1\r\nHo"[: 1 + number % 30])
    started = time.monotonic()

    statuses = [ask(port, "/all/atom.xml")[0] for _ in range(20)]

    assert statuses == [200] * 20
    assert time.monotonic() - started < 20
    for connection in dawdling:
        connection.close()


@pytest.fixture(scope="module")
def large(served: Served) -> Iterator[tuple[Path, bytes]]:
    """A file above the limit of what is held in memory."""
    directory, _ = served
    data = os.urandom(1024) * 20_000
    assert len(data) > reading.LARGE
    file = directory / "large.bin"
    file.write_bytes(data)
    yield file, data
    file.unlink()


def test_a_large_file_arrives_whole_and_in_parts(
    served: Served, ask: Ask, large: tuple[Path, bytes]
) -> None:
    _, port = served
    _, data = large

    status, fields, body = ask(port, "/large.bin")

    assert (status, body == data, fields["content-length"]) == (200, True, str(len(data)))
    assert ask(port, "/large.bin", range="bytes=1000000-1000099")[2] == data[1_000_000:1_000_100]
    assert ask(port, "/large.bin", range="bytes=-5")[2] == data[-5:]
    assert ask(port, "/large.bin", if_none_match=fields["etag"])[0] == 304
    assert ask(port, "/large.bin", "HEAD")[1]["content-length"] == str(len(data))


def test_a_large_file_stays_itself_while_it_is_replaced(served: Served, ask: Ask) -> None:
    directory, port = served
    bodies: list[bytes] = []
    versions = [bytes([number]) * 3_000_000 for number in range(1, 6)]
    target, fresh = directory / "swapped.bin", directory / ".swapped"
    target.write_bytes(versions[0])

    def read() -> None:
        for _ in range(12):
            bodies.append(ask(port, "/swapped.bin")[2])

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for version in versions:
        fresh.write_bytes(version)
        fresh.rename(target)
        time.sleep(0.15)
    for reader in readers:
        reader.join()

    assert all(body in versions for body in bodies)


def test_slow_readers_of_a_large_file_do_not_fill_the_memory(
    served: Served, ask: Ask, large: tuple[Path, bytes]
) -> None:
    _, port = served
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    for connection in slow:
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.5)

    assert ask(port, "/health/live")[0] == 200
    assert resident(port) < 120 * 1024 * 1024  # the thirty bodies are 600 MB
    for connection in slow:
        connection.close()


def resident(port: int) -> int:
    """The memory in use of the process that listens on this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = [row[9] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found = str(link.readlink()) == f"socket:[{inode}]"
        except OSError:
            continue
        if found:
            pages = (link.parents[1] / "statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGESIZE")
    raise LookupError(port)


SHORT_OF_PATIENCE = """
    import asyncio, sys
    from pathlib import Path
    from feedsvc.serve.app import Application
    from feedsvc.serve.engine import Engine
    from feedsvc.serve.files import Library
    from feedsvc.serve.listen import listen

    listener = listen("127.0.0.1", 0, stalled=500)
    print(listener.getsockname()[1], flush=True)

    async def main():
        application = Application(Library(Path(sys.argv[1])))
        limits = dict(connections=8, backlog=8, header_bytes=65536, header_timeout=500)
        await Engine(application, listener, **limits).serve()

    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def impatient(served: Served) -> Iterator[int]:
    """The port of a server with limits of half a second and eight connections."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SHORT_OF_PATIENCE), str(served[0])],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="who-says-nothing"),
        pytest.param(b"GET / HTTP/1.1\r\nHo", id="who-stops-in-the-middle"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", id="who-stays-after-the-answer"),
    ],
)
def test_a_client_is_cut_off(impatient: int, send: Send, start: bytes) -> None:
    started = time.monotonic()

    send(impatient, start)

    assert 0.3 < time.monotonic() - started < 20


def test_a_client_who_sends_a_header_drop_by_drop_is_cut_off(impatient: int) -> None:
    started = time.monotonic()
    with (
        suppress(ConnectionResetError, BrokenPipeError),
        socket.create_connection(("127.0.0.1", impatient), timeout=60) as connection,
    ):
        while time.monotonic() - started < 30:
            connection.sendall(b"X")
            time.sleep(0.05)

    assert time.monotonic() - started < 20


def test_a_client_who_stops_reading_is_cut_off_and_others_get_its_place(
    impatient: int, ask: Ask, large: tuple[Path, bytes]
) -> None:
    stalled = [socket.create_connection(("127.0.0.1", impatient)) for _ in range(16)]
    for connection in stalled:
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")

    assert ask(impatient, "/health/live")[0] == 200
    for connection in stalled:
        connection.close()
