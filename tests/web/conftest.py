"""Servers on loopback that answer with the very bytes they are told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from feedsvc.settings import Sync
from feedsvc.web import Client
from tests.feedserver import Asked, Site

Answer = Callable[[Asked], Awaitable[None]]


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
