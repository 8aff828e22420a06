"""Pings to the hubs of others: noted with the publication, told until they are heard."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from feedsvc.errors import StoreError
from feedsvc.model import Word
from feedsvc.ports import FeedRow
from tests.feedserver import Answer, FeedServer, InTurn, Raw, Request
from tests.support import Service, Shell
from tests.websub.conftest import SITE, Newsroom, values

ATOM, RSS, JSON = (f"{SITE}/all/{name}" for name in ("atom.xml", "rss.xml", "feed.json"))


@pytest.fixture
def publisher(newsroom: Newsroom) -> Newsroom:
    newsroom.server["/hub"] = Answer(status=204)
    newsroom.configure(f'hubs = ["{newsroom.server.url("/hub")}"]')
    return newsroom


def pings(newsroom: Newsroom, path: str = "/hub") -> list[dict[str, str]]:
    return [values(request.body) for request in newsroom.server.asked(path)]


class TestPing:
    def test_each_document_that_changed_is_told_of(self, publisher: Newsroom) -> None:
        publisher.write("First")
        publisher.errands()

        told = pings(publisher)
        assert {ping["url"] for ping in told} == {ATOM, RSS, JSON}
        assert all(ping == {"mode": "publish", "url": ping["topic"]} | ping for ping in told)
        asked = publisher.server.asked("/hub")[0]
        assert (asked.method, asked.headers["content-type"]) == (
            "POST", "application/x-www-form-urlencoded",
        )  # fmt: skip
        assert publisher.outbox() == []

    def test_nothing_is_told_of_what_did_not_change(self, publisher: Newsroom) -> None:
        publisher.write("First")
        publisher.errands()
        publisher.server.forget()

        publisher.service.sync(force=True)
        publisher.service.regenerate(everything=True)
        publisher.errands()

        assert publisher.server.log == []

    def test_a_word_that_comes_while_it_waits_is_the_same_word(self, publisher: Newsroom) -> None:
        for name in ("First", "Second", "Third"):
            publisher.write(name)
        waiting = publisher.outbox()
        publisher.errands()

        assert waiting == [("ping", topic, 0, 3) for topic in (ATOM, JSON, RSS)]
        assert len(pings(publisher)) == 3

    def test_a_word_that_comes_while_it_is_told_is_told_again(self, publisher: Newsroom) -> None:
        publisher.write("First")

        def hub(request: Request) -> Answer:
            if len(publisher.server.asked("/hub")) == 1:  # this one
                store = publisher.service.app.store
                row = store.feed("all")
                topic = values(request.body)["url"]
                waiting = store.outbox_take(publisher.service.clock.now(), again=False, limit=9)
                word = next(one.word for one in waiting if one.word.topic == topic)
                store.settle_feed(row, read=row, members=None, lines=(), tell=[word])
            return Answer(status=204)

        publisher.server["/hub"] = hub
        publisher.errands()

        assert len(pings(publisher)) == 4
        assert publisher.outbox() == []

    def test_several_hubs_are_told_each_for_itself(self, publisher: Newsroom) -> None:
        server = publisher.server
        server["/dead"], server["/slow"] = Raw([], reset=True), Raw([30.0])
        urls = [server.url(path) for path in ("/dead", "/slow", "/hub")]
        publisher.configure(f"hubs = {json.dumps(urls)}")
        publisher.write("First")
        publisher.errands()

        assert len(pings(publisher)) == 3
        assert {(kind, tries) for kind, _, tries, _ in publisher.outbox()} == {("ping", 1)}
        assert len(publisher.outbox()) == 6

    def test_a_hub_that_moved_says_so(self, publisher: Newsroom) -> None:
        publisher.server["/hub"] = Answer(status=308, headers={"Location": "/hubs/new"})
        publisher.server["/hubs/new"] = Answer(status=202)
        publisher.write("First")
        publisher.errands()

        assert {values(asked.body)["url"] for asked in publisher.server.asked("/hubs/new")} == {
            ATOM, RSS, JSON
        }  # fmt: skip
        assert publisher.outbox() == []

    def test_one_that_names_another_page_is_told_to_the_operator(self, publisher: Newsroom) -> None:
        publisher.server["/hub"] = Answer(status=301, headers={"Location": "/about"})
        publisher.write("First")
        publisher.errands()

        reasons = publisher.rows("SELECT DISTINCT reason FROM outbox")
        assert reasons == [("it answered 301 and names /about",)]

    def test_a_private_hub_is_not_asked(self, publisher: Newsroom) -> None:
        publisher.configure('hubs = ["http://10.0.0.1/hub"]')
        publisher.write("First")

        publisher.errands()

        assert len(publisher.outbox()) == 3

    def test_a_hub_that_is_no_longer_configured_is_not_told(self, publisher: Newsroom) -> None:
        publisher.write("First")
        publisher.configure("hub = true")
        publisher.errands()

        assert publisher.server.asked("/hub") == []
        assert publisher.outbox() == []

    def test_a_private_feed_is_told_to_nobody(self, publisher: Newsroom) -> None:
        hub = publisher.server.url("/hub")
        publisher.configure(f'hubs = ["{hub}"]', feeds='[[feed]]\nname = "in"\nprivate = true\n')
        publisher.write("First")

        assert publisher.outbox() == []


class TestTrouble:
    def test_the_pauses_grow_and_it_is_told_in_the_end(self, publisher: Newsroom) -> None:
        publisher.configure(
            f'hubs = ["{publisher.server.url("/hub")}"]',
            feeds='[[feed]]\nname = "all"\nformats = ["atom"]\n',
        )
        publisher.server["/hub"] = InTurn(*[Answer(status=503)] * 5, Answer(status=202))
        publisher.write("First")
        clock = publisher.service.clock
        began, at = clock.now(), []
        for _ in range(600):
            before = len(publisher.server.log)
            publisher.errands()
            at += [clock.now() - began] * (len(publisher.server.log) - before)
            clock.tick(seconds=1)

        gaps = [later - earlier for earlier, later in pairwise(at)]
        assert len(at) == 6
        assert gaps == sorted(gaps)
        assert gaps[0] == timedelta(seconds=1)
        assert gaps[-1] > timedelta(seconds=60)
        assert publisher.outbox() == []

    def test_it_waits_as_long_as_the_hub_asks(self, publisher: Newsroom) -> None:
        wait = Answer(status=429, headers={"Retry-After": "600"})
        publisher.server["/hub"] = wait
        publisher.write("First")
        publisher.errands()
        for _ in range(9):
            publisher.service.clock.tick(minutes=1)
            publisher.errands()

        assert len(pings(publisher)) == 3

    def test_news_do_not_make_a_dead_hub_asked_more_often(self, publisher: Newsroom) -> None:
        publisher.server["/hub"] = Answer(status=500)
        for number in range(30):
            publisher.write(f"Story {number}")
            publisher.errands()
            publisher.service.clock.tick(seconds=2)

        assert len(pings(publisher)) <= 3 * 6

    def test_what_cannot_be_noted_is_not_told_over_and_over(self, publisher: Newsroom) -> None:
        publisher.write("First")
        with closing(sqlite3.connect(publisher.service.root / "var/feedsvc.db")) as database:
            database.execute(
                "CREATE TRIGGER full BEFORE DELETE ON outbox "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        told = publisher.errands()
        for _ in range(5):
            publisher.service.clock.tick(seconds=1)
            publisher.errands()
        with closing(sqlite3.connect(publisher.service.root / "var/feedsvc.db")) as database:
            database.execute("DROP TRIGGER full")
        before = len(pings(publisher))
        publisher.service.clock.tick(minutes=1)
        publisher.errands()

        assert "make room" in told[0]
        assert before <= 3
        assert publisher.outbox() == []

    def test_two_processes_do_not_both_tell(self, publisher: Newsroom) -> None:
        publisher.write("First")
        with publisher.service.app.store.lock("outbox"):
            publisher.errands()
        while_another_does = len(pings(publisher))
        publisher.errands()

        assert (while_another_does, len(pings(publisher))) == (0, 3)

    def test_after_days_it_is_given_up_said_and_begun_anew_with_news(
        self, publisher: Newsroom
    ) -> None:
        publisher.server["/hub"] = Answer(status=500)
        publisher.write("First")
        for _ in range(40):
            publisher.errands()
            publisher.service.clock.tick(hours=6, minutes=40)
        before = len(pings(publisher))
        publisher.service.clock.tick(days=30)
        publisher.errands()

        problems = publisher.service.app.store.outbox_problems()
        assert len(pings(publisher)) == before < 3 * 15
        assert [problem.path for problem in problems] == [publisher.server.url("/hub")] * 3
        assert all("500" in p.reason and "given up" in p.reason for p in problems)

        publisher.server["/hub"] = Answer(status=204)
        publisher.write("Second")
        publisher.errands()
        assert publisher.outbox() == []
        assert publisher.service.app.store.outbox_problems() == ()


CONFIG = """
[site]
base_url = "https://news.example.org"
[sync]
allow_networks = ["127.0.0.0/8"]
timeout = "5m"  # on a busy machine nobody gives up, which would put the next try off
[websub]
hubs = ["{hub}"]
[[source]]
name = "desk"
path = "articles"
[[feed]]
name = "all"
formats = ["atom"]
"""


@pytest.fixture
def shell(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    feed_server: FeedServer,
) -> Shell:
    monkeypatch.chdir(tmp_path)
    found = Shell(tmp_path, capsys)
    found.configure(CONFIG.format(hub=feed_server.url("/hub")))
    found.write("first.txt", "First\n2025-01-01\n\nText.\n")
    return found


class TestCommands:
    def test_sync_by_cron_tells_hubs(self, shell: Shell, feed_server: FeedServer) -> None:
        feed_server["/hub"] = Answer(status=204)

        assert shell.run("-q", "sync").code == 0

        assert len(feed_server.asked("/hub")) == 1

    def test_offline_nobody_is_told_until_there_is_a_network(
        self, shell: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/hub"] = Answer(status=204)
        shell.run("-q", "--offline", "sync")
        assert feed_server.log == []

        shell.run("-q", "sync")

        assert len(feed_server.asked("/hub")) == 1

    def test_status_tells_of_a_hub_that_does_not_hear(
        self, shell: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/hub"] = Answer(status=500)
        deadline = time.monotonic() + 60
        while len(feed_server.asked("/hub")) < 3 and time.monotonic() < deadline:
            shell.run("-q", "sync")
            time.sleep(0.2)

        problems = shell.run("status", "--json").json["problems"]

        assert [(p["source"], p["path"]) for p in problems] == [("websub", feed_server.url("/hub"))]
        assert "500" in problems[0]["reason"]

    def test_kill_9_between_the_build_and_the_ping_loses_none(
        self, shell: Shell, feed_server: FeedServer, tmp_path: Path
    ) -> None:
        feed_server["/hub"] = Raw([300.0])  # it hangs: the process is killed while it tells
        process = subprocess.Popen(
            [sys.executable, "-m", "feedsvc", "-q", "sync"],
            cwd=tmp_path, env={**os.environ}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_for(lambda: feed_server.asked("/hub"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        feed_server["/hub"] = Answer(status=204)

        assert shell.run("-q", "sync").code == 0

        assert [values(request.body)["url"] for request in feed_server.asked("/hub")] == [ATOM] * 2
        assert shell.run("status", "--json").json["problems"] == []


def test_the_words_of_a_build_that_was_not_written_are_not_said(
    make_service: Callable[..., Service],
) -> None:
    service = make_service()
    service.sync()
    store = service.app.store
    row = store.feed("all")

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.settle_feed(
            FeedRow(name="all", guid=row.guid, built=row.built),
            read=row,
            members=(999_999, 999_999),
            lines=(),
            tell=[Word("ping", "https://hub.example.org/", ATOM)],
        )

    assert store.outbox_take(service.clock.now(), again=False, limit=9) == ()


def _wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)
