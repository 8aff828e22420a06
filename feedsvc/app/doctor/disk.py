"""Is there room: bytes and inodes, for the store, the output directory and the backups?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.places import places_of
from feedsvc.app.doctor.report import (
    PUBLISHING,
    STORE,
    Check,
    doubtful,
    in_bytes,
    left_out,
    well,
    wrong,
)

_LEAST = 32 * 1024**2  # bytes: a journal of the store, before it goes into the database
_LITTLE = 512 * 1024**2
_SHARE = 0.02  # of a disk, for the same: large disks fill as fast as small ones
_FEW = 1_000  # inodes: a few hundred documents, four files each
_NONE = 20


def examine(case: Case) -> Iterator[Check]:
    """One check for each disk that something of ours lies on."""
    if case.settings is None or case.database is None:
        yield left_out("disk", "there is no configuration that can be used")
        return
    disks: dict[int, tuple[list[str], Path, int]] = {}
    for what, path in places_of(case.settings):
        if what.startswith("source"):
            continue
        lies = _nearest(path)
        try:
            device = lies.stat().st_dev
        except OSError as error:
            yield doubtful("disk", f"{lies}: {error.strerror}", "is its disk mounted?")
            continue
        code = STORE if what in {"the store", "the backup folder"} else PUBLISHING
        found = disks.setdefault(device, ([], lies, code))
        found[0].append(what)
    needed = _size(case.database)
    for number, (held, lies, code) in enumerate(disks.values()):
        name = "disk" if number == 0 else f"disk.{number + 1}"
        told = os.statvfs(lies)
        room = told.f_bavail * told.f_frsize
        whole = told.f_blocks * told.f_frsize
        # Btrfs and others have no inodes to run out of, and say 0 of 0.
        left = told.f_favail if told.f_files else None
        yield judge(
            name, f"{_listed(held)} on {_mount(lies)}", room=room, whole=whole, inodes=left,
            needed=needed if "the store" in held else 0, code=code,
        )  # fmt: skip


def judge(
    name: str, what: str, *, room: int, whole: int, inodes: int | None, needed: int, code: int
) -> Check:
    """The check of one disk; `needed` bytes are what the largest work on it takes."""
    told = f"{in_bytes(room)} free for {what}"
    make_room = "make room: nothing that is stored is lost, and nothing new can be written"
    if room < _LEAST:
        return wrong(name, f"only {told}", make_room, code=code)
    if inodes is not None and inodes < _NONE:
        return wrong(
            name, f"no inodes are left for {what}: no file can be made",
            "remove small files, or move to a disk made with more inodes", code=code,
        )  # fmt: skip
    if inodes is not None and inodes < _FEW:
        return doubtful(name, f"only {inodes} inodes are left for {what}", "remove small files")
    if room < min(_LITTLE, _SHARE * whole) or room < _LITTLE // 4:
        return doubtful(name, f"only {told}", "make room before it is full")
    if room < needed:
        return doubtful(
            name,
            f"only {told}: a migration or a purge writes the database anew, "
            f"which takes {in_bytes(needed)}",
            "make room before the next update",
        )
    return well(name, told)


def _size(database: Path) -> int:
    try:
        return database.stat().st_size
    except OSError:
        return 0


def _listed(what: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(what[:-1]), what[-1])))


def _mount(path: Path) -> Path:
    """Where the disk of a path is mounted."""
    real = path.resolve()
    return next((place for place in (real, *real.parents) if place.is_mount()), real)


def _nearest(path: Path) -> Path:
    """What is there of a path."""
    for place in (path, *path.parents):
        if place.exists():
            return place
    return Path("/")
