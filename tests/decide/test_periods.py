"""Days and weeks of a place: midnights, changes of the clock, Mondays, ends of years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.decide.periods import Rhythm, period_at

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Havana",
    "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "Asia/Kathmandu",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "start", "end"),
    [
        pytest.param(
            "Europe/Berlin", "2025-03-05T12:00Z", "2025-03-04T23:00Z", "2025-03-05T23:00Z",
            id="from-midnight-to-midnight",
        ),
        pytest.param(
            "Europe/Berlin", "2025-03-05T23:00Z", "2025-03-05T23:00Z", "2025-03-06T23:00Z",
            id="midnight-belongs-to-the-day-it-begins",
        ),
        pytest.param(
            "Europe/Berlin", "2025-03-05T22:59:59Z", "2025-03-04T23:00Z", "2025-03-05T23:00Z",
            id="the-second-before-does-not",
        ),
        pytest.param(
            "Europe/Berlin", "2025-03-30T12:00Z", "2025-03-29T23:00Z", "2025-03-30T22:00Z",
            id="a-day-of-23-hours",
        ),
        pytest.param(
            "Europe/Berlin", "2025-10-26T12:00Z", "2025-10-25T22:00Z", "2025-10-26T23:00Z",
            id="a-day-of-25-hours",
        ),
        pytest.param(
            "America/Havana", "2025-03-09T12:00Z", "2025-03-09T05:00Z", "2025-03-10T04:00Z",
            id="a-day-whose-midnight-is-left-out-begins-with-the-change",
        ),
        pytest.param(
            "America/Havana", "2025-11-02T12:00Z", "2025-11-02T04:00Z", "2025-11-03T05:00Z",
            id="a-midnight-that-comes-twice-counts-the-first-time",
        ),
        pytest.param(
            "America/Sao_Paulo", "2018-02-17T23:30-03:00", "2018-02-17T02:00Z", "2018-02-18T03:00Z",
            id="the-last-hour-of-a-day-that-comes-twice",
        ),
        pytest.param(
            "America/St_Johns", "2010-11-07T02:45Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z",
            id="a-clock-put-back-across-midnight-begins-no-day-twice",
        ),
        pytest.param(
            "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z",
            id="a-day-that-a-country-left-out",
        ),
        pytest.param(
            "Asia/Kathmandu", "2025-01-01T00:00Z", "2024-12-31T18:15Z", "2025-01-01T18:15Z",
            id="an-odd-offset-in-a-new-year",
        ),
    ],
)  # fmt: skip
def test_a_day(zone: str, moment: str, start: str, end: str) -> None:
    period = period_at(at(moment), "daily", ZoneInfo(zone))

    assert (period.start, period.end) == (at(start), at(end))


@pytest.mark.parametrize(
    ("moment", "name", "first"),
    [
        pytest.param("2025-03-03T00:00+01:00", "2025-W10", "2025-03-03", id="a-monday"),
        pytest.param("2025-03-09T23:59+01:00", "2025-W10", "2025-03-03", id="a-sunday"),
        pytest.param("2024-12-31T12:00Z", "2025-W01", "2024-12-30", id="the-first-of-a-year"),
        pytest.param("2021-01-03T12:00Z", "2020-W53", "2020-12-28", id="a-53rd-week"),
        pytest.param("0999-06-05T12:00Z", "0999-W23", "0999-06-03", id="a-year-of-three-digits"),
    ],
)
def test_a_week_begins_on_monday(moment: str, name: str, first: str) -> None:
    period = period_at(at(moment), "weekly", ZoneInfo("Europe/Berlin"))

    assert (period.name, period.first) == (name, date.fromisoformat(first))
    assert period.last - period.first == timedelta(days=6)


moments = st.datetimes(datetime(1950, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))


@given(moments, st.sampled_from(ZONES), st.sampled_from(["daily", "weekly"]))
def test_every_moment_lies_in_one_period_and_periods_follow_one_another(
    moment: datetime, zone: str, rhythm: Rhythm
) -> None:
    place = ZoneInfo(zone)

    period = period_at(moment, rhythm, place)

    assert period.holds(moment)
    after = period_at(period.end, rhythm, place)
    assert (after.start, after.name != period.name) == (period.end, True)
    assert period_at(period.end - timedelta(seconds=1), rhythm, place) == period


@pytest.mark.parametrize("end", [datetime.min, datetime.max])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_the_ends_of_the_calendar_have_a_period_too(end: datetime, zone: str) -> None:
    period = period_at(end.replace(tzinfo=UTC), "weekly", ZoneInfo(zone))

    assert period.start < period.end
