"""How long the documents of a feed may be kept, as the serving index says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsvc.regenerate.pace import max_age, rhythm
from feedsvc.regenerate.serving import INDEX
from tests.support import DEFAULT_CONFIG, NOON, Service

HOUR = 3600
DAY = 24 * HOUR


def times(*gaps: int) -> list[datetime]:
    """Moments that lie so many seconds apart, the newest first."""
    found = [NOON]
    for gap in gaps:
        found.append(found[-1] - timedelta(seconds=gap))
    return found


@pytest.mark.parametrize(
    ("released", "usual"),
    [
        pytest.param([], None, id="of-nothing-nothing-is-known"),
        pytest.param(times(), None, id="one-is-too-few"),
        pytest.param(times(0, 0, 0), None, id="all-in-one-go-are-one"),
        pytest.param(times(60, 100, 139), None, id="within-five-minutes-they-are-one"),
        pytest.param(times(HOUR), HOUR, id="two"),
        pytest.param(times(HOUR, HOUR, 30 * DAY), HOUR, id="a-holiday-does-not-count"),
        pytest.param(times(HOUR, 0, 0, HOUR, 0, HOUR), HOUR, id="several-at-once-are-one-occasion"),
        pytest.param(times(*[HOUR] * 20, *[DAY] * 500), HOUR, id="what-was-long-ago-says-nothing"),
        pytest.param(times(*[DAY] * 20, *[HOUR] * 500), DAY, id="not-even-if-it-is-most"),
        pytest.param(times(HOUR, DAY, HOUR)[::-1], HOUR, id="in-whatever-order"),
    ],
)
def test_what_usually_lies_between_two(released: list[datetime], usual: int | None) -> None:
    assert rhythm(released) == usual


@pytest.mark.parametrize(
    ("usual", "age"),
    [
        pytest.param(None, 300, id="unknown"),
        pytest.param(300, 300, id="every-five-minutes"),
        pytest.param(20 * 60, 600, id="half-of-what-lies-between"),
        pytest.param(HOUR, 1800, id="each-hour"),
        pytest.param(HOUR + 599, 1800, id="in-steps-so-that-it-stays-the-same"),
        pytest.param(2 * HOUR, 3600, id="every-two-hours"),
        pytest.param(400 * DAY, 3600, id="never-longer-than-an-hour"),
    ],
)
def test_how_long_it_may_be_kept(usual: int | None, age: int) -> None:
    assert max_age(usual) == age


# What a build tells


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    """A service with one feed, `all`."""
    return make_service()


def told(service: Service) -> Any:
    return json.loads(service.published(INDEX))["feeds"]


def write(service: Service, name: str, moment: datetime, more: str = "") -> None:
    service.write(f"{name}.txt", f"Story {name}\n{moment:%Y-%m-%d %H:%M} UTC\n{more}\nText.\n")


def weekly(service: Service) -> None:
    for week in range(4):
        write(service, f"w{week}", NOON - timedelta(weeks=week, hours=1))


CONFIG = (
    DEFAULT_CONFIG
    + """
[[feed]]
name = "all"

[[feed]]
name = "shelf"
limit = 2
archive = true

[[feed]]
name = "club"
private = true

[[feed]]
name = "topics"
per = "tag"
"""
)


def test_every_feed_is_told_of_by_its_folder(make_service: Callable[..., Service]) -> None:
    service = make_service(CONFIG)
    for number in range(4):
        write(service, f"n{number}", NOON - timedelta(minutes=40 * number + 40), "Tags: Sea\n")
    service.sync()

    found = told(service)

    [token] = (service.public / "club").iterdir()
    assert found == {
        "all/": {"age": 1200},
        "shelf/": {"age": 1200, "limit": 2},
        "shelf/archive/": {"age": 3600},
        f"club/{token.name}/": {"age": 1200},
        "topics/sea/": {"age": 1200},
    }


def test_it_does_not_depend_on_the_hour(service: Service) -> None:
    weekly(service)
    service.sync()
    before = service.snapshot()[INDEX]

    for _ in range(3):
        service.clock.tick(days=50, minutes=17)
        service.sync()
        service.regenerate(verify=True)

    assert told(service) == {"all/": {"age": 3600}}
    assert service.snapshot()[INDEX] == before


def test_a_build_from_nothing_says_the_same(
    service: Service, make_service: Callable[..., Service]
) -> None:
    other = make_service(name="other")
    weekly(service)
    service.sync()
    write(service, "late", NOON - timedelta(minutes=5))
    service.sync()
    weekly(other)
    write(other, "late", NOON - timedelta(minutes=5))
    other.sync()

    assert service.published(INDEX) == other.published(INDEX)


def test_one_more_article_changes_nothing_of_it(service: Service) -> None:
    weekly(service)
    service.sync()
    before = service.snapshot()[INDEX]

    write(service, "more", NOON - timedelta(minutes=7))
    service.sync()

    assert service.snapshot()[INDEX] == before


def test_a_feed_that_gets_faster_is_kept_for_less(service: Service) -> None:
    weekly(service)
    service.sync()
    for number in range(20):
        write(service, f"f{number}", NOON - timedelta(minutes=10 * number))

    service.sync()

    assert told(service)["all/"]["age"] == 300


def test_a_change_that_comes_by_itself_is_told(service: Service) -> None:
    weekly(service)
    due = NOON + timedelta(hours=5)
    write(service, "embargo", NOON, f"Embargo: {due:%Y-%m-%d %H:%M} UTC\n")
    service.sync()

    assert told(service)["all/"] == {"age": 3600, "change": int(due.timestamp())}

    service.clock.tick(hours=6)
    service.sync()
    assert told(service)["all/"] == {"age": 3600}


def test_the_pages_of_an_archive_are_told_of_it_too(make_service: Callable[..., Service]) -> None:
    service = make_service(CONFIG)
    for number in range(3):
        write(service, f"n{number}", NOON - timedelta(minutes=number))
    due = datetime(2025, 6, 3, 8, 0, tzinfo=UTC)
    write(service, "embargo", NOON, f"Embargo: {due:%Y-%m-%d %H:%M} UTC\n")
    service.sync()

    found = told(service)

    # What is kept for five minutes anyway need not be told.
    assert found["shelf/"] == {"age": 300, "limit": 2}
    assert found["shelf/archive/"] == {"age": 3600, "change": int(due.timestamp())}
