"""What another web server is told, compared with what our own one answers."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import Shell, free_port

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
CADDY = shutil.which("caddy")

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


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Request:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
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


Behind = Callable[[str], tuple[Shell, int, int]]


@pytest.fixture
def behind(empty: Shell, tmp_path: Path) -> Iterator[Behind]:
    """Starts nginx and our own server before a site; the ports of both."""
    running: list[subprocess.Popen[str]] = []

    def start(path: str) -> tuple[Shell, int, int]:
        if NGINX is None:
            pytest.skip("nginx is not installed here")
        port = free_port()
        write_site(empty, f"http://127.0.0.1:{port}{path}")
        text = snippet(empty, "nginx")
        assert f"    listen [::]:{port};\n" in text
        config = tmp_path / "nginx.conf"
        config.write_text(
            "daemon off; worker_processes 1; error_log stderr;\n"
            # A worker of another user may not look into the folder of a test.
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"pid {tmp_path}/nginx.pid; events {{}}\n"
            "http {\naccess_log off;\n"
            + "".join(
                f"{kind}_temp_path {tmp_path}/{kind};\n"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            # Not every machine has an IPv6.
            + text.replace(f"listen [::]:{port};", "")
            + "}\n"
        )
        command = [NGINX, "-p", str(tmp_path), "-c", str(config)]
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        public = str(empty.root / "public")
        child = [sys.executable, "-m", "feedsvc.serve.child", "--directory", public]
        running.append(
            subprocess.Popen([*child, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        )
        assert running[1].stdout is not None
        own = int(running[1].stdout.readline().strip().rpartition(":")[2])
        while True:
            assert running[0].poll() is None
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        return empty, port, own

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.communicate(timeout=10)


PATHS = (
    "/nachrichten/atom.xml", "/nachrichten/rss.xml", "/nachrichten/feed.json", "/nachrichten/",
    "/nachrichten", "/nachrichten/archive/1/atom.xml", "/nachrichten/archive/3/atom.xml",
    "/nachrichten/archive/3/atom.xml?x=1", "/nachrichten/archive/4/atom.xml",
    "/nachrichten/archive/", "/nachrichten/nothing", "/", "/opml.xml", "/sitemap.xml",
    "/news/atom.xml", "/news/rss.xml?a=1&b=%20", "/news/", "/news", "/news?q", "/newsroom/atom.xml",
    "/news/archive/2/rss.xml", "/news/%C3%BC%20x", "/news/%0d%0aset-cookie:x",
    "/club/key/atom.xml", "/sport/atom.xml", "/sport/", "/sport", "/sport/archive/1/feed.json?x",
    "/sports", "/.feedsvc/serving.json", "/nachrichten/atom.xml.gz", "/sea.life/atom.xml",
    "/seaXlife/atom.xml",
)  # fmt: skip


@pytest.mark.parametrize("base", ["", "/feeds"])
def test_nginx_answers_as_our_server_does(behind: Behind, base: str) -> None:
    shell, port, own = behind(base)
    (token,) = [one.name for one in (shell.root / "public" / "members").iterdir()]
    private = f"/members/{token}/atom.xml"
    ages = set()

    for path in (*PATHS, private):
        status, fields, body = ask(port, base + path)
        wanted, told, same = ask(own, path)
        where = fields.get("location")
        if path.endswith("%0d%0aset-cookie:x"):
            # Ours knows no such path; nginx sends it on as it came, in one line.
            assert (status, where) == (301, f"{base}/nachrichten/%0d%0aset-cookie:x"), path
            continue
        assert status == wanted, path
        if told.get("location") == f"{path.partition('?')[0]}/":
            assert where == f"{base}{told['location']}", path  # a folder, by its name
        else:
            assert where == told.get("location"), path
        if status == 200:
            assert body == same, path
            for name in ("link", "x-robots-tag", "referrer-policy", "access-control-allow-origin"):
                if name == "link" and path == private:
                    continue
                assert fields.get(name, "").replace("%24", "$") == told.get(name, ""), (path, name)
            kind, _, charset = fields["content-type"].partition("; charset=")
            assert kind == told["content-type"].partition(";")[0], path
            assert charset in ("utf-8", "")
            if path != private:
                assert fields["cache-control"] == told["cache-control"], path
            # How often a private feed changes would name its key.
            assert fields["cache-control"].split(",")[0] == told["cache-control"].split(",")[0]
            ages.add(told["cache-control"])
    assert len(ages) > 2  # private, of a feed, of all else


def test_nginx_sends_the_compressed_form(behind: Behind) -> None:
    _, port, _ = behind("")

    status, fields, _ = ask(port, "/nachrichten/atom.xml", **{"Accept-Encoding": "gzip"})

    assert (status, fields["content-encoding"]) == (200, "gzip")
    assert "hub.example.org" in fields["link"]


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
    assert "{uri} `^/sport((?:/[^?]*)?)((?:\\?.*)?)$`\n" in text
    assert 'redir @lead6 "/feeds/nachrichten{re.lead6.1}{re.lead6.2}" 301\n' in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("base", ["", "/feeds"])
def test_caddy_takes_it(empty: Shell, tmp_path: Path, base: str) -> None:
    if CADDY is None:
        pytest.skip("caddy is not installed here")
    write_site(empty, f"http://127.0.0.1:{free_port()}{base}")
    config = tmp_path / "Caddyfile"
    config.write_text(snippet(empty, "caddy"))

    done = subprocess.run(
        [CADDY, "validate", "--adapter", "caddyfile", "--config", str(config)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


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
