"""`feedsvc prune`: what it says, and what other commands say of what went."""

from __future__ import annotations

import pytest

from tests.support import Shell

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"
settle = "1s"
link = "https://desk.example.net/{path}"
%s
[[feed]]
name = "all"
limit = 3
"""


@pytest.fixture
def full(empty: Shell) -> Shell:
    """A newsroom with eight articles, of which the feed shows three."""
    empty.configure(CONFIG % "keep = 2")
    for day in range(1, 9):
        empty.write(f"day-{day}.txt", f"What happened on day {day}\n2025-03-0{day}\n\nText.\n")
    assert empty.run("sync", "-q").code == 0
    return empty


def test_it_says_what_went_and_why_the_rest_stays(full: Shell) -> None:
    told = full.run("prune")

    assert told.code == 0
    assert told.out.splitlines() == [
        "SOURCE  PRUNED  KEPT",
        "desk    5       1     1 in a feed",
    ]
    assert full.run("prune").out.splitlines()[1] == "desk    0       1     1 in a feed"


def test_its_document(full: Shell) -> None:
    told = full.run("prune", "--json", "--dry-run", "--keep-for", "1w 2d").json

    assert told.pop("seconds") >= 0
    assert told == {
        "schema": "feedsvc.prune/1",
        "dry_run": True,
        "sources": [
            {"name": "desk", "keep": None, "keep_for": "9d", "pruned": 5, "kept": {"feed": 3}}
        ],
        "totals": {"pruned": 5, "kept": 3},
        "tidied": {},
        "given_back": 0,
    }
    assert full.run("article", "list", "--state", "gone", "--json").json["articles"] == []


def test_without_any_limit_nothing_goes(full: Shell) -> None:
    full.configure(CONFIG % "")

    told = full.run("prune")

    assert (told.code, told.out) == (0, "")
    assert told.err == "no source has `keep` or `keep_for`: its articles stay\n"
    assert full.run("prune", "--json").json["sources"] == []


def test_before_the_first_sync_there_is_nothing_to_do(empty: Shell) -> None:
    empty.configure(CONFIG % "keep = 2")
    (empty.root / "articles").mkdir()

    assert empty.run("prune", "--source", "desk", "-q").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(("--source", "dusk"), 7, "did you mean 'desk'?", id="no-such-source"),
        pytest.param(("--keep", "0"), 2, "no whole number from 1", id="no-article-at-all"),
        pytest.param(("--keep", "-1"), 2, "--keep", id="less-than-none"),
        pytest.param(("--keep-for", "365"), 2, "is not a duration", id="without-a-unit"),
        pytest.param(("--keep-for", "0d"), 2, "cannot be zero", id="no-time-at-all"),
        pytest.param(("now",), 2, "unrecognized arguments", id="a-word-too-many"),
    ],
)
def test_what_it_cannot_do(full: Shell, arguments: tuple[str, ...], code: int, says: str) -> None:
    told = full.run("prune", *arguments)

    assert told.code == code
    assert says in told.err
    assert len(told.err.splitlines()) <= 3
    assert full.run("article", "list", "--state", "gone", "--json").json["articles"] == []


def test_other_commands_say_that_it_was_pruned(full: Shell) -> None:
    full.run("prune", "-q")
    (*_, oldest) = full.run("article", "list", "--state", "gone", "--json").json["articles"]

    assert (oldest["title"], oldest["state"], oldest["reason"]) == (
        "What happened on day 1", "gone", "pruned",
    )  # fmt: skip
    assert oldest["content_html"] == ""
    shown = full.run("article", "show", oldest["id"])
    assert "state: gone" in shown.out
    assert "reason: pruned" in shown.out
    history = full.run("article", "history", oldest["id"])
    assert history.code == 0
    assert "what it said is no longer kept" in history.out
    assert "revision" not in history.out
    assert (
        full.run("article", "history", oldest["id"], "--json")
        .json["articles"][0]["pruned_at"]
        .endswith("Z")
    )
    refused = full.run("article", "restore", oldest["id"])
    assert refused.code == 2
    assert refused.err.startswith(f"feedsvc: '{oldest['id']}' was pruned: nothing is left of it")
    assert full.run("article", "withdraw", oldest["id"], "-q").code == 0


def test_cron_in_one_line(full: Shell) -> None:
    before = (full.root / "public/all/atom.xml").read_bytes()

    assert full.run("sync", "-q").code == 0
    assert full.run("prune", "-q").code == 0
    assert full.run("sync", "-q").code == 0

    assert (full.root / "public/all/atom.xml").read_bytes() == before
