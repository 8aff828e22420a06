"""Servers on loopback that answer with the very bytes they are told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, Self

import pytest

from feedsvc.settings import Sync
from feedsvc.web import Client


@dataclass(kw_only=True)
class Asked:
    """One request, and the means to answer it."""

    target: str
    headers: dict[str, str]
    connection: int  # which connection of the server, from 1
    writer: asyncio.StreamWriter
    open: bool = True

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Close the connection after this answer."""
        self.open = False


Answer = Callable[[Asked], Awaitable[None]]


@dataclass
class Site:
    """A server; `answer` is asked for every request, and `asked` keeps them all."""

    answer: Answer
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                pairs = (line.partition(": ") for line in lines)
                asked = Asked(
                    target=first.split()[1],
                    headers={name.lower(): value for name, _, value in pairs},
                    connection=number,
                    writer=writer,
                )
                self.asked.append(asked)
                await self.answer(asked)
                if not asked.open:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


@pytest.fixture(scope="session")
def site() -> Callable[..., Site]:
    """A server that answers every request with these bytes, or as this function does."""

    def make(answer: bytes | Answer, *, close: bool = False, **more: Any) -> Site:
        async def canned(asked: Asked) -> None:
            assert isinstance(answer, bytes)
            if close:
                asked.close()
            await asked.send(answer)

        return Site(canned if isinstance(answer, bytes) else answer, **more)

    return make


@pytest.fixture(scope="session")
def reply() -> Callable[..., bytes]:
    """The bytes of an answer; header names are written with underscores."""

    def make(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
        headers.setdefault("content_length", str(len(body)))
        lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
        return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body

    return make


@pytest.fixture(scope="session")
def client() -> Callable[..., Client]:
    """A client that may ask loopback, unless told otherwise."""

    def make(
        *, allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128"), more: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Client:  # fmt: skip
        if isinstance(settings.get("timeout"), int | float):
            settings["timeout"] = timedelta(seconds=settings["timeout"])
        sync = Sync(allow_networks=tuple(ip_network(text) for text in allow), **settings)
        return Client(sync, contact="https://planet.example.org/about", **(more or {}))

    return make
