"""Readers that know nothing of feedsvc poll the running server, as they do all year."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import feedparser
import pytest
from reader import make_reader

from feedsvc.serve.files import FRESH
from tests.support import DEFAULT_CONFIG, Service

NEWSBOAT = shutil.which("newsboat")


class Polling(Protocol):
    """A reader that keeps what it has seen; all are made for one address."""

    def poll(self) -> set[str]:
        """Ask once; the titles it knows by now."""


class Feedparser:
    """The library, used as its documentation says: with the validators of the last time."""

    def __init__(self, address: str, _: Path) -> None:
        self._address = address
        self._known: dict[str, str] = {}
        self._validators: dict[str, Any] = {}

    def poll(self) -> set[str]:
        read = feedparser.parse(self._address, **self._validators)
        assert not read.bozo
        self._known |= {entry.id: entry.title for entry in read.entries}
        # A 304 says both again.
        self._validators = {"etag": read.get("etag"), "modified": read.get("modified")}
        return set(self._known.values())


class Library:
    """`reader`, with its entries in a file."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address, self._place = address, str(folder / "reader.sqlite")
        with make_reader(self._place) as kept:
            kept.add_feed(address)

    def poll(self) -> set[str]:
        with make_reader(self._place) as kept:
            kept.update_feed(self._address)
            assert kept.get_feed(self._address).last_exception is None
            return {str(entry.title) for entry in kept.get_entries()}


class Newsboat:
    """The terminal reader; it sends validators only from its third visit on."""

    def __init__(self, address: str, folder: Path) -> None:
        self._cache = folder / "cache.db"
        (folder / "urls").write_text(f"{address}\n")
        (folder / "config").write_text("")
        files = {"-u": folder / "urls", "-C": folder / "config", "-c": self._cache}
        assert NEWSBOAT is not None
        self._command = [
            NEWSBOAT,
            *(str(x) for pair in files.items() for x in pair),
            "-x",
            "reload",
        ]
        self._home = str(folder)

    def poll(self) -> set[str]:
        env = {"HOME": self._home, "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        subprocess.run(self._command, check=True, capture_output=True, env=env, timeout=30)
        with closing(sqlite3.connect(self._cache)) as cache:
            return {title for (title,) in cache.execute("SELECT title FROM rss_item")}


READERS = [
    pytest.param(Feedparser, id="feedparser"),
    pytest.param(Library, id="reader"),
    pytest.param(
        Newsboat,
        id="newsboat",
        marks=pytest.mark.skipif(NEWSBOAT is None, reason="newsboat is not installed here"),
    ),
]


class Wire(ThreadingHTTPServer):
    """Passes requests on to a server as they are; knows of each if it had validators."""

    def __init__(self, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream = upstream
        self.seen: list[tuple[bool, int]] = []

    def last(self) -> tuple[bool, int]:
        """Whether the last request was conditional, and what it was answered with."""
        return self.seen[-1]


class _Passing(BaseHTTPRequestHandler):
    server: Wire

    def do_GET(self) -> None:
        with closing(HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)) as upstream:
            upstream.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders()
            answer = upstream.getresponse()
            body = answer.read()
        asked = "if-none-match" in self.headers or "if-modified-since" in self.headers
        self.server.seen.append((asked, answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks itself."""


@pytest.fixture
def wire(service: Service, start_child: Callable[..., Any]) -> Iterator[Wire]:
    """The line to a server of a feed with two stories."""
    service.configure(DEFAULT_CONFIG)
    for name in ("first", "second"):
        publish(service, name)
    child = start_child("--directory", str(service.public), "--listen", "127.0.0.1:0")
    with Wire(child.port) as wire:
        thread = threading.Thread(target=wire.serve_forever)
        thread.start()
        yield wire
        wire.shutdown()
        thread.join()


def publish(service: Service, name: str) -> None:
    service.clock.tick(hours=1)
    date = f"{service.clock.at:%Y-%m-%d %H:%M} UTC"
    service.write(f"{name}.txt", f"The {name} story\n{date}\n\nWhat it says.\n", age=90)
    service.sync()
    time.sleep(1.5 * FRESH)


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml"])
@pytest.mark.parametrize("make", READERS)
def test_a_reader_polls_and_sees_what_is_new(
    service: Service, wire: Wire, tmp_path: Path, make: Callable[..., Polling], name: str
) -> None:
    reader = make(f"http://127.0.0.1:{wire.server_port}/all/{name}", tmp_path)
    seen = {"The first story", "The second story"}
    conditional = 0

    assert (reader.poll(), wire.last()) == (seen, (False, 200))
    for _ in range(3):
        known = reader.poll()
        asked, status = wire.last()
        assert (known, status) == (seen, 304 if asked else 200)
        conditional += asked
    assert conditional > 0

    publish(service, "third")
    seen |= {"The third story"}
    # All three say `A-IM: feed`.
    assert (reader.poll(), wire.last()) == (seen, (True, 226))
    assert (reader.poll(), wire.last()) == (seen, (True, 304))


@pytest.mark.parametrize("make", READERS)
def test_a_reader_follows_a_feed_while_the_server_starts_anew(
    service: Service,
    wire: Wire,
    tmp_path: Path,
    start_child: Callable[..., Any],
    make: Callable[..., Polling],
) -> None:
    reader = make(f"http://127.0.0.1:{wire.server_port}/all/atom.xml", tmp_path)
    for _ in range(4):
        reader.poll()
    again = start_child("--directory", str(service.public), "--listen", "127.0.0.1:0")

    wire.upstream = again.port
    reader.poll()
    assert wire.last() == (True, 304)  # the tags are those of the content

    publish(service, "third")
    assert "The third story" in reader.poll()
    # It read the second version just now, so it knows the one before.
    assert wire.last() == (True, 226)
