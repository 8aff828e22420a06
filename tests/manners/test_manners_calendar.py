"""Times of day: which is next, where clocks change, and what sources and failures make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.manners import (
    Calendar,
    after_failure,
    after_step,
    every_of,
    late,
    look_after,
    next_time,
    next_visit,
    spread,
    without_network,
)
from feedsvc.manners.calendar import fitting
from feedsvc.model import Pace
from feedsvc.settings import Cron

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY, HOURLY = Calendar(Cron("0 6 * * *"), UTC_ZONE), Calendar(Cron("0 * * * *"), UTC_ZONE)
MINUTELY = Calendar(Cron("* * * * *"), BERLIN)
WEEKLY = Calendar(Cron("0 6 * * mon"), UTC_ZONE)
SIX = datetime(2025, 6, 2, 6, 0, tzinfo=UTC)  # a Monday
ASKED = SIX + 7 * SECOND  # as a daemon comes some seconds after the time


def at(moment: str) -> datetime:
    """A time in UTC, as `01T06:00` of June 2025 or a whole date."""
    whole = moment if "-" in moment else f"2025-06-{moment}"
    return datetime.fromisoformat(whole).replace(tzinfo=UTC)


# -- the next one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        pytest.param("0 6 * * *", "02T05:59:59", "02T06:00", id="a-second-before"),
        pytest.param("0 6 * * *", "02T06:00", "03T06:00", id="at-it-is-the-one-after"),
        pytest.param("0 6 * * *", "02T06:00:00.5", "03T06:00", id="half-a-second-after"),
        pytest.param("0 6 * * *", "02T05:59:59.9", "02T06:00", id="a-tenth-of-one-before"),
        pytest.param("*/15 * * * *", "02T06:01", "02T06:15", id="every-quarter"),
        pytest.param("5-59/20 * * * *", "02T06:46", "02T07:05", id="steps-of-a-range"),
        pytest.param("0 6 * * 1-5", "06T07:00", "09T06:00", id="on-workdays-only"),
        pytest.param("0 6 1 * *", "02T00:00", "2025-07-01T06:00", id="once-a-month"),
        pytest.param("0 6 31 * *", "02T00:00", "2025-07-31T06:00", id="months-without-a-31st"),
        pytest.param("0 6 13 * 5", "10T00:00", "13T06:00", id="a-day-or-a-weekday"),
        pytest.param("0 6 13 * 5", "02T00:00", "06T06:00", id="whichever-comes-first"),
        pytest.param("0 6 13 * *", "13T06:00", "2025-07-13T06:00", id="a-star-is-no-or"),
        pytest.param("0 0 l * *", "02T00:00", "30T00:00", id="the-last-of-the-month"),
        pytest.param("0 0 29 2 *", "2025-06-02T00:00", "2028-02-29T00:00", id="in-a-leap-year"),
        pytest.param("59 23 31 12 *", "2025-12-31T23:59", "2026-12-31T23:59", id="once-a-year"),
    ],
)
def test_the_next_time(fields: str, after: str, expected: str) -> None:
    assert next_time(Cron(fields), UTC_ZONE, at(after)) == at(expected)


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        pytest.param("0 6 * * *", "02T05:00", "03T04:00", id="six-in-summer"),
        pytest.param("0 6 * * *", "2025-01-02T04:00", "2025-01-02T05:00", id="six-in-winter"),
        # 30 March 2025, 02:00 CET is 03:00 CEST: 01:00 UTC.
        pytest.param(
            "30 2 * * *", "2025-03-30T00:00", "2025-03-30T01:00", id="a-skipped-time-is-made-up-for"
        ),
        pytest.param(
            "30 2 * * *", "2025-03-30T01:00", "2025-03-31T00:30", id="once-and-then-as-usual"
        ),
        pytest.param(
            "15,45 2 * * *", "2025-03-30T01:00", "2025-03-31T00:15", id="two-of-them-are-one-visit"
        ),
        pytest.param(
            "*/30 * * * *", "2025-03-30T00:30", "2025-03-30T01:00", id="half-hours-go-on-in-spring"
        ),
        pytest.param(
            "0 */2 * * *", "2025-03-30T00:00", "2025-03-30T02:00", id="hours-by-their-names"
        ),
        # 26 October 2025, 03:00 CEST is 02:00 CET: 01:00 UTC.
        pytest.param(
            "30 2 * * *", "2025-10-25T12:00", "2025-10-26T00:30", id="a-time-that-comes-twice"
        ),
        pytest.param(
            "30 2 * * *", "2025-10-26T00:30", "2025-10-27T01:30", id="counts-the-first-time"
        ),
        pytest.param(
            "30 2 * * *", "2025-10-26T00:59", "2025-10-27T01:30", id="not-in-the-hour-again"
        ),
        pytest.param("30 2 * * *", "2025-10-26T01:10", "2025-10-27T01:30", id="nor-from-within-it"),
        pytest.param(
            "45 2 * * *", "2025-10-26T01:10", "2025-10-27T01:45", id="nor-if-it-lies-ahead-there"
        ),
        pytest.param(
            "*/30 * * * *", "2025-10-26T00:30", "2025-10-26T01:00", id="half-hours-go-on-in-autumn"
        ),
        pytest.param(
            "*/30 * * * *", "2025-10-26T01:00", "2025-10-26T01:30", id="in-the-second-hour-too"
        ),
    ],
)
def test_where_clocks_change(fields: str, after: str, expected: str) -> None:
    assert next_time(Cron(fields), BERLIN, at(after)) == at(expected)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("fields", ["30 2 * * *", "0 0 * * *", "*/20 * * * *", "7 */6 * * *"])
def test_a_year_of_times_never_stands_still_and_skips_no_day(zone: str, fields: str) -> None:
    moment, found = at("2025-01-01T00:00"), []
    while moment < at("2026-01-01T00:00"):
        moment = next_time(Cron(fields), ZoneInfo(zone), moment)
        found.append(moment)

    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(later - earlier <= 26 * HOUR for earlier, later in pairwise(found))
    days = {moment.astimezone(ZoneInfo(zone)).date() for moment in found}
    assert len(days) >= 365


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_it_lies_ahead_and_is_the_first_one(after: datetime, zone: str) -> None:
    cron = Cron("*/7 */5 * * *")

    found = next_time(cron, ZoneInfo(zone), after)

    assert after < found <= after + 7 * HOUR
    assert found.tzinfo is UTC
    assert next_time(cron, ZoneInfo(zone), found - SECOND) == found


def test_words_for_it() -> None:
    assert every_of(Cron("0 6 * * *"), BERLIN) == Calendar(Cron("0 6 * * *"), BERLIN)
    assert every_of(HOUR, BERLIN) == HOUR
    assert every_of("auto", BERLIN) == "auto"


def test_a_folder_is_looked_into_at_its_times() -> None:
    assert look_after(DAILY, ASKED) == SIX + DAY
    assert look_after(HOUR, ASKED) == ASKED + HOUR


# -- after a good answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "more", "expected"),
    [
        pytest.param(DAILY, {}, "03T06:00", id="the-next-day"),
        pytest.param(HOURLY, {}, "02T07:00", id="the-next-hour"),
        pytest.param(HOURLY, {"fresh": 20 * MINUTE}, "02T07:00", id="a-short-freshness-is-over"),
        pytest.param(HOURLY, {"fresh": 90 * MINUTE}, "02T08:00", id="a-longer-one-skips-an-hour"),
        pytest.param(HOURLY, {"pace": Pace(ttl=3 * HOUR)}, "02T09:00:07", id="a-ttl-of-hours"),
        pytest.param(
            DAILY, {"fresh": DAY}, "03T06:00:07", id="fresh-for-a-day-is-asked-every-day"
        ),
        pytest.param(
            DAILY, {"fresh": DAY + 2 * HOUR}, "03T08:00:07", id="a-little-later-if-need-be"
        ),
        pytest.param(DAILY, {"fresh": DAY + 3 * HOUR}, "04T06:00", id="else-the-day-after"),
        pytest.param(DAILY, {"fresh": 365 * DAY}, "09T06:00:07", id="a-year-is-a-week"),
        pytest.param(
            HOURLY, {"pace": Pace(skip_hours=frozenset({7, 8}))}, "02T09:00", id="skipped-hours"
        ),
        pytest.param(
            DAILY, {"pace": Pace(skip_days=frozenset({1, 2}))}, "05T06:00", id="skipped-days"
        ),
        pytest.param(
            DAILY, {"pace": Pace(skip_hours=frozenset({6}))}, "03T07:00",
            id="at-six-it-is-never-open-so-at-seven",
        ),
        pytest.param(
            DAILY, {"pace": Pace(skip_hours=frozenset(range(5, 14)))}, "03T14:00",
            id="however-much-later-that-is",
        ),
        pytest.param(HOURLY, {"pushed": True}, "02T18:00:07", id="a-hub-tells-of-news"),
        pytest.param(WEEKLY, {"pushed": True}, "09T06:00", id="a-week-is-long-enough-for-that"),
        pytest.param(
            HOURLY, {"began": SIX - 2 * MINUTE}, "02T07:00", id="whenever-the-run-began"
        ),
    ],
)  # fmt: skip
def test_after_a_good_answer(every: Calendar, more: dict[str, Any], expected: str) -> None:
    assert next_visit(now=ASKED, every=every, **more) == at(expected)


# -- after trouble ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "more", "expected"),
    [
        pytest.param(DAILY, {}, "03T06:00", id="once-changes-nothing"),
        pytest.param(DAILY, {"failures": 9}, "03T06:00", id="daily-is-seldom-enough"),
        pytest.param(WEEKLY, {"failures": 9}, "09T06:00", id="as-is-weekly"),
        pytest.param(HOURLY, {}, "02T07:00", id="an-hour-later"),
        pytest.param(HOURLY, {"failures": 2}, "02T08:00", id="then-two"),
        pytest.param(HOURLY, {"failures": 3}, "02T10:00", id="then-four"),
        pytest.param(HOURLY, {"status": 410}, "03T06:00", id="who-is-gone-is-asked-once-a-day"),
        pytest.param(DAILY, {"status": 410}, "03T06:00", id="which-a-daily-one-is-anyway"),
        pytest.param(
            HOURLY, {"status": 429, "retry_after": 2 * HOUR}, "02T08:00:07",
            id="when-the-server-says",
        ),
        pytest.param(
            HOURLY, {"status": 503, "retry_after": 2 * HOUR + 10 * MINUTE}, "02T09:00",
            id="or-at-the-time-after-that",
        ),
        pytest.param(
            HOURLY, {"status": 503, "retry_after": SECOND, "failures": 9}, "02T07:00",
            id="it-is-never-hurried",
        ),
        pytest.param(
            DAILY, {"status": 500, "retry_after": 3 * DAY}, "05T06:00:07", id="with-any-status"
        ),
        pytest.param(
            HOURLY, {"pace": Pace(skip_hours=frozenset({7}))}, "02T08:00", id="in-no-skipped-hour"
        ),
    ],
)  # fmt: skip
def test_after_a_failure(every: Calendar, more: dict[str, Any], expected: str) -> None:
    due = after_failure(**{"now": ASKED, "every": every, "failures": 1, "seed": "planet", **more})

    assert due == at(expected)


def test_a_missed_hour_is_made_up_for_once_there_is_a_network() -> None:
    assert without_network(now=ASKED, every=DAILY) == ASKED + 5 * MINUTE
    assert without_network(now=ASKED, every=MINUTELY) == ASKED + MINUTE


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),
    wish=st.timedeltas(timedelta(), 10 * DAY),
    failures=st.integers(0, 40),
    fields=st.sampled_from(["0 6 * * *", "*/10 * * * *", "30 2 * * *", "0 6 * * mon"]),
)
def test_nobody_is_asked_before_the_calendar_and_the_server_allow_it(
    now: datetime, wish: timedelta, failures: int, fields: str
) -> None:
    every = Calendar(Cron(fields), BERLIN)
    if failures:
        due = after_failure(
            now=now, every=every, failures=failures, seed="x", status=503, retry_after=wish
        )
    else:
        wish = min(wish, 7 * DAY)
        due = next_visit(now=now, every=every, fresh=wish)

    assert due >= max(every.after(now), now + wish)
    assert due <= every.after(max(now, now + wish - SECOND)) + SECOND


# -- late ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "overdue", "expected"),
    [
        pytest.param(HOURLY, 59 * MINUTE, False, id="an-hour-is-nothing"),
        pytest.param(HOURLY, 66 * MINUTE, False, id="the-next-time-and-a-tenth"),
        pytest.param(HOURLY, 67 * MINUTE, True, id="is-as-late-as-it-may-be"),
        pytest.param(MINUTELY, 59 * MINUTE, False, id="also-for-who-is-quick"),
        pytest.param(DAILY, 23 * HOUR, False, id="daily-has-a-day"),
        pytest.param(DAILY, 25 * HOUR, True, id="and-no-more"),
        pytest.param(WEEKLY, 23 * HOUR, False, id="as-has-weekly"),
        pytest.param(WEEKLY, 25 * HOUR, True, id="and-no-more-either"),
    ],
)
def test_late(every: Calendar, overdue: timedelta, expected: bool) -> None:
    assert late(SIX, SIX + overdue, every) is expected


# -- spread ----------------------------------------------------------------------------------------


def test_a_thousand_sources_come_one_after_another_and_none_early() -> None:
    moments = [spread(SIX, DAILY, f"source {n}") for n in range(1_000)]

    assert all(timedelta() <= one <= MINUTE for one in moments)
    for second in range(60):
        assert sum(int(one.total_seconds()) == second for one in moments) < 50


def test_each_comes_at_its_own_moment_every_day() -> None:
    assert spread(SIX, DAILY, "planet") == spread(SIX + DAY, DAILY, "planet")


@pytest.mark.parametrize(
    ("due", "every", "most"),
    [
        pytest.param(SIX, HOURLY, MINUTE, id="a-minute-at-most"),
        pytest.param(SIX, MINUTELY, 6 * SECOND, id="of-a-minute-a-tenth"),
        pytest.param(SIX, "auto", MINUTE, id="auto-too"),
        pytest.param(SIX, HOUR, timedelta(), id="an-interval-counts-from-the-visit"),
        pytest.param(ASKED, DAILY, timedelta(), id="what-the-server-named-is-kept"),
        pytest.param(None, DAILY, timedelta(), id="who-was-never-asked-is-asked-at-once"),
    ],
)
def test_how_far(due: datetime | None, every: Any, most: timedelta) -> None:
    found = max(spread(due, every, f"source {n}") for n in range(200))

    assert most * 0.9 <= found <= most


# -- where the clock was set -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "wish", "expected"),
    [
        pytest.param(400 * DAY, None, "2026-07-08T06:00", id="six-is-six-a-year-later"),
        pytest.param(-400 * DAY, None, "2024-04-29T06:00", id="and-a-year-before"),
        pytest.param(HOUR, None, "03T06:00", id="an-hour-forward-is-still-tomorrow"),
        pytest.param(-HOUR / 2, None, "03T06:00", id="not-twice-within-an-hour"),
        pytest.param(-3 * HOUR, None, "02T06:00", id="six-comes-again-after-a-while"),
        pytest.param(-3 * HOUR, 2 * HOUR, "02T06:00", id="if-the-server-likes"),
        pytest.param(-3 * HOUR, 5 * HOUR, "02T08:00:07", id="or-as-soon-as-it-does"),
        pytest.param(-3 * HOUR, 8 * HOUR, "03T06:00", id="or-the-next-day"),
        pytest.param(400 * DAY, 3 * DAY, "2026-07-10T06:00:07", id="a-wish-waits-on"),
        pytest.param(-2 * DAY, 3 * DAY, "03T06:00:07", id="a-wish-waits-on-in-the-past"),
    ],
)
def test_after_the_clock_was_set(by: timedelta, wish: timedelta | None, expected: str) -> None:
    now = ASKED + 10 * SECOND + by
    spared = None if wish is None else ASKED + wish
    due = next_visit(now=ASKED, every=DAILY, fresh=wish)

    found = after_step(DAILY, due=due, spared=spared, now=now, by=by)

    assert found == at(expected)
    assert found > now


@pytest.mark.parametrize("by", [400 * DAY, -400 * DAY, 3 * HOUR])
def test_who_is_overdue_stays_so_when_the_clock_is_set(by: timedelta) -> None:
    now = SIX + DAY + 2 * HOUR + by

    assert after_step(DAILY, due=SIX + DAY, spared=ASKED, now=now, by=by) <= now


def test_a_wish_is_met_at_a_fitting_time() -> None:
    assert fitting(HOURLY, ASKED, SIX + 5 * HOUR) == SIX + 5 * HOUR
    assert fitting(HOURLY, ASKED, SIX + 5 * HOUR + 6 * MINUTE) == SIX + 5 * HOUR + 6 * MINUTE
    assert fitting(HOURLY, ASKED, SIX + 5 * HOUR + 7 * MINUTE) == SIX + 6 * HOUR
