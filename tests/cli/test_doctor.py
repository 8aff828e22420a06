"""`feedsvc doctor` as an operator sees it: lines, JSON, exit codes; it changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import Shell


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (
            path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(root.rglob("*"))
    }  # fmt: skip


def outcomes(shell: Shell, *options: str) -> dict[str, str]:
    found = shell.run("doctor", "--json", "--offline", *options).json
    return {check["name"]: check["outcome"] for check in found["checks"]}


def test_a_newsroom_that_is_well(synced: Shell) -> None:
    result = synced.run("doctor", "--offline")

    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "ok",
        "configuration",
        "feedsvc.toml:",
        "1",
        "source,",
        "2",
        "feeds",
    ]
    assert not any(line.startswith("problem") for line in lines)
    assert result.err.startswith("2 warnings, ") or result.err.startswith("1 warning, ")


def test_as_json(synced: Shell) -> None:
    result = synced.run("doctor", "--offline", "--json")

    found = result.json
    assert found["schema"] == "feedsvc.doctor/1"
    assert {frozenset(check) for check in found["checks"]} == {
        frozenset({"name", "outcome", "message", "hint", "seconds"})
    }
    counted = dict.fromkeys(("ok", "warning", "failed", "skipped"), 0)
    for check in found["checks"]:
        counted[check["outcome"]] += 1
    assert found["totals"] == counted
    assert result.err == ""


def test_quietly_only_what_is_wrong(synced: Shell) -> None:
    (synced.root / "articles").rename(synced.root / "texts")

    result = synced.run("doctor", "--offline", "-q")

    assert result.code == 4
    assert result.err == ""
    lines = [line for line in result.out.splitlines() if not line.startswith(" ")]
    assert {line.split()[0] for line in lines} == {"problem", "warning"}
    assert any("rights.sources" in line and "there is no" in line for line in lines)


def test_nothing_is_changed_by_a_look(synced: Shell) -> None:
    before = snapshot(synced.root)

    synced.run("doctor", "--offline", "--full", "--public")

    assert snapshot(synced.root) == before


def test_nothing_is_made_in_an_empty_folder(empty: Shell) -> None:
    result = empty.run("doctor", "--public")

    assert result.code == 3
    assert "problem  configuration" in result.out
    assert "`feedsvc init` writes one" in result.out
    assert not list(empty.root.iterdir())


def test_nothing_is_made_before_the_first_sync(shell: Shell) -> None:
    before = snapshot(shell.root)

    result = shell.run("doctor", "--offline", "--public")

    assert result.code == 0
    assert snapshot(shell.root) == before


def change(shell: Shell, statement: str) -> None:
    with closing(sqlite3.connect(shell.root / "var" / "feedsvc.db")) as connection:
        connection.execute(statement)
        connection.commit()


def older(shell: Shell) -> None:
    change(shell, "UPDATE alembic_version SET version_num = '0001'")


def damaged(shell: Shell) -> None:
    (shell.root / "var" / "feedsvc.db").write_bytes(b"Dear all,\n" * 1000)


def broken(shell: Shell) -> None:
    shell.configure("[site")


def held(shell: Shell) -> None:
    change(shell, "UPDATE feed SET held = 'a document of it is invalid'")


def parked(shell: Shell) -> None:
    change(shell, "UPDATE source SET state = 'parked', reason = 'gone'")


def parked_and_held(shell: Shell) -> None:
    parked(shell)
    held(shell)


def older_and_without_output(shell: Shell) -> None:
    older(shell)
    shutil.rmtree(shell.root / "public")
    (shell.root / "public").write_text("")


def a_config_folder(shell: Shell) -> None:
    (shell.root / "feedsvc.toml").unlink()
    (shell.root / "feedsvc.toml").mkdir()


def nonsense_in_rows(shell: Shell) -> None:
    change(shell, "UPDATE source SET problems = '{', last_ok = 99999999999999")


def odd_names(shell: Shell) -> None:
    (shell.root / "public" / "all" / "a\x1b[2J\nb").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(shell.root) + b"/public/all/\xff\xfe")).symlink_to("nowhere")


def looping_links(shell: Shell) -> None:
    for name in ("articles", "public"):
        shutil.rmtree(shell.root / name)
        (shell.root / name).symlink_to(name)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(older, 6, id="an-older-schema"),
        pytest.param(damaged, 6, id="no-database"),
        pytest.param(broken, 3, id="a-broken-configuration"),
        pytest.param(a_config_folder, 3, id="a-folder-in-its-place"),
        pytest.param(held, 5, id="a-feed-is-held"),
        pytest.param(parked, 4, id="a-source-is-given-up"),
        pytest.param(parked_and_held, 5, id="the-graver-of-two"),
        pytest.param(older_and_without_output, 6, id="the-gravest"),
        pytest.param(nonsense_in_rows, 1, id="rows-of-nonsense"),
        pytest.param(odd_names, 0, id="odd-names"),
        pytest.param(looping_links, 5, id="links-in-a-circle"),
    ],
)
def test_exit_codes_and_never_a_traceback(
    spoil: Callable[[Shell], None], code: int, synced: Shell
) -> None:
    spoil(synced)

    plain = synced.run("doctor", "--offline")
    told = synced.run("doctor", "--offline", "--json")

    assert (plain.code, told.code) == (code, code), plain.out
    assert "Traceback" not in plain.err + plain.out
    assert all(line.isprintable() for line in plain.out.splitlines())
    assert {check["outcome"] for check in told.json["checks"]} >= {"ok"}


def test_a_warning_is_no_failure(synced: Shell) -> None:
    (synced.root / "config").mkdir()
    shutil.copy(synced.root / "feedsvc.toml", synced.root / "config" / "feedsvc.toml")

    result = synced.run("doctor", "--offline")

    assert result.code == 0
    assert "warning  configuration.files" in result.out
    assert "-> which one is used depends on the folder" in result.out


def test_public_addresses_are_left_alone_unless_asked_for(synced: Shell) -> None:
    usual, asked = outcomes(synced), outcomes(synced, "--public")

    assert "public" not in usual
    assert asked["public"] == "skipped"


def test_where_the_configuration_is_named(synced: Shell) -> None:
    (synced.root / "feedsvc.toml").rename(synced.root / "other.toml")

    assert synced.run("doctor", "--offline", "-c", "other.toml").code == 0
    missing = synced.run("doctor", "--offline", "-c", "none.toml")
    assert missing.code == 3
    assert "--config names none.toml, and there is no such file" in missing.out


def test_help_tells_of_exit_codes(empty: Shell) -> None:
    result = empty.run("doctor", "--help")

    assert result.code == 0
    for word in ("examples:", "--public", "--full", "exit codes: 0 nothing failed"):
        assert word in result.out


@pytest.mark.timeout(60)
def test_an_interruption_ends_it_in_one_line(synced: Shell) -> None:
    """A Ctrl-C while somebody holds the database: nothing of its threads is heard of again."""
    script = """
import os, signal, sqlite3, threading, time
from feedsvc.cli.main import main
c = sqlite3.connect("var/feedsvc.db", isolation_level=None)
c.execute("BEGIN IMMEDIATE")
c.execute("UPDATE source SET failures = 1")
threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
raise SystemExit(main(["doctor", "--offline"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=synced.root, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "feedsvc: interrupted\n")
