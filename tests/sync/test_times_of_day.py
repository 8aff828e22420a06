"""Sources with `every = "0 6 * * *"`: when cron, the daemon and a person ask them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.scheduler.rounds import Rounds
from tests.feedserver import Answer, FeedServer, Page
from tests.guest import SITE
from tests.planet import rss, story
from tests.support import Service

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIX = datetime(2025, 6, 2, 4, 0, tzinfo=UTC)  # in Berlin


class Morning:
    """Sources of one host that were asked the day before, and are to be asked at six."""

    def __init__(self, service: Service, server: FeedServer, count: int) -> None:
        self.service, self.server, self.count = service, server, count
        server.clock = service.clock.now
        for number in range(count):
            server[f"/s{number}"] = Page(body=rss(story(number)))
        sources = "".join(
            f'[[source]]\nname = "s{n}"\nurl = "{server.url(f"/s{n}")}"\n'
            'every = "0 6 * * *"\ntimezone = "Europe/Berlin"\n'
            for n in range(count)
        )
        service.configure(SITE + sources)
        service.clock.at = SIX - 18 * HOUR
        service.sync(build=False)
        server.forget()

    def asked(self) -> list[datetime]:
        return [one.at for one in self.server.log]

    def watch(self, begin: datetime, end: datetime, step: timedelta) -> None:
        """Let a daemon live from then to then, with a look at every step."""

        async def live() -> None:
            self.service.clock.at = begin
            rounds = Rounds(self.service.app)
            while self.service.clock.at <= end:
                await rounds.look()
                await rounds.settle()
                self.service.clock.at += step
            await rounds.end(1.0)

        asyncio.run(live())


@pytest.fixture
def morning(service: Service, feed_server: FeedServer) -> Morning:
    return Morning(service, feed_server, 60)


def test_a_daemon_asks_one_after_another_and_none_early(morning: Morning) -> None:
    morning.watch(SIX - 30 * SECOND, SIX + 2 * MINUTE, 5 * SECOND)

    asked = morning.asked()
    assert len(asked) == morning.count
    assert min(asked) >= SIX
    assert max(asked) <= SIX + 65 * SECOND
    assert max(asked.count(moment) for moment in set(asked)) <= 15


def test_the_next_day_it_does_so_again(morning: Morning) -> None:
    morning.watch(SIX, SIX + 2 * MINUTE, 10 * SECOND)
    morning.server.forget()

    morning.watch(SIX + DAY - MINUTE, SIX + DAY + 2 * MINUTE, 10 * SECOND)

    assert len(morning.asked()) == morning.count
    assert min(morning.asked()) >= SIX + DAY


def test_a_daemon_that_comes_late_asks_at_once(morning: Morning) -> None:
    morning.watch(SIX + 3 * HOUR, SIX + 3 * HOUR, SECOND)

    assert len(morning.asked()) == morning.count


def test_cron_at_six_asks_all_every_day(morning: Morning) -> None:
    """A due time some seconds past would lose it each second day."""
    for day in range(3):
        morning.service.clock.at = SIX + day * DAY
        morning.service.sync(build=False)

    assert morning.asked() == [SIX + day * DAY for day in range(3) for _ in range(morning.count)]


def test_in_between_nobody_is_asked_but_by_force(morning: Morning) -> None:
    morning.service.clock.at = SIX - MINUTE

    skipped = morning.service.sync(build=False).sources
    assert {one.reason for one in skipped} == {"not due before 2025-06-02 04:00:00Z"}
    assert morning.asked() == []

    morning.service.sync(build=False, force=True)
    assert len(morning.asked()) == morning.count


def test_who_fails_is_asked_at_the_next_time(service: Service, feed_server: FeedServer) -> None:
    morning = Morning(service, feed_server, 1)
    feed_server["/s0"] = Answer(status=500)

    for minutes in range(0, 49 * 60, 20):
        service.clock.at = SIX + minutes * MINUTE
        service.sync(build=False)

    assert morning.asked() == [SIX, SIX + DAY, SIX + 2 * DAY]


def test_a_folder_is_looked_into_at_its_times(service: Service) -> None:
    service.configure(
        '[site]\nid_domain = "x.example.org"\ntimezone = "Europe/Berlin"\n'
        '[[source]]\nname = "desk"\npath = "articles"\nevery = "0 6 * * *"\n'
    )
    service.clock.at = SIX - HOUR
    service.write("first.txt", "First\n\nText.\n")
    service.sync(build=False)
    service.write("second.txt", "Second\n\nText.\n")

    found = []
    for minutes in (30, 59, 60, 61):
        service.clock.at = SIX - HOUR + minutes * MINUTE
        service.sync(build=False)
        found.append(sorted(service.stored()))

    assert found == [["path:first"]] * 2 + [["path:first", "path:second"]] * 2
