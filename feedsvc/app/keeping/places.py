"""Where a backup goes, and where it must not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from feedsvc.app.keeping.archive import is_sealed
from feedsvc.errors import UsageError
from feedsvc.model import utc
from feedsvc.settings import Settings
from feedsvc.store.engine import file_of

ENDING = ".backup"
_PREFIX = "feedsvc-"
_JOURNALS = ("-wal", "-shm", "-journal")


def database_of(settings: Settings) -> Path:
    """The file of the store; raises StoreError if it lies in none."""
    return file_of(settings.store.url)


def backup_folder(settings: Settings) -> Path:
    """Where backups go unless somebody says otherwise."""
    return settings.maintenance.backup or database_of(settings).parent / "backups"


def name_of(made: datetime) -> str:
    """What a backup is called: `feedsvc-20250601T120000Z.backup`."""
    return f"{_PREFIX}{utc(made):%Y%m%dT%H%M%SZ}{ENDING}"


def is_named_so(name: str) -> bool:
    """Whether a file is called as we call backups."""
    return name.startswith(_PREFIX) and name.endswith(ENDING)


def place_for(settings: Settings, target: Path, made: datetime, *, folder: bool) -> Path:
    """The file to write, in a folder that is there; raises UsageError and OSError.

    With `folder`, `target` is one, which is made if it has to be.
    """
    target = target.absolute()
    folder = folder or target.is_dir()
    place = target / name_of(made) if folder else target
    _refuse(settings, place)
    if folder:
        _make(target)
        number = 1
        while place.exists():  # of this second, perhaps of another service
            number += 1
            place = target / name_of(made).replace(ENDING, f"-{number}{ENDING}")
    elif not place.parent.is_dir():
        raise UsageError(f"there is no folder {place.parent}", hint="make it, or name another one")
    elif place.exists() and not (place.is_file() and is_sealed(place)):
        raise UsageError(
            f"{place} is there already and no backup", hint="only a backup is ever replaced by one"
        )
    return place.resolve()


def _refuse(settings: Settings, place: Path) -> None:
    meant = place.resolve()
    public = settings.publish.directory.resolve()
    if meant.is_relative_to(public):
        raise UsageError(
            f"{place} lies in the output directory: everybody could read it there",
            hint="name a place outside of it, or set `backup` under [maintenance]",
        )
    store = database_of(settings).resolve()
    taken = {store, *(store.with_name(store.name + ending) for ending in _JOURNALS)}
    if settings.path is not None:
        taken.add(settings.path.resolve())
    if meant in taken:
        raise UsageError(f"{place} belongs to the service itself", hint="name another file")


def _make(folder: Path) -> None:
    """A folder that only we may look into, as far as it is not there."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
