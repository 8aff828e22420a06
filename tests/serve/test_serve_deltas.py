"""RFC 3229 with feeds: who says `A-IM: feed` gets what is new, from a real service and server."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from itertools import combinations
from pathlib import Path
from typing import Any

import brotli
import feedparser
import pytest
import zstandard

from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.jsonfeed import JsonFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.gate import check
from feedsvc.ports import Renderer
from feedsvc.serve.files import FRESH
from tests.support import DEFAULT_CONFIG, Service

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
}
FORMATS: dict[str, Renderer] = {
    "atom.xml": AtomFormat(), "rss.xml": RssFormat(), "feed.json": JsonFormat(),
}  # fmt: skip
KINDS = {"atom.xml": "atom", "rss.xml": "rss", "feed.json": "json"}
Ask = Callable[..., Any]


@dataclass
class Desk:
    """A newsroom, its feeds, and the server that readers ask."""

    service: Service
    port: int
    _ask: Ask
    _dates: dict[str, str] = field(default_factory=dict)

    def story(self, name: str, text: str = "A text that says something of the harbour.") -> None:
        """Write a story, or write it anew; each is newer than those before it."""
        self.service.clock.tick(minutes=10)
        date = self._dates.setdefault(name, f"{self.service.clock.at:%Y-%m-%d %H:%M} UTC")
        self.service.write(f"{name}.txt", f"Story {name}\n{date}\n\n{text * 9}\n", age=30)

    def build(self) -> None:
        """Build the feeds, and wait until the server has to look."""
        self.service.sync()
        time.sleep(1.5 * FRESH)

    def ask(self, path: str, method: str = "GET", **asked: str) -> tuple[int, Message, bytes]:
        answer: tuple[int, Message, bytes] = self._ask(self.port, path, method, **asked)
        return answer

    def tag(self, path: str, **asked: str) -> str:
        """The tag of what lies there now."""
        return str(self.ask(path, **asked)[1]["etag"])

    def news(self, path: str, tag: str, **asked: str) -> tuple[int, Message, bytes]:
        return self.ask(path, a_im="feed", if_none_match=tag, **asked)


Serve = Callable[[Path], int]


CONFIG = (
    DEFAULT_CONFIG
    + """
[[feed]]
name = "all"

[[feed]]
name = "few"
limit = 3

[[feed]]
name = "club"
private = true

[[feed]]
name = "shelf"
limit = 2
archive = true
"""
)


def open_desk(root: Path, serve: Serve, ask: Ask) -> Desk:
    (root / "articles").mkdir()
    service = Service(root)
    service.configure(CONFIG)
    desk = Desk(service, serve(service.public), ask)
    for name in ("eins", "zwei", "drei", "vier"):
        desk.story(name)
    desk.build()
    return desk


@pytest.fixture
def desk(tmp_path: Path, start_child: Ask, ask: Ask) -> Iterator[Desk]:
    """Four stories are out."""

    def serve(directory: Path) -> int:
        return int(start_child("--directory", str(directory), "--listen", "127.0.0.1:0").port)

    desk = open_desk(tmp_path, serve, ask)
    yield desk
    desk.service.restart()


@pytest.fixture(scope="module")
def settled(
    tmp_path_factory: pytest.TempPathFactory, serve_directory: Serve, ask: Ask
) -> tuple[Desk, str]:
    """A desk that nobody writes at any more, and the tag from before its last story."""
    desk = open_desk(tmp_path_factory.mktemp("settled"), serve_directory, ask)
    old = desk.tag("/all/atom.xml")
    desk.story("neu")
    desk.build()
    desk.service.restart()
    return desk, old


def titles(name: str, document: bytes) -> list[str]:
    """What a reader sees in it."""
    if name.endswith("json"):
        return [item["title"] for item in json.loads(document)["items"]]
    read = feedparser.parse(document)
    assert not read.bozo
    return [entry.title for entry in read.entries]


# What is sent


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_only_what_is_new_is_sent(desk: Desk, name: str) -> None:
    path = f"/all/{name}"
    tags = {coding: desk.tag(path, accept_encoding=coding) for coding in DECODE}
    desk.story("neu")
    desk.story("zwei", "It is told in other words now.")
    desk.build()
    whole = desk.ask(path)[2]

    for coding, old in tags.items():
        status, fields, sent = desk.news(path, old, accept_encoding=coding)
        assert (status, fields["im"], fields["delta-base"]) == (226, "feed", old)
        assert (fields["content-encoding"] or "identity") == coding
        assert int(fields["content-length"]) == len(sent)
        delta = DECODE[coding](sent)
        assert sorted(titles(name, delta)) == ["Story neu", "Story zwei"]
        assert delta == without_the_rest(name, whole, delta)
        assert check(delta, KINDS[name]) == ()


def without_the_rest(name: str, whole: bytes, delta: bytes) -> bytes:
    """The whole without the bytes of those entries that `delta` does not have."""
    parts = FORMATS[name].taken_apart(delta)
    left = [entry for entry in FORMATS[name].taken_apart(whole) if entry not in parts]
    for entry in left:
        # In JSON there is a comma between two.
        for old in (b",\n" + entry, entry + b",\n", entry):
            whole = whole.replace(old, b"")
    return whole


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_it_is_the_answer_of_the_whole_in_all_else(desk: Desk, name: str) -> None:
    path = f"/all/{name}"
    old = desk.tag(path)
    desk.story("neu")
    desk.build()
    _, whole, _ = desk.ask(path)

    status, fields, _ = desk.news(path, old)

    for same in ("etag", "last-modified", "content-type", "access-control-allow-origin"):
        assert fields[same] == whole[same]
    assert fields["cache-control"] == "no-store, im"
    vary = {one.strip() for one in fields["vary"].split(",")}
    assert vary == {*whole["vary"].split(", "), "A-IM", "If-None-Match"}
    assert fields["accept-ranges"] is None
    assert (status, desk.news(path, fields["etag"])[0]) == (226, 304)


def test_a_304_is_a_304_whatever_is_asked(desk: Desk) -> None:
    status, fields, body = desk.news("/all/atom.xml", desk.tag("/all/atom.xml"))

    assert (status, fields["im"], body) == (304, None, b"")


def test_head_says_what_get_says(desk: Desk) -> None:
    old = desk.tag("/all/atom.xml")
    desk.story("neu")
    desk.build()
    _, got, _ = desk.news("/all/atom.xml", old)

    status, fields, body = desk.ask("/all/atom.xml", "HEAD", a_im="feed", if_none_match=old)

    assert (status, body) == (226, b"")
    del got["date"], fields["date"]
    assert fields.items() == got.items()


@pytest.mark.parametrize("first", ["identity", "gzip", "br", "zstd", "page"])
def test_the_tag_of_any_form_is_known_in_any_other(desk: Desk, first: str) -> None:
    form = {"sec_fetch_dest": "document"} if first == "page" else {"accept_encoding": first}
    old = desk.tag("/all/rss.xml", **form)
    desk.story("neu")
    desk.build()

    for coding, decode in DECODE.items():
        status, _, body = desk.news("/all/rss.xml", old, accept_encoding=coding)
        assert (status, titles("rss.xml", decode(body))) == (226, ["Story neu"])


def test_a_reader_far_behind_gets_all_it_missed(desk: Desk) -> None:
    tags = [desk.tag("/all/atom.xml")]
    for number in range(5):
        desk.story(f"nr{number}")
        desk.build()
        tags.append(desk.tag("/all/atom.xml"))

    for behind, tag in enumerate(reversed(tags)):
        status, _, body = desk.news("/all/atom.xml", tag)
        news = [f"Story nr{4 - number}" for number in range(behind)]
        assert (status, titles("atom.xml", body) if body else []) == (226 if news else 304, news)


def test_of_several_versions_the_newest_counts(desk: Desk) -> None:
    tags = [desk.tag("/all/atom.xml")]
    for name in ("a", "b"):
        desk.story(name)
        desk.build()
        tags.append(desk.tag("/all/atom.xml"))
    oldest, older, _ = tags

    for tags_had in (f"{oldest}, {older}", f'{older}, "x", W/{oldest}', f"W/{older},{oldest}"):
        _, fields, body = desk.news("/all/atom.xml", tags_had)
        assert (fields["delta-base"], titles("atom.xml", body)) == (older, ["Story b"])


# Who gets it


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param("feed", 226, id="by-its-name"),
        pytest.param("FEED", 226, id="names-have-no-case"),
        pytest.param("gzip, feed", 226, id="in-a-list"),
        pytest.param("feed,vcdiff, diffe", 226, id="first-in-a-list"),
        pytest.param("feed;q=0.3", 226, id="with-a-weight"),
        pytest.param("identity;q=0.2, feed", 226, id="rather-than-the-whole"),
        pytest.param("feed;q=0", 200, id="refused"),
        pytest.param("feed;q=0.000, gzip", 200, id="refused-in-a-list"),
        pytest.param("identity, feed;q=0.5", 200, id="rather-the-whole"),
        pytest.param("feed;q=2", 200, id="an-ill-formed-weight"),
        pytest.param("vcdiff", 200, id="another-manipulation"),
        pytest.param("feeds", 200, id="another-name"),
        pytest.param("*", 200, id="a-star-is-no-name"),
        pytest.param("", 200, id="nothing"),
    ],
)
def test_who_asks_for_it(settled: tuple[Desk, str], asked: str, status: int) -> None:
    desk, old = settled

    assert desk.ask("/all/atom.xml", a_im=asked, if_none_match=old)[0] == status


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param({"if_none_match": "{old}"}, 200, id="without-a-im"),
        pytest.param({"a_im": "feed"}, 200, id="without-a-tag"),
        pytest.param(
            {"a_im": "feed", "if_modified_since": "Tue, 14 Nov 2023 22:13:20 GMT"},
            200,
            id="a-date-is-no-version",
        ),
        pytest.param({"a_im": "feed", "if_none_match": '"x"'}, 200, id="an-unknown-tag"),
        pytest.param({"a_im": "feed", "if_none_match": "*"}, 304, id="any-tag"),
        pytest.param({"a_im": "feed", "if_none_match": "{bare}"}, 200, id="a-tag-without-quotes"),
        pytest.param(
            {"a_im": "feed", "if_none_match": "{old}", "range": "bytes=0-9"}, 206, id="a-part"
        ),
        pytest.param(
            {"a_im": "feed", "if_none_match": "{old}", "if_match": "{old}"}, 412, id="if-match"
        ),
        pytest.param(
            {"a_im": "feed", "if_none_match": "{old}", "via": "1.1 cache"},
            200,
            id="through-a-cache",
        ),
        pytest.param(
            {"a_im": "feed", "if_none_match": "{old}", "cdn_loop": "cdn"}, 200, id="through-a-cdn"
        ),
        pytest.param(
            {"a_im": "feed", "if_none_match": "{old}", "accept_encoding": "*;q=0"},
            406,
            id="no-form-at-all",
        ),
        pytest.param({"a_im": "feed", "if_none_match": "W/{old}"}, 226, id="weakly"),
    ],
)
def test_who_gets_it(settled: tuple[Desk, str], asked: dict[str, str], status: int) -> None:
    desk, old = settled
    asked = {key: value.format(old=old, bare=old.strip('"')) for key, value in asked.items()}

    assert desk.ask("/all/atom.xml", **asked)[0] == status


def test_another_feed_s_tag_is_unknown(desk: Desk) -> None:
    other = desk.tag("/few/atom.xml")
    desk.ask("/all/atom.xml")
    desk.story("neu")
    desk.build()

    assert desk.news("/all/atom.xml", other)[0] == 200


def test_a_new_server_knows_no_versions(
    settled: tuple[Desk, str], serve_directory: Serve, ask: Ask
) -> None:
    desk, old = settled

    again = Desk(desk.service, serve_directory(desk.service.public), ask)

    assert again.news("/all/atom.xml", old)[0] == 200


# What cannot be said by new entries


def withdraw(desk: Desk, *names: str) -> None:
    for name in names:
        desk.service.remove(f"{name}.txt")


@pytest.mark.parametrize("gone", ["eins", "drei", "vier"])
def test_an_article_that_was_taken_down_is_told_by_the_whole(desk: Desk, gone: str) -> None:
    tags = {name: desk.tag(f"/all/{name}") for name in FORMATS}
    withdraw(desk, gone)
    desk.story("neu")
    desk.build()

    for name, old in tags.items():
        status, fields, body = desk.news(f"/all/{name}", old)
        assert (status, fields["im"]) == (200, None)
        assert f"Story {gone}" not in titles(name, body)


def test_one_that_slid_out_was_not_taken_down(desk: Desk) -> None:
    old = desk.tag("/few/atom.xml")
    desk.story("neu")
    desk.build()

    status, _, body = desk.news("/few/atom.xml", old)

    assert titles("atom.xml", desk.ask("/few/atom.xml")[2])[-1] == "Story drei"  # not zwei
    assert (status, titles("atom.xml", body)) == (226, ["Story neu"])


@pytest.mark.parametrize("gone", ["vier", "drei", "zwei"])
def test_one_for_which_an_older_one_came_back_was_taken_down(desk: Desk, gone: str) -> None:
    old = desk.tag("/few/atom.xml")
    withdraw(desk, gone)
    desk.build()

    status, _, body = desk.news("/few/atom.xml", old)

    assert (status, len(titles("atom.xml", body))) == (200, 3)


@pytest.mark.parametrize("gone", list(combinations(("vier", "drei", "zwei"), 2)), ids=str)
def test_two_that_were_taken_down_while_others_came(desk: Desk, gone: tuple[str, str]) -> None:
    old = desk.tag("/few/atom.xml")
    withdraw(desk, *gone)
    desk.story("neu")
    desk.build()

    assert desk.news("/few/atom.xml", old)[0] == 200


def test_another_title_of_the_feed_is_told_by_the_whole(desk: Desk) -> None:
    old = desk.tag("/all/atom.xml")
    desk.service.configure(CONFIG.replace('name = "all"', 'name = "all"\ntitle = "Renamed"'))
    desk.build()

    status, _, body = desk.news("/all/atom.xml", old)

    assert (status, b"Renamed" in body) == (200, True)


def test_where_all_is_new_the_whole_is_sent(desk: Desk) -> None:
    old = desk.tag("/few/atom.xml")
    for name in ("a", "b", "c"):
        desk.story(name)
    desk.build()

    status, fields, _ = desk.news("/few/atom.xml", old)

    assert (status, fields["cache-control"].partition(",")[0]) == (200, "public")


def test_what_was_there_before_and_is_again_is_not_new(desk: Desk) -> None:
    first = desk.tag("/all/atom.xml")
    desk.story("neu")
    desk.build()
    second = desk.tag("/all/atom.xml")
    withdraw(desk, "neu")
    desk.build()

    assert desk.tag("/all/atom.xml") not in (first, second)  # a later `updated`
    assert desk.news("/all/atom.xml", second)[0] == 200
    assert desk.news("/all/atom.xml", first)[0] == 200


# Other documents


def test_what_is_private_stays_private(desk: Desk) -> None:
    [folder] = (desk.service.public / "club").iterdir()
    path = f"/club/{folder.name}/atom.xml"
    old = desk.tag(path)
    desk.story("neu")
    desk.build()

    status, fields, body = desk.news(path, old)

    assert (status, titles("atom.xml", body)) == (226, ["Story neu"])
    assert fields["cache-control"] == "no-store, im"
    assert (fields["x-robots-tag"], fields["access-control-allow-origin"]) == (
        "noindex, nofollow",
        None,
    )


def test_a_page_of_an_archive_is_sent_as_a_whole(desk: Desk) -> None:
    path = "/shelf/archive/1/atom.xml"
    old = desk.tag(path)
    desk.story("eins", "Corrected.")
    desk.build()

    status, _, body = desk.news(path, old)

    assert (status, b"Corrected." in body) == (200, True)


def test_the_newest_document_of_an_archive_is_cut_as_others_are(desk: Desk) -> None:
    old = desk.tag("/shelf/atom.xml")
    desk.story("neu")
    desk.build()

    status, _, body = desk.news("/shelf/atom.xml", old)

    assert (status, titles("atom.xml", body)) == (226, ["Story neu"])


def test_pages_know_no_deltas(desk: Desk) -> None:
    old = desk.tag("/all/")
    desk.story("neu")
    desk.build()

    assert desk.news("/all/", old)[0] == 200


def test_a_script_of_another_site_may_ask_for_it(desk: Desk) -> None:
    _, fields, _ = desk.ask("/all/atom.xml", "OPTIONS", origin="https://reader.example.org")

    assert "A-IM" in fields["access-control-allow-headers"].split(", ")
