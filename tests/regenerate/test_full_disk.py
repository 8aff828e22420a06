"""A disk that fills up under archives, groups and pages: the last files stay, nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from feedsvc.regenerate import due_feeds
from tests.newsdesk import Newsdesk
from tests.support import FrozenClock, Service, readable

NUMBERS = range(1, 15)


@pytest.fixture
def mounted() -> Iterator[Callable[[Path], None]]:
    """Puts a disk of 3 MB at a place."""
    places: list[Path] = []

    def mount(place: Path) -> None:
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
        if (
            os.geteuid() != 0
            or subprocess.run(command, check=False, capture_output=True).returncode
        ):
            pytest.skip("no disk can be mounted here")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", place], check=True)


def _write(desk: Newsdesk, numbers: range, word: str) -> None:
    for number in numbers:
        said = {"titled": True, "link": "", "slug": "", "embargo": None, "expires": None}
        days = timedelta(days=-20 + number)
        desk.write(number, **said, date=days, tags=["sea", "crew"][: number % 3], word=word)


def _tick(service: Service) -> set[str]:
    """One build of the daemon; returns why something was held back."""
    due = due_feeds(service.app.store, service.app.settings.feeds, service.clock.now())
    report = service.regenerate(feeds=due, verify=False)
    return {one.reason or "" for one in report.publications if one.outcome == "held"}


@pytest.mark.parametrize("room", [0, 8_192, 65_536])
@pytest.mark.timeout(120)
def test_the_last_files_stay_and_all_is_there_once_there_is_room(
    tmp_path: Path, mounted: Callable[[Path], None], room: int
) -> None:
    root = tmp_path / "site"
    root.mkdir()
    mounted(root / "public")
    desk = Newsdesk(Service(root))
    service = desk.service
    _write(desk, NUMBERS[:9], "tide")
    service.sync()
    service.clock.tick(hours=2)
    _write(desk, NUMBERS[5:], "quay")
    service.sync(build=False)
    before = service.snapshot()
    service.restart()
    shutil.copytree(root, tmp_path / "twin")
    free = shutil.disk_usage(service.public).free - room
    (service.public / "filler").write_bytes(bytes(max(free, 0)))

    held = _tick(service)

    assert held
    assert all("No space left" in reason for reason in held)
    now = service.snapshot()
    assert before.keys() <= now.keys()
    if room == 0:
        assert {path: now[path] for path in before} == before
    (service.public / "filler").unlink()
    service.clock.tick(minutes=6)
    assert _tick(service) == set()
    service.regenerate()
    twin = Service(tmp_path / "twin", FrozenClock(service.clock.at))
    twin.regenerate()
    assert readable(service.public) == readable(twin.public)
    desk.look()
    twin.restart()
    service.restart()
