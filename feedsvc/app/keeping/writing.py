"""A backup is written: online, beside a daemon and syncs at work."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from feedsvc import __version__
from feedsvc.app.keeping.archive import Out, digest_of, pack
from feedsvc.app.keeping.manifest import CONFIGURATION, DATABASE, Manifest, Member, Service
from feedsvc.app.keeping.places import backup_folder, database_of, place_for
from feedsvc.app.keeping.workroom import workroom
from feedsvc.config.discover import root_of
from feedsvc.errors import LockedError, StoreError
from feedsvc.ports import Progress
from feedsvc.settings import Settings
from feedsvc.store.copy import Step, faults, snapshot, sync_file
from feedsvc.store.locks import hold
from feedsvc.store.whole import facts, revision_of

if TYPE_CHECKING:
    from feedsvc.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What was written, and where; `path` is None for a stream."""

    path: Path | None
    size: int
    manifest: Manifest
    seconds: float
    notes: tuple[str, ...] = ()  # what is not in it though it should be


@dataclass(frozen=True, slots=True)
class _Content:
    manifest: Manifest
    files: tuple[Path | bytes, ...]
    notes: tuple[str, ...]


def write_backup(
    app: App, target: Path | None = None, *, folder: bool = True, progress: Progress | None = None
) -> BackupReport:
    """Save the service; with `folder`, `target` is where the file gets a name of its own.

    Without a target that is the folder of the configuration. What `progress` raises ends it, and
    nothing is left then. Raises UsageError for a place that is none, LockedError if another backup
    of this store is being written, and StoreError.
    """
    began, made = monotonic(), app.clock.now()
    folder = folder or target is None
    target = target or backup_folder(app.settings)
    with _alone(app.settings), _troubles(target):
        place = place_for(app.settings, target, made, folder=folder)
        with workroom(place.parent) as room, _content(app.settings, made, progress) as it:
            whole = room / "backup"
            with whole.open("xb") as out:
                whole.chmod(0o600)
                size = pack(out, it.manifest, it.files, step_of(progress, "packing"))
                out.flush()
                os.fsync(out.fileno())
            whole.replace(place)
            sync_file(place.parent)
    return BackupReport(
        path=place, size=size, manifest=it.manifest, seconds=monotonic() - began, notes=it.notes
    )


def stream_backup(app: App, out: Out, *, progress: Progress | None = None) -> BackupReport:
    """Save the service into a stream; raises as `write_backup` does, and OSError."""
    began, made = monotonic(), app.clock.now()
    with _alone(app.settings), _content(app.settings, made, progress) as it:
        size = pack(out, it.manifest, it.files, step_of(progress, "packing"))
    return BackupReport(
        path=None, size=size, manifest=it.manifest, seconds=monotonic() - began, notes=it.notes
    )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    database = database_of(settings)
    if revision_of(database) is None:
        raise StoreError(
            f"there is nothing to save: no store at {database}", hint="`feedsvc sync` makes it"
        )
    try:
        with hold(database, "backup", timeout=0):
            yield
    except LockedError as error:
        raise LockedError(
            "another backup of this store is being written", hint="wait for it"
        ) from error


@contextmanager
def _troubles(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"no backup could be written to {target}: {error.strerror or error}",
            hint="check room and rights of the place; nothing was left there",
        ) from error


@contextmanager
def _content(settings: Settings, made: datetime, progress: Progress | None) -> Iterator[_Content]:
    """Everything that goes into a backup, as it is at this moment.

    The copy lies beside the store, where SQLite has what it needs; the place of the backup may be
    another machine's.
    """
    database = database_of(settings)
    with workroom(database.parent) as room:
        copy = room / DATABASE
        snapshot(database, copy, step_of(progress, "copying"))
        wrong = faults(copy, step_of(progress, "checking"))
        if wrong:
            raise StoreError(
                f"{database} is damaged, and was not saved: {wrong[0]}",
                hint="`feedsvc restore` puts an earlier backup in its place",
            )
        known = facts(copy)
        members, files, notes = [], list[Path | bytes](), []
        for name, file, path in _beside(settings):
            try:
                data = file.read_bytes()
            except OSError as error:
                # The store is what cannot be had again: it is not lost for want of this.
                notes.append(f"{file} is not in it: {error.strerror}")
                continue
            members.append(_member(name, data, path))
            files.append(data)
        # Last, since it is the large one: what else is wanted is found before it.
        size, digest = digest_of(copy, step_of(progress, "reading"))
        members.append(Member(name=DATABASE, size=size, sha256=digest))
        files.append(copy)
        manifest = Manifest(
            made=made,
            version=__version__,
            revision=known.revision,
            sources=known.sources,
            articles=known.articles,
            service=service_of(settings),
            members=tuple(members),
        )
        yield _Content(manifest, tuple(files), tuple(notes))


def _beside(settings: Settings) -> Iterator[tuple[str, Path, str | None]]:
    """The other files: the name of each in a backup, where it lies, and where it belongs."""
    if settings.path is None:
        return
    yield CONFIGURATION, settings.path, None
    root = root_of(settings.path)
    lists = dict.fromkeys(
        one.path for one in settings.sources if one.kind == "opml" and one.path is not None
    )
    for number, file in enumerate(lists, start=1):
        inside = file.is_relative_to(root)
        yield f"list-{number}.opml", file, str(file.relative_to(root) if inside else file)


def _member(name: str, data: bytes, path: str | None) -> Member:
    digest = hashlib.sha256(data).hexdigest()
    return Member(name=name, size=len(data), sha256=digest, path=path)


def service_of(settings: Settings) -> Service:
    """Who is saved."""
    return Service(
        id_domain=settings.site.id_domain,
        id_since=settings.site.id_since,
        base_url=settings.site.base_url,
        store=str(database_of(settings).resolve()),
        configuration=None if settings.path is None else str(settings.path.resolve()),
    )


def step_of(progress: Progress | None, what: str) -> Step | None:
    """Tells how far something is."""
    return None if progress is None else partial(progress, what)
