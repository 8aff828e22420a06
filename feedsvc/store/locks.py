"""Locks of a store against other processes: files beside the database, held by the system.

    daemon      a `feedsvc run`
    sync-N      a run that asks sources over the network, in one of several slots
    source-X    whoever reads the folder X
    build       whoever writes the output
    backup      whoever writes a backup
    migrate     whoever changes the schema

The operating system lets go of them when a process dies, so a crash never leaves one behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from feedsvc.errors import LockedError, StoreError

LOCK_TIMEOUT = 60  # seconds one run waits for another

_ENDING = ".lock"
_ALWAYS = ("daemon", "build")  # even if their files are not there yet
_BY_THEMSELVES = {"migrate", "backup"}  # whoever holds one neither syncs, builds nor serves


def place_of(database: Path, name: str) -> Path:
    """The file that whoever holds `name` has locked."""
    return database.with_name(f"{database.name}.{name}{_ENDING}")


@contextmanager
def hold(database: Path, name: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold `name` against other processes; LockedError if it stays taken for `timeout` s."""
    from filelock import FileLock, Timeout  # not needed to read

    place = place_of(database, name)
    held = FileLock(place, timeout=timeout)
    try:
        held.acquire()
    except Timeout as error:
        raise LockedError(
            f"another feedsvc is at work on this store ({name})",
            hint=f"wait for it or stop it; the lock is {place}",
        ) from error
    except OSError as error:
        raise StoreError(f"cannot lock {place}: {error.strerror}") from error
    try:
        yield
    finally:
        held.release()


def is_held(database: Path, name: str) -> bool:
    """Whether somebody holds `name` at this moment; nothing is made in order to see it."""
    if not place_of(database, name).exists():
        return False
    try:
        with hold(database, name, timeout=0):
            return False
    except LockedError:
        return True


@contextmanager
def hold_all(database: Path, *, timeout: float = 0) -> Iterator[None]:
    """Hold every lock that somebody at work on the store may have.

    Raises LockedError: at once if it is a daemon, which ends only when it is told to, else after
    `timeout` seconds.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(hold(database, "daemon", timeout=0))
        except LockedError as error:
            raise LockedError(
                f"a `feedsvc run` is at work on {database}", hint="stop it, then try again"
            ) from error
        for name in _names(database, without={"daemon", *_BY_THEMSELVES}):
            stack.enter_context(hold(database, name, timeout=timeout))
        yield


def _names(database: Path, *, without: Collection[str]) -> list[str]:
    start, found = f"{database.name}.", set(_ALWAYS)
    try:
        files = [file.name for file in database.parent.iterdir()]
    except OSError as error:
        raise StoreError(f"cannot read {database.parent}: {error.strerror}") from error
    for file in files:
        name = file[len(start) : -len(_ENDING)]
        # `news.db.daemon.lock` is not of a store called `news`.
        ours = "." not in name or name.startswith("source-")
        if file.startswith(start) and file.endswith(_ENDING) and ours:
            found.add(name)
    return sorted(found.difference(without))
