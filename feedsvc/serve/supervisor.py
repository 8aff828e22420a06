"""The server as a child process of `run` and `serve`: started, watched, started again, ended.

The supervisor holds the listening socket and the child inherits it. So an address in use is known
at once, and while a new child starts, readers wait for a moment instead of being refused.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from feedsvc.aside import environment
from feedsvc.errors import FeedsvcError
from feedsvc.ports import Desk
from feedsvc.serve.desk import DeskServer
from feedsvc.serve.listen import address_of, listen
from feedsvc.serve.options import Options

_START = 30.0  # seconds a child has to say that it is ready
_FIRST_PAUSE = 0.25  # seconds before the first new start; doubled each time
_LONGEST_PAUSE = 15.0
_STEADY = 60.0  # seconds of life after which a child's end counts as its first


class ServerProcess:
    """The server of one output directory.

    `on_event` is told, in one line, whatever an operator should know: that the child ended, that it
    runs again, and what it wrote on standard error. `desk` answers what is no file, `inside` what
    the child asks itself; `options` are what it is told of the settings.
    """

    def __init__(
        self,
        *,
        directory: Path,
        host: str,
        port: int,
        on_event: Callable[[str], object] = lambda _: None,
        desk: Desk | None = None,
        inside: Desk | None = None,
        options: Options | None = None,
        grace: float = 5.0,  # seconds a child has to end when asked to
    ) -> None:
        self._directory = directory
        self._host = host
        self._port = port
        self._on_event = on_event
        self._relays = desk is not None
        self._desk = DeskServer(desk, on_event, inside) if desk or inside else None
        self._options = options or Options()
        self._grace = grace
        self._listener: socket.socket | None = None
        self._child: Process | None = None
        self._listening: asyncio.Task[None] | None = None  # to the child's standard error
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that answers now, None when there is none."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    @property
    def address(self) -> str | None:
        """The base address, None while not started."""
        return None if self._listener is None else address_of(self._listener)

    async def start(self) -> str:
        """Start answering and return the base address; ConfigError if it cannot be listened on."""
        self._listener = listen(self._host, self._port)
        try:
            await self._spawn(self._listener)
        except BaseException:
            await self.stop()
            raise
        self._watching = asyncio.create_task(self._watch(self._listener))
        return address_of(self._listener)

    async def stop(self) -> None:
        """End the child, kindly at first, and give the address back; nothing is left behind."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])
        try:
            await self._end_child()
        finally:
            if self._desk is not None:
                await self._desk.close()
            if self._listener is not None:
                self._listener.close()
                self._listener = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _spawn(self, listener: socket.socket) -> None:
        """Start a child and wait until it answers; FeedsvcError if it does not come to that."""
        with ExitStack() as stack:
            inherited = [listener.fileno()]
            more: list[str] = []
            if self._desk is not None:
                door = stack.enter_context(self._desk.open())
                inherited.append(door.fileno())
                more += ["--line", str(door.fileno()), *(["--desk"] if self._relays else [])]
            child = self._child = await _execute(
                *(sys.executable, "-P", "-m", "feedsvc.serve.child"),
                *("--directory", str(self._directory)),
                *("--fd", str(listener.fileno()), "--parent", str(os.getpid())),
                *more,
                inherited=inherited,
            )
        assert child.stdin and child.stdout and child.stderr  # noqa: S101, PT018 - PIPE
        child.stdin.write(self._options.dump())
        self._listening = asyncio.create_task(self._listen_to(child.stderr))
        try:
            async with asyncio.timeout(_START):
                line = (await child.stdout.readline()).decode(errors="replace").strip()
        except TimeoutError:
            line = f"error it was not ready within {_START:g} seconds"
        if line.startswith("ready "):
            return
        await self._end_child()
        reason = line.removeprefix("error ") or f"it {_ending(child.returncode)}"
        raise FeedsvcError(f"the server did not start: {reason}")

    async def _watch(self, listener: socket.socket) -> None:
        """Start a new child whenever one ends without being asked to."""
        pause = _FIRST_PAUSE
        while (child := self._child) is not None:
            born = time.monotonic()
            await child.wait()
            if time.monotonic() - born > _STEADY:
                pause = _FIRST_PAUSE
            trouble = f"the server {_ending(child.returncode)}"
            await self._end_child()  # it has ended; its pipes have not
            while trouble:
                self._on_event(f"{trouble}; starting it again in {pause:g} s")
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                try:
                    await self._spawn(listener)
                except FeedsvcError as error:
                    trouble = str(error)
                else:
                    trouble = ""
            self._on_event(f"the server is running again at {address_of(listener)}")

    async def _listen_to(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line beyond the reader's limit; the rest of it comes next
                continue
            if not line:
                return
            if text := line.decode(errors="replace").strip():
                self._on_event(f"the server says: {text}")

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        listening, self._listening = self._listening, None
        if child is None:
            return
        try:
            _signal(child, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), self._grace)
        finally:  # also when this is cancelled: a second Ctrl-C
            _signal(child, signal.SIGKILL)
            await child.wait()
            if child.stdin is not None:
                child.stdin.close()
            if listening is not None:
                await asyncio.wait([listening])


async def _execute(*command: str, inherited: Sequence[int]) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,  # one line, the options; then its end is the end of this process
            stdout=PIPE,
            stderr=PIPE,
            env=environment(),
            pass_fds=inherited,
            process_group=0,  # a Ctrl-C is for this process, which then ends the child in order
        )
    except OSError as error:
        raise FeedsvcError(f"the server did not start: {error.strerror}") from error


def _signal(child: Process, number: signal.Signals) -> None:
    """Signal a child unless it has ended.

    Not by `child.send_signal`: that would collect a child that has just died behind the back of
    asyncio's own watcher, which then complains and makes up an exit code.
    """
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)


def _ending(code: int | None) -> str:
    """How a process ended, for a sentence about it."""
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
