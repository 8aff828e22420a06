"""Last-Modified of a file that changes faster than the second it can name (RFC 9110 §8.8.2)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from feedsvc.serve.files import FRESH, Library
from feedsvc.serve.resource import Resource

Ask = Callable[..., Any]
Publish = Callable[[Path, bytes], None]
NOON = 1_700_000_000


@dataclass
class Desk:
    """A file, the time of day, and the library that reads it."""

    target: Path
    now: float = NOON

    def __post_init__(self) -> None:
        self.held = Library(self.target.parent, now=lambda: self.now)

    async def put(self, body: bytes, *, at: int) -> Resource:
        """The file as the library has it after it was written, dated `at`."""
        self.target.write_bytes(body)
        os.utime(self.target, (at, at))
        return await self.look()

    async def look(self) -> Resource:
        await asyncio.sleep(1.2 * FRESH)
        found = await self.held.get("/atom.xml")
        assert isinstance(found, Resource)
        return found


def said(resource: Resource) -> str | None:
    """The Last-Modified of the plain form."""
    return dict(resource.form("identity", document=False).fields).get("last-modified")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "atom.xml")


def test_another_version_of_the_same_second_is_later(desk: Desk) -> None:
    async def run() -> tuple[Resource, ...]:
        first = await desk.put(b"1", at=NOON)
        second = await desk.put(b"2", at=NOON)
        # The second that it is dated with has not come yet.
        desk.now += 1
        await asyncio.sleep(1)
        return first, second, await desk.look()

    first, second, settled = asyncio.run(run())

    assert (first.modified, second.modified, settled.modified) == (NOON, NOON + 1, NOON + 1)
    assert said(first) == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert said(second) is None
    assert said(settled) == "Tue, 14 Nov 2023 22:13:21 GMT"
    assert dict(second.form("identity", document=False).not_modified).get("last-modified") is None


def test_an_older_file_that_is_put_back_is_later(desk: Desk) -> None:
    async def run() -> tuple[Resource, ...]:
        desk.now += 500
        newer = await desk.put(b"2", at=NOON + 100)
        return newer, await desk.put(b"1", at=NOON)

    newer, older = asyncio.run(run())

    assert (newer.modified, older.modified) == (NOON + 100, NOON + 101)
    assert said(older) is not None


def test_the_same_bytes_keep_their_date_and_never_get_an_older_one(desk: Desk) -> None:
    async def run() -> tuple[Resource, ...]:
        desk.now += 500
        first = await desk.put(b"1", at=NOON + 100)
        older = await desk.put(b"1", at=NOON)
        return first, older, await desk.put(b"1", at=NOON + 200)

    first, older, later = asyncio.run(run())

    assert [one.modified - NOON for one in (first, older, later)] == [100, 100, 200]


def test_many_versions_of_one_second_do_not_run_ahead(desk: Desk) -> None:
    async def run() -> list[int]:
        return [(await desk.put(b"%d" % number, at=NOON)).modified for number in range(5)]

    assert asyncio.run(run()) == [NOON, *[NOON + 1] * 4]


def test_a_clock_that_is_put_back_does_no_harm(desk: Desk) -> None:
    async def run() -> tuple[Resource, ...]:
        first = await desk.put(b"1", at=NOON)
        desk.now -= 10_000
        second = await desk.put(b"2", at=NOON)
        desk.now += 5
        return first, second, await desk.put(b"2", at=NOON - 9_996)

    first, second, third = asyncio.run(run())

    assert [one.modified - NOON for one in (first, second, third)] == [0, -9_999, -9_996]


def test_who_asks_by_the_date_alone_misses_nothing(
    served: tuple[Path, int], ask: Ask, publish: Publish
) -> None:
    directory, port = served
    target = directory / "quick" / "atom.xml"
    publish(target, b"<feed>one</feed>")
    moment = int(time.time())
    os.utime(target, (moment, moment))
    date = ask(port, "/quick/atom.xml")[1]["last-modified"]

    publish(target, b"<feed>two</feed>")
    os.utime(target, (moment, moment))
    time.sleep(1.5 * FRESH)
    at_once = ask(port, "/quick/atom.xml", if_modified_since=date)
    time.sleep(1.2)
    later = ask(port, "/quick/atom.xml", if_modified_since=date)

    assert (at_once[0], at_once[2]) == (later[0], later[2]) == (200, b"<feed>two</feed>")
    assert parsedate_to_datetime(later[1]["last-modified"]) > parsedate_to_datetime(date)
    again = ask(port, "/quick/atom.xml", if_modified_since=later[1]["last-modified"])
    assert again[0] == 304
