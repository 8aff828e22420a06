"""`feedsvc validate`: folders, pipes, partners, and all that belongs to a feed."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from pathlib import Path

import pytest

from feedsvc.config.partners import PROFILES
from tests.support import Shell

BAD = "<feed xmlns='http://www.w3.org/2005/Atom'>\n<x/></feed>"
OPML = "<opml version='2.0'><head><title>Ours</title></head><body><outline text='a'/></body></opml>"


class Pipe(io.TextIOWrapper):
    """Standard input with these bytes."""

    def __init__(self, body: str) -> None:
        super().__init__(io.BytesIO(body.encode()))


def _paths(shell: Shell, *what: str) -> list[str]:
    done = shell.run("validate", *what, "--json")
    assert done.code == 0, done.out
    return [Path(file["path"]).relative_to(shell.root).as_posix() for file in done.json["files"]]


# -- folders -------------------------------------------------------------------------------------


def test_a_folder_is_checked_with_all_that_is_below(empty: Shell) -> None:
    for name in (
        "b.xml", "a/10/feed.json", "a/2/list.opml", "a/2/list.opml.gz", ".hidden/a.xml", ".a.xml",
        "notes.txt", "package.json",
    ):  # fmt: skip
        file = empty.root / "out" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}" if name.endswith("json") else OPML)

    done = empty.run("validate", "out", "--json")

    assert done.code == 5
    assert [(file["path"], bool(file["errors"])) for file in done.json["files"]] == [
        ("out/b.xml", False),
        ("out/a/2/list.opml", False),
        ("out/a/10/feed.json", True),
    ]


def test_json_that_says_that_it_is_a_feed_is_one(empty: Shell) -> None:
    (empty.root / "news.json").write_text('{"version": "https://jsonfeed.org/version/1.1"}')

    assert empty.run("validate", ".").code == 5


@pytest.mark.parametrize("what", ["nothing", "nothing/", "."])
def test_a_folder_without_documents_is_exit_code_7(empty: Shell, what: str) -> None:
    (empty.root / "nothing").mkdir()

    done = empty.run("validate", what)

    assert done.code == 7
    assert len(done.err.strip().splitlines()) <= 3


def test_the_whole_output_is_valid(synced: Shell) -> None:
    done = synced.run("validate", "public", "--json")

    paths = {Path(file["path"]).as_posix() for file in done.json["files"]}
    assert done.code == 0
    assert paths >= {"public/opml.xml", "public/index.html", "public/ferry/atom.xml"}
    assert all(file["errors"] == file["warnings"] == [] for file in done.json["files"])


def test_a_feed_comes_before_a_folder_of_its_name(synced: Shell) -> None:
    (synced.root / "ferry").mkdir()

    assert _paths(synced, "ferry") == [
        "public/ferry/atom.xml", "public/ferry/rss.xml", "public/ferry/feed.json",
    ]  # fmt: skip
    assert synced.run("validate", "ferry/").code == 7


# -- a pipe --------------------------------------------------------------------------------------


def test_a_pipe_is_read(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(BAD))

    done = empty.run("validate", "-")

    assert done.code == 5
    assert "-:2: error: <x> has no place in feed [element-unknown]\n" in done.out


def test_a_pipe_stands_among_files(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(OPML))
    (empty.root / "a.opml").write_text(OPML)

    done = empty.run("validate", "a.opml", "-")

    assert (done.code, done.out) == (0, "a.opml: valid\n-: valid\n")


def test_a_pipe_is_read_once(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(OPML))

    assert empty.run("validate", "-", "-").code == 2


# -- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["gone.xml", "out/", "nothing", "no-such-feed", "x" * 300])
def test_what_is_not_there_hides_no_other(empty: Shell, missing: str) -> None:
    (empty.root / "nothing").mkdir()
    (empty.root / "a.opml").write_text(OPML)
    (empty.root / "b.xml").write_text(BAD)

    good = empty.run("validate", missing, "a.opml")
    bad = empty.run("validate", missing, "b.xml", "a.opml")

    assert (good.code, good.out) == (7, "a.opml: valid\n")
    assert (bad.code, bad.out.count("b.xml:"), "a.opml: valid" in bad.out) == (5, 6, True)
    assert missing.rstrip("/") in good.err
    assert good.err == bad.err


def test_an_empty_argument_is_not_the_folder_we_are_in(empty: Shell) -> None:
    (empty.root / "a.opml").write_text(OPML)

    done = empty.run("validate", "")

    assert (done.code, done.out) == (2, "")
    assert "empty argument" in done.err


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(gzip.compress(OPML.encode()), 0, id="a-sidecar"),
        pytest.param(gzip.compress(b"<opml ") + gzip.compress(OPML[6:].encode()), 0, id="in-parts"),
        pytest.param(gzip.compress(OPML.encode())[:-9], 5, id="cut-off"),
        pytest.param(b"\x1f\x8b\x08", 5, id="nothing-but-its-mark"),
    ],
)
def test_a_gzip_file_is_judged_by_what_is_in_it(empty: Shell, body: bytes, code: int) -> None:
    (empty.root / "list.opml.gz").write_bytes(body)

    assert empty.run("validate", "list.opml.gz").code == code


def test_a_bomb_is_unpacked_no_further_than_documents_go(empty: Shell) -> None:
    (empty.root / "a.gz").write_bytes(gzip.compress(b"<rss>" + bytes(90_000_000), 1))

    done = empty.run("validate", "a.gz")

    assert done.code == 5
    assert "52428801 bytes are more than" in done.out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("feed.xml", "feed.xml is a page, and no feed\n", id="by-the-name-of-a-feed"),
        pytest.param("page.html", "", id="by-its-own-name"),
    ],
)
def test_a_valid_page_is_not_taken_for_a_valid_feed(empty: Shell, name: str, told: str) -> None:
    (empty.root / name).write_text("<!DOCTYPE html>\n<html><title>Not here</title></html>")

    done = empty.run("validate", name)

    assert (done.code, done.out, done.err) == (0, f"{name}: valid\n", told)


def test_a_named_pipe_is_read_as_a_file(empty: Shell) -> None:
    os.mkfifo(empty.root / "pipe")
    writer = threading.Thread(target=(empty.root / "pipe").write_text, args=(OPML,))
    writer.start()

    done = empty.run("validate", "pipe")

    writer.join()
    assert (done.code, done.out) == (0, "pipe: valid\n")


# -- lines ---------------------------------------------------------------------------------------


def test_json_is_told_by_lines(empty: Shell) -> None:
    (empty.root / "feed.json").write_text(
        '{\n  "version": "https://jsonfeed.org/version/1.1",\n  "title": "a",\n'
        '  "feed_url": "https://example.org/feed.json",\n  "items": [\n    {"id": "1",\n'
        '     "content_text": 7}\n  ]\n}\n'
    )

    done = empty.run("validate", "feed.json")

    assert done.code == 5
    assert done.out == "feed.json:7: error: items[0].content_text is not a string [json-type]\n"


# -- partners ------------------------------------------------------------------------------------


def test_a_profile_is_asked_of_any_file(synced: Shell) -> None:
    done = synced.run("validate", "--profile", "flipboard", "public/all/rss.xml", "--json")

    (file,) = done.json["files"]
    assert done.code == 5
    assert {found["code"] for found in file["errors"]} >= {
        "flipboard-hub-missing", "flipboard-image-missing", "flipboard-items-few",
    }  # fmt: skip


def test_a_document_that_the_partner_does_not_read_is_told_if_it_was_named(synced: Shell) -> None:
    named = synced.run("validate", "--profile", "msn", "public/all/feed.json", "--json")
    found = synced.run("validate", "--profile", "smartnews", "all", "--json")

    assert [error["code"] for error in named.json["files"][0]["errors"]] == ["msn-format"]
    assert found.code == 5
    assert [bool(file["errors"]) for file in found.json["files"]] == [True, True, False]


def test_every_profile_can_be_asked_and_is_in_the_help(synced: Shell) -> None:
    told = synced.run("validate", "--help").out

    for profile in PROFILES:
        assert profile in told
        assert synced.run("validate", "--profile", profile, "all").code in (0, 5)


def test_an_unknown_profile_is_a_mistake_of_usage(empty: Shell) -> None:
    done = empty.run("validate", "--profile", "gopher", "a.xml")

    assert done.code == 2
    assert "apple-podcasts" in done.err


def test_a_feed_is_asked_the_rules_of_its_profile(shell: Shell) -> None:
    text = (shell.root / "feedsvc.toml").read_text()
    shell.configure(text.replace('name = "ferry"', 'name = "ferry"\nprofile = "msn"'))
    shell.run("sync", "-q")
    for file in ("atom.xml", "rss.xml"):  # as it was before it had the profile
        (shell.root / "public/ferry" / file).write_bytes(
            (shell.root / "public/all" / file).read_bytes()
        )

    done = shell.run("validate", "ferry", "all", "--json")

    codes = {
        Path(file["path"]).relative_to(shell.root / "public").as_posix(): {
            error["code"] for error in file["errors"]
        }
        for file in done.json["files"]
    }
    assert done.code == 5
    assert {"msn-date-old", "msn-link-missing"} & codes["ferry/atom.xml"]
    assert {"msn-date-old", "msn-link-missing"} & codes["ferry/rss.xml"]
    assert codes["ferry/feed.json"] == codes["all/rss.xml"] == set()


def test_a_document_that_is_held_is_not_published(shell: Shell) -> None:
    text = (shell.root / "feedsvc.toml").read_text()
    shell.configure(text.replace('name = "ferry"', 'name = "ferry"\nprofile = "flipboard"'))
    shell.run("sync", "-q")

    done = shell.run("validate", "ferry")

    assert done.code == 7
    assert "ferry/rss.xml is not published yet" in done.err
    assert len(done.err.strip().splitlines()) <= 3


def test_a_document_that_is_held_does_not_hide_the_others(shell: Shell) -> None:
    text = (shell.root / "feedsvc.toml").read_text()
    shell.configure(text.replace('name = "ferry"', 'name = "ferry"\nprofile = "flipboard"'))
    shell.run("sync", "-q")

    done = shell.run("validate", "--json")

    assert done.code == 0
    assert len(done.json["files"]) == 5
    assert "ferry/rss.xml is not published yet" in done.err


def test_before_the_first_sync_nothing_is_published(shell: Shell) -> None:
    done = shell.run("validate")

    assert (done.code, done.out) == (7, "")
    assert "feedsvc sync" in done.err


# -- all that belongs to a feed ------------------------------------------------------------------


def test_the_archive_of_a_feed_is_checked_too(shell: Shell) -> None:
    shell.configure(
        (shell.root / "feedsvc.toml").read_text()
        + '\n[[feed]]\nname = "old"\narchive = true\nlimit = 1\nformats = ["rss", "json"]\n'
    )
    for day in range(10, 23):
        shell.write(f"day-{day}.txt", f"Day {day} at the pier\n2025-04-{day}\n\nCalm.\n")
    assert shell.run("sync", "-q").code == 0

    paths = _paths(shell, "old")

    pages = [f"public/old/archive/{number}/{file}" for number in range(1, 15)
             for file in ("rss.xml", "feed.json")]  # fmt: skip
    assert paths[:2] == ["public/old/rss.xml", "public/old/feed.json"]
    assert paths[2:] == pages[: len(paths) - 2]
    assert len(paths) > 20


def test_an_archive_is_not_what_a_partner_polls(shell: Shell) -> None:
    shell.configure(
        (shell.root / "feedsvc.toml").read_text()
        + '\n[[feed]]\nname = "old"\narchive = true\nlimit = 1\nformats = ["rss"]\n'
    )
    assert shell.run("sync", "-q").code == 0

    for what in ("old", "public/old"):
        done = shell.run("validate", "--profile", "flipboard", what, "--json")

        newest, *pages = (
            done.json["files"]
            if what == "old"
            else sorted(
                (file for file in done.json["files"] if file["path"].endswith("rss.xml")),
                key=lambda file: len(file["path"]),
            )
        )
        assert newest["errors"] != []
        assert pages
        assert all(file["errors"] == [] for file in pages)


def test_a_file_that_the_ledger_has_and_nobody_else_is_exit_code_7(synced: Shell) -> None:
    (synced.root / "public/ferry/rss.xml").unlink()

    done = synced.run("validate", "ferry")

    assert done.code == 7
    assert "ferry/rss.xml" in done.err


def test_without_a_store_the_documents_of_the_feed_are_checked(synced: Shell) -> None:
    for file in (synced.root / "var").iterdir():
        file.unlink()

    assert len(_paths(synced, "ferry")) == 3
    assert not list((synced.root / "var").iterdir())


def test_a_document_in_the_place_of_another_format_is_told(synced: Shell) -> None:
    atom = synced.root / "public/ferry/atom.xml"
    atom.write_bytes((synced.root / "public/ferry/rss.xml").read_bytes())

    done = synced.run("validate", "ferry", "--json")

    assert [error["code"] for error in done.json["files"][0]["errors"]] == ["root-wrong"]


def test_what_lies_below_a_group_or_a_private_feed_is_checked(shell: Shell) -> None:
    shell.configure(
        (shell.root / "feedsvc.toml").read_text()
        + '\n[[feed]]\nname = "tags"\nper = "tag"\nformats = ["rss"]\n'
        + '\n[[feed]]\nname = "secret"\nprivate = true\nformats = ["atom"]\n'
    )
    assert shell.run("sync", "-q").code == 0

    secret = [path.split("/") for path in _paths(shell, "secret")]
    assert [(len(one), one[-1]) for one in secret] == [(4, "atom.xml")]
    assert _paths(shell, "tags") == ["public/tags/ferry/rss.xml", "public/tags/harbour/rss.xml"]
