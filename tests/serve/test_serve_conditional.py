"""The rules of RFC 9110, clause by clause, without a server."""

from __future__ import annotations

import pytest

from feedsvc.serve.conditional import (
    NoSpan,
    Outcome,
    Preconditions,
    Span,
    byte_range,
    evaluate,
    http_date,
    joined,
    may_send_part,
    negotiate,
    parse_http_date,
)

ALL = ("br", "zstd", "gzip")
NOW = 1_790_000_000.0  # in 2026
MODIFIED = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT
STAMP = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
ETAG = '"abc"'


@pytest.mark.parametrize(
    ("field", "available", "coding"),
    [
        pytest.param(None, ALL, "identity", id="no-header-means-a-client-that-cannot-decode"),
        pytest.param("", ALL, "identity", id="an-empty-header-allows-only-identity"),
        pytest.param("gzip", ALL, "gzip", id="the-only-one-named"),
        pytest.param("gzip, deflate, br, zstd", ALL, "br", id="at-equal-weight-ours-decides"),
        pytest.param("gzip, deflate, br", ("gzip",), "gzip", id="only-what-is-there"),
        pytest.param("br;q=0.5, gzip;q=0.8", ALL, "gzip", id="the-higher-weight-wins"),
        pytest.param("gzip;q=0.001", ALL, "gzip", id="any-weight-above-zero-counts"),
        pytest.param("gzip;q=0", ALL, "identity", id="zero-forbids"),
        pytest.param("gzip;q=0.000", ALL, "identity", id="zero-with-decimals-forbids"),
        pytest.param("*", ALL, "br", id="a-star-allows-all"),
        pytest.param("*;q=0.5, br;q=0", ALL, "zstd", id="a-star-stands-for-those-not-named"),
        pytest.param("br;q=0.1, *;q=0.5", ("br",), "identity", id="a-star-stands-for-identity-too"),
        pytest.param("GZIP", ALL, "gzip", id="names-have-no-case"),
        pytest.param("x-gzip", ALL, "gzip", id="x-gzip-is-gzip"),
        pytest.param("gzip ; Q=1.0", ALL, "gzip", id="blanks-and-a-capital-q"),
        pytest.param("deflate, compress", ALL, "identity", id="only-codings-we-do-not-have"),
        pytest.param("identity, gzip;q=0.5", ALL, "identity", id="identity-preferred"),
        pytest.param("identity, gzip", ALL, "gzip", id="at-equal-weight-the-smaller"),
        pytest.param("gzip, identity;q=0", ALL, "gzip", id="identity-refused"),
        pytest.param("identity;q=0", ALL, None, id="identity-refused-and-nothing-else-named"),
        pytest.param("*;q=0", ALL, None, id="everything-refused"),
        pytest.param("gzip, *;q=0", (), None, id="a-refused-rest-takes-identity-with-it"),
        pytest.param("identity, *;q=0", ALL, "identity", id="only-identity"),
        pytest.param("br, *;q=0", ALL, "br", id="only-br"),
        pytest.param("gzip;q=high", ALL, "identity", id="an-ill-formed-weight-drops-its-coding"),
        pytest.param("gzip;q=2", ALL, "identity", id="a-weight-above-one-is-ill-formed"),
        pytest.param("gzip;q=-1", ALL, "identity", id="a-negative-weight-is-ill-formed"),
        pytest.param("gzip;q=nan", ALL, "identity", id="not-a-number-is-ill-formed"),
        pytest.param(",, gzip ,;q=1,", ALL, "gzip", id="empty-elements-are-skipped"),
        pytest.param("gzip," + "a" * 5000, ALL, "gzip", id="a-giant-header-is-still-read"),
    ],
)
def test_accept_encoding(field: str | None, available: tuple[str, ...], coding: str | None) -> None:
    assert negotiate(field, available) == coding


@pytest.mark.parametrize(
    ("conditions", "outcome"),
    [
        pytest.param(Preconditions(), Outcome.SEND, id="without-conditions"),
        pytest.param(Preconditions(if_none_match='"abc"'), Outcome.NOT_MODIFIED, id="one-tag"),
        pytest.param(Preconditions(if_none_match='"abd"'), Outcome.SEND, id="another-tag"),
        pytest.param(
            Preconditions(if_none_match='"x", "abc"'), Outcome.NOT_MODIFIED, id="in-a-list"
        ),
        pytest.param(
            Preconditions(if_none_match='"a,b",W/"abc"'),
            Outcome.NOT_MODIFIED,
            id="a-comma-in-a-tag",
        ),
        pytest.param(
            Preconditions(if_none_match='W/"abc"'), Outcome.NOT_MODIFIED, id="compared-weakly"
        ),
        pytest.param(Preconditions(if_none_match="*"), Outcome.NOT_MODIFIED, id="a-star"),
        pytest.param(
            Preconditions(if_none_match=" * "), Outcome.NOT_MODIFIED, id="a-star-in-blanks"
        ),
        pytest.param(Preconditions(if_none_match='"*"'), Outcome.SEND, id="a-quoted-star-is-a-tag"),
        pytest.param(Preconditions(if_none_match="abc"), Outcome.SEND, id="without-quotes-no-tag"),
        pytest.param(Preconditions(if_none_match='"ABC"'), Outcome.SEND, id="tags-have-case"),
        pytest.param(
            Preconditions(if_none_match='w/"abd"'), Outcome.SEND, id="a-small-w-is-no-match"
        ),
        pytest.param(Preconditions(if_modified_since=STAMP), Outcome.NOT_MODIFIED, id="since-then"),
        pytest.param(
            Preconditions(if_modified_since=LATER), Outcome.NOT_MODIFIED, id="since-later"
        ),
        pytest.param(Preconditions(if_modified_since=EARLIER), Outcome.SEND, id="since-earlier"),
        pytest.param(Preconditions(if_modified_since="gestern"), Outcome.SEND, id="not-a-date"),
        pytest.param(
            Preconditions(if_none_match='"x"', if_modified_since=LATER),
            Outcome.SEND,
            id="if-none-match-wins-over-a-date-that-matches",
        ),
        pytest.param(
            Preconditions(if_none_match='"abc"', if_modified_since=EARLIER),
            Outcome.NOT_MODIFIED,
            id="if-none-match-wins-over-a-date-that-does-not",
        ),
        pytest.param(
            Preconditions(if_none_match="", if_modified_since=LATER),
            Outcome.SEND,
            id="even-an-empty-if-none-match-wins",
        ),
        pytest.param(Preconditions(if_match='"abc"'), Outcome.SEND, id="if-match-holds"),
        pytest.param(Preconditions(if_match="*"), Outcome.SEND, id="if-match-star-holds"),
        pytest.param(Preconditions(if_match='W/"abc"'), Outcome.FAILED, id="if-match-is-strong"),
        pytest.param(Preconditions(if_match='"x"'), Outcome.FAILED, id="if-match-fails"),
        pytest.param(
            Preconditions(if_match='"abc"', if_unmodified_since=EARLIER),
            Outcome.SEND,
            id="if-match-wins-over-the-date",
        ),
        pytest.param(
            Preconditions(if_match='"abc"', if_none_match='"abc"'),
            Outcome.NOT_MODIFIED,
            id="a-holding-if-match-leads-on-to-if-none-match",
        ),
        pytest.param(Preconditions(if_unmodified_since=EARLIER), Outcome.FAILED, id="was-modified"),
        pytest.param(Preconditions(if_unmodified_since=STAMP), Outcome.SEND, id="was-not-modified"),
        pytest.param(
            Preconditions(if_unmodified_since="?"), Outcome.SEND, id="unmodified-since-what"
        ),
    ],
)
def test_preconditions(conditions: Preconditions, outcome: Outcome) -> None:
    assert evaluate(conditions, etag=ETAG, modified=MODIFIED, now=NOW) is outcome


@pytest.mark.parametrize(
    ("field", "moment"),
    [
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", MODIFIED, id="imf-fixdate"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED, id="rfc-850"),
        pytest.param("Sun Nov  6 08:49:37 1994", MODIFIED, id="asctime"),
        pytest.param("Sun, 6 Nov 1994 08:49:37 GMT", MODIFIED, id="a-day-of-one-digit"),
        pytest.param("06 Nov 1994 08:49:37 GMT", MODIFIED, id="without-weekday"),
        pytest.param("Mon, 06 Nov 1994 08:49:37 GMT", MODIFIED, id="a-wrong-weekday"),
        pytest.param("sun, 06 NOV 1994 08:49:37 gmt", MODIFIED, id="other-case"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 UTC", MODIFIED, id="utc"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 +0000", MODIFIED, id="a-numeric-zone"),
        pytest.param("Sun, 06 Nov 1994 09:49:37 +0100", MODIFIED, id="a-zone-ahead"),
        pytest.param("Sun, 06 Nov 1994 03:19:37 -05:30", MODIFIED, id="a-zone-behind-with-a-colon"),
        pytest.param("Sun, 06-Nov-1994 08:49:37 GMT", MODIFIED, id="hyphens-and-a-full-year"),
        pytest.param("  Sun, 06 Nov 1994 08:49:37 GMT ", MODIFIED, id="blanks-around"),
        pytest.param("Sun, 06 Nov 1994 08:49:60 GMT", MODIFIED + 22, id="a-leap-second"),
        pytest.param("Friday, 06-Nov-26 00:00:00 GMT", 1_793_923_200, id="two-digits-this-year"),
        pytest.param("Friday, 06-Nov-76 00:00:00 GMT", 3_371_846_400, id="two-digits-fifty-ahead"),
        pytest.param(
            "Sunday, 06-Nov-77 00:00:00 GMT", 247_622_400, id="two-digits-over-fifty-ahead"
        ),
        pytest.param("", None, id="empty"),
        pytest.param("0", None, id="a-number"),
        pytest.param("Sun, 31 Feb 1994 08:49:37 GMT", None, id="no-such-day"),
        pytest.param("Sun, 06 Nov 0000 08:49:37 GMT", None, id="no-such-year"),
        pytest.param("Sun, 06 Okt 1994 08:49:37 GMT", None, id="a-german-month"),
        pytest.param("Sun, 06 Nov 1994 25:49:37 GMT", None, id="no-such-hour"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 CET", None, id="a-zone-we-do-not-guess"),
        pytest.param("1994-11-06T08:49:37Z", None, id="rfc-3339-is-not-http"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT" + " " * 60 + "x", None, id="far-too-long"),
        pytest.param("Sun, ٠٦ Nov 1994 08:49:37 GMT", None, id="digits-of-another-script"),
    ],
)
def test_http_dates(field: str, moment: int | None) -> None:
    assert parse_http_date(field, now=NOW) == moment


def test_a_written_date_reads_back() -> None:
    assert http_date(MODIFIED) == STAMP
    assert parse_http_date(http_date(1_709_210_096), now=NOW) == 1_709_210_096


@pytest.mark.parametrize(
    ("field", "span"),
    [
        pytest.param(None, NoSpan.WHOLE, id="not-asked"),
        pytest.param("bytes=0-0", Span(0, 1), id="the-first-byte"),
        pytest.param("bytes=2-5", Span(2, 6), id="both-ends-are-in"),
        pytest.param("bytes=2-", Span(2, 10), id="to-the-end"),
        pytest.param("bytes=2-99", Span(2, 10), id="beyond-the-end-is-to-the-end"),
        pytest.param("bytes=-3", Span(7, 10), id="the-last-three"),
        pytest.param("bytes=-99", Span(0, 10), id="more-than-there-is-from-the-end"),
        pytest.param("bytes=-0", NoSpan.UNSATISFIABLE, id="the-last-none"),
        pytest.param("bytes=10-", NoSpan.UNSATISFIABLE, id="after-the-end"),
        pytest.param("bytes=10-20", NoSpan.UNSATISFIABLE, id="wholly-after-the-end"),
        pytest.param("bytes=" + "9" * 5000 + "-", NoSpan.UNSATISFIABLE, id="a-giant-number"),
        pytest.param("bytes=0-" + "9" * 5000, Span(0, 10), id="a-giant-end"),
        pytest.param("bytes=" + "0" * 5000 + "1-1", Span(1, 2), id="leading-zeros"),
        pytest.param("bytes=5-2", NoSpan.WHOLE, id="backwards-is-ill-formed"),
        pytest.param("bytes=-", NoSpan.WHOLE, id="no-position"),
        pytest.param("bytes=", NoSpan.WHOLE, id="no-range"),
        pytest.param("bytes=a-b", NoSpan.WHOLE, id="no-digits"),
        pytest.param("bytes=٢-٣", NoSpan.WHOLE, id="digits-of-another-script"),
        pytest.param("bytes=1-2-3", NoSpan.WHOLE, id="three-positions"),
        pytest.param("items=0-1", NoSpan.WHOLE, id="another-unit"),
        pytest.param("0-1", NoSpan.WHOLE, id="no-unit"),
        pytest.param("BYTES=0-1", Span(0, 2), id="the-unit-has-no-case"),
        pytest.param("bytes=0-1,", Span(0, 2), id="an-empty-element-is-skipped"),
        pytest.param("bytes=0-1,4-5", NoSpan.WHOLE, id="several-are-answered-with-all"),
    ],
)
def test_ranges_of_ten_bytes(field: str | None, span: Span | NoSpan) -> None:
    assert byte_range(field, 10) == span


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=0-0", "bytes=-5"])
def test_nothing_has_no_range(field: str) -> None:
    assert byte_range(field, 0) is NoSpan.UNSATISFIABLE


@pytest.mark.parametrize(
    ("field", "now", "may"),
    [
        pytest.param(None, NOW, True, id="without-if-range"),
        pytest.param('"abc"', NOW, True, id="the-same-tag"),
        pytest.param('"abd"', NOW, False, id="another-tag"),
        pytest.param('W/"abc"', NOW, False, id="a-weak-tag-proves-nothing"),
        pytest.param(STAMP, NOW, True, id="the-same-date"),
        pytest.param(LATER, NOW, False, id="a-later-date-is-not-the-same"),
        pytest.param(STAMP, MODIFIED + 0.5, False, id="a-date-is-weak-within-its-second"),
        pytest.param("", NOW, False, id="empty"),
    ],
)
def test_if_range(field: str | None, now: float, may: bool) -> None:
    assert may_send_part(field, etag=ETAG, modified=MODIFIED, now=now) is may


def test_header_lines_are_one_list() -> None:
    assert joined(['"a"', '"b"']) == '"a", "b"'
    assert joined([]) is None
