"""`feedsvc feed`: what is in feeds and why, where they are found, what other rules would do."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from feedsvc.cli.main import main
from tests.support import Shell

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"
settle = "1s"

[[source]]
name = "wire"
title = "The Wire"
path = "wire"
settle = "1s"

[[feed]]
name = "all"

[[feed]]
name = "ferry"
title = "Ferries"
tags = ["Ferry"]
limit = 2

[[feed]]
name = "topics"
per = "tag"

[[feed]]
name = "members"
private = true
"""


def fill(root: Path) -> None:
    """Six articles, A the newest; nothing is synced yet."""
    said = {
        "articles/a": ("A", "2025-05-06", "Tags: Ferry, Häfen\nBy: Mara"),
        "articles/b": ("B", "2025-05-05", "Tags: ferry"),
        "articles/c": ("C", "2025-05-04", "Tags: Ferry\nLanguage: de-AT"),
        "articles/d": ("D", "2025-05-03", "By: Jonas"),
        "wire/e": ("E", "2025-05-02", "Tags: Ferry, Ad"),
        "wire/f": ("F", "2099-05-01", "Tags: Ferry"),
    }
    (root / "feedsvc.toml").write_text(CONFIG)
    for name, (title, date, labels) in said.items():
        path = root / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{title}\n{date}\n{labels}\n\nText of {title}.\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.fixture
def news(empty: Shell) -> Shell:
    fill(empty.root)
    return empty


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after a first sync: made once, and copied for each test."""
    root = tmp_path_factory.mktemp("newsroom")
    fill(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["sync", "-q"]) == 0
    return root


@pytest.fixture
def built(empty: Shell, template: Path) -> Shell:
    shutil.copytree(template, empty.root, dirs_exist_ok=True)
    return empty


def reconfigure(shell: Shell, old: str, new: str) -> None:
    text = (shell.root / "feedsvc.toml").read_text()
    assert old in text
    shell.configure(text.replace(old, new))


def told(lines: str) -> list[str]:
    """The marks and titles of a preview."""
    return [f"{line[0]}{line.split()[-1]}" for line in lines.splitlines()[1:]]


def files(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in (*root.glob("public/**/*"), *root.glob("var/*.db"))
        if path.is_file()
    }


class TestList:
    def test_tells_each_feed_those_of_groups_below_them(self, built: Shell) -> None:
        found = {one["name"]: one for one in built.run("feed", "list", "--json").json["feeds"]}

        assert list(found) == [
            "all", "ferry", "topics", "topics/ad", "topics/ferry", "topics/haefen", "members",
        ]  # fmt: skip
        assert found["ferry"] == {
            "name": "ferry", "title": "Ferries", "group": None, "per": None, "private": False,
            "entries": 2, "newest": "2025-05-05T22:00:00Z", "updated": "2025-05-05T22:00:00Z",
            "built": found["ferry"]["built"], "state": "ok", "reason": None,
            "formats": ["atom", "rss", "json"], "url": "https://news.example.org/ferry/",
        }  # fmt: skip
        child = found["topics/haefen"]
        assert (child["group"], child["entries"]) == ("topics", 1)
        assert child["title"] == "Harbour News: topics: Häfen"

    def test_a_private_address_is_not_shown(self, built: Shell) -> None:
        (token,) = [path.name for path in (built.root / "public/members").iterdir()]

        listed = built.run("feed", "list")
        shown = built.run("feed", "show", "members", "--json")

        assert token not in listed.out + shown.out
        assert shown.json["feed"]["url"] is None

    def test_a_group_stands_above_its_feeds(self, built: Shell) -> None:
        lines = built.run("feed", "list").out.splitlines()

        names = [line.partition("  ")[0] if line[0] != " " else line[:15] for line in lines]
        assert names[3:7] == ["topics", "  topics/ad    ", "  topics/ferry ", "  topics/haefen"]

    def test_before_the_first_build_all_are_new(self, news: Shell) -> None:
        found = news.run("feed", "list", "--json").json["feeds"]

        assert {(one["name"], one["state"]) for one in found} == {
            ("all", "new"), ("ferry", "new"), ("topics", "new"), ("members", "new"),
        }  # fmt: skip

    def test_what_waits_for_a_build_is_due(self, built: Shell) -> None:
        built.write("g.txt", "G\n2025-05-07\n\nNew.\n")
        built.run("sync", "-q", "--no-build")

        found = {one["name"]: one for one in built.run("feed", "list", "--json").json["feeds"]}

        assert {name for name, one in found.items() if one["state"] == "due"} == {
            "all", "topics", "members",
        }  # fmt: skip


class TestShow:
    def test_tells_rules_that_differ_from_the_defaults(self, built: Shell) -> None:
        found = built.run("feed", "show", "ferry", "--json").json["feed"]

        assert found["rules"] == {"tags": ["Ferry"], "limit": 2}
        assert found["entries"] == 2

    def test_a_feed_of_a_group(self, built: Shell) -> None:
        found = built.run("feed", "show", "topics/haefen", "--json").json["feed"]

        assert found["facet"] == {"kind": "tag", "word": "häfen"}
        assert built.run("feed", "show", "topics", "--json").json["feed"]["feeds"] == [
            "topics/ad", "topics/ferry", "topics/haefen",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            pytest.param("fery", "did you mean 'ferry'?", id="a-typing-error"),
            pytest.param("topics/haffen", "did you mean 'topics/haefen'?", id="one-of-a-group"),
            pytest.param("ferry/a", "did you mean 'ferry'?", id="a-part-of-what-is-no-group"),
            pytest.param("nix", "`feedsvc feed list` shows all", id="another-word"),
        ],
    )
    @pytest.mark.parametrize("verb", ["show", "urls", "preview"])
    def test_a_feed_that_is_none(self, built: Shell, verb: str, name: str, hint: str) -> None:
        done = built.run("feed", verb, name)

        assert (done.code, done.out) == (7, "")
        assert done.err == f"feedsvc: no feed '{name}'\n{hint}\n"


class TestUrls:
    def test_tells_every_document(self, built: Shell) -> None:
        (found,) = built.run("feed", "urls", "ferry", "--json").json["feeds"]

        base = "https://news.example.org/ferry"
        assert found["page"] == f"{base}/"
        assert found["documents"] == {
            "atom": f"{base}/atom.xml", "rss": f"{base}/rss.xml", "json": f"{base}/feed.json",
        }  # fmt: skip
        assert (found["archive"], found["tokens"]) == (None, None)

    def test_every_address_leads_to_a_file(self, built: Shell) -> None:
        reconfigure(built, "limit = 2", "limit = 2\narchive = true")
        built.run("sync", "-q")

        lines = built.run("feed", "urls").out
        for name in ("topics/ad", "topics/haefen"):
            lines += built.run("feed", "urls", name).out

        found = re.findall(r"https://news\.example\.org/(\S+)", lines)
        assert len(found) == 4 + 5 + 1 + 4 + 2 * 4
        for path in found:
            file = built.root / "public" / path
            assert (file / "index.html" if path.endswith("/") else file).is_file(), path

    def test_the_archive_is_counted(self, built: Shell) -> None:
        reconfigure(built, "limit = 2", "limit = 1\narchive = true")
        built.run("sync", "-q")

        (found,) = built.run("feed", "urls", "ferry", "--json").json["feeds"]

        assert found["archive"]["pages"] == 3
        assert found["archive"]["atom"] == "https://news.example.org/ferry/archive/3/atom.xml"

    def test_a_key_is_given_and_works_at_once(self, built: Shell) -> None:
        done = built.run("feed", "urls", "members", "--new-token", " Anna  B. ", "--json")

        (found,) = done.json["feeds"]
        first, anna = found["tokens"]
        assert (done.code, first["label"], anna["label"]) == (0, None, "Anna B.")
        for key in (first, anna):
            assert (built.root / "public/members" / key["token"] / "atom.xml").is_file()
            assert key["documents"]["atom"].endswith(f"/members/{key['token']}/atom.xml")

    def test_a_key_is_taken_back_with_all_that_it_opened(self, built: Shell) -> None:
        built.run("feed", "urls", "members", "--new-token", "Anna")

        done = built.run("feed", "urls", "members", "--revoke", "Anna", "--json")

        (left,) = done.json["feeds"][0]["tokens"]
        assert [path.name for path in (built.root / "public/members").iterdir()] == [left["token"]]

    def test_the_keys_of_a_group_are_those_of_its_feeds(self, built: Shell) -> None:
        reconfigure(built, 'per = "tag"', 'per = "tag"\nprivate = true')
        built.run("sync", "-q")

        done = built.run("feed", "urls", "topics/ad", "--new-token", "Anna", "--json")

        anna = done.json["feeds"][0]["tokens"][-1]
        for name in ("ad", "ferry", "haefen"):
            assert (built.root / f"public/topics/{name}" / anna["token"] / "rss.xml").is_file()

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            pytest.param(["--new-token", "x"], 2, "one feed", id="a-key-to-no-feed"),
            pytest.param(["ferry", "--new-token", "x"], 2, "everybody may read", id="to-all"),
            pytest.param(["ferry", "--revoke", "x"], 2, "everybody may read", id="none-to-take"),
            pytest.param(["members", "--new-token", " "], 2, "needs a label", id="without-a-label"),
            pytest.param(["members", "--revoke", "x"], 7, "no such key", id="a-key-that-is-none"),
            pytest.param(
                ["members", "--revoke", "x", "--new-token", "y"], 2, "not allowed", id="both"
            ),
        ],
    )
    def test_what_cannot_be(self, built: Shell, arguments: list[str], code: int, says: str) -> None:
        before = files(built.root)

        done = built.run("feed", "urls", *arguments)

        assert (done.code, done.out) == (code, "")
        assert says in done.err
        assert len(done.err.splitlines()) <= 3
        assert files(built.root) == before

    def test_one_label_has_one_key(self, built: Shell) -> None:
        built.run("feed", "urls", "members", "--new-token", "Anna")

        done = built.run("feed", "urls", "members", "--new-token", "Anna")

        assert done.code == 2
        assert "'Anna' has a key" in done.err


class TestPreview:
    @pytest.mark.parametrize(
        ("options", "lines"),
        [
            pytest.param([], [], id="nothing-would-change"),
            pytest.param(["--limit", "3"], ["+C"], id="limit"),
            pytest.param(["--limit", "1"], ["-B"], id="a-smaller-limit"),
            pytest.param(["--offset", "1"], ["+C", "-A"], id="offset"),
            pytest.param(["--tags", "häfen"], ["-B"], id="another-tag"),
            pytest.param(["--tags", "ad", "--tags", "Häfen"], ["+E", "-B"], id="two-tags"),
            pytest.param(["--exclude-tags", "häfen"], ["+C", "-A"], id="exclude-tags"),
            pytest.param(["--authors", "mara"], ["-B"], id="authors"),
            pytest.param(["--exclude-authors", "Mara"], ["+C", "-A"], id="exclude-authors"),
            pytest.param(["--sources", "wire"], ["+E", "-A", "-B"], id="sources"),
            pytest.param(["--exclude-sources", "desk"], ["+E", "-A", "-B"], id="exclude-sources"),
            pytest.param(["--language", "de"], ["+C", "-A", "-B"], id="language"),
            pytest.param(["--match", "text of [bc]"], ["+C", "-A"], id="match"),
            pytest.param(["--exclude", "text of a"], ["+C", "-A"], id="exclude"),
            pytest.param(["--max-per-source", "1"], ["+E", "-B"], id="max-per-source"),
            pytest.param(["--since", "1d"], ["-A", "-B"], id="since"),
            pytest.param(["--without", "tags", "--limit", "4"], ["+C", "+D"], id="without-a-rule"),
            pytest.param(
                ["--without", "limit", "--all"], [" A", " B", "+C", "+E"], id="the-whole-list"
            ),
        ],
    )
    def test_tells_what_comes_and_goes(
        self, built: Shell, options: list[str], lines: list[str]
    ) -> None:
        before = files(built.root)

        done = built.run("feed", "preview", "ferry", *options)

        assert (done.code, told(done.out)) == (0, lines)
        assert files(built.root) == before

    def test_counts_and_dates_and_sources(self, built: Shell) -> None:
        done = built.run("feed", "preview", "ferry", "--sources", "wire")

        assert done.out == (
            "ferry: 1 added, 2 removed, 0 unchanged\n+ 2025-05-02 00:00  wire  E\n"
            "- 2025-05-06 00:00  desk  A\n- 2025-05-05 00:00  desk  B\n"
        )

    def test_without_options_it_is_what_the_next_build_does(self, built: Shell) -> None:
        built.write("g.txt", "G\n2025-05-07\nTags: Ferry, Wind\n\nNew.\n")
        reconfigure(built, "limit = 2", "limit = 4")
        built.run("sync", "-q", "--no-build")
        expected = built.run("feed", "preview", "--json").json["feeds"]

        built.run("regenerate", "-q")

        added = {one["name"]: [e["title"] for e in one["added"]] for one in expected}
        assert added == {
            "all": ["G"], "ferry": ["G", "C"], "topics/ad": [], "topics/ferry": ["G"],
            "topics/haefen": [], "topics/wind": ["G"], "members": ["G"],
        }  # fmt: skip
        after = built.run("feed", "preview", "--json").json["feeds"]
        assert [one["added"] + one["removed"] for one in after] == [[]] * 7

    def test_rules_of_another_file(self, built: Shell, tmp_path: Path) -> None:
        other = tmp_path / "other.toml"
        text = CONFIG.replace('tags = ["Ferry"]', 'sources = ["wire"]')
        other.write_text(text.replace('name = "all"', 'name = "every"'))

        one = built.run("feed", "preview", "ferry", "--from", str(other))
        every = built.run("feed", "preview", "--from", str(other), "--json").json["feeds"]

        assert told(one.out) == ["+E", "-A", "-B"]
        changes = {o["name"]: (len(o["added"]), len(o["removed"])) for o in every}
        assert changes["every"] == (5, 0)
        assert changes["all"] == (0, 5)
        assert not (tmp_path / "var").exists()

    @pytest.mark.parametrize(
        ("rule", "changes"),
        [
            pytest.param("", [], id="as-it-is"),
            pytest.param('authors = ["Mara"]', ["-B", "-C", "-E"], id="with-a-rule"),
            pytest.param('exclude_tags = ["ferry"]', ["-A", "-B", "-C", "-E"], id="without-it"),
        ],
    )
    def test_one_feed_of_a_group_by_another_file(
        self, built: Shell, rule: str, changes: list[str]
    ) -> None:
        text = CONFIG.replace('per = "tag"', f'per = "tag"\n{rule}')
        (built.root / "other.toml").write_text(text)

        done = built.run("feed", "preview", "topics/ferry", "--from", "other.toml")

        assert told(done.out) == changes

    def test_rules_of_a_group_are_tried_on_each_of_its_feeds(self, built: Shell) -> None:
        done = built.run("feed", "preview", "topics", "--sources", "wire", "--json")

        found = {
            one["name"]: ([e["title"] for e in one["added"]], [e["title"] for e in one["removed"]])
            for one in done.json["feeds"]
        }
        assert found == {
            "topics/ad": ([], []), "topics/ferry": ([], ["A", "B", "C"]),
            "topics/haefen": ([], ["A"]),
        }  # fmt: skip

    def test_what_will_stand_on_the_open_page_of_an_archive(self, built: Shell) -> None:
        """It is in the newest document, whatever the limit says; no page is closed by a preview."""
        archived = "limit = 1\narchive = true\npage_size = 10"
        other = built.root / "other.toml"
        other.write_text(CONFIG.replace("limit = 2", archived))
        before = files(built.root)

        expected = built.run("feed", "preview", "ferry", "--from", "other.toml", "--all").out

        assert files(built.root) == before
        assert told(expected) == [" A", " B", "+C", "+E"]
        built.configure(other.read_text())
        built.run("sync", "-q")
        after = built.run("feed", "preview", "ferry", "--all").out
        assert told(after) == [" A", " B", " C", " E"]

    def test_no_word_gets_an_address_by_a_preview(self, news: Shell) -> None:
        news.run("sync", "-q", "--no-build")

        names = [one["name"] for one in news.run("feed", "preview", "--json").json["feeds"]]

        assert "topics/haefen" in names
        assert news.run("feed", "show", "topics/haefen").code == 7

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            pytest.param(["--tags", "x"], 2, "one feed", id="rules-for-all"),
            pytest.param(["ferry", "--since", "soon"], 2, "a duration", id="no-duration"),
            pytest.param(["ferry", "--match", "("], 2, "regular expression", id="no-expression"),
            pytest.param(["ferry", "--language", "German"], 2, "'de'", id="no-language"),
            pytest.param(["ferry", "--limit", "0"], 2, "from 1", id="no-limit"),
            pytest.param(["ferry", "--tags", ""], 2, "--tags", id="no-tag"),
            pytest.param(["ferry", "--dedupe", "id"], 2, '"link"', id="no-way-to-compare"),
            pytest.param(["ferry", "--without", "name"], 2, "invalid choice", id="no-rule"),
            pytest.param(["ferry", "--sources", "dsk"], 7, "'desk'", id="no-source"),
            pytest.param(
                ["ferry", "--from", "none.toml"], 3, "--from names none.toml", id="no-file"
            ),
        ],
    )
    def test_what_cannot_be(self, built: Shell, arguments: list[str], code: int, says: str) -> None:
        done = built.run("feed", "preview", *arguments)

        assert (done.code, done.out) == (code, "")
        assert says in done.err
        assert len(done.err.splitlines()) <= 3


class TestExplain:
    def summary(self, shell: Shell, *arguments: str) -> str:
        done = shell.run("feed", "explain", *arguments)
        assert done.code == 0, done.err
        first: str = done.out.splitlines()[0]
        return first

    @pytest.mark.parametrize(
        ("rules", "article", "says"),
        [
            pytest.param("", "a", "in cut: number 1; the feed holds 3", id="in"),
            pytest.param("", "d", "not in cut: limit: number 4; the feed holds 3", id="limit"),
            pytest.param("", "f", "not in cut: due: not before 2099-04-30", id="held"),
            pytest.param('tags = ["Wind"]', "a", "not in cut: tags: has ferry, häfen; asked "
                         "for is Wind", id="tags"),
            pytest.param('exclude_tags = ["AD"]', "e", "not in cut: exclude_tags: has AD; left out "
                         "are AD", id="exclude-tags"),
            pytest.param('authors = ["Jo"]', "d", "not in cut: authors: has jonas", id="authors"),
            pytest.param('authors = ["Jo"]', "b", "not in cut: authors: has none", id="nobody"),
            pytest.param('sources = ["wire"]', "a", "not in cut: sources: of desk", id="sources"),
            pytest.param('exclude_sources = ["wire"]', "e", "not in cut: exclude_sources: of wire",
                         id="exclude-sources"),
            pytest.param('language = "fr"', "c", "not in cut: language: de-AT", id="language"),
            pytest.param('exclude_languages = ["de"]', "c", "not in cut: exclude_languages: de-AT",
                         id="exclude-languages"),
            pytest.param('since = "1d"', "a", "not in cut: since: published 2025-05-05", id="age"),
            pytest.param('match = "ferry"', "a", "not in cut: match: 'ferry' is not in its words",
                         id="match"),
            pytest.param('exclude = "text of"', "a", "not in cut: exclude: 'text of' is in its "
                         "words: …A Text of A.…", id="exclude"),
            pytest.param("offset = 2", "b", "not in cut: offset: number 2; the 2 newest are left "
                         "out", id="offset"),
            pytest.param("offset = 2", "c", "in cut: number 1; the feed holds 3", id="behind-it"),
            pytest.param("max_per_source = 2", "c", "not in cut: max_per_source: desk has its 2",
                         id="max-per-source"),
            pytest.param('exclude_tags = ["ferry"]\nlanguage = "fr"', "a",
                         "not in cut: language: ", id="the-first-rule-that-fails"),
        ],
    )  # fmt: skip
    def test_says_what_decides(self, news: Shell, rules: str, article: str, says: str) -> None:
        news.configure(f'{CONFIG}\n[[feed]]\nname = "cut"\nlimit = 3\n{rules}\n')
        news.run("sync", "-q")

        source = "wire" if article in "ef" else "desk"
        summary = self.summary(news, "cut", f"{source}/{article}")

        assert summary.startswith(says)

    def test_agrees_with_what_is_published(self, built: Shell) -> None:
        articles = built.run("article", "list", "--json").json["articles"]
        for name in ("all", "ferry", "topics/ferry", "topics/haefen"):
            document = (built.root / f"public/{name}/feed.json").read_text()

            for article in articles:
                found = built.run("feed", "explain", name, article["id"], "--json").json
                (one,) = found["articles"]
                assert one["in"] is one["published"] is (f'"{article["id"]}"' in document)
                assert (one["failed"] is None) is one["in"]

    def test_every_rule_is_told(self, built: Shell) -> None:
        (found,) = built.run("feed", "explain", "ferry", "desk/c", "--json").json["articles"]

        steps = {step["rule"]: step["met"] for step in found["steps"]}
        assert steps == {"state": True, "tags": True, "due": True, "dedupe": True, "limit": False}
        assert found["failed"] == "limit"

    def test_what_the_next_build_does_is_told(self, built: Shell) -> None:
        built.run("article", "hide", "desk/b", "--no-build")
        lines = built.run("feed", "explain", "ferry", "desk/c").out.splitlines()
        assert lines[0] == "in ferry: number 2; the feed holds 2"
        assert lines[-1] == "the next build adds it to ferry"

        built.run("regenerate", "-q")

        assert "next build" not in built.run("feed", "explain", "ferry", "desk/c").out

    def test_a_verdict_of_the_operator_is_told(self, built: Shell) -> None:
        built.run("article", "withdraw", "desk/a", "--reason", "a mistake")

        summary = self.summary(built, "ferry", "desk/a")

        assert summary == "not in ferry: state: withdrawn by the operator: a mistake"

    def test_a_group_is_explained_by_its_feeds(self, built: Shell) -> None:
        assert self.summary(built, "topics", "desk/a") == (
            "in topics: in the feeds of ferry, häfen"
        )
        assert self.summary(built, "topics", "desk/d") == "not in topics: per: has no tag"
        assert self.summary(built, "topics/haefen", "desk/b").startswith("not in topics/haefen: ")

    def test_of_very_many_words_the_first_are_named(self, built: Shell) -> None:
        tags = ", ".join(f"t{number:03}" for number in range(100))
        built.write("many.txt", f"Many\n2025-05-07\nTags: {tags}\n\nText.\n")
        built.run("sync", "-q")

        assert self.summary(built, "topics", "desk/many").endswith("t018, t019 and 80 more")

    def test_a_digest_tells_of_articles(self, built: Shell) -> None:
        extra = '\n[[feed]]\nname = "weekly"\ndigest = "weekly"\ntags = ["Ferry"]\nlimit = 500\n'
        built.configure(CONFIG + extra)
        built.run("sync", "-q")

        assert self.summary(built, "weekly", "desk/a") == (
            "in weekly: told of in the edition 2025-W19"
        )
        assert self.summary(built, "weekly", "desk/d").startswith("not in weekly: tags: ")
        lines = built.run("feed", "preview", "weekly", "--exclude-tags", "häfen").out
        assert told(lines) == ["-A"]

    def test_a_page_of_the_archive_is_told(self, built: Shell) -> None:
        reconfigure(built, "limit = 2", "limit = 1\narchive = true")
        built.run("sync", "-q")

        found = {name: self.summary(built, "ferry", f"desk/{name}") for name in "abc"}

        assert found == {
            "a": "in ferry: number 1; the feed holds 1",
            "b": "on page 3 of the archive of ferry",
            "c": "on page 2 of the archive of ferry",
        }

    @pytest.mark.parametrize("name", ["tag:news.example.org,2025-01-01:desk/a", "desk/a", "/a"])
    def test_a_part_of_the_id_will_do(self, built: Shell, name: str) -> None:
        assert built.run("feed", "explain", "all", name, "--json").json["articles"][0]["title"] == (
            "A"
        )

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            pytest.param(["all", "nix"], "no article 'nix'", id="no-article"),
            pytest.param(["nix", "desk/a"], "no feed 'nix'", id="no-feed"),
            pytest.param(["all", "desk/a", "--source", "nix"], "no source 'nix'", id="no-source"),
            pytest.param(["all", "desk/a", "--source", "wire"], "of source 'wire'", id="not-there"),
        ],
    )
    def test_what_is_not_there(self, built: Shell, arguments: list[str], says: str) -> None:
        done = built.run("feed", "explain", *arguments)

        assert (done.code, done.out) == (7, "")
        assert says in done.err

    def test_an_id_that_several_sources_have(self, news: Shell) -> None:
        one = "https://news.example.org/storm"
        for place in ("storm.txt", "../wire/storm.txt"):
            date = "2025-05-08" if "wire" in place else "2025-05-09"
            news.write(place, f"Storm\n{date}\nid: {one}\n\nText.\n")
        news.run("sync", "-q")

        found: Any = news.run("feed", "explain", "all", one, "--json").json["articles"]
        (wire,) = news.run(
            "feed", "explain", "all", one, "--source", "wire", "--json"
        ).json["articles"]  # fmt: skip

        assert {(each["source"], each["in"]) for each in found} == {("desk", True), ("wire", False)}
        assert wire["summary"] == (
            f"not in all: id: 'Storm' of desk ({one}) has the same id and is newer"
        )


@pytest.mark.parametrize("verb", ["list", "show", "urls", "preview", "explain"])
def test_help_has_examples(empty: Shell, verb: str) -> None:
    done = empty.run("feed", verb, "--help")

    assert done.code == 0
    assert f"feedsvc feed {verb}" in done.out.partition("examples:")[2]
