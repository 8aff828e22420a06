"""The time: plausible, kept, and the same as elsewhere and before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.app.doctor.clock import against, against_others, plausible, synchronised
from tests.app.doctor.conftest import Ward
from tests.support import NOON, Service

INSTALLED = datetime(2025, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "installed", "outcome"),
    [
        pytest.param(NOON, INSTALLED, "ok", id="a-month-later"),
        pytest.param(NOON, None, "ok", id="nobody-knows-when"),
        pytest.param(NOON, NOON + timedelta(hours=20), "ok", id="made-in-another-time-zone"),
        pytest.param(NOON, NOON + timedelta(days=2), "failed", id="before-it-was-installed"),
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), None, "failed", id="an-empty-battery"),
        pytest.param(datetime(2024, 12, 31, tzinfo=UTC), None, "failed", id="before-its-birth"),
        pytest.param(datetime(2060, 1, 1, tzinfo=UTC), None, "failed", id="far-ahead"),
        pytest.param(NOON, datetime(1980, 1, 1, tzinfo=UTC), "ok", id="packed-without-a-date"),
    ],
)  # fmt: skip
def test_plausible(now: datetime, installed: datetime | None, outcome: str) -> None:
    check = plausible(now, installed)

    assert check.outcome == outcome
    assert f"{now:%Y-%m-%d}" in check.message


@pytest.mark.parametrize(
    ("ahead", "outcome", "words"),
    [
        pytest.param(timedelta(days=-3), "ok", "is 3 days old", id="days-ago"),
        pytest.param(timedelta(), "ok", "is 0 seconds old", id="now"),
        pytest.param(timedelta(seconds=50), "ok", "0 seconds", id="some-seconds-ahead"),
        pytest.param(timedelta(minutes=5), "failed", "5 minutes from now", id="minutes-ahead"),
        pytest.param(timedelta(days=400), "failed", "400 days from now", id="a-year-ahead"),
    ],
)  # fmt: skip
def test_what_has_happened_has_happened_before(ahead: timedelta, outcome: str, words: str) -> None:
    check = against(NOON + ahead, "a sync", NOON)

    assert check.outcome == outcome
    assert words in check.message


def test_a_clock_that_went_back(ward: Ward, service: Service) -> None:
    before = ward.look("clock")["clock.store"]

    ward.clock.tick(days=-40)

    after = ward.look("clock")["clock.store"]
    assert before.outcome is Outcome.OK
    assert (after.outcome, after.exit_code) == (Outcome.FAILED, 5)
    assert "40 days from now" in after.message


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        pytest.param(True, "ok", id="kept"),
        pytest.param(False, "warning", id="kept-by-nobody"),
        pytest.param(None, "skipped", id="not-told"),
    ],
)
def test_synchronised(state: bool | None, outcome: str) -> None:
    assert synchronised(state).outcome == outcome


@pytest.mark.parametrize(
    ("seconds", "outcome", "words"),
    [
        pytest.param([0, 0], "ok", "agrees with", id="they-agree"),
        pytest.param([1, -1], "ok", "agrees with", id="within-a-second"),
        pytest.param([300, 310], "failed", "5 minutes behind", id="we-are-behind"),
        pytest.param([-7200, -7190], "failed", "ahead", id="we-are-ahead"),
        pytest.param([0, 86_400], "ok", "agrees", id="one-of-two-is-wrong"),
        pytest.param([5, 90_000, 4], "ok", "agrees", id="one-of-three-is-wrong"),
        pytest.param([], "skipped", "nobody", id="nobody-told"),
        pytest.param([90], "failed", "90 seconds behind", id="a-single-one"),
    ],
)  # fmt: skip
def test_against_others(seconds: list[int], outcome: str, words: str) -> None:
    skews = {f"host{n}.example.org": timedelta(seconds=s) for n, s in enumerate(seconds)}

    check = against_others(skews)

    assert check.outcome == outcome
    assert words in check.message


def test_data_of_time_zones_is_there(ward: Ward) -> None:
    assert ward.look("clock")["clock.zones"].outcome is Outcome.OK
