"""Hands requests below `/_websub/` to the process that owns the store, and its replies back.

The server process has no part in what is said; it only sees to it that nobody who sends much, or
slowly, or nothing at all, holds up the others.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from feedsvc.serve import pages
from feedsvc.serve.frames import FrameError, line
from feedsvc.serve.headers import SERVER, Fields
from feedsvc.serve.pages import Page
from feedsvc.serve.rsgi import Connection, Scope

DESK = "/_websub/"
CALLBACKS = f"{DESK}callback/"

_MIB = 1024 * 1024
_REQUEST = 1 * _MIB  # bytes of a request to the hub
_DELIVERY = 15 * _MIB  # bytes of a document that a hub delivers
_HELD = 64 * _MIB  # bytes of all bodies in memory
_SENDING = 30.0  # seconds a client may take to send its body
_PATIENCE = 10.0  # seconds to wait for the desk
_AT_ONCE = 64  # calls that wait for the desk

# What the engine itself says of a body and a connection (RFC 9110 §7.6.1).
_OF_CONNECTION = frozenset(
    {"connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "server"}
)


class _RefusedError(Exception):
    """The request is answered here."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.status)
        self.page = page


class Relay:
    """The server's end of the line to the desk."""

    def __init__(self, door: socket.socket) -> None:
        door.setblocking(False)
        self._door = door
        self._held = 0  # bytes of bodies
        self._waiting = 0  # calls

    async def answer(self, scope: Scope, connection: Connection) -> None:
        """Answer a request with what the desk replies."""
        size = 0
        try:
            if self._waiting >= _AT_ONCE:
                raise _RefusedError(pages.BUSY)
            self._waiting += 1
            try:
                pieces: list[bytes] = []
                async with asyncio.timeout(_SENDING):
                    async for piece in self._pieces(scope, connection):
                        pieces.append(piece)
                        size += len(piece)
                async with asyncio.timeout(_PATIENCE):
                    status, fields, body = await self._call(scope, b"".join(pieces))
            finally:
                self._waiting -= 1
                self._held -= size
        except _RefusedError as refused:
            status, fields, body = refused.page
        except TimeoutError:
            status, fields, body = pages.BUSY
        except (FrameError, OSError):
            status, fields, body = pages.UNAVAILABLE
        with suppress(RuntimeError):  # the client has gone
            if scope.method == "HEAD":
                connection.response_empty(status, fields)
            else:
                connection.response_bytes(status, fields, body)
