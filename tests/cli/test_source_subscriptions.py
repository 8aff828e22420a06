"""`feedsvc import opml` and `export opml`: subscriptions from and for other programs."""

from __future__ import annotations

import io
import sys
import time
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.feedserver import FeedServer
from tests.support import Shell

LIST = """\
<?xml version="1.0"?>
<opml version="2.0"><head><title>Leseliste</title></head><body>
  <outline text="Hafen">
    <outline text="Technik">
      <outline text="Kräne &amp; mehr" xmlUrl="https://kran.example/feed.xml"
        htmlUrl="https://kran.example/" category="Stahl"/>
    </outline>
    <outline text="Blatt" xmlUrl="https://www.blatt.example/rss"/>
  </outline>
  <outline text="Wieder das Blatt" xmlUrl="http://blatt.example/rss"/>
  <outline text="Kaputt" xmlUrl="gopher://alt.example/"/>
  <outline text="Nachbarin" xmlUrl="feed://nachbarin.example/atom.xml"/>
</body></opml>
"""


@pytest.fixture
def newsroom(shell: Shell) -> Shell:
    (shell.root / "liste.opml").write_text(LIST)
    return shell


def configured() -> dict[str, dict[str, Any]]:
    listed = tomllib.loads(Path("feedsvc.toml").read_text())["source"]
    return {one["name"]: one for one in listed}


class TestImport:
    def test_every_outline_becomes_a_source_and_folders_become_tags(self, newsroom: Shell) -> None:
        done = newsroom.run("import", "opml", "liste.opml")

        assert done.code == 0
        found = configured()
        assert list(found) == [
            "desk",
            "kran.example",
            "blatt.example-rss",
            "nachbarin.example-atom",
        ]
        assert found["kran.example"] == {
            "name": "kran.example", "url": "https://kran.example/feed.xml",
            "title": "Kräne & mehr", "tags": ["Hafen", "Technik", "Stahl"],
        }  # fmt: skip
        assert newsroom.run("config", "check").code == 0

    def test_tells_scripts_what_was_added_and_what_was_not(self, newsroom: Shell) -> None:
        found = newsroom.run("import", "opml", "liste.opml", "--json").json

        assert found["schema"] == "feedsvc.import/1"
        assert found["totals"]["added"] == 3
        assert [one["name"] for one in found["added"]][:1] == ["kran.example"]
        assert [(one["title"], one["reason"]) for one in found["skipped"]] == [
            ("Wieder das Blatt", "known already")
        ]
        assert any("no address" in problem for problem in found["problems"])

    def test_a_second_time_adds_nothing(self, newsroom: Shell) -> None:
        newsroom.run("import", "opml", "liste.opml")
        before = Path("feedsvc.toml").read_text()

        again = newsroom.run("import", "opml", "liste.opml")

        assert again.code == 0
        assert "0 added, 4 known already" in again.out
        assert Path("feedsvc.toml").read_text() == before

    def test_a_dry_run_only_says_so(self, newsroom: Shell) -> None:
        before = Path("feedsvc.toml").read_text()

        done = newsroom.run("import", "opml", "liste.opml", "--dry-run")

        assert "3 would be added" in done.out
        assert "https://kran.example/feed.xml" in done.out
        assert Path("feedsvc.toml").read_text() == before

    def test_names_that_are_taken_get_a_number(self, newsroom: Shell) -> None:
        text = Path("feedsvc.toml").read_text()
        newsroom.configure(f'{text}\n[[source]]\nname = "Kran.Example"\npath = "kran"\n')

        newsroom.run("import", "opml", "liste.opml")

        assert configured()["kran.example-2"]["url"] == "https://kran.example/feed.xml"

    def test_from_an_address(self, newsroom: Shell, feed_server: FeedServer) -> None:
        feed_server["/l"] = LIST.encode()
        text = Path("feedsvc.toml").read_text()
        newsroom.configure(f'{text}\n[sync]\nallow_networks = ["127.0.0.0/8"]\n')

        done = newsroom.run("import", "opml", feed_server.url("/l"))

        assert (done.code, len(configured())) == (0, 4)

    def test_from_standard_input(self, newsroom: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LIST.encode())))

        newsroom.run("import", "opml", "-")

        assert len(configured()) == 4

    def test_a_password_is_written_and_not_printed(self, newsroom: Shell) -> None:
        address = "https://mara:geheim@kran.example/feed.xml"
        (newsroom.root / "liste.opml").write_text(
            LIST.replace("https://kran.example/feed.xml", address)
        )

        dry = newsroom.run("import", "opml", "liste.opml", "--dry-run")
        told = newsroom.run("import", "opml", "liste.opml", "--json")

        assert configured()["kran.example"]["url"] == address
        assert "geheim" not in dry.out + dry.err + told.out + told.err

    def test_feeds_that_list_their_sources_are_named(self, newsroom: Shell) -> None:
        text = Path("feedsvc.toml").read_text()
        newsroom.configure(f'{text}\n[[feed]]\nname = "eigen"\nsources = ["desk"]\n')

        done = newsroom.run("import", "opml", "liste.opml")

        assert "eigen" in done.err

    @pytest.mark.timeout(60)
    def test_two_thousand_are_quick(self, newsroom: Shell) -> None:
        outlines = "".join(
            f'<outline text="Ordner {n % 40}"><outline text="Feed {n}" '
            f'xmlUrl="https://host{n}.example/feed.xml"/></outline>'
            for n in range(2_000)
        )
        (newsroom.root / "liste.opml").write_text(f"<opml><body>{outlines}</body></opml>")
        began = time.process_time()

        done = newsroom.run("import", "opml", "liste.opml", "--json")

        assert time.process_time() - began < 10  # 3 on a free machine
        assert done.json["totals"]["added"] == 2_000
        assert len(configured()) == 2_001

    @pytest.mark.parametrize(
        ("place", "code", "says"),
        [
            pytest.param("nowhere.opml", 7, "no file 'nowhere.opml'", id="no-such-file"),
            pytest.param("feed.xml", 4, "feed.xml: ", id="a-feed"),
            pytest.param("empty.opml", 4, "empty.opml: ", id="an-empty-file"),
            pytest.param("https://example.org/l.opml", 8, "--offline", id="offline"),
            pytest.param("https://", 2, "is not an address", id="no-address"),
        ],
    )
    def test_what_is_refused_changes_nothing(
        self, newsroom: Shell, place: str, code: int, says: str
    ) -> None:
        (newsroom.root / "feed.xml").write_text("<rss version='2.0'><channel/></rss>")
        (newsroom.root / "empty.opml").write_text("")
        before = Path("feedsvc.toml").read_text()

        done = newsroom.run("import", "opml", place, "--offline")

        assert (done.code, done.out) == (code, "")
        assert says in done.err
        assert Path("feedsvc.toml").read_text() == before

    def test_without_a_configuration_init_is_named(self, empty: Shell) -> None:
        done = empty.run("import", "opml", "liste.opml")

        assert done.code == 3
        assert "feedsvc init" in done.err


class TestExport:
    def test_what_was_imported_comes_out_again(self, newsroom: Shell) -> None:
        newsroom.run("import", "opml", "liste.opml")
        imported = {(one["url"], *one["tags"]) for one in configured().values() if "tags" in one}

        done = newsroom.run("export", "opml")
        (newsroom.root / "raus.opml").write_text(done.out)
        found = newsroom.run("source", "test", "raus.opml", "--json").json["outlines"]

        assert done.code == 0
        assert imported == {
            (one["url"], *one["folder"], *one["tags"])
            for one in found
            if one["folder"] or one["tags"]
        }
        assert newsroom.run("import", "opml", "raus.opml", "--json").json["added"] == []

    def test_into_a_file(self, newsroom: Shell) -> None:
        newsroom.run("import", "opml", "liste.opml")

        done = newsroom.run("export", "opml", "-o", "raus.opml")
        found = newsroom.run("export", "opml", "--json").json

        assert done.out == "raus.opml: 3 feeds\n"
        root = ElementTree.parse("raus.opml").getroot()
        urls = {one.get("xmlUrl") for one in root.iter("outline")} - {None}
        assert urls == {one["url"] for one in found["sources"]}
        assert len(urls) == 3

    def test_folders_are_no_subscriptions(self, shell: Shell) -> None:
        assert shell.run("export", "opml", "--json").json["sources"] == []

    def test_twice_is_the_same(self, newsroom: Shell) -> None:
        newsroom.run("import", "opml", "liste.opml")

        assert newsroom.run("export", "opml").out == newsroom.run("export", "opml").out

    def test_passwords_are_left_out(self, newsroom: Shell) -> None:
        text = Path("feedsvc.toml").read_text()
        newsroom.configure(f'{text}\n[[source]]\nurl = "https://mara:geheim@kran.example/"\n')

        done = newsroom.run("export", "opml")

        assert "https://kran.example/" in done.out
        assert "geheim" not in done.out
