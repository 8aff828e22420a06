"""Servers that speak HTTP to do harm: every answer ends in time, and costs nobody else anything."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Iterator

import brotli
import pytest
import zstandard

from tests.feedserver import Raw
from tests.guest import rss
from tests.siege import (
    BEFORE,
    MOST,
    NEWS,
    Case,
    Siege,
    assert_endured,
    assert_in_order,
    assert_readable,
    assert_valid,
    failing,
    head,
    http,
    mended,
    start,
)

NEW = rss(NEWS, *BEFORE)  # in an answer that is spoilt, nothing of it may be taken
CHUNKED = "Transfer-Encoding: chunked"
ENDLESS = "larger than the 1 MiB"
LONG = "its headers are too long"
FRAMES = "what frames its body is too long"
SLOW = "no whole answer within 2 seconds"
ODD = "does not speak HTTP/1.1 as it should"
CUT = "truncated"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def drip(data: bytes, pause: float = 0.5) -> Iterator[bytes | float]:
    """Two bytes a second, and on and on."""
    for number in data:
        yield bytes([number])
        yield pause


def bomb(size: int, block: int = MOST) -> bytes:
    """A gzip body of `size` zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + piece + again * (size // block - 1)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zstd_zeros(blocks: int, window: int = 0x50) -> bytes:
    """Zstandard in RLE blocks: four bytes for 128 KiB (RFC 8878 §3.1.1.2)."""
    block = bytes([0x02 | (0x20000 << 3) & 0xFF, (0x20000 << 3) >> 8 & 0xFF, (0x20000 << 3) >> 16])
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + (block + b"\0") * blocks


TIME = (
    failing(
        "a-body-without-end",
        Raw(itertools.chain([head()], itertools.repeat(b"<item/>" * 500))),
        ENDLESS,
    ),
    failing(
        "a-body-in-chunks-without-end",
        Raw(itertools.chain([head(CHUNKED)], itertools.repeat(chunk(b" " * 5_000)))),
        ENDLESS,
    ),
    failing(
        "a-body-of-2-bytes-a-second", Raw(itertools.chain([head(length=len(NEW))], drip(NEW))), SLOW
    ),
    failing("headers-of-2-bytes-a-second", Raw(drip(head())), SLOW),
    failing(
        "a-chunk-of-2-bytes-a-second", Raw(itertools.chain([head(CHUNKED)], drip(chunk(NEW)))), SLOW
    ),
    failing("it-accepts-and-never-answers", Raw([60.0]), SLOW),
    failing("it-falls-silent-in-the-body", Raw([head(length=len(NEW)), NEW[:300], 60.0]), SLOW),
    failing("it-falls-silent-before-the-last-chunk", Raw([head(CHUNKED), chunk(NEW), 60.0]), SLOW),
    failing("it-hangs-up-without-an-answer", Raw([]), "closed the connection without an answer"),
    failing("it-resets-instead-of-an-answer", Raw([], reset=True), "connection"),
    failing(
        "it-resets-in-the-middle-of-the-body",
        Raw([head(length=len(NEW)), NEW[:300], 0.1], reset=True),
        CUT,
    ),
    failing("it-resets-where-the-body-might-end", Raw([head(), NEW, 0.1], reset=True), CUT),
    failing(
        "interim-answers-without-end",
        Raw(itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)),
        "headers do not end",
    ),
    failing(
        "interim-answers-of-2-bytes-a-second",
        Raw(drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)),
        SLOW,
    ),
    mended(
        "a-few-interim-answers",
        Raw([b"HTTP/1.1 100 Continue\r\n\r\n" * 3, head(length=len(NEW)), NEW]),
        "",
        NEWS,
    ),
)

HEADERS = (
    failing("100,000-headers", http(NEW, *(f"X-{n}: {n}" for n in range(100_000))), LONG),
    failing("one-header-of-1-mib", http(NEW, f"X: {'x' * MOST}"), LONG),
    failing("a-header-name-of-1-mib", http(NEW, f"{'x' * MOST}: x"), LONG),
    failing(
        "headers-without-end",
        Raw(itertools.chain([head()[:-2]], itertools.repeat(b"Set-Cookie: a=b\r\n" * 99))),
        LONG,
    ),
    failing("no-headers-at-all", Raw([NEW]), ODD),
    failing("no-end-of-the-headers", Raw([head()[:-2]]), CUT),
    failing("a-status-line-of-rubbish", Raw([b"%$!\0\x1b[2J\xff 200 fine\r\n\r\n", NEW]), ODD),
    failing("a-status-line-of-1-mib", Raw([b"HTTP/1.1 200 " + b"x" * MOST]), LONG),
    failing(
        "an-answer-of-http-2",
        Raw([b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\1\0\0\0\x05\0\xff\xff\xff"]),
        ODD,
    ),
    failing("a-tls-alert-on-the-http-port", Raw([b"\x15\x03\x01\0\x02\x02\x28" * 20]), ODD),
    failing("a-greeting-of-smtp", Raw([b"220 mail.example.org ESMTP\r\n"]), ODD),
    failing("a-nul-in-a-header", http(NEW, "X: a\0b"), ODD),
    mended(
        "a-terminal-escape-in-a-header",
        http(NEW, "X: \x1b]0;owned\x07", 'ETag: "\x1b[2J"'),
        "",
        NEWS,
    ),
    failing("a-line-of-60-kib-that-is-no-header", http(NEW, "x" * 60_000), ODD),
    failing("a-header-without-a-colon", http(NEW, "this is no header"), ODD),
    failing("a-space-before-the-colon", http(NEW, "Content-Length : 5"), ODD),
    failing("status-0", http(NEW, status="000 Fine"), ODD),
    failing("status-999", http(NEW, status="999 No"), "999"),
    failing("status-20", http(NEW, status="20 Fine"), ODD),
    failing("it-switches-protocols", http(status="101 Switching Protocols", length=False), ODD),
    mended("a-reason-that-clears-the-screen", http(NEW, status="200 \x1b[2J"), "", NEWS),
    mended(
        "1,000-cookies",
        http(NEW, *(f"Set-Cookie: c{n}=v; Path=/; Max-Age=99999999" for n in range(1_000))),
        "",
        NEWS,
    ),
    mended(
        "a-type-of-letters-from-elsewhere",
        http(NEW, "Content-Type: \udcff\udcfe/\udc80; charset=\udcff"),
        "names an unknown encoding",
        NEWS,
    ),
)

LENGTHS = (
    failing("a-length-that-is-too-large", Raw([head(length=len(NEW) + 1), NEW]), CUT),
    failing(
        "a-length-that-is-far-too-large",
        http(NEW, f"Content-Length: {10**9}", length=False),
        ENDLESS,
    ),
    failing(
        "a-length-beyond-all-numbers", http(NEW, f"Content-Length: {10**30}", length=False), ODD
    ),
    failing("a-negative-length", http(NEW, "Content-Length: -1", length=False), ODD),
    failing("a-length-in-words", http(NEW, "Content-Length: many", length=False), ODD),
    failing("two-lengths", http(NEW, "Content-Length: 5"), ODD),
    mended("one-length-twice", http(NEW, f"Content-Length: {len(NEW)}"), "", NEWS),
    mended(
        "a-length-that-ends-in-an-old-entry",
        Raw([head(length=NEW.index(b"buoy")), NEW]),
        "not well-formed",
        NEWS,
    ),
    failing("a-length-of-0-and-a-feed-behind-it", Raw([head(length=0), NEW]), "empty"),
    mended(
        "a-length-and-chunks",
        http(chunk(NEW) + b"0\r\n\r\n", CHUNKED, "Content-Length: 7", length=False),
        "",
        NEWS,
    ),
    failing("chunks-that-are-none", http(NEW, CHUNKED, length=False), CUT),
    failing("a-chunk-of-a-size-in-words", http(b"zz\r\n" + NEW, CHUNKED, length=False), ODD),
    failing("a-chunk-of-a-negative-size", http(b"-5\r\n" + NEW, CHUNKED, length=False), ODD),
    failing(
        "a-chunk-beyond-all-numbers", http(b"f" * 30 + b"\r\n" + NEW, CHUNKED, length=False), ODD
    ),
    failing(
        "a-chunk-larger-than-what-comes", http(b"ffffff\r\n" + NEW, CHUNKED, length=False), CUT
    ),
    failing(
        "a-chunk-smaller-than-what-comes",
        http(b"5\r\n" + NEW + b"\r\n0\r\n\r\n", CHUNKED, length=False),
        ODD,
    ),
    failing("no-last-chunk", http(chunk(NEW), CHUNKED, length=False), CUT),
    failing("half-a-last-chunk", http(chunk(NEW) + b"0\r\n", CHUNKED, length=False), CUT),
    failing(
        "a-chunk-extension-of-1-mib",
        http(b"5;" + b"x" * MOST + b"\r\n", CHUNKED, length=False),
        FRAMES,
    ),
    failing(
        "1,000,000-chunks-of-one-byte",
        http(b"1\r\n<\r\n" * 1_000_000, CHUNKED, length=False),
        "absurdly small pieces",
    ),
    failing(
        "trailers-without-end",
        Raw(
            itertools.chain(
                [head(CHUNKED), chunk(NEW), b"0\r\n"], itertools.repeat(b"X: y\r\n" * 99)
            )
        ),
        FRAMES,
    ),
    mended(
        "trailers",
        http(chunk(NEW) + b"0\r\nContent-Length: 5\r\nX: y\r\n\r\n", CHUNKED, length=False),
        "",
        NEWS,
    ),
    mended(
        "a-second-answer-behind-the-first",
        Raw([head(length=len(NEW)), NEW, head(length=5), b"<bad>"]),
        "",
        NEWS,
    ),
    failing(
        "a-transfer-coding-nobody-knows", http(NEW, "Transfer-Encoding: rot13", length=False), ODD
    ),
)


def coded(name: str, data: bytes, coding: str, told: str) -> Case:
    return failing(name, http(data, f"Content-Encoding: {coding}"), told)


TOO_MUCH = "the decompressed body is larger than the 1 MiB"
CODINGS = (
    coded("a-bomb-of-gzip", bomb(10**9), "gzip", TOO_MUCH),
    coded("a-bomb-of-deflate", deflated(bytes(10 * MOST)), "deflate", TOO_MUCH),
    coded("a-bomb-of-br", brotli.compress(bytes(100 * MOST), quality=1), "br", TOO_MUCH),
    coded("a-bomb-of-zstd", zstd_zeros(20_000), "zstd", TOO_MUCH),
    coded("a-bomb-in-a-bomb", gzip.compress(bomb(10**9)), "gzip, gzip", TOO_MUCH),
    coded(
        "a-bomb-of-br-in-gzip",
        gzip.compress(brotli.compress(bytes(100 * MOST), quality=1)),
        "br, gzip",
        TOO_MUCH,
    ),
    coded(
        "20,000-members-of-gzip",
        gzip.compress(b" ") * 20_000,
        "gzip",
        "more than 10000 gzip members",
    ),
    coded(
        "20,000-frames-of-zstd",
        zstandard.compress(b" ") * 20_000,
        "zstd",
        "more than 10000 zstd frames",
    ),
    coded("a-zstd-window-of-2-gib", zstd_zeros(1, window=0xA8), "zstd", "cannot be decoded"),
    coded("gzip-that-is-cut", gzip.compress(NEW)[:-200], "gzip", CUT),
    coded("gzip-that-is-cut-in-its-checksum", gzip.compress(NEW)[:-3], "gzip", CUT),
    coded(
        "gzip-cut-in-its-second-member", gzip.compress(NEW) + gzip.compress(NEW)[:30], "gzip", CUT
    ),
    coded("deflate-that-is-cut", zlib.compress(NEW)[:-50], "deflate", CUT),
    coded("br-that-is-cut", brotli.compress(NEW)[:-20], "br", CUT),
    coded("zstd-that-is-cut", zstandard.compress(NEW)[:-20], "zstd", CUT),
    coded("gzip-with-a-wrong-checksum", gzip.compress(NEW)[:-8] + bytes(8), "gzip", "damaged"),
    coded("gzip-that-was-not-sent", NEW, "gzip", "damaged"),
    coded("br-that-was-not-sent", NEW, "br", "damaged"),
    coded("zstd-that-was-not-sent", NEW, "zstd", "damaged"),
    coded("br-that-is-called-gzip", brotli.compress(NEW), "gzip", "damaged"),
    coded("gzip-that-nobody-told-of", gzip.compress(NEW), "identity", "gzip archive"),
    coded("gzip-twice-told-once", gzip.compress(gzip.compress(NEW)), "gzip", "gzip archive"),
    coded("five-codings", NEW, "gzip, gzip, br, gzip, zstd", "encoded 5 times over"),
    coded("a-coding-nobody-asked-for", NEW, "compress", "which nobody asked for"),
    mended(
        "gzip-twice-told-twice",
        http(gzip.compress(gzip.compress(NEW)), "Content-Encoding: gzip, gzip"),
        "",
        NEWS,
    ),
    mended(
        "gzip-in-two-members",
        http(gzip.compress(NEW[:300]) + gzip.compress(NEW[300:]), "Content-Encoding: gzip"),
        "",
        NEWS,
    ),
    mended(
        "gzip-with-rubbish-behind-it",
        http(gzip.compress(NEW) + b"\0\0rubbish", "Content-Encoding: gzip"),
        "",
        NEWS,
    ),
    mended("deflate-without-a-head", http(deflated(NEW), "Content-Encoding: deflate"), "", NEWS),
    mended("a-coding-that-is-a-charset", http(NEW, "Content-Encoding: utf-8"), "", NEWS),
)


def status(number: int, phrase: str, told: str, *fields: str) -> Case:
    """An error with a valid feed for its body, which is not to be read."""
    name = f"{number}-{phrase.replace(' ', '-').lower()}-and-a-feed"
    return failing(name, http(NEW, *fields, status=f"{number} {phrase}"), told)


STATUSES = (
    status(500, "Internal Server Error", "answered 500"),
    status(400, "Bad Request", "answered 400"),
    status(
        401, "Unauthorized", "401 (it wants a password)", 'WWW-Authenticate: Basic realm="\udcff"'
    ),
    status(403, "Forbidden", "403 (we are not let in)"),
    status(404, "Not Found", "404 (there is no such document)"),
    status(407, "Proxy Authentication Required", "407"),
    status(410, "Gone", "410"),
    status(418, "Teapot", "418"),
    status(
        429,
        "Too Many Requests",
        "429 (we ask too often), and asks to wait 7 d",
        "Retry-After: 99999999999999999999",
    ),
    status(451, "Unavailable", "451 (the law forbids it)"),
    status(503, "Service Unavailable", "503", "Retry-After: Thu, 01 Jan 99999 00:00:00 GMT"),
    status(204, "No Content", "empty"),
    status(206, "Partial Content", "answered with a part", "Content-Range: bytes 0-9/100"),
    status(300, "Multiple Choices", "300", "Location: /x"),
    status(304, "Not Modified", "304 to a question without validators"),
    status(305, "Use Proxy", "305", "Location: http://127.0.0.1/"),
    failing(
        "an-error-that-never-ends",
        Raw(itertools.chain([head(status="500 No")], itertools.repeat(b"x" * 5_000))),
        "answered 500",
    ),
    failing(
        "an-error-that-is-a-bomb",
        http(bomb(10**9), "Content-Encoding: gzip", status="503 No"),
        "answered 503",
    ),
    failing(
        "an-error-of-2-bytes-a-second",
        Raw(itertools.chain([head(status="500 No")], drip(NEW))),
        "answered 500",
    ),
    failing("a-304-with-a-body", http(b"<rss/>", status="304 Not Modified"), "304 to a question"),
)

NO_FEEDS = (
    failing("nothing", http(), "the document is empty"),
    failing("white-space", http(b" \r\n\t" * 9_999), "the document is empty"),
    failing(
        "an-error-page-with-200",
        http(b"<!doctype html><title>Oops</title><p>Try again."),
        "an HTML page",
    ),
    failing(
        "a-page-that-asks-who-is-human",
        http(b"<html><head><script src=/c.js></script></head><body><form>Are you human?"),
        "an HTML page",
    ),
    failing(
        "a-page-that-announces-another-feed",
        http(b'<html><head><link rel=alternate type="application/rss+xml" href="/0/feed">'),
        "an HTML page",
    ),
    failing(
        "a-header-that-announces-another-feed",
        http(b"<html>", 'Link: </0/feed>; rel="alternate"; type="application/rss+xml"'),
        "an HTML page",
    ),
    failing(
        "an-error-in-json",
        http(b'{"error": {"code": 500, "items": [1, 2]}}'),
        "the document is JSON",
    ),
    failing(
        "an-error-in-xml",
        http(b"<Error><Code>AccessDenied</Code></Error>"),
        "an error report in XML",
    ),
    failing(
        "an-error-in-words",
        http(b"Fatal error: out of memory in /srv/feed.php on line 5"),
        "plain text",
    ),
    failing("a-pdf", http(b"%PDF-1.7\n" + NEW), "a PDF document"),
    failing("a-picture", http(b"\x89PNG\r\n\x1a\n" + NEW), "a PNG image"),
    failing("rubbish", http(bytes(range(256)) * 99), "not a feed"),
    failing("a-list-of-feeds", http(b'<opml version="2.0"><body><outline/></body></opml>'), "OPML"),
    failing("a-sitemap", http(b"<urlset/>"), "a sitemap"),
    failing(
        "a-feed-that-is-a-comment", http(b"<!-- " + NEW.replace(b"--", b"") + b" -->"), "not a feed"
    ),
    mended("a-feed-that-lost-its-entries", http(rss()), ""),
    mended(
        "a-feed-that-ends-in-an-entry", http(NEW[: NEW.index(b"buoy") + 2]), "not well-formed", NEWS
    ),
    mended(
        "a-feed-that-ends-in-the-first-entry",
        http(NEW[: NEW.index(NEWS.encode()) + 2]),
        "not well-formed",
    ),
    failing(
        "a-feed-that-ends-in-its-head",
        http(NEW[: NEW.index(b"<channel>") - 2]),
        "nothing could be read",
    ),
)

CASES = (*TIME, *HEADERS, *LENGTHS, *CODINGS, *STATUSES, *NO_FEEDS)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return start(tmp_path_factory.mktemp("answers"), CASES)


each = pytest.mark.parametrize("case", CASES, ids=str)


@each
def test_what_is_wrong_is_named_and_nobody_is_harmed(siege: Siege, case: Case) -> None:
    assert_endured(siege, case)


@each
def test_what_is_said_of_it_is_plain_words(siege: Siege, case: Case) -> None:
    assert_readable(siege, case)


@pytest.mark.parametrize("case", [case for case in CASES if case.past], ids=str)
def test_what_is_published_of_it_is_valid(siege: Siege, case: Case) -> None:
    assert_valid(siege[case.source].files)


def test_all_of_them_together_are_no_worse_than_one(siege: Siege) -> None:
    assert_in_order(siege)
