"""`feedsvc run` and its configuration: read again when asked to or when the file changes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from feedsvc import config
from feedsvc.app import App
from feedsvc.errors import ConfigError
from feedsvc.ports import Desk
from feedsvc.scheduler import Daemon as Scheduler
from feedsvc.settings import Settings
from tests.daemon import PATIENCE, Daemon, write
from tests.support import free_port

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
[server]
listen = "127.0.0.1:0"
[[source]]
name = "desk"
path = "articles"
settle = "0s"
every = "1s"
"""
WIRE = """
[[source]]
name = "wire"
path = "wire"
settle = "0s"
every = "1s"
"""


class Newsroom(Daemon):
    """Two folders with texts, and a configuration that may change."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "-m", "feedsvc", "run")
        self.configure(CONFIG)
        (root / "wire").mkdir()
        self.write("articles/first.txt", "First")

    def write(self, path: str, title: str) -> None:
        write(self.root / path, title, settled=False)

    def configure(self, text: str) -> None:
        half = self.root / "feedsvc.toml.new"
        half.write_text(text)
        half.replace(self.root / "feedsvc.toml")

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.run("--json", *arguments)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Newsroom]:
    made = Newsroom(tmp_path)
    yield made
    made.kill()


def test_a_changed_file_is_taken_over_and_everything_built_anew(daemon: Newsroom) -> None:
    daemon.start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.published())

    daemon.configure(CONFIG.replace("Harbour News", "Hafenblatt") + WIRE)
    daemon.write("wire/second.txt", "Second")

    daemon.wait_for(lambda: "Second" in daemon.published())
    daemon.wait_for(lambda: "Hafenblatt" in daemon.published())
    assert "the configuration was read again" in daemon.said


def test_sighup_reads_it_again_though_nothing_changed(daemon: Newsroom) -> None:
    daemon.start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.published())

    daemon.tell(signal.SIGHUP)

    daemon.hears("the configuration was read again")
    daemon.write("articles/second.txt", "Second")
    daemon.wait_for(lambda: "Second" in daemon.published())
    assert daemon.end() == 0


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(CONFIG + "[[source]\n", id="no-toml"),
        pytest.param(CONFIG.replace("every", "evry"), id="a-misspelt-key"),
        pytest.param(CONFIG.replace("name =", 'kind = "fax"\nname ='), id="no-such-kind"),
        pytest.param(CONFIG + '[store]\nurl = "sqlite:///other.db"\n', id="another-store"),
        pytest.param(
            CONFIG + '[ops]\nfeed = true\ntoken = { env = "NOT_SET" }\n',
            id="a-secret-that-is-not-set",
        ),
        pytest.param("", id="empty"),
    ],
)
def test_a_broken_file_is_refused_and_the_old_one_runs_on(daemon: Newsroom, broken: str) -> None:
    daemon.start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.published())

    daemon.configure(broken)
    daemon.tell(signal.SIGHUP)

    daemon.hears("configuration: not taken over: ")
    daemon.write("articles/second.txt", "Second")
    daemon.wait_for(lambda: "Second" in daemon.published())
    daemon.configure(CONFIG.replace("Harbour News", "Hafenblatt"))  # mended
    daemon.hears("configuration: is well again")
    daemon.wait_for(lambda: "Hafenblatt" in daemon.published())
    assert daemon.said.count("not taken over") == 1


def test_without_a_secret_that_a_build_needs_it_does_not_begin(daemon: Newsroom) -> None:
    daemon.configure(CONFIG + '[ops]\nfeed = true\ntoken = { env = "NOT_SET" }\n')

    done = daemon.run("run", "--no-server")

    assert done.returncode == 3
    assert "NOT_SET is not set" in done.stderr


def test_status_and_log_say_why_a_file_was_refused(daemon: Newsroom) -> None:
    daemon.start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.published())
    kept = daemon.root / "as-it-was.toml"
    kept.write_text(CONFIG)

    daemon.configure(CONFIG.replace("every", "evry"))

    daemon.hears("not taken over")
    for command in ("status", "log"):
        by_itself = daemon.run(command)
        assert by_itself.returncode == 3
        assert "no key 'evry'" in by_itself.stdout
        assert "no key 'evry'" in by_itself.stderr
        assert "desk" in by_itself.stdout
    status = daemon.ask("-c", "as-it-was.toml", "status")
    assert "no key 'evry'" in status["daemon"]["refused"]
    assert [p["path"] for p in status["problems"]] == ["feedsvc.toml"]
    log = daemon.ask("-c", "as-it-was.toml", "log", "--level", "error")
    assert "no key 'evry'" in log["entries"][-1]["message"]


def test_what_was_never_thought_of_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    file = tmp_path / "feedsvc.toml"
    file.write_text(CONFIG)
    app = App(config.load(file, cwd=tmp_path, environ={}))
    told: list[str] = []
    app.journal.hear(lambda entry: told.append(entry.message))

    def load() -> Settings:
        os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("a fault of ours")

    async def ask() -> None:
        while True:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.1)

    async def run() -> int | None:
        asking = asyncio.create_task(ask())
        try:
            return await Scheduler(app, load=load).run()
        finally:
            asking.cancel()

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the daemon hears it
    try:
        ended = asyncio.run(run())
    finally:
        signal.signal(signal.SIGHUP, before)
        app.close()

    assert ended == signal.SIGTERM
    assert "not taken over: unexpected: RuntimeError('a fault of ours')" in told


def test_a_source_that_leaves_the_file_is_named(daemon: Newsroom) -> None:
    daemon.configure(CONFIG + WIRE)
    daemon.write("wire/second.txt", "Second")
    daemon.start("--no-server")
    daemon.wait_for(lambda: "Second" in daemon.published())

    daemon.configure(CONFIG)

    daemon.hears("wire: is no longer configured: its articles stay in the store")
    daemon.wait_for(lambda: "Second" not in daemon.published())


def test_a_source_that_is_renamed_keeps_its_articles(daemon: Newsroom) -> None:
    daemon.start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.published())
    entry = daemon.published().partition("<entry>")[2].partition("</entry>")[0]

    daemon.configure(CONFIG.replace('name = "desk"', 'name = "harbour"\nwas = "desk"'))

    daemon.hears("the configuration was read again")
    daemon.write("articles/second.txt", "Second")
    daemon.wait_for(lambda: "Second" in daemon.published())
    assert entry in daemon.published()
    assert "no longer configured" not in daemon.said


def test_a_new_address_is_served_and_the_old_one_is_not(daemon: Newsroom) -> None:
    first, second = free_port(), free_port()
    daemon.configure(CONFIG.replace(":0", f":{first}"))
    daemon.start()
    daemon.wait_for(lambda: answers(first))

    daemon.configure(CONFIG.replace(":0", f":{second}"))

    daemon.wait_for(lambda: answers(second))
    daemon.wait_for(lambda: not answers(first))
    assert daemon.end() == 0


def test_an_address_in_use_is_refused_and_readers_are_still_answered(daemon: Newsroom) -> None:
    first = free_port()
    daemon.configure(CONFIG.replace(":0", f":{first}"))
    daemon.start()
    daemon.wait_for(lambda: answers(first))
    with pytest.MonkeyPatch.context():
        import socket

        taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]

    daemon.configure(CONFIG.replace(":0", f":{port}"))

    daemon.hears("not taken over")
    assert answers(first)
    taken.close()


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def test_a_server_that_could_not_come_back_is_started_by_the_next_reload(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    file = tmp_path / "feedsvc.toml"
    file.write_text(CONFIG)
    starts: list[bool] = []  # whether each was to have a log

    def load() -> Settings:
        return config.load(file, cwd=tmp_path, environ={})

    class Server:
        async def stop(self) -> None:
            """It has nothing to give back."""

    async def serve(settings: Settings, _desk: Desk, _tell: Callable[[str], object]) -> Server:
        starts.append(settings.server.access_log is not None)
        match len(starts):
            case 1:
                file.write_text(CONFIG.replace("[[source]]", 'access_log = "log"\n[[source]]'))
            case 2:
                raise ConfigError("somebody was quicker")
            case 3:
                file.write_text(CONFIG)
                raise ConfigError("somebody was quicker")
            case _:
                os.kill(os.getpid(), signal.SIGTERM)
        return Server()

    app = App(load())
    try:
        ended = asyncio.run(
            asyncio.wait_for(Scheduler(app, load=load, serve=serve).run(), PATIENCE)
        )
    finally:
        app.close()

    assert ended == signal.SIGTERM
    assert starts == [False, True, False, False]
