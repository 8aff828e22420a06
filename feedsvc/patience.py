"""Deadlines for what others do, a server or a process aside, not for what we do meanwhile.

All exchanges of a run share one event loop with the reading of documents. One that takes a second
to read halts all the others, and after a few of those a plain timeout would find a server slow that
had answered long ago: a hostile document would cost other sources their visit. So the loop's pulse
is felt, and the time in which it stood still is nobody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

_BEAT = 0.1  # seconds
_LATE = 0.05  # by which the pulse of a busy loop may be late


class Wait:
    """A wait that goes on; the time in which the loop stood still counts for nothing."""

    def __init__(self, pulse: _Pulse, seconds: float, timeout: asyncio.Timeout) -> None:
        self.over = False  # its time is
        self._pulse = pulse
        self._start = pulse.time()
        self._end: float | None = None
        self._seconds = seconds
        self._timeout = timeout
        self._alarm = asyncio.get_running_loop().call_later(max(seconds, 0), self._look)

    @property
    def spent(self) -> float:
        """Seconds it has taken."""
        end = self._pulse.time() if self._end is None else self._end
        return end - self._start

    @property
    def left(self) -> float:
        """Seconds it may still take."""
        return max(self._seconds - self.spent, 0.0)

    def end(self) -> None:
        """Whatever was waited for is there."""
        self._alarm.cancel()
        self._end = self._pulse.time()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._seconds - self.spent
        if left > 0:
            self._alarm = loop.call_later(left, self._look)
        else:
            self.over = True
            self._timeout.reschedule(loop.time())


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[Wait]:
    """Like `asyncio.timeout`, but the time in which the event loop stood still does not count."""
    pulse = _PULSES.setdefault(asyncio.get_running_loop(), _Pulse())
    pulse.begin()
    try:
        async with asyncio.timeout(None) as timeout:
            wait = Wait(pulse, seconds, timeout)
            try:
                yield wait
            finally:
                wait.end()
    finally:
        pulse.end()


class _Pulse:
    """The time of one event loop as it passes for those who wait in it."""

    def __init__(self) -> None:
        # Nothing here may keep its loop, which is what `_PULSES` forgets it by.
        self._waits = 0
        self._lost = 0.0
        self._due = 0.0
        self._beating: asyncio.TimerHandle | None = None

    def time(self) -> float:
        """Seconds that do not pass while the loop stands still."""
        return _now() - self._lost - self._late()

    def begin(self) -> None:
        self._waits += 1
        if self._waits == 1:
            self._again()

    def end(self) -> None:
        self._waits -= 1
        if not self._waits and self._beating is not None:
            self._beating.cancel()
            self._beating = None

    def _again(self) -> None:
        self._due = _now() + _BEAT
        self._beating = asyncio.get_running_loop().call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._lost += self._late()
        self._again()

    def _late(self) -> float:
        return max(_now() - self._due - _LATE, 0.0)


def _now() -> float:
    return asyncio.get_running_loop().time()


_PULSES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pulse] = WeakKeyDictionary()
