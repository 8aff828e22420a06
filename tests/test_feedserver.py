"""The server that judges others has to be right itself."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.feedserver import Answer, Answerable, FeedServer, InTurn, Page, Raw, Request, moved
from tests.support import NOON, FrozenClock

Got = tuple[int, dict[str, str], bytes]


@pytest.fixture
def talk(feed_server: FeedServer) -> Iterator[http.client.HTTPConnection]:
    """A kept connection to the first address."""
    connection = http.client.HTTPConnection(urlsplit(feed_server.url()).netloc, timeout=60)
    yield connection
    connection.close()


def get(talk: http.client.HTTPConnection, path: str = "/feed", **headers: str) -> Got:
    """Status, headers in lower case and body; header names are written with underscores."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    talk.request("GET", path, headers=given)
    answer = talk.getresponse()
    return answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()


def test_a_page_is_served_and_kept_connections_are_one(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    feed_server["/feed"] = b"<rss/>"

    found = [get(talk)[2], get(talk, "/feed?page=2")[2], get(talk, "/elsewhere")[0]]

    assert found == [b"<rss/>", b"<rss/>", 404]
    assert [request.path for request in feed_server.log] == ["/feed", "/feed?page=2", "/elsewhere"]
    assert {request.connection for request in feed_server.log} == {1}


MODIFIED = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
WRITTEN = "Sun, 01 Jun 2025 10:00:00 GMT"
LATER = "Sun, 01 Jun 2025 10:00:01 GMT"
BEFORE = "Sun, 01 Jun 2025 09:59:59 GMT"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param({}, 200, id="who-has-nothing-gets-it"),
        pytest.param({"if_none_match": '"a"'}, 304, id="who-has-it-does-not"),
        pytest.param({"if_none_match": '"b"'}, 200, id="another-tag-is-another-page"),
        pytest.param({"if_none_match": 'W/"a"'}, 200, id="tags-are-compared-exactly"),
        pytest.param({"if_modified_since": WRITTEN}, 304, id="not-modified-since"),
        pytest.param({"if_modified_since": LATER}, 304, id="nor-since-later"),
        pytest.param({"if_modified_since": BEFORE}, 200, id="modified-since-before"),
        pytest.param(
            {"if_none_match": '"b"', "if_modified_since": WRITTEN}, 200, id="the-tag-wins"
        ),
    ],
)
def test_validators(
    feed_server: FeedServer, talk: http.client.HTTPConnection, asked: dict[str, str], status: int
) -> None:
    feed_server["/feed"] = Page(body=b"<rss/>", etag='"a"', modified=MODIFIED)

    found, headers, body = get(talk, **asked)

    assert (found, body) == (status, b"<rss/>" if status == 200 else b"")
    assert (headers["etag"], headers["last-modified"]) == ('"a"', WRITTEN)


def test_a_tag_follows_the_body_unless_there_is_to_be_none(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    tags = []
    for page in (Page(body=b"1"), Page(body=b"2"), Page(body=b"1"), Page(body=b"1", etag="")):
        feed_server["/feed"] = page
        tags.append(get(talk)[1].get("etag"))

    assert tags[0] == tags[2] != tags[1]
    assert None not in tags[:3]
    assert tags[3] is None


def test_chunks_are_put_together_to_the_same_body(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    feed_server["/feed"] = Page(body=b"x" * 2_500, chunked=True)

    assert get(talk)[2] == b"x" * 2_500
    assert get(talk)[1]["transfer-encoding"] == "chunked"


def test_head_is_get_without_a_body(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    feed_server["/feed"] = b"<rss/>"
    talk.request("HEAD", "/feed")
    answer = talk.getresponse()

    assert (answer.read(), answer.getheader("Content-Length")) == (b"", "6")
    assert get(talk)[2] == b"<rss/>"


def test_answers_in_turn(feed_server: FeedServer, talk: http.client.HTTPConnection) -> None:
    feed_server["/feed"] = InTurn(Answer(status=503), moved("/other"), b"<rss/>")

    found = [get(talk)[0] for _ in range(4)]

    assert found == [503, 301, 200, 200]


def test_the_log_and_the_date_are_by_the_test_s_clock(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    clock = FrozenClock()
    feed_server.clock = clock.now
    dates = []
    for _ in range(2):
        dates.append(get(talk)[1]["date"])
        clock.tick(days=1)

    assert dates == ["Sun, 01 Jun 2025 12:00:00 GMT", "Mon, 02 Jun 2025 12:00:00 GMT"]
    assert feed_server.log[0].at == NOON


def test_raw_bytes_are_sent_as_they_are(feed_server: FeedServer) -> None:
    feed_server["/feed"] = Raw([b"HTTP/1.1 2", 0.01, b"00 OK\r\nContent-Length: 99\r\n\r\nshort"])
    place = urlsplit(feed_server.url())

    with socket.create_connection((place.hostname, place.port), timeout=60) as talk:
        talk.sendall(b"GET /feed HTTP/1.1\r\nHost: x\r\n\r\n")
        found = b"".join(iter(lambda: talk.recv(4096), b""))

    assert found == b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"


def test_an_answer_without_end_ends_with_who_hangs_up(
    feed_server: FeedServer, talk: http.client.HTTPConnection
) -> None:
    feed_server["/endless"] = Raw(
        itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 65_536))
    )
    feed_server["/feed"] = b"<rss/>"
    place = urlsplit(feed_server.url())
    with socket.create_connection((place.hostname, place.port), timeout=60) as reader:
        reader.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        reader.recv(4096)

    assert get(talk)[2] == b"<rss/>"


def test_what_one_address_holds_at_once_is_counted(feed_server: FeedServer) -> None:
    meet = threading.Barrier(3, timeout=60)
    feed_server["/feed"] = Answer(delay=0.2)

    def visit(host: str) -> None:
        netloc = urlsplit(feed_server.url(host=host)).netloc
        meet.wait()
        talk = http.client.HTTPConnection(netloc, timeout=60)
        get(talk)
        talk.close()

    hosts = ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
    for host in hosts:
        feed_server.site(host)
    threads = [threading.Thread(target=visit, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counted = [feed_server.site(host) for host in ("127.0.0.1", "127.0.0.2")]
    assert [site.most_connections for site in counted] == [2, 1]
    assert [site.most_requests for site in counted] == [2, 1]
    assert sorted(request.host for request in feed_server.log) == hosts


def test_connections_one_after_another_are_never_two_at_once(feed_server: FeedServer) -> None:
    netloc = urlsplit(feed_server.url()).netloc
    for _ in range(200):
        talk = http.client.HTTPConnection(netloc, timeout=60)
        get(talk)
        talk.close()

    assert feed_server.site().connections == 200
    assert feed_server.site().most_connections == 1


def test_a_fault_in_a_test_s_own_answer_is_raised_at_the_end() -> None:
    def broken(request: Request) -> Answerable:
        raise LookupError(request.path)

    with pytest.raises(ExceptionGroup) as caught:
        _ask_once(broken)

    assert [str(fault) for fault in caught.value.exceptions] == ["/feed"]


def _ask_once(page: Answerable) -> None:
    with FeedServer() as server:
        server["/feed"] = page
        talk = http.client.HTTPConnection(urlsplit(server.url()).netloc, timeout=60)
        with contextlib.closing(talk), pytest.raises(http.client.RemoteDisconnected):
            get(talk)
