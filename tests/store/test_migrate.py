"""The database file: made, migrated, refused, damaged, locked, read-only."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine

from feedsvc.errors import StoreError
from feedsvc.store import engine as engine_module
from feedsvc.store import open_store
from feedsvc.store.engine import connect, reading, writing
from feedsvc.store.migrate import STEPS, bring_up_to_date
from feedsvc.store.schema import REVISIONS, metadata
from tests.support import NOON, Service

NEXT = "9999"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "var" / "feedsvc.db"


@pytest.fixture
def engine(place: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{place}")
    yield made
    made.dispose()


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """The steps of a later feedsvc: one more than ours, that makes `article` anew."""
    folder = tmp_path / "100% steps"
    shutil.copytree(STEPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    later(folder, "batch.add_column(sa.Column('mood', sa.Text()))\n"
                  "        batch.alter_column('title', new_column_name='headline')")  # fmt: skip
    return folder


def later(folder: Path, change: str) -> None:
    (folder / "versions" / f"{NEXT}_later.py").write_text(
        dedent(
            f"""
            import sqlalchemy as sa
            from alembic import op

            revision = "{NEXT}"
            down_revision = "{REVISIONS[-1]}"
            branch_labels = None
            depends_on = None


            def upgrade() -> None:
                with op.batch_alter_table("article") as batch:
            """
        )
        + f"        {change}\n"
    )


def fill(place: Path) -> None:
    """One article with a body and a file, by hand."""
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(
            """
            INSERT INTO source (id, name, kind, place, removed, fingerprint, state, failures)
                VALUES (1, 'desk', 'folder', '/a', 0, '', 'ok', 0);
            INSERT INTO article (id, source_id, key, document, guid, title, language, published,
                    updated, first_seen, released, state, said, seen, revision)
                VALUES (1, 1, 'path:a', '', 'urn:a', 'Ferry late', 'de', 1, 1, 1, 1, 'published',
                    '', '', 1);
            INSERT INTO body VALUES (1, NULL, '<p>Fog.</p>', '{}');
            INSERT INTO file VALUES (1, 'a.txt', 1, 1, 1, '', 1, NULL, NULL, NULL);
            """
        )


def told(place: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(place)) as connection:
        return connection.execute(query).fetchall()


VERSION = "SELECT version_num FROM alembic_version"


# -- made and migrated ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning:alembic")
def test_a_new_database_and_a_migrated_one_have_one_schema(engine: Engine, tmp_path: Path) -> None:
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext

    config = Config()
    config.set_main_option("script_location", str(STEPS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    fresh = tmp_path / "fresh.db"
    open_store(f"sqlite:///{fresh}").close()

    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    columns = (
        'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master m, '
        "pragma_table_info(m.name) c WHERE m.name <> 'alembic_version' ORDER BY 1, 2"
    )
    indexes = (
        'SELECT m.name, l."unique", l.partial, x.seqno, x.name, x."desc" FROM sqlite_master m, '
        "pragma_index_list(m.name) l, pragma_index_xinfo(l.name) x "
        "WHERE m.name <> 'alembic_version' AND x.key = 1 ORDER BY 1, l.name, 4"
    )
    keys = (
        'SELECT m.name, f."table", f."from", f."to" FROM sqlite_master m, '
        "pragma_foreign_key_list(m.name) f ORDER BY 1, 3"
    )
    rowids = (
        "SELECT name, sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE type = 'table' "
        "AND name <> 'alembic_version' ORDER BY 1"
    )
    migrated = Path(str(engine.url.database))
    for query in (columns, indexes, keys, rowids, VERSION):
        assert told(fresh, query) == told(migrated, query) != []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:alembic")
def test_the_words_of_articles_survive_the_move_to_new_keys(engine: Engine, place: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(STEPS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    fill(place)
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(
            """
            INSERT INTO label (kind, word, article_id) VALUES ('tag', 'sea', 1);
            INSERT INTO label (kind, word, article_id) VALUES ('author', 'ada', 1);
            """
        )

    bring_up_to_date(engine)

    assert told(place, "SELECT article_id, kind, word FROM label") == [
        (1, "author", "ada"),
        (1, "tag", "sea"),
    ]
    assert told(place, "SELECT name FROM sqlite_master WHERE name LIKE '%label%'") == [("label",)]


def test_the_steps_lead_to_the_last_revision_that_the_schema_names() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(STEPS))
    script = ScriptDirectory.from_config(config)

    known = [step.revision for step in script.walk_revisions()]

    assert tuple(reversed(known)) == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_a_new_database_needs_no_alembic(place: Path) -> None:
    code = (
        "import sys; from feedsvc.store import open_store; "
        f"open_store('sqlite:///{place}').close(); open_store('sqlite:///{place}').close(); "
        "print('alembic' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_an_older_database_is_migrated_and_a_backup_lies_beside_it(
    engine: Engine, place: Path, steps: Path
) -> None:
    bring_up_to_date(engine)
    fill(place)

    bring_up_to_date(engine, revisions=[*REVISIONS, NEXT], steps=steps)

    backup = place.with_name(f"feedsvc.db.before-{REVISIONS[-1]}.bak")
    assert told(place, VERSION) == [(NEXT,)]
    assert told(place, "SELECT headline, mood FROM article") == [("Ferry late", None)]
    assert told(place, "SELECT path, article_id FROM file") == [("a.txt", 1)]
    assert told(backup, VERSION) == [(REVISIONS[-1],)]
    assert told(backup, "SELECT title FROM article") == [("Ferry late",)]
    assert sorted(path.name for path in place.parent.glob("*.bak*")) == [backup.name]
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migrated_database_is_migrated_once(engine: Engine, place: Path, steps: Path) -> None:
    bring_up_to_date(engine)
    bring_up_to_date(engine, revisions=[*REVISIONS, NEXT], steps=steps)
    backup = place.with_name(f"feedsvc.db.before-{REVISIONS[-1]}.bak")
    backup.unlink()

    bring_up_to_date(engine, revisions=[*REVISIONS, NEXT], steps=steps)

    assert not backup.exists()


def test_two_that_migrate_at_once_leave_one_good_backup(place: Path, steps: Path) -> None:
    open_store(f"sqlite:///{place}").close()
    fill(place)
    code = (
        "from pathlib import Path; from feedsvc.store.engine import connect; "
        "from feedsvc.store.migrate import bring_up_to_date; import alembic.command; "
        f"engine = connect('sqlite:///{place}'); input(); "
        f"bring_up_to_date(engine, revisions={[*REVISIONS, NEXT]!r}, steps=Path({str(steps)!r}))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code], text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]

    ended = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate(timeout=60)
        ended.append((errors, child.returncode))

    assert ended == [("", 0), ("", 0)]
    backup = place.with_name(f"feedsvc.db.before-{REVISIONS[-1]}.bak")
    assert told(backup, VERSION) == [(REVISIONS[-1],)]
    assert told(place, VERSION) == [(NEXT,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param("op.execute('DROP TABLE no_such')", "no_such", id="a-step-that-fails"),
        pytest.param(
            "op.execute('DELETE FROM article')", "rows refer to rows that went",
            id="a-step-that-leaves-rows-alone",
        ),
    ],
)  # fmt: skip
def test_a_migration_that_fails_changes_nothing(
    engine: Engine, place: Path, steps: Path, change: str, reason: str
) -> None:
    bring_up_to_date(engine)
    fill(place)
    later(steps, change)

    with pytest.raises(StoreError, match=reason):
        bring_up_to_date(engine, revisions=[*REVISIONS, NEXT], steps=steps)

    assert told(place, VERSION) == [(REVISIONS[-1],)]
    assert told(place, "SELECT title FROM article") == [("Ferry late",)]


def test_no_backup_no_migration(engine: Engine, place: Path, steps: Path) -> None:
    bring_up_to_date(engine)
    place.with_name(f"feedsvc.db.before-{REVISIONS[-1]}.bak").mkdir()

    with pytest.raises(StoreError, match="no backup could be written"):
        bring_up_to_date(engine, revisions=[*REVISIONS, NEXT], steps=steps)

    assert told(place, VERSION) == [(REVISIONS[-1],)]
    assert list(place.parent.glob("*.tmp")) == []


# -- refused -------------------------------------------------------------------------------------


def sync(root: Path) -> tuple[int, str]:
    """A real `feedsvc sync`: exit code and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "feedsvc", "-C", str(root), "sync"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_newer_database_is_refused_and_left_alone(service: Service) -> None:
    service.sync()
    service.restart()
    place = service.root / "var" / "feedsvc.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{NEXT}'")
        connection.commit()

    code, said = sync(service.root)

    assert code == 6
    assert said == (
        f"feedsvc: {place} was written by a newer feedsvc (schema {NEXT}, "
        f"this one knows up to {REVISIONS[-1]})\n"
        "install the newer version again, or put a backup in its place\n"
    )
    assert told(place, VERSION) == [(NEXT,)]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("CREATE TABLE recipe (id INTEGER)", id="of-a-cook"),
        pytest.param(
            "CREATE TABLE alembic_version (version_num TEXT); "
            "INSERT INTO alembic_version VALUES ('8f2e'); CREATE TABLE recipe (id INTEGER)",
            id="of-a-cook-who-uses-alembic",
        ),
        pytest.param("CREATE TABLE alembic_version (version_num TEXT)", id="of-nobody-yet"),
    ],
)
def test_a_database_of_something_else_is_refused_and_left_alone(
    service: Service, script: str
) -> None:
    place = service.root / "var" / "feedsvc.db"
    place.parent.mkdir()
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(script)
    before = told(place, "SELECT * FROM sqlite_master")

    code, said = sync(service.root)

    assert code == 6
    assert f"{place} is a database of something else (it has a table '" in said
    assert "Traceback" not in said
    assert told(place, "SELECT * FROM sqlite_master") == before


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda data: b"This is no database." * 500, id="another-file"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut-in-half"),
        pytest.param(lambda data: data[:4096] + b"\xff" * (len(data) - 4096), id="overwritten"),
    ],
)
def test_a_damaged_database_is_said_to_be_damaged(service: Service, harm: object) -> None:
    assert callable(harm)
    service.write("a.txt", "Ferry late\n\nFog.\n")
    service.sync()
    service.restart()
    place = service.root / "var" / "feedsvc.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    harmed = harm(place.read_bytes())
    for path in place.parent.glob("feedsvc.db*"):
        path.unlink()
    place.write_bytes(harmed)

    code, said = sync(service.root)

    assert code == 6
    assert str(place) in said
    assert "the file is damaged: put a backup in its place, or move it away to start anew" in said
    assert "Traceback" not in said
    assert place.read_bytes() == harmed


def test_an_empty_file_is_a_new_database(place: Path) -> None:
    place.parent.mkdir()
    place.touch()

    open_store(f"sqlite:///{place}").close()

    assert told(place, VERSION) == [(REVISIONS[-1],)]


def test_a_locked_database_is_waited_for_and_then_said_to_be_locked(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(f"sqlite:///{place}").close()
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT", 0.2)
    store = open_store(f"sqlite:///{place}")

    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.sources() == ()  # readers never wait
        with pytest.raises(StoreError, match="database is locked") as caught:
            store.enrol([("desk", None, "folder", "/a")], NOON)
        other.execute("COMMIT")
    store.enrol([("desk", None, "folder", "/a")], NOON)
    store.close()

    assert caught.value.exit_code == 6
    assert caught.value.hint == "another feedsvc is writing for long; try again, or stop it"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder every user of the machine can reach, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="feedsvc-test-"))
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def somebody() -> Iterator[None]:
    """Nobody special: rights do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("locked", "reason"),
    [
        pytest.param(["var/feedsvc.db"], "attempt to write a readonly database", id="file"),
        pytest.param(["var", "var/feedsvc.db"], "readonly|unable to open", id="file-and-folder"),
        pytest.param(["."], "cannot make .*var: Permission denied", id="no-folder"),
    ],
)
def test_a_database_that_may_not_be_written_is_said_to_be_so(
    shared: Path, locked: list[str], reason: str
) -> None:
    url = f"sqlite:///{shared}/var/feedsvc.db"
    if locked != ["."]:
        open_store(url).close()
    for name in locked:
        (shared / name).chmod(0o555)

    with somebody(), pytest.raises(StoreError, match=reason) as caught:
        open_store(url).enrol([("desk", None, "folder", "/a")], NOON)

    assert caught.value.exit_code == 6
    assert str(shared / "var") in str(caught.value)
    assert caught.value.hint == "check the rights of the file and of its folder"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("feedsvc.db", "store.url is no database address", id="a-path"),
        pytest.param("", "store.url is no database address", id="nothing"),
        pytest.param("mysql://localhost/x", "no store for 'mysql'", id="another-database"),
        pytest.param("oracle+nothing://x", "no store for 'oracle\\+nothing'", id="unheard-of"),
    ],
)
def test_what_is_no_address_of_a_store_is_said_to_be_none(url: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        connect(url)


def test_a_file_in_place_of_the_folder_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("x")

    with pytest.raises(StoreError, match=r"cannot make .*var"):
        connect(f"sqlite:///{tmp_path}/var/feedsvc.db")
