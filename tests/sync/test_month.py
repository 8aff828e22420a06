"""A month of a daemon that is killed and restarted, on a machine whose clock is set time and again.

Judged from the log of the server, which alone knows what time it is: nobody is asked before he
allows it, nobody is forgotten, and every entry that was ever served is stored once.

FEEDSVC_MONTH=500x30 lets so many sources live so many days; fewer are enough for every day.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path

import pytest

from tests.feedserver import Answer, FeedServer, Page, Raw, Request, http_date
from tests.guest import SITE
from tests.month import DAY, HOUR, MINUTE, Machine, is_away, looks
from tests.planet import rss, story
from tests.support import NOON

SOURCES, DAYS = map(int, os.environ.get("FEEDSVC_MONTH", "80x8").split("x"))
EVERY = {
    "2h": 2 * HOUR, "6h": 6 * HOUR, "12h": 12 * HOUR, "1d": DAY, "auto": 0.0, "0 6 * * *": 0.0,
    "30 */8 * * *": 0.0, "3d": 3 * DAY,
}  # fmt: skip
WORDS = tuple(EVERY)
LIMIT = 24 * HOUR  # the longest back-off, the longest `auto`, the longest between two times of day
SECOND = 1.0
# What happens to the machine while no daemon lives on it, in turn.
TREATMENTS = (
    ("set", 400 * DAY), ("started", -400 * DAY), ("left alone", 0.0), ("set", -400 * DAY),
    ("started", 0.0), ("set", 3 * HOUR), ("started", -HOUR), ("set", 400 * DAY - 2 * HOUR),
)  # fmt: skip
PATIENCE = 1_800.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and what its answer asked for."""

    at: float  # in truth
    good: bool
    wish: float = 0.0  # seconds


@dataclass
class Month:
    """The sources, their servers, and what happened to the machine."""

    root: Path
    machine: Machine
    visits: dict[int, list[Visit]] = field(default_factory=lambda: defaultdict(list))
    served: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    kills: set[float] = field(default_factory=set)
    lost: list[float] = field(default_factory=list)  # starts of the machine with another time

    def answer(self, number: int, request: Request) -> Answer | Raw:
        """What a source answers: each has a character of its own."""
        passed = self.machine.passed
        day, character = int(passed / DAY), number % 10
        good, wish, headers = True, 0.0, {}
        found: Answer | Raw | None = None
        if character == 4:
            wish = 5 * HOUR
            headers["Cache-Control"] = f"max-age={wish:.0f}"
        elif character == 5 and day % 4 in (1, 2):
            found = Answer(status=500)
        elif character == 6 and day % 3 == 1:
            wish = (1 + number % 5) * 9 * HOUR
            found = Answer(status=429, headers={"Retry-After": f"{wish:.0f}"})
        elif character == 7 and day % 4 == 2:
            hangs = number == 7 and not any(one.at // DAY == day for one in self.visits[number])
            found = Raw([120.0]) if hangs else Raw([b"HTTP/1.1 200 OK\r\n"], reset=True)
        elif character == 9 and day % 5 == 2:
            wish = 26 * HOUR
            until = http_date(self.machine.truth + timedelta(seconds=wish))
            found = Answer(status=503, headers={"Retry-After": until})
        if found is None:
            found = self._page(number, passed, headers)(request)
        else:
            good = False
        self.visits[number].append(Visit(passed, good, wish))
        return found

    def _page(self, number: int, passed: float, headers: dict[str, str]) -> Page:
        period = 7 * HOUR + number * 13 * MINUTE
        newest = int(passed / period)
        stories = []
        for one in range(max(newest - 11, 0), newest + 1):
            guid = f"{number}-{one}"
            self.served[number].add(guid)
            date = NOON + timedelta(seconds=one * period)
            link = f"https://s{number}.example.org/{one}"
            stories.append(story(one, guid=guid, link=link, title=f"Story {guid}", date=date))
        return Page(body=rss(*reversed(stories)), headers=headers)

    # -- what is allowed ---------------------------------------------------------------------------

    def least(self, number: int, visit: Visit) -> float:
        """How long a source is to be left alone after a visit."""
        every = WORDS[number // 10 % len(WORDS)]
        own = EVERY[every] or (15 * MINUTE if every == "auto" else HOUR)
        return max(own if visit.good else min(own, LIMIT), visit.wish)

    def most(self, number: int, visit: Visit, failures: int) -> float:
        """How long it may be left alone after a visit, the `failures`th in a row that failed."""
        every = WORDS[number // 10 % len(WORDS)]
        own = EVERY[every] or LIMIT
        if " " in every:  # a time of day can move by a day where the clock is set
            own += LIMIT
        wait = own if visit.good else min(own * 2 ** (failures - 1), max(LIMIT, own))
        return max(wait, visit.wish + (LIMIT if " " in every else 0)) * 1.1

    def deadline(self, number: int, visit: Visit, failures: int, when: list[float]) -> float | None:
        """The look, of all there were, at which it has to be asked again at the latest."""
        wait = self.most(number, visit, failures)
        due, before = visit.at + wait, 0.0
        while due > before:
            before = due
            for start in self.lost:  # how long it had waited then nobody knew
                if visit.at < start <= due:
                    due = max(due, start + wait)
            look = bisect_left(when, due) + 1  # times of day are spread over a minute
            if look >= len(when):
                return None
            for day in range(int(visit.at / DAY), int(when[look] / DAY) + 1):
                if is_away(number, day * DAY):  # it was asked for there, as its server cannot know
                    wait = max(wait, LIMIT * 1.1)
                    due = max(due, (day + 1) * DAY + wait)
        return when[look]


def configuration(server: FeedServer) -> str:
    """Sources at hosts of their own, all of them here; feeds are not what this is about."""
    port = server.site().port
    sources = "".join(
        f'[[source]]\nname = "s{n}"\nurl = "http://s{n}.example.org:{port}/s{n}"\n'
        f'every = "{WORDS[n // 10 % len(WORDS)]}"\ntimezone = "Europe/Berlin"\n'
        for n in range(SOURCES)
    )
    quiet = '[publish]\ndirectory = "public"\npages = false\nsitemap = false\n'
    one = '[[feed]]\nname = "one"\nsources = ["s0"]\nlimit = 3\n'
    return f'{SITE}timeout = "3s"\n{quiet}{sources}{one}'


def live(root: Path, month: Month, chance: random.Random) -> None:
    """Live the whole month, life by life."""
    machine, treatments = month.machine, cycle(TREATMENTS)
    while True:
        seed = chance.getrandbits(32)
        done = subprocess.run(
            [sys.executable, "-m", "tests.month", str(root), str(seed), str(DAYS)],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode == 0:
            return
        assert done.returncode == -signal.SIGKILL, done.stderr
        month.kills.add(machine.passed)
        machine.let_pass(chance.choice([1.0, 20 * MINUTE, 7 * HOUR]))
        treatment, by = next(treatments)
        machine.set_clock(by)
        if treatment == "started":
            machine.start_again()
            if by:
                month.lost.append(machine.passed)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    root = tmp_path_factory.mktemp("month")
    with Machine(root) as machine, FeedServer(lambda: machine.truth) as server:
        found = Month(root, machine)
        for number in range(SOURCES):
            server[f"/s{number}"] = partial(found.answer, number)
        (root / "feedsvc.toml").write_text(configuration(server))
        live(root, found, random.Random(5))
    return found


pytestmark = pytest.mark.timeout(PATIENCE)


def test_the_machine_was_treated_badly(month: Month) -> None:
    """Else nothing here says anything."""
    assert len(month.kills) >= DAYS / 2
    assert len(month.visits) == SOURCES
    assert {visit.good for visits in month.visits.values() for visit in visits} == {True, False}


def test_nobody_is_asked_before_he_allows_it(month: Month) -> None:
    early = [
        (number, earlier, later)
        for number, visits in month.visits.items()
        for earlier, later in pairwise(visits)
        if later.at - earlier.at < month.least(number, earlier) - SECOND
        # What a killed process had asked and could not note any more is asked once more.
        and earlier.at not in month.kills
    ]

    assert early == []


def test_nobody_is_forgotten(month: Month) -> None:
    when = looks(month.root)
    forgotten = []
    for number, visits in month.visits.items():
        failures = 0
        for visit, after in zip(visits, [*visits[1:], None], strict=True):
            failures = 0 if visit.good else failures + 1
            last = month.deadline(number, visit, max(failures, 1), when)
            if last is not None and (after is None or after.at > last):
                forgotten.append((number, visit, after, last))

    assert forgotten == []


def test_every_entry_is_stored_once(month: Month) -> None:
    with closing(sqlite3.connect(month.root / "var/feedsvc.db")) as database:
        rows = database.execute(
            "SELECT source.name, declared FROM article JOIN source ON source.id = source_id"
        )
        stored: dict[str, Counter[str]] = defaultdict(Counter)
        for name, declared in rows:
            stored[name][declared] += 1
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()

    assert sound == "ok"
    for number, served in month.served.items():
        assert stored[f"s{number}"] == Counter(served)
