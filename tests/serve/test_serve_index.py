"""The serving index: what a real server says beside the files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsvc.serve.files import FRESH

Ask = Callable[..., Any]
Publish = Callable[[Path, bytes], None]

HUB = '<https://hub.example.org/>; rel="hub"'
SELF = '<https://news.example.org/all/atom.xml>; rel="self"'
INDEX = {
    "version": 1,
    "links": {"all/atom.xml": [HUB, SELF]},
    "noindex": ["members/", "deep/er/"],
    "moved": {
        "old/": "/new/",
        "old/special.xml": "/elsewhere.xml",
        "old/inner/": "/inner/",
        "a/first/": "/a/second/",
        "file.xml": "/all/rss.xml",
        "far/": "https://far.example.org/feeds/",
        "asked.xml": "https://far.example.org/feed?format=atom#top",
        "one/": "/all/atom.xml",
        "all/": "/never/",
        "club/": "/members/",
        "umlaut/": "/gr%C3%B6%C3%9Fe/",
    },
    "elsewhere": {"all/archive/4/atom.xml": "/all/atom.xml"},
    "gone": ["gone/", "single.xml", "a/taken/", "page/index.html"],
}


def write(directory: Path, told: object) -> None:
    """Put an index in place as a build does, and wait until the server has to look."""
    place = directory / ".feedsvc" / "serving.json"
    place.parent.mkdir(exist_ok=True)
    temporary = place.with_name(".serving.json.tmp")
    temporary.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
    temporary.replace(place)
    time.sleep(1.5 * FRESH)


@pytest.fixture(scope="module")
def server(served: tuple[Path, int], publish: Publish) -> Iterator[tuple[Path, int]]:
    """The running server with an index, and a private feed."""
    directory, port = served
    private = ("members/key/atom.xml", "members/key/index.html", "deep/er/atom.xml")
    for path in (*private, "deep/atom.xml", "old/back.xml"):
        publish(directory / path, b"<feed>" + b"private " * 200 + b"</feed>")
    publish(directory / "page" / "other.html", b"<p>Hello")
    write(directory, INDEX)
    yield directory, port
    write(directory, INDEX)


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        pytest.param("/old/rss.xml", "/new/rss.xml", id="a-document-of-a-feed-that-moved"),
        pytest.param("/old/", "/new/", id="its-page"),
        pytest.param("/old", "/new/", id="its-name"),
        pytest.param("/old/archive/3/atom.xml", "/new/archive/3/atom.xml", id="its-archive"),
        pytest.param("/old/rss.xml?a=1&b=%20", "/new/rss.xml?a=1&b=%20", id="the-query-is-kept"),
        pytest.param("/old/special.xml", "/elsewhere.xml", id="a-precise-path-wins"),
        pytest.param("/old/inner/x", "/inner/x", id="the-longest-folder-wins"),
        pytest.param("/old/inner", "/inner/", id="the-longest-folder-by-its-name"),
        pytest.param("/a/first/", "/a/second/", id="the-page-of-an-article"),
        pytest.param("/a/first", "/a/second/", id="without-its-slash"),
        pytest.param("/file.xml", "/all/rss.xml", id="one-file"),
        pytest.param("/far/x.xml", "https://far.example.org/feeds/x.xml", id="to-another-host"),
        pytest.param("/one/rss.xml", "/all/atom.xml", id="all-of-it-to-one-file"),
        pytest.param(
            "/asked.xml?page=2",
            "https://far.example.org/feed?format=atom&page=2#top",
            id="a-query-joins-that-of-the-target",
        ),
        pytest.param("/old/a%20b/%C3%BC", "/new/a%20b/%C3%BC", id="encoded-again"),
        pytest.param("/old/a%3Fb%23c", "/new/a%3Fb%23c", id="not-taken-for-a-query"),
        pytest.param("/%6Fld/rss.xml", "/new/rss.xml", id="an-odd-spelling"),
        pytest.param("/old//evil.example.org", None, id="no-empty-names"),
        pytest.param("/old/%0d%0aset-cookie:x", None, id="no-line-ends"),
        pytest.param("/old/../x", None, id="no-climbing"),
        pytest.param("/old/.hidden", None, id="nothing-hidden"),
        pytest.param("/old/rss.xml.gz", None, id="no-sidecars"),
        pytest.param("/older/rss.xml", None, id="another-name"),
        pytest.param("/x/old/rss.xml", None, id="another-place"),
        pytest.param("/file.xml/more", None, id="nothing-is-below-a-file"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_has_moved(
    server: tuple[Path, int], ask: Ask, method: str, asked: str, location: str | None
) -> None:
    status, fields, body = ask(server[1], asked, method)

    assert fields["location"] == location
    assert status == (404 if location is None else 301)
    if location is not None:
        assert fields["cache-control"] == "public, max-age=300"
        assert bool(body) is (method == "GET")


def test_conditions_do_not_keep_a_reader_from_being_sent_on(
    server: tuple[Path, int], ask: Ask
) -> None:
    status, fields, _ = ask(
        server[1], "/old/rss.xml", if_none_match="*", range="bytes=0-1", if_match='"x"'
    )

    assert (status, fields["location"]) == (301, "/new/rss.xml")


def test_the_next_page_of_an_archive_is_elsewhere_for_the_time_being(
    server: tuple[Path, int], ask: Ask
) -> None:
    status, fields, _ = ask(server[1], "/all/archive/4/atom.xml?x")

    assert (status, fields["location"]) == (307, "/all/atom.xml?x")


@pytest.mark.parametrize(
    "path",
    [
        *("/gone/atom.xml", "/gone/", "/gone", "/gone/archive/1/rss.xml", "/gone/x?y"),
        *("/single.xml", "/a/taken/", "/page/", "/page/index.html"),
    ],
)
def test_what_is_gone(server: tuple[Path, int], ask: Ask, path: str) -> None:
    status, fields, body = ask(server[1], path)

    assert status == 410
    assert fields["content-type"] == "text/html; charset=utf-8"
    assert fields["cache-control"] == "public, max-age=300"
    assert b"no longer published" in body
    assert ask(server[1], path, "HEAD")[0] == 410


def test_a_file_that_lies_there_always_wins(server: tuple[Path, int], ask: Ask) -> None:
    assert ask(server[1], "/all/atom.xml")[0] == 200
    assert ask(server[1], "/all/")[0] == 200
    assert ask(server[1], "/all")[1]["location"] == "/all/"
    assert ask(server[1], "/old/back.xml")[0] == 200
    assert ask(server[1], "/page/other.html")[0] == 200


def test_other_methods_are_not_sent_on(server: tuple[Path, int], ask: Ask) -> None:
    assert ask(server[1], "/old/rss.xml", "POST")[0] == 405
    assert ask(server[1], "/gone/", "DELETE")[0] == 405


def test_hubs_stand_in_the_fields_of_a_document(server: tuple[Path, int], ask: Ask) -> None:
    _, whole, _ = ask(server[1], "/all/atom.xml")
    status, same, _ = ask(server[1], "/all/atom.xml", if_none_match=whole["etag"])
    _, part, _ = ask(server[1], "/all/atom.xml", range="bytes=0-9")
    _, head, _ = ask(server[1], "/all/atom.xml", "HEAD")

    assert status == 304
    assert [one.get_all("link") for one in (whole, same, part, head)] == [[f"{HUB}, {SELF}"]] * 4
    assert whole["access-control-expose-headers"] == "ETag, Link"
    assert ask(server[1], "/all/rss.xml")[1]["link"] is None


@pytest.mark.parametrize("path", ["/members/key/atom.xml", "/deep/er/atom.xml"])
def test_private_files_are_kept_out_of_everything(
    server: tuple[Path, int], ask: Ask, path: str
) -> None:
    _, whole, _ = ask(server[1], path)
    status, same, _ = ask(server[1], path, if_none_match=whole["etag"])

    assert status == 304
    for fields in (whole, same):
        assert fields.get_all("x-robots-tag") == ["noindex, nofollow"]
        assert [one.partition(",")[0] for one in fields.get_all("cache-control")] == ["private"]
        assert fields["access-control-allow-origin"] is None
        assert fields["referrer-policy"] == "no-referrer"
        assert fields["etag"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        pytest.param("/club/key/atom.xml", "/members/key/atom.xml", id="from-where-it-was"),
        pytest.param("/members/key", "/members/key/", id="from-its-folder"),
        pytest.param("/members/key?a=%20b", "/members/key/?a=%20b", id="with-a-query"),
    ],
)
def test_what_leads_to_a_private_feed_is_private(
    server: tuple[Path, int], ask: Ask, path: str, location: str
) -> None:
    status, fields, _ = ask(server[1], path)

    assert (status, fields["location"]) == (301, location)
    assert fields["x-robots-tag"] == "noindex, nofollow"
    assert fields["cache-control"] == "private, max-age=300"
    assert fields["access-control-allow-origin"] is None


@pytest.mark.parametrize("path", ["/deep/atom.xml", "/all/atom.xml"])
def test_public_files_are_for_everybody(server: tuple[Path, int], ask: Ask, path: str) -> None:
    _, fields, _ = ask(server[1], path)

    assert fields["x-robots-tag"] is None
    assert fields["access-control-allow-origin"] == "*"
    assert fields["cache-control"].startswith("public, ")


@pytest.mark.parametrize(
    "path", ["/.feedsvc/serving.json", "/.feedsvc/", "/%2Efeedsvc/serving.json", "/.feedsvc"]
)
def test_nobody_gets_the_index_itself(server: tuple[Path, int], ask: Ask, path: str) -> None:
    assert ask(server[1], path)[0] == 404


def test_a_changed_index_holds_at_once(server: tuple[Path, int], ask: Ask) -> None:
    directory, port = server
    write(directory, {"version": 1, "moved": {"gone/": "/all/"}})

    assert ask(port, "/gone/atom.xml")[1]["location"] == "/all/atom.xml"
    assert ask(port, "/old/rss.xml")[0] == 404
    assert ask(port, "/all/atom.xml")[1]["link"] is None
    write(directory, INDEX)
    assert ask(port, "/gone/atom.xml")[0] == 410


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"version": 1, "gone": [', id="cut-short"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param([], id="no-table"),
        pytest.param({"version": 2, "gone": ["all/"]}, id="of-another-version"),
        pytest.param({"version": 1, "gone": {"all/": 1}}, id="a-table-for-a-list"),
        pytest.param({"version": 1, "moved": ["a"]}, id="a-list-for-a-table"),
        pytest.param({"version": 1, "gone": [7]}, id="a-number-for-a-path"),
        pytest.param({"version": 1, "gone": ["/old/"]}, id="an-absolute-path"),
        pytest.param({"version": 1, "gone": [""]}, id="an-empty-path"),
        pytest.param({"version": 1, "moved": {"a/": "//evil.example/"}}, id="away-in-disguise"),
        pytest.param({"version": 1, "moved": {"a/": "javascript:x"}}, id="a-script"),
        pytest.param({"version": 1, "moved": {"a/": "/b\r\nset-cookie: x"}}, id="a-line-end"),
        pytest.param({"version": 1, "moved": {"a/": "/größe/"}}, id="not-ascii"),
        pytest.param({"version": 1, "links": {"a": ["<x>\n"]}}, id="a-line-end-in-a-link"),
        pytest.param({"version": 1, "links": {"a": []}}, id="no-links"),
        pytest.param({"version": 1, "links": {"a": "<x>"}}, id="a-link-alone"),
    ],
)
def test_a_damaged_index_changes_nothing_and_is_told(
    tmp_path: Path, start_child: Any, ask: Ask, told: object
) -> None:
    write(tmp_path, INDEX)
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    assert ask(child.port, "/old/rss.xml")[0] == 301

    write(tmp_path, told)

    assert ask(child.port, "/old/rss.xml")[0] == 301
    assert ask(child.port, "/gone/rss.xml")[0] == 410
    code, errors = child.end()
    assert code == 0
    assert errors.count("\n") == 1
    assert errors.startswith("the serving index is ignored: ")


def test_a_lost_index_changes_nothing(tmp_path: Path, start_child: Any, ask: Ask) -> None:
    write(tmp_path, INDEX)
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    assert ask(child.port, "/old/rss.xml")[0] == 301

    (tmp_path / ".feedsvc" / "serving.json").unlink()
    time.sleep(1.5 * FRESH)

    assert ask(child.port, "/old/rss.xml")[0] == 301
    assert child.end() == (0, "")


def test_an_index_that_comes_later_is_found(tmp_path: Path, start_child: Any, ask: Ask) -> None:
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    assert ask(child.port, "/old/rss.xml")[0] == 404

    write(tmp_path, INDEX)

    assert ask(child.port, "/old/rss.xml")[0] == 301
    assert child.end() == (0, "")


def test_sitemaps_and_lists_of_feeds_are_labelled(
    server: tuple[Path, int], ask: Ask, publish: Publish
) -> None:
    directory, port = server
    for name in ("sitemap.xml", "sitemap-news.xml", "sitemap-1.xml"):
        publish(directory / name, b"<urlset/>")

    kinds = {
        name: ask(port, f"/{name}")[1]["content-type"]
        for name in ("sitemap.xml", "sitemap-news.xml", "sitemap-1.xml", "opml.xml")
    }

    assert kinds == {
        **dict.fromkeys(
            ("sitemap.xml", "sitemap-news.xml", "sitemap-1.xml"), "application/xml; charset=utf-8"
        ),
        "opml.xml": "text/x-opml; charset=utf-8",
    }
