"""The seam to httpx: a request goes out through a transport, its answer comes back within limits.

httpx carries the request; what a feed needs beyond that is done here by hand. Its `content` takes a
truncated gzip for whole and a second member for nothing, and knows no limit, so bodies are read raw
and decoded by `decode.Body`. Another transport may take the place of ours, see `Client`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Literal

import httpx

from feedsvc.errors import FetchError
from feedsvc.patience import Wait, patience
from feedsvc.web.decode import Body, DecodingError, TooLargeError
from feedsvc.web.failures import RefusedError, UnreachableError
from feedsvc.web.response import REDIRECTS, Headers
from feedsvc.web.transport import OWN

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import Request

    from feedsvc.web.target import Target

Method = Literal["GET", "HEAD", "POST"]

_PIECE = 16 * 1024  # bytes of a body of which only the beginning is wanted
_AT_MOST_DECODED = 2 * 1024 * 1024  # bytes that `decode.Body` makes at once
_ERROR_BODY = 64 * 1024  # of an answer that is an error, and of one that redirects
_ERROR_SECONDS = 5.0  # for such a body
_MOST_OF_IT = 0.9  # of the time that is left, so that the exchange as a whole is in time
_NOTHING = httpx.ByteStream(b"")  # the body of a GET
_FIELDS = "feedsvc.fields"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request came to."""

    status: int
    headers: Headers
    body: bytes
    own: bool  # from a network of the operator's


class Wire:
    """The httpx client around a transport; every request takes this one way.

    Calling the transport past the client would save 0.07 of the 0.5 ms CPU that a conditional GET
    takes (of 0.29 ms on a kept connection): too little for a second way to test.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._client = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(None),  # one deadline for a whole exchange: `client._Budget`
            cookies=_NoCookies(),
            event_hooks={"response": [_take_fields]},
        )

    async def ask(
        self,
        target: Target,
        fields: list[tuple[bytes, bytes]],
        limit: int,
        wait: Wait,
        *,
        method: Method = "GET",
        posted: bytes | None = None,
        beginning: bool = False,
    ) -> Answer:
        """One request within `wait`; redirects are not followed.

        `posted` is the body of a POST; of what is answered to one, some is enough. With
        `beginning`, the answer is read as far as `limit` and no further. Raises FetchError unless
        there is a whole answer.
        """
        try:
            request = httpx.Request(
                method,
                target.url,
                headers=fields,
                stream=_NOTHING if posted is None else httpx.ByteStream(posted),
                extensions={"target": target.path},  # httpx would take `/../` and such away
            )
            response = await self._client.send(request, stream=True)
            try:
                headers = Headers(tuple(response.extensions[_FIELDS]))
                if method == "HEAD":
                    body = await _read_nothing(response)
                elif posted is not None:  # it was taken, or was not: that is all there is to know
                    body = await _read_some(response, headers, limit, wait)
                elif beginning and response.is_success:
                    body = await _read_beginning(response, headers, limit)
                else:
                    body = await _read(response, headers, limit, wait)
                return Answer(
                    status=response.status_code,
                    headers=headers,
                    body=body,
                    own=bool(response.extensions.get(OWN)),
                )
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translated(error) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


async def _read(response: httpx.Response, headers: Headers, limit: int, wait: Wait) -> bytes:
    """The decoded body of an answer; raises FetchError when it is too large or not whole."""
    status = response.status_code
    if status >= 400 or status in REDIRECTS:
        return await _read_some(response, headers, min(limit, _ERROR_BODY), wait)
    stated = headers.first("content-length") or ""
    if status != 304 and stated.isdigit() and int(stated[:18]) > limit:
        raise TooLargeError("the body", limit)
    body = Body(headers.get("content-encoding", ""), limit)
    async for piece in response.aiter_raw():
        body.add(piece)
    return body.end()


async def _read_nothing(response: httpx.Response) -> bytes:
    """The end of an answer to a HEAD, so that its connection can be used again."""
    async for piece in response.aiter_raw():
        if piece:  # RFC 9110 §9.3.2: there must be none
            break
    return b""


async def _read_beginning(response: httpx.Response, headers: Headers, limit: int) -> bytes:
    """The first bytes of a body, decoded; what follows is left with the server."""
    body = Body(headers.get("content-encoding", ""), limit + _AT_MOST_DECODED)
    try:
        async for piece in response.aiter_raw():
            for start in range(0, len(piece), _PIECE):
                body.add(piece[start : start + _PIECE])
                if body.decoded >= limit:
                    return body.so_far()[:limit]
    except TooLargeError:  # a few of its bytes hold more than we want
        return body.so_far()[:limit]
    return body.end()


async def _read_some(response: httpx.Response, headers: Headers, limit: int, wait: Wait) -> bytes:
    """The beginning of a body nobody depends on.

    That it is broken, or comes too slowly, must not hide the status.
    """
    try:
        body = Body(headers.get("content-encoding", ""), limit)
    except DecodingError:
        return b""
    try:
        async with patience(min(_ERROR_SECONDS, _MOST_OF_IT * wait.left)):
            async for piece in response.aiter_raw():
                body.add(piece)
    except (FetchError, httpx.HTTPError, TimeoutError):
        pass
    return body.so_far()


async def _take_fields(response: httpx.Response) -> None:
    """Put the headers where httpx does not look, before it has a reason to.

    It takes a Location apart even when it shall not follow, and raises for one that it cannot read;
    whether and where a redirect leads is `target.following`'s to say.
    """
    response.extensions[_FIELDS] = response.headers.raw
    response.headers = httpx.Headers()


class _NoCookies(CookieJar):
    """A jar that stays empty: a source must not recognise us, and thousands would fill it."""

    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        """Leave what an answer sets."""


def _translated(error: httpx.HTTPError | httpx.InvalidURL) -> FetchError:
    """The error of another transport as ours tells it."""
    words = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return UnreachableError(f"no connection: {words}")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return RefusedError(f"not an address that can be asked: {words}")
    return FetchError(f"the exchange fails: {words}")
