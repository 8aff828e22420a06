"""The daemon and its server: at work, killed, of another version, or not the one that answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.ports import DAEMON
from tests.app.doctor.conftest import Ward
from tests.feedserver import Answer, FeedServer
from tests.support import DEFAULT_CONFIG, Service

PATIENCE = 60.0


@pytest.fixture
def port() -> int:
    """A port that is free for now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found: int = taken.getsockname()[1]
        return found


@pytest.fixture
def configured(ward: Ward, service: Service, port: int) -> Ward:
    service.configure(f'{DEFAULT_CONFIG}[server]\nlisten = "127.0.0.1:{port}"\n')
    return ward


@contextmanager
def running(root: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours, from when it says that it is at work."""
    command = [sys.executable, "-m", "feedsvc", *arguments]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "serving" in line or "publishing" in line, line
        try:
            yield process
        finally:
            process.terminate()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_none_runs(configured: Ward) -> None:
    found = configured.look("daemon") | configured.look("server")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert found["daemon"].message.startswith("none runs")
    assert found["server"].message.startswith("nobody listens at http://127.0.0.1:")


@pytest.mark.timeout(90)
def test_a_daemon_at_work(configured: Ward) -> None:
    with running(configured.root, "run") as process:
        until(lambda: "since" in configured.look("daemon")["daemon"].message)
        found = configured.look("daemon") | configured.look("server")
        locks = configured.look("database")["database.locks"].message

    assert found["daemon"].message.startswith(f"process {process.pid} (feedsvc run) runs since ")
    assert f"daemon by process {process.pid} (feedsvc run)" in locks
    assert found["server"].outcome is Outcome.OK
    assert found["server.documents"].outcome is Outcome.OK
    assert "is answered as it lies in" in found["server.documents"].message


@pytest.mark.timeout(90)
def test_a_daemon_without_a_server(configured: Ward) -> None:
    with running(configured.root, "run", "--no-server"):
        until(lambda: "process" in configured.look("daemon")["daemon"].message)
        check = configured.look("server")["server"]

    assert check.outcome is Outcome.WARNING
    assert "a daemon runs, and nobody listens" in check.message
    assert "--no-server" in (check.hint or "")


@pytest.mark.timeout(90)
def test_a_daemon_that_was_killed(configured: Ward) -> None:
    with running(configured.root, "run", "--no-server") as process:
        until(lambda: "since" in configured.look("daemon")["daemon"].message)
        process.send_signal(signal.SIGKILL)
        process.wait()

        check = configured.look("daemon")["daemon"]

    assert check.outcome is Outcome.WARNING
    assert f"(process {process.pid}) ended without saying so" in check.message


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param({"refused": "feedsvc.toml:3:1: no key 'pth'"},
                     "refused the configuration 0 seconds ago and runs on with the former one: "
                     "feedsvc.toml:3:1: no key 'pth'", id="it-refused-a-configuration"),
        pytest.param({"version": "0.0.1"}, "is of version 0.0.1", id="of-another-version"),
        pytest.param({"configuration": "/etc/feedsvc/feedsvc.toml"},
                     "runs with /etc/feedsvc/feedsvc.toml", id="of-another-configuration"),
    ],
)  # fmt: skip
def test_a_daemon_that(
    told: dict[str, str], words: str, configured: Ward, service: Service
) -> None:
    from feedsvc import __version__

    known = {"pid": os.getpid(), "version": __version__, "began": "2025-06-01T12:00:00+00:00",
             "configuration": str(service.root / "feedsvc.toml"), "refused": None}  # fmt: skip
    service.app.store.leave_remark(DAEMON, known | told, service.clock.now())

    with service.app.store.lock("daemon", timeout=0):
        check = configured.look("daemon")["daemon"]

    assert check.outcome is Outcome.WARNING
    assert words in check.message


# -- the server ----------------------------------------------------------------------------------


@pytest.fixture
def impostor(ward: Ward, service: Service, feed_server: FeedServer) -> FeedServer:
    """Another server at the address of ours."""
    host = feed_server.url("").removeprefix("http://")
    service.configure(f'{DEFAULT_CONFIG}[server]\nlisten = "{host}"\n')
    return feed_server


def test_another_program_at_our_address(ward: Ward, impostor: FeedServer) -> None:
    check = ward.look("server")["server"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 5)
    assert "is taken by another program by " in check.message
    assert f", pid {os.getpid()} (" in check.message


OURS = {"Server": "feedsvc", "Content-Type": "text/plain"}


@pytest.mark.parametrize(
    ("ready", "outcome", "words"),
    [
        pytest.param(Answer(status=404, headers=OURS), "skipped", "does not tell",
                     id="it-does-not-tell"),
        pytest.param(Answer(body=b'{"ready": true, "reasons": [], "warnings": []}'), "ok",
                     "it is ready", id="ready"),
        pytest.param(
            Answer(status=503, body=json.dumps({
                "ready": False, "warnings": [],
                "reasons": [{"check": "disk", "reason": "it is full"}]}).encode()),
            "warning", "it is not ready (503): disk: it is full", id="not-ready"),
        pytest.param(
            Answer(body=json.dumps({
                "ready": True, "reasons": [],
                "warnings": [{"check": "feeds", "reason": "one is held"}]}).encode()),
            "warning", "warns: feeds: one is held", id="ready-with-a-warning"),
        pytest.param(Answer(status=500, body=b"oh\x1b[2J no"), "warning", "not ready (500)",
                     id="it-fails"),
    ],
)  # fmt: skip
def test_ready(ready: Answer, outcome: str, words: str, ward: Ward, impostor: FeedServer) -> None:
    impostor["/health/live"] = Answer(headers=OURS)
    impostor["/health/ready"] = ready

    check = ward.look("server")["server.ready"]

    assert check.outcome == outcome
    assert words in check.message


def test_a_server_of_another_directory(ward: Ward, impostor: FeedServer) -> None:
    impostor["/health/live"] = Answer(headers=OURS)
    for path in ("/all/atom.xml", "/all/rss.xml", "/all/feed.json", "/index.html"):
        impostor[path] = b"<feed>of somebody else</feed>"

    check = ward.look("server")["server.documents"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 5)
    assert "with other bytes than lie there" in check.message


def test_a_server_that_hangs(ward: Ward, service: Service) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        port = listener.getsockname()[1]
        service.configure(f'{DEFAULT_CONFIG}[server]\nlisten = "127.0.0.1:{port}"\n')

        check = ward.look("server")["server"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 5)
    assert f"pid {os.getpid()} listens on port" in check.message
    assert "does not answer" in check.message
