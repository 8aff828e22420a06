"""`feedsvc sync` of other people's feeds, as a person, a cron line and a script meet it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.feedserver import Answer, FeedServer, Page, moved
from tests.planet import Planet, rss, story
from tests.support import Result, Service, Shell

SITE = """
[site]
title = "Harbour Planet"
base_url = "https://planet.example.org"
id_domain = "planet.example.org"
id_since = "2025-01-01"
[sync]
allow_networks = ["127.0.0.0/8"]
"""
DESK = '\n[[source]]\nname = "desk"\npath = "articles"\n'
LOGIN = b"<!doctype html><html><head><title>Log in</title></head><body><form></form></body></html>"


class Newsroom:
    """The command line beside a server; `configure` names sources by their paths there."""

    def __init__(self, shell: Shell, server: FeedServer) -> None:
        self.shell = shell
        self.server = server
        self.run = shell.run
        self.write = shell.write

    def configure(self, *names: str, more: str = "", site: str = SITE) -> None:
        told = (
            f'\n[[source]]\nname = "{name}"\nurl = "{self.server.url(f"/{name}")}"\n'
            for name in names
        )
        self.shell.configure(site + "".join(told) + more)

    def put(self, name: str, *numbers: int) -> None:
        stories = (
            story(
                n, title=f"{name} {n}", guid=f"{name}-{n}", link=f"https://{name}.example.org/{n}"
            )
            for n in numbers
        )
        self.server[f"/{name}"] = Page(body=rss(*stories))

    def opml(self, path: str, *names: str) -> str:
        """Serve an OPML file that lists these; returns the lines of its source."""
        lines = (f'<outline type="rss" xmlUrl="{self.server.url(f"/{n}")}"/>' for n in names)
        self.server[path] = Page(
            body=f'<opml version="2.0"><body>{"".join(lines)}</body></opml>'.encode()
        )
        return f'\n[[source]]\nname = "list"\nkind = "opml"\nurl = "{self.server.url(path)}"\n'

    def sources(self, *options: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """The sources of a sync's JSON, by name."""
        done = self.run("sync", "--json", *options)
        assert done.code == code, done.err
        return {one["name"]: one for one in done.json["sources"]}

    def titles(self) -> list[str]:
        page = (self.shell.root / "public/all/rss.xml").read_text()
        return sorted(re.findall(r"<item>.*?<title>(.*?)</title>", page, re.DOTALL))

    def asked(self, name: str) -> int:
        return len(self.server.asked(f"/{name}"))


@pytest.fixture
def newsroom(empty: Shell, feed_server: FeedServer) -> Newsroom:
    found = Newsroom(empty, feed_server)
    for name in ("ferry", "quay"):
        found.put(name, 1, 2)
    return found


def feedsvc(root: Path, *arguments: str, before: tuple[str, ...] = ()) -> Result:
    """The command as a process of its own."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "feedsvc", *arguments],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


class TestWhatIsTold:
    def test_every_field_of_the_contract(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", "missing")

        done = newsroom.run("sync", "--json")

        ferry, missing = done.json["sources"]
        assert done.json["schema"] == "feedsvc.sync/1"
        assert list(ferry) == [
            "name", "outcome", "new", "changed", "withdrawn", "status", "reason", "seconds",
        ]  # fmt: skip
        assert (ferry["outcome"], ferry["new"], ferry["status"]) == ("ok", 2, 200)
        assert (missing["outcome"], missing["status"]) == ("failed", 404)
        assert missing["reason"] == "answered 404 (there is no such document)"
        totals = done.json["totals"]
        assert {name: totals[name] for name in ("ok", "failed", "new", "sources")} == {
            "ok": 1, "failed": 1, "new": 2, "sources": 2,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            pytest.param(Answer(status=401), "wants a password", id="behind-a-password"),
            pytest.param(moved("/login", 302), "is an HTML page, not a feed", id="a-login-page"),
            pytest.param(Answer(status=500), "answered 500", id="out-of-order"),
            pytest.param(Answer(), "empty", id="nothing-at-all"),
        ],
    )
    def test_one_that_fails_is_exit_code_4_and_the_others_are_done(
        self, newsroom: Newsroom, answer: Answer, reason: str
    ) -> None:
        newsroom.server["/wrong"] = answer
        newsroom.server["/login"] = Answer(body=LOGIN, headers={"Content-Type": "text/html"})
        newsroom.write("text.txt", "Text\n2025-01-01\n\nOurs.\n")
        newsroom.configure("ferry", "wrong", "quay", more=DESK)

        done = newsroom.run("sync")

        assert done.code == 4
        assert newsroom.titles() == ["Text", "ferry 1", "ferry 2", "quay 1", "quay 2"]
        told = [line for line in done.err.splitlines() if line.startswith("feedsvc: ")]
        assert len(told) == 1
        assert told[0].startswith("feedsvc: wrong: ")
        assert reason in told[0]
        assert "ferry: ok (2 new)" in done.out.splitlines()
        assert "wrong: failed" in done.out.splitlines()

    def test_of_a_few_sources_each_has_its_line(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", "quay")
        newsroom.run("sync")
        newsroom.put("ferry", 1, 2, 3)

        done = newsroom.run("sync", "--force")

        assert done.out.splitlines() == ["ferry: ok (1 new)", "quay: unchanged"]

    def test_of_many_only_those_with_news_and_a_total(self, newsroom: Newsroom) -> None:
        names = [f"n{number:02}" for number in range(25)]
        for name in names:
            newsroom.put(name, 1)
        newsroom.configure(*names, "broken")
        newsroom.run("source", "pause", "n09")
        newsroom.run("sync")
        newsroom.put("n07", 1, 2, 3)

        done = newsroom.run("sync", "--force")
        everything = newsroom.run("sync", "--force", "-v")

        assert done.out.splitlines() == [
            "n07: ok (2 new)",
            "broken: failed",
            "26 sources: 1 ok, 23 unchanged, 1 failed, 1 skipped; 2 new",
        ]
        assert len(everything.out.splitlines()) == 26
        assert len(newsroom.run("sync", "--json").json["sources"]) == 26


class TestOptions:
    def test_what_is_not_due_is_asked_by_force_alone(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry")
        newsroom.run("sync")

        skipped = newsroom.sources()["ferry"]
        forced = newsroom.sources("--force")["ferry"]

        assert skipped["outcome"] == "skipped"
        assert skipped["reason"].startswith("not due before ")
        assert (forced["outcome"], forced["status"]) == ("unchanged", 304)
        assert newsroom.asked("ferry") == 2

    def test_what_waits_after_a_failure_says_why(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", "broken")
        newsroom.run("sync")

        skipped = newsroom.sources()

        assert "; failing: " in skipped["broken"]["reason"]
        assert "failing" not in skipped["ferry"]["reason"]

    def test_nobody_is_asked_while_nothing_can_be_built(self, newsroom: Newsroom) -> None:
        token = '[ops]\nfeed = true\ntoken = { env = "NOBODY_SETS_THIS" }\n'
        newsroom.configure("ferry", site=SITE + token)

        done = newsroom.run("sync")

        assert done.code == 3
        assert "the environment variable NOBODY_SETS_THIS is not set" in done.err
        assert newsroom.asked("ferry") == 0

    def test_a_dry_run_writes_nothing_and_tells_nobody(self, newsroom: Newsroom) -> None:
        newsroom.server["/hook"] = Answer(status=204)
        hook = f'[ops]\nwebhook = "{newsroom.server.url("/hook")}"\n'
        newsroom.configure("ferry", "broken", site=SITE + hook)

        told = newsroom.sources("--dry-run", code=4)

        assert told["ferry"]["new"] == 2
        assert not (newsroom.shell.root / "public").exists()
        assert not list(newsroom.shell.root.rglob("feedsvc.db"))
        assert newsroom.server.asked("/hook") == []
        assert newsroom.run("sync").code == 4
        assert len(newsroom.server.asked("/hook")) == 1

    def test_one_feed_of_an_opml_file_may_be_named(self, newsroom: Newsroom) -> None:
        newsroom.configure(more=newsroom.opml("/list.opml", "ferry", "quay"))
        first = newsroom.sources()
        (name,) = (name for name in first if name.endswith("ferry"))
        newsroom.put("ferry", 1, 2, 3)

        told = newsroom.sources("--force", "--source", name)

        assert {name: one["new"] for name, one in told.items()} == {name: 1}
        assert newsroom.asked("list.opml") == 1
        assert newsroom.asked("quay") == 1

    def test_a_feed_that_no_opml_file_lists_is_exit_code_7(self, newsroom: Newsroom) -> None:
        newsroom.configure(more=newsroom.opml("/list.opml", "ferry"))
        newsroom.run("sync")

        done = newsroom.run("sync", "--source", "nobody")

        assert done.code == 7
        assert "no source 'nobody'" in done.err


class TestOffline:
    def test_only_what_needs_no_network_is_done(self, newsroom: Newsroom) -> None:
        newsroom.write("text.txt", "Text\n2025-01-01\n\nOurs.\n")
        newsroom.configure("ferry", "quay", more=DESK)

        done = newsroom.run("sync", "--offline", "--json")

        told = {one["name"]: (one["outcome"], one["reason"]) for one in done.json["sources"]}
        assert told == {
            "ferry": ("skipped", "--offline forbids to ask it"),
            "quay": ("skipped", "--offline forbids to ask it"),
            "desk": ("ok", None),
        }
        assert done.code == 8
        said = "feedsvc: no network: --offline forbids to ask 2 remote sources that are due"
        assert said in done.err.splitlines()
        assert newsroom.titles() == ["Text"]
        assert newsroom.server.log == []

    def test_who_has_nothing_to_ask_misses_no_network(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", more=DESK)
        newsroom.write("text.txt", "Text\n2025-01-01\n\nOurs.\n")
        newsroom.run("sync")

        assert newsroom.run("sync", "--offline").code == 0
        assert newsroom.run("sync", "--offline", "--force", "--source", "desk").code == 0
        assert newsroom.run("sync", "--offline", "--force").code == 8
        assert newsroom.asked("ferry") == 1

    def test_an_opml_file_on_the_disk_is_read(self, newsroom: Newsroom) -> None:
        listed = newsroom.server.url("/ferry")
        (newsroom.shell.root / "list.opml").write_text(
            f'<opml version="2.0"><body><outline type="rss" xmlUrl="{listed}"/></body></opml>'
        )
        newsroom.configure(more='\n[[source]]\nname = "list"\nkind = "opml"\npath = "list.opml"\n')

        told = newsroom.sources("--offline", code=8)

        assert sorted(one["outcome"] for one in told.values()) == ["ok", "skipped"]
        assert newsroom.server.log == []


class TestNoNetwork:
    @pytest.fixture
    def cut_off(self, newsroom: Newsroom) -> Callable[..., Result]:
        """The command where there is no network at all."""
        before = ("unshare", "-n")
        probe = [*before, "true"]
        try:
            subprocess.run(probe, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a process without a network takes Linux and root")
        remote = (
            f'\n[[source]]\nname = "{name}"\nurl = "https://{name}.example.org/feed"\n'
            for name in ("ferry", "quay")
        )
        newsroom.shell.configure(SITE + "".join(remote) + DESK)
        newsroom.write("text.txt", "Text\n2025-01-01\n\nOurs.\n")
        return lambda *arguments: feedsvc(newsroom.shell.root, *arguments, before=before)

    def test_is_exit_code_8_and_one_line(
        self, newsroom: Newsroom, cut_off: Callable[..., Result]
    ) -> None:
        done = cut_off("sync")

        assert done.code == 8
        assert done.err.splitlines() == [
            "feedsvc: no network: none of 2 remote sources could be reached"
        ]
        assert done.out.splitlines() == ["desk: ok (1 new)"]
        assert newsroom.titles() == ["Text"]

    def test_is_a_whole_document_for_scripts(self, cut_off: Callable[..., Result]) -> None:
        done = cut_off("sync", "--json")

        assert done.code == 8
        assert len(done.err.splitlines()) == 1
        assert [one["outcome"] for one in done.json["sources"]] == ["failed", "failed", "ok"]
        assert all(one["reason"] for one in done.json["sources"][:2])

    def test_is_no_fault_of_the_sources(
        self, newsroom: Newsroom, cut_off: Callable[..., Result]
    ) -> None:
        cut_off("sync")

        found = newsroom.run("status", "--json").json["sources"]

        assert [(one["state"], one["failures"]) for one in found] == [("ok", 0)] * 3


class TestProgress:
    def on_terminal(self, root: Path, *arguments: str) -> tuple[str, str]:
        """The results, and what a terminal on stderr was sent."""
        ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
        process = subprocess.Popen(
            [sys.executable, "-m", "feedsvc", "sync", *arguments],
            cwd=root, stdout=subprocess.PIPE, stderr=theirs, env=environ, text=True,
        )  # fmt: skip
        os.close(theirs)
        screen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says EIO where others say that it is the end
                break
            if not piece:
                break
            screen += piece
        os.close(ours)
        out, _ = process.communicate()
        return out, screen.decode()

    def test_a_bar_on_a_terminal_is_gone_at_the_end(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", "quay")

        out, screen = self.on_terminal(newsroom.shell.root)

        assert out.splitlines() == ["ferry: ok (2 new)", "quay: ok (2 new)"]
        assert "2/2" in screen
        shown, _, after = screen.rpartition("\x1b[2K")  # the line of the bar is wiped
        assert "feeds" in shown
        assert "2/2" not in after

    @pytest.mark.parametrize("option", ["--no-progress", "--json", "--quiet"])
    def test_none_for_who_wants_none(self, newsroom: Newsroom, option: str) -> None:
        newsroom.configure("ferry", "quay")

        _, screen = self.on_terminal(newsroom.shell.root, option)

        assert "\x1b" not in screen


class TestAnotherConfiguration:
    def test_a_renamed_source_is_the_one_it_was(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry")
        newsroom.run("sync")
        before = newsroom.run("article", "list", "--json").json["articles"]
        url = newsroom.server.url("/ferry")
        newsroom.shell.configure(
            f'{SITE}\n[[source]]\nname = "boats"\nwas = "ferry"\nurl = "{url}"\n'
        )

        told = newsroom.sources()

        after = newsroom.run("article", "list", "--json").json["articles"]
        assert told["boats"]["outcome"] == "skipped"  # not due: it is no new one
        assert [one["id"] for one in after] == [one["id"] for one in before]
        assert {one["source"] for one in after} == {"boats"}

    def test_one_that_went_and_came_back_has_its_articles_again(self, newsroom: Newsroom) -> None:
        newsroom.configure("ferry", "quay")
        newsroom.run("sync")
        before = newsroom.run("article", "list", "--source", "ferry", "--json").json["articles"]
        newsroom.configure("quay")
        newsroom.run("sync")
        without = newsroom.titles()
        newsroom.put("ferry", 2, 3)
        newsroom.configure("ferry", "quay")

        told = newsroom.sources()["ferry"]

        after = newsroom.run("article", "list", "--source", "ferry", "--json").json["articles"]
        assert without == ["quay 1", "quay 2"]
        assert (told["outcome"], told["new"]) == ("ok", 1)
        assert {one["id"] for one in before} < {one["id"] for one in after}
        assert newsroom.titles() == ["ferry 1", "ferry 2", "ferry 3", "quay 1", "quay 2"]

    def test_two_sources_with_one_address_publish_each_entry_once(self, newsroom: Newsroom) -> None:
        url = newsroom.server.url("/ferry")
        newsroom.configure("ferry", more=f'\n[[source]]\nname = "again"\nurl = "{url}"\n')

        assert newsroom.run("sync").code == 0

        assert newsroom.titles() == ["ferry 1", "ferry 2"]


@pytest.fixture
def planet(service: Service, feed_server: FeedServer) -> Planet:
    feed_server.clock = service.clock.now
    found = Planet(service, feed_server)
    found.configure()
    return found


def test_a_clock_that_goes_back_asks_nobody_early_and_takes_nothing_back(planet: Planet) -> None:
    planet.put(story(1), story(2))
    planet.run(build=True)
    before = {one.guid: (one.published, one.updated) for one in planet.articles()}
    planet.put(story(1), story(2, text="<p>Other words.</p>"), story(3))
    planet.service.clock.tick(days=-2)

    early = planet.run(force=False).sources[0]
    forced = planet.run(build=True).sources[0]
    planet.service.clock.tick(days=3)
    later = planet.run(force=False).sources[0]

    assert early.outcome == "skipped"
    assert (forced.new, forced.changed) == (1, 1)
    assert later.outcome == "unchanged"
    after = {one.guid: (one.published, one.updated) for one in planet.articles()}
    assert all(after[guid] >= times for guid, times in before.items())
    assert all(published <= updated for published, updated in after.values())
