"""When a source is asked again, as tables; and what holds for every source there can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.manners import Every, after_failure, next_visit, rest, rhythm, without_network
from feedsvc.model import Pace

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)  # a Sunday
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
QUARTER = 15 * MINUTE
ALL_HOURS, ALL_DAYS = frozenset(range(24)), frozenset(range(7))
CENTURY = 36_500 * DAY


# -- after a good answer -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "wait"),
    [
        pytest.param({}, QUARTER, id="as-its-operator-says"),
        pytest.param({"every": 10 * SECOND}, 10 * SECOND, id="however-short-that-is"),
        pytest.param({"every": 30 * DAY}, 30 * DAY, id="however-long-that-is"),
        pytest.param({"fresh": HOUR}, HOUR, id="not-while-the-answer-is-fresh"),
        pytest.param({"fresh": MINUTE}, QUARTER, id="a-short-freshness-does-not-hurry-us"),
        pytest.param({"pace": Pace(ttl=HOUR)}, HOUR, id="ttl-is-waited-for"),
        pytest.param({"pace": Pace(every=HOUR)}, HOUR, id="the-syndication-module-is-waited-for"),
        pytest.param(
            {"pace": Pace(ttl=HOUR, every=3 * HOUR), "fresh": 2 * HOUR},
            3 * HOUR,
            id="the-longest-counts",
        ),
        pytest.param(
            {"every": DAY, "pace": Pace(ttl=HOUR), "fresh": HOUR}, DAY, id="whosever-it-is"
        ),
        pytest.param({"pace": Pace(ttl=timedelta())}, QUARTER, id="a-ttl-of-nothing-says-nothing"),
        pytest.param({"pace": Pace(ttl=-HOUR)}, QUARTER, id="nor-does-a-negative-one"),
        pytest.param({"pace": Pace(ttl=365 * DAY)}, WEEK, id="a-ttl-of-a-year-is-a-week"),
        pytest.param({"pace": Pace(every=timedelta.max)}, WEEK, id="an-absurd-one-is-too"),
        pytest.param({"fresh": 365 * DAY}, WEEK, id="as-is-such-a-freshness"),
        pytest.param(
            {"every": 30 * DAY, "pace": Pace(ttl=365 * DAY)},
            30 * DAY,
            id="the-week-does-not-shorten-what-the-operator-says",
        ),
    ],
)
def test_the_wait(more: dict[str, Any], wait: timedelta) -> None:
    due = next_visit(**{"now": NOON, "every": QUARTER, **more})

    assert due - NOON == wait


@pytest.mark.parametrize(
    ("pace", "every", "due"),
    [
        pytest.param(
            Pace(skip_hours=frozenset({13})), HOUR, "2025-06-01T14:00", id="a-skipped-hour-is-left"
        ),
        pytest.param(
            Pace(skip_hours=frozenset({13})),
            HOUR + 61 * SECOND,
            "2025-06-01T14:00",
            id="to-the-very-beginning-of-the-next",
        ),
        pytest.param(
            Pace(skip_hours=frozenset({12})), HOUR, "2025-06-01T13:00", id="one-gone-by-is-not-ours"
        ),
        pytest.param(
            Pace(skip_hours=frozenset({12, 13, 14})),
            QUARTER,
            "2025-06-01T15:00",
            id="several-in-a-row-are-left-at-once",
        ),
        pytest.param(
            Pace(skip_hours=frozenset({12, 22, 23, 0, 1})),
            10 * HOUR + MINUTE,
            "2025-06-02T02:00",
            id="also-across-midnight",
        ),
        pytest.param(
            Pace(skip_days=frozenset({6})), HOUR, "2025-06-02T00:00", id="a-skipped-day-is-left"
        ),
        pytest.param(
            Pace(skip_days=frozenset({6}), skip_hours=frozenset({0, 1})),
            HOUR,
            "2025-06-02T02:00",
            id="into-an-hour-that-is-open",
        ),
        pytest.param(
            Pace(skip_days=ALL_DAYS - {5}, skip_hours=ALL_HOURS - {23}),
            QUARTER,
            "2025-06-07T23:00",
            id="one-open-hour-a-week-is-found",
        ),
        pytest.param(
            Pace(skip_hours=ALL_HOURS), HOUR, "2025-06-01T13:00", id="all-hours-are-not-meant"
        ),
        pytest.param(Pace(skip_days=ALL_DAYS), HOUR, "2025-06-01T13:00", id="nor-are-all-days"),
        pytest.param(
            Pace(skip_hours=ALL_HOURS | {24}, skip_days=frozenset({6})),
            HOUR,
            "2025-06-02T00:00",
            id="days-are-meant-where-all-hours-are-not",
        ),
        pytest.param(
            Pace(skip_hours=frozenset({13}), ttl=2 * HOUR),
            HOUR,
            "2025-06-01T14:00",
            id="where-the-wait-ends-counts-not-where-it-passes",
        ),
        pytest.param(
            Pace(ttl=WEEK, skip_days=ALL_DAYS - {5}),
            HOUR,
            "2025-06-08T13:00",
            id="after-a-week-beyond-the-usual-the-visit-is-made",
        ),
    ],
)
def test_skipped_hours_and_days(pace: Pace, every: timedelta, due: str) -> None:
    visit = next_visit(now=NOON, every=every, pace=pace)

    assert visit == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_due_time_is_a_whole_second_and_not_early() -> None:
    now = NOON + timedelta(microseconds=1)

    assert next_visit(now=now, every=HOUR) == NOON + HOUR + SECOND


EVENING = Pace(skip_hours=frozenset({22, 23, 0}))


@pytest.mark.parametrize(
    ("pace", "due", "now", "until"),
    [
        pytest.param(EVENING, "01T21:50", "01T21:59", None, id="in-time"),
        pytest.param(EVENING, "01T21:50", "01T22:00", "02T01:00", id="too-late-for-today"),
        pytest.param(EVENING, "01T21:50", "02T00:59", "02T01:00", id="still-too-late"),
        pytest.param(EVENING, "01T21:50", "02T01:00", None, id="it-is-open-again"),
        pytest.param(EVENING, None, "01T22:00", None, id="a-first-visit-knows-nothing"),
        pytest.param(EVENING, "01T22:30", "01T23:00", None, id="put-off-for-a-week-already"),
        pytest.param(EVENING, "03T21:50", "01T22:00", None, id="asked-by-hand-before-it-is-due"),
        pytest.param(
            Pace(skip_hours=ALL_HOURS), "01T21:50", "01T22:00", None, id="all-hours-are-not-meant"
        ),
        pytest.param(
            Pace(skip_days=frozenset({0})), "01T21:50", "02T08:00", "03T00:00", id="a-skipped-day"
        ),
        pytest.param(Pace(), "01T21:50", "01T22:00", None, id="no-wishes"),
    ],
)
def test_who_comes_late_may_have_to_wait(
    pace: Pace, due: str | None, now: str, until: str | None
) -> None:
    def june(written: str) -> datetime:
        return datetime.fromisoformat(f"2025-06-{written}").replace(tzinfo=UTC)

    found = rest(pace, due=june(due) if due else None, now=june(now))

    assert found == (june(until) if until else None)


# -- as often as it publishes --------------------------------------------------------------------


def times(*, gap: timedelta, count: int = 12, silent: timedelta = timedelta()) -> list[datetime]:
    return [NOON - silent - number * gap for number in range(count)]


@pytest.mark.parametrize(
    ("published", "wait"),
    [
        pytest.param([], HOUR, id="nothing-dated-is-an-hour"),
        pytest.param([NOON + DAY], HOUR, id="dates-of-the-future-tell-nothing"),
        pytest.param(times(gap=2 * HOUR), HOUR, id="twice-as-often-as-it-publishes"),
        pytest.param(times(gap=MINUTE), QUARTER, id="at-most-every-quarter"),
        pytest.param(times(gap=30 * DAY), DAY, id="at-least-once-a-day"),
        pytest.param(times(gap=DAY, count=3), 12 * HOUR, id="two-gaps-are-enough"),
        pytest.param(
            times(gap=2 * HOUR) + times(gap=200 * DAY, count=4),
            HOUR,
            id="a-long-pause-is-no-rhythm",
        ),
        pytest.param(
            [moment - n * SECOND for moment in times(gap=DAY) for n in range(10)],
            12 * HOUR,
            id="ten-entries-in-one-go-are-one",
        ),
        pytest.param([NOON] * 30, QUARTER, id="thirty-at-once-and-now-are-many"),
        pytest.param([NOON - 12 * DAY] * 30, 12 * HOUR, id="long-ago-they-are-silence"),
        pytest.param([NOON - 12 * DAY], 12 * HOUR, id="as-is-a-single-one"),
        pytest.param(
            times(gap=HOUR, silent=12 * DAY), 12 * HOUR, id="who-falls-silent-is-asked-less-often"
        ),
        pytest.param(
            times(gap=HOUR, silent=200 * DAY), DAY, id="who-is-silent-for-months-once-a-day"
        ),
        pytest.param(
            times(gap=2 * HOUR, count=25) + times(gap=10 * DAY, count=100),
            HOUR,
            id="only-the-newest-tell-of-today",
        ),
        pytest.param(
            list(reversed(times(gap=2 * HOUR))), HOUR, id="in-whatever-order-they-are-listed"
        ),
    ],
)
def test_auto(published: list[datetime], wait: timedelta) -> None:
    assert rhythm(published, now=NOON) == wait
    assert next_visit(now=NOON, every="auto", published=published) == NOON + wait


def test_a_clock_that_is_put_back_while_a_source_is_asked_costs_no_time() -> None:
    assert next_visit(now=NOON, every=HOUR, began=NOON + DAY) == NOON + HOUR


def test_auto_waits_for_what_the_source_says_too() -> None:
    due = next_visit(now=NOON, every="auto", pace=Pace(ttl=2 * DAY), published=times(gap=HOUR))

    assert due == NOON + 2 * DAY


# -- after trouble -------------------------------------------------------------------------------


def waits(count: int, **more: Any) -> list[timedelta]:
    """The wait after each of so many failures."""
    given = {"now": NOON, "every": QUARTER, "seed": "planet", **more}
    return [after_failure(failures=n, **given) - NOON for n in range(1, count + 1)]


def test_the_first_failure_changes_nothing() -> None:
    assert waits(1) == [QUARTER]


def test_each_further_failure_doubles_the_wait() -> None:
    for number, wait in enumerate(waits(7)):
        assert QUARTER * 2**number <= wait <= QUARTER * 2**number * 1.1 + SECOND


def test_the_wait_grows_to_a_day_and_stays_there() -> None:
    found = waits(40)

    assert found == sorted(found)
    assert 21 * HOUR < found[-1] <= DAY


def test_the_jitter_is_of_the_source_alone() -> None:
    assert waits(5) == waits(5)
    assert len({tuple(waits(40, seed=f"source {number}")) for number in range(50)}) > 45


@pytest.mark.parametrize(
    ("more", "wait"),
    [
        pytest.param({"retry_after": HOUR, "status": 429}, HOUR, id="429-names-the-time"),
        pytest.param({"retry_after": HOUR, "status": 503}, HOUR, id="503-names-the-time"),
        pytest.param(
            {"retry_after": HOUR, "status": 503, "failures": 9}, HOUR, id="however-often-it-failed"
        ),
        pytest.param(
            {"retry_after": SECOND, "status": 503, "failures": 9}, QUARTER, id="but-never-hurried"
        ),
        pytest.param(
            {"retry_after": timedelta(), "status": 429}, QUARTER, id="not-by-a-zero-either"
        ),
        pytest.param({"retry_after": WEEK, "status": 429}, WEEK, id="a-week-is-waited-for"),
        pytest.param({"retry_after": 2 * DAY, "status": 500}, 2 * DAY, id="with-any-status"),
        pytest.param({"retry_after": 2 * DAY, "status": 410}, 2 * DAY, id="even-with-410"),
        pytest.param({"status": 410}, DAY, id="who-is-gone-is-asked-once-a-day"),
        pytest.param({"status": 410, "failures": 5}, DAY, id="each-time-exactly"),
        pytest.param({"every": 30 * DAY}, DAY, id="a-rare-guest-comes-back-after-a-day"),
        pytest.param({"every": CENTURY, "failures": 99}, DAY, id="however-rare"),
        pytest.param({"every": DAY, "failures": 3}, DAY, id="never-before-its-usual-time"),
        pytest.param({"every": "auto"}, HOUR, id="auto-begins-with-an-hour"),
        pytest.param({"failures": 0}, QUARTER, id="a-miscount-is-no-crash"),
        pytest.param(
            {"pace": Pace(skip_hours=frozenset({12, 13}))},
            2 * HOUR,
            id="skipped-hours-hold-here-too",
        ),
        pytest.param({"pace": Pace(ttl=6 * HOUR)}, QUARTER, id="a-ttl-was-of-the-answer-before"),
        pytest.param(
            {"status": 429, "retry_after": HOUR, "pace": Pace(skip_hours=frozenset({13}))},
            2 * HOUR,
            id="and-after-a-time-the-server-named",
        ),
    ],
)
def test_after_a_failure(more: dict[str, Any], wait: timedelta) -> None:
    due = after_failure(**{"now": NOON, "every": QUARTER, "failures": 1, "seed": "planet", **more})

    assert due - NOON == wait


def test_a_503_that_names_no_time_is_a_failure_like_others() -> None:
    assert waits(9, status=503) == waits(9, status=500) == waits(9)


@pytest.mark.parametrize(
    ("every", "wait"),
    [
        pytest.param(HOUR, 5 * MINUTE, id="without-a-network-five-minutes"),
        pytest.param(10 * SECOND, 10 * SECOND, id="or-as-its-operator-says"),
        pytest.param("auto", 5 * MINUTE, id="also-for-auto"),
    ],
)
def test_without_a_network_it_is_tried_again_soon(every: Every, wait: timedelta) -> None:
    assert without_network(now=NOON, every=every) == NOON + wait


# -- for every source there can be ---------------------------------------------------------------

NOWS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
EVERY = st.timedeltas(SECOND, CENTURY) | st.timedeltas(SECOND, DAY)
ASKED = st.none() | st.timedeltas(-DAY, timedelta.max) | st.timedeltas(timedelta(), 10 * DAY)
SKIPPED_HOURS = st.frozensets(st.integers(0, 23)) | st.sampled_from(sorted(ALL_HOURS)).map(
    lambda hour: ALL_HOURS - {hour}
)
SKIPPED_DAYS = st.frozensets(st.integers(0, 6))
PACES = st.builds(Pace, ttl=ASKED, every=ASKED, skip_hours=SKIPPED_HOURS, skip_days=SKIPPED_DAYS)


@given(now=NOWS, every=EVERY, pace=PACES, fresh=ASKED)
def test_a_visit_is_never_early_and_at_most_a_week_late(
    now: datetime, every: timedelta, pace: Pace, fresh: timedelta | None
) -> None:
    due = next_visit(now=now, every=every, pace=pace, fresh=fresh)

    assert now + every <= due < now + every + WEEK + SECOND
    assert due >= now + min(max(fresh or SECOND, pace.ttl or SECOND, pace.every or SECOND), WEEK)


@given(now=NOWS, every=st.timedeltas(SECOND, WEEK), pace=PACES)
def test_a_visit_is_in_no_skipped_hour_unless_a_week_would_pass(
    now: datetime, every: timedelta, pace: Pace
) -> None:
    due = next_visit(now=now, every=every, pace=pace)

    hours = pace.skip_hours if pace.skip_hours != ALL_HOURS else frozenset()
    days = pace.skip_days if pace.skip_days != ALL_DAYS else frozenset()
    open_ = due.hour not in hours and due.weekday() not in days
    assert open_ or due >= now + every + WEEK


@given(
    now=NOWS,
    every=EVERY | st.just("auto"),
    failures=st.integers(1, 10_000),
    seed=st.text(),
    status=st.none() | st.sampled_from([200, 403, 404, 410, 429, 500, 503]),
    retry_after=st.none() | st.timedeltas(timedelta(), WEEK),
)
@example(now=NOON, every=SECOND, failures=10_000, seed="\ud800", status=None, retry_after=None)
def test_every_source_recovers_within_a_day_or_when_it_said(
    now: datetime,
    every: Every,
    failures: int,
    seed: str,
    status: int | None,
    retry_after: timedelta | None,
) -> None:
    due = after_failure(
        now=now,
        every=every,
        failures=failures,
        seed=seed,
        status=status,
        retry_after=retry_after,
    )

    assert due < now + max(DAY, retry_after or DAY) + SECOND
    pause = min(every, DAY) if isinstance(every, timedelta) else HOUR
    assert due >= now + max(pause, retry_after or timedelta())


@given(published=st.lists(NOWS, max_size=60), now=NOWS)
def test_auto_is_from_a_quarter_to_a_day(published: list[datetime], now: datetime) -> None:
    assert QUARTER <= rhythm(published, now=now) <= DAY
