"""Many errands at once, so that whoever hangs delays nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

T = TypeVar("T")

_LOOK = 0.25  # seconds after which it is looked for more while some are under way


async def flow(
    take: Callable[[int, Collection[int]], Sequence[T]],
    row: Callable[[T], int],
    do: Callable[[T], Awaitable[None]],
    *,
    most: int,
) -> None:
    """Do everything that there is to take, and that comes meanwhile, `most` at one time.

    `take` is asked for so many, but not for these rows, which are under way. Ends when nothing is
    left; what `do` raises ends it at once.
    """
    under_way: dict[asyncio.Task[None], int] = {}

    async def one(what: T) -> None:
        await do(what)

    try:
        while True:
            free = most - len(under_way)
            for what in take(free, under_way.values()) if free else ():
                under_way[asyncio.create_task(one(what))] = row(what)
            if not under_way:
                return
            done, _ = await asyncio.wait(
                under_way, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                del under_way[task]
            for task in done:
                task.result()
    finally:
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
