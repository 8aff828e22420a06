"""The system's resolver of host names, asked in threads that nobody waits for.

`getaddrinfo` cannot be interrupted, and with a dead name server it takes half a minute. An
executor's threads are waited for when the interpreter ends, whatever its `shutdown` was told: a
daemon that was asked to end would be killed first by whoever asked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

AT_ONCE = 16  # names that are looked up at a time


class Resolver:
    """Looks names up, `AT_ONCE` at a time; one that still waits when the loop ends is forgotten."""

    def __init__(self, look_up: Callable[[str, int], list[str]] | None = None) -> None:
        """`look_up` stands in for the system's; like that, it may block and raise OSError."""
        self._look_up = look_up or _getaddrinfo
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of a host, in the order to try them; raises OSError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def settle(found: list[str] | None, error: Exception | None) -> None:
            self._places.release()
            if answer.cancelled():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(found or [])

        def work() -> None:
            found, trouble = None, None
            try:
                found = self._look_up(host, port)
            except Exception as error:
                trouble = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
                loop.call_soon_threadsafe(settle, found, trouble)

        await self._places.acquire()
        try:
            Thread(target=work, name="feedsvc-dns", daemon=True).start()
        except RuntimeError as error:  # there are too many threads already
            self._places.release()
            raise OSError(str(error)) from error
        return await answer


def _getaddrinfo(host: str, port: int) -> list[str]:
    # As bytes: a str would go through Python's IDNA 2003 codec, and it is ASCII already.
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]
