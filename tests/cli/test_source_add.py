"""`feedsvc source add` and `remove`: what is found, what is written, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.feedserver import Answer, FeedServer, moved
from tests.support import Shell

CONFIG = """\
# The newsroom.
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[sync]
allow_networks = ["127.0.0.0/8"]

# our own
[[source]]
name = "desk"
path = "articles"

# everything
[[feed]]
name = "all"

[[feed]]
name = "ours"
sources = ["desk"]
"""


def atom(title: str = "Hafenblatt", entries: int = 5) -> bytes:
    listed = "".join(
        f"<entry><id>urn:{n}</id><title>Nr. {n}</title><link href='/{n}'/>"
        f"<updated>2025-05-{n:02}T10:00:00Z</updated></entry>"
        for n in range(1, entries + 1)
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:hafen</id><title>{title}</title>'
        f"<updated>2025-05-09T10:00:00Z</updated>{listed}</feed>"
    ).encode()


@pytest.fixture
def newsroom(empty: Shell) -> Shell:
    empty.configure(CONFIG)
    (empty.root / "articles").mkdir()
    return empty


def configured(shell: Shell) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = tomllib.loads(Path("feedsvc.toml").read_text())["source"]
    return listed


class TestAdd:
    def test_writes_the_source_and_leaves_the_rest_as_it_was(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()
        url = feed_server.url("/feed.xml")

        done = newsroom.run(
            "source", "add", url, "--name", "blatt", "--every", "90m", "--tag", "Hafen",
            "--tag", "Ufer",
        )  # fmt: skip

        assert done.code == 0
        table = (
            f'[[source]]\nname = "blatt"\nurl = "{url}"\ntitle = "Hafenblatt"\n'
            'every = "1h30m"\ntags = ["Hafen", "Ufer"]\n\n'
        )
        before, after = CONFIG.split("# everything")
        assert Path("feedsvc.toml").read_text() == f"{before}{table}# everything{after}"
        assert newsroom.run("config", "check").code == 0

    @pytest.mark.parametrize(
        ("said", "written"),
        [
            pytest.param("0 6 * * *", "0 6 * * *", id="times-of-day"),
            pytest.param(" 30  8-18/2 * * MON-FRI ", "30 8-18/2 * * mon-fri", id="put-in-order"),
            pytest.param("@daily", "0 0 * * *", id="a-word"),
        ],
    )
    def test_writes_times_of_day_which_others_read_and_tell(
        self, newsroom: Shell, feed_server: FeedServer, said: str, written: str
    ) -> None:
        feed_server["/feed.xml"] = atom()
        url = feed_server.url("/feed.xml")

        done = newsroom.run("source", "add", url, "--name", "blatt", "--every", said, "--json")

        assert done.code == 0
        assert done.json["source"]["every"] == written
        shown = newsroom.run("source", "show", "blatt", "--json").json["source"]
        assert (shown["every"], shown["timezone"]) == (written, "Europe/Berlin")
        listed = newsroom.run("config", "show", "--json").json
        assert written in [one["every"] for one in listed["source"]]

    def test_shows_the_three_newest_entries(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/feed.xml"] = atom()

        out = newsroom.run("source", "add", feed_server.url("/feed.xml")).out

        assert [n for n in range(1, 6) if f"Nr. {n}" in out] == [3, 4, 5]
        assert out.index("Nr. 5") < out.index("Nr. 3")

    def test_finds_the_feed_of_a_page(self, newsroom: Shell, feed_server: FeedServer) -> None:
        links = "".join(
            f'<link rel="alternate" type="application/atom+xml" href="{path}">'
            for path in ("/feed.xml", "/kommentare.xml")
        )
        feed_server["/"] = Answer(
            body=f"<html><head>{links}</head></html>".encode(),
            headers={"Content-Type": "text/html"},
        )
        feed_server["/feed.xml"] = atom()

        done = newsroom.run("source", "add", feed_server.url("/"), "--json")

        assert done.json["schema"] == "feedsvc.source-add/1"
        assert done.json["page"] == feed_server.url("/")
        assert done.json["source"]["url"] == feed_server.url("/feed.xml")
        assert [one["id"] for one in done.json["newest"]] == ["urn:5", "urn:4", "urn:3"]
        assert configured(newsroom)[1]["url"] == feed_server.url("/feed.xml")

    def test_what_was_added_is_synced(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/feed.xml"] = atom()
        newsroom.run("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")

        done = newsroom.run("sync", "--source", "blatt", "--json")

        assert done.json["totals"]["new"] == 5

    def test_an_opml_file_becomes_a_source_of_its_kind(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/l.opml"] = (
            b'<opml><head><title>L</title></head><body><outline xmlUrl="http://a.example/"/>'
            b"</body></opml>"
        )

        newsroom.run("source", "add", feed_server.url("/l.opml"))

        assert configured(newsroom)[1]["kind"] == "opml"

    def test_takes_the_address_it_has_moved_to_for_good(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/old"], feed_server["/brief"] = moved("/brief"), moved("/feed.xml", 302)
        feed_server["/feed.xml"] = atom()

        newsroom.run("source", "add", feed_server.url("/old"))

        assert configured(newsroom)[1]["url"] == feed_server.url("/brief")

    def test_two_feeds_of_one_name_get_two(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/feed"], feed_server["/feed.xml/"] = atom(), atom("Zweites")
        newsroom.run("source", "add", feed_server.url("/feed"))

        newsroom.run("source", "add", feed_server.url("/feed.xml/"))

        names = [one["name"] for one in configured(newsroom)]
        assert len(names) == len(set(names)) == 3

    def test_a_password_in_the_address_is_kept_and_warned_of(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()
        place = feed_server.url("/feed.xml").partition("://")[2]

        done = newsroom.run("source", "add", f"http://mara:k%40i@{place}")

        assert configured(newsroom)[1]["url"] == f"http://mara:k%40i@{place}"
        assert "env" in done.err
        assert "k%40i" not in done.out + done.err
        assert newsroom.run("source", "test", configured(newsroom)[1]["name"]).code == 0

    def test_names_the_feeds_that_do_not_list_it(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()

        done = newsroom.run("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")

        assert "ours" in done.err
        assert "ours, all" not in done.err
        assert "all, ours" not in done.err
        assert '"blatt"' in done.err

    def test_works_on_a_configuration_without_sources(
        self, empty: Shell, feed_server: FeedServer
    ) -> None:
        empty.configure('# new\n[sync]\nallow_networks = ["127.0.0.0/8"]\n')
        feed_server["/feed.xml"] = atom()

        done = empty.run("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")

        assert done.code == 0
        assert [one["name"] for one in configured(empty)] == ["blatt"]

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            pytest.param(("{feed}", "--name", "Desk"), 2, "source 'desk' already", id="a-name"),
            pytest.param(("{feed}", "--name", "a b"), 2, "did you mean 'a-b'", id="no-name"),
            pytest.param(("{feed}", "--every", "often"), 2, "a duration such as", id="no-time"),
            pytest.param(("{feed}", "--every", "0 6 * *"), 2, "five fields", id="four-fields"),
            pytest.param(("{feed}", "--every", "@reboot"), 2, "there are @hourly", id="reboot"),
            pytest.param(("{feed}", "--tag", " "), 2, "a text such as", id="an-empty-tag"),
            pytest.param(("articles",), 2, "is not an address", id="a-folder"),
            pytest.param(("{gone}",), 4, "answers 404", id="nothing-there"),
            pytest.param(("{page}",), 4, "no feed was found", id="a-page-without-a-feed"),
            pytest.param(("{feed}", "--offline"), 8, "--offline", id="offline"),
            pytest.param((), 2, "URL", id="nothing"),
        ],
    )
    def test_what_is_refused_changes_nothing(
        self,
        newsroom: Shell,
        feed_server: FeedServer,
        arguments: tuple[str, ...],
        code: int,
        says: str,
    ) -> None:
        feed_server["/blatt.xml"] = atom()
        feed_server["/page"] = b"<!DOCTYPE html><html><body>x</body></html>"
        places = {
            "feed": feed_server.url("/blatt.xml"),
            "gone": feed_server.url("/gone"),
            "page": feed_server.url("/page"),
        }

        done = newsroom.run("source", "add", *(one.format(**places) for one in arguments))

        assert (done.code, done.out) == (code, "")
        assert says in done.err
        assert Path("feedsvc.toml").read_text() == CONFIG

    def test_the_same_feed_is_not_added_twice(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()
        feed_server["/"] = (
            b'<html><head><link rel="alternate" type="application/atom+xml" href="/feed.xml">'
            b"</head></html>"
        )
        newsroom.run("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")
        before = Path("feedsvc.toml").read_text()

        again = newsroom.run("source", "add", feed_server.url("/feed.xml?utm_source=x"))
        page = newsroom.run("source", "add", feed_server.url("/"))

        assert (again.code, page.code) == (2, 2)
        assert "is the source 'blatt' already" in again.err
        assert "is the source 'blatt' already" in page.err
        assert Path("feedsvc.toml").read_text() == before

    def test_without_a_configuration_init_is_named(self, empty: Shell) -> None:
        done = empty.run("source", "add", "https://example.org/")

        assert done.code == 3
        assert "feedsvc init" in done.err

    def test_sources_in_a_list_are_left_to_their_owner(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()
        newsroom.configure(
            'source = [{ name = "desk", path = "articles" }]\n'
            '[sync]\nallow_networks = ["127.0.0.0/8"]\n'
        )
        before = Path("feedsvc.toml").read_text()

        done = newsroom.run("source", "add", feed_server.url("/feed.xml"))

        assert done.code == 3
        assert "cannot edit" in done.err
        assert Path("feedsvc.toml").read_text() == before


class TestRemove:
    def test_is_the_end_of_what_add_wrote(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/feed.xml"] = atom()
        newsroom.run("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")

        done = newsroom.run("source", "remove", "blatt")

        assert done.code == 0
        assert Path("feedsvc.toml").read_text() == CONFIG
        assert not any((newsroom.root / "articles").iterdir())

    def test_its_articles_leave_the_feeds_and_come_back_with_it(
        self, newsroom: Shell, feed_server: FeedServer
    ) -> None:
        feed_server["/feed.xml"] = atom()
        add = ("source", "add", feed_server.url("/feed.xml"), "--name", "blatt")
        newsroom.run(*add)
        newsroom.run("sync", "-q")

        def states() -> set[str]:
            listed = newsroom.run("article", "list", "--json").json["articles"]
            return {one["state"] for one in listed}

        told = newsroom.run("source", "remove", "blatt")
        newsroom.run("sync", "-q")
        after = states()
        newsroom.run(*add)
        newsroom.run("sync", "-q")

        assert "articles leave the feeds at the next sync" in told.err
        assert (after, states()) == ({"gone"}, {"published"})

    @pytest.mark.parametrize(
        ("extra", "name", "code", "says"),
        [
            pytest.param("", "dsek", 7, "did you mean 'desk'?", id="unknown"),
            pytest.param("", "desk", 2, "is the only source", id="the-last-one"),
            pytest.param(
                '[[source]]\npath = "b"\n', "desk", 2, "`sources` of ours", id="named-by-a-feed"
            ),
        ],
    )
    def test_what_is_refused_changes_nothing(
        self, newsroom: Shell, extra: str, name: str, code: int, says: str
    ) -> None:
        newsroom.configure(CONFIG + extra)

        done = newsroom.run("source", "remove", name)

        assert done.code == code
        assert says in done.err
        assert Path("feedsvc.toml").read_text() == CONFIG + extra

    def test_a_source_without_a_written_name_is_found_by_its_own(self, newsroom: Shell) -> None:
        newsroom.configure(
            f'{CONFIG}\n[[source]]\nurl = "https://b.example/feed"\n\n'
            '[[source]]\nurl = "https://a.example/feed"\n'
        )

        newsroom.run("source", "remove", "b.example")

        assert [one.get("url") for one in configured(newsroom)] == [None, "https://a.example/feed"]

    def test_tells_scripts_too(self, newsroom: Shell) -> None:
        newsroom.configure(f'{CONFIG}\n[[source]]\nurl = "https://b.example/feed"\n')

        done = newsroom.run("source", "remove", "b.example", "--json")

        assert done.json == {
            "schema": "feedsvc.source-remove/1",
            "config": str(newsroom.root / "feedsvc.toml"),
            "name": "b.example",
        }
