"""A backup becomes the service again: wholly, or nothing is touched.

    seal -> manifest -> unpacked -> every digest, every page -> schema of today -> the store's place

A database that a migration or a restore has put aside (`.bak`) is taken as well: it has no seal, so
only its pages are checked.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from time import monotonic
from urllib.parse import quote

from feedsvc.app.keeping.archive import manifest_of, unpack, verify
from feedsvc.app.keeping.manifest import DATABASE, Manifest
from feedsvc.app.keeping.places import database_of
from feedsvc.app.keeping.settling import Configuration, Settling
from feedsvc.app.keeping.workroom import workroom
from feedsvc.app.keeping.writing import service_of, step_of
from feedsvc.errors import LockedError, PublishError, StoreError, UsageError
from feedsvc.model import LogEntry, iso_utc, utc
from feedsvc.ports import Progress
from feedsvc.publish.directory import Directory
from feedsvc.regenerate.broken import NOTE
from feedsvc.settings import Settings
from feedsvc.store import SqlStore
from feedsvc.store.copy import faults, snapshot
from feedsvc.store.engine import connect
from feedsvc.store.locks import hold, hold_all
from feedsvc.store.migrate import bring_up_to_date, check_known
from feedsvc.store.replace import put_in_place
from feedsvc.store.whole import Facts, facts, foreign, lies_at, published_in

_DATABASE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    file: Path
    force: bool = False  # a store with articles is moved aside
    check: bool = False  # change nothing
    with_configuration: bool = False  # put that in place as well


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreReport:
    """What was done; with `check`, what would be."""

    manifest: Manifest | None  # None: of a database that was put aside
    store: Path
    found: Facts  # in the backup
    revision: str  # of the store now
    aside: Path | None  # where the old store is
    configuration: Configuration
    files: tuple[Path, ...]  # that were put in place beside the store
    notes: tuple[str, ...]
    seconds: float


def restore(
    settings: Settings, request: Request, *, now: datetime, progress: Progress | None = None
) -> RestoreReport:
    """Let the store of a configuration be what it was when a backup was made.

    Raises UsageError if that is not to be done like this, LockedError while anybody is at work on
    the store, StoreError for a backup that is damaged or of a newer version; nothing was changed
    then.
    """
    began, file, database = monotonic(), request.file, database_of(settings)
    with _troubles(file), ExitStack() as stack:
        manifest = _told_by(file, database, progress)
        before = _replaceable(database, force=request.force)
        room = stack.enter_context(_room(database, request))
        if manifest is not None:
            _unpack(file, manifest, room, progress)
        else:
            snapshot(file, room / DATABASE, step_of(progress, "copying"))
        fresh = room / DATABASE
        found = _checked(fresh, manifest, file, progress)
        revision = _brought_up_to_date(fresh, _entry(request, manifest, now))
        aside = _aside(database, now) if before in ("store", "damaged") else None
        settling = Settling(settings, manifest, room, now)
        notes = list(_of_another(settings, manifest))
        if not request.check:
            notes += _note_strays(settings, database, before)
            put_in_place(fresh, database, aside=aside, step=step_of(progress, "putting in place"))
            if request.with_configuration:
                settling.put()
    return RestoreReport(
        manifest=manifest, store=database, found=found, revision=revision, aside=aside,
        configuration=settling.outcome, files=tuple(settling.written),
        notes=(*notes, *settling.notes), seconds=monotonic() - began,
    )  # fmt: skip


@contextmanager
def _troubles(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{file} could not be restored: {error.filename or ''}: {error.strerror or error}",
            hint="check room and rights; the store is as it was",
        ) from error


# -- what is there -------------------------------------------------------------------------------


def _told_by(file: Path, database: Path, progress: Progress | None) -> Manifest | None:
    """What a backup says of itself, once all of it was read; None for a database set aside."""
    if not file.exists():
        raise UsageError(f"there is no file {file}", hint="give the backup to restore")
    if not file.is_file():
        raise UsageError(f"{file} is no file", hint="give the backup to restore")
    if database.exists() and file.samefile(database):
        raise UsageError(f"{file} is the store itself", hint="give the backup to restore")
    with file.open("rb") as stream:
        if stream.read(len(_DATABASE)) == _DATABASE:
            return None
    verify(file, step_of(progress, "reading"))
    manifest = manifest_of(file)
    check_known(str(file), manifest.revision)
    return manifest


def _replaceable(database: Path, *, force: bool) -> str:
    """What lies at the place of the store; raises if it has to stay there."""
    found = lies_at(database)
    if found == "other":
        raise foreign(database, "another one's")
    if found == "store" and not force:
        raise UsageError(
            f"{database} holds articles already",
            hint="--force puts the backup in its place, and keeps the old store beside it",
        )
    if found == "damaged" and not force:
        raise UsageError(
            f"{database} is damaged, but something of it may be there still",
            hint="--force puts the backup in its place, and keeps the old file beside it",
        )
    return found


@contextmanager
def _room(database: Path, request: Request) -> Iterator[Path]:
    """Where to unpack, while nobody is at work on the store."""
    folder = database.parent
    if request.check and not folder.is_dir():
        with workroom(Path(gettempdir())) as room:
            yield room
        return
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(hold(database, "migrate", timeout=0))
            stack.enter_context(hold_all(database))
        except LockedError as error:
            raise LockedError(f"nothing can be restored now: {error}", hint=error.hint) from error
        yield stack.enter_context(workroom(folder))


# -- what comes ----------------------------------------------------------------------------------


def _unpack(file: Path, manifest: Manifest, room: Path, progress: Progress | None) -> None:
    needed = sum(member.size for member in manifest.members)
    if needed > shutil.disk_usage(room).free:
        raise StoreError(
            f"{file} holds {needed / 1e6:.0f} MB, for which there is no room in {room.parent}",
            hint="make room on the disk",
        )
    unpack(file, room, step_of(progress, "unpacking"))


def _checked(
    fresh: Path, manifest: Manifest | None, file: Path, progress: Progress | None
) -> Facts:
    """What the store in a backup says of itself; raises StoreError unless it is a whole one."""
    try:
        wrong = faults(fresh, step_of(progress, "checking"))
        found = facts(fresh) if not wrong else None
    except StoreError as error:
        raise StoreError(f"{file} holds no store of feedsvc: {error}") from error
    if found is None:
        raise StoreError(f"{file} is damaged: {wrong[0]}", hint="take another backup")
    check_known(str(file), found.revision)
    if manifest is not None and found.revision != manifest.revision:
        raise StoreError(f"{file} is damaged: its store is not the one it tells of")
    return found


def _brought_up_to_date(fresh: Path, entry: LogEntry) -> str:
    """Migrate the store before it is in its place: a step that fails has then changed nothing."""
    engine = connect(f"sqlite:///{quote(str(fresh))}")
    try:
        bring_up_to_date(engine)
        SqlStore(engine, ()).log([entry])
    finally:
        engine.dispose()
    return facts(fresh).revision


def _entry(request: Request, manifest: Manifest | None, now: datetime) -> LogEntry:
    """What `feedsvc log` will say: nothing else explains why later articles are not there."""
    of = f", as of {iso_utc(manifest.made)}" if manifest else ""
    return LogEntry(
        at=now, level="warning", kind="maintenance", subject="restore",
        message=f"the store was restored from {request.file.name}{of}",
    )  # fmt: skip


# -- what follows --------------------------------------------------------------------------------


def _aside(database: Path, now: datetime) -> Path:
    stem, number = f"{database.name}.before-restore-{utc(now):%Y%m%dT%H%M%SZ}", 1
    aside = database.with_name(f"{stem}.bak")
    while aside.exists():
        number += 1
        aside = database.with_name(f"{stem}-{number}.bak")
    return aside


def _of_another(settings: Settings, manifest: Manifest | None) -> Iterator[str]:
    """A service of another name mints other ids from now on."""
    if manifest is None:
        return
    then, now = manifest.service, service_of(settings)
    if (then.id_domain, then.id_since) != (now.id_domain, now.id_since):
        yield (
            f"its ids were minted as {then.id_domain},{then.id_since}; "
            f"by this configuration new ones are {now.id_domain},{now.id_since}"
        )


def _note_strays(settings: Settings, database: Path, before: str) -> Iterator[str]:
    """Let the next build look at everything, and take down what the old store has published since.

    It is the note that a build leaves which is broken off.
    """
    public = settings.publish.directory
    if not public.is_dir():
        return
    publisher, folders = Directory(public), set[str]()
    if before == "store":
        with suppress(StoreError):  # of another schema: the folders of today's feeds remain
            folders |= published_in(database)
    with suppress(ValueError, TypeError):
        folders |= set(map(str, json.loads(publisher.read(NOTE) or b"[]")))
    try:
        publisher.keep(NOTE, json.dumps(sorted(folders)).encode())
    except PublishError as error:
        yield f"files of the old store may stay in {public}: {error}"
