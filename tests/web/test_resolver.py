"""Looking up names: many at a time, and none that holds up the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from threading import Barrier, BrokenBarrierError, Event, Lock

import pytest

from feedsvc.web.resolver import AT_ONCE, Resolver


def test_the_addresses_of_a_name() -> None:
    found = asyncio.run(Resolver()("localhost", 80))

    assert {"127.0.0.1", "::1"} & set(found)


def test_what_the_system_says_of_a_name_is_raised() -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise OSError(5, f"no {host}")

    with pytest.raises(OSError, match="no harbour"):
        asyncio.run(Resolver(look_up)("harbour", 80))


def test_names_are_looked_up_at_once_but_not_too_many() -> None:
    together = Barrier(AT_ONCE, timeout=20)
    lock, under_way, most = Lock(), 0, 0

    def look_up(host: str, port: int) -> list[str]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait()
        with lock:
            under_way -= 1
        return [host]

    async def ask() -> list[list[str]]:
        resolver = Resolver(look_up)
        return await asyncio.gather(*(resolver(f"h{n}", 80) for n in range(3 * AT_ONCE)))

    try:
        found = asyncio.run(ask())
    except BrokenBarrierError:
        pytest.fail("they were not looked up at once")

    assert found == [[f"h{n}"] for n in range(3 * AT_ONCE)]
    assert most <= AT_ONCE


def test_who_gives_up_waiting_harms_no_other() -> None:
    released = Event()

    def look_up(host: str, port: int) -> list[str]:
        if host == "dead":
            released.wait(20)
        return [host]

    async def ask() -> list[str]:
        resolver = Resolver(look_up)
        waiting = [asyncio.create_task(resolver("dead", 80)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        released.set()
        return await resolver("alive", 80)

    assert asyncio.run(ask()) == ["alive"]


@pytest.mark.timeout(60)
def test_a_name_server_that_does_not_answer_holds_up_no_end() -> None:
    script = (
        "import asyncio, time\n"
        "from feedsvc.web.resolver import Resolver\n"
        "resolver = Resolver(lambda host, port: time.sleep(60))\n"
        "async def ask():\n"
        "    try:\n"
        "        await asyncio.wait_for(resolver('dead', 80), 0.1)\n"
        "    except TimeoutError:\n"
        "        print('given up')\n"
        "asyncio.run(ask())\n"
    )
    began = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert (done.stdout, done.stderr) == ("given up\n", "")
    assert time.monotonic() - began < 15
