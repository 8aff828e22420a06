"""What a server says of a file: asked with HEAD, or by its first bytes."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from feedsvc.errors import FetchError
from feedsvc.web import Client, RefusedError, Response
from tests.feedserver import Answer, FeedServer, Raw, Request, moved

Make = Callable[..., Client]

FILE = bytes(range(256)) * 400  # 102,400 bytes


def ranged(request: Request, /) -> Answer:
    """A server that knows ranges."""
    asked = request.headers.get("range", "")
    if not asked:
        return Answer(body=FILE, headers={"Content-Type": "audio/mpeg"})
    first, last = (int(part) for part in asked.removeprefix("bytes=").split("-"))
    part = FILE[first : last + 1]
    told = f"bytes {first}-{first + len(part) - 1}/{len(FILE)}"
    return Answer(status=206, body=part, headers={"Content-Range": told})


def ask(web: Client, url: str, size: int | None = None) -> Response:
    """One HEAD, or with a `size` the beginning."""

    async def run() -> Response:
        async with web:
            return await (web.head(url) if size is None else web.beginning(url, size))

    return asyncio.run(run())


def test_a_head_tells_length_and_type(client: Make, feed_server: FeedServer) -> None:
    feed_server["/a.mp3"] = ranged

    response = ask(client(), feed_server.url("/a.mp3"))

    (request,) = feed_server.log
    assert (request.method, request.headers["accept-encoding"]) == ("HEAD", "identity")
    assert "range" not in request.headers
    assert (response.status, response.length, response.media_type) == (200, len(FILE), "audio/mpeg")
    assert response.body == b""


def test_a_head_is_not_limited_by_the_size_of_the_file(
    client: Make, feed_server: FeedServer
) -> None:
    length = 3 * 1024**3
    feed_server["/a.mp3"] = Answer(headers={"Content-Length": str(length)})

    response = ask(client(max_bytes=1000), feed_server.url("/a.mp3"))

    assert response.length == length


def test_a_head_follows_redirects_and_tells_where_it_ended(
    client: Make, feed_server: FeedServer
) -> None:
    feed_server["/a"] = moved("/b", 302)
    feed_server["/b"] = ranged

    response = ask(client(), feed_server.url("/a"))

    assert [request.method for request in feed_server.log] == ["HEAD", "HEAD"]
    assert (response.url, response.length) == (feed_server.url("/b"), len(FILE))


def test_a_connection_is_of_use_after_a_head(client: Make, feed_server: FeedServer) -> None:
    feed_server["/a.mp3"] = ranged

    async def run() -> None:
        async with client() as web:
            await web.head(feed_server.url("/a.mp3"))
            await web.get(feed_server.url("/a.mp3"))

    asyncio.run(run())

    assert [request.connection for request in feed_server.log] == [1, 1]


def test_a_body_that_follows_a_head_is_not_the_next_answer(
    client: Make, feed_server: FeedServer
) -> None:
    lie = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    )
    feed_server["/a.mp3"] = Raw([lie])
    feed_server["/b.mp3"] = ranged

    async def run() -> tuple[Response, Response]:
        async with client() as web:
            first = await web.head(feed_server.url("/a.mp3"))
            return first, await web.head(feed_server.url("/b.mp3"))

    first, second = asyncio.run(run())

    assert (first.length, second.length) == (5, len(FILE))


@pytest.mark.parametrize("ask_as", [None, 100], ids=["head", "beginning"])
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://127.0.0.1:9/a.mp3", id="a-private-address"),
        pytest.param("ftp://files.example.org/a.mp3", id="no-address-of-the-web"),
    ],
)
def test_what_no_get_asks_nobody_asks(client: Make, url: str, ask_as: int | None) -> None:
    with pytest.raises(RefusedError):
        ask(client(allow=()), url, ask_as)


def test_a_redirect_to_a_private_address_is_refused(client: Make, feed_server: FeedServer) -> None:
    feed_server["/a.mp3"] = moved("http://10.0.0.1/a.mp3")

    with pytest.raises(RefusedError, match="private"):
        ask(client(), feed_server.url("/a.mp3"), 100)


# The beginning


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(ranged, (206, len(FILE)), id="a-server-that-knows-ranges"),
        pytest.param(Answer(body=FILE), (200, len(FILE)), id="a-server-that-sends-it-whole"),
        pytest.param(Answer(body=FILE, chunked=True), (200, None), id="in-chunks-of-no-known-sum"),
    ],
)
def test_only_the_beginning_is_read(
    answer: Any, told: tuple[int, int | None], client: Make, feed_server: FeedServer
) -> None:
    feed_server["/a.mp3"] = answer

    response = ask(client(max_bytes=10), feed_server.url("/a.mp3"), 65_536)

    (request,) = feed_server.log
    assert (request.method, request.headers["range"]) == ("GET", "bytes=0-65535")
    assert request.headers["accept-encoding"] == "identity"
    assert response.body == FILE[:65_536]
    assert (response.status, response.length) == told


def test_a_body_without_an_end_is_left_in_the_middle(client: Make, feed_server: FeedServer) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
        while True:
            yield FILE

    feed_server["/live"] = Raw(endless())

    response = ask(client(), feed_server.url("/live"), 1000)

    assert (response.body, response.length) == (FILE[:1000], None)


def test_a_short_file_is_read_whole(client: Make, feed_server: FeedServer) -> None:
    feed_server["/a.gif"] = Answer(body=b"GIF89a", chunked=True)

    response = ask(client(), feed_server.url("/a.gif"), 1000)

    assert response.body == b"GIF89a"


def test_a_coding_nobody_asked_for_is_taken_off_and_tells_no_length(
    client: Make, feed_server: FeedServer
) -> None:
    coded = gzip.compress(bytes(10_000_000))
    feed_server["/a.bmp"] = Answer(body=coded, headers={"Content-Encoding": "gzip"})

    response = ask(client(), feed_server.url("/a.bmp"), 1000)

    assert (response.body, response.length) == (bytes(1000), None)


def test_a_body_that_breaks_off_is_an_error(client: Make, feed_server: FeedServer) -> None:
    feed_server["/a.jpg"] = Raw([b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nGIF89a"])

    with pytest.raises(FetchError, match="truncated"):
        ask(client(), feed_server.url("/a.jpg"), 1000)


def test_an_error_of_the_server_is_an_answer(client: Make, feed_server: FeedServer) -> None:
    response = ask(client(), feed_server.url("/nothing.jpg"), 1000)

    assert (response.status, response.length) == (404, None)


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [
        pytest.param(206, {"Content-Range": "bytes 0-1/77"}, 77, id="of-a-part-the-whole"),
        pytest.param(206, {"Content-Range": "bytes 5-6/77"}, None, id="not-of-another-part"),
        pytest.param(206, {"Content-Range": "bytes 0-1/*"}, None, id="unknown-to-the-server-too"),
        pytest.param(206, {}, None, id="a-part-that-does-not-say-of-what"),
        pytest.param(416, {"Content-Range": "bytes */0"}, 0, id="an-empty-file"),
        pytest.param(200, {"Content-Length": "7, 7"}, None, id="a-list-is-no-length"),
        pytest.param(200, {"Content-Length": "9" * 30}, None, id="an-absurd-length"),
        pytest.param(404, {"Content-Length": "7"}, None, id="that-of-an-error-page"),
    ],
)
def test_a_length_is_only_believed_where_it_is_one(
    status: int, headers: dict[str, str], length: int | None
) -> None:
    from feedsvc.web import Headers

    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())

    response = Response(status=status, url="http://x.example/", headers=Headers(fields))

    assert response.length == length


def test_a_part_that_nobody_asked_for_is_still_an_error(
    client: Make, feed_server: FeedServer
) -> None:
    feed_server["/feed"] = Answer(
        status=206, body=b"<feed", headers={"Content-Range": "bytes 0-4/9"}
    )

    async def run() -> None:
        async with client() as web:
            await web.get(feed_server.url("/feed"))

    with pytest.raises(FetchError, match="a part"):
        asyncio.run(run())
