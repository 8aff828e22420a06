"""`feedsvc source list|show|pause|resume` and `status`: how each source is, and why."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any, get_args

import pytest

from feedsvc.cli.source.show import _IDENTITIES
from feedsvc.decide.entries import Identity
from tests.feedserver import Answer, FeedServer, moved
from tests.support import Shell

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KEYS = {"name", "kind", "url", "state", "last_ok", "next_due", "failures", "reason"}


def feed(*ids: str) -> bytes:
    listed = "".join(
        f"<item><guid isPermaLink='false'>{one}</guid><title>Nr. {n} vom Hafen</title>"
        f"<link>https://hafen.example/{one}</link>"
        f"<description>Am Kai {n} liegt seit gestern ein neues Schiff.</description></item>"
        for n, one in enumerate(ids)
    )
    return f"<rss version='2.0'><channel><title>Blatt</title>{listed}</channel></rss>".encode()


@pytest.fixture
def newsroom(shell: Shell, feed_server: FeedServer) -> Shell:
    """A folder, `desk`, and a feed, `blatt`."""
    feed_server["/feed"] = feed("a", "b", "c")
    text = (shell.root / "feedsvc.toml").read_text()
    source = f'[[source]]\nname = "blatt"\nurl = "{feed_server.url("/feed")}"\n'
    shell.configure(f'{text}\n[sync]\nallow_networks = ["127.0.0.0/8"]\n\n{source}')
    return shell


def status(shell: Shell, name: str = "blatt") -> dict[str, Any]:
    sources = shell.run("status", "--json").json["sources"]
    found: dict[str, Any] = next(one for one in sources if one["name"] == name)
    return found


def age(shell: Shell, **columns: Any) -> None:
    """Change what is stored of `blatt`, as time would."""
    connection = sqlite3.connect(shell.root / "var/feedsvc.db")
    with connection:
        for column, value in columns.items():
            connection.execute(f"UPDATE source SET {column} = ? WHERE name = 'blatt'", (value,))
    connection.close()


class TestStates:
    def test_one_that_was_never_asked_is_ok(self, newsroom: Shell) -> None:
        assert status(newsroom) == {
            "name": "blatt", "kind": "feed", "url": status(newsroom)["url"], "state": "ok",
            "last_ok": None, "next_due": None, "failures": 0, "reason": None,
        }  # fmt: skip

    def test_after_a_good_visit(self, newsroom: Shell, feed_server: FeedServer) -> None:
        newsroom.run("sync", "-q")

        found = status(newsroom)

        assert (found["state"], found["url"]) == ("ok", feed_server.url("/feed"))
        assert found["title"] == "Blatt"
        assert TIME.fullmatch(found["last_ok"])
        assert TIME.fullmatch(found["next_due"])

    def test_failing_with_the_reason_and_since_when(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed"] = Answer(status=500)
        newsroom.run("sync", "-q")

        found = status(newsroom)

        assert (found["state"], found["failures"]) == ("failing", 1)
        assert "500" in found["reason"]
        assert TIME.fullmatch(found["since"])

    def test_late_once_nobody_asked_it_for_hours(self, newsroom: Shell) -> None:
        newsroom.run("sync", "-q")
        age(newsroom, next_due=1_700_000_000)

        found = status(newsroom)

        assert (found["state"], found["since"]) == ("late", "2023-11-14T22:13:20Z")

    def test_a_folder_without_a_schedule_is_never_late(self, newsroom: Shell) -> None:
        newsroom.run("sync", "-q")
        connection = sqlite3.connect(newsroom.root / "var/feedsvc.db")
        with connection:
            connection.execute("UPDATE source SET next_due = 1700000000")
        connection.close()

        assert status(newsroom, "desk")["state"] == "ok"
        assert status(newsroom, "desk").keys() == KEYS

    def test_quarantined_until_it_is_believed(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        ids = [f"id-{n}" for n in range(12)]
        feed_server["/feed"] = feed(*ids)
        newsroom.run("sync", "-q")
        feed_server["/feed"] = feed(*(f"new-{one}" for one in ids))
        newsroom.run("sync", "-q", "--force")

        held = status(newsroom)
        newsroom.run("source", "resume", "blatt")
        newsroom.run("sync", "-q")

        assert held["state"] == "quarantined"
        assert "feedsvc source resume blatt" in held["reason"]
        assert status(newsroom)["state"] == "ok"

    def test_an_address_it_was_found_at_is_shown_beside_the_configured_one(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed"] = (
            b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head>'
            b"</html>"
        )
        feed_server["/rss"] = feed("a")
        newsroom.run("sync", "-q")

        found = status(newsroom)

        assert found["url"] == feed_server.url("/rss")
        assert found["configured"] == feed_server.url("/feed")

    def test_sources_of_opml_files_are_among_them(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        url = feed_server.url("/feed")
        (newsroom.root / "l.opml").write_text(
            f'<opml><body><outline text="Das Blatt" xmlUrl="{url}"/></body></opml>'
        )
        newsroom.configure(
            '[sync]\nallow_networks = ["127.0.0.0/8"]\n\n'
            '[[source]]\nname = "liste"\nkind = "opml"\npath = "l.opml"\n'
        )
        newsroom.run("sync", "-q")

        listed = newsroom.run("source", "list", "--json").json["sources"]
        shown = newsroom.run("status")

        assert [(one["kind"], one.get("title"), one["parent"]) for one in listed] == [
            ("opml", None, None), ("feed", "Das Blatt", "liste"),
        ]  # fmt: skip
        assert "Das Blatt" in shown.out
        removed = newsroom.run("source", "remove", listed[1]["name"])
        assert removed.code == 2
        assert "stands in an OPML file" in removed.err


class TestPause:
    def test_keeps_a_source_from_being_asked_until_it_is_resumed(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        paused = newsroom.run("source", "pause", "blatt", "--json")
        newsroom.run("sync", "--force", "-q")
        before = len(feed_server.log)
        resumed = newsroom.run("source", "resume", "blatt", "--json")
        newsroom.run("sync", "-q")

        assert (paused.code, resumed.code) == (0, 0)
        assert paused.json["schema"] == "feedsvc.source-pause/1"
        assert paused.json["source"]["state"] == "paused"
        assert TIME.fullmatch(paused.json["source"]["since"])
        assert "resume blatt" in paused.json["source"]["reason"]
        assert resumed.json["source"]["state"] == "ok"
        assert (before, len(feed_server.log)) == (0, 1)

    def test_paused_twice_is_paused_since_the_first_time(self, newsroom: Shell) -> None:
        newsroom.run("source", "pause", "blatt")
        age(newsroom, paused=1_700_000_000)

        again = newsroom.run("source", "pause", "blatt")

        assert again.code == 0
        assert status(newsroom)["since"] == "2023-11-14T22:13:20Z"

    def test_a_folder_can_be_paused_too(self, newsroom: Shell) -> None:
        newsroom.run("source", "pause", "desk")

        done = newsroom.run("sync", "--json")

        outcomes = {one["name"]: one["outcome"] for one in done.json["sources"]}
        assert outcomes["desk"] == "skipped"
        assert status(newsroom, "desk")["state"] == "paused"

    @pytest.mark.parametrize("verb", ["pause", "resume", "show", "remove"])
    def test_an_unknown_source_is_exit_code_7(self, newsroom: Shell, verb: str) -> None:
        done = newsroom.run("source", verb, "blat")

        assert (done.code, done.out) == (7, "")
        assert "did you mean 'blatt'?" in done.err


class TestList:
    def test_lists_all_in_the_order_of_the_file(self, newsroom: Shell) -> None:
        newsroom.run("sync", "-q")

        found = newsroom.run("source", "list", "--json").json
        lines = newsroom.run("source", "list").out.splitlines()

        assert found["schema"] == "feedsvc.source-list/1"
        assert [one["name"] for one in found["sources"]] == ["desk", "blatt"]
        assert all(one.keys() >= KEYS for one in found["sources"])
        assert lines[2].split()[:4] == ["blatt", "Blatt", "feed", "ok"]

    def test_only_those_of_a_state(self, newsroom: Shell) -> None:
        newsroom.run("source", "pause", "blatt")

        found = newsroom.run("source", "list", "--state", "paused", "--json").json["sources"]
        none = newsroom.run("source", "list", "--state", "parked", "--json").json["sources"]

        assert [one["name"] for one in found] == ["blatt"]
        assert none == []


class TestShow:
    def test_tells_what_visits_left_behind(self, newsroom: Shell, feed_server: FeedServer) -> None:
        modified = "Mon, 02 Jun 2025 10:00:00 GMT"
        feed_server["/feed"] = Answer(
            body=feed("a", "a"), headers={"ETag": '"e1"', "Last-Modified": modified}
        )
        newsroom.run("sync", "-q")

        found = newsroom.run("source", "show", "blatt", "--json").json["source"]

        assert found["etag"] == '"e1"'
        assert found["last_modified"] == modified
        assert found["feed"]["title"] == "Blatt"
        assert found["feed"]["format"] == "rss20"
        assert found["entries_known_by"] == "their ids"
        assert found["every"] is None

    def test_tells_where_it_is_moving(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/feed"], feed_server["/new"] = moved("/new"), feed("a")
        newsroom.run("sync", "-q")

        found = newsroom.run("source", "show", "blatt", "--json").json["source"]

        assert found["moving_to"] == feed_server.url("/new")
        assert found["url"] == feed_server.url("/feed")

    def test_never_tells_a_secret(self, newsroom: Shell) -> None:
        text = (newsroom.root / "feedsvc.toml").read_text()
        secrets = 'auth = { user = "mara", password = "geheim" }\nheaders = { X-Key = "geheim" }\n'
        newsroom.configure(text + secrets)

        told = newsroom.run("source", "show", "blatt", "--json")
        shown = newsroom.run("source", "show", "blatt")

        assert told.json["source"]["auth"] == "password"
        assert told.json["source"]["headers"] == ["X-Key"]
        assert "geheim" not in told.out + shown.out

    def test_prints_what_there_is_and_nothing_else(self, newsroom: Shell) -> None:
        newsroom.run("sync", "-q")

        lines = newsroom.run("source", "show", "blatt").out.splitlines()

        told = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
        assert told["state"] == "ok"
        assert "reason" not in told
        assert "title: Blatt" in told["feed"]

    def test_a_folder_has_less_to_tell(self, synced: Shell) -> None:
        found = synced.run("source", "show", "desk", "--json").json["source"]

        assert found["url"] == str(synced.root / "articles")
        assert "etag" not in found


@pytest.mark.parametrize("verb", ["list", "show", "test", "add", "remove", "pause", "resume"])
def test_help_shows_examples(empty: Shell, verb: str) -> None:
    done = empty.run("source", verb, "--help")

    assert done.code == 0
    assert f"feedsvc source {verb}" in done.out.partition("examples:")[2]


def test_the_standing_of_a_parked_source_is_told(newsroom: Shell) -> None:
    newsroom.run("sync", "-q")
    standing = json.dumps({"failures": 3, "parked": "gone since 2025-05-01 (410)"})
    age(newsroom, state="parked", reason="gone since 2025-05-01 (410)")
    connection = sqlite3.connect(newsroom.root / "var/feedsvc.db")
    with connection:
        connection.execute("UPDATE remote SET standing = ?", (standing,))
    connection.close()

    found = status(newsroom)

    assert (found["state"], found["reason"]) == ("parked", "gone since 2025-05-01 (410)")


def test_every_way_to_know_entries_has_its_words() -> None:
    assert set(_IDENTITIES) == set(get_args(Identity))
