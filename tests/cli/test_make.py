"""`feedsvc make`: a feed of a folder, a file or an address, and nothing left behind."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from pathlib import Path

import pytest
from lxml import etree

from feedsvc.gate import check
from tests.feedserver import FeedServer, Page
from tests.support import Shell

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = ("--base-url", "https://news.example.org/feeds")

DATED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Hafenblog</title>
<link>https://blog.example.org/</link><description>Was am Hafen geschieht</description>
<language>de</language>
<item><guid>https://blog.example.org/2</guid><title>Nebel</title><link>https://blog.example.org/2</link>
<description>Die erste Barkasse wartete.</description>
<pubDate>Sat, 15 Mar 2025 08:00:00 GMT</pubDate></item>
<item><guid isPermaLink="false">1</guid><title>Wind</title><description>Er drehte.</description>
<pubDate>Fri, 14 Mar 2025 08:00:00 GMT</pubDate></item></channel></rss>"""
UNDATED = DATED.replace(b"pubDate", b"comments")
PAGE = b"""<!DOCTYPE html><html lang="en"><head><title>The ferry</title>
<meta property="article:published_time" content="2025-03-14T10:00:00Z"></head>
<body><article><h1>The ferry sails again</h1><p>It left at nine.</p></article></body></html>"""


@pytest.fixture
def desk(empty: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """A folder of articles without a configuration, and a place for temporary files."""
    monkeypatch.setenv("FEEDSVC_SYNC__ALLOW_NETWORKS", "127.0.0.0/8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    empty.write("ferry.txt", "The ferry sails again\n2025-03-14 10:00\nBy: Mara\n\nAt nine.\n")
    empty.write("library.md", "---\ntitle: The library\ndate: 2025-03-15\n---\n\nUntil *ten*.\n")
    return empty


def entries(document: str) -> list[tuple[str, str]]:
    """Title and id of each entry of an Atom feed."""
    feed = etree.fromstring(document.encode())
    return [(str(one.findtext(f"{ATOM}title")), str(one.findtext(f"{ATOM}id")))
            for one in feed.iter(f"{ATOM}entry")]  # fmt: skip


def left_behind(shell: Shell) -> list[str]:
    files = [path for path in shell.root.rglob("*") if path.parent.name != "articles"]
    return sorted(path.name for path in (*files, *(shell.root.parent / "tmp").iterdir()))


# -- folders and files ---------------------------------------------------------------------------


def test_a_folder_is_a_feed_and_leaves_nothing_behind(desk: Shell) -> None:
    done = desk.run("make", "articles", *BASE)

    assert (done.code, done.err) == (0, "")
    assert entries(done.out) == [
        ("The library", "tag:news.example.org,2025:articles/library"),
        ("The ferry sails again", "tag:news.example.org,2025:articles/ferry"),
    ]
    assert 'href="https://news.example.org/feeds/all/atom.xml" rel="self"' in done.out
    assert left_behind(desk) == ["articles"]


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_it_is_valid_in_every_format_and_the_same_each_time(format: str, desk: Shell) -> None:
    desk.write("undated.txt", "Without a date\n\nIt happened.\n")
    again = ("make", "articles", *BASE, "--format", format)

    first = desk.run(*again)
    for file in (desk.root / "articles").iterdir():  # read, but not written
        os.utime(file, ns=(1, file.stat().st_mtime_ns))
    second = desk.run(*again)

    assert first.out == second.out
    url = (
        f"https://news.example.org/feeds/all/{'feed.json' if format == 'json' else format + '.xml'}"
    )
    assert [one.message for one in check(first.out.encode(), format, url=url)] == []


def test_an_article_without_a_date_has_that_of_its_file(desk: Shell) -> None:
    os.utime(desk.write("undated.txt", "Undated\n\nText.\n"), (1_600_000_000, 1_600_000_000))

    done = desk.run("make", "articles/undated.txt", *BASE)

    assert "<published>2020-09-13T12:26:40+00:00</published>" in done.out
    assert "<updated>2020-09-13T12:26:40+00:00</updated>" in done.out


@pytest.mark.parametrize("name", ["ferry.txt", "[x] *?.txt", "plain"])
def test_one_file_has_the_id_that_it_has_in_its_folder(name: str, desk: Shell) -> None:
    (desk.root / "articles/ferry.txt").rename(desk.root / "articles" / name)

    alone = entries(desk.run("make", f"articles/{name}", *BASE).out)

    assert len(alone) == 1
    assert alone[0] in entries(desk.run("make", "articles", *BASE).out)


def test_options_say_who_publishes_it(desk: Shell) -> None:
    done = desk.run(
        "make", "articles", *BASE, "--title", "Harbour News", "--name", "news", "--limit", "1",
        "--author", "Mara", "--email", "mara@example.org", "--language", "en-gb",
        "--id-domain", "example.net", "--link", "https://example.org/{path}", "--format", "json",
    )  # fmt: skip

    told = json.loads(done.out)
    assert told["title"] == "Harbour News"
    assert told["feed_url"] == "https://news.example.org/feeds/news/feed.json"
    assert told["authors"][0]["name"] == "Mara"
    assert told["language"] == "en-GB"
    (only,) = told["items"]
    assert only["id"] == "tag:example.net,2025:articles/library"
    assert only["url"] == "https://example.org/library"


def test_a_named_configuration_is_used_and_its_store_is_not(desk: Shell) -> None:
    desk.configure('[site]\ntitle = "Harbour"\nbase_url = "https://harbour.example"\n'
                   '[[source]]\npath = "elsewhere"\n')  # fmt: skip

    unnamed = desk.run("make", "articles", *BASE)
    named = desk.run("-c", "feedsvc.toml", "make", "articles")

    assert "<title>articles</title>" in unnamed.out
    assert "<title>Harbour</title>" in named.out
    assert "https://harbour.example/all/atom.xml" in named.out
    assert left_behind(desk) == ["articles", "feedsvc.toml"]


def test_a_store_of_the_environment_is_left_alone(
    desk: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSVC_STORE__URL", f"sqlite:///{desk.root}/mine.db")
    monkeypatch.setenv("FEEDSVC_PUBLISH__DIRECTORY", str(desk.root / "mine"))

    assert desk.run("make", "articles", *BASE).code == 0
    assert left_behind(desk) == ["articles"]


def test_a_bad_article_costs_only_itself(desk: Shell) -> None:
    desk.write("bad.md", b"\x00\x01\x02\xff\xfe")
    desk.write("later.txt", "Later\n2199-01-01\n\nText.\n")

    done = desk.run("make", "articles", *BASE)

    assert done.code == 0
    assert len(entries(done.out)) == 2
    assert "note: bad.md: " in done.err


# -- feeds and pages -----------------------------------------------------------------------------


def test_a_feed_at_an_address(desk: Shell, feed_server: FeedServer) -> None:
    feed_server["/feed.xml"] = Page(body=DATED)

    done = desk.run("make", feed_server.url("/feed.xml"), *BASE)
    again = desk.run("make", feed_server.url("/feed.xml"), *BASE)

    assert (done.code, done.out) == (0, again.out)
    assert entries(done.out)[0] == ("Nebel", "https://blog.example.org/2")
    assert "<title>Hafenblog</title>" in done.out
    assert 'xml:lang="de"' in done.out
    assert check(done.out.encode(), "atom", url="https://news.example.org/feeds/all/atom.xml") == ()
    assert left_behind(desk) == ["articles"]


def test_a_page_that_announces_a_feed(desk: Shell, feed_server: FeedServer) -> None:
    feed_server["/"] = Page(
        body=b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml">'
        b"</head></html>",
        headers={"Content-Type": "text/html"},
    )
    feed_server["/feed.xml"] = Page(body=DATED)

    assert len(entries(desk.run("make", feed_server.url("/"), *BASE).out)) == 2


def test_a_page_without_a_feed_is_an_article(desk: Shell, feed_server: FeedServer) -> None:
    feed_server["/ferry"] = Page(body=PAGE, headers={"Content-Type": "text/html"})

    done = desk.run("make", feed_server.url("/ferry"), *BASE)

    assert done.code == 0
    ((title, _),) = entries(done.out)
    assert title in ("The ferry", "The ferry sails again")
    assert "It left at nine." in done.out
    assert f'href="{feed_server.url("/ferry")}"' in done.out
    assert "<published>2025-03-14T10:00:00+00:00</published>" in done.out


@pytest.mark.parametrize("place", ["file", "address"])
def test_entries_without_dates_are_the_same_each_time(
    place: str, desk: Shell, feed_server: FeedServer
) -> None:
    (desk.root / "articles/feed.xml").write_bytes(UNDATED)
    feed_server["/feed.xml"] = Page(body=UNDATED)
    where = "articles/feed.xml" if place == "file" else feed_server.url("/feed.xml")

    first, second = (desk.run("make", where, *BASE) for _ in range(2))

    assert first.code == 0
    assert first.out == second.out
    assert [title for title, _ in entries(first.out)] == ["Nebel", "Wind"]
    assert "2 of 2 entries state no date" in first.err


# -- where it goes -------------------------------------------------------------------------------


def test_a_file_that_is_the_same_is_left_alone(desk: Shell) -> None:
    file = desk.root / "feed.xml"
    first = desk.run("make", "articles", *BASE, "-o", "feed.xml")
    before = file.stat()
    desk.run("make", "articles", *BASE, "-o", "feed.xml")
    unchanged = file.stat()
    desk.write("new.txt", "New\n2025-03-16\n\nText.\n")
    desk.run("make", "articles", *BASE, "-o", "feed.xml")

    assert (first.code, first.out) == (0, "")
    assert (unchanged.st_mtime_ns, unchanged.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert len(entries(file.read_text(encoding="utf-8"))) == 3
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_as_json(desk: Shell) -> None:
    told = desk.run("make", "articles", *BASE, "--json").json

    assert told["schema"] == "feedsvc.make/1"
    assert (told["format"], told["entries"], told["notes"]) == ("atom", 2, [])
    assert len(told["document"].encode()) == told["bytes"]


# -- what cannot be made -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(("none",), 7, "there is no none", id="no-such-path"),
        pytest.param(("example.org/x",), 7, "https://example.org/x?", id="a-scheme-left-out"),
        pytest.param(("empty",), 7, "no article", id="nothing-in-it"),
        pytest.param(("held.txt",), 7, "no article", id="nothing-to-be-shown-yet"),
        pytest.param(("list.opml",), 2, "import opml", id="a-list-of-feeds"),
        pytest.param(("noise.xml",), 4, "noise.xml", id="no-feed"),
        pytest.param(("https://example.org/", "--offline"), 8, "--offline", id="no-network"),
        pytest.param(("https://user:geheim@/",), 2, "not an address", id="no-address"),
        pytest.param(("articles", "--base-url", "example.org"), 2, "--base-url", id="no-url"),
        pytest.param(("articles", "--timezone", "Berlin"), 2, "Europe/Berlin", id="no-zone"),
        pytest.param(("articles", "--link", "https://example.org/"), 2, "{path}", id="no-template"),
        pytest.param(("articles", "--name", "../x"), 2, "--name", id="no-name"),
        pytest.param(("articles", "--email", "a@example.org"), 2, "--author", id="whose-address"),
        pytest.param(("articles", "-o", "none/feed.xml"), 1, "cannot write", id="no-folder"),
        pytest.param(("-c", "none.toml", "articles"), 3, "none.toml", id="no-configuration"),
    ],
)
def test_refused(arguments: tuple[str, ...], code: int, says: str, desk: Shell) -> None:
    (desk.root / "empty").mkdir()
    (desk.root / "held.txt").write_text("Later\n2199-01-01\n\nText.\n")
    (desk.root / "list.opml").write_text(
        '<opml version="2.0"><head/><body><outline type="rss" text="x" '
        'xmlUrl="https://example.org/feed.xml"/></body></opml>'
    )
    (desk.root / "noise.xml").write_text("<html><p>no feed</p></html>")

    done = desk.run("make", *arguments)

    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "geheim" not in done.err
    assert done.err.count("\n") <= 3


def test_an_address_that_does_not_answer(desk: Shell) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        done = desk.run("make", f"http://127.0.0.1:{nobody.getsockname()[1]}/feed.xml")

    assert (done.code, done.out) == (4, "")
    assert done.err.count("\n") <= 3
