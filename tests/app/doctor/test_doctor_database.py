"""Databases that are damaged, foreign, old, new, locked or growing; none is changed by a look."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.app.keeping import write_backup
from tests.app.doctor.conftest import Ward, powerless, snapshot
from tests.support import DEFAULT_CONFIG, Service


@pytest.fixture
def database(ward: Ward) -> Path:
    return ward.root / "var" / "feedsvc.db"


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_database_that_is_well(ward: Ward, database: Path) -> None:
    found = ward.look("database")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert found["database"].message.startswith(f"{database}: schema ")
    assert ward.look("database", full=True)["database.integrity"].message == (
        "every page and index is whole"
    )


def test_none_yet(ward: Ward, database: Path) -> None:
    shutil.rmtree(database.parent)

    found = ward.look("database")

    assert [check.outcome for check in found.values()] == [Outcome.OK]
    assert "the first sync makes" in found["database"].message
    assert not database.parent.exists()


# -- damage --------------------------------------------------------------------------------------


def overwritten(database: Path) -> None:
    """A page in the middle is something else."""
    with database.open("r+b") as file:
        file.seek(16_384 * 5)
        file.write(os.urandom(16_384 * 3))


def cut(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def emptied(database: Path) -> None:
    database.write_bytes(b"")


def a_letter(database: Path) -> None:
    database.write_text("Dear all,\n" * 500)


def foreign(database: Path) -> None:
    database.unlink()
    change(database, "CREATE TABLE photos (id INTEGER)")


def without_version(database: Path) -> None:
    change(database, "DELETE FROM alembic_version")


def without_a_table(database: Path) -> None:
    change(database, "DROP TABLE event")


def without_a_column(database: Path) -> None:
    change(database, "ALTER TABLE feed DROP COLUMN held")


def orphaned(database: Path) -> None:
    change(database, "PRAGMA foreign_keys = OFF", "DELETE FROM source")


def misindexed(database: Path) -> None:
    """An index that lacks a row."""
    change(
        database, "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_article_guid ON article (title)' "
        "WHERE name = 'ix_article_guid'",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "name", "words", "hint"),
    [
        pytest.param(overwritten, "database.integrity", "damaged", "feedsvc restore",
                     id="overwritten"),
        pytest.param(cut, "database", "damaged", "feedsvc restore", id="cut-off"),
        pytest.param(a_letter, "database", "not a database", "put a backup", id="no-database"),
        pytest.param(foreign, "database", "of something else (it has a table 'photos')",
                     "a file of its own", id="of-something-else"),
        pytest.param(without_version, "database", "of something else", "a file of its own",
                     id="of-no-version"),
        pytest.param(without_a_table, "database", "and lacks event", "feedsvc restore",
                     id="without-a-table"),
        pytest.param(without_a_column, "database", "and lacks feed.held", "feedsvc restore",
                     id="without-a-column"),
        pytest.param(orphaned, "database.references", "rows that are not there, in article",
                     "feedsvc restore", id="rows-without-partners"),
    ],
)  # fmt: skip
def test_a_database_that_is(
    damage: Callable[[Path], None], name: str, words: str, hint: str, ward: Ward, database: Path
) -> None:
    damage(database)
    before = snapshot(ward.root)

    check = ward.look("database")[name]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 6)
    assert words in check.message
    assert hint in (check.hint or "")
    assert snapshot(ward.root) == before


def test_an_index_that_lies_is_found_by_the_whole_look_alone(ward: Ward, database: Path) -> None:
    misindexed(database)

    quick = ward.look("database")["database.integrity"]
    whole = ward.look("database", full=True)["database.integrity"]

    assert quick.outcome is Outcome.OK
    assert whole.outcome is Outcome.FAILED
    assert "ix_article_guid" in whole.message


def test_an_empty_file_is_filled_by_the_next_sync(ward: Ward, database: Path) -> None:
    emptied(database)

    found = ward.look("database")

    assert found["database"].outcome is Outcome.OK
    assert "is empty" in found["database"].message


@pytest.mark.parametrize(
    ("version", "words", "hint"),
    [
        pytest.param("0001", "of an older feedsvc (schema 0001", "feedsvc migrate", id="older"),
        pytest.param("0099", "by a newer feedsvc (schema 0099", "install the newer", id="newer"),
    ],
)
def test_another_schema(version: str, words: str, hint: str, ward: Ward, database: Path) -> None:
    change(database, f"UPDATE alembic_version SET version_num = '{version}'")
    before = snapshot(ward.root)

    found = ward.look("database")

    assert (found["database"].outcome, found["database"].exit_code) == (Outcome.FAILED, 6)
    assert words in found["database"].message
    assert hint in (found["database"].hint or "")
    assert found["database.integrity"].outcome is Outcome.OK
    for group in ("standing", "clock", "configuration", "backups", "daemon"):
        assert not any(check.exit_code == 6 for check in ward.look(group).values())
    assert snapshot(ward.root) == before


# -- nothing changes -----------------------------------------------------------------------------

WRITER = """
import os, sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
c.execute("UPDATE source SET failures = 7")
c.execute(sys.argv[2])
print("there", flush=True)
time.sleep(60)
"""


@contextmanager
def other(database: Path, then: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has written, and does `then`."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database), then], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("lost", [(), ("-shm",)], ids=["as-it-is", "without-its-index"])
def test_what_a_killed_process_left_in_the_journal_is_read_and_left(
    lost: tuple[str, ...], ward: Ward, database: Path
) -> None:
    with other(database, "COMMIT") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    for ending in lost:
        database.with_name(database.name + ending).unlink()
    before = snapshot(ward.root)

    case = ward.case()
    assert case.look is not None
    with case.look.store() as store:
        rows = store.sources()
    found = ward.look("database")

    assert [row.failures for row in rows] == [7]
    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert "in the journal" in found["database.size"].message
    assert snapshot(ward.root) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize("crashed", [False, True])
def test_a_database_that_may_only_be_read(crashed: bool, ward: Ward, database: Path) -> None:
    if crashed:
        with other(database, "COMMIT") as process:
            process.send_signal(signal.SIGKILL)
            process.wait()
    database.parent.chmod(0o555)
    for path in database.parent.iterdir():
        path.chmod(0o444)
    before = snapshot(ward.root)

    with powerless(ward.root):
        found = ward.look("database")

    wrong = {name for name, check in found.items() if check.outcome is not Outcome.OK}
    assert wrong == set()
    assert snapshot(ward.root) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="root may read all there is")
def test_a_database_that_may_not_be_read(ward: Ward, database: Path) -> None:
    database.chmod(0o000)

    with powerless(ward.root):
        check = ward.look("database")["database"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 6)
    assert "cannot be read" in check.message
    assert "rights" in (check.hint or "")


# -- locks ---------------------------------------------------------------------------------------


def test_who_writes_without_an_end(ward: Ward, database: Path) -> None:
    with other(database, "SELECT 1") as process:
        check = ward.look("database")["database.writer"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 6)
    assert check.message.startswith(f"process {process.pid} (")
    assert "has been writing for more than" in check.message


def test_who_has_written_and_holds_nothing(ward: Ward, database: Path) -> None:
    with other(database, "COMMIT"):
        check = ward.look("database")["database.writer"]

    assert check.outcome is Outcome.OK


EXCLUSIVE = "PRAGMA locking_mode = EXCLUSIVE"


def test_who_holds_all_of_it(ward: Ward, database: Path) -> None:
    script = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
c.execute("PRAGMA journal_mode = DELETE").fetchall()
c.execute("BEGIN EXCLUSIVE")
print("there", flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(database)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (database.with_name(f"{database.name}-wal")).touch()
        (database.with_name(f"{database.name}-shm")).touch()
        try:
            check = ward.look("database")["database"]
        finally:
            process.kill()

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 6)
    assert f"database is locked by process {process.pid} (" in check.message


def test_runs_that_are_at_work(ward: Ward, service: Service) -> None:
    free = ward.look("database")["database.locks"].message
    with service.app.store.lock("build"):
        held = ward.look("database")["database.locks"].message

    assert free == "nobody is at work on it"
    assert held.startswith(f"held: build by process {os.getpid()} (")


# -- size and backups ----------------------------------------------------------------------------


def test_a_database_that_is_mostly_empty(ward: Ward, database: Path) -> None:
    change(
        database, "CREATE TABLE much (b)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) "
        "INSERT INTO much SELECT zeroblob(1048576) FROM n", "DROP TABLE much",
    )  # fmt: skip

    check = ward.look("database")["database.size"]

    assert check.outcome is Outcome.WARNING
    assert "hold nothing any more" in check.message


def test_a_journal_that_nobody_takes_in(ward: Ward, database: Path) -> None:
    journal = database.with_name(f"{database.name}-wal")
    with journal.open("wb") as file:
        file.truncate(300 * 1024**2)  # no frame of it counts: its salt is wrong

    before = journal.stat()

    check = ward.look("database")["database.size"]

    assert check.outcome is Outcome.WARNING
    assert "the journal has 300.0 MiB" in check.message
    assert journal.stat() == before


def test_a_journal_of_which_nothing_counts_is_left(ward: Ward, database: Path) -> None:
    with other(database, "COMMIT") as process:
        process.kill()
        process.wait()
    journal = database.with_name(f"{database.name}-wal")
    database.with_name(f"{database.name}-shm").unlink()
    journal.write_bytes(journal.read_bytes()[:16_000])  # not one whole frame
    before = snapshot(ward.root)

    case = ward.case()
    assert case.look is not None
    with case.look.store() as store:
        rows = store.sources()

    assert [row.failures for row in rows] == [0]
    assert snapshot(ward.root) == before


@pytest.mark.parametrize(
    ("config", "days", "outcome", "words"),
    [
        pytest.param("", None, "warning", "there is no backup in", id="none"),
        pytest.param("", 3, "ok", "is 3 days old", id="by-hand"),
        pytest.param("", 9, "warning", "too old", id="by-hand-and-long-ago"),
        pytest.param('[maintenance]\nbackup = "var/backups"\n', 1, "ok", "is 24 hours old",
                     id="of-yesterday"),
        pytest.param('[maintenance]\nbackup = "var/backups"\n', 3, "warning", "too old",
                     id="of-three-days-ago"),
        pytest.param('[maintenance]\nbackup = "var/backups"\nat = "0 4 * * 0"\n', 9, "ok",
                     "is 9 days old", id="every-sunday"),
    ],
)  # fmt: skip
def test_backups(
    config: str, days: int | None, outcome: str, words: str, ward: Ward, service: Service
) -> None:
    service.configure(DEFAULT_CONFIG + config)
    if days is not None:
        service.clock.tick(days=-days)
        write_backup(service.app, ward.root / "var" / "backups", folder=True)
        service.clock.tick(days=days)
        service.restart()

    check = ward.look("backups")["backup"]

    assert check.outcome == outcome
    assert words in check.message


def test_a_backup_that_is_cut_off(ward: Ward, service: Service) -> None:
    service.clock.tick(days=-1)
    folder = ward.root / "var" / "backups"
    write_backup(service.app, folder, folder=True)
    service.clock.tick(days=1)
    (found,) = folder.iterdir()
    found.write_bytes(found.read_bytes()[:-200])

    check = ward.look("backups")["backup"]

    assert check.outcome is Outcome.WARNING
    assert f"{found.name} in {folder} is cut off or damaged" in check.message
