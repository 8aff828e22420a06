"""The desk behind the server: answers in this process what the server hands to it.

    reader --HTTP--> server process (relay.py) --a socket for each call--> Desk --> reply

Few calls are answered at a time, and none for long: whoever waits too long in vain is told so by
the server, and asks again. What the server itself asks is answered beside those of readers, by an
`inside` of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from feedsvc.ports import Call, Desk, Reply
from feedsvc.serve.frames import OURS, FrameError, line

PATIENCE = 9.0  # seconds for one call; the server waits a little longer
_AT_ONCE = 8  # calls that are answered at the same time
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2

_FAULT = Reply(500, (("content-type", "text/plain; charset=utf-8"),), b"Something went wrong.\n")
_BUSY = Reply(503, (("retry-after", "30"),))


class DeskServer:
    """Answers the calls of one server process after another, in the running event loop.

    `on_event` is told, in one line, of calls that were not answered as they should.
    """

    def __init__(
        self, desk: Desk | None, on_event: Callable[[str], object], inside: Desk | None = None
    ) -> None:
        self._desk = desk or _nobody
        self._inside = inside or _nobody
        self._on_event = on_event
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._door: socket.socket | None = None
        self._calls: set[asyncio.Task[None]] = set()

    def open(self) -> socket.socket:
        """The end of a new line for a server process; the one before it is closed."""
        self._close_door()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        theirs.setblocking(False)
        self._door = ours
        asyncio.get_running_loop().add_reader(ours, self._take, ours)
        return theirs

    async def close(self) -> None:
        """Take no more calls, and give up those under way."""
        self._close_door()
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)

    def _close_door(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            asyncio.get_running_loop().remove_reader(door)
            door.close()

    def _take(self, door: socket.socket) -> None:
        """Take the socket of a call that the server has sent."""
        try:
            data, descriptors, _, _ = socket.recv_fds(door, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
            end, ours = socket.socket(fileno=descriptor), data == OURS
            call = asyncio.create_task(self._answer(end, ours=ours))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        if not data and door is self._door:  # the server has ended
            self._close_door()

    async def _answer(self, end: socket.socket, *, ours: bool) -> None:
        desk = self._inside if ours else self._desk
        async with line(end) as call:
            try:
                async with asyncio.timeout(PATIENCE):
                    async with nullcontext() if ours else self._turns:
                        head, body = await call.receive()
                        reply = await self._ask(desk, _call(head, body))
                    await call.send({"status": reply.status, "headers": reply.headers}, reply.body)
            except FrameError:
                return  # the server does not wait any more
            except TimeoutError:
                self._on_event(f"a call at the desk took longer than {PATIENCE:g} s")
                try:
                    async with asyncio.timeout(1):
                        await call.send({"status": 503, "headers": _BUSY.headers}, b"")
                except (FrameError, TimeoutError):
                    return

    async def _ask(self, desk: Desk, call: Call) -> Reply:
        try:
            reply = await desk(call)
            _check(reply)
        except Exception as error:
            # Not the whole path: what stands behind its second part opens a door.
            place = "/".join(call.path.split("/")[:3])
            self._on_event(f"{call.method} {place} at the desk: {error!r}")
            return _FAULT
        return reply


async def _nobody(_: Call) -> Reply:
    return Reply(404)


def _call(head: Mapping[str, Any], body: bytes) -> Call:
    return Call(
        head["method"], head["path"], head["query"], head["headers"], body, head.get("client")
    )


def _check(reply: Reply) -> None:
    """Raise ValueError for what cannot be sent."""
    if not 200 <= reply.status <= 599:
        raise ValueError(f"no status of an answer: {reply.status}")
    for name, value in reply.headers:
        if not _TOKEN.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise ValueError(f"no header field: {name!r}")
