"""Old backups make room for new ones, and nothing else does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.app.keeping import rotate, write_backup
from tests.support import DEFAULT_CONFIG, Service


@pytest.fixture
def desk(service: Service) -> Service:
    service.write("a.txt", "Ferry late\n\nFog.\n")
    service.sync()
    return service


def backups(service: Service, folder: Path, count: int) -> list[Path]:
    """Some backups, an hour apart."""
    found = []
    for _ in range(count):
        service.clock.tick(hours=1)
        report = write_backup(service.app, folder)
        assert report.path is not None
        found.append(report.path)
    return found


def test_the_newest_stay(desk: Service, tmp_path: Path) -> None:
    files = backups(desk, tmp_path / "kept", 5)

    gone = rotate(desk.app, tmp_path / "kept", 3)

    assert gone == tuple(files[:2])
    assert sorted((tmp_path / "kept").iterdir()) == files[2:]
    assert rotate(desk.app, tmp_path / "kept", 3) == ()


def test_the_last_one_always_stays(desk: Service, tmp_path: Path) -> None:
    files = backups(desk, tmp_path / "kept", 2)

    rotate(desk.app, tmp_path / "kept", 0)

    assert list((tmp_path / "kept").iterdir()) == files[1:]


def test_only_what_this_service_has_saved_goes(
    desk: Service, make_service: Callable[..., Service], tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    other = make_service(DEFAULT_CONFIG, "other")  # of the same name, and another store
    other.sync()
    theirs = backups(other, folder, 3)
    files = backups(desk, folder, 3)
    named = folder / "before-the-move.backup"
    shutil.copy(files[0], named)
    cut = folder / "feedsvc-20200101T000000Z.backup"
    cut.write_bytes(files[0].read_bytes()[:-1])
    notes = folder / "feedsvc-notes.backup"
    notes.write_text("what to do when the disk is gone")
    (folder / "feedsvc-20190101T000000Z.backup").symlink_to(named)
    (folder / "feedsvc-folder.backup").mkdir()

    gone = rotate(desk.app, folder, 1)

    assert gone == tuple(files[:2])
    left = {named, cut, notes, *theirs, files[2]}
    assert {path for path in folder.iterdir() if path.is_file()} == {
        *left, folder / "feedsvc-20190101T000000Z.backup",
    }  # fmt: skip


@pytest.mark.parametrize("days", [400, -400], ids=["it-was-ahead", "it-was-behind"])
def test_a_clock_that_was_wrong_does_not_cost_what_is_written_after_it(
    desk: Service, tmp_path: Path, days: int
) -> None:
    folder = tmp_path / "kept"
    good = backups(desk, folder, 2)
    desk.clock.tick(days=days)
    odd = backups(desk, folder, 2)
    desk.clock.tick(days=-days)
    last = backups(desk, folder, 1)

    rotate(desk.app, folder, 3)

    assert sorted(folder.iterdir()) == sorted([*good, *last])
    assert not set(odd) & set(folder.iterdir())


def test_what_was_written_just_now_stays_though_the_clock_went_back(
    desk: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    good = backups(desk, folder, 3)
    desk.clock.tick(days=-400)
    (fresh,) = backups(desk, folder, 1)

    rotate(desk.app, folder, 2, fresh=fresh)

    assert fresh in folder.iterdir()
    assert len(list(folder.iterdir())) == 2
    assert good[-1] in folder.iterdir()
