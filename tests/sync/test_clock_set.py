"""The clock of a machine is set, by a year if need be: nobody is asked early, nobody forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from feedsvc.errors import ClockError
from tests.feedserver import Answer, FeedServer, Page
from tests.guest import SITE
from tests.planet import rss, story
from tests.support import NOON, FrozenClock, Service

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 400 * DAY
STEPS = [
    pytest.param(YEAR, id="a-year-ahead"),
    pytest.param(-YEAR, id="a-year-back"),
    pytest.param(10 * MINUTE, id="some-minutes-ahead"),
    pytest.param(-10 * MINUTE, id="some-minutes-back"),
]


class Machine:
    """A service with remote sources, on a machine whose clock is set; the server's never is."""

    def __init__(self, service: Service, server: FeedServer) -> None:
        self.service, self.server = service, server
        self.passed = timedelta()
        server.clock = lambda: NOON + self.passed

    @property
    def clock(self) -> FrozenClock:
        return self.service.clock

    def configure(self, *lines: str) -> None:
        """Sources `s0`, `s1` … with these lines each."""
        self.service.configure(
            SITE
            + "".join(
                f'[[source]]\nname = "s{n}"\nurl = "{self.server.url(f"/s{n}")}"\n{more}\n'
                for n, more in enumerate(lines)
            )
        )
        for number, _ in enumerate(lines):
            self.server[f"/s{number}"] = Page(body=rss(story(number)))

    def run(self) -> None:
        """One `feedsvc sync` of cron, in a process of its own."""
        self.service.restart()
        self.service.sync(build=False)

    def every(self, pause: timedelta, *, until: timedelta) -> None:
        """Let cron run until then."""
        while self.passed + pause <= until:
            self.passed += pause
            self.clock.at += pause
            self.run()

    def set_clock(self, by: timedelta) -> None:
        self.clock.step(by)

    def start_again(self, by: timedelta = timedelta()) -> None:
        """The machine is started anew, and its clock says something else then."""
        self.clock.booted = f"{self.clock.booted} again"
        self.clock.step(by)

    def asked(self, number: int = 0) -> list[timedelta]:
        """When a source was asked, in the time that has passed."""
        return [one.at - NOON for one in self.server.asked(f"/s{number}")]

    def store(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.service.root / "var/feedsvc.db")) as database:
            return database.execute(query).fetchall()


@pytest.fixture
def machine(service: Service, feed_server: FeedServer) -> Machine:
    return Machine(service, feed_server)


@pytest.mark.parametrize("by", STEPS)
def test_an_interval_is_one_whatever_the_time_is_called(machine: Machine, by: timedelta) -> None:
    machine.configure('every = "1h"')
    machine.run()
    machine.every(10 * MINUTE, until=20 * MINUTE)

    machine.set_clock(by)
    machine.every(10 * MINUTE, until=3 * HOUR)

    assert machine.asked() == [0 * HOUR, 1 * HOUR, 2 * HOUR, 3 * HOUR]


@pytest.mark.parametrize("by", STEPS)
def test_what_a_server_asked_for_is_waited_for(machine: Machine, by: timedelta) -> None:
    machine.configure('every = "15m"')
    machine.server["/s0"] = Answer(status=429, headers={"Retry-After": "7200"})
    machine.run()
    machine.every(10 * MINUTE, until=20 * MINUTE)

    machine.set_clock(by)
    machine.every(10 * MINUTE, until=HOUR)
    machine.set_clock(-by)
    machine.every(10 * MINUTE, until=3 * HOUR)

    assert machine.asked() == [0 * HOUR, 2 * HOUR]


@pytest.mark.parametrize("by", STEPS)
def test_a_date_to_wait_for_is_of_the_servers_clock(machine: Machine, by: timedelta) -> None:
    machine.configure('every = "15m"')
    machine.set_clock(by)
    until = (NOON + 2 * HOUR).strftime("%a, %d %b %Y %H:%M:%S GMT")
    machine.server["/s0"] = Answer(status=503, headers={"Retry-After": until})
    machine.run()

    machine.every(10 * MINUTE, until=2 * HOUR)

    assert machine.asked() == [0 * HOUR, 2 * HOUR]


@pytest.mark.parametrize("by", [YEAR, 10 * MINUTE])
def test_a_machine_that_comes_back_with_an_earlier_time_asks_once_more(
    machine: Machine, by: timedelta
) -> None:
    machine.configure('every = "1h"', 'every = "30d"')
    machine.set_clock(by)
    machine.run()
    machine.every(10 * MINUTE, until=30 * MINUTE)

    machine.start_again(-by)
    machine.every(10 * MINUTE, until=4 * HOUR)

    first, second, *rest = machine.asked()
    assert (first, len(machine.asked(1))) == (timedelta(), 1)
    assert HOUR <= second <= HOUR + 40 * MINUTE  # how long it had waited nobody knows
    assert all(later - earlier == HOUR for earlier, later in pairwise([second, *rest]))


def test_a_restart_of_the_machine_alone_changes_nothing(machine: Machine) -> None:
    machine.configure('every = "1h"')
    machine.run()
    machine.every(20 * MINUTE, until=20 * MINUTE)

    machine.start_again()
    machine.every(20 * MINUTE, until=2 * HOUR)

    assert machine.asked() == [0 * HOUR, HOUR, 2 * HOUR]


def test_a_week_asleep_has_passed(machine: Machine) -> None:
    machine.configure('every = "1h"', 'every = "30d"')
    machine.run()

    machine.passed += 7 * DAY
    machine.clock.at += 7 * DAY  # the clock that nobody sets sees it, too
    machine.every(10 * MINUTE, until=7 * DAY + HOUR)

    assert machine.asked() == [0 * HOUR, 7 * DAY + 10 * MINUTE]
    assert machine.asked(1) == [0 * HOUR]


@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_six_is_six_by_the_clock_as_it_goes(machine: Machine, by: timedelta) -> None:
    machine.configure('every = "0 6 * * *"\ntimezone = "UTC"')  # it is noon
    machine.run()

    machine.set_clock(by)
    machine.every(HOUR, until=2 * DAY)

    assert machine.asked() == [0 * HOUR, 18 * HOUR, 42 * HOUR]


def test_sources_of_an_opml_file_go_by_its_calendar(machine: Machine, service: Service) -> None:
    machine.configure()
    listed = machine.server.url("/s0")
    machine.server["/s0"] = Page(body=rss(story(1)))
    (service.root / "list.opml").write_text(
        f'<opml version="2.0"><body><outline type="rss" text="x" xmlUrl="{listed}"/></body></opml>'
    )
    service.configure(f'{SITE}[[source]]\npath = "list.opml"\nkind = "opml"\nevery = "0 6 * * *"\n')
    machine.run()

    machine.set_clock(YEAR)
    machine.every(HOUR, until=DAY)

    assert machine.asked() == [0 * HOUR, 18 * HOUR]


def test_one_of_two_processes_does_it(machine: Machine) -> None:
    machine.configure('every = "1h"')
    machine.run()
    machine.passed += 20 * MINUTE
    machine.clock.at += 20 * MINUTE

    machine.set_clock(YEAR)
    for _ in range(3):
        machine.service.app.heed_clock()
        machine.service.restart()

    (due,) = machine.store("SELECT next_due FROM source")[0]
    assert due == int((NOON + YEAR + HOUR).timestamp())


@pytest.mark.parametrize("by", STEPS)
def test_who_says_that_he_is_gone_has_two_days_to_take_it_back(
    machine: Machine, by: timedelta
) -> None:
    machine.configure('every = "1h"')
    machine.server["/s0"] = Answer(status=410)
    machine.run()

    machine.set_clock(by)
    states = []
    for day in (1, 2):
        machine.every(HOUR, until=day * DAY)
        states += machine.store("SELECT state FROM source")

    assert states == [("failing",), ("parked",)]
    assert machine.asked() == [0 * HOUR, DAY, 2 * DAY]


def test_small_corrections_change_nothing(machine: Machine) -> None:
    machine.configure('every = "1h"')
    machine.run()
    before = machine.store("SELECT next_due, asked FROM source")

    machine.set_clock(timedelta(milliseconds=900))
    machine.service.restart()
    machine.service.app.heed_clock()

    assert machine.store("SELECT next_due, asked FROM source") == before


def test_words_for_others_are_told_though_a_clock_was_ahead(
    machine: Machine, service: Service
) -> None:
    """Tables that wait for something, written by a clock that was ahead of a machine now gone."""
    machine.configure('every = "1h"')
    machine.run()
    ahead, now = (int((NOON + by).timestamp()) for by in (YEAR, timedelta()))
    with closing(sqlite3.connect(service.root / "var/feedsvc.db")) as database, database:
        database.execute(
            "INSERT INTO outbox (kind, target, topic, made, due) VALUES ('ping', 'h', 't', ?, ?)",
            (ahead, ahead + 60),
        )
        database.execute(
            "INSERT INTO outbox (kind, target, topic, made, due) VALUES ('ping', 'h', 'u', ?, ?)",
            (now - 60, now + 3600),
        )
        database.execute("INSERT INTO media (url, asked, retry_at) VALUES ('m', ?1, ?1)", (ahead,))
        database.execute(
            "INSERT INTO subscriber (topic, callback, lease_until) VALUES ('t', 'c', ?)", (ahead,)
        )
    machine.start_again()

    machine.run()

    assert machine.store("SELECT made, due FROM outbox ORDER BY topic") == [
        (now, now), (now - 60, now + 3600),
    ]  # fmt: skip
    assert machine.store("SELECT asked, retry_at FROM media") == [(now, now)]
    assert machine.store("SELECT lease_until FROM subscriber") == [(now + 30 * 86_400,)]


def test_all_that_waits_is_moved_along(machine: Machine, service: Service) -> None:
    machine.configure('every = "1h"')
    machine.run()
    then = int(NOON.timestamp())
    with closing(sqlite3.connect(service.root / "var/feedsvc.db")) as database, database:
        database.execute(
            "INSERT INTO outbox (kind, target, topic, made, due) VALUES ('ping', 'h', 't', ?, ?)",
            (then, then + 60),
        )
        database.execute(
            "INSERT INTO outbox (kind, target, topic, made, due)"
            " VALUES ('ping', 'h', 'u', ?, 253402300799)",
            (then,),
        )
        database.execute(
            "INSERT INTO media (url, asked, retry_at) VALUES ('m', ?1, ?1 + 60)", (then,)
        )
    machine.set_clock(YEAR)

    machine.service.restart()
    machine.service.app.heed_clock()

    later = then + int(YEAR.total_seconds())
    assert machine.store("SELECT made, due FROM outbox ORDER BY topic") == [
        (later, later + 60), (then, 253_402_300_799),
    ]  # fmt: skip
    assert machine.store("SELECT asked, retry_at FROM media") == [(later, later + 60)]


def test_a_clock_that_cannot_be_right_is_waited_for(machine: Machine, service: Service) -> None:
    machine.configure('every = "1h"')
    machine.run()
    machine.passed += 2 * HOUR
    machine.clock.at += 2 * HOUR
    right = machine.clock.at
    machine.start_again(datetime(1970, 1, 1, 0, 1, tzinfo=UTC) - right)

    with pytest.raises(ClockError, match="says that it is 1970"):
        service.sync()

    machine.clock.step(right - machine.clock.at)
    machine.run()
    assert machine.asked() == [0 * HOUR, 2 * HOUR]
