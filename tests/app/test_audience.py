"""The estimate of readers: what it is the average of, and what it adds up."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from feedsvc.app.audience import KEPT, audience_of, readers, take
from feedsvc.app.inside import answer
from feedsvc.figures.sketch import Sketch
from feedsvc.ports import AudienceDay, Call
from tests.support import Service

TODAY = "2025-06-01"


def pollers(count: int, first: int = 0) -> bytes:
    sketch = Sketch()
    for number in range(first, first + count):
        sketch.add((number + 1) * 0x9E3779B97F4A7C15 % 2**64)
    return sketch.dump()


def keep(service: Service, day: str, feed: str = "all", others: int = 0, **services: int) -> None:
    service.app.store.keep_audience(
        [
            AudienceDay(
                day=day, feed=feed, requests=10 * others, not_modified=9 * others,
                aggregators={f"{name}#1": count for name, count in services.items()},
                pollers=pollers(others),
            )
        ]
    )  # fmt: skip


def test_nothing_is_known_of_feeds_that_nobody_asked_for(service: Service) -> None:
    assert readers(service.app) == {}
    assert audience_of(service.app, "all") is None


def test_on_the_first_day_it_is_today_so_far(service: Service) -> None:
    keep(service, TODAY, others=5, Feedly=42)

    assert readers(service.app) == {"all": 47}
    found = audience_of(service.app, "all")
    assert found is not None
    assert (found.days, found.services, found.others) == (0, {"Feedly": 42}, 5)
    assert (found.requests, found.not_modified) == (50, 45)


def test_later_it_is_the_average_of_whole_days(service: Service) -> None:
    keep(service, "2025-05-30", others=4, Feedly=40)
    keep(service, "2025-05-31", others=6, Feedly=44)
    keep(service, TODAY, others=1)

    assert readers(service.app) == {"all": 47}
    found = audience_of(service.app, "all")
    assert found is not None
    assert (found.days, found.services, found.others) == (2, {"Feedly": 42}, 5)


def test_of_the_last_seven_at_most(service: Service) -> None:
    keep(service, "2025-05-24", Feedly=7_000)
    keep(service, "2025-05-25", Feedly=70)

    assert readers(service.app) == {"all": 10}


def test_a_day_without_any_reader_counts(service: Service) -> None:
    keep(service, "2025-05-30", Feedly=40)

    assert readers(service.app) == {"all": 20}


def test_a_feed_that_is_new_is_not_measured_by_days_before_it(service: Service) -> None:
    keep(service, "2025-05-26", "all", Feedly=60)
    keep(service, "2025-05-31", "young", Feedly=30)

    assert readers(service.app) == {"all": 10, "young": 30}


def test_the_ids_of_a_service_are_added(service: Service) -> None:
    told = {"Feedly#a": 10, "Feedly#b": 5, "Feedbin#1": 2}
    service.app.store.keep_audience([AudienceDay(day=TODAY, feed="all", aggregators=told)])

    found = audience_of(service.app, "all")
    assert found is not None
    assert found.services == {"Feedly": 15, "Feedbin": 2}


def test_a_group_is_the_sum_of_its_feeds(service: Service) -> None:
    keep(service, TODAY, "topics", others=1)
    keep(service, TODAY, "topics/oepnv", others=2, Feedly=10)
    keep(service, TODAY, "topics/radverkehr", others=3, Feedly=20)
    keep(service, TODAY, "topics-of-others", others=9)

    assert readers(service.app) == {
        "topics": 36, "topics/oepnv": 12, "topics/radverkehr": 23, "topics-of-others": 9,
    }  # fmt: skip
    group, one = audience_of(service.app, "topics"), audience_of(service.app, "topics/oepnv")
    assert group is not None
    assert one is not None
    assert (group.readers, group.services, group.others) == (36, {"Feedly": 30}, 6)
    assert one.readers == 12


def test_a_feed_takes_its_readers_along_when_it_is_renamed(service: Service) -> None:
    keep(service, TODAY, "old", Feedly=3)
    service.app.store.rename_feed("old", "new", service.clock.now(), mint=lambda name: name)

    assert readers(service.app) == {"new": 3}


# -- what comes from the server --------------------------------------------------------------------


def ask(service: Service, path: str, told: Any) -> tuple[int, bytes]:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    reply = asyncio.run(answer(service.app, Call("ASK", path, "", {}, body)))
    return reply.status, reply.body


def batch(number: int, **feeds: Any) -> dict[str, Any]:
    return {"from": "a server", "number": number, "day": TODAY, "feeds": feeds}


def test_a_batch_is_taken_once(service: Service) -> None:
    one = {
        "requests": 4, "not_modified": 3, "aggregators": {"Feedly#1": 42},
        "pollers": base64.b64encode(pollers(2)).decode(),
    }  # fmt: skip
    for number in (1, 1):
        assert ask(service, "audience/batch", batch(number, all=one)) == (204, b"")
    found = audience_of(service.app, "all")

    assert found is not None
    assert (found.readers, found.requests, found.not_modified) == (44, 4, 3)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"not json", id="not-json"),
        pytest.param([], id="a-list"),
        pytest.param({}, id="empty"),
        pytest.param({**batch(1), "day": "today"}, id="no-day"),
        pytest.param({**batch(1), "feeds": [1]}, id="no-table"),
        pytest.param(batch(1, all={"pollers": "?"}), id="no-sketch"),
        pytest.param(batch(1, all=7), id="no-feed"),
    ],
)
def test_what_is_no_batch_is_refused_for_good(service: Service, told: Any) -> None:
    assert ask(service, "audience/batch", told)[0] == 400
    assert readers(service.app) == {}


def test_a_salt_lasts_a_day_and_a_restart(service: Service) -> None:
    first = ask(service, "audience/salt", {"day": TODAY})
    service.restart()
    again = ask(service, "audience/salt", {"day": TODAY})
    other = ask(service, "audience/salt", {"day": "2025-06-02"})

    assert first == again
    assert first[0] == 200
    assert len(bytes.fromhex(json.loads(first[1])["salt"])) == 16
    assert other != first
    assert (
        first[1] not in json.dumps(service.app.store.remark("audience.salt"), default=str).encode()
    )


def test_days_long_past_are_forgotten(service: Service) -> None:
    now = service.clock.now().date()
    keep(service, (now - KEPT).isoformat(), Feedly=1)
    keep(service, "2025-03-01", Feedly=1)
    ask(service, "audience/salt", {"day": TODAY})

    days = [one.day for one in service.app.store.audience(since="2000-01-01")]
    assert days == [(now - KEPT).isoformat()]


def test_what_cannot_be_stored_now_is_asked_for_again(service: Service) -> None:
    service.app.store.close()
    (service.root / "var" / "feedsvc.db").write_bytes(b"no database" * 1000)

    assert ask(service, "audience/salt", {"day": TODAY})[0] == 503
    assert ask(service, "audience/batch", batch(1, all={"requests": 1}))[0] == 503


def test_a_batch_names_what_is_wrong_with_it(service: Service) -> None:
    with pytest.raises(ValueError, match="not a batch"):
        take(service.app, b"{}")
