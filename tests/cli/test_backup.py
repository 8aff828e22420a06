"""`feedsvc backup`: what is in the file, where it goes, and where it must not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feedsvc.store.schema import REVISIONS
from tests.support import Shell

LIST = """<opml version="2.0"><head><title>Mine</title></head><body>
<outline type="rss" text="Port" xmlUrl="https://port.example.org/feed"/></body></opml>"""


def members(file: Path) -> dict[str, bytes]:
    """What a backup holds, read without feedsvc."""
    data = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {}
        for member in tar:
            stream = tar.extractfile(member)
            assert stream is not None
            assert (member.mode, member.uid, member.uname) == (0o600, 0, "")
            found[member.name] = stream.read()
    return found


def files_in(root: Path) -> set[str]:
    """Every file but locks."""
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def saved(shell: Shell, *arguments: str) -> Any:
    """The JSON document of a backup."""
    result = shell.run("backup", "--json", *arguments)
    assert (result.code, result.err.count("feedsvc:")) == (0, 0)
    return result.json


# -- what is in it -------------------------------------------------------------------------------


def test_a_backup_lies_beside_the_store_and_says_what_it_holds(synced: Shell) -> None:
    before = files_in(synced.root)

    told = saved(synced)

    file = Path(told["file"])
    assert file.parent == synced.root / "var/backups"
    assert file.name == f"feedsvc-{told['made'].replace('-', '').replace(':', '')}.backup"
    assert files_in(synced.root) - before == {f"var/backups/{file.name}"}
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (told["schema"], told["bytes"]) == ("feedsvc.backup/1", file.stat().st_size)
    assert (told["revision"], told["sources"], told["articles"]) == (REVISIONS[-1], 1, 2)
    held = members(file)
    assert list(held) == ["manifest.json", "feedsvc.toml", "feedsvc.db"]
    assert held["feedsvc.toml"] == (synced.root / "feedsvc.toml").read_bytes()
    manifest = json.loads(held["manifest.json"])
    assert manifest["service"] == {
        "id_domain": "news.example.org",
        "id_since": "2025-01-01",
        "base_url": "https://news.example.org",
        "store": str(synced.root / "var/feedsvc.db"),
        "configuration": str(synced.root / "feedsvc.toml"),
    }
    assert [(one["name"], one["size"], one["sha256"]) for one in manifest["members"]] == [
        (name, len(data), hashlib.sha256(data).hexdigest())
        for name, data in held.items()
        if name != "manifest.json"
    ]


def test_the_database_in_it_is_whole_by_itself(synced: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"

    copy.write_bytes(members(Path(saved(synced)["file"]))["feedsvc.db"])

    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM article").fetchall() == [(2,)]


def test_secrets_that_have_files_stay_out_and_lists_are_in(shell: Shell) -> None:
    (shell.root / "secret.txt").write_text("hush-in-a-file")
    (shell.root / "lists").mkdir()
    (shell.root / "lists/mine.opml").write_text(LIST)
    text = (shell.root / "feedsvc.toml").read_text()
    shell.configure(
        f'{text}\n[[source]]\nname = "planet"\nurl = "https://planet.example.org/feed"\n'
        'auth = { user = "ada", password = { file = "secret.txt" } }\nheaders = { X-Key = "inline" '
        '}\n[[source]]\nname = "lists"\nkind = "opml"\npath = "lists/mine.opml"\n'
    )
    assert shell.run("-q", "sync", "--source", "desk", "--source", "lists").code in (0, 4)

    held = members(Path(saved(shell)["file"]))

    assert list(held) == ["manifest.json", "feedsvc.toml", "list-1.opml", "feedsvc.db"]
    assert held["list-1.opml"] == LIST.encode()
    assert json.loads(held["manifest.json"])["members"][1]["path"] == "lists/mine.opml"
    assert not any(b"hush-in-a-file" in data for data in held.values())
    assert b"inline" in held["feedsvc.toml"]


def test_what_cannot_be_read_is_named_and_keeps_nothing_else_out(synced: Shell) -> None:
    text = (synced.root / "feedsvc.toml").read_text()
    lists = '[[source]]\nname = "lists"\nkind = "opml"\npath = "gone.opml"\n'
    synced.configure(f"{text}\n{lists}")

    result = synced.run("backup", "--json")

    assert result.code == 0
    place = synced.root / "gone.opml"
    assert result.json["notes"] == [f"{place} is not in it: No such file or directory"]
    assert f"feedsvc: {place} is not in it" in result.err
    assert list(members(Path(result.json["file"]))) == [
        "manifest.json", "feedsvc.toml", "feedsvc.db",
    ]  # fmt: skip


def test_an_older_store_is_saved_as_it_is(synced: Shell) -> None:
    place = synced.root / "var/feedsvc.db"
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0003'")

    told = saved(synced)

    assert told["revision"] == "0003"
    with closing(sqlite3.connect(place)) as database:
        assert database.execute("SELECT * FROM alembic_version").fetchall() == [("0003",)]
    assert list(place.parent.glob("*.bak")) == []


# -- where it goes -------------------------------------------------------------------------------


def test_it_goes_to_the_folder_of_the_configuration(synced: Shell, tmp_path: Path) -> None:
    text = (synced.root / "feedsvc.toml").read_text()
    synced.configure(f'{text}\n[maintenance]\nbackup = "{tmp_path}/kept/here"\n')

    assert Path(saved(synced)["file"]).parent == tmp_path / "kept/here"


@pytest.mark.parametrize(
    ("target", "parent", "name"),
    [
        pytest.param("mine.backup", ".", "mine.backup", id="a-file-of-this-name"),
        pytest.param("kept", "kept", None, id="a-folder-that-is-there"),
        pytest.param("new/", "new", None, id="a-folder-that-is-made"),
        pytest.param("link", "kept", None, id="a-link-to-a-folder"),
        pytest.param("dangling.backup", "kept", "real.backup", id="a-link-to-a-file-not-there-yet"),
    ],
)
def test_a_target_is_a_file_or_a_folder(
    synced: Shell, target: str, parent: str, name: str | None
) -> None:
    (synced.root / "kept").mkdir()
    (synced.root / "link").symlink_to("kept")
    (synced.root / "dangling.backup").symlink_to("kept/real.backup")

    file = Path(saved(synced, target)["file"])

    assert file.parent == (synced.root / parent).resolve()
    assert file.name == (name or file.name)
    assert "feedsvc.db" in members(file)
    assert (synced.root / "dangling.backup").is_symlink()


def test_a_backup_replaces_a_backup_and_two_of_one_second_stand_beside_one_another(
    synced: Shell,
) -> None:
    first = saved(synced, "last.backup")
    again = saved(synced, "last.backup")
    files = {saved(synced, "kept/")["file"] for _ in range(5)}

    assert first["file"] == again["file"]
    assert len(files) == 5


def test_rotating_leaves_the_newest_and_what_others_named(synced: Shell) -> None:
    config = (synced.root / "feedsvc.toml").read_text(encoding="utf-8")
    synced.configure(f"{config}\n[maintenance]\nkeep_backups = 2\n")
    saved(synced, "before-the-move.backup")
    plain = [Path(saved(synced)["file"]) for _ in range(3)]

    rotated = synced.run("backup", "--rotate")

    assert rotated.code == 0
    assert rotated.err.endswith("; 2 older went\n")
    left = {path for path in plain[0].parent.iterdir() if path.suffix == ".backup"}
    assert Path(rotated.out.strip()) in left
    assert len(left - {Path(rotated.out.strip())}) == len(left & set(plain)) == 1
    assert (synced.root / "before-the-move.backup").exists()
    assert synced.run("backup", "--rotate", "-").code == 2


def test_standard_output_takes_it_through_a_pipe(synced: Shell, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "feedsvc", "backup", "-"],
        cwd=synced.root, capture_output=True, timeout=60, check=True,
    )  # fmt: skip

    piped = tmp_path / "piped.backup"
    piped.write_bytes(done.stdout)
    assert b"2 articles of 1 source," in done.stderr
    assert synced.run("restore", "--dry-run", "--force", str(piped)).code == 0
    assert files_in(synced.root / "var") == {"feedsvc.db"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param("public", "lies in the output directory", id="the-output-directory"),
        pytest.param("public/all/it", "lies in the output directory", id="below-it"),
        pytest.param("public/new/", "lies in the output directory", id="a-folder-made-in-it"),
        pytest.param("door/it.backup", "lies in the output directory", id="through-a-link"),
        pytest.param("kept/../public/x", "lies in the output directory", id="through-dots"),
        pytest.param("var/feedsvc.db", "belongs to the service itself", id="the-store"),
        pytest.param("var/feedsvc.db-wal", "belongs to the service itself", id="its-journal"),
        pytest.param("feedsvc.toml", "belongs to the service itself", id="the-configuration"),
        pytest.param("articles/ferry.txt", "is there already and no backup", id="another-file"),
        pytest.param("pipe", "is there already and no backup", id="a-pipe-nobody-reads"),
        pytest.param("/dev/null", "is there already and no backup", id="a-device"),
        pytest.param("no/such/folder/it", "there is no folder", id="a-folder-that-is-not-there"),
        pytest.param("-", "nothing to be shown", id="a-document-and-a-stream"),
    ],
)
def test_a_place_that_is_none_is_refused(synced: Shell, target: str, reason: str) -> None:
    (synced.root / "kept").mkdir()
    (synced.root / "door").symlink_to("public")
    os.mkfifo(synced.root / "pipe")
    before = {name: (synced.root / name).read_bytes() for name in files_in(synced.root)}

    result = synced.run("backup", "--json", target)

    assert (result.code, result.out) == (2, "")
    assert reason in result.err
    assert len(result.err.splitlines()) <= 3
    assert {name: (synced.root / name).read_bytes() for name in files_in(synced.root)} == before


def test_a_folder_of_the_configuration_inside_the_output_is_refused(synced: Shell) -> None:
    text = (synced.root / "feedsvc.toml").read_text()
    synced.configure(f'{text}\n[maintenance]\nbackup = "public/backups"\n')

    result = synced.run("backup")

    assert result.code in (2, 3)
    assert "output directory" in result.err
    assert not (synced.root / "public/backups").exists()


# -- when it cannot be ---------------------------------------------------------------------------


@pytest.mark.parametrize("made", [False, True], ids=["no-store", "an-empty-file"])
def test_there_is_nothing_to_save_before_the_first_sync(shell: Shell, made: bool) -> None:
    if made:
        (shell.root / "var").mkdir()
        (shell.root / "var/feedsvc.db").touch()

    result = shell.run("backup")

    assert result.code == 6
    assert "there is nothing to save" in result.err
    assert "`feedsvc sync` makes it" in result.err
    assert files_in(shell.root / "var") == ({"feedsvc.db"} if made else set())


@pytest.mark.parametrize("how", ["overwritten", "one-page", "another"])
def test_a_store_that_is_damaged_is_not_saved(synced: Shell, how: str) -> None:
    place = synced.root / "var/feedsvc.db"
    saved(synced, "good.backup")
    data = bytearray(place.read_bytes())
    if how == "another":
        place.unlink()
        with closing(sqlite3.connect(place)) as database:
            database.execute("CREATE TABLE recipe (id)")
    else:
        start, end = (16, len(data)) if how == "overwritten" else (16384 * 3, 16384 * 5)
        place.write_bytes(data[:start] + b"\xa5" * (end - start) + data[end:])

    result = synced.run("backup", "kept/")

    assert result.code == 6
    assert str(place) in result.err
    expected = "something else" if how == "another" else "damaged"
    assert expected in result.err
    assert len(result.err.splitlines()) <= 3
    assert not list((synced.root).glob("kept/*.backup"))
    assert not list((synced.root).rglob(".feedsvc-unfinished-*"))


def test_two_at_once_are_one_and_a_word(synced: Shell) -> None:
    code = (
        "from pathlib import Path; from feedsvc.store.locks import hold\n"
        "with hold(Path('var/feedsvc.db'), 'backup'): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=synced.root, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        result = synced.run("backup")
        other.communicate("\n")

    assert result.code == 6
    assert result.err == ("feedsvc: another backup of this store is being written\nwait for it\n")
    assert synced.run("-q", "backup").code == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_keeps_the_last_backup_and_leaves_nothing(
    shell: Shell, small_disk: Path
) -> None:
    assert shell.run("-q", "sync").code == 0
    file = small_disk / "it.backup"
    saved(shell, str(file))
    before = file.read_bytes()
    for number in range(20):
        shell.write(f"{number}.txt", f"Title {number}\n\n{os.urandom(4000).hex()}\n")
    assert shell.run("-q", "sync").code == 0

    result = shell.run("backup", str(file))

    assert result.code == 6
    assert result.err == (
        f"feedsvc: no backup could be written to {file}: No space left on device\n"
        "check room and rights of the place; nothing was left there\n"
    )
    assert [path.name for path in small_disk.iterdir()] == ["it.backup"]
    assert file.read_bytes() == before


def test_a_place_without_rights_is_said(synced: Shell) -> None:
    (synced.root / "file").write_text("no folder")

    result = synced.run("backup", "file/it/")

    assert result.code == 6
    assert "no backup could be written to file/it" in result.err
    assert len(result.err.splitlines()) <= 3


@pytest.mark.parametrize("moment", [0.1, 0.3, 0.45, 0.6])
def test_what_a_killed_one_left_is_swept_by_the_next(synced: Shell, moment: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "feedsvc", "-q", "backup", "kept/"], cwd=synced.root
    )
    threading.Timer(moment, process.kill).start()
    process.wait()
    for folder in ("kept", "var"):  # as if it had been killed at the worst moment
        left = synced.root / folder / ".feedsvc-unfinished-x1"
        left.mkdir(parents=True, exist_ok=True)
        (left / "feedsvc.db").write_bytes(b"half")
    whole = list((synced.root / "kept").glob("*.backup"))
    for file in whole:
        assert synced.run("restore", "--dry-run", "--force", str(file)).code == 0

    assert synced.run("-q", "backup", "kept/").code == 0

    assert not list(synced.root.rglob(".feedsvc-unfinished-*"))
    assert len(list((synced.root / "kept").glob("*.backup"))) == len(whole) + 1
