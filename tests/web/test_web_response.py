"""What an answer means."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.web import Headers, Hop, Response, retry_after

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param(" 120 ", 120, id="spaces"),
        pytest.param("0", 0, id="at-once"),
        pytest.param("007", 7, id="leading-zeros"),
        pytest.param("1.5", 1, id="a-fraction"),
        pytest.param("604800", 604800, id="seven-days"),
        pytest.param("604801", 604800, id="more-than-seven-days"),
        pytest.param("9" * 99, 604800, id="absurd"),
        pytest.param("0" * 90 + "5", 5, id="many-zeros"),
        pytest.param("Sun, 22 Nov 2026 10:02:00 GMT", 120, id="imf-date"),
        pytest.param("Sunday, 22-Nov-26 10:02:00 GMT", 120, id="rfc-850-date"),
        pytest.param("Sun Nov 22 10:02:00 2026", 120, id="asctime-date"),
        pytest.param("2026-11-22T11:02:00+01:00", 120, id="iso-date"),
        pytest.param("Sun, 22 Nov 2025 10:02:00 GMT", 0, id="gone-by"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, id="the-epoch"),
        pytest.param("Sun, 22 Nov 2099 10:02:00 GMT", 604800, id="far-ahead"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 604800, id="the-last-date-there-is"),
        pytest.param("-1", None, id="negative"),
        pytest.param("soon", None, id="words"),
        pytest.param("", None, id="empty"),
        pytest.param("1e9", None, id="exponent"),
        pytest.param("١٢٠", None, id="other-digits"),
        pytest.param("Sun, 99 Nov 2026 10:02:00 GMT", None, id="no-such-day"),
        pytest.param("9" * 101, None, id="too-long"),
        pytest.param(None, None, id="none"),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    wait = retry_after(value, now=NOW)

    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def response(*fields: tuple[str, str], hops: tuple[Hop, ...] = (), url: str = "u") -> Response:
    lines = tuple((name.encode(), value.encode("latin-1")) for name, value in fields)
    return Response(status=200, url=url, headers=Headers(lines), hops=hops)


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        ("text/xml", "text/xml", None),
        ("Application/RSS+XML;charset=UTF-8", "application/rss+xml", "utf-8"),
        ('text/xml; a="b;c"; charset="iso-8859-1"', "text/xml", "iso-8859-1"),
        ("text/xml; charset='utf-8'", "text/xml", "utf-8"),
        ("text/xml; charset = utf-8", "text/xml", "utf-8"),
        ("text/xml; charset=", "text/xml", None),
        ('text/xml; charset=""', "text/xml", None),
        ("text/xml; charset=utf-8; charset=latin1", "text/xml", "utf-8"),
        ("text/xml; xcharset=utf-8", "text/xml", None),
        ("xml", None, None),
        ("; charset=utf-8", None, "utf-8"),
        ("text/xml, text/html", "text/xml", None),
        ("", None, None),
        ("text/" + "x" * 9999, "text/" + "x" * 9999, None),
    ],
)
def test_content_type(value: str, media_type: str | None, charset: str | None) -> None:
    answer = response(("Content-Type", value))

    assert (answer.media_type, answer.charset) == (media_type, charset)


def test_of_several_content_types_the_last_counts() -> None:
    answer = response(("Content-Type", "text/html"), ("content-type", "text/xml"))

    assert answer.media_type == "text/xml"


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        pytest.param([], None, id="no-redirect"),
        pytest.param([301], "end", id="permanent"),
        pytest.param([308, 301], "end", id="permanent-twice"),
        pytest.param([302], None, id="temporary"),
        pytest.param([301, 302], "1", id="only-the-leading-part-moved"),
        pytest.param([302, 301], None, id="permanent-behind-temporary"),
        pytest.param([301, 302, 301], "1", id="nothing-behind-a-temporary-one"),
    ],
)
def test_moved_to(statuses: list[int], moved_to: str | None) -> None:
    hops = tuple(Hop(status, str(number)) for number, status in enumerate(statuses))

    assert response(hops=hops, url="end").moved_to == moved_to


def test_headers_by_any_case() -> None:
    headers = Headers(((b"Vary", b"Accept"), (b"ETag", b""), (b"vary", b"Origin")))

    assert headers["VARY"] == "Accept, Origin"
    assert headers.lines("vary") == ("Accept", "Origin")
    assert headers.first("etag") is None
    assert "x" not in headers
    assert list(headers) == ["vary", "etag"]


def test_importing_costs_no_protocol_and_no_tls() -> None:
    code = (
        "import sys, feedsvc.web; print(sorted({'h11', 'httpx', 'dateparser'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
