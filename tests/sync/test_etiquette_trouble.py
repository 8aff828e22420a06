"""Trouble, as the server sees it: who asked us to wait, who fails, and who is gone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.feedserver import Answer, Answerable, InTurn, Raw
from tests.guest import Guest, feed, gaps

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
QUARTER = 15 * MINUTE
PAGE = b"<html><title>Sorry</title></html>"
ERROR = Answer(status=500, body=PAGE)


def busy(retry_after: str | None, status: int = 503) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Answer(status=status, headers=headers)


@pytest.mark.parametrize(
    ("answer", "wait", "step"),
    [
        pytest.param(busy("3600"), HOUR, QUARTER, id="503-with-seconds"),
        pytest.param(busy("7200", 429), 2 * HOUR, QUARTER, id="429-with-seconds"),
        pytest.param(
            busy("Sun, 01 Jun 2025 18:00:00 GMT"), 6 * HOUR, QUARTER, id="503-with-a-date"
        ),
        pytest.param(busy("Mon, 02 Jun 2025 12:00:00 GMT", 429), DAY, HOUR, id="429-with-a-date"),
        pytest.param(busy("99999999999999999999"), WEEK, 6 * HOUR, id="an-absurd-number-is-a-week"),
        pytest.param(
            busy("Fri, 31 Dec 9999 23:59:59 GMT"), WEEK, 6 * HOUR, id="an-absurd-date-is-a-week"
        ),
        pytest.param(busy("0"), QUARTER, 5 * MINUTE, id="at-once-is-as-usual"),
        pytest.param(busy("60", 429), QUARTER, 5 * MINUTE, id="a-short-wait-does-not-hurry-us"),
        pytest.param(
            busy("Thu, 01 Jan 1970 00:00:00 GMT"),
            QUARTER,
            5 * MINUTE,
            id="a-date-gone-by-is-as-usual",
        ),
        pytest.param(busy("soon"), QUARTER, 5 * MINUTE, id="a-word-says-nothing"),
        pytest.param(busy("-3600"), QUARTER, 5 * MINUTE, id="a-negative-number-says-nothing"),
        pytest.param(busy(None, 429), QUARTER, 5 * MINUTE, id="nor-does-silence"),
        pytest.param(busy("3600", 500), HOUR, QUARTER, id="any-error-may-ask-to-wait"),
    ],
)
def test_who_is_asked_to_wait_waits(
    guest: Guest, answer: Answer, wait: timedelta, step: timedelta
) -> None:
    guest.server["/feed"] = InTurn(answer, feed())
    guest.configure("/feed")

    asked = guest.cron(wait + 2 * step, step=step, restart_each=1)

    assert gaps(asked)[0] == wait


def test_a_wait_that_is_named_again_and_again_does_not_grow(guest: Guest) -> None:
    guest.server["/feed"] = busy("3600", 429)
    guest.configure("/feed")

    assert set(gaps(guest.cron(DAY))) == {HOUR}


# -- trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(ERROR, id="a-server-with-a-fault"),
        pytest.param(Answer(status=404, body=PAGE), id="a-document-that-is-not-there"),
        pytest.param(Answer(status=403, body=PAGE), id="a-closed-door"),
        pytest.param(busy(None), id="a-busy-server"),
        pytest.param(Answer(body=PAGE), id="an-error-page-that-says-200"),
        pytest.param(Answer(body=b""), id="an-empty-body"),
        pytest.param(Raw([]), id="a-connection-that-is-cut"),
        pytest.param(
            Raw([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]), id="a-body-that-is-cut"
        ),
        pytest.param(Raw([b"SSH-2.0-nonsense\r\n"]), id="another-protocol"),
    ],
)
def test_waits_grow_to_a_day_and_end_when_the_trouble_does(
    guest: Guest, trouble: Answerable
) -> None:
    guest.server["/feed"] = feed()
    guest.configure("/feed")
    guest.sync()
    guest.service.clock.at += QUARTER
    guest.server["/feed"] = trouble

    failing = gaps(guest.cron(5 * DAY, restart_each=50))

    assert failing == sorted(failing)
    assert failing[0] == QUARTER
    assert all(later <= 3 * earlier for earlier, later in pairwise(failing))
    assert 21 * HOUR < failing[-1] <= DAY
    guest.server["/feed"] = feed()
    well = guest.cron(25 * HOUR)
    assert set(gaps(well)) == {QUARTER}
    assert [article.title for article in guest.service.stored().values()] == ["ferry"]


# -- gone --------------------------------------------------------------------------------------

GONE = Answer(status=410)


def test_who_is_gone_for_two_days_is_not_asked_again(guest: Guest) -> None:
    guest.server["/feed"] = InTurn(feed(), GONE)
    guest.configure("/feed")

    asked = guest.cron(60 * DAY, step=HOUR)

    assert gaps(asked) == [HOUR, DAY, DAY]
    assert [row.state for row in guest.service.app.sources()] == ["parked"]
    assert len(guest.service.stored()) == 1


def test_a_parked_source_is_asked_by_hand_and_wakes_with_a_good_answer(guest: Guest) -> None:
    guest.server["/feed"] = GONE
    guest.configure("/feed")
    guest.cron(5 * DAY, step=HOUR)
    by_hand = guest.sync(force=True)
    guest.server["/feed"] = feed()
    by_hand += guest.sync(force=True)
    guest.service.clock.at += QUARTER

    assert len(by_hand) == 2
    assert set(gaps(guest.cron(DAY))) == {QUARTER}


@pytest.mark.parametrize(
    "other",
    [pytest.param(feed(), id="a-document"), pytest.param(ERROR, id="another-error")],
)
def test_another_answer_in_between_takes_a_410_back(guest: Guest, other: Answerable) -> None:
    guest.server["/feed"] = InTurn(GONE, other, GONE, other, GONE, other, feed())
    guest.configure("/feed", every="1d")

    asked = guest.cron(20 * DAY, step=HOUR)

    assert len(asked) > 10
    assert [row.state for row in guest.service.app.sources()] == ["ok"]
