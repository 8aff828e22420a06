"""A real server process on a free loopback port, and plain ways to put files and ask for them."""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import pytest
import zstandard

Answer = tuple[int, http.client.HTTPMessage, bytes]

FEED = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>Größe</title>'
    + "<!-- Füllung -->" * 200
    + "</feed>\n"
).encode()
PAGE = b"<!DOCTYPE html>\n<title>Feeds</title>\n<style>p { color: green }</style>\n<p>Hello\n" * 20
MTIME = 1_700_000_000


def put(target: Path, body: bytes) -> None:
    """Put a file in place at once, as a publisher does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_bytes(body)
    temporary.rename(target)


def put_with_sidecars(target: Path, body: bytes) -> None:
    """Put a document and its three sidecars in place, one after the other."""
    forms = {
        "": body,
        ".gz": gzip.compress(body, mtime=0),
        ".br": brotli.compress(body, quality=4),
        ".zst": zstandard.compress(body),
    }
    for suffix, form in forms.items():
        put(target.with_name(target.name + suffix), form)


def fill(directory: Path) -> None:
    """An output directory with one feed."""
    for name in ("atom.xml", "rss.xml", "feed.json"):
        put_with_sidecars(directory / "all" / name, FEED)
    put_with_sidecars(directory / "all" / "index.html", PAGE)
    put_with_sidecars(directory / "index.html", PAGE)
    put(directory / "opml.xml", b"<opml version='2.0'/>")
    put(directory / "plain" / "atom.xml", FEED)
    for path in directory.rglob("*"):
        os.utime(path, (MTIME, MTIME))


class Child:
    """A server process started by hand."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedsvc.serve.child", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()

    @property
    def port(self) -> int:
        return int(self.line.rpartition(":")[2])

    def end(self) -> tuple[int, str]:
        """End it as a supervisor does; the exit code and what it wrote on standard error."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The directory and the port of a running server."""
    directory = tmp_path_factory.mktemp("public")
    fill(directory)
    child = Child("--directory", str(directory), "--listen", "127.0.0.1:0")
    yield directory, child.port
    code, errors = child.end()
    assert (code, errors) == (0, "")


@pytest.fixture(scope="module")
def serve_directory() -> Iterator[Callable[[Path], int]]:
    """Starts servers of directories that last as long as a module; gives their ports."""
    children: list[Child] = []

    def serve(directory: Path) -> int:
        children.append(Child("--directory", str(directory), "--listen", "127.0.0.1:0"))
        return children[-1].port

    yield serve
    ended = [child.end() for child in children]
    assert ended == [(0, "")] * len(children)


@pytest.fixture(scope="session")
def publish() -> Callable[[Path, bytes], None]:
    return put_with_sidecars


@pytest.fixture(scope="session")
def publish_site() -> Callable[[Path], None]:
    return fill


@pytest.fixture
def start_child() -> Iterator[Callable[..., Child]]:
    """Starts server processes, and leaves none behind even if the test fails."""
    children: list[Child] = []

    def start(*arguments: str) -> Child:
        children.append(Child(*arguments))
        return children[-1]

    yield start
    for child in children:
        child.process.kill()
        child.process.communicate()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Answer]:
    """One request on a connection of its own; header names are written with underscores."""

    def ask(port: int, target: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, response.msg, body

    return ask


@pytest.fixture(scope="session")
def send() -> Callable[[int, bytes], bytes]:
    """What the server answers to these very bytes, until it closes."""

    def send(port: int, data: bytes) -> bytes:
        received = b""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            try:
                connection.sendall(data)
                while piece := connection.recv(65536):
                    received += piece
            except (ConnectionResetError, BrokenPipeError):
                pass  # it closed while we were still sending: that, too, is an answer
        return received

    return send
