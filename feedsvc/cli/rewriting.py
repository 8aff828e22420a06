"""A configuration file that is edited: put in its place at once, for `edit.py` and its like."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from feedsvc.errors import ConfigError


def rewrite(file: Path, change: Callable[[str], str]) -> None:
    """Put what `change` makes of the file's text in its place at once; raises ConfigError.

    Two edits at one time follow one another, and links, mode and owner stay.
    """
    file = file.resolve()
    try:
        with _held(file) as data:
            before = data.decode()
            after = change(before)
            if after != before:
                _replace(file, after.encode())
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}", hint="whoever edits it needs to own it"
        ) from error


@contextmanager
def _held(file: Path) -> Iterator[bytes]:
    """The bytes of the file, which no other edit changes meanwhile."""
    while True:
        with file.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            # Whoever had the lock before has put another file in the place of this one.
            if os.path.samestat(os.fstat(stream.fileno()), file.stat()):
                yield stream.read()
                return


def _replace(file: Path, data: bytes) -> None:
    told = file.stat()
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as temporary:
        path = Path(temporary.name)
        try:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
            path.chmod(told.st_mode & 0o7777)
            with suppress(PermissionError):  # only root may give a file away
                os.chown(path, told.st_uid, told.st_gid)
            path.replace(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
