"""Turns: how many requests are under way, to one host and in all, and how fast they follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Host:
    """What is remembered of a host while it is being asked."""

    slots: asyncio.Semaphore
    users: int = 0
    next_start: float = 0.0
    own: bool = False  # in a network of the operator's: no pause is owed


class Turns:
    """Grants turns: first at the host, then among all, so that one slow host holds up no other."""

    def __init__(self, *, concurrency: int, per_host: int, pause: float) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._per_host = per_host
        self._pause = pause
        self._hosts: dict[str, Host] = {}

    @asynccontextmanager
    async def turn(self, name: str, *, own: bool = False) -> AsyncIterator[Host]:
        """Wait for a turn at `name` and hold it; the holder may learn that the host is `own`."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = Host(asyncio.Semaphore(self._per_host), own=own)
        host.users += 1
        try:
            async with host.slots:
                await self._wait(host)
                async with self._all:
                    yield host
        finally:
            host.users -= 1
            self._forget(name, host)

    async def _wait(self, host: Host) -> None:
        if host.own or not self._pause:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, host.next_start)
        host.next_start = start + self._pause  # reserved before sleeping: others queue behind
        if start > now:
            await asyncio.sleep(start - now)

    def _forget(self, name: str, host: Host) -> None:
        """Drop what says nothing any more, or redirects to ever new hosts would fill the memory."""
        if host.users or self._hosts.get(name) is not host:
            return
        loop = asyncio.get_running_loop()
        if host.own or loop.time() >= host.next_start:
            del self._hosts[name]
        else:
            loop.call_at(host.next_start, self._forget, name, host)
