"""Real HTTP on loopback, for every test that asks a server.

`Site` is the bare server of one address, inside the test's own event loop: its answers are the
bytes it is told to send. `FeedServer` runs sites in a thread, for tests of whole commands: it has
pages with validators, keeps a log by the test's clock, and counts connections.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from http import HTTPStatus
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias, TypeVar

# -- one address ---------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Asked:
    """One request, and the means to answer it."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int  # which connection of the server, from 1
    writer: asyncio.StreamWriter
    body: bytes = b""
    open: bool = True

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Close the connection after this answer."""
        self.open = False


@dataclass
class Site:
    """A server; `answer` is asked for every request, and `asked` keeps them all."""

    answer: Callable[[Asked], Awaitable[None]]
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0  # in all
    most_connections: int = 0  # at one time
    most_requests: int = 0  # under way at one time
    port: int = 0

    async def __aenter__(self) -> Self:
        self._readers: set[asyncio.StreamReader] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._readers.add(reader)
        self.connections += 1
        number = self.connections
        try:
            await self._count()
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                pairs = (line.partition(": ") for line in lines)
                method, target, *_ = first.split()
                headers = {name.lower(): value for name, _, value in pairs}
                asked = Asked(
                    method=method,
                    target=target,
                    headers=headers,
                    connection=number,
                    writer=writer,
                    body=await reader.readexactly(int(headers.get("content-length", "0"))),
                )
                self.asked.append(asked)
                self._under_way += 1
                self.most_requests = max(self.most_requests, self._under_way)
                try:
                    await self.answer(asked)
                finally:
                    self._under_way -= 1
                if not asked.open:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._readers.discard(reader)
            writer.close()

    async def _count(self) -> None:
        """Count the connections that the other side holds open."""
        await asyncio.sleep(0)  # what it closed before it opened this one shows as closed by then
        held = sum(not reader.at_eof() for reader in self._readers)
        self.most_connections = max(self.most_connections, held)


# -- answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Request:
    """One line of the log."""

    at: datetime  # by the test's clock
    host: str  # the address it came to
    method: str
    path: str  # with its query
    headers: Mapping[str, str]  # names in lower case
    connection: int  # of that address, from 1
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer; its length, date and connection are told without being named in `headers`."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    close: bool = False  # the connection, after it
    delay: float = 0.0  # seconds


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as they are, with pauses of so many seconds; then the connection ends.

    An endless iterable ends when the other side hangs up. With `reset` the connection ends as if
    the machine were gone.
    """

    pieces: Iterable[bytes | float]
    reset: bool = False


class Respond(Protocol):
    """Whatever looks at a request before it answers."""

    def __call__(self, request: Request, /) -> Answerable: ...


Answerable: TypeAlias = "bytes | Answer | Raw | Respond"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A document with validators: a 200, or a 304 for who has it already.

    An `etag` of "" means none; unset, it is made from the body.
    """

    body: bytes
    etag: str | None = None
    modified: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False

    def __call__(self, request: Request, /) -> Answer:
        headers = dict(self.headers)
        digest = blake2b(self.body, digest_size=8).hexdigest()
        etag = f'"{digest}"' if self.etag is None else self.etag
        if etag:
            headers["ETag"] = etag
        if self.modified is not None:
            headers["Last-Modified"] = http_date(self.modified)
        if self._known(request, etag):
            return Answer(status=304, headers=headers)
        return Answer(body=self.body, headers=headers, chunked=self.chunked)

    def _known(self, request: Request, etag: str) -> bool:
        """RFC 9110 §13.2.2: the first of the two decides alone."""
        tags = request.headers.get("if-none-match")
        if tags is not None:
            return bool(etag) and etag in (tag.strip() for tag in tags.split(","))
        since = request.headers.get("if-modified-since")
        if since is None or self.modified is None:
            return False
        return self.modified.replace(microsecond=0) <= parsedate_to_datetime(since)


class InTurn:
    """The first request gets the first answer, and so on; all after the last get that one."""

    def __init__(self, *answers: Answerable) -> None:
        self._answers = list(answers)

    def __call__(self, request: Request, /) -> Answerable:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def moved(to: str, status: int = 301) -> Answer:
    """A redirect."""
    return Answer(status=status, headers={"Location": to})


def http_date(moment: datetime) -> str:
    """A date as HTTP writes it (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


# -- many addresses, in a thread -----------------------------------------------------------------

_T = TypeVar("_T")


class FeedServer:
    """A web of pages by path, on as many addresses of loopback as tests ask for.

    `server["/feed.xml"] = page` puts it up; other paths are 404. Pages may be exchanged at any
    time. What goes wrong in a test's own answer is raised when the server ends.
    """

    def __init__(
        self, clock: Callable[[], datetime] | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.log: list[Request] = []
        self._pages: dict[str, Answerable] = {}
        self._sites: dict[str, Site] = {}
        self._faults: list[Exception] = []
        self._tls = tls

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="feedserver")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._faults and error is None:
            raise ExceptionGroup("the answers of this test", self._faults)

    def __setitem__(self, path: str, page: Answerable) -> None:
        self._pages[path] = page

    def __delitem__(self, path: str) -> None:
        del self._pages[path]

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """The address of a page at `host`, which begins to listen when it is first named."""
        return self.site(host).url(path)

    def site(self, host: str = "127.0.0.1") -> Site:
        """The server of one address, with what it counted."""
        if host not in self._sites:
            self._sites[host] = self._run(self._listen(host))
        return self._sites[host]

    def asked(self, path: str | None = None) -> list[Request]:
        """The requests so far; for one path, with whatever query."""
        return [
            request
            for request in self.log
            if path is None or request.path.partition("?")[0] == path
        ]

    def forget(self) -> None:
        """Begin a new log."""
        self.log.clear()

    async def _listen(self, host: str) -> Site:
        async def answer(asked: Asked) -> None:
            await self._answer(host, asked)

        return await Site(answer, host=host, tls=self._tls).__aenter__()

    async def _stop(self) -> None:
        for site in self._sites.values():
            await site.__aexit__()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _answer(self, host: str, asked: Asked) -> None:
        request = Request(
            at=self.clock(),
            host=host,
            method=asked.method,
            path=asked.target,
            headers=asked.headers,
            connection=asked.connection,
            body=asked.body,
        )
        self.log.append(request)
        try:
            await self._send(self._found(request), asked)
        except ConnectionError:
            raise  # the other side hung up, as it may
        except Exception as error:
            self._faults.append(error)
            asked.close()

    async def _send(self, found: Answer | Raw, asked: Asked) -> None:
        if isinstance(found, Raw):
            asked.close()
            for piece in found.pieces:
                if isinstance(piece, bytes):
                    await asked.send(piece)
                else:
                    await asyncio.sleep(piece)
            if found.reset:
                wire = asked.writer.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                asked.writer.transport.abort()
            return
        await asyncio.sleep(found.delay)
        if found.close or asked.headers.get("connection", "").lower() == "close":
            asked.close()
        await asked.send(_written(found, asked, self.clock()))

    def _found(self, request: Request) -> Answer | Raw:
        path = request.path if request.path in self._pages else request.path.partition("?")[0]
        found: Answerable = self._pages.get(path, Answer(status=404, body=b"nothing here\n"))
        while not isinstance(found, Answer | Raw):
            found = Answer(body=found) if isinstance(found, bytes) else found(request)
        return found


def _written(answer: Answer, asked: Asked, now: datetime) -> bytes:
    headers = {"Date": http_date(now), **answer.headers}
    body = answer.body
    if answer.status in {204, 304}:
        body = b""
    elif answer.chunked:
        headers["Transfer-Encoding"] = "chunked"
        body = b"".join(
            b"%x\r\n%b\r\n" % (len(piece), piece)
            for start in range(0, len(body), 1000)
            if (piece := body[start : start + 1000])
        )
        body += b"0\r\n\r\n"
    else:
        headers.setdefault("Content-Length", str(len(body)))
    if not asked.open:
        headers["Connection"] = "close"
    if asked.method == "HEAD":
        body = b""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reason = HTTPStatus(answer.status).phrase
    return f"HTTP/1.1 {answer.status} {reason}\r\n{lines}\r\n".encode("latin-1") + body
