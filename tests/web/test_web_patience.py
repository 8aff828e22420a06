"""Time passes for those who wait on a server, but not while we keep the event loop busy."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable

import pytest

from feedsvc.patience import Wait, patience
from feedsvc.web import Client
from tests.feedserver import Site

Make = Callable[..., Client]
MakeSite = Callable[..., Site]
Reply = Callable[..., bytes]


def waited(seconds: float, work: Callable[[], Awaitable[None]]) -> Wait:
    """A wait of at most so many seconds for some work."""

    async def run() -> Wait:
        async with patience(seconds) as wait:
            await work()
        return wait

    return asyncio.run(run())


async def forever() -> None:
    await asyncio.sleep(60)


async def busy_in_between() -> None:
    asyncio.get_running_loop().call_later(0.1, time.sleep, 2.0)
    await asyncio.sleep(0.5)


async def busy_at_first() -> None:
    await asyncio.sleep(0.1)
    time.sleep(2.0)
    await asyncio.sleep(0.1)


async def busy_again_and_again() -> None:
    for _ in range(4):
        time.sleep(0.6)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(busy_in_between, id="in-between"),
        pytest.param(busy_at_first, id="at-first"),
        pytest.param(busy_again_and_again, id="again-and-again"),
    ],
)
def test_the_time_in_which_the_loop_stands_still_is_nobodys(
    work: Callable[[], Awaitable[None]],
) -> None:
    wait = waited(1.5, work)

    assert not wait.over
    assert wait.spent < 1.5


@pytest.mark.parametrize("seconds", [0.2, 0.0, -1.0])
def test_a_wait_ends_when_its_time_is_over(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        waited(seconds, forever)


def test_what_the_work_raises_is_not_taken_for_its_end() -> None:
    async def work() -> None:
        raise TimeoutError("of another kind")

    with pytest.raises(TimeoutError, match="of another kind"):
        waited(5.0, work)


def test_a_wait_that_is_cancelled_is_cancelled() -> None:
    async def run() -> None:
        task = asyncio.create_task(one())
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    async def one() -> None:
        async with patience(5.0):
            await forever()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_loop_is_forgotten_with_its_end() -> None:
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with patience(5.0):
            await asyncio.sleep(0.15)

    loop.run_until_complete(run())
    loop.close()
    known = weakref.ref(loop)
    del loop
    gc.collect()

    assert known() is None


def test_an_answer_that_came_in_time_counts_however_late_it_is_read(
    client: Make, site: MakeSite, reply: Reply
) -> None:
    async def run() -> bytes:
        async with site(reply(b"<feed/>")) as server, client(timeout=1.0) as web:
            asyncio.get_running_loop().call_later(0.005, time.sleep, 2.5)
            first = asyncio.create_task(web.get(server.url()))
            second = asyncio.create_task(web.get(server.url("/other")))
            return (await first).body + (await second).body

    assert asyncio.run(run()) == b"<feed/><feed/>"
