"""Is there a backup, and is it young enough to be of use?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import Check, doubtful, in_bytes, in_time, left_out, well
from feedsvc.manners.calendar import Calendar
from feedsvc.settings import Settings

_CHORE = "backup"
_LEAST = timedelta(days=2)  # one that failed once is no reason to wake anybody
_HALVES = (".tmp", "-wal", "-shm", "-journal", ".part")


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    name = "backup"
    settings = case.settings
    if settings is None or case.database is None:
        yield left_out(name, "there is no configuration that can be used")
    elif not case.database.exists():
        yield well(name, "there is nothing to save yet")
    elif settings.maintenance.backup is None:
        yield doubtful(
            name, "no backups are made: ids that were given once cannot be given again",
            'set backup = "backups" under [maintenance], or `feedsvc backup` by cron',
        )  # fmt: skip
    else:
        yield _of_folder(case, settings, settings.maintenance.backup)


def _of_folder(case: Case, settings: Settings, folder: Path) -> Check:
    name, now = "backup", case.clock.now()
    newest: tuple[datetime, Path, int] | None = None
    try:
        for file in folder.iterdir() if folder.is_dir() else ():
            told = file.stat()
            if file.name.startswith(".") or file.name.endswith(_HALVES) or not file.is_file():
                continue
            one = (datetime.fromtimestamp(told.st_mtime, UTC), file, told.st_size)
            newest = one if newest is None else max(newest, one)
    except OSError as error:
        return doubtful(name, f"{folder} cannot be looked into: {error.strerror}", "check its rights")
    failed = _last_failure(case)
    hint = failed or "`feedsvc backup` makes one now; `feedsvc run` makes one on each day of `at`"
    if newest is None:
        return doubtful(name, f"there is no backup in {folder}", hint)
    at, file, size = newest
    age, allowed = now - at, _allowed(settings, now)
    shown = f"{file} is {in_time(max(age, timedelta()).total_seconds())} old"
    if size == 0:
        return doubtful(name, f"{file} is empty", hint)
    if age > allowed:
        return doubtful(name, f"the newest backup is too old: {shown}", hint)
    return well(name, f"{shown}, {in_bytes(size)}")


def _allowed(settings: Settings, now: datetime) -> timedelta:
    """Twice what lies between two of them."""
    calendar = Calendar(settings.maintenance.at, settings.site.timezone)
    return max(_LEAST, 2 * calendar.gap(now))


def _last_failure(case: Case) -> str | None:
    """Why the daemon could not make one, the last time it tried."""
    look = case.look
    if look is None:
        return None
    from feedsvc.errors import FeedsvcError
    from feedsvc.store.look import NEWEST

    try:
        if look.revision() != NEWEST:
            return None
        with look.store() as store:
            chore = store.chores().get(_CHORE)
    except FeedsvcError:  # which the checks of the database tell
        return None
    return f"the last one failed: {chore.reason}" if chore and chore.outcome == "failed" else None
