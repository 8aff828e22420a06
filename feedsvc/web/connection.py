"""One HTTP/1.1 connection: h11 over asyncio, with every limit the protocol itself leaves open.

h11 is the protocol engine inside httpx. It is used without httpcore's layer, which keeps a
connection when bytes nobody asked for follow an answer: the next answer would be read from them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

import h11

from feedsvc.errors import FetchError
from feedsvc.web.failures import StaleError

Fields = tuple[tuple[bytes, bytes], ...]

_HEAD = 64 * 1024  # bytes of one block of headers; RFC 9110 §5.4 leaves the limit to us
_QUEUE = 4  # pieces waiting to be read before the other side is told to wait
_CHUNKS_AT_ONCE = 256
_SMALL_CHUNKS = 20_000


class Head(NamedTuple):
    """Status and headers of an answer; the names are in lower case."""

    status: int
    fields: Fields


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection: `ask`, then `piece` until there is none, again and again."""

    def __init__(self) -> None:
        self.asked = 0
        self.own = False  # leads to a network of the operator's
        self.idle_since = 0.0
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        self._pieces: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._lost: Exception | None = None
        self._paused = False
        self._busy = False
        self._chunks = self._body = 0
        self._transport: asyncio.Transport

    async def ask(
        self,
        target: bytes,
        fields: list[tuple[bytes, bytes]],
        *,
        method: bytes = b"GET",
        body: bytes = b"",
    ) -> Head:
        """Send a request and return the head of its answer; raises StaleError or FetchError."""
        self.asked += 1
        self._busy = True
        self._chunks = self._body = 0
        try:
            request = self._h11.send(h11.Request(method=method, target=target, headers=fields))
            sent = self._h11.send(h11.Data(data=body)) if body else b""
            self._h11.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise FetchError(f"the request cannot be sent: {error}") from error
        self._transport.write((request or b"") + (sent or b""))
        head_bytes = 0
        while True:
            event = self._next_event("its headers are")
            if isinstance(event, h11.Response):
                return _head(event)
            if event is not h11.NEED_DATA:
                continue  # 1xx: there may be any number of them, but not of their bytes
            data = await self._receive()
            if not data:
                raise self._no_answer(head_bytes)
            head_bytes += len(data)
            if head_bytes > 2 * _HEAD + 256 * 1024:  # asyncio reads up to 256 KiB at once
                raise FetchError("its headers do not end")
            self._h11.receive_data(data)

    async def piece(self) -> bytes | None:
        """The next piece of the body, None at its end; raises FetchError when it is cut short."""
        while True:
            event = self._next_event("what frames its body is")
            if isinstance(event, h11.Data):
                await self._count(len(event.data))
                return bytes(event.data)
            if isinstance(event, h11.EndOfMessage):
                self._finish()
                return None
            data = await self._receive()
            if not data and self._lost is not None:  # a reset does not end a body, however framed
                raise FetchError("the body is truncated: the connection broke") from self._lost
            self._h11.receive_data(data)

    async def _count(self, size: int) -> None:
        """Let no body cost more than its bytes: a chunk of one byte is as much work as a large one.

        What has arrived is read without a pause, so the deadline and the other exchanges get one.
        """
        self._chunks += 1
        self._body += size
        if self._chunks % _CHUNKS_AT_ONCE == 0:
            if self._chunks > _SMALL_CHUNKS + self._body // 64:
                raise FetchError("the body comes in absurdly small pieces")
            await asyncio.sleep(0)

    @property
    def reusable(self) -> bool:
        return not (self._busy or self._ended)

    def abort(self) -> None:
        """Close at once; what is still to come is not wanted."""
        self._ended = True
        self._transport.abort()

    def _next_event(self, framing: str) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """What h11 makes of what came; `framing` is what of it may not go on and on."""
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:  # RFC 6585 §5, and h11's for any line
                raise FetchError(f"{framing} too long") from error
            # h11 quotes the whole line, which is not for our log: it may be long, or no text.
            said = str(error).partition(": bytearray(")[0]
            if self._h11.their_state is h11.ERROR and self._ended and not self._pieces:
                raise FetchError(f"the body is truncated: {said}") from error
            raise FetchError(f"it does not speak HTTP/1.1 as it should: {said}") from error

    def _finish(self) -> None:
        self._busy = False
        left, _ = self._h11.trailing_data
        done = self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        if done and not left and not self._pieces and not self._ended:
            self._h11.start_next_cycle()
        else:
            self.abort()

    def _no_answer(self, received: int) -> Exception:
        if self.asked > 1 and not received:
            return StaleError()
        if not received:
            return FetchError("it closed the connection without an answer")
        begun, _ = self._h11.trailing_data
        if not begun.startswith(b"HTTP/"):
            return FetchError("it does not speak HTTP/1.1 as it should: no status line")
        return FetchError("the head of its answer is truncated")

    async def _receive(self) -> bytes:
        """The next bytes of the wire, empty once there are no more."""
        while not self._pieces:
            if self._ended:
                return b""
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._pieces.popleft()
        if self._paused and not self._pieces:
            self._paused = False
            self._transport.resume_reading()
        return data

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._busy:  # an answer nobody asked for, such as the 408 of an idle timeout
            self.abort()
            return
        self._pieces.append(data)
        if len(self._pieces) >= _QUEUE and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._lost = exc
        self._wake()
        if not self.closed.done():
            self.closed.set_result(None)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _head(event: h11.Response) -> Head:
    """Status and headers; h11 limits only headers that have not ended yet."""
    fields = tuple(event.headers)
    if sum(len(name) + len(value) + 4 for name, value in fields) > _HEAD:
        raise FetchError("its headers are too long")
    return Head(event.status_code, fields)
