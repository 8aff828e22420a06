"""How server and desk talk: one call and one reply on a socket of their own.

    length of the head (4 bytes) | head (JSON) | body, as long as the head says

Both ends are ours. The socket comes from the server, by `SCM_RIGHTS` over a pair that the two share
from the start of the server on: so nothing lies in the file system, neither for others to find nor
for a kill -9 to leave there, and no path can be too long for an address. The byte that comes with
it says whose call it is: a reader's request, or a question of the server's own.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

OF_READERS, OURS = b".", b"!"

_LENGTH = 4
_LONGEST_HEAD = 1024 * 1024


class FrameError(Exception):
    """The other end is gone, or does not keep to the form."""


class Line:
    """One end of a call."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, head: Mapping[str, Any], body: bytes) -> None:
        """Send a head and a body; raises FrameError."""
        packed = json.dumps({**head, "length": len(body)}).encode()
        self._writer.write(len(packed).to_bytes(_LENGTH, "big") + packed)
        self._writer.write(body)
        try:
            await self._writer.drain()
        except OSError as error:
            raise FrameError(str(error)) from error

    async def receive(self) -> tuple[dict[str, Any], bytes]:
        """A head and a body; raises FrameError."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if length > _LONGEST_HEAD:
                raise FrameError("the head is too long")
            head: dict[str, Any] = json.loads(await self._reader.readexactly(length))
            return head, await self._reader.readexactly(head["length"])
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise FrameError(str(error)) from error


@asynccontextmanager
async def line(end: socket.socket) -> AsyncIterator[Line]:
    """The call on this socket, which is taken over, and closed at the end."""
    end.setblocking(False)
    try:
        reader, writer = await asyncio.open_unix_connection(sock=end)
    except BaseException:
        end.close()
        raise
    # What was sent is taken by the other end, or there is no reason to keep it.
    writer.transport.set_write_buffer_limits(high=0)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
