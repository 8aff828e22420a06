"""What another web server is told, compared with what our own one answers."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import Shell, free_port
from tests.webservers import other_server

CONFIG = """
[site]
title = "Harbour News"
base_url = "{base}"
id_domain = "news.example.org"

[websub]
hubs = ["https://hub.example.org/?a=$b"]

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "news"
limit = 1
archive = true

[[feed]]
name = "club"
private = true
limit = 1
archive = true

[[feed]]
name = "sea.life"

[[feed]]
name = "sport"
"""

Request = tuple[int, dict[str, str], bytes]


def ask(port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Request:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body:
        headers |= {
            "content_type": "application/x-www-form-urlencoded", "content_length": str(len(body)),
        }  # fmt: skip
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body or None)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def write_site(shell: Shell, base: str) -> None:
    """A site in which feeds have moved and gone."""
    shell.configure(CONFIG.format(base=base))
    for number in range(3):
        shell.write(f"{number}.txt", f"Story {number}\n2025-03-1{number}\n\nText {number}.\n")
    assert shell.run("sync", "-q").code == 0
    for move in (("news", "nachrichten"), ("club", "members")):
        assert shell.run("feed", "move", *move).code == 0
    assert shell.run("feed", "remove", "sport").code == 0


def snippet(shell: Shell, server: str) -> str:
    done = shell.run("config", server)
    assert (done.code, done.err) == (0, "")
    return done.out


Behind = Callable[..., tuple[Shell, int, int]]


@pytest.fixture
def behind(empty: Shell, tmp_path: Path) -> Iterator[Behind]:
    """Starts another server and our own one before a site; the ports of both."""
    with ExitStack() as running:

        def start(path: str, server: str = "nginx") -> tuple[Shell, int, int]:
            port = free_port()
            write_site(empty, f"http://127.0.0.1:{port}{path}")
            running.enter_context(other_server(server, snippet(empty, server), port, tmp_path))
            public = str(empty.root / "public")
            child = [sys.executable, "-m", "feedsvc.serve.child", "--directory", public]
            process = running.enter_context(
                subprocess.Popen(
                    [*child, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
                )
            )
            running.callback(process.terminate)
            assert process.stdout is not None
            return empty, port, int(process.stdout.readline().strip().rpartition(":")[2])

        yield start


PATHS = (
    "/nachrichten/atom.xml", "/nachrichten/rss.xml", "/nachrichten/feed.json", "/nachrichten/",
    "/nachrichten", "/nachrichten/archive/1/atom.xml", "/nachrichten/archive/3/atom.xml",
    "/nachrichten/archive/3/atom.xml?x=1", "/nachrichten/archive/4/atom.xml",
    "/nachrichten/archive/", "/nachrichten/nothing", "/", "/opml.xml", "/sitemap.xml",
    "/news/atom.xml", "/news/rss.xml?a=1&b=%20", "/news/", "/news", "/news?q", "/newsroom/atom.xml",
    "/news/archive/2/rss.xml", "/news/%C3%BC%20x", "/news/%0d%0aset-cookie:x",
    "/club/key/atom.xml", "/sport/atom.xml", "/sport/", "/sport", "/sport/archive/1/feed.json?x",
    "/sports", "/.feedsvc/serving.json", "/nachrichten/atom.xml.gz", "/sea.life/atom.xml",
    "/seaXlife/atom.xml", "/club/key/", "/_websub/hub",
)  # fmt: skip


XML = {"nginx": ("", ""), "caddy": ("application/xml", "text/xml")}
PRIVATE = ("x-robots-tag", "referrer-policy", "access-control-allow-origin")


@pytest.mark.parametrize("server", ["nginx", "caddy"])
@pytest.mark.parametrize("base", ["", "/feeds"])
def test_another_server_answers_as_ours_does(behind: Behind, base: str, server: str) -> None:
    shell, port, own = behind(base, server)
    (token,) = [one.name for one in (shell.root / "public" / "members").iterdir()]
    private = f"/members/{token}/atom.xml"
    ages = set()

    for path in (*PATHS, private, f"/members/{token}"):
        status, fields, body = ask(port, base + path)
        wanted, told, same = ask(own, path)
        where = fields.get("location")
        if path.endswith("%0d%0aset-cookie:x"):
            # Ours knows no such path; others send it on as it came, in one line.
            assert (status, where) == (301, f"{base}/nachrichten/%0d%0aset-cookie:x"), path
            continue
        assert (301 if status == 308 else status) == wanted, path  # Caddy's, to a folder
        if told.get("location") == f"{path.partition('?')[0]}/":
            assert where == f"{base}{told['location']}", path  # a folder, by its name
        else:
            assert where == told.get("location"), path
        if wanted < 400:
            for name in PRIVATE:
                assert fields.get(name, "") == told.get(name, ""), (path, name)
            # How often a private feed changes would name its key.
            assert fields["cache-control"].split(",")[0] == told["cache-control"].split(",")[0]
            age = told["cache-control"].split(",")[1]
            assert path.endswith(private) or fields["cache-control"].split(",")[1] == age, path
        else:
            assert fields.get("cache-control", "no-store") == "no-store", path
        if status == 200:
            assert body == same, path
            if path != private:
                assert fields.get("link", "").replace("%24", "$") == told.get("link", ""), path
            kind, _, charset = fields["content-type"].partition("; charset=")
            assert kind == told["content-type"].partition(";")[0].replace(*XML[server]), path
            assert charset in ("utf-8", "")
            ages.add(told["cache-control"])
    assert len(ages) > 2  # private, of a feed, of all else


def test_nginx_sends_the_compressed_form(behind: Behind) -> None:
    _, port, _ = behind("")

    status, fields, _ = ask(port, "/nachrichten/atom.xml", accept_encoding="gzip")

    assert (status, fields["content-encoding"]) == (200, "gzip")
    assert "hub.example.org" in fields["link"]


HUB = """
[site]
title = "Harbour News"
base_url = "http://127.0.0.1:{port}/feeds"

[server]
listen = "0.0.0.0:{own}"

[websub]
hub = true

[[source]]
path = "articles"
"""


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_our_own_hub_is_reached_through_another_server(
    empty: Shell, tmp_path: Path, server: str
) -> None:
    port, own = free_port(), free_port()
    empty.configure(HUB.format(port=port, own=own))
    empty.write("1.txt", "Story\n2025-03-11\n\nText.\n")
    assert empty.run("sync", "-q").code == 0
    command = [sys.executable, "-m", "feedsvc", "serve"]
    with (
        other_server(server, snippet(empty, server), port, tmp_path),
        subprocess.Popen(command, cwd=empty.root, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stderr is not None
            assert "serving" in process.stderr.readline()
            for path, body in (
                ("/_websub/hub", b"hub.mode=subscribe&hub.topic=nothing"),
                ("/_websub/callback/nobody", b" " * 2_000_000),
            ):
                straight, through = (ask(at, to, "POST", body) for at, to in (
                    (own, path), (port, f"/feeds{path}"),
                ))  # fmt: skip

                assert straight[0] >= 400
                assert (through[0], through[2]) == (straight[0], straight[2])
                assert through[1]["cache-control"] == straight[1]["cache-control"] == "no-store"
        finally:
            process.terminate()


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_no_key_to_a_private_feed_stands_in_what_gets_copied(empty: Shell, server: str) -> None:
    write_site(empty, "https://news.example.org")
    (token,) = [one.name for one in (empty.root / "public" / "members").iterdir()]
    assert token in (empty.root / "public" / ".feedsvc" / "serving.json").read_text()

    text = snippet(empty, server)

    assert token not in text
    assert "/members/" in text
    assert "noindex, nofollow" in text


def test_the_same_state_is_the_same_text(empty: Shell) -> None:
    write_site(empty, "https://news.example.org")
    before = [snippet(empty, server) for server in ("nginx", "caddy")]

    empty.run("regenerate", "--all")

    assert [snippet(empty, server) for server in ("nginx", "caddy")] == before


def test_caddy_is_told_the_same(empty: Shell) -> None:
    write_site(empty, "https://news.example.org/feeds")

    text = snippet(empty, "caddy")

    assert "https://news.example.org {\n" in text
    assert "handle_path /feeds/* {\n" in text
    assert "{uri} `^/sport(?:/([^?]*))?((?:\\?.*)?)$`\n" in text
    assert 'redir @lead6 "/feeds/nachrichten/{re.lead6.1}{re.lead6.2}" 301\n' in text
    assert text.count("{") == text.count("}")


def test_as_json(empty: Shell) -> None:
    write_site(empty, "https://news.example.org")

    told = empty.run("config", "nginx", "--json").json

    assert told["schema"] == "feedsvc.config-snippet/1"
    assert told["text"] == snippet(empty, "nginx")


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_before_anything_is_built_there_is_nothing_to_tell(shell: Shell, server: str) -> None:
    done = shell.run("config", server)

    assert done.code == 1
    assert "serving.json cannot be read: No such file" in done.err
    assert "`feedsvc regenerate` writes it" in done.err


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 2}', ""])
def test_a_damaged_index_is_told(synced: Shell, text: str) -> None:
    (synced.root / "public" / ".feedsvc" / "serving.json").write_text(text)

    done = synced.run("config", "nginx")

    assert done.code == 1
    assert "it is damaged" in done.err
