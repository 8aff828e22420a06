"""Publisher -> built-in hub -> subscriber, a second feedsvc, with real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feedsvc.app import App
from feedsvc.config import load
from feedsvc.ports import Call
from feedsvc.sync import Options
from tests.feedserver import Asked, Site
from tests.support import FrozenClock, free_port

PATIENCE = 60.0  # seconds until a test gives up; nothing here waits that long when all is well

# -- in one process --------------------------------------------------------------------------------


@dataclass
class House:
    """A service and its server, in the event loop of the test."""

    root: Path
    clock: FrozenClock
    app: App | None = None

    async def answer(self, asked: Asked) -> None:
        """What its server answers: files, and at the desk."""
        assert self.app is not None
        parts = urlsplit(asked.target)
        if parts.path.startswith("/_websub/"):
            desk = self.app.desk
            assert desk is not None
            call = Call(asked.method, parts.path, parts.query, asked.headers, asked.body)
            status, headers, body = await desk(call)
        else:
            file = self.root / "public" / parts.path.lstrip("/")
            status, headers = (200, ()) if file.is_file() else (404, ())
            body = file.read_bytes() if file.is_file() else b""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 {status} x\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        await asked.send(head.encode() + body)

    def configure(self, base: str, text: str) -> None:
        self.root.mkdir(exist_ok=True)
        site = f'[site]\nbase_url = "{base}"\n[sync]\nallow_networks = ["127.0.0.0/8"]\n'
        (self.root / "feedsvc.toml").write_text(site + text)
        self.app = App(load(self.root / "feedsvc.toml", cwd=self.root, environ={}), self.clock)
        self.app.attend(lambda: None)

    async def step(self, *, force: bool = False) -> None:
        """What its daemon does at a tick."""
        assert self.app is not None
        await self.app.sync(options=Options(), force=force)
        await self.app.run_errands()

    def titles(self) -> set[str]:
        assert self.app is not None
        return {one.title for one in self.app.store.list_articles(now=self.clock.now())}


@asynccontextmanager
async def houses(root: Path, clock: FrozenClock) -> AsyncIterator[tuple[House, House, Site]]:
    """A publisher and a subscriber of it, and the publisher's server."""
    paper, reader = House(root / "paper", clock), House(root / "reader", clock)
    async with (
        Site(paper.answer, host="127.0.0.1") as here,
        Site(reader.answer, host="127.0.0.2") as there,
    ):
        paper.configure(
            here.url("").rstrip("/"),
            '[websub]\nhub = true\n[[source]]\nname = "desk"\npath = "articles"\n',
        )
        reader.configure(
            there.url("").rstrip("/"),
            "[websub]\nsubscribe = true\n"
            f'[[source]]\nname = "paper"\nurl = "{here.url("/all/atom.xml")}"\n',
        )
        (paper.root / "articles").mkdir()
        try:
            yield paper, reader, here
        finally:
            for house in (paper, reader):
                assert house.app is not None
                house.app.close()


def write(house: House, title: str) -> None:
    path = house.root / f"articles/{title}.txt"
    path.write_text(f"{title}\n2025-01-01\n\nText of {title}.\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))


async def begin(paper: House, reader: House) -> None:
    """The reader has found the hub, and is verified."""
    write(paper, "First")
    await paper.step()
    await reader.step()
    reader.clock.tick(seconds=5)
    await reader.step()  # asks
    await paper.step()  # asks back


def test_news_go_round_without_anybody_asking_for_them(tmp_path: Path, clock: FrozenClock) -> None:
    async def round_trip() -> None:
        async with houses(tmp_path, clock) as (paper, reader, server):
            await begin(paper, reader)
            assert reader.app is not None
            (held,) = reader.app.store.subscriptions()
            assert held.state == "active"
            before = len([asked for asked in server.asked if asked.method == "GET"])

            write(paper, "Second")
            await paper.step()

            assert reader.titles() == {"First", "Second"}
            assert len([asked for asked in server.asked if asked.method == "GET"]) == before

    asyncio.run(round_trip())


def test_over_many_days_it_is_renewed_and_hardly_polled(tmp_path: Path, clock: FrozenClock) -> None:
    async def weeks() -> None:
        async with houses(tmp_path, clock) as (paper, reader, server):
            await begin(paper, reader)
            write(paper, "Day 0")
            await paper.step()
            server.asked.clear()
            for day in range(1, 21):
                for _ in range(6):
                    clock.tick(hours=4)
                    await reader.step()
                    await paper.step()
                write(paper, f"Day {day}")
                await paper.step()
                assert f"Day {day}" in reader.titles()

            polls = [asked for asked in server.asked if asked.target == "/all/atom.xml"]
            asks = [asked for asked in server.asked if asked.target == "/_websub/hub"]
            assert len(polls) <= 40
            assert len(asks) == 2

    asyncio.run(weeks())


# -- two daemons -----------------------------------------------------------------------------------


class Daemon:
    """A real `feedsvc run` in a folder of its own."""

    def __init__(self, root: Path, text: str) -> None:
        self.root = root
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        (root / "articles").mkdir(parents=True)
        (root / "feedsvc.toml").write_text(
            f'[site]\nbase_url = "{self.base}"\n[server]\nlisten = "127.0.0.1:{self.port}"\n'
            f'[sync]\nallow_networks = ["127.0.0.0/8"]\n{text}'
        )
        self.log = root / "said.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "feedsvc", "run"], cwd=self.root, stderr=said
            )

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, what: Callable[[], object]) -> None:
        began = time.monotonic()
        while not what():
            assert self.process is None or self.process.poll() is None, f"it ended:\n{self.said}"
            assert time.monotonic() - began < PATIENCE, f"it did not happen:\n{self.said}"
            time.sleep(0.02)

    def drop(self, title: str) -> None:
        path = self.root / f"articles/{title}.txt"
        path.write_text(f"{title}\n2025-01-01\n\nText of {title}.\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))

    def titles(self) -> set[str]:
        file = self.root / "public/all/feed.json"
        if not file.exists():
            return set()
        return {item["title"] for item in json.loads(file.read_bytes())["items"]}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        place = self.root / "var/feedsvc.db"
        if not place.exists():
            return []
        with closing(sqlite3.connect(place, timeout=PATIENCE)) as database:
            return database.execute(query).fetchall()


DESK = '[[source]]\nname = "desk"\npath = "articles"\nsettle = "0s"\nevery = "1s"\n'


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[tuple[Daemon, Daemon]]:
    paper = Daemon(tmp_path / "paper", f"[websub]\nhub = true\n{DESK}")
    source = f'[[source]]\nname = "paper"\nurl = "{paper.base}/all/atom.xml"\nevery = "1h"\n'
    reader = Daemon(tmp_path / "reader", f"[websub]\nsubscribe = true\n{source}")
    yield paper, reader
    paper.kill()
    reader.kill()


def verified(paper: Daemon) -> bool:
    return bool(paper.rows("SELECT 1 FROM subscriber WHERE lease_until IS NOT NULL"))


@pytest.mark.timeout(240)
def test_two_daemons_pass_news_on_and_lose_none_when_killed(
    daemons: tuple[Daemon, Daemon],
) -> None:
    paper, reader = daemons
    paper.drop("First")
    paper.start()
    paper.wait_for(lambda: paper.titles() == {"First"})
    reader.start()
    reader.wait_for(lambda: reader.titles() == {"First"} and verified(paper))

    paper.drop("Second")
    paper.wait_for(lambda: "Second" in paper.titles())
    reader.wait_for(lambda: "Second" in reader.titles())

    # While the subscriber is down news wait for it, also when the publisher is killed.
    reader.kill()
    paper.drop("Third")
    paper.wait_for(lambda: paper.rows("SELECT 1 FROM outbox WHERE tries > 0"))
    paper.kill()
    paper.start()
    reader.start()

    reader.wait_for(lambda: "Third" in reader.titles())
    paper.wait_for(lambda: not paper.rows("SELECT 1 FROM outbox"))

    # Leaving: the hub forgets who is no longer interested.
    command = [sys.executable, "-m", "feedsvc", "source", "pause", "paper"]
    subprocess.run(command, cwd=reader.root, check=True, capture_output=True)
    paper.wait_for(lambda: not paper.rows("SELECT 1 FROM subscriber"))
    assert reader.rows("SELECT * FROM subscription") == []
    assert (reader.end(), paper.end()) == (0, 0)
    assert "Traceback" not in paper.said + reader.said
