"""Is there a backup, whole, and young enough to be of use?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import Check, doubtful, in_time, left_out, several, well
from feedsvc.app.keeping.archive import is_sealed, manifest_of
from feedsvc.app.keeping.places import backup_folder, is_named_so
from feedsvc.errors import FeedsvcError, StoreError
from feedsvc.manners.calendar import Calendar
from feedsvc.settings import Settings

_CHORE = "backup"
_LEAST = timedelta(days=2)  # one that failed once is no reason to wake anybody
_BY_HAND = timedelta(days=8)  # of those that a cron line makes, once a week
_NAME = "backup"


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None or case.database is None:
        yield left_out(_NAME, "there is no configuration that can be used")
    elif not case.database.exists():
        yield well(_NAME, "there is nothing to save yet")
    else:
        yield _newest(case, case.settings)


def _newest(case: Case, settings: Settings) -> Check:
    folder, now = backup_folder(settings), case.clock.now()
    by_itself = settings.maintenance.backup is not None
    try:
        files = sorted(f for f in folder.iterdir() if is_named_so(f.name)) if _is(folder) else []
    except OSError as error:
        return doubtful(_NAME, f"{folder} cannot be read: {error.strerror}", "check its rights")
    hint = _last_failure(case) or (
        "`feedsvc backup` makes one now; `feedsvc run` makes one at each time of `at`"
        if by_itself
        else 'set backup = "backups" under [maintenance], or `feedsvc backup` by cron'
    )
    if not files:
        return doubtful(
            _NAME,
            f"there is no backup in {folder}: ids that were given once cannot be given again",
            hint,
        )
    made = {file: when for file in files if (when := _made(file)) is not None}
    broken = [file.name for file in files if file not in made]
    if files[-1] not in made:
        return doubtful(
            _NAME, f"{several(broken[::-1], 2)} in {folder} is cut off or damaged", hint
        )
    newest = max(made, key=lambda file: made[file])
    age = max(now - made[newest], timedelta())
    shown = f"{newest} is {in_time(age.total_seconds())} old"
    if age > (_allowed(settings, now) if by_itself else _BY_HAND):
        return doubtful(_NAME, f"the newest backup is too old: {shown}", hint)
    return well(_NAME, shown)


def _made(file: Path) -> datetime | None:
    """When a backup was made; None for a file that is no whole one."""
    try:
        return manifest_of(file).made if is_sealed(file) else None
    except (StoreError, OSError):
        return None


def _allowed(settings: Settings, now: datetime) -> timedelta:
    """Twice what lies between two of them."""
    calendar = Calendar(settings.maintenance.at, settings.site.timezone)
    return max(_LEAST, 2 * calendar.gap(now))


def _is(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def _last_failure(case: Case) -> str | None:
    """Why the daemon could not make one, the last time it tried."""
    look = case.look
    if look is None:
        return None
    from feedsvc.store.look import NEWEST

    try:
        if look.revision() != NEWEST:
            return None
        with look.store() as store:
            chore = store.chores().get(_CHORE)
    except FeedsvcError:  # which the checks of the database tell
        return None
    return f"the last one failed: {chore.reason}" if chore and chore.outcome == "failed" else None
