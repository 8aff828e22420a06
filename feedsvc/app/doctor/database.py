"""Is the database there, of this version, whole, and free to be written?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import Holder, holder_of, owner_of, writer_of
from feedsvc.app.doctor.report import (
    STORE,
    Check,
    doubtful,
    in_bytes,
    in_time,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.errors import LockedError, StoreError

if TYPE_CHECKING:
    from feedsvc.store.look import Look

_QUICK = 10.0  # seconds for what is looked at without --full
WHOLE = 900.0  # and with it
_JOURNAL = 256 * 1024**2  # bytes: several times what it has before it goes into the database
_UNUSED = 64 * 1024**2
_PATIENCE = 5.0  # seconds a writer may take; a batch of a sync takes a fraction of one
_LOOKS = 0.02  # between two looks: a sync that writes one batch after the other lets go in between

_REST = ("database.integrity", "database.references", "database.size")


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    look = case.look
    if look is None:
        yield left_out("database", "there is no configuration that can be used")
        return
    if not _is_there(look.path):
        yield well("database", f"there is none yet: the first sync makes {look.path}")
        return
    opened, readable = _opened(look)
    yield opened
    if not readable:
        for name in _REST:
            yield left_out(name, "the database cannot be read")
    else:
        yield _integrity(look, whole=case.full)
        yield _references(look, whole=case.full)
        yield _size(look)
    yield _locks(look.path)
    yield _writer(look.path)


def _opened(look: Look) -> tuple[Check, bool]:
    """Whether this version can use it, and whether it can at least be looked at."""
    from feedsvc.store.look import NEWEST, is_newer

    name = "database"
    try:
        revision = look.revision()
    except LockedError as error:
        by = owner_of(look.path)
        told = f"{error}{f' by {by}' if by else ''}"
        return wrong(name, told, error.hint, code=STORE), False
    except StoreError as error:
        return wrong(name, str(error), error.hint, code=STORE), False
    if revision is None:
        return well(name, f"{look.path} is empty: the first sync fills it"), True
    if revision == NEWEST:
        return _complete(look, revision), True
    if is_newer(revision):
        message = f"{look.path} was written by a newer feedsvc (schema {revision}, here {NEWEST})"
        hint = "install the newer version again, or put a backup of before in its place"
    else:
        message = f"{look.path} is of an older feedsvc (schema {revision}, here {NEWEST})"
        hint = "`feedsvc migrate` brings it up to date, and keeps a copy of it"
    return wrong(name, message, hint, code=STORE), True


def _complete(look: Look, revision: str) -> Check:
    """Whether everything is there that its revision says."""
    name = "database"
    try:
        lacking = look.lacking()
    except StoreError as error:
        return wrong(name, str(error), error.hint, code=STORE)
    if lacking:
        return wrong(
            name,
            f"{look.path} says that it is of schema {revision}, and lacks {several(lacking)}",
            "`feedsvc restore` puts a backup in its place; something else has changed it",
            code=STORE,
        )
    return well(name, f"{look.path}: schema {revision}")


# -- what is in it -------------------------------------------------------------------------------


def _integrity(look: Look, *, whole: bool) -> Check:
    name = "database.integrity"
    seconds = WHOLE if whole else _QUICK
    try:
        found = look.damage(seconds=seconds, whole=whole)
        if found:
            # A daemon that began meanwhile may have written below us. It does so once at most:
            # from then on the look is that of one who shares it.
            found = look.damage(seconds=seconds, whole=whole)
    except StoreError as error:
        return wrong(name, str(error), error.hint, code=STORE)
    if found is None:
        hint = "" if whole else "; --full takes the time it needs"
        return left_out(name, f"nothing wrong within {seconds:g} seconds, then it was enough{hint}")
    if found:
        return wrong(
            name,
            f"{look.path} is damaged: {several(found, 2)}",
            "`feedsvc restore` puts a backup in its place; look at the disk and the memory, too",
            code=STORE,
        )
    return well(name, f"{'every page and index' if whole else 'every page'} is whole")


def _references(look: Look, *, whole: bool) -> Check:
    name = "database.references"
    try:
        found = look.orphans(seconds=WHOLE if whole else _QUICK)
    except StoreError as error:
        return wrong(name, str(error), error.hint, code=STORE)
    if found is None:
        return left_out(name, "no row without its partner was found in the time there was")
    if found:
        tables = [f"{table} ({count})" for table, count in sorted(found.items())]
        return wrong(
            name,
            f"rows refer to rows that are not there, in {several(tables)}",
            "`feedsvc restore` puts a backup in its place; something else has written into it",
            code=STORE,
        )
    return well(name, "no row lacks what it refers to")


def _size(look: Look) -> Check:
    name = "database.size"
    try:
        size, free, journal = look.extent()
    except StoreError as error:
        return wrong(name, str(error), error.hint, code=STORE)
    told = f"{in_bytes(size)}{f', and {in_bytes(journal)} in the journal' if journal else ''}"
    if journal > _JOURNAL:
        return doubtful(
            name,
            f"the journal has {in_bytes(journal)}: a program that reads for long keeps it from "
            "going into the database",
            "restart what works on the store; `feedsvc doctor` then tells whether it got smaller",
        )
    if free > _UNUSED and free > size // 2:
        return doubtful(
            name,
            f"{in_bytes(free)} of {in_bytes(size)} hold nothing any more",
            "they are used again before the file grows; they are no harm",
        )
    return well(name, told)


# -- who works on it -----------------------------------------------------------------------------


def _locks(database: Path) -> Check:
    """Which runs are at work; none is in the way of another for long."""
    name = "database.locks"
    held: dict[str, Holder] = {}
    try:
        files = sorted(database.parent.glob(f"{_literal(database.name)}.*.lock"))
        for file in files:
            holder = holder_of(file)
            if holder is not None:
                held[file.name.removeprefix(f"{database.name}.").removesuffix(".lock")] = holder
    except OSError as error:
        return left_out(name, f"it cannot be told: {error.strerror}")
    if not held:
        return well(name, "nobody is at work on it")
    shown = [f"{what} by {holder}" for what, holder in held.items()]
    return well(name, f"held: {several(shown, 4)}")


def _writer(database: Path) -> Check:
    """Whether somebody writes without an end: all others wait for that."""
    name = "database.writer"
    first = writer_of(database)
    began = time.monotonic()
    while first is not None and time.monotonic() - began < _PATIENCE:
        time.sleep(_LOOKS)
        if writer_of(database) != first:
            first = None
    if first is not None:
        return wrong(
            name,
            f"{first} has been writing for more than {in_time(_PATIENCE)}: nobody else can",
            "wait for a migration or a purge to end; end it if it is neither",
            code=STORE,
        )
    return well(name, "nobody holds it for long")


def _literal(name: str) -> str:
    from glob import escape

    return escape(name)


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # which the look at it tells
        return True
    return True
