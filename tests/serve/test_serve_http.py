"""What a reader gets, clause by clause of RFC 9110 and 9111, from a real server."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

import brotli
import pytest
import zstandard

Served = tuple[Path, int]
Ask = Callable[..., tuple[int, Message, bytes]]
FEED = "/all/atom.xml"
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
}


def names(fields: Message) -> set[str]:
    return {name.lower() for name in fields.keys()}  # noqa: SIM118 - a Message, not a dict


# Clause 39: entity tags


def test_39_each_representation_has_a_strong_tag_of_its_own(served: Served, ask: Ask) -> None:
    _, port = served
    tags = [
        ask(port, FEED)[1]["etag"],
        *(ask(port, FEED, accept_encoding=coding)[1]["etag"] for coding in DECODE),
        ask(port, FEED, sec_fetch_dest="document")[1]["etag"],
    ]

    assert all(re.fullmatch(r'"[\x21\x23-\x7e]+"', tag) for tag in tags)
    assert len(set(tags)) == 5


def test_39_the_tag_stays_when_only_the_date_changes(
    served: Served, ask: Ask, publish: Callable[[Path, bytes], None]
) -> None:
    directory, port = served
    publish(directory / "same" / "atom.xml", b"<feed/>" * 50)
    first = ask(port, "/same/atom.xml", accept_encoding="gzip")[1]["etag"]
    publish(directory / "same" / "atom.xml", b"<feed/>" * 50)
    time.sleep(0.2)

    assert ask(port, "/same/atom.xml", accept_encoding="gzip")[1]["etag"] == first


# Clause 40: If-None-Match


@pytest.mark.parametrize(
    ("field", "status"),
    [
        pytest.param("{tag}", 304, id="the-tag"),
        pytest.param('"x", {tag}, "y"', 304, id="a-list"),
        pytest.param("*", 304, id="a-star"),
        pytest.param("W/{tag}", 304, id="weakly"),
        pytest.param('"x"', 200, id="another"),
        pytest.param("", 200, id="empty"),
    ],
)
def test_40_if_none_match(served: Served, ask: Ask, field: str, status: int) -> None:
    _, port = served
    tag = ask(port, FEED)[1]["etag"]

    assert ask(port, FEED, if_none_match=field.format(tag=tag))[0] == status


def test_40_if_none_match_in_two_lines(
    served: Served, ask: Ask, send: Callable[..., bytes]
) -> None:
    _, port = served
    tag = ask(port, FEED)[1]["etag"]
    lines = f'If-None-Match: "x"\r\nIf-None-Match: {tag}\r\n'

    answer = send(
        port, f"GET {FEED} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n".encode()
    )

    assert answer.startswith(b"HTTP/1.1 304 ")


def test_40_if_none_match_wins_over_if_modified_since(served: Served, ask: Ask) -> None:
    _, port = served
    modified = ask(port, FEED)[1]["last-modified"]

    assert ask(port, FEED, if_none_match='"x"', if_modified_since=modified)[0] == 200


def test_40_the_tag_of_another_coding_is_another_tag(served: Served, ask: Ask) -> None:
    _, port = served
    plain = ask(port, FEED)[1]["etag"]

    assert ask(port, FEED, accept_encoding="gzip", if_none_match=plain)[0] == 200


# Clause 41: If-Modified-Since and Last-Modified


@pytest.mark.parametrize(
    ("date", "status"),
    [
        pytest.param("Tue, 14 Nov 2023 22:13:20 GMT", 304, id="the-date"),
        pytest.param("Tuesday, 14-Nov-23 22:13:20 GMT", 304, id="as-rfc-850"),
        pytest.param("Tue Nov 14 22:13:20 2023", 304, id="as-asctime"),
        pytest.param("Tue, 14 Nov 2023 22:13:20 +0000", 304, id="reformatted"),
        pytest.param("Wed, 15 Nov 2023 00:00:00 GMT", 304, id="a-later-date"),
        pytest.param("Tue, 14 Nov 2023 22:13:19 GMT", 200, id="a-second-earlier"),
        pytest.param("yesterday", 200, id="no-date"),
    ],
)
def test_41_if_modified_since_is_compared_as_a_date(
    served: Served, ask: Ask, date: str, status: int
) -> None:
    _, port = served

    assert ask(port, FEED, if_modified_since=date)[0] == status


def test_41_last_modified_is_the_date_of_the_file(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED)[1]["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_41_last_modified_is_never_in_the_future(
    served: Served, ask: Ask, publish: Callable[[Path, bytes], None]
) -> None:
    directory, port = served
    file = directory / "future" / "atom.xml"
    publish(file, b"<feed/>")
    os.utime(file, (4_000_000_000, 4_000_000_000))

    _, fields, _ = ask(port, "/future/atom.xml")

    assert parsedate_to_datetime(fields["last-modified"]) <= parsedate_to_datetime(fields["date"])


def test_41_if_unmodified_since_and_if_match_fail_with_412(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED, if_match='"x"')[0] == 412
    assert ask(port, FEED, if_unmodified_since="Tue, 14 Nov 2023 22:13:19 GMT")[0] == 412
    assert ask(port, FEED, if_match=ask(port, FEED)[1]["etag"])[0] == 200


# Clause 42: 304 and HEAD


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
def test_42_a_304_carries_what_a_cache_updates_and_no_content(
    served: Served, ask: Ask, coding: str
) -> None:
    _, port = served
    full = ask(port, FEED, accept_encoding=coding)[1]

    status, fields, body = ask(port, FEED, accept_encoding=coding, if_none_match=full["etag"])

    assert (status, body) == (304, b"")
    for name in ("etag", "cache-control", "vary", "last-modified"):
        assert fields[name] == full[name]
    assert "date" in names(fields)
    assert not names(fields) & {
        "content-length",
        "content-type",
        "content-encoding",
        "transfer-encoding",
    }


@pytest.mark.parametrize("path", [FEED, "/", "/opml.xml", "/health/live", "/missing", "/all"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_42_head_says_what_get_says(served: Served, ask: Ask, path: str, coding: str) -> None:
    _, port = served
    got, got_fields, _ = ask(port, path, accept_encoding=coding)

    head, head_fields, body = ask(port, path, "HEAD", accept_encoding=coding)

    assert (head, body) == (got, b"")
    del got_fields["date"], head_fields["date"]
    assert head_fields.items() == got_fields.items()


# Clause 43: content codings


@pytest.mark.parametrize("coding", sorted(DECODE))
def test_43_each_coding_decodes_to_the_same_document(served: Served, ask: Ask, coding: str) -> None:
    _, port = served
    plain = ask(port, FEED)[2]

    _, fields, body = ask(port, FEED, accept_encoding=coding)

    assert fields["content-encoding"] == coding
    assert int(fields["content-length"]) == len(body)
    assert DECODE[coding](body) == plain


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        pytest.param("gzip, deflate, br, zstd", "br", id="a-browser"),
        pytest.param("gzip;q=0, br;q=0, *", "zstd", id="zero-is-no"),
        pytest.param("identity", None, id="identity"),
        pytest.param("identity;q=1, gzip;q=0.5", None, id="identity-preferred"),
        pytest.param("gzip;q=0", None, id="gzip-refused"),
        pytest.param("deflate", None, id="one-we-do-not-have"),
    ],
)
def test_43_accept_encoding_is_honoured(
    served: Served, ask: Ask, accepted: str, coding: str | None
) -> None:
    _, port = served

    assert ask(port, FEED, accept_encoding=accepted)[1]["content-encoding"] == coding


def test_43_no_accept_encoding_means_identity(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED)[1]["content-encoding"] is None


def test_43_nothing_acceptable_is_406(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, "/plain/atom.xml", accept_encoding="identity;q=0")[0] == 406
    assert ask(port, FEED, accept_encoding="gzip, identity;q=0")[0] == 200


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param(FEED, {}, id="plain"),
        pytest.param("/plain/atom.xml", {}, id="without-sidecars"),
        pytest.param(FEED, {"accept_encoding": "gzip"}, id="gzip"),
        pytest.param(FEED, {"if_none_match": "*"}, id="304"),
        pytest.param(FEED, {"range": "bytes=0-1"}, id="206"),
        pytest.param(FEED, {"range": "bytes=99999999-"}, id="416"),
        pytest.param(FEED, {"if_match": '"x"'}, id="412"),
        pytest.param("/", {}, id="a-page"),
        pytest.param("/missing", {}, id="404"),
        pytest.param("/all", {}, id="301"),
        pytest.param("/plain/atom.xml", {"accept_encoding": "identity;q=0"}, id="406"),
    ],
)
def test_43_vary_is_always_there(
    served: Served, ask: Ask, path: str, asked: dict[str, str]
) -> None:
    _, port = served
    vary = ask(port, path, **asked)[1]["vary"]

    assert "Accept-Encoding" in vary
    assert ("Sec-Fetch-Dest" in vary) == path.endswith(".xml")


# Clause 44: media types


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/all/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/all/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/all/feed.json", "application/feed+json; charset=utf-8"),
        ("/opml.xml", "text/x-opml; charset=utf-8"),
        ("/all/", "text/html; charset=utf-8"),
    ],
)
def test_44_content_type(served: Served, ask: Ask, path: str, label: str) -> None:
    _, port = served
    _, fields, _ = ask(port, path)

    assert fields["content-type"] == label
    assert fields["x-content-type-options"] == "nosniff"


def test_44_a_browser_gets_the_same_bytes_as_a_document(served: Served, ask: Ask) -> None:
    _, port = served
    _, reader, plain = ask(port, FEED)

    _, browser, body = ask(port, FEED, sec_fetch_dest="document")
    again = ask(port, FEED, sec_fetch_dest="document", if_none_match=browser["etag"])

    assert browser["content-type"] == "application/xml; charset=utf-8"
    assert (body, browser["vary"]) == (plain, reader["vary"])
    assert "default-src 'none'" in browser["content-security-policy"]
    assert again[0] == 304
    assert ask(port, FEED, sec_fetch_dest="empty")[1]["content-type"] == reader["content-type"]


# Clause 45: caching and refusals


def test_45_cache_control_says_max_age_and_nothing_contradicts_it(served: Served, ask: Ask) -> None:
    _, port = served
    _, fields, _ = ask(port, FEED)

    assert re.match(r"public, max-age=300, stale-while-revalidate=\d+", fields["cache-control"])
    assert "stale-if-error" in fields["cache-control"]
    assert not names(fields) & {"expires", "age", "pragma"}


def test_45_a_folder_moves_permanently_to_its_page(served: Served, ask: Ask) -> None:
    _, port = served

    status, fields, _ = ask(port, "/all?from=here")

    assert (status, fields["location"]) == (301, "/all/?from=here")


# Clause 46: ranges


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)],
)
def test_46_one_range_is_answered(
    served: Served, ask: Ask, asked: str, start: int, stop: int | None
) -> None:
    _, port = served
    _, full, whole = ask(port, FEED)

    status, fields, body = ask(port, FEED, range=asked)

    assert (status, body) == (206, whole[start:stop])
    assert fields["content-length"] == str(len(body))
    first = start % len(whole)
    assert fields["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"
    assert fields["etag"] == full["etag"]


def test_46_a_range_of_a_coding_is_a_part_of_its_bytes(served: Served, ask: Ask) -> None:
    _, port = served
    _, full, whole = ask(port, FEED, accept_encoding="gzip")

    status, fields, body = ask(port, FEED, accept_encoding="gzip", range="bytes=5-20")

    assert (status, body, fields["content-encoding"]) == (206, whole[5:21], "gzip")
    assert fields["etag"] == full["etag"]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-1", "lines=1-2", "bytes=x"])
def test_46_what_is_not_one_range_gets_the_whole(served: Served, ask: Ask, asked: str) -> None:
    _, port = served

    assert ask(port, FEED, range=asked)[0] == 200


def test_46_a_range_outside_is_416_with_the_length(served: Served, ask: Ask) -> None:
    _, port = served
    length = len(ask(port, FEED)[2])

    status, fields, _ = ask(port, FEED, range=f"bytes={length}-")

    assert (status, fields["content-range"]) == (416, f"bytes */{length}")


def test_46_head_knows_no_ranges(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED, "HEAD", range="bytes=0-1")[0] == 200


def test_46_no_part_of_a_changed_file(served: Served, ask: Ask) -> None:
    _, port = served
    fields = ask(port, FEED)[1]

    assert ask(port, FEED, range="bytes=0-1", if_range=fields["etag"])[0] == 206
    assert ask(port, FEED, range="bytes=0-1", if_range=fields["last-modified"])[0] == 206
    assert ask(port, FEED, range="bytes=0-1", if_range='"old"')[0] == 200
    assert ask(port, FEED, range="bytes=0-1", if_range="Tue, 14 Nov 2023 22:13:21 GMT")[0] == 200


def test_46_a_304_comes_before_a_range(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED, range="bytes=0-1", if_none_match="*")[0] == 304


def test_46_ranges_are_offered(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED)[1]["accept-ranges"] == "bytes"


# Clause 48: replaced at once


def test_48_no_reader_sees_a_mixture_while_files_are_replaced(
    served: Served, ask: Ask, publish: Callable[[Path, bytes], None]
) -> None:
    directory, port = served
    target = directory / "busy" / "atom.xml"

    def version(number: int) -> bytes:
        text = b"%06d" % number * (1000 + 37 * number)
        return text + hashlib.sha256(text).hexdigest().encode()

    def whole(body: bytes) -> bool:
        return hashlib.sha256(body[:-64]).hexdigest().encode() == body[-64:]

    publish(target, version(0))
    done = threading.Event()
    faults: list[str] = []
    seen: dict[str, bytes] = {}

    def read(accepted: str) -> None:
        while not done.is_set():
            status, fields, raw = ask(port, "/busy/atom.xml", accept_encoding=accepted)
            coding = fields["content-encoding"]
            if status != 200 or (coding and coding != accepted):
                faults.append(f"{status} {coding}")
            elif not whole(DECODE[coding](raw) if coding else raw):
                faults.append(f"mixed {coding}")
            elif seen.setdefault(fields["etag"], raw) != raw:
                faults.append("one tag for two bodies")

    readers = [
        threading.Thread(target=read, args=(accepted,))
        for accepted in ("identity", "gzip", "br", "zstd")
    ]
    for reader in readers:
        reader.start()
    for number in range(1, 40):
        publish(target, version(number))
        time.sleep(0.03)
    done.set()
    for reader in readers:
        reader.join()

    assert faults == []
    assert len(seen) > 8
    time.sleep(0.2)
    assert ask(port, "/busy/atom.xml")[2] == version(39)
    assert ask(port, "/busy/atom.xml", accept_encoding="br")[1]["content-encoding"] == "br"


def test_48_a_change_is_seen_within_a_second(
    served: Served, ask: Ask, publish: Callable[[Path, bytes], None]
) -> None:
    directory, port = served
    target = directory / "fresh" / "feed.json"
    assert ask(port, "/fresh/feed.json")[0] == 404
    publish(target, b"{}")
    assert ask(port, "/fresh/feed.json")[2] == b"{}"
    publish(target, b"[]")
    time.sleep(0.2)
    assert ask(port, "/fresh/feed.json")[2] == b"[]"

    target.unlink()
    time.sleep(0.2)

    assert ask(port, "/fresh/feed.json")[0] == 404


# Methods, pages, headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_405_with_allow(served: Served, ask: Ask, method: str) -> None:
    _, port = served
    status, fields, _ = ask(port, FEED, method)

    assert (status, fields["allow"]) == (405, "GET, HEAD")


def test_options_is_answered_for_a_script_of_another_site(served: Served, ask: Ask) -> None:
    _, port = served

    status, fields, body = ask(
        port,
        FEED,
        "OPTIONS",
        origin="https://reader.example.org",
        access_control_request_method="GET",
    )

    assert (status, body, fields["content-length"]) == (204, b"", None)
    assert fields["access-control-allow-origin"] == "*"
    assert "If-None-Match" in fields["access-control-allow-headers"]


@pytest.mark.parametrize("path", [FEED, "/all/feed.json", "/opml.xml"])
def test_scripts_of_other_sites_may_read_feeds(served: Served, ask: Ask, path: str) -> None:
    _, port = served

    assert ask(port, path)[1]["access-control-allow-origin"] == "*"


def test_a_page_may_run_no_script(served: Served, ask: Ask) -> None:
    _, port = served
    policy = ask(port, "/")[1]["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src" not in policy


def test_what_is_missing_is_said_in_a_page(served: Served, ask: Ask) -> None:
    _, port = served
    status, fields, body = ask(port, "/missing/atom.xml")

    assert (status, fields["content-type"]) == (404, "text/html; charset=utf-8")
    assert fields["cache-control"] == "no-store"
    assert b"<h1>Not found</h1>" in body


def test_the_health_address_answers(served: Served, ask: Ask) -> None:
    _, port = served
    status, fields, body = ask(port, "/health/live")

    assert (status, body.strip(), fields["cache-control"]) == (200, b"ok", "no-store")


def test_a_query_does_not_hide_a_feed(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, FEED + "?cache=buster")[0] == 200


def test_the_root_and_a_folder_show_their_page(served: Served, ask: Ask) -> None:
    _, port = served

    assert ask(port, "/")[2] == ask(port, "/index.html")[2]
    assert ask(port, "/all/")[0] == 200
    assert ask(port, "/plain/")[0] == 404
    assert ask(port, "/plain")[0] == 404
