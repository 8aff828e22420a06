"""The parts of the RSGI interface that `app.py` uses; the engine's own stubs leave some out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from feedsvc.serve.headers import Fields


class Headers(Protocol):
    """The header lines of a request; values that are not visible ASCII are left out."""

    def get(self, key: str, /) -> str | None: ...

    def get_all(self, key: str, /) -> list[str]: ...

    def items(self) -> list[tuple[str, str]]: ...

    def keys(self) -> list[str]:
        """The names of all lines, in lower case; here none is left out."""
        ...

    def __contains__(self, key: str, /) -> bool:
        """Whether there is a line of this name; here none is left out."""
        ...


class Scope(Protocol):
    """A request; `path` is percent-decoded once, bytes that are not UTF-8 became U+FFFD."""

    @property
    def http_version(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def query_string(self) -> str: ...

    @property
    def client(self) -> str:
        """The peer of the connection, `127.0.0.1:50000` or `[::1]:50000`."""
        ...

    @property
    def headers(self) -> Headers: ...


class Connection(Protocol):
    """Gives the body of the request, piece by piece, and takes one answer."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_empty(self, status: int, headers: Fields, /) -> None: ...

    def response_bytes(self, status: int, headers: Fields, body: bytes, /) -> None: ...

    def response_file_range(
        self, status: int, headers: Fields, file: str, start: int, stop: int, /
    ) -> None: ...
