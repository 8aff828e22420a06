"""What systemd hears of the daemon: real sockets of both kinds, and none."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from feedsvc.aside import environment
from feedsvc.scheduler.notify import Notifier


class Manager:
    """A service manager's end of the line."""

    def __init__(self, address: str) -> None:
        self.named = address
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.ear.settimeout(5)

    def heard(self) -> dict[str, str]:
        """The next message, as variables."""
        lines = self.ear.recv(65_536).decode().split("\n")
        return dict(line.partition("=")[::2] for line in lines)

    def hears_nothing(self) -> bool:
        self.ear.setblocking(False)
        try:
            self.ear.recv(65_536)
        except BlockingIOError:
            return True
        finally:
            self.ear.settimeout(5)
        return False


@pytest.fixture
def open_manager() -> Iterator[Callable[[str], Manager]]:
    opened: list[Manager] = []
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short

        def make(kind: str = "path") -> Manager:
            name = f"{folder}/notify" if kind == "path" else f"@feedsvc-{os.getpid()}-{len(opened)}"
            opened.append(Manager(name))
            return opened[-1]

        yield make
        for one in opened:
            one.ear.close()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_a_life_as_systemd_hears_it(kind: str, open_manager: Callable[[str], Manager]) -> None:
    manager = open_manager(kind)
    environ = {"NOTIFY_SOCKET": manager.named, "WATCHDOG_USEC": "30000000", "PATH": "/bin"}

    notifier = Notifier.of_environment(environ)
    notifier.ready("12 sources")
    notifier.alive()
    notifier.reloading()
    notifier.stopping()

    assert environ == {"PATH": "/bin"}
    assert notifier.watchdog == 30.0
    ready = {"READY": "1", "MAINPID": str(os.getpid()), "STATUS": "12 sources"}
    assert manager.heard() == ready
    assert manager.heard() == {"WATCHDOG": "1"}
    reloading = manager.heard()
    assert reloading.keys() == {"RELOADING", "MONOTONIC_USEC"}
    assert re.fullmatch("[0-9]{6,}", reloading["MONOTONIC_USEC"])
    assert manager.heard() == {"STOPPING": "1", "STATUS": "ending"}


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(None, id="no-systemd"),
        pytest.param("", id="an-empty-variable"),
        pytest.param("@", id="an-abstract-name-without-a-name"),
        pytest.param("run/notify", id="a-relative-path"),
        pytest.param("vsock:2:1234", id="the-host-of-a-virtual-machine"),
        pytest.param("/nowhere/notify", id="nobody-there"),
        pytest.param("/" + 300 * "x", id="a-path-longer-than-a-socket-may-have"),
        pytest.param("/run/\0/notify", id="a-nul"),
        pytest.param("/run/\udcff/notify", id="not-utf-8"),
    ],
)
def test_silent_where_nobody_listens(address: str | None) -> None:
    notifier = Notifier(address, watchdog=1.0)

    notifier.ready("x")
    notifier.reloading()
    notifier.alive()
    notifier.stopping()

    listened = address is not None and address[:1] == "/" and "\0" not in address
    assert notifier.watchdog == (1.0 if listened else None)


@pytest.mark.parametrize(
    ("asked", "watchdog"),
    [
        pytest.param({"WATCHDOG_USEC": "2000000"}, 2.0, id="for-us"),
        pytest.param(
            {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, 2.0, id="by-our-pid"
        ),
        pytest.param({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None, id="for-another"),
        pytest.param({}, None, id="none"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no-number"),
        pytest.param({"WATCHDOG_USEC": "-5"}, None, id="negative"),
        pytest.param({"WATCHDOG_USEC": 30 * "9"}, None, id="beyond-all-clocks"),
        pytest.param({"WATCHDOG_USEC": "²"}, None, id="no-ascii-digit"),
    ],
)
def test_who_watches(
    asked: dict[str, str], watchdog: float | None, open_manager: Callable[[str], Manager]
) -> None:
    environ = {"NOTIFY_SOCKET": open_manager("path").named, **asked}

    notifier = Notifier.of_environment(environ)

    assert notifier.watchdog == watchdog
    assert environ == {}


def test_no_watchdog_without_anybody_to_tell() -> None:
    assert Notifier.of_environment({"WATCHDOG_USEC": "2000000"}).watchdog is None


def test_ticks_are_more_frequent_than_pings(open_manager: Callable[[str], Manager]) -> None:
    manager = open_manager("path")
    now = 100.0
    notifier = Notifier(manager.named, watchdog=9.0, monotonic=lambda: now)

    for _ in range(10):
        notifier.alive()
        now += 1.0

    told = 0
    while not manager.hears_nothing():
        told += 1
    assert told == 4  # at 0, 3, 6 and 9 seconds


def test_ready_is_told_again_when_it_could_not_be(open_manager: Callable[[str], Manager]) -> None:
    """systemd would wait for it until it gives the start up."""
    manager = open_manager("path")
    notifier = Notifier(manager.named)
    hidden = Path(f"{manager.named}.gone")
    Path(manager.named).rename(hidden)
    notifier.ready("12 sources")
    hidden.rename(manager.named)

    notifier.alive()
    notifier.alive()

    assert manager.heard()["READY"] == "1"
    assert manager.hears_nothing()


def test_a_full_queue_does_not_halt_the_daemon(open_manager: Callable[[str], Manager]) -> None:
    manager = open_manager("path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood, suppress(BlockingIOError):
        while True:
            flood.sendto(b"STATUS=x", socket.MSG_DONTWAIT, manager.named)
    notifier = Notifier(manager.named)

    notifier.ready("in vain")

    while not manager.hears_nothing():
        pass
    notifier.alive()
    assert manager.heard()["STATUS"] == "in vain"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("one\nREADY=1\n two", "one READY=1 two", id="never-a-second-variable"),
        pytest.param("\x1b[31mred\x00", "[31mred", id="no-control-characters"),
        pytest.param("Fähre um neun", "Fähre um neun", id="umlauts"),
        pytest.param("bad\udcff", "bad", id="a-lone-surrogate"),
        pytest.param(9_999 * "ß", 400 * "ß", id="never-too-long-for-systemd"),
    ],
)
def test_a_status_is_one_line(text: str, told: str, open_manager: Callable[[str], Manager]) -> None:
    manager = open_manager("path")

    Notifier(manager.named).ready(text)

    assert manager.heard()["STATUS"] == told


def test_children_are_not_told_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.setenv(name, "/run/systemd/notify")
    script = "import os; print([n for n in os.environ if n.startswith(('NOTIFY', 'WATCH'))])"

    said = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "[]\n"
