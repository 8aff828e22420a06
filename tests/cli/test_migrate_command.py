"""`feedsvc migrate`, and what every other command does with a store of an older version."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.store.engine import connect, writing
from feedsvc.store.migrate import STEPS
from feedsvc.store.schema import REVISIONS
from tests.support import Shell

OLD, NEWEST = REVISIONS[-2:]


@pytest.fixture
def old(shell: Shell) -> Path:
    """The store of the version before this one."""
    from alembic import command
    from alembic.config import Config

    place = shell.root / "var/feedsvc.db"
    engine, config = connect(f"sqlite:///{place}"), Config()
    config.set_main_option("script_location", str(STEPS))
    with writing(engine) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    engine.dispose()
    return place


def revision(place: Path) -> str:
    with closing(sqlite3.connect(place)) as database:
        found: str = database.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    return found


def test_check_says_what_is_needed_and_changes_nothing(shell: Shell, old: Path) -> None:
    before = old.read_bytes()

    told = shell.run("migrate", "--check", "--json")
    said = shell.run("migrate", "--check")

    assert (told.code, said.code) == (6, 6)
    assert told.json == {
        "schema": "feedsvc.migrate/1", "store": str(old), "state": "needed", "found": OLD,
        "newest": NEWEST, "backup": None,
    }  # fmt: skip
    assert said.out == f"{old}: schema {OLD}; this version has {NEWEST}\n"
    assert old.read_bytes() == before
    assert not list(old.parent.glob("*.bak"))


def test_it_is_brought_up_to_date_once(shell: Shell, old: Path) -> None:
    kept = old.with_name(f"feedsvc.db.before-{OLD}.bak")

    first, second = shell.run("migrate", "--json"), shell.run("migrate", "--json")

    assert (first.code, first.json["state"], first.json["backup"]) == (0, "migrated", str(kept))
    assert (second.code, second.json["state"], second.json["backup"]) == (0, "current", None)
    assert (revision(old), revision(kept)) == (NEWEST, OLD)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert shell.run("migrate", "--check").code == 0


def test_every_other_command_brings_it_up_to_date_by_itself(shell: Shell, old: Path) -> None:
    assert shell.run("status").code == 0
    assert revision(old) == NEWEST


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["do", "check"])
def test_before_the_first_sync_there_is_nothing_to_do(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    told = shell.run("migrate", "--json", *arguments)

    assert (told.code, told.json["state"]) == (0, "absent")
    assert not (shell.root / "var").exists()


@pytest.mark.parametrize("command", ["migrate", "status", "sync", "regenerate"])
def test_not_under_the_hands_of_a_daemon(shell: Shell, old: Path, command: str) -> None:
    code = (
        "from pathlib import Path; from feedsvc.store.locks import hold\n"
        "with hold(Path('var/feedsvc.db'), 'daemon'): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=shell.root, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as daemon:  # fmt: skip
        assert daemon.stdout is not None
        daemon.stdout.readline()
        result = shell.run(command)
        checked = shell.run("migrate", "--check")
        daemon.communicate("\n")

    assert (result.code, result.out, checked.code) == (6, "", 6)
    assert result.err == (
        f"feedsvc: the store needs migration from schema {OLD} to {NEWEST}, and a `feedsvc run` "
        f"is at work on {old}\nstop it, then `feedsvc migrate`\n"
    )
    assert revision(old) == OLD
    assert not list(old.parent.glob("*.bak"))
    assert shell.run("migrate").code == 0


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["do", "check"])
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param("UPDATE alembic_version SET version_num = '9999'", "newer", id="newer"),
        pytest.param("DROP TABLE alembic_version", "something else", id="foreign"),
    ],
)
def test_what_is_not_ours_to_migrate_is_left_alone(
    shell: Shell, old: Path, script: str, reason: str, arguments: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(old)) as database, database:
        database.execute(script)
    before = old.read_bytes()

    result = shell.run("migrate", *arguments)

    assert (result.code, reason in result.err, old.read_bytes()) == (6, True, before)
    assert len(result.err.splitlines()) <= 3


def test_a_damaged_one_is_said_to_be(shell: Shell, old: Path) -> None:
    old.write_bytes(b"no database" * 500)

    result = shell.run("migrate", "--check")

    assert result.code == 6
    assert "`feedsvc restore` puts a backup in its place" in result.err
