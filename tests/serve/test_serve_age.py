"""How long an answer may be kept: by the pace that the serving index tells (RFC 9111, RFC 5861)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsvc.serve.files import FRESH
from feedsvc.serve.headers import of_file
from feedsvc.serve.paths import media_type
from feedsvc.serve.rules import Pace, Rules

Ask = Callable[..., Any]
Publish = Callable[[Path, bytes], None]

NOW = int(time.time())
HOUR = 3600
FEEDS = {
    "all/": {"age": 1800, "limit": 50},
    "all/archive/": {"age": 3600},
    "soon/": {"age": 3600, "change": NOW + 900},
    "later/": {"age": 3600, "change": NOW + 30 * HOUR},
    "past/": {"age": 3600, "change": NOW - 5},
    "club/key/": {"age": 2400},
    "group/word/": {"age": 900},
    "bare/": {},
}


@pytest.fixture(scope="module")
def server(served: tuple[Path, int], publish: Publish) -> Iterator[int]:
    """The running server with an index that tells of paces; gives its port."""
    directory, port = served
    for folder in FEEDS:
        publish(directory / folder / "atom.xml", b"<feed>" + b"words " * 200 + b"</feed>")
    publish(directory / "all/archive/3/rss.xml", b"<rss>" + b"words " * 200 + b"</rss>")
    publish(directory / "a/story/index.html", b"<!DOCTYPE html>")
    place = directory / ".feedsvc" / "serving.json"
    place.parent.mkdir(exist_ok=True)
    links = {"all/atom.xml": ['<https://hub.example.org/>; rel="hub"']}
    place.write_text(
        json.dumps({"version": 1, "feeds": FEEDS, "noindex": ["club/"], "links": links})
    )
    time.sleep(1.5 * FRESH)
    yield port
    place.unlink()


@pytest.mark.parametrize(
    ("path", "control"),
    [
        pytest.param("/all/atom.xml", "public, max-age=1800", id="a-document-of-a-feed"),
        pytest.param("/all/feed.json", "public, max-age=1800", id="in-any-format"),
        pytest.param("/all/", "public, max-age=1800", id="its-page"),
        pytest.param("/all/archive/3/rss.xml", "public, max-age=3600", id="a-page-of-its-archive"),
        pytest.param("/group/word/atom.xml", "public, max-age=900", id="a-feed-of-a-group"),
        pytest.param("/soon/atom.xml", "public, max-age=300", id="a-change-comes-before-that"),
        pytest.param("/later/atom.xml", "public, max-age=3600", id="a-change-comes-much-later"),
        pytest.param("/past/atom.xml", "public, max-age=300", id="a-change-that-is-being-built"),
        pytest.param("/club/key/atom.xml", "private, max-age=2400", id="a-private-feed"),
        pytest.param("/bare/atom.xml", "public, max-age=300", id="a-feed-of-unknown-pace"),
        pytest.param("/plain/atom.xml", "public, max-age=300", id="a-feed-that-is-not-told-of"),
        pytest.param("/a/story/", "public, max-age=300", id="the-page-of-an-article"),
        pytest.param("/opml.xml", "public, max-age=300", id="another-file"),
    ],
)
def test_how_long_an_answer_may_be_kept(server: int, ask: Ask, path: str, control: str) -> None:
    whole = ask(server, path)[1]

    others = [
        ask(server, path, if_none_match=whole["etag"]),
        ask(server, path, range="bytes=0-1"),
        ask(server, path, "HEAD"),
    ]

    assert whole["cache-control"].startswith(f"{control}, ")
    assert [other[0] for other in others] == [304, 206, 200]
    assert {other[1]["cache-control"] for other in others} == {whole["cache-control"]}


def test_a_cache_may_bridge_a_restart(server: int, ask: Ask) -> None:
    control = ask(server, "/all/atom.xml")[1]["cache-control"]

    directives = dict(re.findall(r"([a-z-]+)=(\d+)", control))
    assert directives == {
        "max-age": "1800", "stale-while-revalidate": "60", "stale-if-error": "86400",
    }  # fmt: skip


def test_what_else_is_said_of_it_stays(server: int, ask: Ask) -> None:
    fields = ask(server, "/all/atom.xml")[1]

    assert fields["link"] == '<https://hub.example.org/>; rel="hub"'
    assert len(fields.get_all("cache-control")) == 1


def test_near_a_change_it_is_kept_for_less_without_another_index() -> None:
    rules = Rules(feeds={"/all/": Pace(age=HOUR, change=10_000.0)})
    made = of_file(
        media_type("atom.xml"), coding="gzip", document=False, etag='"a"', modified=0, length=1
    )

    told = [
        dict(rules.fields("/all/atom.xml", made, now))["cache-control"].split(",")[1].strip()
        for now in (0.0, 6399.9, 6400.0, 9_999.0, 10_001.0, 99_999.0)
    ]

    assert told == ["max-age=3600"] * 2 + ["max-age=300"] * 4


@pytest.mark.parametrize(
    "feeds",
    [
        pytest.param([], id="no-table"),
        pytest.param({"all/": 300}, id="a-number-alone"),
        pytest.param({"all/": {"age": "300"}}, id="a-text-for-a-number"),
        pytest.param({"all/": {"age": -1}}, id="below-zero"),
        pytest.param({"all/": {"age": True}}, id="true-is-no-number"),
        pytest.param({"all/": {"age": 300.5}}, id="half-a-second"),
        pytest.param({"/all/": {"age": 600}}, id="an-absolute-path"),
    ],
)
def test_an_index_with_a_wrong_pace_changes_nothing(
    tmp_path: Path, start_child: Any, ask: Ask, publish: Publish, feeds: object
) -> None:
    publish(tmp_path / "all" / "atom.xml", b"<feed/>")
    (tmp_path / ".feedsvc").mkdir()
    (tmp_path / ".feedsvc" / "serving.json").write_text(json.dumps({"version": 1, "feeds": feeds}))
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")

    status, fields, _ = ask(child.port, "/all/atom.xml")

    assert (status, fields["cache-control"].split(",")[1]) == (200, " max-age=300")
    assert "the serving index is ignored" in child.end()[1]
