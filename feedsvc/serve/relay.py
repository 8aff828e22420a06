"""The line to the process that owns the store.

Requests below `/_websub/` are handed over, and its replies back. The server process has no part in
what is said. It sees to it that nobody who sends much, or slowly, holds up the others, and that
nobody waits for a desk that does not answer. On the same line it has questions of its own, which
wait behind no reader's request, and which no request can make it ask (`inside.py`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

from feedsvc.serve import pages
from feedsvc.serve.clients import Clients
from feedsvc.serve.frames import OF_READERS, OURS, FrameError, line
from feedsvc.serve.headers import SERVER, Fields
from feedsvc.serve.pages import Page
from feedsvc.serve.rsgi import Connection, Scope

DESK = "/_websub/"
CALLBACKS = f"{DESK}callback/"

_MIB = 1024 * 1024
_REQUEST = 1 * _MIB  # bytes of a request to the hub
_DELIVERY = 15 * _MIB  # bytes of a document that a hub delivers
_SMALL = 64 * 1024  # bytes that every body may have, however many others there are
_HELD = 64 * _MIB  # bytes of all bodies in memory, beyond those
_SENDING = 30.0  # seconds a client may take to send its body
_PASSING = 1.0  # seconds more, if it is refused
_PATIENCE = 10.0  # seconds to wait for the desk
_AT_ONCE = 64  # calls that wait for the desk

# What is said of one connection (RFC 9110 §7.6.1), or by the engine for every answer.
_OF_CONNECTION = frozenset(
    {"connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "server"}
)


class _RefusedError(Exception):
    """The request is not handed on."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.status)
        self.page = page


class _GoneError(Exception):
    """The client has gone before its request was whole."""


class Relay:
    """The server's end of the line to the desk."""

    def __init__(self, door: socket.socket, clients: Clients | None = None) -> None:
        door.setblocking(False)
        self._door = door
        self._clients = clients or Clients()
        self._held = 0  # bytes of bodies beyond the small ones
        self._calls = 0

    async def answer(self, scope: Scope, connection: Connection) -> None:
        """Answer a request with what the desk replies."""
        body = _Body(self, connection)
        try:
            async with asyncio.timeout(_SENDING):
                await body.read(scope)
            async with asyncio.timeout(_PATIENCE):
                page = await self._call(scope, body.whole())
        except _RefusedError as refused:
            page = refused.page
            await body.let_pass()
        except (FrameError, OSError, TimeoutError):  # it has ended, or is busy
            page = pages.UNAVAILABLE
        except _GoneError:
            return
        finally:
            body.drop()
        if scope.method == "HEAD":
            connection.response_empty(page.status, page.fields)
        else:
            connection.response_bytes(page.status, page.fields, page.body)

    async def ask(self, what: str, body: bytes = b"") -> tuple[int, bytes] | None:
        """Ask something of our own: the status and the body of the reply; None for no reply."""
        try:
            async with asyncio.timeout(_PATIENCE), line(self._ring(OURS)) as call:
                head = {"method": "ASK", "path": what, "query": "", "headers": {}}
                await call.send(head, body)
                answer, said = await call.receive()
        except (FrameError, OSError, TimeoutError):
            return None
        return answer["status"], said

    def hold(self, more: int) -> None:
        """Make room for so many bytes of a body; raises _RefusedError if there is none."""
        if more > 0 and self._held + more > _HELD:
            raise _RefusedError(pages.UNAVAILABLE)
        self._held += more

    async def _call(self, scope: Scope, body: bytes) -> Page:
        if self._calls >= _AT_ONCE:
            raise _RefusedError(pages.UNAVAILABLE)
        self._calls += 1
        try:
            async with line(self._ring(OF_READERS)) as call:
                await call.send(_head(scope, self._clients), body)
                head, answer = await call.receive()
        finally:
            self._calls -= 1
        return Page(head["status"], _fields(head["headers"], len(answer)), answer)

    def _ring(self, whose: bytes) -> socket.socket:
        """Our end of a new call; raises OSError when nobody takes one, or has for long."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs:
                socket.send_fds(self._door, [whose], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        return ours


class _Body:
    """The body of one request, as far as it has come."""

    def __init__(self, relay: Relay, connection: Connection) -> None:
        self._relay = relay
        self._coming = _pieces(connection)
        self._pieces: list[bytes] = []
        self._size = 0

    async def read(self, scope: Scope) -> None:
        """Read it; raises _RefusedError if it is too large, _GoneError if the client goes."""
        most = _DELIVERY if scope.path.startswith(CALLBACKS) else _REQUEST
        told = scope.headers.get("content-length")
        if told is not None and int(told) > most:
            raise _RefusedError(pages.TOO_LARGE)
        async for piece in self._coming:
            before, self._size = self._size, self._size + len(piece)
            if self._size > most:
                self._size = before
                raise _RefusedError(pages.TOO_LARGE)
            try:
                self._relay.hold(_beyond(self._size) - _beyond(before))
            except _RefusedError:
                self._size = before
                raise
            self._pieces.append(piece)
        # The engine ends a body that breaks off as if it were whole. One in chunks has no length to
        # tell by: of such a delivery the signature is wrong, and such a request is not verified.
        if told is not None and self._size != int(told):
            raise _GoneError

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)

    async def let_pass(self) -> None:
        """Take the rest of a body that is refused, for a moment.

        A connection that is closed on what was sent is reset, and the client may lose the answer.
        """
        self.drop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PASSING):
                async for _ in self._coming:
                    pass

    def drop(self) -> None:
        """Give its room back."""
        self._relay.hold(-_beyond(self._size))
        self._pieces, self._size = [], 0


async def _pieces(connection: Connection) -> AsyncIterator[bytes]:
    # What the engine hands out can be iterated over only once.
    async for piece in connection:
        yield piece


def _beyond(size: int) -> int:
    return max(size - _SMALL, 0)


def _head(scope: Scope, clients: Clients) -> dict[str, object]:
    headers: dict[str, str] = {}
    for name, value in scope.headers.items():
        # RFC 9110 §5.3: lines of one name are one list.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    client = clients.address(scope)
    return {
        "method": scope.method, "path": scope.path, "query": scope.query_string,
        "headers": headers, "client": None if client is None else str(client),
    }  # fmt: skip


def _fields(told: list[list[str]], length: int) -> Fields:
    """The fields of an answer: what the desk says, and what every answer of ours does."""
    said = [(name.lower(), value) for name, value in told if name.lower() not in _OF_CONNECTION]
    names = {name for name, _ in said}
    missing = [field for field in _EVERY if field[0] not in names]
    return (*said, *missing, SERVER, ("content-length", str(length)))


_EVERY: Fields = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
