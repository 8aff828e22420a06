"""Make a new database, bring an old one up to date, refuse one from the future.

A new database is made from `schema/` at once; only an older one pays for importing Alembic, which
walks the steps in `migrations/versions/`. A test proves that both ways end in the same schema.

Whoever opens a store brings it up to date: who installs a new version only starts it. But not under
the hands of somebody else: a daemon of the version before would go on with a schema that it does
not know.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ExecutableDDLElement,
    MetaData,
    Table,
    Text,
    create_mock_engine,
    inspect,
    select,
)

from feedsvc.errors import LockedError, StoreError
from feedsvc.store.copy import snapshot, sync_file
from feedsvc.store.engine import migrating, reading, writing
from feedsvc.store.locks import LOCK_TIMEOUT, hold, hold_all
from feedsvc.store.schema import REVISIONS, metadata
from feedsvc.store.whole import foreign

log = logging.getLogger(__name__)

_version = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))

STEPS = Path(__file__).parent / "migrations"


def bring_up_to_date(
    engine: Engine, *, revisions: Sequence[str] = REVISIONS, steps: Path = STEPS
) -> None:
    """Leave the database at the newest of `revisions`; raises StoreError, changing nothing then."""
    with reading(engine) as connection:
        found = _revision(connection, revisions)
    if found is None:
        _make(engine, revisions[-1])
    elif found != revisions[-1]:
        _migrate(engine, revisions, steps)


def _revision(connection: Connection, revisions: Sequence[str]) -> str | None:
    """The schema revision of the database; None for an empty one."""
    names = set(
        connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
    )
    if not names:
        return None
    place = connection.engine.url.database
    found: str | None = None
    if _version.name in names:
        found = connection.execute(select(_version.c.version_num)).scalar()
    if found is None or not names.issuperset(_ALWAYS):
        raise foreign(Path(place or ""), min(names))
    check_known(f"{place}", found, revisions)
    return found


def check_known(what: str, revision: str, revisions: Sequence[str] = REVISIONS) -> None:
    """Raise StoreError if `what` has a schema of the future."""
    if revision not in revisions:
        raise StoreError(
            f"{what} was written by a newer feedsvc (schema {revision}, "
            f"this one knows up to {revisions[-1]})",
            hint="install the newer version again, or put a backup in its place",
        )


_ALWAYS = {"source", "article", "file", "feed", "ledger"}  # in every schema there ever was


def _make(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        # Two first runs at once: the second finds the tables when it gets the lock.
        if inspect(connection).has_table(_version.name):
            return
        for statement in _statements():
            connection.exec_driver_sql(statement)
        connection.execute(_version.insert().values(version_num=revision))


@cache
def _statements() -> tuple[str, ...]:
    """What makes the tables of `schema/`, their indexes and that of the version."""
    said: list[str] = []

    def take(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        said.append(str(statement.compile(dialect=paper.dialect)))

    paper = create_mock_engine("sqlite://", take)
    for tables in (metadata, _version.metadata):
        tables.create_all(paper, checkfirst=False)
    return tuple(said)


def _migrate(engine: Engine, revisions: Sequence[str], steps: Path) -> None:
    database = Path(engine.url.database or "")
    with ExitStack() as stack:
        stack.enter_context(hold(database, "migrate"))
        # Two at once: the second finds it done, and must not take that for the state before.
        with reading(engine) as connection:
            found = _revision(connection, revisions)
        if found is None or found == revisions[-1]:
            return
        try:
            stack.enter_context(hold_all(database, timeout=LOCK_TIMEOUT))
        except LockedError as error:
            raise LockedError(
                f"the store needs migration from schema {found} to {revisions[-1]}, and {error}",
                hint="stop it, then `feedsvc migrate`",
            ) from error
        connection = stack.enter_context(migrating(engine))
        found = _revision(connection, revisions)
        if found is None or found == revisions[-1]:
            return
        copy = _backup(database, found)
        _walk(connection, steps, revisions[-1])
    log.info("%s: schema %s became %s; %s is as before", database, found, revisions[-1], copy)


def backup_of(database: Path, revision: str) -> Path:
    """Where the store as it was before a migration is to be found after it."""
    return database.with_name(f"{database.name}.before-{revision}.bak")


def _backup(database: Path, revision: str) -> Path:
    """A copy of the database as it was, beside it."""
    copy = backup_of(database, revision)
    half = copy.with_name(f"{copy.name}.tmp")
    try:
        half.unlink(missing_ok=True)  # of one that was killed
        half.touch(mode=0o600)
        snapshot(database, half)
        sync_file(half)
        half.replace(copy)
        sync_file(copy.parent)
    except (OSError, StoreError) as error:
        half.unlink(missing_ok=True)
        raise StoreError(
            f"the store needs migration, and no backup could be written to {copy}: {error}",
            hint="make room or rights for it, then try again",
        ) from error
    return copy


def _walk(connection: Connection, steps: Path, newest: str) -> None:
    from alembic import command  # half a second that only a migration pays
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    # Alembic reads this through a ConfigParser, for which a percent sign is special.
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, newest)
    except CommandError as error:
        raise StoreError(f"the store could not be migrated: {error}") from error
