"""`feedsvc validate URL`: what a server answers, asked over loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.support import Shell

LIST = """<opml version="2.0"><head><title>Öl</title></head>
<body><outline text="a"/></body></opml>""".encode()
LOOPBACK = '["127.0.0.0/8"]'


class Web:
    """A server that publishes what a newsroom wrote, and some other things."""

    def __init__(self) -> None:
        self.root: Path | None = None
        self.asked: list[tuple[str, str]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append((self.path, self.headers["User-Agent"]))
                status, headers, body = web.answer(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/moved/"):
            return 301, {"Location": path.removeprefix("/moved")}, b""
        if path.startswith("/status/"):
            return int(path.removeprefix("/status/")), {}, b"<html><title>Sorry</title></html>"
        if path == "/broken":
            return 200, {}, b"<feed xmlns='http://www.w3.org/2005/Atom'>\n<x\n"
        if path.startswith("/as/"):
            kind = unquote(path.removeprefix("/as/"))
            return 200, {"Content-Type": kind}, LIST
        if path.startswith("/page/"):
            return 200, {"Content-Type": "text/html"}, unquote(path.removeprefix("/page/")).encode()
        if path == "/cut":
            return 200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08"
        assert self.root is not None
        return 200, {}, (self.root / path.removeprefix("/copy/").lstrip("/")).read_bytes()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    thread = threading.Thread(target=web.server.serve_forever, args=(0.01,))
    thread.start()
    yield web
    web.server.shutdown()
    thread.join()
    web.server.server_close()


@pytest.fixture
def open_shell(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A folder without a configuration, from which loopback may be asked."""
    monkeypatch.setenv("FEEDSVC_SYNC__ALLOW_NETWORKS", LOOPBACK)
    return empty


@pytest.fixture
def published(shell: Shell, web: Web) -> Shell:
    """A newsroom whose feeds the server serves at the addresses they name."""
    text = (shell.root / "feedsvc.toml").read_text()
    text = text.replace("https://news.example.org", web.url)
    shell.configure(f"{text}\n[sync]\nallow_networks = {LOOPBACK}\n")
    assert shell.run("sync", "-q").code == 0
    web.root = shell.root / "public"
    return shell


@pytest.mark.parametrize("file", ["atom.xml", "rss.xml", "feed.json"])
def test_a_feed_that_names_its_address_is_valid(published: Shell, web: Web, file: str) -> None:
    done = published.run("validate", f"{web.url}/ferry/{file}", "--json")

    assert done.code == 0
    assert done.json == {
        "schema": "feedsvc.validate/1",
        "files": [{"path": f"{web.url}/ferry/{file}", "errors": [], "warnings": []}],
    }


def test_the_self_link_has_to_be_where_the_redirects_end(published: Shell, web: Web) -> None:
    done = published.run("validate", f"{web.url}/moved/ferry/atom.xml", "--json")

    assert done.code == 0
    assert done.json["files"][0]["path"] == f"{web.url}/moved/ferry/atom.xml"
    assert done.json["files"][0]["warnings"] == []
    assert f"leads to {web.url}/ferry/atom.xml" in done.err


def test_a_feed_at_another_address_than_it_names_is_told(published: Shell, web: Web) -> None:
    done = published.run("validate", f"{web.url}/copy/ferry/atom.xml", "--json")

    (file,) = done.json["files"]
    assert "self-mismatch" in [found["code"] for found in file["warnings"]]
    assert (done.code, file["errors"]) == (0, [])  # RFC 4287 §4.2.7.2: a SHOULD


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        pytest.param("text/x-opml", [], id="as-it-should"),
        pytest.param("text/html; charset=utf-8", ["media-type-unexpected"], id="as-a-page"),
        pytest.param("text/xml; charset=iso-8859-1", ["charset-mismatch"], id="in-other-letters"),
    ],
)
def test_what_a_server_calls_a_document_is_judged_too(
    open_shell: Shell, web: Web, kind: str, codes: list[str]
) -> None:
    done = open_shell.run("validate", f"{web.url}/as/{quote(kind)}", "--json")

    (file,) = done.json["files"]
    assert [found["code"] for found in file["warnings"]] == codes
    assert (done.code, file["errors"]) == (0, [])


@pytest.mark.parametrize(
    ("links", "told"),
    [
        pytest.param(
            "<link rel=alternate type=application/atom+xml href=/a.xml>"
            "<link rel=alternate type=application/rss+xml href=http://example.org/b.xml>",
            "its feeds are {web}/a.xml http://example.org/b.xml", id="feeds",
        ),
        pytest.param("<link rel=stylesheet href=a.css>", "it names no feed", id="none"),
    ],
)  # fmt: skip
def test_whoever_gives_the_address_of_a_page_is_told_its_feeds(
    open_shell: Shell, web: Web, links: str, told: str
) -> None:
    page = f"<!DOCTYPE html><title>Hafen</title>{links}"
    url = f"{web.url}/page/{quote(page, safe='')}"

    done = open_shell.run("validate", url)

    assert (done.code, done.out.count("error")) == (0, 0)
    assert f"is a page: {told.format(web=web.url)}" in done.err


def test_it_asks_as_the_configuration_says(published: Shell, web: Web) -> None:
    published.run("validate", f"{web.url}/ferry/atom.xml")

    ((_, agent),) = web.asked
    assert agent.startswith("feedsvc/")
    assert f"(+{web.url})" in agent


def test_feeds_files_and_addresses_stand_in_the_order_they_were_named(
    published: Shell, web: Web
) -> None:
    what = (f"{web.url}/ferry/rss.xml", "public/all/rss.xml", f"{web.url}/all/feed.json")

    done = published.run("validate", *what, what[0], "--json")

    assert [file["path"] for file in done.json["files"]] == [*what, what[0]]
    assert len(web.asked) == 2


def test_no_configuration_is_needed(open_shell: Shell, web: Web) -> None:
    done = open_shell.run("validate", f"{web.url}/broken")

    assert done.code == 5
    assert done.out.startswith(f"{web.url}/broken:3: error: ")
    assert web.asked[0][1].startswith("feedsvc/")
    assert "(+" not in web.asked[0][1]


def test_nor_for_a_file(empty: Shell) -> None:
    (empty.root / "list.opml").write_text(
        "<opml version='2.0'><head><title>Ours</title></head>"
        "<body><outline text='a'/></body></opml>"
    )

    done = empty.run("validate", "list.opml")

    assert (done.code, done.out) == (0, "list.opml: valid\n")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param(("-c", "missing.toml"), "no such file", id="one-that-is-named"),
        pytest.param((), "'sync'", id="one-that-is-found"),
    ],
)
def test_a_configuration_that_is_wrong_is_told(
    config: tuple[str, ...], words: str, empty: Shell, web: Web
) -> None:
    if not config:
        empty.configure("sync = 1\n")

    done = empty.run(*config, "validate", f"{web.url}/broken")

    assert done.code == 3
    assert words in done.err
    assert web.asked == []


def test_a_variable_that_is_wrong_is_told_without_a_configuration_too(
    empty: Shell, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSVC_SYNC__TIMEOUT", "soon")

    done = empty.run("validate", f"{web.url}/broken")

    assert done.code == 3
    assert "FEEDSVC_SYNC__TIMEOUT" in done.err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"])
def test_loopback_is_refused_with_the_way_to_allow_it(empty: Shell, web: Web, host: str) -> None:
    done = empty.run("validate", web.url.replace("127.0.0.1", host) + "/broken")

    assert done.code == 4
    assert "is a loopback address" in done.err
    assert "FEEDSVC_SYNC__ALLOW_NETWORKS='[\"127.0.0.0/8\"]'" in done.err
    assert len(done.err.strip().splitlines()) <= 3
    assert web.asked == []


def test_a_private_network_is_refused(empty: Shell) -> None:
    done = empty.run("validate", "http://192.168.7.7/feed.xml")

    assert done.code == 4
    assert "FEEDSVC_SYNC__ALLOW_NETWORKS='[\"192.168.7.7/32\"]'" in done.err


def test_offline_asks_nobody(open_shell: Shell, web: Web) -> None:
    done = open_shell.run("--offline", "validate", f"{web.url}/broken")

    assert done.code == 8
    assert "--offline" in done.err
    assert web.asked == []


def test_offline_files_are_checked(published: Shell) -> None:
    assert published.run("--offline", "validate", "public/all/atom.xml").code == 0


def test_an_address_where_nobody_answers(open_shell: Shell) -> None:
    with socket.socket() as taken:  # and not listened on
        taken.bind(("127.0.0.1", 0))
        done = open_shell.run("validate", f"http://127.0.0.1:{taken.getsockname()[1]}/feed.xml")

    assert done.code == 4
    assert done.err == "feedsvc: 127.0.0.1: no connection: connection refused\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/404", "/status/404: the server answers 404 Not Found"),
        ("/moved/status/503", "/moved/status/503: the server answers 503 Service Unavailable"),
        ("/status/799", "/status/799: the server answers 799\n"),
        ("/status/300", "the server answers 300 Multiple Choices"),
        ("/cut", "the body is truncated"),
    ],
)
def test_an_answer_that_is_no_document(open_shell: Shell, web: Web, path: str, words: str) -> None:
    done = open_shell.run("validate", f"{web.url}{path}")

    assert done.code == 4
    assert words in done.err
    assert done.out == ""
    assert len(done.err.strip().splitlines()) <= 3


def test_an_address_that_fails_does_not_hide_the_others(published: Shell, web: Web) -> None:
    fails, good, bad = (f"{web.url}{path}" for path in ("/status/500", "/all/rss.xml", "/broken"))

    some, worst = (
        published.run("validate", *what, "--json") for what in ((fails, good), (fails, bad))
    )

    assert (some.code, worst.code) == (4, 5)
    assert [file["path"] for file in some.json["files"]] == [good]
    assert "the server answers 500" in some.err
    assert "the server answers 500" in worst.err


def test_credentials_are_sent_and_not_shown(open_shell: Shell, web: Web) -> None:
    address = f"{web.url}/broken".replace("//", "//user:hush@")

    for run in (open_shell.run("validate", address), open_shell.run("validate", address, "--json")):
        assert run.code == 5
        assert f"{web.url}/broken" in run.out
        assert "hush" not in run.out + run.err


@pytest.mark.parametrize("url", ["ftp://user:hush@example.org/feed", "file:///etc/hosts", "://x"])
def test_other_schemes_are_a_mistake_of_usage(empty: Shell, url: str) -> None:
    done = empty.run("validate", url)

    assert done.code == 2
    assert "only http and https" in done.err
    assert "hush" not in done.err


def test_debug_shows_where_it_fails(open_shell: Shell, web: Web) -> None:
    done = open_shell.run("--debug", "validate", f"{web.url}/status/404")

    assert done.code == 4
    assert "Traceback" in done.err
    assert "the server answers 404" in done.err


def test_what_is_no_address_is_told(empty: Shell) -> None:
    done = empty.run("validate", "http://")

    assert done.code == 4
    assert "not an http or https address" in done.err
