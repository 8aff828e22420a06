"""The clock of this machine; what becomes of one that is set is in `clockwork.py`."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4


class SystemClock:
    """The time of day of this machine."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since the machine was started; those that it slept count."""
        # Linux stops CLOCK_MONOTONIC while a machine sleeps; others do not, and lack the first.
        which = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if which is None else time.clock_gettime(which)

    def boot(self) -> str:
        """The name of this start of the machine; of this process, where that has none."""
        return _boot()

    async def sleep(self, seconds: float) -> None:
        """Wait, and let others go on."""
        await asyncio.sleep(seconds)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return uuid4().hex
