"""Connections kept alive per origin, to addresses the guard let through, behind httpx's interface.

httpx's own transport is left out for its pool, whose every request costs O(connections)
(encode/httpcore#1035). Proxies and `.netrc` of the environment are not looked at: a proxy would
resolve names itself.
"""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

import httpx

from feedsvc.errors import FetchError
from feedsvc.patience import patience
from feedsvc.web.addresses import Guard, Origin
from feedsvc.web.connection import Connection, Head
from feedsvc.web.failures import NoNetworkError, RefusedError, StaleError, UnreachableError

OWN = "feedsvc.own"
"""The extension of an answer that tells whether it came from a network of the operator's."""

_IDLE = 15.0  # seconds a connection is kept; servers close theirs after 5 to 75
_MOST_IDLE = 300  # a run over a few hundred hosts comes back to each of them
_PER_ADDRESS = 5.0  # seconds to connect to one address while there are others to try
_LAST_ADDRESS = 10.0  # below sync.timeout, so that "cannot be reached" and "is slow" differ
_PORTS = {"http": 80, "https": 443}


class Transport(httpx.AsyncBaseTransport):
    """The connections of one client."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._idle: OrderedDict[Connection, Origin] = OrderedDict()  # the longest idle first
        self._by_origin: dict[Origin, list[Connection]] = {}
        self._live: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer; its body is raw, and to be closed.

        The extension `target` replaces the path of the address, as it does in httpcore. Raises
        FetchError and not what httpx has: its errors know neither `retryable` nor a hint.
        """
        if request.method not in _METHODS:
            raise ValueError(f"{request.method}: this transport knows {', '.join(_METHODS)}")
        origin = _origin(request.url)
        # RFC 9110 §9.2.2: what may have been done already is not done again, so a POST never goes
        # over a connection that may turn out to be closed.
        posts = request.method == "POST"
        try:
            connection, head = await self._ask(origin, request, fresh=posts)
        except StaleError as error:
            if posts:
                raise FetchError("the connection was closed without an answer") from error
            connection, head = await self._ask(origin, request, fresh=True)
        return httpx.Response(
            head.status,
            headers=head.fields,
            stream=_Stream(self, origin, connection),
            extensions={"http_version": b"HTTP/1.1", OWN: connection.own},
        )

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end, close any other."""
        if not connection.reusable:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[connection] = origin
        self._by_origin.setdefault(origin, []).append(connection)
        if len(self._idle) > _MOST_IDLE:
            self._drop(next(iter(self._idle)))
        if self._timer is None:
            self._timer = loop.call_later(_IDLE, self._expire)

    async def aclose(self) -> None:
        """Close everything, and wait until it is closed."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._idle.clear()
        self._by_origin.clear()
        live = tuple(self._live)
        for connection in live:
            connection.abort()
        await asyncio.gather(*(connection.closed for connection in live))

    async def _ask(
        self, origin: Origin, request: httpx.Request, *, fresh: bool
    ) -> tuple[Connection, Head]:
        """Ask on one connection; raises StaleError when a kept one turns out to be closed."""
        connection = await self._connect(origin, fresh=fresh)
        try:
            target = request.extensions.get("target") or request.url.raw_path
            body = await request.aread() if request.method == "POST" else b""
            head = await connection.ask(
                target, request.headers.raw, method=request.method.encode("ascii"), body=body
            )
            # RFC 9110 §15.5.9: a 408 closes a connection that was idle; the request may be repeated
            if head.status == 408 and connection.asked > 1:
                raise StaleError
        except BaseException:  # also when it is cancelled: what is still to come is not wanted
            connection.abort()
            raise
        return connection, head

    async def _connect(self, origin: Origin, *, fresh: bool) -> Connection:
        """A connection to `origin`, kept alive or new; to be given back."""
        if not fresh:
            while (kept := self._take(origin)) is not None:
                if kept.reusable:
                    return kept
        way = await self._guard.way(origin.host, origin.port)
        connection = await self._dial(origin, way.addresses)
        connection.own = way.own
        return connection

    def _take(self, origin: Origin) -> Connection | None:
        kept = self._by_origin.get(origin)
        if not kept:
            return None
        connection = kept.pop()  # the one used last is the least likely to be stale
        if not kept:
            del self._by_origin[origin]
        del self._idle[connection]
        return connection

    def _drop(self, connection: Connection) -> None:
        origin = self._idle.pop(connection)
        kept = self._by_origin[origin]
        kept.remove(connection)
        if not kept:
            del self._by_origin[origin]
        connection.abort()

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() - _IDLE
        while self._idle and (first := next(iter(self._idle))).idle_since <= until:
            self._drop(first)
        self._timer = (
            loop.call_at(next(iter(self._idle)).idle_since + _IDLE, self._expire)
            if self._idle
            else None
        )

    async def _dial(self, origin: Origin, addresses: Sequence[str]) -> Connection:
        """Try the addresses in their order (RFC 6724, as the resolver sorted them)."""
        last: OSError | None = None
        for number, address in enumerate(addresses, 1):
            wait = _LAST_ADDRESS if number == len(addresses) else _PER_ADDRESS
            try:
                async with patience(wait):
                    return await self._open(origin, address)
            except ssl.CertificateError as error:
                raise FetchError(
                    f"its certificate is not accepted: {error.verify_message}"
                ) from error
            except ssl.SSLError as error:
                raise FetchError(f"TLS fails: {error.reason or error}") from error
            except OSError as error:  # also TimeoutError
                last = error
            except ValueError as error:  # a name that is none for TLS
                raise FetchError(f"TLS fails: {error}") from error
        kind = NoNetworkError if last and last.errno in _NO_ROUTE else UnreachableError
        raise kind(f"no connection: {_words(last)}") from last

    async def _open(self, origin: Origin, address: str) -> Connection:
        secure = origin.scheme == "https"
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection,
            address,
            origin.port,
            ssl=self._context() if secure else None,
            # RFC 6066 §3: without a trailing dot; RFC 9110 §4.3.5: an address is checked as such
            server_hostname=origin.host.strip("[]").removesuffix(".") if secure else None,
        )
        self._live.add(connection)
        connection.closed.add_done_callback(lambda _: self._live.discard(connection))
        if self._closed:  # while it was being opened
            connection.abort()
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = trust()
        return self._tls


def trust() -> ssl.SSLContext:
    """The trust of the system; certifi's where the system has none, as in small containers."""
    context = ssl.create_default_context()
    chosen = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys()
    if not chosen and not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


_METHODS = ("GET", "HEAD", "POST")
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


class _Stream(httpx.AsyncByteStream):
    """The body of an answer as it arrives; closing it gives the connection back."""

    def __init__(self, transport: Transport, origin: Origin, connection: Connection) -> None:
        self._transport = transport
        self._origin = origin
        self._connection: Connection | None = connection

    # An iterator and no generator: one that is left early would be closed only later, by the loop.
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = None if self._connection is None else await self._connection.piece()
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.give_back(self._origin, connection)


def _origin(url: httpx.URL) -> Origin:
    usual = _PORTS.get(url.scheme)
    if usual is None:
        raise RefusedError("not an http or https address")
    host = url.raw_host.decode("ascii")
    return Origin(
        url.scheme, f"[{host}]" if ":" in host else host, usual if url.port is None else url.port
    )


def _words(error: OSError | None) -> str:
    if error is None or (isinstance(error, TimeoutError) and not error.errno):
        return "it does not answer"
    # asyncio puts "Connect call failed ('192.0.2.1', 80)" in the place of the system's words.
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
