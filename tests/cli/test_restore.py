"""`feedsvc restore`: the service as it was, or not a byte of it touched."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feedsvc.app.keeping.archive import verify
from feedsvc.errors import StoreError
from feedsvc.store.schema import REVISIONS
from feedsvc.store.whole import lies_at
from tests.support import Shell

KILLS = int(os.environ.get("FEEDSVC_KILLS", "12"))


@pytest.fixture
def backup(synced: Shell, tmp_path: Path) -> Path:
    """A backup of a newsroom with two articles; since then a third one came."""
    file = tmp_path / "two.backup"
    assert synced.run("-q", "backup", str(file)).code == 0
    synced.write("mole.txt", "The mole is open\n2025-03-16\n\nSince noon.\n")
    assert synced.run("-q", "sync").code == 0
    return file


def state(root: Path) -> dict[str, bytes]:
    """Every file but locks and journals, which come and go."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and not path.name.endswith(("-shm", "-wal"))
    }


def titles(shell: Shell) -> list[str]:
    listed = shell.run("article", "list", "--json")
    assert listed.code == 0
    return sorted(one["title"] for one in listed.json["articles"])


TWO = ["The ferry sails again", "The library stays open late"]
THREE = [*TWO, "The mole is open"]


# -- the service as it was -----------------------------------------------------------------------


def published(root: Path) -> dict[str, tuple[int, bytes]]:
    """What readers get, and since when."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".feedsvc" not in path.parts
    }


RICH = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[publish]
directory = "out"

[ops]
feed = true
token = "0123456789abcdef0123456789abcdef"

[[source]]
name = "desk"
path = "articles"
settle = "1s"

[[feed]]
name = "all"
archive = true
limit = 3
deleted_entries = true

[[feed]]
name = "mine"
private = true

[[feed]]
name = "topics"
per = "tag"

[[feed]]
name = "days"
digest = "daily"
"""


def test_on_another_machine_every_file_is_the_same_and_as_old(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.configure(RICH)
    for number in range(12):
        text = f"Story {number}\n2025-02-{number + 1:02}\nTags: Port, Line {number % 3}\n\nFog.\n"
        shell.write(f"{number}.txt", text)
    assert shell.run("-q", "sync").code == 0
    shell.write("3.txt", "Story 3\n2025-02-04\nTags: Port\n\nMore fog.\n")
    ids = {
        one["title"]: one["id"] for one in shell.run("article", "list", "--json").json["articles"]
    }
    assert shell.run("article", "withdraw", ids["Story 7"], "--reason", "wrong").code == 0
    assert shell.run("feed", "move", "days", "daily").code == 0
    assert shell.run("-q", "sync").code == 0
    assert shell.run("-q", "regenerate").code == 0
    before = published(shell.root / "out")
    assert any("/archive/" in path for path in before)
    assert shell.run("-q", "backup", str(tmp_path / "it.backup")).code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    told = shell.run("restore", "--json", "--with-config", str(tmp_path / "it.backup"))
    built = shell.run("-q", "regenerate")

    assert (told.code, built.code) == (0, 0)
    assert told.json["store"] == str(elsewhere / "var/feedsvc.db")
    assert told.json["configuration"] == "restored"
    assert told.json["files"] == [str(elsewhere / "feedsvc.toml")]
    assert (elsewhere / "feedsvc.toml").stat().st_mode & 0o777 == 0o600
    after = published(elsewhere / "out")
    assert before.keys() == after.keys()
    assert [path for path in before if before[path] != after[path]] == []
    # And nothing is left to do.
    again = shell.run("regenerate", "--json")
    assert {one["outcome"] for one in again.json["publications"]} == {"unchanged"}


def test_the_log_says_why_later_articles_are_gone(synced: Shell, backup: Path) -> None:
    assert synced.run("restore", "--force", str(backup)).code == 0

    said = synced.run("log", "--json").json["entries"]

    assert [one["message"] for one in said if one["subject"] == "restore"] == [
        f"the store was restored from two.backup, as of {made(backup)}"
    ]


def made(file: Path) -> str:
    return str(json.loads(parts(file)[0][1])["made"])


def test_what_was_published_since_is_taken_down(synced: Shell, backup: Path) -> None:
    text = (synced.root / "feedsvc.toml").read_text()
    synced.configure(f'{text}\n[[feed]]\nname = "late"\nlanguage = "en"\n')
    synced.write(
        "fog.txt", f"Fog on the river\n{datetime.now(UTC):%Y-%m-%d}\n\nThe mole is open.\n"
    )
    assert synced.run("-q", "sync").code == 0
    assert (synced.root / "public/sitemap-news.xml").exists()
    late = [path for path, (_, body) in published(synced.root / "public").items()
            if b"The mole is open" in body]  # fmt: skip
    assert any(path.startswith("a/") for path in late)
    synced.configure(text)

    assert synced.run("restore", "--force", str(backup)).code == 0
    assert synced.run("-q", "regenerate").code == 0

    left = published(synced.root / "public")
    assert not any(path.startswith("late/") for path in left)
    assert not any(b"The mole is open" in body for _, body in left.values())
    assert not any(path.startswith("sitemap-news") for path in left)
    assert not (synced.root / "public/.feedsvc/building.json").exists()


# -- an old store in its place -------------------------------------------------------------------


def test_a_store_with_articles_stays_unless_it_is_forced_away(synced: Shell, backup: Path) -> None:
    before = state(synced.root)

    refused = synced.run("restore", str(backup))

    assert refused.code == 2
    assert refused.err == (
        f"feedsvc: {synced.root}/var/feedsvc.db holds articles already\n"
        "--force puts the backup in its place, and keeps the old store beside it\n"
    )
    assert state(synced.root) == before
    forced = synced.run("restore", "--force", "--json", str(backup))
    assert forced.code == 0
    assert titles(synced) == TWO
    aside = Path(forced.json["moved_aside"])
    assert aside.stat().st_mode & 0o777 == 0o600
    assert aside.name.startswith("feedsvc.db.before-restore-")
    # And back.
    assert synced.run("restore", "--force", str(aside)).code == 0
    assert titles(synced) == THREE


def test_what_stands_in_the_journal_of_the_old_store_stays_with_it(
    synced: Shell, backup: Path
) -> None:
    place = synced.root / "var/feedsvc.db"
    code = (
        "import os, sqlite3; c = sqlite3.connect('var/feedsvc.db');"
        "c.execute('PRAGMA wal_autocheckpoint = 0');"
        "c.execute('UPDATE article SET title = title || ?', ('!',)); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=synced.root, check=True)
    assert place.with_name("feedsvc.db-wal").stat().st_size

    told = synced.run("restore", "--force", "--json", str(backup)).json

    assert titles(synced) == TWO
    with closing(sqlite3.connect(told["moved_aside"])) as old:
        assert sorted(title for (title,) in old.execute("SELECT title FROM article")) == [
            f"{title}!" for title in THREE
        ]


def test_a_journal_without_its_store_is_not_applied(synced: Shell, backup: Path) -> None:
    place = synced.root / "var/feedsvc.db"
    code = (
        "import os, sqlite3; c = sqlite3.connect('var/feedsvc.db');"
        "c.execute('PRAGMA wal_autocheckpoint = 0');"
        "c.execute('DELETE FROM label'); c.execute('UPDATE article SET title = 1');"
        "c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=synced.root, check=True)
    place.unlink()

    assert synced.run("restore", str(backup)).code == 0

    assert titles(synced) == TWO
    assert check(place) == "ok"


def check(place: Path) -> str:
    with closing(sqlite3.connect(place)) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.parametrize("harm", ["overwritten", "cut", "one-page", "no-database"])
def test_a_damaged_store_is_replaced_and_kept(synced: Shell, backup: Path, harm: str) -> None:
    place = synced.root / "var/feedsvc.db"
    data = place.read_bytes()
    harmed = {
        "overwritten": data[:100] + b"\xff" * (len(data) - 100),
        "cut": data[: len(data) // 2 + 7],
        "one-page": data[: 16384 * 4] + b"\xff" * 16384 + data[16384 * 5 :],
        "no-database": b"It was a good store.\n" * 1000,
    }[harm]
    place.write_bytes(harmed)
    place.with_name("feedsvc.db-wal").write_bytes(b"a journal of nothing" * 100)

    assert synced.run("restore", str(backup)).code == 2
    told = synced.run("restore", "--force", "--json", str(backup))

    assert told.code == 0
    assert titles(synced) == TWO
    assert check(place) == "ok"
    assert Path(told.json["moved_aside"]).read_bytes()[100:] == harmed[100:]
    assert not list(synced.root.rglob(".feedsvc-unfinished-*"))


def test_an_empty_store_is_replaced_without_a_word(synced: Shell, backup: Path) -> None:
    (synced.root / "var/feedsvc.db").unlink()
    assert synced.run("status").code == 0  # makes one

    told = synced.run("restore", "--json", str(backup))

    assert (told.code, told.json["moved_aside"]) == (0, None)
    assert titles(synced) == TWO


def test_a_database_of_something_else_is_never_replaced(synced: Shell, backup: Path) -> None:
    place = synced.root / "var/feedsvc.db"
    place.unlink()
    with closing(sqlite3.connect(place)) as database:
        database.execute("CREATE TABLE recipe (id)")
    before = place.read_bytes()

    result = synced.run("restore", "--force", str(backup))

    assert result.code == 6
    assert "is a database of something else" in result.err
    assert place.read_bytes() == before


def test_an_older_store_is_brought_up_to_date(synced: Shell, backup: Path, tmp_path: Path) -> None:
    old = older(tmp_path / "old.db")

    told = synced.run("restore", "--force", "--json", str(old))

    assert (told.code, told.json["revision"], told.json["migrated_to"]) == (
        0, "0003", REVISIONS[-1],
    )  # fmt: skip
    assert titles(synced) == ["Ferry late"]
    assert [path.name for path in (synced.root / "var").glob("*.bak*")] == [
        Path(told.json["moved_aside"]).name
    ]


def older(place: Path) -> Path:
    """A store of the schema before this one, with an article."""
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from alembic import command; from alembic.config import Config\n"
        "from feedsvc.store.engine import connect, writing\n"
        "from feedsvc.store.migrate import STEPS\n"
        "engine = connect(f'sqlite:///{sys.argv[1]}'); config = Config()\n"
        "config.set_main_option('script_location', str(STEPS))\n"
        "with writing(engine) as connection:\n"
        "    config.attributes['connection'] = connection; command.upgrade(config, '0003')\n"
        "engine.dispose()"
    )
    subprocess.run([sys.executable, "-c", code, place], check=True)
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
            """
        )
    return place


# -- the configuration ---------------------------------------------------------------------------


def test_a_configuration_that_differs_is_told_and_kept(synced: Shell, backup: Path) -> None:
    file = synced.root / "feedsvc.toml"
    now = file.read_text() + '\n[[feed]]\nname = "late"\n'
    synced.configure(now)

    told = synced.run("restore", "--force", str(backup))

    assert told.code == 0
    assert f"is another one than {file}; --with-config would take it" in told.out
    assert file.read_text() == now


def test_with_config_the_old_one_is_kept_beside_it(synced: Shell, backup: Path) -> None:
    file = synced.root / "feedsvc.toml"
    then = file.read_text()
    file.chmod(0o640)
    now = then + '\n[[feed]]\nname = "late"\n'
    synced.configure(now)

    told = synced.run("restore", "--force", "--with-config", "--json", str(backup))

    assert told.code == 0
    assert file.read_text() == then
    assert file.stat().st_mode & 0o777 == 0o640
    (kept,) = synced.root.glob("feedsvc.toml.before-restore-*.bak")
    assert kept.read_text() == now


def test_lists_come_back_with_the_configuration(shell: Shell, tmp_path: Path) -> None:
    text = (shell.root / "feedsvc.toml").read_text()
    shell.configure(f'{text}\n[[source]]\nname = "l"\nkind = "opml"\npath = "lists/mine.opml"\n')
    (shell.root / "lists").mkdir()
    opml = '<opml version="2.0"><body><outline text="P" xmlUrl="https://p.example.org/"/></body></opml>'
    (shell.root / "lists/mine.opml").write_text(opml)
    assert shell.run("-q", "sync", "--source", "desk").code == 0
    assert shell.run("-q", "backup", str(tmp_path / "it.backup")).code == 0
    (shell.root / "lists/mine.opml").unlink()

    told = shell.run("restore", "--force", "--with-config", "--json", str(tmp_path / "it.backup"))

    assert told.json["files"] == [str(shell.root / "lists/mine.opml")]
    assert (shell.root / "lists/mine.opml").read_text() == opml


def test_another_service_is_told_of(synced: Shell, backup: Path) -> None:
    text = (synced.root / "feedsvc.toml").read_text()
    synced.configure(text.replace('id_domain = "news.', 'id_domain = "olds.'))

    told = synced.run("restore", "--force", "--json", str(backup))

    assert told.json["notes"] == [
        "its ids were minted as news.example.org,2025-01-01; "
        "by this configuration new ones are olds.example.org,2025-01-01"
    ]


# -- refused -------------------------------------------------------------------------------------


WAYS: tuple[tuple[str, ...], ...] = ((), ("--force",), ("--force", "--with-config"))


def assert_refused(
    shell: Shell, file: Path, *said: str, code: int = 6, ways: tuple[tuple[str, ...], ...] = WAYS
) -> None:
    """It is told in a few lines, and nothing has changed."""
    before = state(shell.root)
    for options in ways:
        result = shell.run("restore", *options, str(file))
        assert (result.code, result.out) == (code, "")
        assert all(word in result.err for word in said), result.err
        assert len(result.err.splitlines()) <= 3
        assert "Traceback" not in result.err
    assert state(shell.root) == before


NOTICED = r"damaged|no backup of feedsvc"


def test_a_flipped_bit_anywhere_is_noticed(backup: Path, tmp_path: Path) -> None:
    data = backup.read_bytes()
    harmed = tmp_path / "harmed.backup"
    chance = random.Random(3)
    every = {*range(40), *range(len(data) - 60, len(data))}  # both ends, and a sample between
    for at in every | {chance.randrange(len(data)) for _ in range(500)}:
        for bit in (1 << chance.randrange(8), 0xFF):
            harmed.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
            with pytest.raises(StoreError, match=NOTICED):
                verify(harmed)


def test_a_cut_anywhere_is_noticed(backup: Path, tmp_path: Path) -> None:
    data = backup.read_bytes()
    harmed = tmp_path / "harmed.backup"
    for size in {*range(60), *range(len(data) - 60, len(data)), *range(60, len(data), 97)}:
        harmed.write_bytes(data[:size])
        with pytest.raises(StoreError, match=NOTICED):
            verify(harmed)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(lambda data: b"", "is no backup of feedsvc", id="an-empty-file"),
        pytest.param(lambda data: data[:-1], "is damaged, or was cut off", id="a-byte-less"),
        pytest.param(lambda data: data + b"\0", "is damaged, or was cut off", id="a-byte-more"),
        pytest.param(lambda data: data + data, "is damaged, or was cut off", id="twice"),
        pytest.param(lambda data: data[:5000], "is damaged, or was cut off", id="its-beginning"),
        pytest.param(
            lambda data: data[:900] + b"\0" * 512 + data[1412:], "is damaged", id="a-bad-sector"
        ),
        pytest.param(lambda data: data[1:], "is no backup of feedsvc", id="without-a-beginning"),
        pytest.param(lambda data: b"Dear diary\n" * 99, "is no backup of feedsvc", id="a-text"),
        pytest.param(lambda data: data[4096:], "is no backup of feedsvc", id="its-end"),
    ],
)
def test_a_damaged_file_is_refused(
    synced: Shell, backup: Path, tmp_path: Path, harm: Callable[[bytes], bytes], said: str
) -> None:
    harmed = tmp_path / "harmed.backup"
    harmed.write_bytes(harm(backup.read_bytes()))

    assert_refused(synced, harmed, str(harmed), said)


def test_a_file_that_is_none_is_refused(synced: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert_refused(synced, tmp_path / "gone.backup", "there is no file", code=2)
    assert_refused(synced, tmp_path, "is no file", code=2)
    assert_refused(synced, tmp_path / "pipe", "is no file", code=2)


def test_the_store_is_not_restored_from_itself(synced: Shell) -> None:
    before = state(synced.root)

    result = synced.run("restore", "--force", "var/feedsvc.db")

    assert (result.code, state(synced.root)) == (2, before)
    assert "is the store itself" in result.err


# -- made by somebody else -----------------------------------------------------------------------


def parts(file: Path) -> list[tuple[str, bytes]]:
    """The members of a backup, in their order."""
    data = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = []
        for member in tar:
            stream = tar.extractfile(member)
            assert stream is not None
            found.append((member.name, stream.read()))
    return found


def tarred(
    members: list[tuple[tarfile.TarInfo | str, bytes]], format: int = tarfile.GNU_FORMAT
) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for named, data in members:
            info = tarfile.TarInfo(named) if isinstance(named, str) else named
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def sealed(tar: bytes) -> bytes:
    """As the format has it: anybody can write one."""
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(tar)
    return frame + struct.pack("<II", 0x184D2A50, 40) + b"feedsvc1" + hashlib.sha256(frame).digest()


def headed(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def link_to(target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo("feedsvc.db")
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def forged(file: Path, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The backup with another manifest."""
    (name, told), *rest = parts(file)
    manifest = json.loads(told)
    change(manifest)
    return sealed(tarred([(name, json.dumps(manifest).encode()), *rest]))


def set_in(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        place: Any = manifest
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


def test_what_is_forged_well_is_a_backup(synced: Shell, backup: Path, tmp_path: Path) -> None:
    """So that those below are refused for what is wrong with them."""
    same = tmp_path / "same.backup"
    same.write_bytes(forged(backup, lambda manifest: None))

    assert synced.run("restore", "--force", str(same)).code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(set_in("kind", to="cookbook"), "is no backup of feedsvc", id="another-kind"),
        pytest.param(set_in("format", to=2), "by a newer feedsvc", id="a-later-format"),
        pytest.param(set_in("revision", to="9999"), "by a newer feedsvc", id="a-later-schema"),
        pytest.param(set_in("revision", to="0001"), "is damaged", id="another-schema"),
        pytest.param(set_in("members", to=[]), "is damaged", id="no-members"),
        pytest.param(set_in("members", 0, "name", to="../../evil"), "is damaged", id="a-path"),
        pytest.param(set_in("members", 0, "name", to="/etc/evil"), "is damaged", id="a-root"),
        pytest.param(set_in("members", 0, "name", to="feedsvc.db"), "is damaged", id="two-stores"),
        pytest.param(set_in("members", 1, "size", to=5), "is damaged", id="a-smaller-store"),
        pytest.param(set_in("members", 1, "size", to=1 << 50), "no room", id="a-giant-store"),
        pytest.param(set_in("members", 1, "size", to=-1), "is damaged", id="less-than-nothing"),
        pytest.param(set_in("members", 1, "sha256", to="0" * 64), "is damaged", id="other-bytes"),
        pytest.param(set_in("made", to="yesterday"), "is damaged", id="no-time"),
        pytest.param(set_in("made", to="2025-01-01T00:00:00"), "is damaged", id="a-time-nowhere"),
        pytest.param(set_in("service", to=None), "is damaged", id="nobody"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    synced: Shell, backup: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    file = tmp_path / "forged.backup"
    file.write_bytes(forged(backup, change))

    result = synced.run("restore", "--force", str(file))

    assert result.code == 6
    assert said in result.err
    assert titles(synced) == THREE
    assert not list(tmp_path.rglob("evil"))
    assert not list(tmp_path.rglob(".feedsvc-unfinished-*"))


MANIFEST = "manifest.json"


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda of: tarred([("../evil", b"x")]), id="a-path-above"),
        pytest.param(lambda of: tarred([("/tmp/evil", b"x")]), id="a-path-from-the-root"),
        pytest.param(lambda of: tarred([]), id="nothing"),
        pytest.param(lambda of: b"", id="not-even-a-tar"),
        pytest.param(lambda of: os.urandom(5000), id="noise"),
        pytest.param(lambda of: tarred([(MANIFEST, b"[" * 500_000)]), id="a-deep-manifest"),
        pytest.param(lambda of: tarred([(MANIFEST, b"\xff" * 3)]), id="no-text"),
        pytest.param(lambda of: tarred([(MANIFEST, b"{}")]), id="an-empty-manifest"),
        pytest.param(lambda of: tarred([(MANIFEST, b" " * 9_000_000)]), id="a-giant-manifest"),
        pytest.param(lambda of: tarred(of[:1]), id="a-manifest-alone"),
        pytest.param(lambda of: tarred(of[::-1]), id="another-order"),
        pytest.param(
            lambda of: tarred([*of[:2], (link_to("/etc/passwd"), b"")]), id="a-link-out-of-it"
        ),
        pytest.param(
            lambda of: tarred([(tarfile.TarInfo("x" * 300), b"")]), id="a-name-that-goes-on"
        ),
        pytest.param(
            lambda of: tarred([("ü" * 200, b"")], tarfile.PAX_FORMAT), id="headers-before-it"
        ),
        pytest.param(lambda of: tarred(of)[:-50_000], id="a-tar-that-ends-early"),
        pytest.param(lambda of: headed(MANIFEST, -512) + bytes(9000), id="less-than-nothing"),
        pytest.param(lambda of: headed("\udcff\udcfe", 0), id="a-name-that-is-no-text"),
    ],
)
def test_a_tar_of_somebody_else_is_refused(
    synced: Shell, backup: Path, tmp_path: Path, build: Callable[[Any], bytes]
) -> None:
    file = tmp_path / "foreign.backup"
    file.write_bytes(sealed(build(parts(backup))))

    assert_refused(synced, file, str(file), ways=WAYS[1:])
    assert not Path("/tmp/evil").exists()
    assert not list(tmp_path.rglob("evil"))


def test_a_frame_that_never_ends_is_not_unpacked(
    synced: Shell, backup: Path, tmp_path: Path
) -> None:
    """64 GB of zeros in some MB, behind a header that says so."""
    head = tarfile.TarInfo(MANIFEST)
    head.size = 64 * 1024**3
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    frame = packer.compress(head.tobuf(tarfile.GNU_FORMAT))
    zeros = bytes(16 * 1024**2)
    frame += b"".join(packer.compress(zeros) for _ in range(20)) + packer.flush()
    seal = struct.pack("<II", 0x184D2A50, 40) + b"feedsvc1" + hashlib.sha256(frame).digest()
    file = tmp_path / "bomb.backup"
    file.write_bytes(frame + seal)

    assert_refused(synced, file, "is no backup of feedsvc")


def test_a_list_is_not_put_elsewhere(synced: Shell, backup: Path, tmp_path: Path) -> None:
    (name, told), *rest = parts(backup)
    manifest = json.loads(told)
    evil = b"* * * * * root evil\n"
    added: list[tuple[str, bytes]] = []
    (synced.root / "door").symlink_to(tmp_path)
    for number, path in enumerate(["../evil", "/tmp/evil", "door/evil", "a/../../evil", ".", ""]):
        entry = f"list-{number}.opml"
        digest = hashlib.sha256(evil).hexdigest()
        told_of_it = {"name": entry, "size": len(evil), "path": path, "sha256": digest}
        manifest["members"].insert(0, told_of_it)
        added.insert(0, (entry, evil))
    file = tmp_path / "forged.backup"
    file.write_bytes(sealed(tarred([(name, json.dumps(manifest).encode()), *added, *rest])))

    told_of = synced.run("restore", "--force", "--with-config", "--json", str(file))

    assert (told_of.code, told_of.json["files"]) == (0, [])
    assert len(told_of.json["notes"]) == 6
    assert not (tmp_path / "evil").exists()
    assert not Path("/tmp/evil").exists()


# -- somebody is at work -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["daemon", "build", "sync-0", "source-desk"])
def test_nothing_is_restored_while_somebody_is_at_work(
    synced: Shell, backup: Path, name: str
) -> None:
    (synced.root / f"var/feedsvc.db.{name}.lock").touch()
    code = (
        "import sys; from pathlib import Path; from feedsvc.store.locks import hold\n"
        "with hold(Path('var/feedsvc.db'), sys.argv[1]): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, name], cwd=synced.root, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        result = synced.run("restore", "--force", str(backup))
        other.communicate("\n")

    assert result.code == 6
    assert "nothing can be restored now" in result.err
    assert len(result.err.splitlines()) <= 3
    assert titles(synced) == THREE
    assert synced.run("restore", "--force", str(backup)).code == 0


def test_nothing_is_restored_under_a_program_that_only_looks(synced: Shell, backup: Path) -> None:
    with closing(sqlite3.connect(synced.root / "var/feedsvc.db")) as reader:
        reader.execute("SELECT * FROM article").fetchone()
        result = synced.run("restore", "--force", str(backup))

    assert result.code == 6
    assert "is in use by another program" in result.err
    assert titles(synced) == THREE
    assert synced.run("restore", "--force", str(backup)).code == 0


# -- nothing by halves ---------------------------------------------------------------------------


def test_a_dry_run_changes_nothing(synced: Shell, backup: Path, tmp_path: Path) -> None:
    before = state(synced.root)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "feedsvc.toml").write_text((synced.root / "feedsvc.toml").read_text())

    here = synced.run("restore", "--dry-run", "--force", "--with-config", "--json", str(backup))
    there = synced.run("-C", str(elsewhere), "restore", "--dry-run", "--json", str(backup))

    assert (here.code, here.json["outcome"], there.code) == (0, "checked", 0)
    os.chdir(synced.root)
    assert state(synced.root) == before
    assert [path.name for path in elsewhere.iterdir()] == ["feedsvc.toml"]


@pytest.mark.timeout(600)
def test_killed_at_any_moment_it_leaves_the_old_or_the_new(
    synced: Shell, backup: Path, tmp_path: Path
) -> None:
    place = synced.root / "var/feedsvc.db"
    for number in range(400):  # so that it takes its time
        synced.write(f"{number}.txt", f"Story {number}\n\n{os.urandom(3000).hex()}\n")
    assert synced.run("-q", "sync").code == 0
    whole = place.read_bytes()
    began = time.monotonic()
    assert restoring(synced, backup).wait() == 0
    took = time.monotonic() - began
    chance, ends = random.Random(7), {"old": 0, "new": 0}

    for _ in range(KILLS):
        for path in (synced.root / "var").iterdir():
            if path.is_file():
                path.unlink()
        place.write_bytes(whole)
        process = restoring(synced, backup)
        time.sleep(took * chance.uniform(0.5, 1.0))
        process.kill()
        assert process.wait() in (0, -signal.SIGKILL)

        assert lies_at(place) == "store"
        assert check(place) == "ok"
        with closing(sqlite3.connect(place)) as database:
            count = database.execute("SELECT count(*) FROM article").fetchone()[0]
        assert count in (403, 2)
        ends["old" if count == 403 else "new"] += 1
    assert synced.run("restore", "--force", str(backup)).code == 0
    assert titles(synced) == TWO
    assert not list(synced.root.rglob(".feedsvc-unfinished-*"))
    assert ends["old"]


def restoring(shell: Shell, backup: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "feedsvc", "-q", "restore", "--force", str(backup)],
        cwd=shell.root, stdout=subprocess.DEVNULL,
    )  # fmt: skip
