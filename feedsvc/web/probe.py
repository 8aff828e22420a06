"""Asks as others ask: one request with the very fields it is told, and what came of it.

    async with Probe(own=("news.example.org",)) as probe:
        seen = await probe.ask("https://news.example.org/all/atom.xml", agent="newsboat/2.36")

`Client` is who we are when we read others' feeds. This is for a site's own operator, who wants to
know what readers get: no redirect is followed, no header is added, and how long it took is told.
The guard is the same, but for the operator's own hosts, which may be at private addresses.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from feedsvc import __version__
from feedsvc.errors import FetchError
from feedsvc.patience import patience
from feedsvc.web.addresses import Guard, Networks, Resolve, Way
from feedsvc.web.failures import UnreachableError, placed
from feedsvc.web.response import REDIRECTS, Headers
from feedsvc.web.target import Target, following

if TYPE_CHECKING:
    from types import TracebackType

    from feedsvc.web.wire import Wire

Fields = Sequence[tuple[str, str]]
Family = Literal[4, 6]

AGENT = f"feedsvc/{__version__} (doctor)"
_MOST = 15 * 1024 * 1024  # bytes of a body


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer; its body is decoded."""

    url: str
    status: int
    headers: Headers
    body: bytes = field(repr=False)
    seconds: float

    @property
    def leads_to(self) -> str | None:
        """Where a redirect leads; None for what is none, or leads nowhere we would go."""
        if self.status not in REDIRECTS:
            return None
        with suppress(FetchError):
            return following(Target.read(self.url), self.headers, ()).url
        return None


class Probe:
    """Requests to the operator's own hosts, and to others as the guard allows.

    With `family` only addresses of that IP version are connected to.
    """

    def __init__(
        self,
        *,
        own: Collection[str] = (),
        allowed: Networks = (),
        seconds: float = 10.0,
        family: Family | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._guard = _OwnGuard(own, allowed, family, resolve)
        self._seconds = seconds
        self._wire: Wire | None = None

    async def __aenter__(self) -> Self:
        from feedsvc.web import lean  # noqa: F401  httpx is slow to import
        from feedsvc.web.transport import Transport
        from feedsvc.web.wire import Wire

        self._wire = Wire(Transport(self._guard))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

    async def ask(
        self,
        url: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        agent: str | None = AGENT,
        fields: Fields = (),
        limit: int = _MOST,
    ) -> Seen:
        """One answer, whatever its status; raises FetchError if there is none.

        `agent` may be empty, and None sends no User-Agent at all; beside it and the host only
        `fields` are sent.
        """
        if self._wire is None:
            raise RuntimeError("the probe is not open: use `async with`")
        target = Target.read(url)
        sent = [(b"host", target.authority)]
        if agent is not None:
            sent.append((b"user-agent", agent.encode("latin-1", "replace")))
        sent += [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]
        began, wait = time.monotonic(), None
        try:
            async with patience(self._seconds) as wait:
                answer = await self._wire.ask(target, sent, limit, wait, method=method)
        except TimeoutError as error:
            if wait is None or not wait.over:
                raise
            raise UnreachableError(
                f"{target.origin.host}: no whole answer within {self._seconds:g} seconds"
            ) from error
        except FetchError as error:
            error.args = (placed(target.origin.host, str(error)),)
            raise
        return Seen(
            url=target.url, status=answer.status, headers=answer.headers, body=answer.body,
            seconds=time.monotonic() - began,
        )  # fmt: skip

    async def addresses(self, url: str) -> tuple[str, ...]:
        """The addresses of a host that may be connected to; raises FetchError."""
        origin = Target.read(url).origin
        try:
            async with patience(self._seconds):
                return (await self._guard.way(origin.host, origin.port)).addresses
        except TimeoutError as error:
            raise UnreachableError(
                f"{origin.host}: no name server answers within {self._seconds:g} seconds"
            ) from error

    async def certificate_ends(self, url: str) -> datetime | None:
        """Until when the certificate of a host is good; raises FetchError if it is not now."""
        from feedsvc.web.transport import trust

        origin = Target.read(url).origin
        way = await self._guard.way(origin.host, origin.port)
        context = trust()
        name = origin.host.strip("[]").removesuffix(".")
        writer: asyncio.StreamWriter | None = None
        for address in way.addresses:
            try:
                async with asyncio.timeout(self._seconds / len(way.addresses)):
                    _, writer = await asyncio.open_connection(
                        address, origin.port, ssl=context, server_hostname=name
                    )
                break
            except (OSError, ValueError) as error:  # also SSLError and TimeoutError
                if address == way.addresses[-1] or isinstance(error, ssl.SSLError):
                    raise FetchError(f"{origin.host}: {str(error) or 'no answer'}") from error
        if writer is None:
            raise UnreachableError(f"{origin.host}: the name has no address")
        try:
            shown = writer.get_extra_info("peercert") or {}
        finally:
            writer.transport.abort()
        ends = shown.get("notAfter")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def certificate_flaw(error: BaseException) -> int | None:
    """What OpenSSL calls wrong with a certificate (X509_V_ERR_…), if that is why it failed."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_code
        cause = cause.__cause__
    return None


class _OwnGuard(Guard):
    """A guard that lets the operator's own hosts through, wherever they are."""

    def __init__(
        self,
        own: Collection[str],
        allowed: Networks,
        family: Family | None,
        resolve: Resolve | None,
    ) -> None:
        super().__init__(allowed, resolve)
        self._own = {host.lower() for host in own}
        self._family = family

    async def way(self, host: str, port: int) -> Way:
        if host.lower() in self._own:
            found = await self.found(host, port)
            way = Way(tuple(dict.fromkeys(map(str, found))), own=True)
        else:
            way = await super().way(host, port)
        if self._family is None:
            return way
        fit = tuple(one for one in way.addresses if (":" in one) is (self._family == 6))
        if not fit:
            raise UnreachableError(f"{host}: it has no IPv{self._family} address")
        return Way(fit, own=way.own)
