"""`feedsvc run` as a real process: what is due happens by itself, and it ends when asked to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon import PATIENCE, Daemon, write

CONFIG = """
[site]
title = "Harbour News"
[server]
listen = "127.0.0.1:0"
[[source]]
name = "desk"
path = "articles"
settle = "1s"
every = "1s"
"""


@pytest.fixture
def newsroom(tmp_path: Path) -> Path:
    (tmp_path / "feedsvc.toml").write_text(CONFIG)
    write(tmp_path / "articles/first.txt", "First")
    return tmp_path


@pytest.fixture
def start(newsroom: Path) -> Iterator[Callable[..., Daemon]]:
    started: list[Daemon] = []

    def begin(*options: str) -> Daemon:
        started.append(Daemon(newsroom, "-m", "feedsvc", "run"))
        started[-1].start(*options)
        return started[-1]

    yield begin
    for daemon in started:
        daemon.kill()


def test_what_is_dropped_into_the_folder_appears(start: Callable[..., Daemon]) -> None:
    daemon = start("--no-server")
    daemon.wait_for(lambda: daemon.entries() == ["First"])

    (daemon.root / "articles/second.txt").write_text("Second\n2025-01-02\n\nText.\n")

    daemon.wait_for(lambda: daemon.entries() == ["Second", "First"])


def test_an_embargoed_article_appears_when_it_is_due(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=4)
    text = f"Secret\n2025-01-03\nEmbargo: {due:%Y-%m-%dT%H:%M:%SZ}\n\nText.\n"
    (newsroom / "articles/secret.txt").write_text(text)
    os.utime(newsroom / "articles/secret.txt", (1_700_000_000, 1_700_000_000))
    daemon = start("--no-server")
    daemon.wait_for(lambda: "First" in daemon.titles())
    assert "Secret" not in daemon.titles() or datetime.now(UTC) >= due

    daemon.wait_for(lambda: "Secret" in daemon.titles())

    assert datetime.now(UTC) >= due.replace(microsecond=0)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 0, id="sigterm-is-a-clean-end"),
        pytest.param(signal.SIGINT, 130, id="ctrl-c-is-an-interrupt"),
    ],
)
def test_it_ends_when_asked_to(
    start: Callable[..., Daemon], number: signal.Signals, code: int
) -> None:
    daemon = start()
    daemon.wait_for(lambda: daemon.entries() == ["First"])

    ended = daemon.end(number)

    assert ended == code
    assert "Traceback" not in daemon.said
    assert "ending" in daemon.said.splitlines()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 0, id="sigterm-is-a-clean-end"),
        pytest.param(signal.SIGINT, 130, id="ctrl-c-is-an-interrupt"),
    ],
)
def test_it_ends_when_asked_to_before_it_has_begun(
    start: Callable[..., Daemon], newsroom: Path, number: signal.Signals, code: int
) -> None:
    hold_up(newsroom)
    daemon = start("--no-server")
    wait_until_it_listens(daemon)

    ended = daemon.end(number)

    assert ended == code
    assert "Traceback" not in daemon.said


def test_a_reload_asked_for_before_it_has_begun_is_not_the_end(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    pipe = hold_up(newsroom)
    daemon = start("--no-server")
    wait_until_it_listens(daemon)

    daemon.tell(signal.SIGHUP)

    with pipe.open("w") as begin:
        (newsroom / "new.toml").write_text(CONFIG)
        (newsroom / "new.toml").replace(pipe)
        begin.write(CONFIG)
    daemon.wait_for(lambda: "the configuration was read again" in daemon.said)
    assert daemon.end(signal.SIGTERM) == 0


def hold_up(newsroom: Path) -> Path:
    """Let a daemon wait for its configuration, which is to come through a pipe."""
    pipe = newsroom / "feedsvc.toml"
    pipe.unlink()
    os.mkfifo(pipe)
    return pipe


def wait_until_it_listens(daemon: Daemon) -> None:
    """Until then it is Python that is started, and no command of ours."""
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status")
    bit = 1 << (signal.SIGTERM - 1)
    daemon.wait_for(lambda: int(re.findall(r"SigCgt:\s*(\w+)", status.read_text())[0], 16) & bit)


def test_a_store_that_is_moved_away_is_told_once_and_nothing_is_lost(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    daemon = start("--no-server")
    daemon.wait_for(lambda: daemon.entries() == ["First"])
    store, away = newsroom / "var/feedsvc.db", newsroom / "away.db"
    store.rename(away)
    daemon.wait_for(lambda: "its file is gone" in daemon.said)
    (newsroom / "articles/second.txt").write_text("Second\n2025-01-02\n\nText.\n")
    store.write_bytes(b"")
    daemon.wait_for(lambda: "another file lies in its place" in daemon.said)
    assert daemon.entries() == ["First"]

    away.replace(store)

    daemon.wait_for(lambda: daemon.entries() == ["Second", "First"])
    assert daemon.said.count("its file is gone") == 1
    assert daemon.said.count("store: is well again") == 1
    assert daemon.end(signal.SIGTERM) == 0


def test_a_second_one_on_the_same_store_ends_with_one_clear_line(
    start: Callable[..., Daemon],
) -> None:
    first = start("--no-server")
    first.wait_for(lambda: first.entries() == ["First"])

    second = start("--no-server")

    assert second.process is not None
    assert second.process.wait(timeout=PATIENCE) == 6
    assert "another `feedsvc run` is at work on this store" in second.said
    assert first.process is not None
    assert first.process.poll() is None


def test_a_sync_by_hand_beside_it_is_safe(start: Callable[..., Daemon], newsroom: Path) -> None:
    daemon = start("--no-server")
    daemon.wait_for(lambda: daemon.entries() == ["First"])
    (newsroom / "articles/second.txt").write_text("Second\n2025-01-02\n\nText.\n")

    done = subprocess.run(
        [sys.executable, "-m", "feedsvc", "-q", "sync"],
        cwd=newsroom, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    daemon.wait_for(lambda: daemon.entries() == ["Second", "First"])


def test_a_source_that_fails_is_told_once_and_its_recovery_too(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    (newsroom / "articles").rename(newsroom / "away")
    daemon = start("--no-server")
    daemon.wait_for(lambda: "cannot read" in daemon.said)
    time.sleep(1.5)  # one more tick: it must not be told again
    (newsroom / "away").rename(newsroom / "articles")

    daemon.wait_for(lambda: daemon.entries() == ["First"])

    assert daemon.said.count("cannot read") == 1
    assert "is well again" in daemon.said


def test_a_source_that_a_newer_configuration_lacks_harms_no_other(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    other = CONFIG.replace('"desk"', '"wire"').replace('"articles"', '"wire"')
    both = CONFIG + other[other.index("[[source]]") :]
    (newsroom / "feedsvc.toml").write_text(both)
    (newsroom / "wire").mkdir()
    daemon = start("--no-server")
    daemon.wait_for(lambda: daemon.entries() == ["First"])
    (newsroom / "newer.toml").write_text(other)
    subprocess.run(
        [sys.executable, "-m", "feedsvc", "-q", "-c", "newer.toml", "sync"],
        cwd=newsroom, capture_output=True, check=True,
    )  # fmt: skip

    (newsroom / "wire/second.txt").write_text("Second\n2025-01-02\n\nText.\n")

    daemon.wait_for(lambda: "Second" in daemon.titles())
    assert daemon.said.count("desk: is not in the configuration that another command has read") == 1


def test_what_libraries_log_is_not_said_unless_asked_for() -> None:
    script = (
        "import logging, feedsvc.scheduler\n"
        "logging.getLogger('apscheduler.scheduler').warning('a run was skipped')\n"
        "logging.getLogger('feedsvc.scheduler').error('a tick failed')"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stderr == ""


def test_a_configuration_changed_while_it_was_down_is_published_at_the_start(
    start: Callable[..., Daemon], newsroom: Path
) -> None:
    before = start("--no-server")
    before.wait_for(lambda: before.entries() == ["First"])
    before.end(signal.SIGTERM)
    (newsroom / "feedsvc.toml").write_text(CONFIG.replace("Harbour News", "Quay News"))

    after = start("--no-server")

    feed = newsroom / "public/all/atom.xml"
    after.wait_for(lambda: "<title>Quay News</title>" in feed.read_text())
