"""HTTP clause by clause, by requests to a running server of a built site.

The numbers are those of the list of standards that feedsvc keeps to:

    39 entity tags           40 If-None-Match         41 If-Modified-Since, Last-Modified
    42 304 and HEAD          43 Accept-Encoding       44 media types
    45 caching, 301, 410     46 ranges                48 files replaced at once: test_serve_http.py
    38 RFC 3229: test_serve_deltas.py                 47 asking others: tests/web, tests/sync
    8288 Link fields         9112 messages            max-age: test_serve_age.py

A row is a request and what its answer has to say. `{tag}`, `{gzip}`, `{page}` stand for the tags of
the plain form, the gzip form and the page view of the document, `{date}` for its Last-Modified.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from feedsvc.serve.files import FRESH
from tests.support import DEFAULT_CONFIG, Service

Ask = Callable[..., Any]
Send = Callable[[int, bytes], bytes]
Serve = Callable[[Path], int]

FEED = "/all/atom.xml"
HUB = "https://hub.example.org/push?for=a,b;c&x=%22y%22"
CONFIG = DEFAULT_CONFIG.replace("[[source]]", f"[websub]\nhubs = ['{HUB}']\n\n[[source]]") + (
    """
[[feed]]
name = "all"
title = 'News, "quoted" & <more>'

[[feed]]
name = "shelf"
limit = 2
archive = true

[[feed]]
name = "club"
private = true
"""
)


@dataclass(frozen=True)
class Site:
    """A built site with feeds that moved and went, and the server of it."""

    service: Service
    port: int
    words: dict[str, str]  # what stands for the placeholders
    _ask: Ask

    def ask(self, path: str, method: str = "GET", **asked: str) -> tuple[int, Message, bytes]:
        filled = {name: value.format(**self.words) for name, value in asked.items()}
        answer: tuple[int, Message, bytes] = self._ask(self.port, path, method, **filled)
        return answer


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, serve_directory: Serve, ask: Ask
) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    (root / "articles").mkdir()
    service = Service(root)
    service.configure(CONFIG)
    for number in range(6):
        date = service.clock.at - timedelta(days=number)
        text = "Die Fähre fährt wieder. " * 40
        service.write(f"{number}.txt", f"Größe {number}\n{date:%Y-%m-%d}\n\n{text}\n")
    service.sync()
    store, now = service.app.store, service.clock.now()
    store.intend("old/", "all/", now)
    store.intend("ferry.xml", "https://far.example.org/feed?a=1", now)
    store.gone("closed/", now)
    service.regenerate()
    port = serve_directory(service.public)
    [key] = (service.public / "club").iterdir()
    plain = ask(port, FEED)[1]
    yield Site(
        service,
        port,
        {
            "tag": plain["etag"],
            "date": plain["last-modified"],
            "gzip": ask(port, FEED, accept_encoding="gzip")[1]["etag"],
            "page": ask(port, FEED, sec_fetch_dest="document")[1]["etag"],
            "club": f"/club/{key.name}/atom.xml",
        },
        ask,
    )
    service.restart()


@dataclass(frozen=True)
class Row:
    """A request, and what is said of its answer: a pattern for each field, None for none."""

    status: int
    path: str = FEED
    method: str = "GET"
    asked: dict[str, str] = field(default_factory=dict)
    says: dict[str, str | None] = field(default_factory=dict)


def row(
    id: str, status: int, *, path: str = FEED, method: str = "GET", says: Any = None, **asked: str
) -> Any:
    return pytest.param(Row(status, path, method, asked, says or {}), id=id)


_STRONG = r'"[\x21\x23-\x7e]+"'
_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_FIXDATE = rf"{_DAY}, \d\d [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d GMT"

ROWS = [
    # 39, RFC 9110 §8.8.3
    row("39-a-strong-tag", 200, says={"etag": _STRONG}),
    row("39-of-a-page", 200, path="/all/", says={"etag": _STRONG}),
    row("39-of-a-sitemap", 200, path="/sitemap.xml", says={"etag": _STRONG}),
    row("39-on-304", 304, if_none_match="{tag}", says={"etag": "{tag}"}),
    row("39-on-206", 206, range="bytes=0-9", says={"etag": "{tag}"}),
    row("39-on-412", 412, if_match='"x"', says={"etag": "{tag}"}),
    row("39-on-gzip", 200, accept_encoding="gzip", says={"etag": "{gzip}"}),
    row("39-not-on-404", 404, path="/none", says={"etag": None, "last-modified": None}),
    # 40, §13.1.2
    row("40-the-tag", 304, if_none_match="{tag}"),
    row("40-weakly", 304, if_none_match="W/{tag}"),
    row("40-in-a-list", 304, if_none_match='"a", {tag}'),
    row("40-in-a-list-without-blanks", 304, if_none_match='"a",W/"b",W/{tag},"c"'),
    row("40-in-a-list-with-empty-elements", 304, if_none_match=" , ,{tag},"),
    row("40-beside-a-tag-with-a-comma", 304, if_none_match='"a,b", {tag}'),
    row("40-any", 304, if_none_match="*"),
    row("40-another", 200, if_none_match='"a"'),
    row("40-without-quotes", 200, if_none_match="{bare}"),
    row("40-of-another-form", 200, if_none_match="{gzip}"),
    row("40-of-the-form-that-is-asked", 304, if_none_match="{gzip}", accept_encoding="gzip"),
    row("40-of-the-page-view", 200, if_none_match="{page}"),
    row("40-of-any-of-them", 304, if_none_match="{page}, {gzip}, {tag}"),
    row("40-on-head", 304, method="HEAD", if_none_match="{tag}"),
    row("40-wins-over-a-date", 200, if_none_match='"a"', if_modified_since="{date}"),
    row("40-wins-over-an-old-date", 304, if_none_match="{tag}", if_modified_since="{long_ago}"),
    row("40-means-nothing-elsewhere", 404, path="/none", if_none_match="*"),
    # 41, §13.1.3, §8.8.2, §5.6.7
    row("41-last-modified", 200, says={"last-modified": _FIXDATE}),
    row("41-the-date", 304, if_modified_since="{date}"),
    row("41-as-rfc-850", 304, if_modified_since="{rfc850}"),
    row("41-as-asctime", 304, if_modified_since="{asctime}"),
    row("41-with-a-numeric-zone", 304, if_modified_since="{numeric}"),
    row("41-in-another-zone", 304, if_modified_since="{elsewhere}"),
    row("41-in-other-case", 304, if_modified_since="{lower}"),
    row("41-a-second-later", 304, if_modified_since="{later}"),
    row("41-a-second-earlier", 200, if_modified_since="{earlier}"),
    row("41-no-date", 200, if_modified_since="soon"),
    row("41-zero", 200, if_modified_since="0"),
    row("41-on-head", 304, method="HEAD", if_modified_since="{date}"),
    row("41-says-the-date-again", 304, if_modified_since="{date}",
        says={"last-modified": "{date}"}),
    # §13.1.1, §13.1.4
    row("412-if-match", 412, if_match='"a"'),
    row("412-if-match-is-strong", 412, if_match="W/{tag}"),
    row("412-if-match-of-another-form", 412, if_match="{gzip}"),
    row("412-not-with-the-tag", 200, if_match='"a", {tag}'),
    row("412-not-with-any", 200, if_match="*"),
    row("412-if-unmodified-since", 412, if_unmodified_since="{earlier}"),
    row("412-not-unmodified-since", 200, if_unmodified_since="{date}"),
    row("412-not-by-what-is-no-date", 200, if_unmodified_since="soon"),
    row("412-the-tag-wins-over-the-date", 200, if_match="{tag}", if_unmodified_since="{earlier}"),
    row("412-before-304", 412, if_match='"a"', if_none_match="{tag}"),
    row("412-before-206", 412, if_match='"a"', range="bytes=0-1"),
    row("412-on-head", 412, method="HEAD", if_match='"a"'),
    # 42, §15.4.5
    row(
        "42-304-says-what-a-cache-needs",
        304,
        if_none_match="{tag}",
        says={
            "cache-control": "public, max-age=.*",
            "vary": "Accept-Encoding, Sec-Fetch-Dest",
            "date": _FIXDATE,
            "link": "<.*",
        },
    ),
    row(
        "42-304-says-nothing-of-content",
        304,
        if_none_match="{tag}",
        says=dict.fromkeys(
            ("content-type", "content-length", "content-encoding", "transfer-encoding")
        ),
    ),
    # 43, §12.5.3
    row("43-vary", 200, says={"vary": "Accept-Encoding, Sec-Fetch-Dest"}),
    row("43-nothing-asked", 200, says={"content-encoding": None}),
    row("43-empty", 200, accept_encoding="", says={"content-encoding": None}),
    row("43-gzip", 200, accept_encoding="gzip", says={"content-encoding": "gzip"}),
    row("43-x-gzip", 200, accept_encoding="x-gzip", says={"content-encoding": "gzip"}),
    row("43-in-capitals", 200, accept_encoding="GZIP", says={"content-encoding": "gzip"}),
    row("43-br", 200, accept_encoding="gzip, deflate, br", says={"content-encoding": "br"}),
    row("43-zstd", 200, accept_encoding="zstd", says={"content-encoding": "zstd"}),
    row("43-any", 200, accept_encoding="*", says={"content-encoding": "br"}),
    row("43-any-but", 200, accept_encoding="br;q=0, *", says={"content-encoding": "zstd"}),
    row("43-weights", 200, accept_encoding="br;q=0.1,gzip", says={"content-encoding": "gzip"}),
    row("43-no-gzip", 200, accept_encoding="gzip;q=0", says={"content-encoding": None}),
    row("43-no-gzip-at-all", 200, accept_encoding="gzip;q=0.0", says={"content-encoding": None}),
    row("43-identity-first", 200, accept_encoding="identity, gzip;q=0.9",
        says={"content-encoding": None}),
    row("43-no-identity", 200, accept_encoding="gzip, identity;q=0",
        says={"content-encoding": "gzip"}),
    row("43-nothing", 406, accept_encoding="*;q=0", says={"vary": "Accept-Encoding.*"}),
    row("43-ill-formed", 200, accept_encoding=";;q=,=,gzip;q=x", says={"content-encoding": None}),
    row("43-deflate-alone", 200, accept_encoding="deflate", says={"content-encoding": None}),
    # 44, RFC 9110 §8.3, RFC 7303
    row("44-atom", 200, says={"content-type": r"application/atom\+xml; charset=utf-8"}),
    row("44-rss", 200, path="/all/rss.xml",
        says={"content-type": r"application/rss\+xml; charset=utf-8"}),
    row("44-json", 200, path="/all/feed.json",
        says={"content-type": r"application/feed\+json; charset=utf-8"}),
    row("44-opml", 200, path="/opml.xml", says={"content-type": "text/x-opml; charset=utf-8"}),
    row("44-page", 200, path="/", says={"content-type": "text/html; charset=utf-8"}),
    row("44-page-by-its-name", 200, path="/all/index.html",
        says={"content-type": "text/html; charset=utf-8"}),
    row("44-sitemap", 200, path="/sitemap.xml", says={"content-type": "application/xml; .*"}),
    row("44-nosniff", 200, says={"x-content-type-options": "nosniff"}),
    row("44-a-browser-s-view", 200, sec_fetch_dest="document",
        says={"content-type": "application/xml; charset=utf-8", "etag": "{page}"}),
    row("44-a-browser-s-fetch", 200, sec_fetch_dest="empty",
        says={"content-type": r"application/atom\+xml; .*", "etag": "{tag}"}),
    row("44-json-is-json-to-a-browser", 200, path="/all/feed.json", sec_fetch_dest="document",
        says={"content-type": r"application/feed\+json; .*"}),
    # 45, RFC 9111, RFC 9110 §15.4, §15.5
    row("45-max-age", 200, says={"cache-control": r"public, max-age=3600, stale-.*"}),
    row("45-nothing-contradicts-it", 200, says=dict.fromkeys(("expires", "pragma", "age"))),
    row("45-private", 200, path="{club}",
        says={"cache-control": r"private, max-age=\d+,.*", "x-robots-tag": "noindex, nofollow"}),
    row("45-moved", 301, path="/old/rss.xml", says={"location": "/all/rss.xml"}),
    row("45-moved-far", 301, path="/ferry.xml",
        says={"location": r"https://far\.example\.org/feed\?a=1"}),
    row("45-a-folder", 301, path="/all", says={"location": "/all/"}),
    row("45-moved-for-now", 307, path="/shelf/archive/3/atom.xml",
        says={"location": "/shelf/atom.xml"}),
    row("45-gone", 410, path="/closed/atom.xml", says={"cache-control": "public, max-age=300"}),
    row("45-gone-whatever-is-asked", 410, path="/closed/atom.xml", if_none_match="*"),
    row("45-missing", 404, path="/none/atom.xml", says={"cache-control": "no-store"}),
    # 46, RFC 9110 §14
    row("46-offered", 200, says={"accept-ranges": "bytes"}),
    row("46-the-first-bytes", 206, range="bytes=0-4", says={"content-range": r"bytes 0-4/\d+"}),
    row("46-the-last-bytes", 206, range="bytes=-5", says={"content-length": "5"}),
    row("46-to-the-end", 206, range="bytes=10-", says={"content-range": r"bytes 10-\d+/\d+"}),
    row("46-beyond-the-end", 206, range="bytes=0-99999999", says={"content-range": r"bytes 0-.*"}),
    row("46-outside", 416, range="bytes=99999999-", says={"content-range": r"bytes \*/\d+"}),
    row("46-none-of-it", 416, range="bytes=-0", says={"content-range": r"bytes \*/\d+"}),
    row("46-several", 200, range="bytes=0-1,5-6", says={"content-range": None}),
    row("46-very-many", 200, range="bytes=" + "0-1," * 2000, says={"content-range": None}),
    row("46-backwards", 200, range="bytes=9-1"),
    row("46-another-unit", 200, range="entries=0-1"),
    row("46-no-range", 200, range="bytes"),
    row("46-of-a-coding", 206, range="bytes=0-4", accept_encoding="gzip",
        says={"content-encoding": "gzip", "etag": "{gzip}"}),
    row("46-if-range-by-tag", 206, range="bytes=0-4", if_range="{tag}"),
    row("46-if-range-by-another-tag", 200, range="bytes=0-4", if_range='"a"'),
    row("46-if-range-is-strong", 200, range="bytes=0-4", if_range="W/{tag}"),
    row("46-if-range-of-another-form", 200, range="bytes=0-4", if_range="{gzip}"),
    row("46-if-range-by-a-later-date", 200, range="bytes=0-4", if_range="{later}"),
    row("46-if-range-by-nothing", 200, range="bytes=0-4", if_range="soon"),
    row("46-if-range-alone", 200, if_range='"a"'),
    row("46-304-first", 304, range="bytes=0-4", if_none_match="{tag}"),
    row("46-not-on-head", 200, method="HEAD", range="bytes=0-4", says={"content-range": None}),
    # §9: methods
    row("405-post", 405, method="POST", says={"allow": "GET, HEAD", "cache-control": "no-store"}),
    row("405-put", 405, method="PUT", says={"allow": "GET, HEAD"}),
    row("405-delete", 405, method="DELETE", says={"allow": "GET, HEAD"}),
    row("405-trace", 405, method="TRACE", says={"allow": "GET, HEAD"}),
    row("405-unheard-of", 405, method="BREW", says={"allow": "GET, HEAD"}),
    row("405-where-nothing-is", 405, method="POST", path="/none"),
    row("options", 204, method="OPTIONS", says={"allow": "GET, HEAD", "content-type": None}),
    # Scripts of other sites, and what a page may do
    row("cors", 200, origin="https://reader.example.org",
        says={"access-control-allow-origin": r"\*", "access-control-expose-headers": "ETag.*"}),
    row("cors-on-404", 404, path="/none", says={"access-control-allow-origin": r"\*"}),
    row("cors-before-the-request", 204, method="OPTIONS",
        origin="https://reader.example.org", access_control_request_method="GET",
        access_control_request_headers="if-none-match",
        says={"access-control-allow-headers": ".*If-None-Match.*",
              "access-control-max-age": r"\d+"}),
    row("cors-not-of-private", 200, path="{club}", says={"access-control-allow-origin": None}),
    row("csp-of-a-page", 200, path="/all/",
        says={"content-security-policy": "default-src 'none'.*"}),
    row("csp-of-a-browser-s-view", 200, sec_fetch_dest="document",
        says={"content-security-policy": "default-src 'none'.*"}),
]  # fmt: skip


def moments(date: str) -> dict[str, str]:
    """A date as clients write it again."""
    at = parsedate_to_datetime(date)
    there = at + timedelta(hours=2)
    return {
        "earlier": format_datetime(at - timedelta(seconds=1), usegmt=True),
        "later": format_datetime(at + timedelta(seconds=1), usegmt=True),
        "long_ago": format_datetime(datetime(2001, 2, 3, tzinfo=UTC), usegmt=True),
        "rfc850": f"{at:%A, %d-%b-%y %H:%M:%S} GMT",
        "asctime": f"{at:%a %b} {at.day:2} {at:%H:%M:%S %Y}",
        "numeric": f"{at:%a, %d %b %Y %H:%M:%S} +0000",
        "elsewhere": f"{there:%a, %d %b %Y %H:%M:%S} +0200",
        "lower": date.lower(),
    }


@pytest.mark.parametrize("row", ROWS)
def test_clause(site: Site, row: Row) -> None:
    words = site.words | moments(site.words["date"]) | {"bare": site.words["tag"].strip('"')}
    asked = {name: value.format(**words) for name, value in row.asked.items()}

    status, fields, body = site.ask(row.path.format(**words), row.method, **asked)

    assert status == row.status
    for name, pattern in row.says.items():
        said = fields[name]
        if pattern is None:
            assert said is None, name
        else:
            assert said is not None, name
            wanted = re.sub(r"\{([a-z_]+)\}", lambda found: re.escape(words[found[1]]), pattern)
            assert re.fullmatch(wanted, said), (name, said)
    if row.method == "HEAD" or status in (204, 304):
        assert body == b""
    else:
        assert len(body) == int(fields["content-length"])
    # RFC 9110 §6.6.1: an origin server with a clock dates every answer, and once.
    [date] = fields.get_all("date", [])
    assert abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()) < 60
    given = [name.lower() for name in fields]
    assert len(given) == len(set(given))


HEAD_ROWS = [
    row for row in ROWS if row.values[0].method == "GET" and "range" not in row.values[0].asked
]


@pytest.mark.parametrize("row", HEAD_ROWS)
def test_42_head_says_what_get_says(site: Site, row: Row) -> None:
    words = site.words | moments(site.words["date"]) | {"bare": site.words["tag"].strip('"')}
    asked = {name: value.format(**words) for name, value in row.asked.items()}
    path = row.path.format(**words)
    got, said, _ = site.ask(path, **asked)

    head, fields, body = site.ask(path, "HEAD", **asked)

    assert (head, body) == (got, b"")
    del said["date"], fields["date"]
    assert sorted(fields.items()) == sorted(said.items())


# 39, 41, 44, 46: what takes more than one request


def test_39_tags_are_the_same_after_a_restart(site: Site, serve_directory: Serve, ask: Ask) -> None:
    again = serve_directory(site.service.public)

    assert ask(again, FEED)[1]["etag"] == site.words["tag"]
    assert ask(again, FEED, accept_encoding="gzip")[1]["etag"] == site.words["gzip"]
    assert ask(again, FEED, if_none_match=site.words["tag"])[0] == 304
    assert ask(again, FEED, if_modified_since=site.words["date"])[0] == 304


@pytest.mark.parametrize("path", [FEED, "/all/rss.xml", "/opml.xml", "/sitemap.xml"])
def test_44_the_label_agrees_with_the_declaration(site: Site, path: str) -> None:
    _, fields, body = site.ask(path)

    declared = re.match(rb"<\?xml version=['\"]1.0['\"] encoding=['\"]([^'\"]+)", body)
    assert declared is not None
    assert fields["content-type"].rpartition("charset=")[2] == declared[1].decode().lower()
    assert body.decode("utf-8")


def test_46_a_download_goes_on_only_in_the_same_file(site: Site, ask: Ask) -> None:
    target = site.service.public / "growing" / "atom.xml"
    target.parent.mkdir()
    target.write_bytes(b"a" * 5_000)
    _, first, start = ask(site.port, "/growing/atom.xml", range="bytes=0-999")
    rest = ask(site.port, "/growing/atom.xml", range="bytes=1000-", if_range=first["etag"])
    assert (rest[0], start + rest[2]) == (206, b"a" * 5_000)
    target.write_bytes(b"b" * 6_000)
    time.sleep(1.5 * FRESH)

    for validator in (first["etag"], first["last-modified"]):
        status, fields, body = ask(
            site.port, "/growing/atom.xml", range="bytes=1000-", if_range=validator
        )
        assert (status, body) == (200, b"b" * 6_000)
        assert fields["content-range"] is None
    # Without If-Range the client takes what it gets, with the tag that tells.
    status, fields, _ = ask(site.port, "/growing/atom.xml", range="bytes=1000-")
    assert (status, fields["etag"] == first["etag"]) == (206, False)


def test_46_all_parts_together_are_the_whole(site: Site) -> None:
    whole = site.ask(FEED)[2]
    size = len(whole) // 7 + 1

    parts = [
        site.ask(FEED, range=f"bytes={start}-{start + size - 1}", if_range="{tag}")
        for start in range(0, len(whole), size)
    ]

    assert {status for status, _, _ in parts} == {206}
    assert b"".join(body for _, _, body in parts) == whole


# RFC 8288


def links(text: str) -> list[tuple[str, dict[str, str]]]:
    """The links of a Link field by RFC 8288 §3 and appendix B.3."""
    found = []
    while text := text.lstrip(" \t,"):
        assert text[0] == "<"
        target, _, text = text[1:].partition(">")
        told: dict[str, str] = {}
        while (
            more := re.match(r'\s*;\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]+)', text)
        ) is not None:
            value = more[2]
            told[more[1].lower()] = (
                re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
            )
            text = text[more.end() :]
        assert not text or text.lstrip()[:1] == ","
        found.append((target, told))
    return found


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json"])
@pytest.mark.parametrize("asked", [{}, {"if_none_match": "*"}, {"range": "bytes=0-1"}], ids=str)
def test_8288_hub_and_self_are_linked(site: Site, name: str, asked: dict[str, str]) -> None:
    _, fields, _ = site.ask(f"/all/{name}", **asked)

    [told] = fields.get_all("link", [])
    found = {one["rel"]: target for target, one in links(told)}
    assert set(found) == {"hub", "self"}
    # Resolved against the resource, as any target is; ours are absolute.
    base = f"https://news.example.org/all/{name}"
    assert urljoin(base, found["self"]) == base
    assert urlsplit(urljoin(base, found["hub"]))._replace(query="").geturl() == (
        "https://hub.example.org/push"
    )
    assert told.isascii()
    assert "Link" in fields["access-control-expose-headers"].split(", ")


def test_8288_the_document_says_the_same(site: Site) -> None:
    _, fields, body = site.ask(FEED)

    for target, told in links(fields["link"]):
        assert f'href="{target.replace("&", "&amp;")}" rel="{told["rel"]}"'.encode() in body


@pytest.mark.parametrize("page", ["/", "/all/", "/shelf/"])
def test_8288_pages_lead_to_documents_of_the_type_they_name(site: Site, page: str) -> None:
    found: list[dict[str, str | None]] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "link" and ("rel", "alternate") in attrs:
                found.append(dict(attrs))

    Links().feed(site.ask(page)[2].decode())

    assert found
    for link in found:
        at = urlsplit(urljoin(f"https://news.example.org{page}", link["href"] or ""))
        assert at.netloc == "news.example.org"
        status, fields, _ = site.ask(at.path)
        assert (status, fields["content-type"].partition(";")[0]) == (200, link["type"])


# RFC 9112: messages


HOST = b"Host: news.example.org\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        pytest.param(b"GET /all/atom.xml HTTP/1.0\r\n\r\n", [200], id="http-1.0"),
        pytest.param(b"GET /all/atom.xml HTTP/1.0\r\n" + HOST + b"\r\n", [200], id="1.0-with-host"),
        pytest.param(b"HEAD /all/atom.xml HTTP/1.0\r\n\r\n", [200], id="1.0-head"),
        pytest.param(
            b"GET http://news.example.org/all/atom.xml HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
            [200],
            id="the-whole-address",
        ),
        pytest.param(
            b"GET /all/atom.xml?x=%zz&y#z HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
            [200, 400],
            id="a-query-that-is-none",
        ),
        pytest.param(b"GET /all/atom.xml HTTP/1.1\r\n" + CLOSE + b"\r\n", [400], id="no-host"),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n" + HOST + HOST + CLOSE + b"\r\n", [400], id="two-hosts"
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n" + CLOSE + b"\r\n",
            [400],
            id="a-folded-line",
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n" + HOST + b"X : a\r\n" + CLOSE + b"\r\n",
            [400],
            id="a-blank-before-the-colon",
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n" + CLOSE + b"\r\n",
            [400],
            id="a-zero-in-a-field",
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n" + CLOSE + b"\r\n0\r\n\r\n",
            [200, 400],
            id="two-lengths",
        ),
        pytest.param(
            b"GET /all/atom.xml HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 5, 6\r\n"
            + CLOSE
            + b"\r\n",
            [400],
            id="a-length-that-is-none",
        ),
        pytest.param(b"GET /all/atom.xml HTTP/3.7\r\n" + HOST + b"\r\n", [400, 505], id="http-3.7"),
        pytest.param(b"get /all/atom.xml HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", [405], id="get"),
        pytest.param(
            b"\r\n\r\nGET /all/atom.xml HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
            [200],
            id="empty-lines-before",
        ),
    ],
)
def test_9112_a_message(site: Site, send: Send, data: bytes, statuses: list[int]) -> None:
    answer = send(site.port, data)

    found = [int(status) for status in re.findall(rb"(?m)^HTTP/1\.[01] (\d{3})", answer)]
    assert len(found) == 1  # no 1xx before it, and nothing after it
    assert found[0] in statuses
    # RFC 9112 §6.1: HTTP/1.0 knows no chunks.
    assert b"transfer-encoding" not in answer.lower()


def test_9112_several_requests_on_a_connection(site: Site, send: Send) -> None:
    one = b"GET %s HTTP/1.1\r\n" + HOST + b"%s\r\n"
    data = b"".join(
        one % (path, CLOSE if path == b"/last" else b"")
        for path in (FEED.encode(), b"/none", b"/all", b"/opml.xml", b"/last")
    )

    answer = send(site.port, data)

    found = re.findall(rb"(?m)^HTTP/1\.1 (\d{3})", answer)
    assert found == [b"200", b"404", b"301", b"200", b"404"]


def test_9112_a_body_is_not_taken_for_the_next_request(site: Site, send: Send) -> None:
    inner = b"GET /none HTTP/1.1\r\n" + HOST + b"\r\n"
    data = b"GET /opml.xml HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(inner)

    answer = send(site.port, data + inner + b"GET /all HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")

    found = re.findall(rb"(?m)^HTTP/1\.1 (\d{3})", answer)
    assert found in ([b"200", b"301"], [b"200"])


def test_9110_who_waits_for_a_continue_gets_an_answer(site: Site, send: Send) -> None:
    data = b"GET /all HTTP/1.1\r\n" + HOST + CLOSE + b"Expect: 100-continue\r\n\r\n"

    found = re.findall(rb"(?m)^HTTP/1\.1 (\d{3})", send(site.port, data))

    assert found in ([b"301"], [b"417"])


def test_9112_a_connection_is_kept_as_asked(site: Site) -> None:
    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=60)) as connection:
        for _ in range(3):
            connection.sendall(b"HEAD /all/atom.xml HTTP/1.1\r\n" + HOST + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"HEAD /all/atom.xml HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece

    assert answer.startswith(b"HTTP/1.1 200 ")
