"""How long an answer stays fresh, as the headers of good and odd servers tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.manners import freshness

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
WEEK = 7 * 86_400


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        pytest.param("max-age=600", 600, id="max-age-is-seconds"),
        pytest.param("public, max-age=600, must-revalidate", 600, id="among-other-directives"),
        pytest.param("MAX-AGE=600", 600, id="names-have-no-case"),
        pytest.param("max-age = 600", 600, id="spaces-around-the-sign-are-forgiven"),
        pytest.param("public;max-age=600;x", 600, id="semicolons-are-forgiven"),
        pytest.param('max-age="600"', 600, id="a-quoted-number-is-a-number"),
        pytest.param("max-age=0600", 600, id="leading-zeros-say-nothing"),
        pytest.param("max-age=604800", WEEK, id="a-week-is-taken"),
        pytest.param("max-age=604801", WEEK, id="more-than-a-week-is-a-week"),
        pytest.param("max-age=99999999999999999999", WEEK, id="an-absurd-number-is-a-week"),
        pytest.param("max-age=" + "9" * 5_000, WEEK, id="digits-without-end-are-a-week"),
        pytest.param("max-age=" + "0" * 1_000 + "5", 5, id="zeros-without-end-are-skipped"),
        pytest.param("max-age=60, max-age=600", 60, id="of-two-the-first-counts"),
        pytest.param("max-age=x, max-age=600", None, id="even-if-the-first-is-nonsense"),
        pytest.param("max-age=-1", None, id="a-negative-one-is-nonsense"),
        pytest.param("max-age=1e3", None, id="an-exponent-is-nonsense"),
        pytest.param("max-age=٦٠٠", None, id="other-digits-are-nonsense"),
        pytest.param("max-age=600.5", None, id="a-fraction-is-nonsense"),
        pytest.param("max-age=", None, id="an-empty-one-is-nonsense"),
        pytest.param("max-age", None, id="one-without-a-value-is-nonsense"),
        pytest.param("max-age=0", None, id="nothing-is-not-fresh"),
        pytest.param("s-maxage=600", None, id="shared-caches-are-not-us"),
        pytest.param("s-maxage=60, max-age=600", 600, id="even-where-they-may-keep-it-shorter"),
        pytest.param("x-max-age=600", None, id="a-longer-name-is-another-name"),
        pytest.param("no-cache", None, id="no-cache-says-nothing-of-a-pace"),
        pytest.param("no-cache, max-age=600", None, id="no-cache-wins"),
        pytest.param("max-age=600, no-store", None, id="no-store-wins"),
        pytest.param("No-Store, max-age=600", None, id="in-any-case"),
        pytest.param('no-cache="set-cookie", max-age=600', 600, id="a-qualified-one-is-of-a-field"),
        pytest.param('private="a, max-age=5", max-age=600', 600, id="commas-in-quotes-are-text"),
        pytest.param(r'x="\", max-age=5", max-age=600', 600, id="quotes-in-quotes-are-text"),
        pytest.param('x="a, max-age=600', 600, id="a-quote-without-end-is-none"),
        pytest.param(",,; =, max-age=600", 600, id="rubbish-between-is-skipped"),
        pytest.param("", None, id="an-empty-header-says-nothing"),
    ],
)
def test_cache_control(control: str, seconds: int | None) -> None:
    fresh = freshness({"cache-control": control}, now=NOW)

    assert fresh == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [
        pytest.param("Sun, 01 Jun 2025 12:10:00 GMT", 600, id="a-date-of-http"),
        pytest.param("Sunday, 01-Jun-25 12:10:00 GMT", 600, id="as-rfc-850-wrote-it"),
        pytest.param("Sun Jun  1 12:10:00 2025", 600, id="as-c-writes-it"),
        pytest.param("Sun, 1 Jun 2025 14:10:00 +0200", 600, id="in-another-zone"),
        pytest.param("Sun, 08 Jun 2025 12:00:01 GMT", WEEK, id="more-than-a-week-is-a-week"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", WEEK, id="the-last-date-there-is-is-a-week"),
        pytest.param("Sun, 01 Jun 2025 12:00:00 GMT", None, id="at-once-is-not-fresh"),
        pytest.param("Sun, 01 Jun 2025 11:00:00 GMT", None, id="a-date-gone-by-is-not-fresh"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", None, id="nor-the-epoch"),
        pytest.param("Mon, 01 Jan 0001 00:00:00 GMT", None, id="nor-the-first-year"),
        pytest.param("0", None, id="zero-is-no-date"),
        pytest.param("-1", None, id="minus-one-is-no-date"),
        pytest.param("600", None, id="seconds-are-no-date"),
        pytest.param("now", None, id="a-word-is-no-date"),
        pytest.param("Sun, 99 Jun 2025 12:10:00 GMT", None, id="a-day-that-is-none"),
        pytest.param("Sun, 01 Jun 2025 12:10:00 GMT, 0", None, id="two-are-none"),
        pytest.param("", None, id="an-empty-one-is-none"),
        pytest.param("x" * 100_000, None, id="a-very-long-one-is-none"),
    ],
)
def test_expires(expires: str, seconds: int | None) -> None:
    headers = {"expires": expires, "date": "Sun, 01 Jun 2025 12:00:00 GMT"}

    assert freshness(headers, now=NOW) == (None if seconds is None else timedelta(seconds=seconds))


TEN_PAST = "Sun, 01 Jun 2025 12:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="without-headers-nothing-is-said"),
        pytest.param({"cache-control": "max-age=600", "age": "500"}, 100, id="age-is-used-up"),
        pytest.param({"cache-control": "max-age=600", "age": "600"}, None, id="all-of-it-is-none"),
        pytest.param(
            {"cache-control": "max-age=600", "age": "9" * 40}, None, id="an-absurd-age-is-very-old"
        ),
        pytest.param(
            {"cache-control": "max-age=31536000", "age": "86400"},
            WEEK,
            id="the-week-is-what-is-left-not-what-was",
        ),
        pytest.param({"cache-control": "max-age=600", "age": "x"}, 600, id="an-odd-age-is-none"),
        pytest.param({"cache-control": "max-age=600", "age": "-5"}, 600, id="a-negative-is-odd"),
        pytest.param(
            {"cache-control": "max-age=600", "age": "500, 90"}, 100, id="of-two-ages-the-first"
        ),
        pytest.param({"expires": TEN_PAST, "age": "500"}, 100, id="age-counts-for-expires-too"),
        pytest.param(
            {"cache-control": "max-age=60", "expires": TEN_PAST}, 60, id="max-age-beats-expires"
        ),
        pytest.param(
            {"cache-control": "max-age=x", "expires": TEN_PAST}, None, id="even-as-nonsense"
        ),
        pytest.param(
            {"cache-control": "public", "expires": TEN_PAST}, 600, id="other-directives-do-not"
        ),
        pytest.param(
            {"cache-control": "no-cache", "expires": TEN_PAST}, None, id="no-cache-beats-expires"
        ),
        pytest.param({"expires": TEN_PAST}, 600, id="without-a-date-our-clock-has-to-do"),
        pytest.param({"expires": TEN_PAST, "date": "soon"}, 600, id="with-an-odd-one-as-well"),
        pytest.param(
            {"expires": TEN_PAST, "date": "Sun, 01 Jun 2025 12:09:00 GMT"},
            60,
            id="both-dates-are-of-the-server's-clock",
        ),
        pytest.param(
            {
                "expires": "Wed, 01 Jan 2020 01:00:00 GMT",
                "date": "Wed, 01 Jan 2020 00:00:00 GMT",
            },
            3600,
            id="which-may-be-years-behind",
        ),
    ],
)
def test_headers_together(headers: dict[str, str], seconds: int | None) -> None:
    assert freshness(headers, now=NOW) == (None if seconds is None else timedelta(seconds=seconds))


PIECES = st.lists(
    st.sampled_from(
        [
            "max-age",
            "no-cache",
            "=",
            '"',
            "\\",
            ",",
            ";",
            " ",
            "600",
            "-1",
            "9" * 30,
            "٣",
            "Sun, 01",
        ]
    )
).map("".join)


@given(
    headers=st.fixed_dictionaries(
        {},
        optional={
            name: PIECES | st.text(max_size=40)
            for name in ("cache-control", "expires", "date", "age")
        },
    )
)
def test_whatever_a_server_says_is_bounded(headers: dict[str, str]) -> None:
    fresh = freshness(headers, now=NOW)

    assert fresh is None or timedelta() < fresh <= timedelta(days=7)
