"""`feedsvc log` and `feedsvc status --watch`."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.model import LogEntry
from feedsvc.store import open_store
from tests.support import Shell

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def noted(shell: Shell) -> Shell:
    """A newsroom with a journal of three days."""
    store = open_store(f"sqlite:///{shell.root / 'var/feedsvc.db'}")
    store.log(
        [
            entry(72, "sync", "desk", "3 new", new=3),
            entry(48, "sync", "desk", "cannot read \x1b[31m/articles", level="error"),
            entry(24, "build", "all", "held back", level="error"),
            entry(2, "daemon", None, "the configuration was read again"),
            entry(1, "sync", "desk", "is well again"),
        ]
    )
    store.close()
    return shell


def entry(
    hours: int, kind: str, subject: str | None, message: str, *, level: str = "info", **fields: int
) -> LogEntry:
    return LogEntry(
        at=NOW - timedelta(hours=hours), kind=kind, subject=subject, message=message, level=level,
        fields=fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        pytest.param(
            (),
            ["3 new", "cannot read \x1b[31m/articles", "held back",
             "the configuration was read again", "is well again"],
            id="all-oldest-first",
        ),
        pytest.param(
            ("-n", "2"), ["the configuration was read again", "is well again"], id="the-newest"
        ),
        pytest.param(
            ("--source", "desk"),
            ["3 new", "cannot read \x1b[31m/articles", "is well again"],
            id="of-a-source",
        ),
        pytest.param(("--feed", "all"), ["held back"], id="of-a-feed"),
        pytest.param(("--kind", "daemon"), ["the configuration was read again"], id="of-a-kind"),
        pytest.param(
            ("--level", "error"),
            ["cannot read \x1b[31m/articles", "held back"],
            id="what-went-wrong",
        ),
        pytest.param(
            ("--since", "3h"),
            ["the configuration was read again", "is well again"],
            id="of-the-last-hours",
        ),
        pytest.param(("--source", "nobody"), [], id="of-nobody"),
    ],
)  # fmt: skip
def test_what_is_chosen(noted: Shell, options: tuple[str, ...], messages: list[str]) -> None:
    done = noted.run("log", "--json", *options)

    assert done.json["schema"] == "feedsvc.log/1"
    assert [one["message"] for one in done.json["entries"]] == messages


def test_an_entry_as_json(noted: Shell) -> None:
    done = noted.run("log", "--json")

    assert done.json["entries"][0] == {
        "at": f"{NOW - timedelta(hours=72):%Y-%m-%dT%H:%M:%SZ}",
        "level": "info",
        "kind": "sync",
        "subject": "desk",
        "message": "3 new",
        "fields": {"new": 3},
    }


def test_lines_for_people_hold_no_control_characters(noted: Shell) -> None:
    done = noted.run("log")

    assert done.code == 0
    assert len(done.out.splitlines()) == 5
    assert "error: desk: cannot read ?[31m/articles" in done.out
    assert "error: building all: held back" in done.out


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--since", "yesterday"), id="no-duration"),
        pytest.param(("--level", "loud"), id="no-level"),
        pytest.param(("-n", "0"), id="no-number"),
        pytest.param(("--source", "desk", "--feed", "all"), id="of-both"),
    ],
)
def test_a_wrong_command_line_is_told(shell: Shell, options: tuple[str, ...]) -> None:
    done = shell.run("log", *options)

    assert done.code == 2
    assert len(done.err.splitlines()) <= 3


def test_what_comes_is_followed(noted: Shell) -> None:
    command = [sys.executable, "-m", "feedsvc", "log", "--follow", "--json", "-n", "1"]
    with subprocess.Popen(command, cwd=noted.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        store = open_store(f"sqlite:///{noted.root / 'var/feedsvc.db'}")
        store.log([entry(0, "sync", "desk", "1 new", new=1)])
        store.close()

        second = json.loads(process.stdout.readline())

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert (first["message"], second["message"]) == ("is well again", "1 new")


def test_more_that_comes_than_was_asked_for_at_first_is_followed(noted: Shell) -> None:
    command = [sys.executable, "-m", "feedsvc", "log", "--follow", "--json", "-n", "1"]
    with subprocess.Popen(command, cwd=noted.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        store = open_store(f"sqlite:///{noted.root / 'var/feedsvc.db'}")
        store.log([entry(0, "sync", "desk", f"{n} new", new=n) for n in (1, 2, 3)])
        store.close()

        came = [json.loads(process.stdout.readline())["message"] for _ in range(3)]

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert came == ["1 new", "2 new", "3 new"]


# -- status --watch --------------------------------------------------------------------------------


def test_without_a_terminal_each_look_is_a_whole_document(shell: Shell) -> None:
    shell.run("sync")
    command = [sys.executable, "-m", "feedsvc", "status", "--watch", "1", "--json"]
    with subprocess.Popen(command, cwd=shell.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert [look["schema"] for look in looks] == ["feedsvc.status/1"] * 2
    assert looks[0]["sources"] == looks[1]["sources"]
    assert looks[0]["daemon"] == {"running": False}


def test_on_a_terminal_it_fits_the_screen_and_names_what_is_wrong(shell: Shell) -> None:
    for number in range(60):
        shell.write(f"bad{number}.txt", "\0\0\0")
    shell.run("sync")
    with terminal(shell.root, "status", "--watch", rows=20) as screen:
        shown = screen.until("problems")

    lines = shown.rpartition("\x1b[3J")[2].splitlines()
    assert len(lines) <= 20
    assert "1 source: 1 ok" in shown
    assert "more" in lines[-1]
    assert max(map(len, lines)) <= 80


def test_a_configuration_that_breaks_meanwhile_is_told_until_it_is_mended(shell: Shell) -> None:
    shell.run("sync")
    good = (shell.root / "feedsvc.toml").read_text()
    with terminal(shell.root, "status", "--watch", "1") as screen:
        screen.until("1 source")
        shell.configure(good.replace("path", "pfad"))
        screen.until("no key 'pfad'")
        shell.configure(good)
        again = screen.until("1 source")

    assert "Traceback" not in again


class Screen:
    """What a command draws on a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def until(self, text: str) -> str:
        """What is drawn until these words are."""
        drawn, deadline = "", time.monotonic() + 30
        while text not in drawn:
            assert time.monotonic() < deadline, drawn
            drawn += os.read(self._descriptor, 65536).decode()
        time.sleep(0.2)  # the rest of the picture
        return drawn + os.read(self._descriptor, 65536).decode() if self._more() else drawn

    def _more(self) -> bool:
        import select

        return bool(select.select([self._descriptor], [], [], 0)[0])


@contextmanager
def terminal(root: Path, *arguments: str, rows: int = 24) -> Iterator[Screen]:
    """A command on a terminal of so many rows and 80 columns."""
    ours, theirs = pty.openpty()
    size = {"LINES": str(rows), "COLUMNS": "80"}
    with subprocess.Popen(
        [sys.executable, "-m", "feedsvc", *arguments],
        cwd=root, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **size},
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            yield Screen(ours)
        finally:
            process.kill()
            os.close(ours)
