"""A machine that runs `feedsvc run` for a month of simulated time, and is treated badly.

    python -m tests.month FOLDER SEED DAYS     one life of its daemon, until it is killed or the end

Time is that of a small file which both sides map: what has passed in truth, and what the clock of
the machine makes of it. A life looks as the daemon does at every tick, and lets time pass between.
Now and then the clock is set, the machine sleeps, or the process kills itself amid its visits.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import signal
import struct
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from feedsvc.app import App
from feedsvc.config import load
from feedsvc.scheduler import Daemon
from tests.support import NOON

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SLOT = 8 * MINUTE  # between two looks: less than a tenth of the shortest interval
STEPS = (400 * DAY, -400 * DAY, 2 * HOUR, -2 * HOUR, 11 * MINUTE, -11 * MINUTE)
_FORM = struct.Struct("<dddd")  # passed, ahead, started, starts


class Machine:
    """What time it is: in truth, and by the clock of the machine. Both sides see the same."""

    def __init__(self, root: Path) -> None:
        place = root / "machine"
        if not place.exists():
            place.write_bytes(_FORM.pack(0.0, 0.0, 0.0, 0.0))
        self._file = place.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _FORM.size)
        self._looks = (root / "looks").open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._map.close()
        self._file.close()
        self._looks.close()

    def _read(self) -> tuple[float, ...]:
        return _FORM.unpack_from(self._map)

    def _write(self, at: int, value: float) -> None:
        struct.pack_into("<d", self._map, at * 8, value)

    @property
    def passed(self) -> float:
        """Seconds since the beginning, in truth."""
        return self._read()[0]

    @property
    def truth(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def let_pass(self, seconds: float) -> None:
        self._write(0, self.passed + seconds)

    def set_clock(self, by: float) -> None:
        self._write(1, self._read()[1] + by)

    def bears(self, by: float) -> bool:
        """Whether its clock may be set by so much: one that says 1999 is not believed."""
        return abs(self._read()[1] + by) < 500 * DAY

    def start_again(self) -> None:
        self._write(2, self.passed)
        self._write(3, self._read()[3] + 1)

    def look(self) -> None:
        """Note that the daemon has looked, and done all that it had to."""
        self._looks.write(struct.pack("<d", self.passed))

    # -- as a clock of ours ------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.truth + timedelta(seconds=self._read()[1])

    def elapsed(self) -> float:
        passed, _, since, *_ = self._read()
        return passed - since

    def boot(self) -> str:
        return f"boot {self._read()[3]:.0f}"

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def looks(root: Path) -> list[float]:
    """When the daemon has looked."""
    data = (root / "looks").read_bytes()
    return [moment for (moment,) in struct.iter_unpack("<d", data)]


def is_away(number: int, passed: float) -> bool:
    """Whether the host of a source has vanished for the day."""
    return number % 10 == 8 and int(passed / DAY) % 5 == 3


class Life:
    """One process of the daemon."""

    def __init__(self, root: Path, machine: Machine, chance: random.Random) -> None:
        self.machine, self.chance = machine, chance
        settings = load(root / "feedsvc.toml", cwd=root, environ={})
        self.daemon = Daemon(App(settings, machine, resolve=self.resolve))

    async def resolve(self, host: str, _port: int) -> list[str]:
        if is_away(int(host.partition(".")[0][1:]), self.machine.passed):
            raise OSError("no such host")
        return ["127.0.0.1"]

    async def look(self) -> None:
        """What a tick of the daemon does, and all that it begins."""
        await self.daemon._do_what_is_due()  # from within, as its ticks come in real time
        await self.daemon._rounds.settle()
        self.machine.look()

    async def until(self, end: float, death: float) -> None:
        """Live to the end, unless death comes first."""
        machine, chance = self.machine, self.chance
        while machine.passed < end:
            if machine.passed >= death:
                loop = asyncio.get_running_loop()
                loop.call_later(chance.uniform(0.0, 0.05), os.kill, os.getpid(), signal.SIGKILL)
                await self.look()
                os.kill(os.getpid(), signal.SIGKILL)
            await self.look()
            if chance.random() < 0.004:
                machine.set_clock(chance.choice([by for by in STEPS if machine.bears(by)]))
                await self.look()
            asleep = chance.random() < 0.0005
            machine.let_pass(1.5 * DAY if asleep else SLOT)
        await self.look()


def main(place: str, seed: str, days: str) -> int:
    root, chance = Path(place), random.Random(int(seed))
    end = float(days) * DAY
    with Machine(root) as machine:
        life = Life(root, machine, chance)
        death = machine.passed + chance.uniform(0.02, 1.5) * DAY
        if death > end - DAY:
            death = end + DAY  # the last day is lived to its end
        asyncio.run(life.until(end, death))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
