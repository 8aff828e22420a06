"""`feedsvc feed move` and `remove`: a new name or an end, and what readers of the old one find."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feedsvc.app import App
from feedsvc.cli.edit_feeds import renamed_feed, without_feed
from feedsvc.config import load
from feedsvc.errors import ConfigError
from tests.support import Result, Shell

CONFIG = """\
# The harbour's newsroom.

[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

# Everything we have.
[[feed]]
name = 'news'  # as printed on the posters
title = "News"
limit = 2
archive = true

[[feed]]
name = "club"
private = true

# One for each tag.
[[feed]]
name = "topics"
per = "tag"
# limit = 5

[[feed]]
name = "pod"
podcast = { author = "Mara" }
"""


@pytest.fixture
def newsroom(empty: Shell) -> Shell:
    """A newsroom that has published an archive, a private feed, a group and a podcast."""
    empty.configure(CONFIG)
    for number in range(1, 6):
        tag = "Ferry" if number % 2 else "Öl"
        text = f"Story {number}\n2025-03-0{number}\nBy: Mara\nTags: {tag}\n\nText {number}.\n"
        empty.write(f"{number}.txt", text)
    assert empty.run("sync", "-q").code == 0
    return empty


def config(shell: Shell) -> str:
    return (shell.root / "feedsvc.toml").read_text(encoding="utf-8")


def index(shell: Shell) -> Any:
    return json.loads((shell.root / "public" / ".feedsvc" / "serving.json").read_bytes())


def files(shell: Shell, folder: str = "") -> set[str]:
    public = shell.root / "public"
    found = (public / folder).rglob("*") if folder else public.rglob("*")
    paths = {str(one.relative_to(public)) for one in found if one.is_file()}
    return {path for path in paths if not re.search(r"\.(gz|br|zst)$|^\.feedsvc", path)}


def ids(shell: Shell, path: str) -> list[str]:
    """The ids of a document: its own, then those of its entries."""
    text = (shell.root / "public" / path).read_text(encoding="utf-8")
    return re.findall("<id>(.*?)</id>", text)


def app(shell: Shell) -> closing[App]:
    return closing(App(load(shell.root / "feedsvc.toml", cwd=shell.root, environ={})))


def stored(shell: Shell, name: str) -> Any:
    with app(shell) as one:
        return one.store.feed(name)


# -- move ------------------------------------------------------------------------------------------


class TestMove:
    def test_the_feed_is_at_its_new_address_with_its_id_and_archive(self, newsroom: Shell) -> None:
        before = {path: ids(newsroom, path) for path in files(newsroom, "news") if "atom" in path}

        done = newsroom.run("feed", "move", "news", "nachrichten")

        assert (done.code, done.err) == (0, done.err)
        assert files(newsroom, "news") == set()
        assert not (newsroom.root / "public" / "news").exists()
        after = {
            path: ids(newsroom, path) for path in files(newsroom, "nachrichten") if "atom" in path
        }
        assert {
            path.replace("news/", "nachrichten/", 1): one for path, one in before.items()
        } == after
        assert (
            ids(newsroom, "nachrichten/atom.xml")[0] == "tag:news.example.org,2025-01-01:feed:news"
        )

    def test_readers_of_the_old_addresses_are_sent_to_the_new_ones(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")

        assert index(newsroom)["moved"] == {"news/": "/nachrichten/"}
        assert index(newsroom)["elsewhere"].keys() >= {"nachrichten/archive/3/atom.xml"}

    def test_only_its_name_is_another_in_the_configuration(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")

        assert config(newsroom) == CONFIG.replace("'news'", '"nachrichten"')

    def test_all_documents_lead_to_the_new_address(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")

        for path in files(newsroom):
            text = (newsroom.root / "public" / path).read_text(encoding="utf-8")
            assert "news.example.org/news/" not in text, path

    def test_nothing_else_is_written_by_the_next_run(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")
        public = newsroom.root / "public"
        before = {one: one.stat().st_mtime_ns for one in public.rglob("*")}

        assert newsroom.run("regenerate").code == 0

        assert {one: one.stat().st_mtime_ns for one in public.rglob("*")} == before

    def test_a_private_feed_keeps_its_keys(self, newsroom: Shell) -> None:
        (key,) = [one.name for one in (newsroom.root / "public" / "club").iterdir()]

        newsroom.run("feed", "move", "club", "members")

        assert f"members/{key}/atom.xml" in files(newsroom)
        assert files(newsroom, "club") == set()
        assert index(newsroom)["noindex"] == ["members/"]
        assert "members" not in (newsroom.root / "public" / "opml.xml").read_text()

    def test_a_group_takes_its_feeds_along(self, newsroom: Shell) -> None:
        before = {path: ids(newsroom, path) for path in files(newsroom, "topics") if "atom" in path}
        assert before.keys() == {"topics/ferry/atom.xml", "topics/oel/atom.xml"}

        newsroom.run("feed", "move", "topics", "themen")

        after = {path: ids(newsroom, path) for path in files(newsroom, "themen") if "atom" in path}
        assert {path.replace("topics", "themen"): one for path, one in before.items()} == after
        assert files(newsroom, "topics") == set()

    def test_a_podcast_is_told_what_else_it_may_say(self, newsroom: Shell) -> None:
        done = newsroom.run("feed", "move", "pod", "cast")

        assert "`new_feed_url` under its podcast" in done.err
        assert "https://news.example.org/cast/rss.xml" in done.err
        assert "new_feed_url" not in newsroom.run("feed", "move", "news", "nachrichten").err

    def test_as_json(self, newsroom: Shell) -> None:
        done = newsroom.run("feed", "move", "news", "nachrichten", "--json")

        assert done.json["schema"] == "feedsvc.feed-move/1"
        told = {key: done.json[key] for key in ("old", "new", "id", "url")}
        assert told == {
            "old": "news",
            "new": "nachrichten",
            "id": "tag:news.example.org,2025-01-01:feed:news",
            "url": "https://news.example.org/nachrichten/",
        }
        assert {p["path"] for p in done.json["publications"]} >= {"nachrichten/atom.xml"}

    def test_several_moves_are_one_step_for_readers(self, newsroom: Shell) -> None:
        for old, new in (("news", "a1"), ("a1", "a2"), ("a2", "a3")):
            assert newsroom.run("feed", "move", old, new).code == 0

        assert index(newsroom)["moved"] == dict.fromkeys(("news/", "a1/", "a2/"), "/a3/")
        assert ids(newsroom, "a3/atom.xml")[0].endswith(":feed:news")

    def test_there_and_back(self, newsroom: Shell) -> None:
        before = {
            path: (newsroom.root / "public" / path).read_bytes() for path in files(newsroom, "news")
        }

        newsroom.run("feed", "move", "news", "nachrichten")
        assert newsroom.run("feed", "move", "nachrichten", "news").code == 0

        assert config(newsroom) == CONFIG.replace("'news'", '"news"')
        assert index(newsroom)["moved"] == {"nachrichten/": "/news/"}
        assert files(newsroom, "news") == before.keys()
        archived = {path for path in before if "/archive/" in path}
        assert archived
        for path in archived:  # their bytes are for good
            assert (newsroom.root / "public" / path).read_bytes() == before[path], path

    def test_a_new_feed_under_the_old_name_is_another_one(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")
        newsroom.configure(config(newsroom) + '\n[[feed]]\nname = "news"\n')

        assert newsroom.run("regenerate").code == 0

        assert index(newsroom)["moved"] == {}
        own, other = ids(newsroom, "news/atom.xml")[0], ids(newsroom, "nachrichten/atom.xml")[0]
        assert other.endswith(":feed:news")
        assert own != other

    def test_the_feed_that_was_called_so_before_gives_way(self, newsroom: Shell) -> None:
        newsroom.configure(
            CONFIG.replace('[[feed]]\nname = "pod"\npodcast = { author = "Mara" }\n', "")
        )

        assert newsroom.run("feed", "move", "news", "pod").code == 0

        assert ids(newsroom, "pod/atom.xml")[0].endswith(":feed:news")
        assert stored(newsroom, "pod").guid.endswith(":feed:news")


def test_readers_who_ask_the_server(newsroom: Shell) -> None:
    command = ["-m", "feedsvc.serve.child", "--listen", "127.0.0.1:0"]
    public = str(newsroom.root / "public")
    with subprocess.Popen(
        [sys.executable, *command, "--directory", public], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().strip().rpartition(":")[2])

        def ask(path: str) -> tuple[int, str | None]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            connection.close()
            return answer.status, answer.headers["location"]

        assert ask("/news/atom.xml") == ask("/topics/ferry/rss.xml") == (200, None)
        newsroom.run("feed", "move", "news", "nachrichten")
        newsroom.run("feed", "remove", "topics")
        time.sleep(0.2)  # the server looks at its files ten times in a second

        assert ask("/news/atom.xml?x") == (301, "/nachrichten/atom.xml?x")
        assert ask("/news/archive/1/rss.xml") == (301, "/nachrichten/archive/1/rss.xml")
        assert ask("/nachrichten/archive/1/rss.xml") == (200, None)
        assert ask("/nachrichten/archive/3/rss.xml") == (307, "/nachrichten/rss.xml")
        assert ask("/topics/ferry/rss.xml") == ask("/topics") == (410, None)
        assert ask("/topic") == (404, None)
        server.terminate()


class TestMoveByHand:
    """The configuration has the new name already."""

    def test_the_rest_is_done(self, newsroom: Shell) -> None:
        before = ids(newsroom, "news/atom.xml")
        edited = CONFIG.replace("'news'", "'nachrichten'")
        newsroom.configure(edited)

        assert newsroom.run("feed", "move", "news", "nachrichten").code == 0

        assert config(newsroom) == edited
        assert ids(newsroom, "nachrichten/atom.xml") == before
        assert files(newsroom, "news") == set()
        assert index(newsroom)["moved"] == {"news/": "/nachrichten/"}

    def test_though_a_sync_has_marked_it_under_the_new_name(self, newsroom: Shell) -> None:
        newsroom.configure(CONFIG.replace("'news'", "'nachrichten'"))
        newsroom.write("6.txt", "Story 6\n2025-03-06\n\nText.\n")
        assert newsroom.run("sync", "--no-build").code == 0

        assert newsroom.run("feed", "move", "news", "nachrichten").code == 0

        assert ids(newsroom, "nachrichten/atom.xml")[0].endswith(":feed:news")

    def test_the_feed_that_there_is_without_any_gets_a_name(self, shell: Shell) -> None:
        bare = CONFIG.partition("# Everything")[0]
        shell.configure(bare)
        shell.run("sync", "-q")
        refused = shell.run("feed", "move", "all", "news")
        assert refused.code == 3
        assert "has no [[feed]]" in refused.err
        assert 'write a [[feed]] with name = "news" into it' in refused.err

        shell.configure(bare + '[[feed]]\nname = "news"\n')
        assert shell.run("feed", "move", "all", "news").code == 0

        assert ids(shell, "news/atom.xml")[0].endswith(":feed:all")
        assert index(shell)["moved"] == {"all/": "/news/"}

    def test_readers_are_sent_to_a_feed_that_stays_what_it_is(self, newsroom: Shell) -> None:
        before = ids(newsroom, "news/atom.xml")
        newsroom.configure(
            CONFIG.replace('[[feed]]\nname = "pod"\npodcast = { author = "Mara" }\n', "")
        )

        done = newsroom.run("feed", "move", "pod", "news")

        assert "which stays what it was" in done.out
        assert ids(newsroom, "news/atom.xml") == before
        assert files(newsroom, "pod") == set()
        assert index(newsroom)["moved"] == {"pod/": "/news/"}

    def test_twice_is_once(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")

        again = newsroom.run("feed", "move", "news", "nachrichten")

        assert again.code == 0
        assert ids(newsroom, "nachrichten/atom.xml")[0].endswith(":feed:news")


class TestMoveRefused:
    @pytest.mark.parametrize(
        ("old", "new", "code", "says"),
        [
            pytest.param("nothing", "x", 7, "no feed 'nothing'", id="no-such-feed"),
            pytest.param("nwes", "x", 7, "did you mean 'news'?", id="a-slip-of-the-pen"),
            pytest.param(
                "news", "club", 2, "there is a feed 'club' already", id="the-name-is-taken"
            ),
            pytest.param(
                "news", "CLUB", 2, "there is a feed 'CLUB' already", id="in-other-letters"
            ),
            pytest.param("news", "news", 2, "has this name already", id="no-other-name"),
            pytest.param("news", "News", 2, "differ in case alone", id="another-case"),
            pytest.param("news", "sitemap.xml", 2, "cannot be the name", id="what-lies-there"),
            pytest.param("news", "_websub", 2, "cannot be the name", id="a-name-of-our-own"),
            pytest.param("news", "a/b", 2, "cannot be the name", id="a-folder-in-a-folder"),
            pytest.param("news", "../up", 2, "cannot be the name", id="out-of-the-directory"),
            pytest.param("news", "größe", 2, "did you mean", id="letters-that-no-address-has"),
            pytest.param("topics/ferry", "topics/x", 7, "name 'topics' for all", id="of-a-group"),
            pytest.param("news/ferry", "x", 7, "no feed 'news/ferry'", id="of-what-is-no-group"),
            pytest.param("news", "", 2, "cannot be the name", id="an-empty-name"),
        ],
    )
    def test_what_cannot_be(
        self, newsroom: Shell, old: str, new: str, code: int, says: str
    ) -> None:
        before = files(newsroom), (newsroom.root / "public" / "index.html").stat().st_mtime_ns

        done = newsroom.run("feed", "move", old, new)

        assert done.code == code
        assert says in done.err
        assert 1 <= len(done.err.splitlines()) <= 3
        assert config(newsroom) == CONFIG
        assert (files(newsroom), before[1]) == before
        assert index(newsroom)["moved"] == {}

    def test_while_the_daemon_runs(self, newsroom: Shell) -> None:
        with app(newsroom) as one, one.store.lock("daemon"):
            done = newsroom.run("feed", "move", "news", "nachrichten")
            removed = newsroom.run("feed", "remove", "news")

        for refused in (done, removed):
            assert refused.code == 6
            assert "stop it, run this again, and start it anew" in refused.err
        assert config(newsroom) == CONFIG

    def test_a_configuration_that_cannot_be_edited(self, newsroom: Shell) -> None:
        head, _, _ = CONFIG.partition("# Everything")
        text = 'feed = [{ name = "news" }, { name = """club""" }]\n' + head
        newsroom.configure(text)
        assert newsroom.run("regenerate").code == 0

        assert newsroom.run("feed", "move", "club", "members").code == 3
        assert newsroom.run("feed", "remove", "club").code == 3
        assert config(newsroom) == text
        assert newsroom.run("feed", "move", "news", "nachrichten").code == 0


# -- remove ----------------------------------------------------------------------------------------


class TestRemove:
    @pytest.mark.parametrize("name", ["news", "club", "topics", "pod"])
    def test_everything_below_it_is_gone(self, newsroom: Shell, name: str) -> None:
        done = newsroom.run("feed", "remove", name)

        assert done.code == 0
        assert files(newsroom, name) == set()
        assert not (newsroom.root / "public" / name).exists()
        assert index(newsroom)["gone"] == [f"{name}/"]
        told = {feed["name"] for feed in tomllib.loads(config(newsroom))["feed"]}
        assert told == {"news", "club", "topics", "pod"} - {name}
        for path in files(newsroom):
            text = (newsroom.root / "public" / path).read_text(encoding="utf-8")
            assert f"news.example.org/{name}/" not in text, path

    def test_its_comments_go_with_it_and_no_others(self, newsroom: Shell) -> None:
        newsroom.run("feed", "remove", "topics")
        newsroom.run("feed", "remove", "news")

        assert config(newsroom) == (
            CONFIG.partition("# Everything")[0]
            + '[[feed]]\nname = "club"\nprivate = true\n\n'
            + '[[feed]]\nname = "pod"\npodcast = { author = "Mara" }\n'
        )

    def test_what_had_moved_there_is_gone_with_it(self, newsroom: Shell) -> None:
        newsroom.run("feed", "move", "news", "nachrichten")

        newsroom.run("feed", "remove", "nachrichten")

        assert index(newsroom)["gone"] == ["nachrichten/", "news/"]
        assert index(newsroom)["moved"] == {}

    def test_keys_of_a_private_feed_open_nothing_any_more(self, newsroom: Shell) -> None:
        (key,) = [one.name for one in (newsroom.root / "public" / "club").iterdir()]
        newsroom.run("feed", "remove", "club")

        newsroom.configure(CONFIG)
        assert newsroom.run("regenerate").code == 0

        (new,) = [one.name for one in (newsroom.root / "public" / "club").iterdir()]
        assert new != key
        assert index(newsroom)["gone"] == []

    def test_articles_stay(self, newsroom: Shell) -> None:
        newsroom.run("feed", "remove", "news")

        listed = newsroom.run("article", "list", "--json").json["articles"]
        assert {one["state"] for one in listed} == {"published"}
        assert len(listed) == 5

    def test_it_was_taken_out_by_hand(self, newsroom: Shell) -> None:
        edited = without_feed(CONFIG, "pod")
        newsroom.configure(edited)

        assert newsroom.run("feed", "remove", "pod").code == 0

        assert config(newsroom) == edited
        assert files(newsroom, "pod") == set()
        assert index(newsroom)["gone"] == ["pod/"]

    def test_as_json(self, newsroom: Shell) -> None:
        told = newsroom.run("feed", "remove", "pod", "--json").json

        assert told["schema"] == "feedsvc.feed-remove/1"
        assert told["name"] == "pod"

    def test_no_such_feed(self, newsroom: Shell) -> None:
        done = newsroom.run("feed", "remove", "nothing")

        assert done.code == 7
        assert "no feed 'nothing'" in done.err

    def test_one_feed_of_a_group_is_not_taken_for_another(self, newsroom: Shell) -> None:
        done = newsroom.run("feed", "remove", "topics/news")

        assert done.code == 7
        assert "did you mean" not in done.err
        assert "`exclude_tags`" in done.err
        assert config(newsroom) == CONFIG

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('[[feed]]\nname = "all"\n', id="the-last-one"),
            pytest.param("", id="the-one-without-a-table"),
        ],
    )
    def test_the_only_feed_stays(self, shell: Shell, text: str) -> None:
        whole = CONFIG.partition("# Everything")[0] + text
        shell.configure(whole)
        shell.run("sync", "-q")

        done: Result = shell.run("feed", "remove", "all")

        assert done.code == 2
        assert "without any everything is published as 'all'" in done.err
        assert config(shell) == whole


# -- killed in between -----------------------------------------------------------------------------


class TestKilled:
    """What a kill -9 leaves, and the next build makes of it."""

    def test_after_the_redirect_was_noted(self, newsroom: Shell) -> None:
        before = {path: (newsroom.root / "public" / path).read_bytes() for path in files(newsroom)}
        with app(newsroom) as one:
            one.store.intend("news/", "nachrichten/", one.clock.now())

        newsroom.run("regenerate")

        assert {p: (newsroom.root / "public" / p).read_bytes() for p in files(newsroom)} == before
        assert index(newsroom)["moved"] == {}

    @pytest.mark.parametrize("command", ["regenerate", "sync"])
    def test_after_the_configuration_was_edited(self, newsroom: Shell, command: str) -> None:
        before = {path: ids(newsroom, path) for path in files(newsroom, "news") if "atom" in path}
        with app(newsroom) as one:
            one.store.intend("news/", "nachrichten/", one.clock.now())
        newsroom.configure(CONFIG.replace("'news'", "'nachrichten'"))

        assert newsroom.run(command).code == 0

        after = {
            path: ids(newsroom, path) for path in files(newsroom, "nachrichten") if "atom" in path
        }
        assert {
            path.replace("news/", "nachrichten/", 1): one for path, one in before.items()
        } == after
        assert files(newsroom, "news") == set()
        assert index(newsroom)["moved"] == {"news/": "/nachrichten/"}

    def test_after_the_rows_were_renamed(self, newsroom: Shell) -> None:
        newsroom.configure(CONFIG.replace("'news'", "'nachrichten'"))
        with app(newsroom) as one:
            one.store.rename_feed("news", "nachrichten", one.clock.now(), mint=one.authority.feed)

        assert newsroom.run("regenerate").code == 0

        assert ids(newsroom, "nachrichten/atom.xml")[0].endswith(":feed:news")
        assert files(newsroom, "news") == set()

    def test_a_run_with_the_configuration_of_before_loses_nothing(self, newsroom: Shell) -> None:
        """A sync of cron that began earlier builds what it knows; the next one puts it right."""
        before = {path: ids(newsroom, path) for path in files(newsroom, "news") if "atom" in path}
        newsroom.run("feed", "move", "news", "nachrichten")
        moved = config(newsroom)

        newsroom.configure(CONFIG)
        assert newsroom.run("sync", "--force").code == 0
        assert {path: ids(newsroom, path) for path in before} == before
        assert index(newsroom)["moved"] == {"nachrichten/": "/news/"}

        newsroom.configure(moved)
        assert newsroom.run("sync", "--force").code == 0
        assert {
            path: ids(newsroom, path.replace("news/", "nachrichten/", 1)) for path in before
        } == before
        assert index(newsroom)["moved"] == {"news/": "/nachrichten/"}

    def test_old_files_stay_until_the_new_ones_lie_there(self, newsroom: Shell) -> None:
        before = files(newsroom, "news")
        (newsroom.root / "public" / "nachrichten").write_text("in the way")

        held = newsroom.run("feed", "move", "news", "nachrichten")

        assert held.code == 5
        assert files(newsroom, "news") == before
        (newsroom.root / "public" / "nachrichten").unlink()
        assert newsroom.run("regenerate").code == 0
        assert files(newsroom, "news") == set()
        assert "nachrichten/atom.xml" in files(newsroom)

    def test_after_a_removal_was_noted(self, newsroom: Shell) -> None:
        with app(newsroom) as one:
            one.store.intend("news/", None, one.clock.now())

        newsroom.run("regenerate")
        assert index(newsroom)["gone"] == []
        assert "news/atom.xml" in files(newsroom)

        with app(newsroom) as one:
            one.store.intend("news/", None, one.clock.now())
        newsroom.configure(without_feed(CONFIG, "news"))
        newsroom.run("regenerate")

        assert index(newsroom)["gone"] == ["news/"]
        assert files(newsroom, "news") == set()


# -- the text of the configuration -----------------------------------------------------------------


class TestEditing:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param('[[feed]]\nname = "a"\n', '[[feed]]\nname = "b"\n', id="plain"),
            pytest.param("[[feed]]\nname='a' #\n", '[[feed]]\nname="b" #\n', id="as-it-stands"),
            pytest.param('[[feed]]\r\nname = "a"\r\n', '[[feed]]\r\nname = "b"\r\n', id="crlf"),
            pytest.param(
                '# ü\r\n[x]\na = 1\r\n[[feed]]\nlimit = 1\r\nname = "a"\n',
                '# ü\r\n[x]\na = 1\r\n[[feed]]\nlimit = 1\r\nname = "b"\n',
                id="ends-of-lines-of-both-sorts",
            ),
            pytest.param('[["feed"]]\n"name" = "a"', '[["feed"]]\n"name" = "b"', id="quoted-keys"),
            pytest.param('feed = [{name = "a"}]', 'feed = [{name = "b"}]', id="in-one-line"),
            pytest.param(
                '[[feed]]\nname = "\\u0061"', '[[feed]]\nname = "b"', id="an-escaped-letter"
            ),
            pytest.param(
                '[[feed]]\ntitle = "name = \'a\'"\nname = "a"\n',
                '[[feed]]\ntitle = "name = \'a\'"\nname = "b"\n',
                id="a-title-that-looks-like-it",
            ),
            pytest.param(
                '[[feed]]\nname = "c"\n[[feed]]\nname = "a"\n[feed.podcast]\nauthor = "a"\n',
                '[[feed]]\nname = "c"\n[[feed]]\nname = "b"\n[feed.podcast]\nauthor = "a"\n',
                id="the-second-with-a-table-of-its-own",
            ),
        ],
    )  # fmt: skip
    def test_a_name_is_written_over(self, before: str, after: str) -> None:
        assert renamed_feed(before, "a", "b") == after

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param(
                '[[feed]]\nname = "c"\n\n# of a\n# and more\n'
                '[[feed]]\nname = "a"\n# limit = 1\n\n# end\n',
                '[[feed]]\nname = "c"\n\n# end\n',
                id="with-the-comments-around-it",
            ),
            pytest.param(
                '[[feed]]\nname = "c"\n# of c\n[[feed]]\nname = "a"\n',
                '[[feed]]\nname = "c"\n# of c\n',
                id="not-with-those-of-the-one-before",
            ),
            pytest.param(
                '# of all\n[[feed]]\nname = "a"\n\n[[feed]]\nname = "c"\n',
                '# of all\n\n[[feed]]\nname = "c"\n',
                id="not-with-those-at-the-top-of-the-file",
            ),
            pytest.param(
                '[[feed]]\nname = "c"\n\n# part two\n\n'
                '[[feed]]\nname = "a"\n[feed.podcast]\nauthor = "x"\n\n[site]\n',
                '[[feed]]\nname = "c"\n\n# part two\n\n[site]\n',
                id="with-its-tables-and-not-with-a-heading",
            ),
            pytest.param(
                '[[feed]]\r\nname = "c"\r\n\r\n# a\r\n[[feed]]\r\nname = "a"\r\n',
                '[[feed]]\r\nname = "c"\r\n',
                id="crlf",
            ),
        ],
    )
    def test_a_feed_is_taken_out(self, before: str, after: str) -> None:
        assert without_feed(before, "a") == after

    @pytest.mark.parametrize(
        "edit", [without_feed, lambda text, name: renamed_feed(text, name, "b")]
    )
    def test_one_that_went_meanwhile(self, edit: Any) -> None:
        with pytest.raises(ConfigError, match="no feed 'a' in the configuration any more"):
            edit('[[feed]]\nname = "c"\n', "a")


def test_the_daemon_lock_is_free_again(newsroom: Shell, tmp_path: Path) -> None:
    newsroom.run("feed", "move", "news", "nachrichten")

    with (
        app(newsroom) as one,
        one.store.lock("daemon", timeout=0),
        one.store.lock("build", timeout=0),
    ):
        assert one.store.redirects() == {"news/": "nachrichten/"}
