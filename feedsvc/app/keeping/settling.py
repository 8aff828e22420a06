"""The configuration in a backup: compared with the one in force, and put in its place if asked."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from os.path import normpath
from pathlib import Path
from typing import Literal

from feedsvc.app.keeping.archive import member_of, verify
from feedsvc.app.keeping.manifest import CONFIGURATION, DATABASE, Manifest
from feedsvc.config.discover import root_of
from feedsvc.errors import StoreError, UsageError
from feedsvc.model import utc
from feedsvc.settings import Settings
from feedsvc.store.copy import sync_file

Configuration = Literal["same", "differs", "absent", "restored"]


class Settling:
    """What a backup has of the configuration `settings.path` and of the lists beside it."""

    def __init__(
        self, settings: Settings, manifest: Manifest | None, room: Path, now: datetime
    ) -> None:
        self._stamp = f"{utc(now):%Y%m%dT%H%M%SZ}"
        self.notes: list[str] = []
        self.written: list[Path] = []
        self._files: dict[Path, bytes] = {}
        if manifest is not None and settings.path is not None:
            for member in manifest.members:
                place = self._place(settings.path, member.name, member.path)
                if place is not None:
                    self._files[place] = (room / member.name).read_bytes()
        same = all(_read(place) == data for place, data in self._files.items())
        self.outcome: Configuration = "absent" if not self._files else "same" if same else "differs"

    def _place(self, file: Path, name: str, path: str | None) -> Path | None:
        if name == CONFIGURATION:
            return file
        if name == DATABASE or path is None:
            return None
        root = root_of(file)
        place = Path(normpath(root / path))
        # Not where somebody else's backup says, through links neither.
        if place == root or not place.resolve().is_relative_to(root.resolve()):
            self.notes.append(f"{path} lies elsewhere than the configuration, and was left alone")
            return None
        return place

    def put(self) -> None:
        """Put in place what differs; what was there is kept beside it. Raises OSError."""
        for place, data in self._files.items():
            before = _read(place)
            if before == data:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if before is not None:
                kept = place.with_name(f"{place.name}.before-restore-{self._stamp}.bak")
                shutil.copy2(place, kept)
                self.notes.append(f"{place} is kept as {kept.name}")
            _replace(place.resolve(), data)
            self.written.append(place)
        if self._files:
            self.outcome = "restored"


def configuration_of(file: Path) -> str:
    """The text of the configuration in a backup, which is checked first.

    Raises UsageError, StoreError and OSError.
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}", hint="give the backup to restore")
    verify(file)
    found = member_of(file, CONFIGURATION)
    if found is None:
        raise UsageError(f"there is no configuration in {file}", hint="leave out --with-config")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StoreError(f"the configuration in {file} is not UTF-8") from error


def _read(place: Path) -> bytes | None:
    return place.read_bytes() if place.is_file() else None


def _replace(place: Path, data: bytes) -> None:
    """A file as it is to be, at once; passwords may stand in it."""
    half = place.with_name(f".{place.name}.restored")
    half.unlink(missing_ok=True)
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(handle)
        if place.exists():
            half.chmod(place.stat().st_mode & 0o7777)
        half.replace(place)
        sync_file(place.parent)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
