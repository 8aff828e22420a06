"""A daemon whose clock is set while it runs: it goes on, and floods nobody.

APScheduler asks the system for the time; in that process it, and our own clock, are told one that
the test sets. What passes is real.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.feedserver import FeedServer, Page
from tests.planet import rss, story

DAEMON = """
import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path

import apscheduler.schedulers.base as apscheduler

from feedsvc.app import App, SystemClock
from feedsvc.config import load
from feedsvc.scheduler import Daemon


def said(name):
    return float(Path(name).read_text())


class Clock(SystemClock):
    def now(self):
        return super().now() + timedelta(seconds=said("ahead") + said("slept"))

    def elapsed(self):
        return super().elapsed() + said("slept")


class Moment(datetime):
    @classmethod
    def now(cls, zone=None):
        return Clock().now()


apscheduler.datetime = Moment
app = App(load(Path("feedsvc.toml").resolve(), cwd=Path.cwd(), environ={}), Clock())
app.journal.hear(lambda entry: print(entry.message, flush=True))
asyncio.run(Daemon(app).run())
"""
AMID_A_TICK = f"""
class Daemon(Daemon):
    ticks = 0

    def _has_its_store(self):
        self.ticks += 1
        if self.ticks == 3:
            Path("ahead").write_text("{-400 * 86_400}")
        return super()._has_its_store()


app ="""
YEAR = timedelta(days=400).total_seconds()


class Machine(Daemon):
    """The daemon, the clock of its machine, and the server that it asks."""

    def __init__(self, root: Path, server: FeedServer) -> None:
        super().__init__(root)
        self.live()
        self.server = server
        self.set_clock(0)
        self.write("slept", 0)

    def configure(self, **every: str) -> None:
        """Sources by their names, and how often each is asked."""
        text = (
            '[site]\nbase_url = "https://planet.example.org"\n'
            '[sync]\nallow_networks = ["127.0.0.0/8"]\n'
        )
        for name, often in every.items():
            self.server[f"/{name}"] = Page(body=rss(story(1, guid=name)))
            url = self.server.url(f"/{name}")
            text += f'[[source]]\nname = "{name}"\nurl = "{url}"\nevery = "{often}"\n'
        (self.root / "feedsvc.toml").write_text(text)

    def write(self, name: str, seconds: float) -> None:
        half = self.root / f"{name}.new"
        half.write_text(str(seconds))
        half.replace(self.root / name)

    def live(self, script: str = DAEMON) -> None:
        """Let this be what runs."""
        self.command = ("-c", script)

    def set_clock(self, ahead: float) -> None:
        self.write("ahead", ahead)

    def sleep(self, seconds: float) -> None:
        """Let the machine be suspended for so long."""
        self.write("slept", seconds)

    def asked(self, name: str) -> list[datetime]:
        return [one.at for one in self.server.asked(f"/{name}")]


@pytest.fixture
def machine(tmp_path: Path, feed_server: FeedServer) -> Iterator[Machine]:
    found = Machine(tmp_path, feed_server)
    yield found
    found.kill()


STEPS: dict[str, list[float]] = {
    "a-year-ahead": [YEAR],
    "a-year-back": [-YEAR],
    "a-year-ahead-and-right-again": [YEAR, 0],
    "there-and-far-beyond": [-YEAR, YEAR],
    "some-seconds-back": [-7.5],
}


def live_through(machine: Machine, steps: list[float]) -> None:
    machine.configure(often="2s", seldom="1h")
    machine.start()
    machine.wait_for(lambda: len(machine.asked("often")) >= 2)
    for ahead in steps:
        before = len(machine.asked("often"))
        machine.set_clock(ahead)
        machine.wait_for(lambda: len(machine.asked("often")) >= before + 2)  # noqa: B023


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Machine]]:
    """What came of each: all of them at once, as they do little but wait."""
    with ExitStack() as stack:
        machines = {}
        for name in STEPS:
            server = stack.enter_context(FeedServer())
            machines[name] = Machine(tmp_path_factory.mktemp(name), server)
            stack.callback(machines[name].kill)
        with ThreadPoolExecutor(len(STEPS)) as pool:
            for one in [pool.submit(live_through, machines[name], STEPS[name]) for name in STEPS]:
                one.result()
        yield machines


@pytest.mark.parametrize("name", STEPS)
def test_it_asks_on_at_the_same_pace(lives: dict[str, Machine], name: str) -> None:
    machine = lives[name]

    waits = [later - earlier for earlier, later in pairwise(machine.asked("often"))]
    # A busy machine asks late, and then on time: one wait may be short, but none is left out.
    assert min(waits) > timedelta(seconds=0.2)
    assert sum(waits, timedelta()) / len(waits) > timedelta(seconds=1.5)
    assert len(machine.asked("seldom")) == 1
    assert machine.said.count("what waits, waits on as before") == len(STEPS[name])


def test_one_that_is_set_back_while_a_tick_goes_on_is_not_waited_for(machine: Machine) -> None:
    """The next tick was planned by then, for a time that is a year away."""
    machine.live(DAEMON.replace("\napp =", AMID_A_TICK, 1))
    machine.configure(often="2s")

    machine.start()

    machine.wait_for(lambda: "put back by 400 days" in machine.said)
    before = len(machine.asked("often"))
    machine.wait_for(lambda: len(machine.asked("often")) >= before + 2)


def test_after_a_week_asleep_everybody_is_asked_once(machine: Machine) -> None:
    names = [f"s{number}" for number in range(20)]
    machine.configure(**dict.fromkeys(names, "1h"), monthly="30d")
    machine.start()
    machine.wait_for(lambda: all(machine.asked(name) for name in (*names, "monthly")))
    machine.server.site().most_requests = 0

    machine.sleep(timedelta(days=7).total_seconds())
    machine.wait_for(lambda: all(len(machine.asked(name)) == 2 for name in names))
    time.sleep(2.5)  # two more ticks

    assert {len(machine.asked(name)) for name in names} == {2}
    assert len(machine.asked("monthly")) == 1
    assert machine.server.site().most_requests <= 2  # at one host, at a time
    assert "waits on" not in machine.said


def test_a_machine_that_starts_in_1970_waits_until_it_is_told_the_time(machine: Machine) -> None:
    machine.configure(often="2s")
    machine.set_clock(-datetime.now(UTC).timestamp() + 60)
    machine.start()
    machine.wait_for(lambda: "the clock of this machine says that it is 1970" in machine.said)
    time.sleep(1.5)  # one more tick
    assert machine.asked("often") == []

    machine.set_clock(0)

    machine.wait_for(lambda: len(machine.asked("often")) >= 2)
    assert "waits on" not in machine.said
    assert machine.said.count("says that it is 1970") == 1
