"""A GET from question to answer: conditions, redirects, secrets, headers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from feedsvc import __version__
from feedsvc.errors import FetchError
from feedsvc.web import Client, Hop, RefusedError, Response

Make = Callable[..., Client]
MakeSite = Callable[..., Any]
Reply = Callable[..., bytes]

FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><title>Größe</title></feed>'.encode()


def fetch(web: Client, url: str, **more: Any) -> Response:
    """One GET in a loop of its own."""

    async def run() -> Response:
        async with web:
            return await web.get(url, **more)

    return asyncio.run(run())


def test_an_answer_holds_what_was_sent(client: Make, site: MakeSite, reply: Reply) -> None:
    answer = reply(
        FEED,
        content_type='Application/Atom+XML; Charset="UTF-8"',
        etag='W/"1"',
        last_modified="Sun, 22 Nov 2026 10:00:00 GMT",
        link="<a>; rel=hub\r\nLink: <b>; rel=self",
    )

    async def run() -> tuple[Response, str]:
        async with site(answer) as server, client() as web:
            return await web.get(server.url("/feed?a=1#top")), server.url("/feed?a=1")

    response, url = asyncio.run(run())

    assert (response.status, response.url, response.hops) == (200, url, ())
    assert response.body == FEED
    assert (response.media_type, response.charset) == ("application/atom+xml", "utf-8")
    assert (response.etag, response.last_modified) == ('W/"1"', "Sun, 22 Nov 2026 10:00:00 GMT")
    assert response.headers["LINK"] == "<a>; rel=hub, <b>; rel=self"
    assert not response.not_modified


def test_the_request_says_who_asks(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> dict[str, str]:
        async with site(reply()) as server, client() as web:
            await web.get(server.url("/a b?ä"))
            headers = dict(server.asked[0].headers)
            headers["target"] = server.asked[0].target
            headers["host"] = headers["host"].replace(str(server.port), "port")
            return headers

    headers = asyncio.run(run())

    assert headers.pop("accept").startswith("application/atom+xml, application/rss+xml")
    assert headers == {
        "target": "/a%20b?%C3%A4",
        "host": "127.0.0.1:port",
        "user-agent": f"feedsvc/{__version__} (+https://planet.example.org/about)",
        "accept-encoding": "gzip, br, zstd",
    }


@pytest.mark.parametrize(
    ("set_to", "sent"),
    [
        ("planet/2 (+https://example.org)", "planet/2 (+https://example.org)"),
        ("Größe ✓", "Größe ?"),
    ],
)
def test_the_user_agent_of_the_settings_is_sent(
    set_to: str, sent: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> str:
        async with site(reply()) as server, client(user_agent=set_to) as web:
            await web.get(server.url())
            name: str = server.asked[0].headers["user-agent"]
            return name

    assert asyncio.run(run()) == sent


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "429 Slow", "500 Oh", "999 No"])
def test_an_error_of_the_server_is_an_answer(
    status: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> Response:
        async with site(reply(b"sorry", status)) as server, client() as web:
            return await web.get(server.url())

    response = asyncio.run(run())

    assert (response.status, response.body) == (int(status[:3]), b"sorry")


# Conditions


def conditional(etag: str, modified: str) -> Any:
    async def answer(asked: Any) -> None:
        same = asked.headers.get("if-none-match") == etag
        head = "304 Not Modified" if same else "200 OK"
        body = b"" if same else FEED
        await asked.send(
            f"HTTP/1.1 {head}\r\nETag: {etag}\r\nLast-Modified: {modified}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
            + body
        )

    return answer


@pytest.mark.parametrize(
    "etag", ['"a"', 'W/"a"', "unquoted", '"a-gzip"', '"Gr\xf6\xdfe"', '"a, b"']
)
def test_validators_go_back_as_they_came(etag: str, client: Make, site: MakeSite) -> None:
    modified = "last tuesday, about noon"

    async def run() -> tuple[Response, Response, dict[str, str]]:
        async with site(conditional(etag, modified)) as server, client() as web:
            first = await web.get(server.url())
            second = await web.get(server.url(), etag=first.etag, last_modified=first.last_modified)
            return first, second, server.asked[1].headers

    first, second, headers = asyncio.run(run())

    assert (first.status, first.etag, first.last_modified) == (200, etag, modified)
    assert second.not_modified
    assert second.body == b""
    assert headers["if-none-match"] == etag
    assert headers["if-modified-since"] == modified


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        pytest.param({}, ('"old"', "then"), id="a-304-that-names-none-keeps-the-old"),
        pytest.param({"etag": '"new"'}, ('"new"', "then"), id="a-304-refreshes-what-it-names"),
        pytest.param({"etag": ""}, ('"old"', "then"), id="an-empty-one-is-none"),
        pytest.param({"last_modified": "now"}, ('"old"', "now"), id="each-for-itself"),
    ],
)
def test_what_to_store_after_a_304(
    headers: dict[str, str], kept: tuple[str, str], client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> Response:
        answer = reply(b"", "304 Not Modified", **headers)
        async with site(answer) as server, client() as web:
            return await web.get(server.url(), etag='"old"', last_modified="then")

    response = asyncio.run(run())

    assert (response.etag, response.last_modified) == kept


def test_a_200_without_validators_clears_them(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> Response:
        async with site(reply(FEED)) as server, client() as web:
            return await web.get(server.url(), etag='"old"', last_modified="then")

    response = asyncio.run(run())

    assert (response.etag, response.last_modified) == (None, None)


def test_a_304_that_nobody_asked_for_is_no_answer(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> None:
        async with site(reply(b"", "304 Not Modified")) as server, client() as web:
            await web.get(server.url())

    with pytest.raises(FetchError, match="without validators"):
        asyncio.run(run())


def test_validators_go_only_to_the_address_they_came_from(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    """Else the date of the old target makes the new one answer 304 for ever."""

    async def answer(asked: Any) -> None:
        if asked.target == "/feed":
            await asked.send(reply(b"", "302 Found", location="/target"))
        elif asked.headers.get("if-none-match") == '"t"':
            await asked.send(reply(b"", "304 Not Modified"))
        else:
            await asked.send(reply(FEED, etag='"t"'))

    async def run() -> tuple[list[int], list[str | None]]:
        async with site(answer) as server, client(more={"per_host": 1}) as web:
            first = await web.get(server.url("/feed"))
            second = await web.get(server.url("/feed"), etag='"t"', validated=first.url)
            third = await web.get(server.url("/feed"), etag='"t"', validated=server.url("/was"))
            sent = [asked.headers.get("if-none-match") for asked in server.asked]
            return [first.status, second.status, third.status], sent

    statuses, sent = asyncio.run(run())

    assert statuses == [200, 304, 200]
    assert sent == [None, None, None, '"t"', None, None]


def test_a_part_nobody_asked_for_is_no_answer(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> None:
        async with site(reply(FEED, "206 Partial Content")) as server, client() as web:
            await web.get(server.url())

    with pytest.raises(FetchError, match="answered with a part"):
        asyncio.run(run())


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/old/feed":
            await asked.send(reply(b"there", f"{status} Moved", location="../new?x=ä#y"))
        else:
            await asked.send(reply(FEED))

    async def run() -> tuple[Response, str]:
        async with site(answer) as server, client() as web:
            response = await web.get(server.url("/old/feed"))
            assert server.connections == 1
            return response, server.url()

    response, root = asyncio.run(run())

    assert response.url == f"{root}new?x=%C3%A4"
    assert response.hops == (Hop(status, f"{root}old/feed"),)
    assert response.moved_to == (response.url if status in {301, 308} else None)


@pytest.mark.parametrize(("hops", "arrives"), [(10, True), (11, False)])
def test_at_most_ten_redirects_are_followed(
    hops: int, arrives: bool, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def answer(asked: Any) -> None:
        number = int(asked.target[1:])
        where = f"/{number + 1}"
        await asked.send(reply(FEED) if number == hops else reply(b"", "302 F", location=where))

    async def run() -> Response:
        async with site(answer) as server, client() as web:
            return await web.get(server.url("/0"))

    if arrives:
        assert len(asyncio.run(run()).hops) == hops
    else:
        with pytest.raises(RefusedError, match="redirects more than 10 times"):
            asyncio.run(run())


@pytest.mark.parametrize(
    ("location", "words"),
    [
        pytest.param("/", "redirects in a circle", id="to-itself"),
        pytest.param("/#again", "redirects in a circle", id="to-itself-with-a-fragment"),
        pytest.param("file:///etc/passwd", r"no http or https address \('file'\)", id="file"),
        pytest.param("ftp://ftp.example.org/feed", r"\('ftp'\)", id="ftp"),
        pytest.param("data:text/xml,<feed/>", r"\('data'\)", id="data"),
        pytest.param("javascript:alert(1)", r"\('javascript'\)", id="javascript"),
        pytest.param("gopher://example.org/", r"\('gopher'\)", id="gopher"),
        pytest.param("http://", "no http or https address", id="no-host"),
        pytest.param("http://[::1", "no http or https address", id="broken-brackets"),
        pytest.param("http://example.org:99999/", "no http or https address", id="no-such-port"),
        pytest.param("", "not to one address", id="empty"),
        pytest.param("/a\r\nLocation: /b", "not to one address", id="two-of-them"),
        pytest.param("http://127.9.9.9/", r"127\.9\.9\.9 is a loopback", id="private"),
        pytest.param("http://10.0.0.1/", r"10\.0\.0\.1 is a private", id="private-10"),
        pytest.param("//169.254.169.254/latest", "is a link-local", id="metadata"),
        pytest.param("http://[::ffff:7f09:909]/", "is a loopback", id="mapped"),
        pytest.param("http://2130706434/", "is a loopback", id="decimal"),
    ],
)
def test_where_no_redirect_leads(
    location: str, words: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> None:
        answer = reply(b"", "302 Found", location=location)
        async with site(answer) as server, client(allow=("127.0.0.1/32",)) as web:
            await web.get(server.url())

    with pytest.raises(RefusedError, match=words):
        asyncio.run(run())


def test_a_circle_of_two_is_noticed(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        where = "/b" if asked.target == "/a" else "/a"
        await asked.send(reply(b"", "301 Moved", location=where))

    async def run() -> int:
        async with site(answer) as server, client() as web:
            with pytest.raises(RefusedError, match="in a circle"):
                await web.get(server.url("/a"))
            return len(server.asked)

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("status", [300, 305, 306])
def test_other_statuses_with_a_location_are_answers(
    status: int, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> Response:
        answer = reply(b"", f"{status} Look", location="http://10.0.0.1/")
        async with site(answer) as server, client() as web:
            return await web.get(server.url())

    assert asyncio.run(run()).status == status


def test_a_raw_utf8_location_is_read_as_utf8(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        if asked.target == "/":
            where = "/größe".encode().decode("latin-1")
            await asked.send(reply(b"", "302 Found", location=where))
        else:
            await asked.send(reply(asked.target.encode()))

    async def run() -> bytes:
        async with site(answer) as server, client() as web:
            body: bytes = (await web.get(server.url())).body
            return body

    assert asyncio.run(run()) == b"/gr%C3%B6%C3%9Fe"


# Secrets


def test_what_is_secret_stays_on_its_host(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> tuple[dict[str, str], dict[str, str], Response]:
        async with site(reply(FEED), host="127.0.0.2") as other:
            step = reply(b"", "302 Found", location=other.url())
            async with site(step) as server, client() as web:
                response = await web.get(
                    server.url(), headers={"Authorization": "Bearer x", "X-Key": "y"}
                )
                return server.asked[0].headers, other.asked[0].headers, response

    first, second, response = asyncio.run(run())

    assert (first["authorization"], first["x-key"]) == ("Bearer x", "y")
    assert not {"authorization", "x-key", "referer", "cookie"} & second.keys()
    assert response.body == FEED


def test_another_port_is_another_place(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> dict[str, str]:
        async with site(reply(FEED)) as other:
            step = reply(b"", "307 Moved", location=other.url())
            async with site(step) as server, client() as web:
                await web.get(server.url(), headers={"authorization": "Bearer x"})
                headers: dict[str, str] = other.asked[0].headers
                return headers

    assert "authorization" not in asyncio.run(run())


def test_on_its_own_host_a_secret_follows(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        step = reply(b"", "302 Found", location="/b")
        await asked.send(step if asked.target == "/a" else reply())

    async def run() -> list[str | None]:
        async with site(answer) as server, client() as web:
            await web.get(server.url("/a"), headers={"authorization": "Bearer x"})
            return [asked.headers.get("authorization") for asked in server.asked]

    assert asyncio.run(run()) == ["Bearer x", "Bearer x"]


def test_a_secret_does_not_come_back_once_it_was_dropped(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> list[str | None]:
        async with site(reply(), host="127.0.0.2") as middle:

            async def back(asked: Any) -> None:
                await asked.send(reply(b"", "302 Found", location=server.url("/b")))

            middle.answer = back

            async def answer(asked: Any) -> None:
                step = reply(b"", "302 Found", location=middle.url())
                await asked.send(step if asked.target == "/a" else reply())

            async with site(answer) as server, client() as web:
                await web.get(server.url("/a"), headers={"authorization": "Bearer x"})
                return [asked.headers.get("authorization") for asked in server.asked]

    assert asyncio.run(run()) == ["Bearer x", None]


def test_credentials_in_the_address_are_sent_and_not_shown(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> tuple[str, Response]:
        async with site(reply(FEED)) as server, client() as web:
            response = await web.get(f"http://us%40er:p%C3%A4ss:w@127.0.0.1:{server.port}/")
            return server.asked[0].headers["authorization"], response

    header, response = asyncio.run(run())

    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "us@er:päss:w"
    assert "ss:w" not in repr(response)


def test_credentials_in_a_redirect_are_not_used(client: Make, site: MakeSite, reply: Reply) -> None:
    async def answer(asked: Any) -> None:
        where = f"http://user:secret@127.0.0.1:{asked.headers['host'].rpartition(':')[2]}/b"
        step = reply(b"", "302 Found", location=where)
        await asked.send(step if asked.target == "/a" else reply())

    async def run() -> tuple[bool, Response]:
        async with site(answer) as server, client() as web:
            response = await web.get(server.url("/a"))
            return "authorization" in server.asked[1].headers, response

    sent, response = asyncio.run(run())

    assert not sent
    assert "secret" not in repr(response)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        pytest.param({"Host": "example.org"}, "'Host' cannot be set", id="host"),
        pytest.param({"transfer-encoding": "chunked"}, "cannot be set", id="framing"),
        pytest.param({"If-None-Match": "*"}, "cannot be set", id="conditions"),
        pytest.param({"x-a": "b\r\nx-c: d"}, "the request cannot be sent", id="a-line-break"),
        pytest.param({"x a": "b"}, "the request cannot be sent", id="a-space-in-a-name"),
        pytest.param({"x-ä": "b"}, "characters that HTTP cannot carry", id="not-ascii"),
        pytest.param({"x-a": "✓"}, "characters that HTTP cannot carry", id="not-latin-1"),
    ],
)
def test_headers_that_cannot_be_sent(
    headers: dict[str, str], words: str, client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> None:
        async with site(reply()) as server, client() as web:
            await web.get(server.url(), headers=headers)

    with pytest.raises(FetchError, match=words):
        asyncio.run(run())


def test_a_header_of_the_source_replaces_ours(client: Make, site: MakeSite, reply: Reply) -> None:
    async def run() -> dict[str, str]:
        async with site(reply()) as server, client() as web:
            await web.get(server.url(), headers={"Accept": "text/html"}, accept="image/png")
            headers: dict[str, str] = server.asked[0].headers
            return headers

    assert asyncio.run(run())["accept"] == "text/html"


# Addresses


@pytest.mark.parametrize(
    "url",
    ["", "feed.xml", "/feed", "ftp://example.org/", "file:///etc/passwd", "javascript:1", "http:",
     "http:///", "http://[fe80::1%25eth0]/", "http://exa mple.org/", "http://example.org:x/",
     "//example.org/", "http://[::1]]/", "http://" + "a" * 9_000],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str, client: Make) -> None:
    with pytest.raises(RefusedError, match="not an http or https address"):
        fetch(client(), url)


def test_a_client_that_is_not_open_says_so(client: Make) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(client().get("http://127.0.0.1/"))


def test_proxies_of_the_environment_are_not_used(
    client: Make, site: MakeSite, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def run() -> Response:
        async with site(reply(FEED)) as server, client() as web:
            return await web.get(server.url())

    assert asyncio.run(run()).body == FEED
