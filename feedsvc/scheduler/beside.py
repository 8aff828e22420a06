"""The server beside the daemon: another one is started when what it is told is different."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from feedsvc.errors import FeedsvcError
from feedsvc.ports import Desk
from feedsvc.settings import Settings


class Server(Protocol):
    """The server beside the daemon, as far as it is ours to end."""

    async def stop(self) -> None:
        """Answer no more, and give the address back."""
        ...


Serve = Callable[[Settings, Desk, Callable[[str], object]], Awaitable[Server]]
"""Starts a server for these settings, which tells its events; ConfigError if it cannot listen."""


class ServerBeside:
    """The server of the day, or none, where there is nothing that starts one."""

    def __init__(self, serve: Serve | None, desk: Desk, told: Callable[[str], object]) -> None:
        """`desk` answers what the server asks, `told` hears what happens to it."""
        self._serve = serve
        self._desk = desk
        self._told = told
        self._server: Server | None = None

    async def start(self, settings: Settings) -> None:
        """Start it; raises ConfigError if it cannot listen."""
        if self._serve is not None:
            self._server = await self._serve(settings, self._desk, self._told)

    async def renew(self, old: Settings, new: Settings) -> None:
        """Another server, if what it is told is different."""
        if self._serve is None or (self._server is not None and _served(old) == _served(new)):
            return
        if old.server.listen == new.server.listen and self._server is not None:
            # Only one can listen there: if the new one fails, the old one comes back.
            # If that fails too, there is none, and the next reload starts one.
            await self.stop()
            try:
                await self.start(new)
            except FeedsvcError:
                await self.start(old)
                raise
            return
        before = self._server
        await self.start(new)
        if before is not None:
            await before.stop()

    async def stop(self) -> None:
        """Stop it, if there is one."""
        former, self._server = self._server, None
        if former is not None:
            await former.stop()


def _served(settings: Settings) -> tuple[object, ...]:
    return settings.server, settings.publish.directory
