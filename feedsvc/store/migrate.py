"""Make a new database, bring an old one up to date, refuse one from the future.

A new database is made from `schema.py` at once; only an older one pays for importing Alembic, which
walks the steps in `migrations/versions/`. A test proves that both ways end in the same schema.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, Engine, MetaData, Table, Text, inspect, select
from sqlalchemy.exc import DBAPIError

from feedsvc.errors import StoreError
from feedsvc.store.engine import reading, store_error, writing
from feedsvc.store.schema import REVISIONS, metadata

_version = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))

STEPS = Path(__file__).parent / "migrations"


def bring_up_to_date(
    engine: Engine, *, revisions: Sequence[str] = REVISIONS, steps: Path = STEPS
) -> None:
    """Leave the database at the newest of `revisions`; raises StoreError, changing nothing then."""
    found = _revision(engine)
    if found == revisions[-1]:
        return
    if found is None:
        _make(engine, revisions[-1])
    elif found in revisions:
        _backup(engine, found)
        _walk(engine, steps)
    else:
        raise StoreError(
            f"{engine.url.database} was written by a newer feedsvc (schema {found}, "
            f"this one knows up to {revisions[-1]})",
            hint="install the newer version again, or put a backup in its place",
        )


def _revision(engine: Engine) -> str | None:
    """The schema revision of the database; None for an empty one."""
    with reading(engine) as connection:
        tables = inspect(connection).get_table_names()
        if _version.name in tables:
            revision: str | None = connection.execute(select(_version.c.version_num)).scalar()
            return revision
        if tables:
            raise StoreError(
                f"{engine.url.database} is a database of something else "
                f"(it has a table '{tables[0]}')",
                hint='give feedsvc a file of its own: store.url = "sqlite:///var/feedsvc.db"',
            )
    return None


def _make(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        # Two first runs at once: the second finds the tables when it gets the lock.
        if _version.name in inspect(connection).get_table_names():
            return
        metadata.create_all(connection)
        _version.create(connection)
        connection.execute(_version.insert().values(version_num=revision))


def _backup(engine: Engine, revision: str) -> Path | None:
    """A copy of the database as it was, beside it; SQLite's own online copy, safe while in use."""
    if not engine.url.database or engine.url.database == ":memory:":
        return None
    place = Path(engine.url.database)
    copy = place.with_name(f"{place.name}.before-{revision}.bak")
    half = copy.with_name(f"{copy.name}.tmp")
    try:
        with closing(sqlite3.connect(place)) as old, closing(sqlite3.connect(half)) as new:
            old.backup(new)
        shutil.move(half, copy)
    except (OSError, sqlite3.Error) as error:
        half.unlink(missing_ok=True)
        raise StoreError(
            f"the store needs migration, and no backup could be written to {copy}: {error}",
            hint="make room or rights for it, then try again",
        ) from error
    return copy


def _walk(engine: Engine, steps: Path) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a migration pays
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(steps))
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"the store could not be migrated: {error}") from error
    except DBAPIError as error:
        raise store_error(engine, error) from error
