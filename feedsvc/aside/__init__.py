"""Work done aside: in one child process that can be killed, for what may hang, swell or crash.

    parent                                    child (child.py)
    call("module:function", ...) --pickle-->  imports the function, calls it
    result, or one error         <--pickle--  or is killed: too slow, too large, crashed

An executor pool would not do: killing one of its processes breaks the pool and every call in it.
What is called has to be ours, since both sides trust the pickles of the other.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import feedsvc
from feedsvc.aside.child import LENGTH, printable
from feedsvc.errors import ParseError, SourceError
from feedsvc.patience import patience

_MIB = 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_TAIL = 4 * 1024  # bytes kept of what a child wrote on standard error
_TOLD = 200  # characters of its last line
_LAST_WORDS = 1.0  # seconds from the end of the pipes to the end of the process

NOT_FOR_CHILDREN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What a service manager says to this process alone (sd_notify(3)): a child must not answer."""


class AsideError(ParseError):
    """The process at work ended without an answer."""


class AsideTimeoutError(AsideError):
    """The process at work was not done in time."""


class Aside:
    """Calls functions in a child process, one at a time; the child starts with the first call.

    Whatever happens to the child is an error of the call it was at, and the next call gets a new
    one. Belongs to the event loop it is first used in. Use as `async with`, or `close` it.
    """

    def __init__(
        self,
        *,
        seconds: float = 10.0,  # of the clock, for one call
        memory: int = 300 * _MIB,  # bytes beyond what the child starts with
        answer: int = 64 * _MIB,  # bytes of one pickled result
    ) -> None:
        self._seconds = seconds
        self._memory = memory
        self._answer = answer
        self._turn = asyncio.Lock()
        self._child: _Child | None = None
        self._closed = False

    async def call(self, target: str, /, *args: Any, **kwargs: Any) -> Any:
        """The result of `target` ("module:function") for these arguments, which are pickled.

        Raises the FeedsvcError that the function raised, a ParseError for any other exception of
        it, AsideError when there is no answer, and SourceError when the fault is not the document's
        (no process can be started, `close` was called). Cancelled, it kills the child.
        """
        request = pickle.dumps((target, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        async with self._turn:
            if self._closed:
                raise RuntimeError("called after close")
            kept = self._child is not None
            try:
                done, result = await self._ask(request)
            except AsideTimeoutError:
                raise
            except AsideError:
                if not kept:
                    raise
                # A child that was kept may have died since, which is not this document's fault.
                done, result = await self._ask(request)
        if done:
            return result
        if isinstance(result, MemoryError):
            raise AsideError(f"reading it takes more than {self._memory // _MIB} MiB of memory")
        raise result

    async def close(self) -> None:
        """End the child; a call that is under way fails."""
        self._closed = True
        await self._discard()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask(self, request: bytes) -> tuple[bool, Any]:
        """Whether the function returned, and what it returned or raised."""
        spent = True
        try:
            # While other documents are read here, one that was read aside long ago is not too slow.
            async with patience(self._seconds):
                if self._child is None or self._child.ended:
                    await self._discard()
                    self._child = await _Child.start(self._memory, self._seconds, self._answer)
                    if self._closed:  # while it started
                        raise EOFError
                answer = await self._child.exchange(request)
            done, result, spent = pickle.loads(answer)  # noqa: S301 - of our own child
        except TimeoutError:
            raise AsideTimeoutError(
                f"reading it took longer than {self._seconds:g} s and was stopped"
            ) from None
        except (EOFError, ConnectionError) as error:
            if self._closed:
                raise SourceError("reading it was broken off by the end of the run") from None
            child = self._child
            ending = await child.ending() if child is not None else "ended"
            raise AsideError(f"the process that read it {ending}") from error
        finally:
            if spent:  # or failed, or cancelled: a call still in its pipe would answer the next one
                await self._discard()
        return done, result

    async def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.kill()


class _Child:
    """A running child and its three pipes."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - all three are pipes
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._tail = b""
        self._listening = asyncio.create_task(self._listen(process.stderr))

    @classmethod
    async def start(cls, memory: int, seconds: float, answer: int) -> _Child:
        """Start a process; SourceError if the machine has no room for one."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(_CHILD), str(memory), str(seconds), str(answer)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=environment(),
                limit=_MIB,
                start_new_session=True,  # a Ctrl-C is for the parent, whose end is the child's
            )
        except OSError as error:
            raise SourceError(
                f"no process could be started to read it: {error.strerror}"
            ) from error
        return cls(process)

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def exchange(self, request: bytes) -> bytes:
        """Send a call and wait for its answer; EOFError or ConnectionError if there is none."""
        self._stdin.write(LENGTH.pack(len(request)))
        self._stdin.write(request)
        await self._stdin.drain()
        (size,) = LENGTH.unpack(await self._stdout.readexactly(LENGTH.size))
        return await self._stdout.readexactly(size)

    async def ending(self) -> str:
        """How the process ended, for a sentence about it; it has closed its pipes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._gone()
        await self.kill()
        code = self._process.returncode
        how = f"ended with exit code {code}"
        if code is not None and code < 0:
            how = f"was killed by signal {-code}"
            with suppress(ValueError):
                how = f"was killed by {signal.Signals(-code).name}"
        lines = self._tail.decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        said = printable(last.strip()[:_TOLD])
        return f"{how}: {said}" if said else how

    async def kill(self) -> None:
        """End the process at once and wait until nothing of it is left."""
        # Not by `Process.kill`, which may collect a child behind the back of asyncio's watcher.
        if not self.ended:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        await self._gone()

    async def _gone(self) -> None:
        await self._process.wait()
        self._stdin.close()
        await asyncio.wait([self._listening])

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        """Keep the end of what the child says; a full pipe would halt it."""
        while said := await stderr.read(_TAIL):
            self._tail = (self._tail + said)[-_TAIL:]


def environment() -> dict[str, str]:
    """Our environment, with this very package first: `-P` keeps the working directory out."""
    home = str(Path(feedsvc.__file__).parents[1])
    others = os.environ.get("PYTHONPATH")
    ours = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return {**ours, "PYTHONPATH": os.pathsep.join((home, others)) if others else home}
