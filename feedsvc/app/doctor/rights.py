"""May this user read what has to be read, and write what has to be written?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import daemon_of, user_name, user_of
from feedsvc.app.doctor.places import Place
from feedsvc.app.doctor.report import (
    PUBLISHING,
    SOURCES,
    STORE,
    Check,
    doubtful,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.settings import Settings

_UNREADABLE = os.R_OK | os.X_OK


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None or case.database is None:
        yield left_out("rights", "there is no configuration that can be used")
        return
    yield _store(case.database)
    yield _output(case.settings.publish.directory)
    yield from _written(case.settings)
    yield _sources(case.settings)
    yield _same_user(case.database)


def _store(database: Path) -> Check:
    name = "rights.store"
    if not _is_there(database):
        return _can_be_made(name, Place("the store", database), STORE)
    journal = [database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm")]
    for file in (database, *filter(_is_there, journal)):
        if _mode(file) is not None and not stat.S_ISREG(_mode(file) or 0):
            return wrong(name, f"{file} is no file", "set another [store] url", code=STORE)
        if not _may(file, os.R_OK | os.W_OK):
            return _refused(name, file, "read and write", STORE)
    # SQLite makes its journal beside the file, and we our locks.
    if not _may(database.parent, os.W_OK | os.X_OK):
        return _refused(name, database.parent, "make files in", STORE)
    return well(name, f"{me()} may write {database}")


def _output(directory: Path) -> Check:
    name = "rights.output"
    if not _is_there(directory):
        return _can_be_made(name, Place("the output directory", directory), PUBLISHING)
    if not directory.is_dir():
        return wrong(
            name, f"{directory} is no folder", "set another [publish] directory", code=PUBLISHING
        )
    if not _may(directory, os.R_OK | os.W_OK | os.X_OK):
        return _refused(name, directory, "write", PUBLISHING)
    return well(name, f"{me()} may write {directory}")


def _written(settings: Settings) -> Iterator[Check]:
    """The places that only some configurations have."""
    if (backup := settings.maintenance.backup) is not None:
        name = "rights.backup"
        if not _is_there(backup):
            yield _can_be_made(name, Place("the backup folder", backup), STORE)
        elif not backup.is_dir():
            yield wrong(name, f"{backup} is no folder", "set another [maintenance] backup",
                        code=STORE)  # fmt: skip
        elif not _may(backup, os.W_OK | os.X_OK):
            yield _refused(name, backup, "write", STORE)
        else:
            yield well(name, f"{me()} may write {backup}")
    if (log := settings.server.access_log) is not None:
        name = "rights.access-log"
        if _is_there(log) and not _may(log, os.W_OK):
            yield _refused(name, log, "write", PUBLISHING)
        elif not _is_there(log) and not _may(_nearest(log), os.W_OK | os.X_OK):
            yield _refused(name, _nearest(log), "make files in", PUBLISHING)
        else:
            yield well(name, f"{me()} may write {log}")


def _sources(settings: Settings) -> Check:
    name = "rights.sources"
    folders = [Place(s.name, s.path) for s in settings.sources if s.path is not None]
    if not folders:
        return well(name, "no source is a folder")
    missing = [place for place in folders if not _is_there(place.path)]
    if missing:
        first = missing[0]
        return wrong(
            name,
            f"source '{first.what}': there is no {first.path}{_more(missing)}",
            "make the folder, or mount its disk; until then the articles stay as they are",
            code=SOURCES,
        )
    closed = [
        place
        for place in folders
        if not _may(place.path, _UNREADABLE if place.path.is_dir() else os.R_OK)
    ]
    if closed:
        first = closed[0]
        return wrong(
            name, f"source '{first.what}': {me()} may not read {first.path}{_more(closed)}",
            f"{_owner(first.path)}; give {me()} the right to read it", code=SOURCES,
        )  # fmt: skip
    return well(name, f"{me()} may read {several([place.what for place in folders])}")


def _same_user(database: Path) -> Check:
    """Two users at one store: what one of them makes, the other may not write."""
    name = "rights.user"
    try:
        told = database.stat()
    except OSError:
        return well(name, f"this is {me()}; there is no store yet")
    owner, mine = told.st_uid, os.geteuid()
    try:
        daemon = daemon_of(database)
    except OSError:
        daemon = None
    runs = user_of(daemon.pid) if daemon and daemon.pid else None
    if runs is not None and runs not in {owner, 0}:
        return doubtful(
            name,
            f"the daemon runs as {user_name(runs)}, and the store belongs to {user_name(owner)}",
            f"chown -R {user_name(runs)} {database.parent}",
        )
    if mine != owner:
        return doubtful(
            name,
            f"this is {user_name(mine)}, and the store belongs to {user_name(owner)}: what a "
            "command makes now, the daemon may not write later",
            f"say it as that user: sudo -u {user_name(owner)} feedsvc …",
        )
    return well(name, f"store and command belong to {user_name(owner)}")


# -- words and facts -----------------------------------------------------------------------------


def me() -> str:
    """The user we are."""
    return user_name(os.geteuid())


def _can_be_made(name: str, place: Place, code: int) -> Check:
    """Of what is not there yet: whether it can be made."""
    above = _nearest(place.path)
    if not above.is_dir():
        return wrong(
            name, f"{place.what} cannot be made: {above} is no folder", "set another path",
            code=code,
        )  # fmt: skip
    if not _may(above, os.W_OK | os.X_OK):
        return _refused(name, above, "make files in", code)
    return well(name, f"{place.what} is not there yet and will be made: {place.path}")


def _refused(name: str, path: Path, what: str, code: int) -> Check:
    hint = f"{_owner(path)}; give it the right, or say this as that user"
    if _is_read_only(path):
        hint = "the disk is mounted read-only: look for errors of the disk, then mount it anew"
    return wrong(name, f"{me()} may not {what} {path}", hint, code=code)


def _owner(path: Path) -> str:
    try:
        told = path.stat()
    except OSError as error:
        return f"{path}: {error.strerror}"
    return f"it belongs to {user_name(told.st_uid)} ({stat.filemode(told.st_mode)})"


def _more(places: list[Place]) -> str:
    return f", and {len(places) - 1} more" if len(places) > 1 else ""


def _may(path: Path, how: int) -> bool:
    """Whether we, as who we are now, may do this there."""
    try:
        return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)
    except OSError:
        return False


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _is_there(path: Path) -> bool:
    """Whether something is there; what we may not look at is, too."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _nearest(path: Path) -> Path:
    """The folder that is there, nearest above a path that is not."""
    above = path.parent
    while not _is_there(above) and above != above.parent:
        above = above.parent
    return above
