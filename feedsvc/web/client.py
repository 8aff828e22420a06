"""One exchange: turn -> request -> answer -> redirect, or the body within its limits.

Client.get --turn--> polite.Turns
           --hop---> wire.Wire --httpx--> transport.Transport --address--> addresses.Guard
                     decode.Body <--raw-- connection.Connection
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from feedsvc.errors import FetchError
from feedsvc.patience import Wait, patience
from feedsvc.settings import Sync
from feedsvc.web.addresses import Guard, Resolve
from feedsvc.web.asking import ANY, FEEDS, Asking, Validators, latin, own_fields, user_agent
from feedsvc.web.failures import placed
from feedsvc.web.polite import Turns
from feedsvc.web.response import REDIRECTS, Hop, Response
from feedsvc.web.target import Target, following, same_place

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from feedsvc.web.wire import Answer, Wire


class Client:
    """The one HTTP client; `async with` opens it and closes its connections.

    `pause` lies between the starts of two requests to one host; hosts in `allow_networks` are the
    operator's own and get none. `resolve` stands in for the system's resolver.

    `transport` makes another httpx transport than ours. The guard it is given is its own to ask:
    what it connects to are the addresses of `guard.way(host, port)` and nothing else.
    """

    def __init__(
        self,
        settings: Sync,
        *,
        contact: str,
        concurrency: int = 64,
        per_host: int = 2,
        pause: timedelta = timedelta(milliseconds=250),
        resolve: Resolve | None = None,
        transport: Callable[[Guard], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._settings = settings
        self._user_agent = latin(settings.user_agent or user_agent(contact))
        self._turns = Turns(concurrency=concurrency, per_host=per_host, pause=pause.total_seconds())
        self._resolve = resolve
        self._make_transport = transport
        self._guard: Guard | None = None
        self._wire: Wire | None = None

    async def __aenter__(self) -> Self:
        # Only when used: httpx, h11 and ssl take 60 ms to import, and `lean` halved that.
        from feedsvc.web import lean  # noqa: F401
        from feedsvc.web.transport import Transport
        from feedsvc.web.wire import Wire

        self._guard = Guard(self._settings.allow_networks, self._resolve)
        self._wire = Wire((self._make_transport or Transport)(self._guard))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        wire = self._wire
        self._guard = self._wire = None
        if wire is not None:
            await wire.aclose()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        validated: str | None = None,
        accept: str = FEEDS,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        follow: bool = True,
    ) -> Response:
        """Fetch `url`, following redirects; raises FetchError unless there is a whole answer.

        Errors of the server (4xx, 5xx) are answers, and without `follow` redirects are, too. The
        validators are sent to `validated` alone, the `Response.url` they came with (unset: `url`):
        to another address they mean nothing.
        `headers` count as secret and stay on the host of `url`, as do the credentials in `url`.
        `max_bytes` is the limit of this body instead of `sync.max_bytes`.
        """
        validators = Validators(
            url=Target.read(validated or url).url,
            etag=etag or None,
            last_modified=last_modified or None,
        )
        limit = self._settings.max_bytes if max_bytes is None else max_bytes
        response = await self._follow(
            url,
            Asking(accept=accept, limit=limit, follow=follow),
            validators,
            own_fields(headers or {}),
        )
        if response.status == 206:
            host = Target.read(response.url).origin.host
            raise FetchError(placed(host, "answered with a part, though all was asked"))
        return response

    async def head(self, url: str) -> Response:
        """What the server says of the file at `url`, without it; redirects are followed.

        Raises FetchError unless there is an answer; see `Response.length`.
        """
        return await self._follow(url, Asking(accept=ANY, limit=0, method="HEAD"))

    async def beginning(self, url: str, size: int) -> Response:
        """The first `size` bytes of the file at `url`, or all if it is shorter.

        Status 206, or 200 from a server that would send it whole, which is read no further. Raises
        FetchError unless there is an answer; see `Response.length`.
        """
        return await self._follow(url, Asking(accept=ANY, limit=size, beginning=True))

    async def _follow(
        self,
        url: str,
        asking: Asking,
        validators: Validators | None = None,
        headers: Mapping[bytes, bytes] | None = None,
    ) -> Response:
        """Ask, and follow redirects; `headers` count as secret."""
        target = Target.read(url)
        private = tuple({**dict(target.credentials), **(headers or {})}.items())
        validators = validators or Validators(url=target.url, etag=None, last_modified=None)
        budget = _Budget(self._settings.timeout.total_seconds())
        hops: list[Hop] = []
        while True:
            fields = self._fields(target, asking, validators, private)
            answer = await self._hop(target, fields, budget, asking)
            if not asking.follow or answer.status not in REDIRECTS:
                return _response(answer, target, tuple(hops), validators)
            hops.append(Hop(answer.status, target.url))
            after = following(target, answer.headers, hops)
            if not same_place(target, after):
                private = ()
            target = after

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 65_536,
    ) -> Response:
        """Post `body` to `url`, once; raises FetchError unless there is an answer.

        What it says is read as far as it comes soon, and up to `max_bytes`. A redirect is an
        answer: whoever is to be told there says so with another address.
        `headers` and the credentials in `url` are as in `get`.
        """
        target = Target.read(url)
        private = {**dict(target.credentials), **own_fields(headers or {})}
        nothing = Validators(url=target.url, etag=None, last_modified=None)
        asking = Asking(accept=ANY, limit=max_bytes, method="POST")
        fields = [
            *self._fields(target, asking, nothing, tuple(private.items())),
            (b"content-type", latin(media_type)),
            (b"content-length", b"%d" % len(body)),
        ]
        budget = _Budget(self._settings.timeout.total_seconds())
        answer = await self._hop(target, fields, budget, asking, posted=body)
        return Response(
            status=answer.status, url=target.url, headers=answer.headers, body=answer.body
        )

    def _fields(
        self,
        target: Target,
        asking: Asking,
        validators: Validators,
        private: tuple[tuple[bytes, bytes], ...],
    ) -> list[tuple[bytes, bytes]]:
        fields = [
            (b"host", target.authority),
            (b"user-agent", self._user_agent),
            (b"accept", latin(asking.accept)),
            (b"accept-encoding", asking.codings),
        ]
        if asking.beginning:
            fields.append((b"range", b"bytes=0-%d" % (asking.limit - 1)))
        if validators.tell_of(target):
            fields += validators.fields()
        if private:
            named = {name for name, _ in private}
            fields = [field for field in fields if field[0] not in named]
            fields += private
        return fields

    async def _hop(
        self,
        target: Target,
        fields: list[tuple[bytes, bytes]],
        budget: _Budget,
        asking: Asking,
        *,
        posted: bytes | None = None,
    ) -> Answer:
        """One request and its answer, in its turn; waiting for that costs none of the budget."""
        if self._wire is None or self._guard is None:
            raise RuntimeError("the client is not open: use `async with`")
        host = target.origin.host
        name = host.removesuffix(".")
        async with self._turns.turn(name, own=self._guard.own(name)) as turn:
            try:
                async with budget.spent() as wait:
                    answer = await self._wire.ask(
                        target, fields, asking.limit, wait,
                        method=asking.method, posted=posted, beginning=asking.beginning,
                    )  # fmt: skip
            except FetchError as error:
                error.args = (placed(host, str(error)),)
                raise
            turn.own = answer.own
            return answer


class _Budget:
    """The seconds one exchange may take in all its hops, not counting the wait for a turn."""

    def __init__(self, seconds: float) -> None:
        self._whole = self._left = seconds

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[Wait]:
        """Raises FetchError when the time is over."""
        wait: Wait | None = None
        try:
            async with patience(self._left) as wait:
                yield wait
        except TimeoutError as error:
            if wait is None or not wait.over:
                raise
            raise FetchError(
                f"no whole answer within {self._whole:g} seconds",
                hint="raise sync.timeout if it is only slow",
            ) from error
        finally:
            if wait is not None:
                self._left -= wait.spent


def _response(
    answer: Answer, target: Target, hops: tuple[Hop, ...], validators: Validators
) -> Response:
    status, headers = answer.status, answer.headers
    asked = validators if validators.tell_of(target) else None
    if status == 304 and asked is None:
        raise FetchError(
            placed(target.origin.host, "answered 304 to a question without validators")
        )
    kept = asked if status == 304 else None
    return Response(
        status=status,
        url=target.url,
        hops=hops,
        headers=headers,
        body=answer.body,
        etag=headers.first("etag") or (kept.etag if kept else None),
        last_modified=headers.first("last-modified") or (kept.last_modified if kept else None),
    )
