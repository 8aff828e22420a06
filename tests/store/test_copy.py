"""Whole databases: copied beside writers that never rest, checked, put in the place of others."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.errors import LockedError, StoreError
from feedsvc.store.copy import faults, snapshot
from feedsvc.store.replace import put_in_place

ROWS = 3_000  # some 12 MB


def database(place: Path, word: str, *, page: int = 4096, rows: int = ROWS) -> Path:
    """Rows that all say one word, in WAL mode as a store is."""
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {page}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE word (id INTEGER PRIMARY KEY, word, load)")
        connection.execute("CREATE INDEX words ON word (word)")
        connection.execute("BEGIN")
        load = bytes(4000)
        connection.executemany("INSERT INTO word (word, load) VALUES (?, ?)", [(word, load)] * rows)
        connection.execute("COMMIT")
    return place


def said(place: Path) -> set[tuple[str, int]]:
    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return set(connection.execute("SELECT word, count(*) FROM word GROUP BY word"))


# -- copied --------------------------------------------------------------------------------------


@pytest.mark.timeout(60)
def test_a_snapshot_beside_writers_comes_to_its_end_and_is_one_moment(tmp_path: Path) -> None:
    place = database(tmp_path / "store.db", "0")
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        with closing(sqlite3.connect(place, isolation_level=None, timeout=30)) as connection:
            while not stop.is_set():
                word = str(len(written) + 1)
                connection.execute("UPDATE word SET word = ?", (word,))
                written.append(word)

    def step(done: int, total: int) -> None:
        steps.append((done, total))
        while threads and len(written) < len(steps) * 2:  # others write between any two steps
            stop.wait(0.01)

    steps: list[tuple[int, int]] = []
    threads = [threading.Thread(target=write)]
    threads[0].start()
    try:
        snapshot(place, tmp_path / "copy.db", step)
    finally:
        stop.set()
        threads[0].join()

    assert len(steps) > 2
    assert steps[-1][0] == steps[-1][1] == (tmp_path / "copy.db").stat().st_size
    ((word, count),) = said(tmp_path / "copy.db")
    assert (count, int(word) <= 2) == (ROWS, True)
    assert len(written) >= 2 * len(steps)


def test_a_snapshot_sees_what_stands_in_the_journal_alone(tmp_path: Path) -> None:
    place = database(tmp_path / "store.db", "old", rows=10)
    with closing(sqlite3.connect(place)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE word SET word = 'new'")
        writer.commit()
        snapshot(place, tmp_path / "copy.db")

    assert said(tmp_path / "copy.db") == {("new", 10)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "store.db"]


class StoppedError(Exception):
    pass


def test_what_a_step_raises_ends_it(tmp_path: Path) -> None:
    place = database(tmp_path / "store.db", "old")

    def step(_done: int, _total: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        snapshot(place, tmp_path / "copy.db", step)
    with pytest.raises(StoppedError):
        faults(place, step)
    assert faults(place) == ()


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        pytest.param(lambda data: data, None, id="a-whole-one"),
        pytest.param(lambda data: data[:9000], "malformed", id="cut"),
        pytest.param(lambda data: b"x" * 9000, "not a database", id="another-file"),
        pytest.param(lambda data: data[:4096] + b"\x5a" * 8192 + data[12288:], "", id="two-pages"),
    ],
)
def test_faults_are_found(
    tmp_path: Path, harm: Callable[[bytes], bytes], fault: str | None
) -> None:
    place = database(tmp_path / "store.db", "old", rows=50)
    place.write_bytes(harm(place.read_bytes()))

    found = faults(place)

    assert bool(found) == (fault is not None)
    assert not found or str(fault) in found[0]


def test_an_index_that_lies_and_a_row_that_refers_to_nothing_are_faults(tmp_path: Path) -> None:
    place = database(tmp_path / "store.db", "old", rows=5)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE ref (id REFERENCES word (id))")
        connection.execute("INSERT INTO ref VALUES (99)")
        connection.commit()
    referring = faults(place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE INDEX words ON word (load)' "
            "WHERE name = 'words'"
        )
        connection.commit()

    assert referring == ("rows refer to rows that are not there",)
    assert "words" in faults(place)[0]


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        snapshot(tmp_path / "gone.db", tmp_path / "copy.db")

    assert list(tmp_path.iterdir()) == []


# -- put in the place of another -----------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir()
    return database(tmp_path / "room/new.db", "new", page=16384)


def test_another_takes_its_place_with_pages_of_another_size(tmp_path: Path, fresh: Path) -> None:
    place, aside = database(tmp_path / "store.db", "old"), tmp_path / "old.bak"
    place.chmod(0o640)
    inode = place.stat().st_ino

    put_in_place(fresh, place, aside=aside)

    assert (said(place), said(aside)) == ({("new", ROWS)}, {("old", ROWS)})
    assert place.stat().st_ino == inode  # whoever opens it meanwhile opens the right one
    assert (place.stat().st_mode & 0o777, aside.stat().st_mode & 0o777) == (0o640, 0o600)
    assert {path.name for path in tmp_path.iterdir()} >= {"store.db", "old.bak"}
    assert not list(tmp_path.glob("*-wal"))


def test_whoever_waits_for_it_gets_the_new_one(tmp_path: Path, fresh: Path) -> None:
    place = database(tmp_path / "store.db", "old")
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30)\n"
        "print('opened', flush=True); c.execute('PRAGMA journal_mode = WAL')\n"
        "c.execute(\"INSERT INTO word (word) VALUES ('late')\"); c.commit(); c.close()"
    )
    others: list[subprocess.Popen[str]] = []

    def step(done: int, _total: int) -> None:
        if not others:  # in the middle
            other = subprocess.Popen(
                [sys.executable, "-c", code, place], stdout=subprocess.PIPE, text=True
            )
            assert other.stdout is not None
            assert other.stdout.readline() == "opened\n"
            others.append(other)

    put_in_place(fresh, place, step=step)

    assert others[0].communicate(timeout=30)[0] == ""
    assert others[0].returncode == 0
    assert said(place) == {("new", ROWS), ("late", 1)}


@pytest.mark.parametrize("writing", [False, True], ids=["a-reader", "a-writer"])
def test_one_that_is_in_use_stays(tmp_path: Path, fresh: Path, writing: bool) -> None:
    place = database(tmp_path / "store.db", "old")
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        other.execute("SELECT * FROM word").fetchone()
        with pytest.raises(LockedError, match="is in use by another program"):
            put_in_place(fresh, place, aside=tmp_path / "old.bak")

    assert said(place) == {("old", ROWS)}
    assert not (tmp_path / "old.bak").exists()


_CHILD = """
import os, signal, sys
from pathlib import Path
from feedsvc.store.replace import put_in_place

when = sys.argv[3]
steps = 0

def step(done, total):
    global steps
    steps += 1
    if str(steps) == when or (when == "last" and done == total):
        os.kill(os.getpid(), signal.SIGKILL)

put_in_place(Path(sys.argv[1]), Path(sys.argv[2]), aside=Path(sys.argv[2] + ".bak"), step=step)
"""


@pytest.mark.parametrize(
    ("when", "word"), [("1", "old"), ("2", "old"), ("last", "new")], ids=["1", "2", "last"]
)
def test_killed_at_a_step_the_old_one_is_there_or_the_new(
    tmp_path: Path, fresh: Path, when: str, word: str
) -> None:
    place = database(tmp_path / "store.db", "old")

    child = subprocess.run(
        [sys.executable, "-c", _CHILD, fresh, place, when], check=False, timeout=60
    )

    assert child.returncode == -signal.SIGKILL
    assert said(place) == {(word, ROWS)}
    put_in_place(fresh, place)
    assert said(place) == {("new", ROWS)}


def test_a_full_disk_keeps_the_old_one(tmp_path: Path, fresh: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        place = database(disk / "store.db", "old", rows=1000)
        with pytest.raises(StoreError, match="full"):
            put_in_place(fresh, place)

        assert said(place) == {("old", 1000)}
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
