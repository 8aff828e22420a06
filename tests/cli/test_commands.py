"""Each command as scripts rely on it: JSON documents, exit codes, stdout and stderr."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from filelock import FileLock

from tests.support import Shell

Make: TypeAlias = Callable[..., str]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class TestSync:
    def test_tells_each_source_and_the_totals(self, shell: Shell) -> None:
        done = shell.run("sync", "--json")

        found = done.json
        assert done.code == 0
        assert found["schema"] == "feedsvc.sync/1"
        (source,) = found["sources"]
        assert source.pop("seconds") >= 0
        assert source == {
            "name": "desk", "outcome": "ok", "new": 2, "changed": 0, "withdrawn": 0,
            "status": None, "reason": None,
        }  # fmt: skip
        assert found["totals"]["new"] == 2

    def test_builds_the_feeds_it_touched(self, shell: Shell) -> None:
        shell.run("sync")

        assert (shell.root / "public/all/atom.xml").read_text().count("<entry") == 2
        assert (shell.root / "public/ferry/rss.xml").read_text().count("<item") == 1

    def test_no_build_leaves_that_out_and_the_next_run_makes_up_for_it(self, shell: Shell) -> None:
        shell.run("sync", "--no-build")
        assert not (shell.root / "public").exists()

        shell.run("sync")

        assert (shell.root / "public/all/atom.xml").exists()

    def test_a_second_run_finds_nothing_new(self, synced: Shell) -> None:
        done = synced.run("sync", "--json")

        assert done.json["sources"][0]["outcome"] == "unchanged"
        assert {p["outcome"] for p in done.json["publications"]} == {"unchanged"}

    def test_a_dry_run_writes_nothing(self, shell: Shell) -> None:
        done = shell.run("sync", "--dry-run", "--json")

        assert done.json["totals"]["new"] == 2
        assert not (shell.root / "public").exists()
        assert shell.run("article", "list", "--json").json["articles"] == []

    def test_a_failed_source_is_exit_code_4_and_the_others_are_synced(self, shell: Shell) -> None:
        extra = '\n[[source]]\nname = "gone"\npath = "nowhere"\n'
        shell.configure((shell.root / "feedsvc.toml").read_text() + extra)

        done = shell.run("sync", "--json")

        assert done.code == 4
        outcomes = {source["name"]: source["outcome"] for source in done.json["sources"]}
        assert outcomes == {"desk": "ok", "gone": "failed"}
        assert "nowhere" in done.err
        assert "Traceback" not in done.err

    def test_an_unreadable_file_is_a_problem_and_not_a_failure(self, shell: Shell) -> None:
        shell.write("broken.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")

        done = shell.run("sync")

        assert done.code == 0
        (problem,) = shell.run("status", "--json").json["problems"]
        assert problem["path"] == "broken.txt"

    def test_an_unknown_source_is_exit_code_7(self, shell: Shell) -> None:
        done = shell.run("sync", "--source", "dsk")

        assert done.code == 7
        assert "did you mean 'desk'?" in done.err

    def test_a_source_that_is_not_due_is_skipped_unless_forced(self, shell: Shell) -> None:
        shell.configure((shell.root / "feedsvc.toml").read_text().replace(
            'path = "articles"', 'path = "articles"\nevery = "1h"'
        ))  # fmt: skip
        shell.run("sync")

        skipped = shell.run("sync", "--json").json["sources"][0]
        named = shell.run("sync", "--source", "desk", "--json").json["sources"][0]
        forced = shell.run("sync", "--force", "--json").json["sources"][0]

        assert (skipped["outcome"], named["outcome"]) == ("skipped", "skipped")
        assert forced["outcome"] == "unchanged"

    def test_the_loss_of_all_files_fails_until_it_is_accepted(self, synced: Shell) -> None:
        for name in ("ferry.txt", "library.txt"):
            (synced.root / "articles" / name).unlink()

        doubted = synced.run("sync")
        believed = synced.run("sync", "--accept-loss", "--json")

        assert doubted.code == 4
        assert "--accept-loss" in doubted.err
        assert believed.json["totals"]["withdrawn"] == 2


class TestRegenerate:
    def test_tells_every_publication(self, synced: Shell) -> None:
        done = synced.run("regenerate", "--json")

        found = done.json
        assert found["schema"] == "feedsvc.regenerate/1"
        assert [(p["path"], p["outcome"]) for p in found["publications"]] == [
            ("all/atom.xml", "unchanged"),
            ("all/rss.xml", "unchanged"),
            ("all/feed.json", "unchanged"),
            ("all/index.html", "unchanged"),
            ("ferry/atom.xml", "unchanged"),
            ("ferry/rss.xml", "unchanged"),
            ("ferry/feed.json", "unchanged"),
            ("ferry/index.html", "unchanged"),
            ("a/the-ferry-sails-again/index.html", "unchanged"),
            ("a/the-library-stays-open-late/index.html", "unchanged"),
            ("sitemap.xml", "unchanged"),
            ("index.html", "unchanged"),
            ("opml.xml", "unchanged"),
        ]
        first = found["publications"][0]
        assert first.keys() == {
            "feed", "format", "path", "outcome", "entries", "bytes", "digest", "reason",
        }  # fmt: skip
        assert first["entries"] == 2
        assert first["bytes"] == (synced.root / "public/all/atom.xml").stat().st_size

    def test_one_feed_alone(self, shell: Shell) -> None:
        shell.run("sync", "--no-build")

        shell.run("regenerate", "--feed", "ferry")

        assert (shell.root / "public/ferry/atom.xml").exists()
        assert not (shell.root / "public/all/atom.xml").exists()

    def test_check_says_what_would_be_and_writes_nothing(self, shell: Shell) -> None:
        shell.run("sync", "--no-build")

        done = shell.run("regenerate", "--check", "--json")

        assert {p["outcome"] for p in done.json["publications"]} == {"written"}
        assert not (shell.root / "public").exists()

    def test_an_unknown_feed_is_exit_code_7(self, synced: Shell) -> None:
        assert synced.run("regenerate", "--feed", "nothing").code == 7


class TestArticle:
    def test_list_has_every_field_of_the_contract(self, synced: Shell) -> None:
        done = synced.run("article", "list", "--json")

        assert done.json["schema"] == "feedsvc.articles/1"
        library, ferry = done.json["articles"]
        assert ferry["id"] == "tag:news.example.org,2025-01-01:desk/ferry"
        assert ferry["title"] == "The ferry sails again"
        assert ferry["published"] == "2025-03-14T09:00:00Z"
        assert ferry["updated"] == "2025-03-14T09:00:00Z"
        assert TIME.fullmatch(ferry["first_seen"])
        assert ferry["authors"] == [{"name": "Mara", "email": None, "uri": None}]
        assert ferry["tags"] == ["Ferry", "Harbour"]
        assert ferry["content_html"] == "<p>It left at nine.</p>"
        assert ferry["state"] == "published"
        assert ferry["revision"] == 1
        assert library["published"] == "2025-03-14T23:00:00Z"

    @pytest.mark.parametrize(
        ("arguments", "titles"),
        [
            pytest.param(("--limit", "1"), ["Tomorrow"], id="newest-first"),
            pytest.param(("--state", "held"), ["Tomorrow"], id="by-state"),
            pytest.param(("--source", "desk", "--state", "withdrawn"), [], id="by-source"),
        ],
    )
    def test_list_narrows(
        self, synced: Shell, make_article: Make, arguments: tuple[str, ...], titles: list[str]
    ) -> None:
        synced.write("later.txt", make_article("Tomorrow", Embargo="2099-01-01", Date="2024-01-01"))
        synced.run("sync")

        done = synced.run("article", "list", "--json", *arguments)

        assert [article["title"] for article in done.json["articles"]] == titles

    def test_show_tells_labels_that_nobody_knows(self, synced: Shell, make_article: Make) -> None:
        synced.write("fair.txt", make_article("The fair", Date="2025-02-01", Pressestelle="Hall 3"))
        synced.run("sync")
        name = "tag:news.example.org,2025-01-01:desk/fair"

        done = synced.run("article", "show", name, "--json")

        assert done.json["articles"][0]["extra"] == {"Pressestelle": "Hall 3"}
        assert "Pressestelle=Hall 3" in synced.run("article", "show", name).out

    def test_show_tells_everybody_who_speaks(self, synced: Shell, make_article: Make) -> None:
        lines = {"Audio": "https://media.example.org/fog.mp3", "Host": "Mara, Jan", "Guest": "Liv"}
        synced.write("fog.txt", make_article("Fog", Date="2025-02-01", **lines))
        synced.run("sync")
        name = "tag:news.example.org,2025-01-01:desk/fog"

        done = synced.run("article", "show", name, "--json")

        people = [
            json.loads(one)[""] for one in done.json["articles"][0]["extra"]["podcast:person"]
        ]
        assert people == ["Mara", "Jan", "Liv"]
        assert all(one in synced.run("article", "show", name).out for one in people)

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(("article", "show", "tag:nobody"), id="no-such-article"),
            pytest.param(("article", "list", "--source", "nobody"), id="no-such-source"),
        ],
    )
    def test_what_is_not_there_is_exit_code_7(
        self, synced: Shell, arguments: tuple[str, ...]
    ) -> None:
        assert synced.run(*arguments).code == 7


class TestStatus:
    def test_tells_sources_and_feeds(self, synced: Shell) -> None:
        found = synced.run("status", "--json").json

        assert found["schema"] == "feedsvc.status/1"
        (source,) = found["sources"]
        assert source.keys() == {
            "name", "kind", "url", "state", "last_ok", "next_due", "failures", "reason",
        }  # fmt: skip
        assert (source["state"], source["failures"]) == ("ok", 0)
        assert TIME.fullmatch(source["last_ok"])
        feed = found["feeds"][0]
        assert (feed["name"], feed["entries"], feed["valid"]) == ("all", 2, True)
        assert feed["newest"] == "2025-03-14T23:00:00Z"
        assert found["problems"] == []

    def test_a_failing_source_tells_why_and_recovers(self, synced: Shell) -> None:
        (synced.root / "articles").rename(synced.root / "away")
        synced.run("sync")
        failing = synced.run("status", "--json").json["sources"][0]
        (synced.root / "away").rename(synced.root / "articles")
        synced.run("sync")

        well = synced.run("status", "--json").json["sources"][0]

        assert (failing["state"], failing["failures"]) == ("failing", 1)
        assert "cannot read" in failing["reason"]
        assert (well["state"], well["failures"], well["reason"]) == ("ok", 0, None)

    def test_the_table_is_for_people(self, synced: Shell) -> None:
        done = synced.run("status")

        assert "SOURCE" in done.out
        assert "ferry" in done.out


class TestValidate:
    def test_published_feeds_are_valid(self, synced: Shell) -> None:
        done = synced.run("validate", "--json")

        assert done.code == 0
        assert done.json["schema"] == "feedsvc.validate/1"
        assert len(done.json["files"]) == 6
        assert all(f["errors"] == [] and f["warnings"] == [] for f in done.json["files"])

    def test_a_file_that_is_not_is_exit_code_5_with_the_line(self, empty: Shell) -> None:
        (empty.root / "bad.xml").write_text("<feed xmlns='http://www.w3.org/2005/Atom'>\n<x\n")

        done = empty.run("validate", "bad.xml", "--json")

        assert done.code == 5
        (file,) = done.json["files"]
        assert file["errors"][0]["line"] is not None

    def test_a_feed_whose_name_has_a_dot_is_no_file(self, shell: Shell) -> None:
        text = (shell.root / "feedsvc.toml").read_text()
        shell.configure(text.replace('name = "ferry"', 'name = "ferry.news"'))
        shell.run("sync")

        done = shell.run("validate", "ferry.news", "--json")

        assert (done.code, len(done.json["files"])) == (0, 3)

    @pytest.mark.parametrize("what", ["nothing.xml", "nofeed"])
    def test_what_is_not_there_is_exit_code_7(self, synced: Shell, what: str) -> None:
        assert synced.run("validate", what).code == 7


class TestConfig:
    def test_a_misspelt_key_names_file_line_column_and_the_nearest(self, shell: Shell) -> None:
        shell.configure(shell.root.joinpath("feedsvc.toml").read_text().replace("tags =", "tgas ="))

        done = shell.run("config", "check")

        assert done.code == 3
        assert re.search(r"feedsvc\.toml:\d+:\d+", done.err)
        assert "'tags'" in done.err
        assert "^" in done.err
        assert len(done.err.strip().splitlines()) <= 3

    def test_an_unknown_kind_is_an_error_too(self, shell: Shell) -> None:
        text = (shell.root / "feedsvc.toml").read_text()
        shell.configure(text.replace('name = "desk"', 'name = "desk"\nkind = "foldr"'))

        done = shell.run("config", "check")

        assert done.code == 3
        assert "did you mean 'folder'?" in done.err

    def test_a_good_one_is_said_to_be_good(self, shell: Shell) -> None:
        assert shell.run("config", "check").code == 0
        assert shell.run("config", "check", "--json").json["ok"] is True

    def test_show_tells_the_settings_in_force(self, shell: Shell) -> None:
        found = shell.run("config", "show", "--json").json

        assert found["site"]["title"] == "Harbour News"
        assert found["feed"][0]["limit"] == 50

    def test_without_a_configuration_it_says_what_to_do(self, empty: Shell) -> None:
        done = empty.run("sync")

        assert done.code == 3
        assert "feedsvc init" in done.err


class TestInit:
    def test_what_it_writes_is_ready_to_use(self, empty: Shell) -> None:
        done = empty.run("init", "news", "--title", "Neues", "--base-url", "https://n.example.org")

        assert done.code == 0
        shown = empty.run("-C", "news", "config", "show", "--json").json["site"]
        assert (shown["title"], shown["id_domain"]) == ("Neues", "n.example.org")
        assert (empty.root / "news/articles").is_dir()

    def test_the_author_stands_in_it(self, empty: Shell) -> None:
        done = empty.run("init", "--author", "Newsroom", "--email", "news@example.org")

        author = empty.run("config", "show", "--json").json["site"]["author"]
        assert done.code == 0
        assert author == {"name": "Newsroom", "email": "news@example.org"}

    def test_an_address_without_a_name_is_wrong_usage(self, empty: Shell) -> None:
        done = empty.run("init", "--email", "news@example.org")

        assert done.code == 2
        assert not (empty.root / "feedsvc.toml").exists()

    def test_it_never_overwrites(self, shell: Shell) -> None:
        before = (shell.root / "feedsvc.toml").read_text()

        done = shell.run("init")

        assert done.code == 2
        assert (shell.root / "feedsvc.toml").read_text() == before

    def test_a_wrong_value_leaves_nothing_behind(self, empty: Shell) -> None:
        done = empty.run("init", "--timezone", "Europe/Berln")

        assert done.code == 3
        assert "Europe/Berlin" in done.err
        assert list(empty.root.iterdir()) == []

    @pytest.mark.parametrize(
        ("address", "domain"),
        [
            pytest.param("https://news.example.org/a", "news.example.org", id="a-name"),
            pytest.param("http://my_host:8080", "localhost", id="a-name-no-id-may-hold"),
            pytest.param("http://192.0.2.1:8080", "localhost", id="no-ip-address"),
            pytest.param("http://[fe80::1]", "localhost", id="nor-one-with-letters"),
        ],
    )
    def test_ids_are_minted_with_the_host_if_it_is_a_name(
        self, empty: Shell, address: str, domain: str
    ) -> None:
        assert empty.run("init", "--base-url", address).code == 0

        shown = empty.run("config", "show", "--json").json["site"]

        assert (shown["base_url"], shown["id_domain"]) == (address, domain)

    def test_an_address_that_is_none_is_a_mistake_of_configuration(self, empty: Shell) -> None:
        done = empty.run("init", "--base-url", "http://[")

        assert done.code == 3
        assert "base_url" in done.err
        assert list(empty.root.iterdir()) == []


def test_demo_publishes_the_samples(empty: Shell) -> None:
    done = empty.run("demo", "--no-server", "--json")

    assert done.code == 0
    assert done.json["totals"]["new"] >= 8
    assert (empty.root / "feedsvc-demo/public/all/atom.xml").exists()


class TestEveryCommand:
    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(("--json", "status"), id="before-the-command"),
            pytest.param(("status", "--json"), id="behind-it"),
        ],
    )
    def test_common_options_may_stand_anywhere(
        self, synced: Shell, arguments: tuple[str, ...]
    ) -> None:
        assert synced.run(*arguments).json["schema"] == "feedsvc.status/1"

    def test_config_and_directory_are_found(
        self, synced: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        by_file = synced.run("-c", "newsroom/feedsvc.toml", "status", "--json")
        by_folder = synced.run("-C", "newsroom", "status", "--json")

        assert by_file.json["feeds"] == by_folder.json["feeds"]

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param((), id="no-command"),
            pytest.param(("snyc",), id="unknown-command"),
            pytest.param(("sync", "--sauce", "x"), id="unknown-option"),
            pytest.param(("article", "list", "--limit", "0"), id="impossible-number"),
        ],
    )
    def test_wrong_usage_is_exit_code_2(self, empty: Shell, arguments: tuple[str, ...]) -> None:
        assert empty.run(*arguments).code == 2

    def test_wrong_usage_is_told_in_two_lines(self, empty: Shell) -> None:
        done = empty.run("article", "list", "--limit", "many")

        assert done.err.splitlines() == [
            "feedsvc: argument --limit: 'many' is no whole number from 1 to 1000000",
            "`feedsvc article list --help` shows how",
        ]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            pytest.param(
                ("article", "withdraw", "x", "--reasn", "y"),
                ("--reasn y; did you mean --reason?", "feedsvc article withdraw"),
                id="of-a-verb",
            ),
            pytest.param(
                ("article", "--bogus", "list"), ("--bogus", "feedsvc article"), id="before-a-verb"
            ),
            pytest.param(
                ("article", "list", "extra"), ("extra", "feedsvc article list"), id="a-word-more"
            ),
            pytest.param(
                ("sync", "--source", "desk", "--dryrun"),
                ("--dryrun; did you mean --dry-run?", "feedsvc sync"),
                id="of-a-command",
            ),
            pytest.param(("--bogus", "sync"), ("--bogus", "feedsvc"), id="before-all"),
        ],
    )
    def test_what_is_unknown_leads_to_the_help_of_its_verb(
        self, empty: Shell, arguments: tuple[str, ...], told: tuple[str, str]
    ) -> None:
        done = empty.run(*arguments)

        assert done.code == 2
        assert done.err.splitlines() == [
            f"feedsvc: unrecognized arguments: {told[0]}",
            f"`{told[1]} --help` shows how",
        ]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            pytest.param(("artikel", "list"), "COMMAND: invalid choice: 'artikel': did you mean "
                         "'article'?", id="a-command"),
            pytest.param(("feed", "movee"), "ACTION: invalid choice: 'movee': did you mean "
                         "'move'?", id="a-verb"),
            pytest.param(("log", "--kind", "zzz"), "--kind: invalid choice: 'zzz' (choose from",
                         id="like-none-of-them"),
        ],
    )  # fmt: skip
    def test_a_word_that_is_no_choice(
        self, empty: Shell, arguments: tuple[str, ...], told: str
    ) -> None:
        done = empty.run(*arguments)

        assert done.code == 2
        assert done.err.startswith(f"feedsvc: argument {told}")

    def test_debug_adds_a_traceback_and_keeps_the_exit_code(self, empty: Shell) -> None:
        plain = empty.run("status")
        debug = empty.run("--debug", "status")

        assert (plain.code, debug.code) == (3, 3)
        assert "Traceback" not in plain.err
        assert "Traceback" in debug.err
        assert debug.err.endswith(plain.err)

    @pytest.mark.parametrize("command", ["run", "serve"])
    def test_an_output_directory_that_cannot_be_made_is_told(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        (shell.root / "file").write_text("not a folder")
        monkeypatch.setenv("FEEDSVC_PUBLISH__DIRECTORY", "file/public")

        done = shell.run(command)

        assert done.code == 5
        assert "file/public: Not a directory" in done.err
        assert len(done.err.splitlines()) == 2

    @pytest.mark.parametrize(
        "command",
        ["demo", "init", "run", "sync", "regenerate", "serve", "status", "article", "validate",
         "config"],
    )  # fmt: skip
    def test_help_has_examples(self, empty: Shell, command: str) -> None:
        done = empty.run(command, "--help")

        assert done.code == 0
        assert "examples:" in done.out

    def test_a_newer_store_is_exit_code_6(self, synced: Shell) -> None:
        with closing(sqlite3.connect(synced.root / "var/feedsvc.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()

        done = synced.run("status")

        assert done.code == 6
        assert "newer" in done.err
        assert len(done.err.strip().splitlines()) <= 3

    def test_results_go_to_stdout_and_the_pipe_may_close(self, synced: Shell) -> None:
        command = f"{sys.executable} -m feedsvc article list --json | head -c 1"

        done = subprocess.run(
            ["bash", "-c", command], cwd=synced.root, capture_output=True, text=True, check=True
        )

        assert done.stdout == "{"
        assert done.stderr == ""

    def test_an_interrupt_is_exit_code_130_without_a_traceback(self, shell: Shell) -> None:
        script = (
            "import os, signal, sys, threading\n"
            "from feedsvc.cli.main import main\n"
            "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            "sys.exit(main(['sync']))\n"
        )
        now = shell.root / "articles/now.txt"  # written just now: sync waits for it
        now.write_text("Just written\n\nStill going on.")
        shell.configure((shell.root / "feedsvc.toml").read_text().replace('"1s"', '"20s"'))

        done = subprocess.run(
            [sys.executable, "-c", script], cwd=shell.root, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

        assert done.returncode == 130
        assert "Traceback" not in done.stderr

    def test_an_interrupt_is_heard_while_feeds_are_built(self, synced: Shell) -> None:
        database = synced.root / "var/feedsvc.db"
        synced.write("later.txt", "Later\n\nText.\n")
        with FileLock(f"{database}.build.lock"):  # so that the build has to wait
            run = subprocess.Popen(
                [sys.executable, "-m", "feedsvc", "sync"], cwd=synced.root,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            while len(synced.run("article", "list", "--json").json["articles"]) < 3:
                assert run.poll() is None
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=20)

        assert run.returncode == 130
        assert said == "feedsvc: interrupted\n"

    def test_json_is_one_document_on_stdout(self, synced: Shell) -> None:
        for command in (
            ("sync",),
            ("regenerate",),
            ("status",),
            ("article", "list"),
            ("validate",),
        ):
            out = synced.run(*command, "--json").out

            assert json.loads(out)["schema"].startswith("feedsvc.")
