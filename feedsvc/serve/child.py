"""The server process: `python -m feedsvc.serve.child --directory DIR --listen HOST:PORT`.

Says one line on standard output: `ready http://HOST:PORT` once it answers, or `error REASON`.
With `--parent` it reads its options on standard input first (`options.py`). On SIGHUP it opens its
access log anew. Ends on SIGTERM, on SIGINT, and with `--parent` also when that process is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from feedsvc.errors import ConfigError
from feedsvc.serve.listen import BACKLOG, address_of, listen
from feedsvc.serve.options import Options

_HEADER_TIMEOUT = 15_000  # milliseconds for a request's head; an idle connection is kept as long
_HEADER_BYTES = 32 * 1024  # what most servers take; a connection holds as much at most
_CONNECTIONS = 2048  # at once, as far as the limit of open files allows
_OTHER_FILES = 256  # those held open for large answers, and the process's own
_FEWEST = 16
_GRACE = 3.0  # seconds for answers on their way


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Serve until told to end; leaves the process."""
    options = _options(arguments)
    # A Ctrl-C reaches the whole group: with a parent, it alone decides; by hand, it ends us.
    signal.signal(signal.SIGINT, signal.SIG_DFL if options.parent is None else signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a log to open anew
    try:
        listener = _listener(options)
    except ConfigError as error:
        _say(f"error {error}")
        _leave(error.exit_code)
    connections = _allow_connections()
    try:
        told = Options() if options.parent is None else Options.load(_first_line())
    except (OSError, ValueError, KeyError) as error:
        _say(f"error the options cannot be read: {error!r}")
        _leave(1)
    line = None if options.line is None else socket.socket(fileno=options.line)
    asyncio.run(_serve(options, told, listener, connections, line))


def _first_line() -> bytes:
    """The first line of standard input, on which no other one follows."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(0, 65536)):
        line += piece
    return line


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feedsvc.serve.child", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, metavar="DIR")
    address = parser.add_mutually_exclusive_group(required=True)
    address.add_argument("--listen", metavar="HOST:PORT")
    address.add_argument("--fd", type=int, metavar="N", help="an inherited listening socket")
    parser.add_argument(
        "--parent",
        type=int,
        metavar="PID",
        help="end when this process does; standard input is a pipe from it",
    )
    parser.add_argument("--line", type=int, metavar="N", help="an inherited line to the parent")
    parser.add_argument(
        "--desk", action="store_true", help="hand requests below /_websub/ over that line"
    )
    return parser.parse_args(arguments)


def _listener(options: argparse.Namespace) -> socket.socket:
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    host, _, port = options.listen.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise ConfigError(f"not an address to listen on: {options.listen!r} (HOST:PORT)")
    return listen(host.removeprefix("[").removesuffix("]"), int(port))


def _allow_connections() -> int:
    """How many connections there may be, with the limit of open files, often 1024, raised for them.

    Each is a file, and a large answer is one more. Out of files the engine could take no connection
    and no feed could be read: so the connections end before the files do, and the next one waits.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            soft = limit
    if soft == resource.RLIM_INFINITY:
        return _CONNECTIONS
    return max(_FEWEST, min(_CONNECTIONS, (soft - _OTHER_FILES) // 2))


async def _serve(
    options: argparse.Namespace,
    told: Options,
    listener: socket.socket,
    connections: int,
    line: socket.socket | None,
) -> NoReturn:
    # Late, and here: the engine takes its time to import, and a bad address is told without it.
    from feedsvc.serve.app import Application
    from feedsvc.serve.clients import Clients
    from feedsvc.serve.engine import Engine
    from feedsvc.serve.files import Library
    from feedsvc.serve.inside import Inside
    from feedsvc.serve.outflow import OUTFLOW
    from feedsvc.serve.relay import Relay

    relay = None if line is None else Relay(line, Clients(told.trusted))
    application = Application(Library(options.directory), relay if options.desk else None)
    inside = Inside(application, options.directory, told, relay)
    address = address_of(listener)
    server = Engine(
        inside,
        listener,
        connections=connections,
        backlog=BACKLOG,
        header_bytes=_HEADER_BYTES,
        header_timeout=_HEADER_TIMEOUT,
    )
    OUTFLOW.bound()
    stopping = False
    ending = set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            server.stop()
            ending.add(loop.create_task(inside.end()))  # it may be that we do not wait to the end
            watchdog = threading.Timer(_GRACE, _leave, [0])  # whoever still reads, reads too slowly
            watchdog.daemon = True
            watchdog.start()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGHUP, inside.reopen)
    if options.parent is None:
        loop.add_signal_handler(signal.SIGINT, stop)
    else:
        ended = threading.Thread(
            target=_watch,
            args=(options.parent, lambda: loop.call_soon_threadsafe(stop)),
            daemon=True,
        )
        ended.start()
    tending = asyncio.create_task(inside.tend())
    # The socket listens already: who connects before the engine runs is answered by it.
    await server.serve(ready=lambda: _say(f"ready {address}"))
    await inside.end()
    tending.cancel()
    if not stopping:
        print("the server engine ended by itself", file=sys.stderr, flush=True)
    # Before the loop closes and gives the signals back: a second SIGTERM would kill us then.
    _leave(0 if stopping else 1)


def _watch(parent: int, ended: Callable[[], object]) -> None:
    """Wait until the parent is gone: the pipe ends or, if others hold it, we were handed on."""
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 4096):
            break
    ended()


def _say(line: str) -> None:
    with suppress(OSError):  # whoever started us does not listen any more; _watch will tell
        print(line, flush=True)


def _leave(code: int) -> NoReturn:
    """End at once: the interpreter's own way out may trip over the engine's threads."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
