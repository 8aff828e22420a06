"""Old backups make room for new ones; only those of this service, and never the last."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.app.keeping.archive import is_sealed, manifest_of
from feedsvc.app.keeping.manifest import Manifest, Service
from feedsvc.app.keeping.places import is_named_so
from feedsvc.app.keeping.writing import service_of
from feedsvc.errors import StoreError

if TYPE_CHECKING:
    from feedsvc.app import App


def rotate(app: App, folder: Path, keep: int, *, fresh: Path | None = None) -> tuple[Path, ...]:
    """Delete all but the newest `keep` backups of this service; returns which went.

    `fresh` was written just now and stays. Nothing else that lies in the folder is touched: what
    another service saved there, what somebody gave a name of his own, what cannot be read. Raises
    StoreError.
    """
    service, now = service_of(app.settings), app.clock.now()
    found = {file: made for file in _files(folder) if (made := _made(file, service)) is not None}
    # What a clock wrote that was ahead is no newer than all that comes after it was put right.
    order = sorted(found, key=lambda file: (file == fresh, found[file] <= now, found[file]))
    gone = order[: -max(1, keep)]
    for file in gone:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"the old backup {file} cannot be deleted: {error.strerror}",
                hint="check the rights of the folder",
            ) from error
    return tuple(gone)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if is_named_so(file.name))
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror}") from error


def _made(file: Path, service: Service) -> datetime | None:
    """When this service made a backup; None if it did not, or one that is cut off."""
    if file.is_symlink() or not file.is_file() or not is_sealed(file):
        return None
    try:
        found: Manifest = manifest_of(file)
    except (StoreError, OSError):
        return None
    return found.made if _is_same(found.service, service) else None


def _is_same(one: Service, other: Service) -> bool:
    return (one.id_domain, one.id_since, one.store) == (
        other.id_domain, other.id_since, other.store,
    )  # fmt: skip
