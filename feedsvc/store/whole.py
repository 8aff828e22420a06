"""What a database is, asked of any: for whoever saves, replaces or migrates a store as a whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal, NamedTuple

from feedsvc.errors import StoreError
from feedsvc.store.copy import is_damage, opened, said, told

_OURS = {"alembic_version", "source", "article", "ledger"}  # in every schema there ever was
_MISSED = ("article", "token", "subscriber")  # who was given a key or subscribed counts as well


class Facts(NamedTuple):
    """What a store says of itself in any schema; articles that were taken down are not counted."""

    revision: str
    sources: int
    articles: int


def facts(database: Path) -> Facts:
    """What a store that nobody uses says of itself; raises StoreError if it is none."""
    with told(database), opened(database, "ro&immutable=1") as connection:
        names = {name for (name,) in connection.execute(_TABLES)}
        if not names.issuperset(_OURS):
            raise StoreError("it is no store of feedsvc, or an empty one")
        return Facts(
            *connection.execute(
                "SELECT (SELECT max(version_num) FROM alembic_version),"
                " (SELECT count(*) FROM source WHERE NOT removed),"
                " (SELECT count(*) FROM article WHERE state IN ('published', 'held'))"
            ).fetchone()
        )


def revision_of(database: Path) -> str | None:
    """The schema revision of a store that others may use; None if there is nothing at its place.

    Raises StoreError, also if something else lies there.
    """
    if not database.exists():
        return None
    with told(database), opened(database, "rw") as connection:
        connection.execute("PRAGMA query_only = ON")
        names = {name for (name,) in connection.execute(_TABLES)}
        if not names:
            return None
        found: tuple[str] | None = None
        if names.issuperset(_OURS):
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if found is None:
        raise foreign(database, min(names))
    return found[0]


def lies_at(database: Path) -> Literal["nothing", "empty", "store", "other", "damaged"]:
    """What lies where a store of any schema is to be put; raises StoreError."""
    if not database.exists():
        return "nothing"
    try:
        with opened(database, "rw") as connection:
            tables = {name for (name,) in connection.execute(_TABLES)}
            if tables and not tables.issuperset(_OURS):
                return "other"
            for table in (one for one in _MISSED if one in tables):
                if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608
                    return "store"
    except sqlite3.Error as error:
        if is_damage(error):
            return "damaged"
        raise said(database, error) from error
    return "empty"


def published_in(database: Path) -> frozenset[str]:
    """Where a store has published, as a build notes it; raises StoreError.

    Folders below the output directory, and after a slash the files that lie in none.
    """
    with told(database), opened(database, "rw") as connection:
        paths = connection.execute("SELECT path FROM ledger")
        return frozenset(path.partition("/")[0] if "/" in path else f"/{path}" for (path,) in paths)


def foreign(database: Path, table: str) -> StoreError:
    """What is said of a database of something else."""
    return StoreError(
        f"{database} is a database of something else (it has a table '{table}')",
        hint='give feedsvc a file of its own: store.url = "sqlite:///var/feedsvc.db"',
    )


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
