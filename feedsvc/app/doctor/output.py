"""What lies in the output directory that should not: others' files, halves, links that leave it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import user_name
from feedsvc.app.doctor.report import Check, counted, doubtful, left_out, several, well
from feedsvc.publish.disk import is_unfinished

_NAMES = ("output.owner", "output.unfinished", "output.links")
_OLD = 3600.0  # seconds after which nobody is writing a file any more
_SECONDS = 8.0  # for the walk
_TOLD = 20  # paths that are kept of a kind


@dataclass(slots=True)
class _Walk:
    """What was seen in the directory."""

    files: int = 0
    whole: bool = True  # the walk came to its end
    others: dict[int, list[str]] = field(default_factory=dict)  # by owner
    halves: list[str] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # folders that cannot be looked into


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None:
        yield left_out("output", "there is no configuration that can be used")
        return
    directory = case.settings.publish.directory
    if not directory.is_dir():
        yield left_out("output", f"there is no {directory} yet")
        return
    seen = _walk(directory)
    so_far = "" if seen.whole else f" among the first {seen.files:,} files"
    yield _owners(seen, directory, so_far)
    yield _halves(seen, so_far)
    yield _links(seen, so_far)


def _owners(seen: _Walk, directory: Path, so_far: str) -> Check:
    name, mine = _NAMES[0], os.geteuid()
    if seen.closed:
        return doubtful(
            name, f"{several(seen.closed, 2)} cannot be looked into: {_closed_by(directory)}",
            "say this as the user that the daemon runs as",
        )  # fmt: skip
    wanted = directory.stat().st_uid if mine == 0 else mine
    others = {uid: paths for uid, paths in seen.others.items() if uid != wanted}
    if others:
        uid, paths = next(iter(sorted(others.items())))
        return doubtful(
            name,
            f"{several(paths, 2)} belong to {user_name(uid)}, the rest to {user_name(wanted)}"
            if len(paths) > 1
            else f"{paths[0]} belongs to {user_name(uid)}, the rest to {user_name(wanted)}",
            f"chown -R {user_name(wanted)} {directory}",
        )
    return well(name, f"{counted(seen.files, 'file')} of {user_name(wanted)}{so_far}")


def _halves(seen: _Walk, so_far: str) -> Check:
    name = _NAMES[1]
    if seen.halves:
        shown = several(seen.halves, 2)
        return doubtful(
            name,
            f"a build that was killed left {counted(len(seen.halves), 'unfinished file')}: {shown}",
            "the next build of that feed takes them away; nobody is served them",
        )
    return well(name, f"nothing half-written{so_far}")


def _links(seen: _Walk, so_far: str) -> Check:
    name = _NAMES[2]
    if seen.leaving:
        return doubtful(
            name,
            f"{several(seen.leaving, 2)} leads out of the output directory",
            "our server does not follow it, another one may: put the file itself there",
        )
    if seen.broken:
        return doubtful(name, f"{several(seen.broken, 2)} leads nowhere", "remove the link")
    return well(name, f"no link leads out of it{so_far}")


def _walk(directory: Path) -> _Walk:
    """Look at everything below a directory, as far as there is time."""
    seen, end, now = _Walk(), time.monotonic() + _SECONDS, time.time()
    root = os.path.realpath(directory)

    def refused(error: OSError) -> None:
        if len(seen.closed) < _TOLD:
            seen.closed.append(os.path.relpath(error.filename, root))

    for folder, folders, files in os.walk(root, onerror=refused):
        for name in (*files, *folders):
            path = f"{folder}/{name}"
            try:
                told = os.lstat(path)
            except OSError:  # it went, as unfinished files do
                continue
            shown = os.path.relpath(path, root)
            if stat.S_ISLNK(told.st_mode):
                _follow(path, shown, root, seen)
                continue
            seen.files += stat.S_ISREG(told.st_mode)
            kept = seen.others.setdefault(told.st_uid, [])
            if len(kept) < _TOLD:
                kept.append(shown)
            if is_unfinished(name) and now - told.st_mtime > _OLD:
                seen.halves.append(shown)
        if time.monotonic() > end:
            seen.whole = False
            break
    return seen


def _follow(path: str, shown: str, root: str, seen: _Walk) -> None:
    target = os.path.realpath(path)
    if not Path(target).exists():
        seen.broken.append(shown)
    elif target != root and not target.startswith(f"{root}/"):
        seen.leaving.append(shown)


def _closed_by(directory: Path) -> str:
    return f"parts of {directory} belong to another user"
