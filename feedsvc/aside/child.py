"""The process that works aside: reads calls from its standard input and answers on its output.

    child.py MEMORY SECONDS ANSWER

A call and an answer are a length and a pickle. It is run as a file rather than as a module, so that
it starts without the parent's half of this room and without asyncio, in a quarter of the time.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pkgutil import resolve_name
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")
"""How many bytes of pickle follow."""

_TOLD = 300  # characters of a foreign exception's message
_PATIENCE = 1.25  # times the parent's limit: it is to be the first, since it can say what happened


def main(memory: int, seconds: float, answer: int) -> None:
    """Answer calls until the parent closes the pipe or this process has grown too large."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a function prints must not come between the answers.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no file behind
    worn = _bound_memory(memory)
    # An alarm ends the process even inside a C function, when the parent is gone or too busy to.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    spent = False
    while not spent and (call := _read(calls)) is not None:
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE * seconds)
        done, result = _perform(call)
        spent = worn()
        reply = _pickled(done, result, spent=spent, most=answer)
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            answers.write(LENGTH.pack(len(reply)) + reply)
            answers.flush()
        except BrokenPipeError:
            os._exit(0)  # nobody waits for it, and the interpreter's own end would try once more


def _read(calls: BinaryIO) -> bytes | None:
    """The next call; None when the parent is gone."""
    head = calls.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    call = calls.read(size)
    return call if len(call) == size else None


def _perform(call: bytes) -> tuple[bool, Any]:
    """Whether the function of a call returned, and what it returned or raised."""
    try:
        target, args, kwargs = pickle.loads(call)  # noqa: S301 - from our own parent
        function: Callable[..., Any] = resolve_name(target)
        return True, function(*args, **kwargs)
    except MemoryError:
        pass  # what the frames held is free again behind this clause
    except Exception as error:
        return False, _told(error)
    return False, MemoryError()


def _told(error: Exception) -> Exception:
    """`error` as the parent can read it: our own as they are, all others as a ParseError."""
    from feedsvc.errors import FeedsvcError, ParseError  # noqa: PLC0415 - seldom

    if isinstance(error, FeedsvcError):
        with suppress(Exception):  # one that takes more than a message may not survive the pickle
            if str(pickle.loads(pickle.dumps(error))) == str(error):  # noqa: S301
                return error
        return ParseError(str(error), hint=error.hint)
    said = printable(str(error)[:_TOLD]).strip()
    return ParseError(f"it cannot be read: {type(error).__name__}{said and ': '}{said}")


def printable(text: str) -> str:
    """`text` on one line and without what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def _pickled(done: bool, result: Any, *, spent: bool, most: int) -> bytes:
    """The answer; instead of one that is too large or cannot be pickled, an error that says so."""
    problem: Exception
    try:
        reply = pickle.dumps((done, result, spent), protocol=pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        problem = MemoryError()
    except Exception as error:
        problem = _told(error)
    else:
        if len(reply) <= most:
            return reply
        from feedsvc.errors import ParseError  # noqa: PLC0415 - seldom

        problem = ParseError(f"what was read from it is larger than {most >> 20} MiB")
    return pickle.dumps((False, problem, spent), protocol=pickle.HIGHEST_PROTOCOL)


def _bound_memory(most: int) -> Callable[[], bool]:
    """Let this process grow by `most` bytes; the result tells when half of that stays in use.

    A parser that leaks, or whose garbage leaves the heap in pieces, would fail calls without fault
    after months; a process in that state is exchanged in time.
    """
    first = _size()
    if first is None:  # not Linux: where address space is reserved freely, a limit means nothing
        return lambda: False
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = first + most if hard == resource.RLIM_INFINITY else min(first + most, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return lambda: (_size() or 0) > first + most // 2


def _size() -> int | None:
    """The address space of this process in bytes (proc_pid_statm(5), its first field)."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib takes 5 ms to import
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
