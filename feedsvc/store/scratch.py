"""A copy of the store that is thrown away: what a dry run works on."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from feedsvc.errors import StoreError


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """The address of a copy of the database at `url`, or of an empty one if there is none yet."""
    original = Path(make_url(url).database or "")
    with tempfile.TemporaryDirectory(prefix="feedsvc-dry-run-") as folder:
        copy = Path(folder) / "feedsvc.db"
        if original.is_file():
            try:
                # SQLite's own copy: consistent while others write, and it changes nothing there.
                with (
                    closing(sqlite3.connect(f"{original.as_uri()}?mode=ro", uri=True)) as old,
                    closing(sqlite3.connect(copy)) as new,
                ):
                    old.backup(new)
            except sqlite3.Error as error:
                raise StoreError(f"cannot read {original}: {error}") from error
        yield f"sqlite:///{copy}"
