"""Granian, set up for files behind one already listening socket; the only place that knows it.

    connection --> Rust thread --> the engine's Python thread --> at_once(): answered from memory
                                                              \\-> __rsgi__(): a task in our loop

Its own way to embed it makes a task in the event loop of every request. For answers that lie in
memory this is most of their cost: without it 1.6 times as many are sent, and it is what the
scheduler below leaves out. It names parts of Granian that are not meant for others, so the version
is pinned, and a test tells when they are not what they were.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any, Protocol

from feedsvc.serve.rsgi import Connection, Scope

# Read when the engine is loaded: it gives memory back after a second, not after ten.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:0")

from granian._granian import (
    CallbackScheduler,
    RSGIWorker,
    SocketHolder,
    WorkerSignal,
)
from granian.http import HTTP1Settings

_READING_THREADS = 16  # of the engine, for large files: what they read mostly lies in memory
_IDLE = 30  # seconds; of use with several threads for Python
_NO_TLS: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)


class Application(Protocol):
    """What answers requests."""

    def at_once(self, scope: Scope, connection: Connection) -> bool:
        """Answer if that can be done without waiting; else do nothing and say False.

        Called in the engine's thread, next to a running event loop, one request after the other.
        """

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        """Answer, in the event loop."""


class Engine:
    """Answers what comes in on `listener` with `application`, in the running event loop.

    The socket is taken over, and closed when it is stopped.

    One process, one Rust thread, and only HTTP/1: whoever speaks HTTP/2 to readers stands in front
    of us. When `connections` are open, further ones wait in the socket until one of them ends.
    """

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        *,
        connections: int,
        backlog: int,
        header_bytes: int,
        header_timeout: int,
    ) -> None:
        self._application = application
        self._signal = WorkerSignal()
        # The socket is ours and bound: left to itself the engine would bind late, and share a taken
        # address by SO_REUSEPORT instead of refusing it.
        holder = SocketHolder(listener.detach(), False, backlog)  # type: ignore[call-arg]
        arguments: tuple[Any, ...] = (
            1,  # the number of the worker
            (None, holder),
            None,
            1,  # thread for connections
            _READING_THREADS,
            1,  # thread for Python
            _IDLE,
            connections,
            "1",
            HTTP1Settings(header_read_timeout=header_timeout, max_buffer_size=header_bytes),
            None,  # no HTTP/2
            False,  # no web sockets
            None,  # no files of its own
            *_NO_TLS,
            (None, None),  # no metrics
        )
        self._worker = RSGIWorker(*arguments)

    async def serve(self, ready: Callable[[], object] = lambda: None) -> None:
        """Answer until told to stop, and the answers on their way are sent."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._signal.add_cb(lambda: loop.call_soon_threadsafe(ended.set))
        scheduler = _Scheduler(loop, self._application)
        self._worker.serve_async(scheduler, loop, self._signal)  # type: ignore[attr-defined]
        ready()
        await ended.wait()

    def stop(self) -> None:
        """Take no more connections; `serve` returns when the answers on their way are sent."""
        self._signal.set()


class _Scheduler(CallbackScheduler):
    """Decides where a request is answered. Called in the engine's thread; never raises."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, application: Application) -> _Scheduler:
        # The last three are for tasks of the engine's own making: it makes none.
        needed: tuple[Any, ...] = (loop, application.__rsgi__, None, _unused, _unused)
        return super().__new__(cls, *needed)

    def __init__(self, loop: asyncio.AbstractEventLoop, application: Application) -> None:
        super().__init__()
        at_once, context = application.at_once, self._ctx

        def begin(request: Any) -> None:
            request.taskref(loop.create_task(answer(request)))

        async def answer(request: Any) -> None:
            try:
                await application.__rsgi__(request.scope, request.proto)
            except BaseException as error:  # also that it is cancelled
                request.err(error)
            else:
                request.done()

        def schedule(request: Any) -> None:
            if at_once(request.scope, request.proto):
                request.done()
                return
            try:
                loop.call_soon_threadsafe(begin, request, context=context)
            except RuntimeError:  # the loop is closed: the process ends
                request.done()

        self._schedule_fn = schedule


def _unused(*_: object) -> None:
    raise AssertionError
