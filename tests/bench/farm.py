"""A farm of generated feeds on loopback, for benchmarks: many hosts, validators, honest counts.

    python tests/bench/farm.py --feeds 1000 --write /tmp/farm     until Ctrl-C
    feedsvc -C /tmp/farm sync                                     meanwhile, elsewhere

It is a process of its own, so that a client's CPU is measured alone, and light enough not to hold
one up. The first line on stdout is JSON: where it listens and what it holds. Every address answers
to its feeds and to four more paths, which are not counted:

    GET  /-/counts                requests, 200s, 304s, connections, CPU of the farm …
    GET  /-/links                 "source link" of every entry published so far, in order
    POST /-/advance?percent=5     that many feeds get a new entry and edit an old one
    POST /-/reset                 back to the first state; counts begin again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import socket
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from math import exp
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.bench.crops import Crop, crops
from tests.bench.dialects import document

_SLOWEST = 2.0  # seconds of latency
_SPREAD = 1.15  # of the logarithm of latencies: with a median of 80 ms one in 400 takes 2 s
_HEAD = 32 * 1024  # bytes of a request

CONFIG = """\
[site]
title = "Farm"
base_url = "https://bench.example.org"

[sync]
allow_networks = ["127.0.0.0/8"]
"""


@dataclass(slots=True)
class Counts:
    """What clients did since the start, or the last reset."""

    requests: int = 0
    conditional: int = 0
    ok: int = 0
    not_modified: int = 0
    missing: int = 0
    connections: int = 0
    most_per_host: int = 0  # connections open at a time
    sent: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class Answers:
    """One state of one feed, ready to be sent."""

    etag: bytes
    modified: bytes
    whole: bytes
    zipped: bytes | None
    not_modified: bytes


@dataclass
class Farm:
    """The feeds in their present state."""

    crops: list[Crop]
    seed: int
    latency: float  # seconds in the median, 0 for none
    gzip: bool
    counts: Counts = field(default_factory=Counts)
    open: Counter[str] = field(default_factory=Counter)  # connections by host

    def __post_init__(self) -> None:
        self._versions = [0] * len(self.crops)
        self._asked = [0] * len(self.crops)
        self._rounds = 0
        self._by_path = {crop.path.encode(): crop.number for crop in self.crops}
        self._answers = [_answers(crop, 0, self.gzip) for crop in self.crops]

    def answer(self, path: bytes, fields: dict[bytes, bytes]) -> tuple[bytes, float]:
        """What to send, and after how many seconds."""
        counts = self.counts
        counts.requests += 1
        number = self._by_path.get(path)
        if number is None:
            counts.missing += 1
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0.0
        answers = self._answers[number]
        self._asked[number] += 1
        counts.conditional += b"if-none-match" in fields or b"if-modified-since" in fields
        if _fresh(answers, fields):
            counts.not_modified += 1
            data = answers.not_modified
        else:
            counts.ok += 1
            accepts = answers.zipped is not None and b"gzip" in fields.get(b"accept-encoding", b"")
            data = answers.zipped if accepts and answers.zipped else answers.whole
        counts.sent += len(data)
        return data, self._delay(number)

    def control(self, method: bytes, target: str) -> bytes:
        """The answer to a request below `/-/`."""
        parts = urlsplit(target)
        match method, parts.path:
            case b"GET", "/-/counts":
                text = json.dumps(asdict(self.counts) | {"cpu": time.process_time()})
            case b"GET", "/-/links":
                text = "".join(self._links())
            case b"POST", "/-/advance":
                text = json.dumps(
                    {"feeds": self._advance(float(parse_qs(parts.query)["percent"][0]))}
                )
            case b"POST", "/-/reset":
                text = json.dumps({"feeds": self._reset()})
            case _:
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        data = text.encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)

    @property
    def entries(self) -> int:
        return sum(crop.entries for crop in self.crops)

    @property
    def sizes(self) -> list[int]:
        return [len(one.whole) for one in self._answers]

    def _delay(self, number: int) -> float:
        if not self.latency:
            return 0.0
        random = Random(f"{self.seed}/{number}/{self._asked[number]}")
        return min(_SLOWEST, self.latency * exp(random.gauss(0, _SPREAD)))

    def _advance(self, percent: float) -> int:
        self._rounds += 1
        count = round(len(self.crops) * percent / 100)
        chosen = Random(f"{self.seed}/round/{self._rounds}").sample(self.crops, count)
        for crop in chosen:
            self._versions[crop.number] += 1
            self._renew(crop)
        return count

    def _reset(self) -> int:
        changed = [crop for crop in self.crops if self._versions[crop.number]]
        self._versions = [0] * len(self.crops)
        self._asked = [0] * len(self.crops)
        self._rounds = 0
        self.counts = Counts()
        for crop in changed:
            self._renew(crop)
        return len(changed)

    def _renew(self, crop: Crop) -> None:
        self._answers[crop.number] = _answers(crop, self._versions[crop.number], self.gzip)

    def _links(self) -> Iterator[str]:
        for crop in self.crops:  # their names are in order, as they are padded with zeros
            for link in sorted(crop.links(self._versions[crop.number])):
                yield f"{crop.name} {link}\n"


def _answers(crop: Crop, version: int, gzip: bool) -> Answers:
    state = document(crop, version)
    etag = state.etag.encode()
    modified = format_datetime(state.modified, usegmt=True).encode()
    shared = b"ETag: %b\r\nLast-Modified: %b\r\n" % (etag, modified)
    zipped = None
    if gzip:
        shared += b"Vary: Accept-Encoding\r\n"
        squeezer = zlib.compressobj(6, wbits=31)
        zipped = squeezer.compress(state.body) + squeezer.flush()

    def whole(body: bytes, extra: bytes = b"") -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
            state.type.encode(), shared, extra, len(body), body,
        )  # fmt: skip

    return Answers(
        etag=etag,
        modified=modified,
        whole=whole(state.body),
        zipped=None if zipped is None else whole(zipped, b"Content-Encoding: gzip\r\n"),
        not_modified=b"HTTP/1.1 304 Not Modified\r\n%b\r\n" % shared,
    )


def _fresh(answers: Answers, fields: dict[bytes, bytes]) -> bool:
    """Whether the client has this state already (RFC 9110 §13.2.2)."""
    tags = fields.get(b"if-none-match")
    if tags is not None:  # If-Modified-Since is not looked at then
        return answers.etag in tags or tags == b"*"
    since = fields.get(b"if-modified-since")
    if since is None or since == answers.modified:
        return since is not None
    with suppress(ValueError):
        stated = parsedate_to_datetime(since.decode("latin-1"))
        return stated >= parsedate_to_datetime(answers.modified.decode())
    return False


class Visit(asyncio.Protocol):
    """One connection of one client, kept alive; requests are answered one after the other."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._host = ""
        self._unread = b""
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host = transport.get_extra_info("sockname")[0]
        farm = self._farm
        farm.open[self._host] += 1
        farm.counts.connections += 1
        farm.counts.most_per_host = max(farm.counts.most_per_host, farm.open[self._host])

    def connection_lost(self, exc: Exception | None) -> None:
        self._farm.open[self._host] -= 1

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._serve()

    def _serve(self) -> None:
        while not self._waiting:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if not end:
                if len(head) > _HEAD:
                    self._transport.abort()
                return
            self._unread = rest
            lines = head.split(b"\r\n")
            method, _, target = lines[0].rpartition(b" ")[0].partition(b" ")
            fields = {}
            for line in lines[1:]:
                name, _, value = line.partition(b":")
                fields[name.lower()] = value.strip()
            if target.startswith(b"/-/"):
                self._send(self._farm.control(method, target.decode("latin-1")), fields)
                continue
            answer, delay = self._farm.answer(target, fields)
            if delay:
                self._waiting = True
                self._loop.call_later(delay, self._send_late, answer, fields)
            else:
                self._send(answer, fields)

    def _send_late(self, answer: bytes, fields: dict[bytes, bytes]) -> None:
        self._waiting = False
        self._send(answer, fields)
        self._serve()

    def _send(self, answer: bytes, fields: dict[bytes, bytes]) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(answer)
        if fields.get(b"connection", b"").lower() == b"close":
            self._transport.close()


# --- the command


def addresses(hosts: int) -> list[str]:
    """Loopback addresses, from 127.0.1.1 on; Linux has all of 127.0.0.0/8, others 127.0.0.1."""
    if hosts == 1:
        return ["127.0.0.1"]
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(hosts)]


def listeners(hosts: list[str], port: int) -> list[socket.socket]:
    """A socket for each address, all with one port; the first is for 127.0.0.1."""
    found = []
    for host in dict.fromkeys(["127.0.0.1", *hosts]):
        listener = socket.create_server((host, port), backlog=512)
        port = listener.getsockname()[1]
        found.append(listener)
    return found


def write(folder: Path, farm: Farm, urls: list[str]) -> None:
    """A configuration of feedsvc with all feeds, and the same as OPML for others."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = (
        f'\n[[source]]\nname = "{crop.name}"\nkind = "feed"\nurl = "{url}"\n'
        for crop, url in zip(farm.crops, urls, strict=True)
    )
    (folder / "feedsvc.toml").write_text(CONFIG + "".join(sources))
    outlines = (
        f"<outline type='rss' text='{crop.name}' xmlUrl={quoteattr(url)}/>\n"
        for crop, url in zip(farm.crops, urls, strict=True)
    )
    (folder / "feeds.opml").write_text(
        "<?xml version='1.0' encoding='utf-8'?>\n<opml version='2.0'><head><title>Farm</title>"
        f"</head><body>\n{''.join(outlines)}</body></opml>\n"
    )


async def serve(farm: Farm, sockets: list[socket.socket]) -> None:
    """Answer until a signal ends it."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    servers = [await loop.create_server(lambda: Visit(farm), sock=one) for one in sockets]
    await stop.wait()
    for server in servers:
        server.close()


def main() -> None:
    """Generate, tell where, serve."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--feeds", type=int, default=1000, help="how many feeds there are")
    parser.add_argument("--hosts", type=int, default=200, help="over how many loopback addresses")
    parser.add_argument("--port", type=int, default=0, help="of all of them; 0 for any free one")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other feeds")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="MS",
        help="median wait before an answer; log-normal, never above two seconds",
    )  # fmt: skip
    parser.add_argument("--gzip", action="store_true", help="compress for clients that ask for it")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="put feedsvc.toml and feeds.opml there"
    )
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    farm = Farm(
        crops(options.feeds, seed=options.seed), options.seed, options.latency / 1000, options.gzip
    )
    hosts = addresses(options.hosts)
    sockets = listeners(hosts, options.port)
    port = sockets[0].getsockname()[1]
    urls = [f"http://{hosts[one.number % len(hosts)]}:{port}{one.path}" for one in farm.crops]
    if options.write is not None:
        write(options.write, farm, urls)
    told = {
        "address": f"http://127.0.0.1:{port}",
        "first": urls[0],
        "feeds": len(farm.crops),
        "hosts": len(hosts),
        "entries": farm.entries,
        "megabytes": round(sum(farm.sizes) / 1e6, 1),
        "median_bytes": round(statistics.median(farm.sizes)),
    }
    print(json.dumps(told), flush=True)
    asyncio.run(serve(farm, sockets))


if __name__ == "__main__":
    main()
