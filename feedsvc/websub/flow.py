"""Many errands at once, so that whoever hangs delays nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

# Seconds after which it is looked for more while some are under way. Not whenever one is done: with
# thousands that wait, each look takes longer than what it finds.
_LOOK = 0.25


class Lane(NamedTuple, Generic[T]):
    """Some of the errands, and how many of them are done at one time.

    Those that went wrong before have one of their own: however many hang, the others get through.
    """

    take: Callable[[int, Collection[int]], Sequence[T]]  # so many, but not these rows
    most: int


async def flow(
    *lanes: Lane[T], row: Callable[[T], int], do: Callable[[T], Awaitable[None]]
) -> None:
    """Do everything that there is to take, and that comes meanwhile.

    Ends when nothing is left; what `do` raises ends it at once.
    """
    under_way: dict[asyncio.Task[None], tuple[int, int]] = {}  # lane and row

    async def one(what: T) -> None:
        await do(what)

    try:
        while True:
            for number, lane in enumerate(lanes):
                free = lane.most - sum(its == number for its, _ in under_way.values())
                rows = [taken for _, taken in under_way.values()]
                for what in lane.take(free, rows) if free else ():
                    under_way[asyncio.create_task(one(what))] = number, row(what)
            if not under_way:
                return
            done, _ = await asyncio.wait(
                under_way, timeout=_LOOK, return_when=asyncio.FIRST_EXCEPTION
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
