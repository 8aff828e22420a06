"""Corrections and take-downs by command: from the operator's word to the last file."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.cli.article.correct import shown_in
from tests.support import Shell, readable

FERRY = "news.example.org,2025-01-01:desk/ferry"
GUID = f"tag:{FERRY}"


def public(shell: Shell) -> dict[str, str]:
    return readable(shell.root / "public")


def telling(shell: Shell, word: str) -> list[str]:
    """The files that readers can get in which a word stands."""
    return [path for path, text in public(shell).items() if word in text]


def write_again(shell: Shell, name: str, text: str) -> None:
    """An edit, as its stat shows."""
    path = shell.write(name, text)
    path.rename(path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)


# -- taking down -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "state"),
    [
        pytest.param(("withdraw",), "withdrawn", id="withdraw"),
        pytest.param(("hide",), "hidden", id="hide"),
        pytest.param(("purge", "--yes"), "purged", id="purge"),
    ],
)
def test_one_command_takes_it_out_of_every_file(
    synced: Shell, command: tuple[str, ...], state: str
) -> None:
    assert {"all/atom.xml", "all/atom.xml.br", "all/index.html.gz", "ferry/feed.json.zst"} <= {
        *telling(synced, "ferry sails")
    }

    done = synced.run("article", command[0], "desk/ferry", *command[1:])

    assert (done.code, done.out) == (0, f"{GUID}: {state} (desk)\n")
    assert telling(synced, "ferry sails") == []
    assert "It left at nine" not in "".join(public(synced).values())
    assert {"all/atom.xml", "all/index.html"} <= {*telling(synced, "library stays open")}
    assert synced.run("validate").code == 0


@pytest.mark.parametrize("command", ["withdraw", "hide"])
def test_one_command_brings_it_back(synced: Shell, command: str) -> None:
    before = {path: text for path, text in public(synced).items() if path.startswith("ferry/feed")}
    synced.run("article", command, "desk/ferry")

    done = synced.run("article", "restore", "desk/ferry")

    assert (done.code, done.out) == (0, f"{GUID}: published (desk)\n")
    after = {path: text for path, text in public(synced).items() if path.startswith("ferry/feed")}
    assert after == before


def test_without_a_build_the_files_wait_for_the_next_sync(synced: Shell) -> None:
    done = synced.run("article", "withdraw", "desk/ferry", "--no-build")

    assert done.code == 0
    assert "all/atom.xml" in telling(synced, "ferry sails")
    assert synced.run("sync").code == 0
    assert telling(synced, "ferry sails") == []


@pytest.mark.parametrize("command", ["withdraw", "hide", "restore"])
def test_said_twice_it_says_so(synced: Shell, command: str) -> None:
    synced.run("article", command, "desk/ferry")

    done = synced.run("article", command, "desk/ferry")

    assert done.code == 0
    assert done.out.startswith(f"{GUID}: already ")


def test_several_go_at_once(synced: Shell) -> None:
    done = synced.run("article", "withdraw", "desk/ferry", "desk/library", "--json")

    assert done.code == 0
    assert [one["state"] for one in done.json["articles"]] == ["withdrawn"] * 2
    assert done.json["totals"]["held"] == 0
    assert telling(synced, "ferry sails") == telling(synced, "library stays open") == []


def test_one_unknown_id_leaves_all_as_they_are(synced: Shell) -> None:
    done = synced.run("article", "withdraw", "desk/ferry", "nobody")

    assert (done.code, done.out) == (7, "")
    assert done.err.splitlines() == [
        "feedsvc: no article 'nobody'", "`feedsvc article list` shows them",
    ]  # fmt: skip
    assert "all/atom.xml" in telling(synced, "ferry sails")


@pytest.mark.parametrize("name", ["", " ", "\udcff", "%", "\x00", "x" * 100_000])
def test_a_name_that_is_none_is_exit_code_7(synced: Shell, name: str) -> None:
    done = synced.run("article", "withdraw", name)

    assert (done.code, done.out) == (7, "")
    assert "no article" in done.err


def test_a_part_that_several_ids_have_names_them(synced: Shell) -> None:
    done = synced.run("article", "withdraw", "tag:news")

    assert done.code == 7
    assert "'tag:news' may be 2 articles: " in done.err
    assert GUID in done.err
    assert "all/atom.xml" in telling(synced, "ferry sails")


def test_an_article_goes_by_its_link(shell: Shell) -> None:
    shell.write("crane.txt", "The crane\nLink: https://news.example.org/crane\n\nGone.\n")
    shell.run("sync")

    done = shell.run("article", "withdraw", "https://news.example.org/crane")

    assert done.code == 0
    assert telling(shell, "The crane") == []


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://news.example.org/a/the-ferry-sails-again/", id="as-readers-have-it"),
        pytest.param(
            "http://news.example.org/a/the-ferry-sails-again?utm_source=x", id="as-shared"
        ),
        pytest.param("https://news.example.org/a/the-ferry-sails-again/index.html", id="its-file"),
    ],
)
def test_an_article_without_a_link_goes_by_the_address_of_its_page(
    synced: Shell, address: str
) -> None:
    done = synced.run("article", "withdraw", address)

    assert (done.code, done.out) == (0, f"{GUID}: withdrawn (desk)\n")
    assert synced.run("article", "restore", address).code == 0  # though it answers 410 by now


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example.org/a/the-ferry-sails-again/",
        "https://news.example.org/b/the-ferry-sails-again/",
        "https://news.example.org/a/the-ferry/",
        "https://news.example.org/a/",
    ],
)
def test_the_page_of_another_is_no_name(synced: Shell, address: str) -> None:
    assert synced.run("article", "withdraw", address).code == 7


def test_what_waits_for_its_day_can_be_withdrawn(
    synced: Shell, make_article: Callable[..., str]
) -> None:
    synced.write("later.txt", make_article("Tomorrow", Embargo="2099-01-01", Date="2024-01-01"))
    synced.run("sync")

    assert synced.run("article", "withdraw", "desk/later").code == 0

    held = synced.run("article", "list", "--state", "held", "--json").json["articles"]
    taken = synced.run("article", "list", "--state", "withdrawn", "--json").json["articles"]
    assert (held, [one["title"] for one in taken]) == ([], ["Tomorrow"])
    synced.run("article", "restore", "desk/later")
    held = synced.run("article", "list", "--state", "held", "--json").json["articles"]
    assert [one["title"] for one in held] == ["Tomorrow"]


def test_a_feed_that_cannot_be_written_is_exit_code_5(synced: Shell) -> None:
    folder = synced.root / "public" / "all"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("in the way")

    done = synced.run("article", "withdraw", "desk/ferry")

    assert done.code == 5
    assert done.out == f"{GUID}: withdrawn (desk)\n"
    assert "held back all/atom.xml" in done.err
    assert "still shows it" not in done.err  # nothing lies there that could


def test_a_file_that_still_shows_what_was_taken_down_is_named(tmp_path: Path) -> None:
    (tmp_path / "atom.xml").write_text('<id>x:/?a=1&amp;b=2</id><at:deleted-entry ref="x:/c"/>')
    (tmp_path / "feed.json").write_text('{"items":[\n{"id":"x:/?a=1&b=2","title":"Ferry"}\n]}')

    assert shown_in(tmp_path, ["rss.xml", "atom.xml"], ["x:/?a=1&b=2"]) == "atom.xml"
    assert shown_in(tmp_path, ["feed.json"], ["x:/d", "x:/?a=1&b=2"]) == "feed.json"
    assert shown_in(tmp_path, ["atom.xml", "feed.json"], ["x:/c", "x:/d"]) is None


# -- telling of it ---------------------------------------------------------------------------------


def test_show_tells_what_was_said_why_and_when(synced: Shell) -> None:
    synced.run(
        "article", "withdraw", "desk/ferry", "--reason", "The court\n\x1basked \udcff for it"
    )

    lines = synced.run("article", "show", "desk/ferry").out.splitlines()
    told = synced.run("article", "show", GUID, "--json").json["articles"][0]

    assert {"state: withdrawn", "verdict: withdrawn", "reason: The court asked for it"} <= {*lines}
    assert told["verdict"] == "withdrawn"
    assert told["reason"] == "The court asked for it"
    assert f"verdict_at: {told['verdict_at']}" in lines


def test_what_nobody_took_down_has_no_verdict(synced: Shell) -> None:
    told = synced.run("article", "list", "--json").json["articles"]

    assert [(one["verdict"], one["verdict_at"], one["reason"]) for one in told] == [
        (None, None, None)
    ] * 2


def test_search_finds_what_readers_do_not(synced: Shell) -> None:
    synced.run("article", "hide", "desk/ferry")

    found = synced.run("article", "search", "LEFT at", "ferry", "--json")

    assert found.json["schema"] == "feedsvc.articles/1"
    assert [(one["id"], one["state"]) for one in found.json["articles"]] == [(GUID, "hidden")]
    assert "hidden" in synced.run("article", "search", "nine").out
    nothing = synced.run("article", "search", "nobody")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "no article holds that\n")
    one = synced.run("article", "search", "the", "--limit", "1")
    assert len(one.out.splitlines()) == 2
    assert "there may be more" in one.err


@pytest.mark.parametrize("words", [("",), (" ", "\t")])
def test_a_search_for_nothing_is_refused(synced: Shell, words: tuple[str, ...]) -> None:
    assert synced.run("article", "search", *words).code == 2


def test_history_tells_what_was_corrected(synced: Shell) -> None:
    write_again(
        synced,
        "ferry.txt",
        "The ferry sails again\n2025-03-14 10:00\nBy: Jonas\nTags: Sea, Ferry\n\n"
        "It left at ten.\n\nNobody was \x9b2J hurt.\n",
    )
    synced.run("sync")

    lines = synced.run("article", "history", "desk/ferry").out.splitlines()
    told = synced.run("article", "history", "desk/ferry", "--json").json

    assert lines[0] == f"{GUID} (desk)"
    assert lines[1].startswith("revision 1, first seen ")
    assert lines[2].startswith("revision 2, changed ")
    assert lines[2].endswith(": The ferry sails again")
    assert lines[3] == "  text: It left at [-nine.-] {+ten.+}"
    assert lines[4].startswith("  text: {+Nobody was ")
    assert "\x9b" not in "".join(lines)
    assert lines[5:] == ["  authors: [-Mara-] {+Jonas+}", "  tags: [-Harbour-] {+Sea+}"]
    assert told["schema"] == "feedsvc.history/1"
    first, second = told["articles"][0]["revisions"]
    assert (first["number"], first["until"]) == (1, second["since"])
    assert second["until"] is None
    assert second["others"] == ["authors", "tags"]
    assert second["changes"]["authors"] == [
        [{"kind": "delete", "text": "Mara"}, {"kind": "insert", "text": "Jonas"}]
    ]
    assert second["changes"]["text"][0] == [
        {"kind": "equal", "text": "It left at "},
        {"kind": "delete", "text": "nine."},
        {"kind": "insert", "text": "ten."},
    ]


def test_a_list_in_another_order_is_only_named(synced: Shell) -> None:
    write_again(
        synced,
        "ferry.txt",
        "The ferry sails again\n2025-03-14 10:00\nBy: Mara\nTags: Harbour, Ferry\n\n"
        "It left at nine.\n",
    )
    synced.run("sync")

    lines = synced.run("article", "history", "desk/ferry").out.splitlines()

    assert lines[3:] == ["  also: tags"]


def test_a_stranger_moves_no_cursor(shell: Shell) -> None:
    shell.write("trick.md", '---\ntitle: "The \u202eferry"\n---\nNobody was \u2066 hurt.\n')
    shell.run("sync")

    told = shell.run("article", "show", "desk/trick").out

    assert "title: The ?ferry" in told
    assert all(line.isprintable() for line in told.splitlines())


def test_the_log_tells_what_was_said_of_an_article_before(synced: Shell) -> None:
    synced.run("article", "withdraw", "desk/ferry", "--reason", "asked")
    synced.run("article", "withdraw", "desk/ferry")
    synced.run("article", "restore", "desk/ferry", "--no-build")

    told = synced.run("log", "--kind", "article", "--json").json["entries"]

    assert [(one["subject"], one["message"]) for one in told] == [
        (GUID, "withdrawn: asked"), (GUID, "restored"),
    ]  # fmt: skip
    assert synced.run("log").out.splitlines()[-1].endswith(f"  {GUID}: restored")


def test_history_ends_with_the_verdict(synced: Shell) -> None:
    synced.run("article", "withdraw", "desk/ferry", "--reason", "asked")

    lines = synced.run("article", "history", "desk/ferry").out.splitlines()

    assert lines[-1].startswith("withdrawn 20")
    assert lines[-1].endswith(": asked")


# -- purging ---------------------------------------------------------------------------------------


def test_a_purge_that_nobody_confirms_does_nothing(
    synced: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # not a terminal

    done = synced.run("article", "purge", "desk/ferry")

    assert (done.code, done.out) == (2, "")
    assert "--yes" in done.err
    assert "all/atom.xml" in telling(synced, "ferry sails")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "purged"),
    [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("", False)],
)
def test_a_purge_asks_at_a_terminal(
    synced: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, purged: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))

    done = synced.run("article", "purge", "desk/ferry")

    assert done.code == 0
    assert GUID in done.err
    assert (telling(synced, "ferry sails") == []) == purged


def test_what_was_purged_lies_nowhere_and_does_not_come_back(synced: Shell) -> None:
    synced.run("article", "purge", "desk/ferry", "--yes")

    write_again(synced, "ferry.txt", "The ferry sails again\n\nIt left at ten.\n")
    synced.run("sync")

    assert telling(synced, "ferry sails") == []
    for file in (synced.root / "var").iterdir():
        assert b"ferry sails" not in file.read_bytes()
    refused = synced.run("article", "restore", "desk/ferry")
    assert (refused.code, len(refused.err.splitlines())) == (2, 2)
    lines = synced.run("article", "history", "desk/ferry").out.splitlines()
    assert lines[0] == f"{GUID} (desk)"
    assert [line.split()[0] for line in lines[1:]] == ["purged"]


@pytest.mark.parametrize(
    "verb", ["list", "show", "search", "withdraw", "hide", "restore", "purge", "history"]
)
def test_every_verb_shows_how_it_is_used(shell: Shell, verb: str) -> None:
    done = shell.run("article", verb, "--help")

    assert done.code == 0
    assert f"feedsvc article {verb} " in done.out.partition("examples:")[2]


def test_nothing_is_written_where_nothing_is_configured(empty: Shell) -> None:
    done = empty.run("article", "withdraw", "nobody")

    assert done.code == 3
    assert not (Path(empty.root) / "var").exists()
