"""`feedsvc run` and `feedsvc serve` as real processes: what is seen of them and their readers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, write

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
[server]
listen = "127.0.0.1:0"
access_log = "var/access.log"
admin_token = { env = "TOKEN_OF_THE_TEST" }
[[source]]
name = "desk"
path = "articles"
[[feed]]
name = "all"
[[feed]]
name = "premium"
private = true
"""
TOKEN = "a-token-of-some-length"


class Service(Daemon):
    """A running command with a server, and what it said."""

    def __init__(self, root: Path, *command: str) -> None:
        (root / "said.txt").unlink(missing_ok=True)
        super().__init__(root, "-m", "feedsvc", *command)
        self.start(TOKEN_OF_THE_TEST=TOKEN)
        self.hears("serving")
        found = re.search(r"http://\S+:\d+", self.said)
        assert found is not None
        self.address = found[0]

    def ask(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"{self.address}{path}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def is_ready(self) -> bool:
        return self.ask("/health/ready")[0] == 200


@pytest.fixture
def newsroom(tmp_path: Path) -> Path:
    (tmp_path / "feedsvc.toml").write_text(CONFIG)
    write(tmp_path / "articles/first.txt", "First")
    return tmp_path


@pytest.fixture
def start(newsroom: Path) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def begin(*command: str) -> Service:
        started.append(Service(newsroom, *command))
        return started[-1]

    yield begin
    for service in started:
        service.kill()


def shown(root: Path, feed: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "feedsvc", "feed", "show", feed, "--json"]
    env = {**os.environ, "TOKEN_OF_THE_TEST": TOKEN}
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, env=env)
    found: dict[str, Any] = json.loads(done.stdout)["feed"]
    return found


def poll(service: Service) -> None:
    """One reader of each kind."""
    assert service.ask("/all/atom.xml", User_Agent="Feedly/1.0 (42 subscribers)")[0] == 200
    assert service.ask("/all/rss.xml", User_Agent="newsboat/2.38")[0] == 200
    (key,) = (path.name for path in (service.root / "public/premium").iterdir() if path.is_dir())
    assert service.ask(f"/premium/{key}/atom.xml", User_Agent="newsboat/2.38")[0] == 200
    time.sleep(1.5)  # they are counted at the next beat


def test_what_is_seen_of_a_daemon(start: Callable[..., Service]) -> None:
    service = start("run")
    service.wait_for(service.is_ready)
    poll(service)

    status, text = service.ask("/metrics", Authorization=f"Bearer {TOKEN}", Via="1.1 proxy")

    assert status == 200
    for line in (
        "feedsvc_up 1.0",
        'feedsvc_server_answers_total{kind="rss",status="200"} 1.0',
        'feedsvc_articles{state="published"} 1.0',
        'feedsvc_sources{state="ok"} 1.0',
        'feedsvc_article_changes_total{change="new"} 1.0',
        "feedsvc_feeds 2.0",
    ):
        assert line in text.decode().splitlines()
    ticks = re.search(r"feedsvc_tick_seconds_count (\S+)", text.decode())
    assert ticks is not None
    assert float(ticks[1]) >= 1
    assert service.ask("/metrics", Via="1.1 proxy")[0] == 404
    assert service.ask("/metrics", Authorization="Bearer something-else-of-length")[0] == 401
    assert b"reasons" not in service.ask("/health/ready", Via="1.1 proxy")[1]
    assert TOKEN not in service.said
    # It is in no command line, which everybody on the machine may read.
    if Path("/proc/self/cmdline").exists():
        lines = [
            path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_alive(path)
        ]
        assert not any(TOKEN.encode() in line for line in lines)


def _is_alive(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def test_readers_are_counted_once_over_a_restart(
    start: Callable[..., Service], newsroom: Path
) -> None:
    for _ in range(2):
        service = start("run")
        service.wait_for(service.is_ready)
        poll(service)
        assert service.end() == 0

    found = shown(newsroom, "all")
    assert found["readers"] == 43
    assert found["audience"] == {
        "days": 0, "services": {"Feedly": 42}, "others": 1, "requests": 4, "not_modified": 0,
    }  # fmt: skip
    assert shown(newsroom, "premium")["readers"] == 1
    log = (newsroom / "var/access.log").read_text()
    (key,) = (path.name for path in (newsroom / "public/premium").iterdir() if path.is_dir())
    assert f"/premium/{key[:4]}.../atom.xml" in log
    assert key[4:] not in log
    assert "127.0.0.1" not in log


def test_a_server_alone_counts_readers_where_there_is_a_store(
    start: Callable[..., Service], newsroom: Path
) -> None:
    daemon = start("run")
    daemon.wait_for(daemon.is_ready)
    daemon.end()
    server = start("serve")
    assert server.is_ready()
    poll(server)
    status, text = server.ask("/metrics")

    assert server.end() == 0
    assert status == 200
    assert "feedsvc_up 0.0" in text.decode().splitlines()
    assert b"feedsvc_articles" not in text
    assert shown(newsroom, "all")["readers"] == 43


def test_a_server_alone_makes_no_store(start: Callable[..., Service], newsroom: Path) -> None:
    (newsroom / "public" / "all").mkdir(parents=True)
    (newsroom / "public" / "all" / "atom.xml").write_bytes(b"<feed/>")
    server = start("serve")
    assert not server.is_ready()
    for _ in range(2):
        assert server.ask("/all/atom.xml")[0] == 200
        time.sleep(1.2)

    assert server.end() == 0
    assert not [*newsroom.rglob("*.db")]
    assert len(server.said.splitlines()) == 1


def test_a_configuration_that_is_refused_is_seen(
    start: Callable[..., Service], newsroom: Path
) -> None:
    service = start("run")
    service.wait_for(service.is_ready)
    (newsroom / "feedsvc.toml").write_text("[site\n")
    service.tell(signal.SIGHUP)

    def refused() -> bool:
        _, text = service.ask("/metrics")
        lines = text.decode().splitlines()
        return "feedsvc_config_last_reload_ok 0.0" in lines

    service.wait_for(refused)
    assert service.is_ready()
