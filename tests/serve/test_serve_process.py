"""The server process and its supervisor: how it starts, says what is wrong, and ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.errors import ConfigError, FeedsvcError
from feedsvc.serve.listen import address_of, listen
from feedsvc.serve.supervisor import ServerProcess

Ask = Callable[..., Any]
LOOPBACK = "127.0.0.1"


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


# The child by hand


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told_to(tmp_path: Path, start_child: Any, number: int) -> None:
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    assert re.fullmatch(r"ready http://127\.0\.0\.1:[1-9]\d*", child.line)

    child.process.send_signal(number)
    output, errors = child.process.communicate(timeout=60)

    assert (child.process.returncode, output, errors) == (0, "", "")


def test_an_answer_on_its_way_is_finished(tmp_path: Path, start_child: Any) -> None:
    data = os.urandom(5_000_000)
    (tmp_path / "large.bin").write_bytes(data)
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    received = b""
    with socket.create_connection((LOOPBACK, child.port), timeout=60) as connection:
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        received += connection.recv(1000)
        child.process.terminate()
        time.sleep(0.1)
        while piece := connection.recv(65536):
            received += piece

    assert received.endswith(data)
    assert child.end() == (0, "")


def test_a_reader_who_takes_nothing_does_not_hold_it_up(tmp_path: Path, start_child: Any) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(20_000_000))
    child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
    with socket.create_connection((LOOPBACK, child.port)) as connection:
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        started = time.monotonic()

        assert child.end() == (0, "")

    assert time.monotonic() - started < 30  # else it would have no end


def test_tags_and_dates_are_the_same_after_a_restart(
    tmp_path: Path, start_child: Any, ask: Ask, publish_site: Callable[[Path], None]
) -> None:
    publish_site(tmp_path)

    def fields() -> list[tuple[str, str]]:
        child = start_child("--directory", str(tmp_path), "--listen", "127.0.0.1:0")
        found = [
            (answer[1]["etag"], answer[1]["last-modified"])
            for path in ("/all/atom.xml", "/all/feed.json", "/")
            for coding in ("identity", "gzip", "br", "zstd")
            if (answer := ask(child.port, path, accept_encoding=coding))
        ]
        child.end()
        return found

    assert fields() == fields()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        pytest.param("127.0.0.1:http", "not an address to listen on", id="no-port"),
        pytest.param("8080", "not an address to listen on", id="no-host"),
        pytest.param("127.0.0.1:70000", "no such port", id="too-high-a-port"),
        pytest.param("192.0.2.1:0", "this machine has no such address", id="not-ours"),
        pytest.param("no.such.host.invalid:0", "no such host name", id="no-such-host"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(
    tmp_path: Path, start_child: Any, address: str, reason: str
) -> None:
    child = start_child("--directory", str(tmp_path), "--listen", address)

    assert child.line.startswith("error ")
    assert reason in child.line
    assert child.process.communicate(timeout=60) == ("", "")
    assert child.process.returncode == 3


def test_an_address_in_use_names_who_uses_it(tmp_path: Path, start_child: Any) -> None:
    with listen(LOOPBACK, 0) as taken:
        port = taken.getsockname()[1]

        child = start_child("--directory", str(tmp_path), "--listen", f"{LOOPBACK}:{port}")

    assert f"cannot listen on {LOOPBACK}:{port}: the address is already in use" in child.line
    assert f", pid {os.getpid()}" in child.line
    child.process.communicate(timeout=60)


def test_two_servers_never_share_an_address() -> None:
    with listen(LOOPBACK, 0) as first, pytest.raises(ConfigError) as caught:
        listen(LOOPBACK, first.getsockname()[1])

    assert caught.value.hint is not None
    assert "[server]" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_base_address_can_be_opened(host: str, base: str) -> None:
    if host == "::1" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    with listen(host, 0) as listener:
        address = address_of(listener)
        with socket.create_connection(
            (address[7:].rpartition(":")[0].strip("[]"), port_of(address))
        ):
            pass

    assert address.startswith(base)


# The supervisor


def test_start_returns_the_address_and_stop_gives_it_back(
    tmp_path: Path, ask: Ask, publish_site: Callable[[Path], None]
) -> None:
    publish_site(tmp_path)
    events: list[str] = []

    async def main() -> tuple[str, int, int]:
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0, on_event=events.append)
        address = await server.start()
        pid = server.pid
        assert pid is not None
        status = (await asyncio.to_thread(ask, port_of(address), "/all/atom.xml"))[0]
        await server.stop()
        assert server.pid is None
        return address, pid, status

    address, pid, status = asyncio.run(main())

    assert (status, events) == (200, [])
    assert not Path(f"/proc/{pid}").exists()  # not even a zombie
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port_of(address)))


def test_an_address_in_use_is_told_before_any_child_starts(tmp_path: Path) -> None:
    async def main(port: int) -> None:
        await ServerProcess(directory=tmp_path, host=LOOPBACK, port=port).start()

    with listen(LOOPBACK, 0) as taken, pytest.raises(ConfigError, match="already in use"):
        asyncio.run(main(taken.getsockname()[1]))


def test_a_killed_child_is_started_again_at_the_same_address(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "a.txt").write_bytes(b"here")
    events: list[str] = []

    async def main() -> list[int]:
        pids = []
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0, on_event=events.append)
        async with server:
            for _ in range(2):
                assert server.pid is not None
                pids.append(server.pid)
                os.kill(server.pid, signal.SIGKILL)
                # Asked at once: the connection waits in the socket until the new child takes it.
                answer = await asyncio.to_thread(ask, await_port(server), "/a.txt")
                assert answer[2] == b"here"
        return pids

    def await_port(server: ServerProcess) -> int:
        assert server.address is not None
        return port_of(server.address)

    pids = asyncio.run(main())

    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert "was killed by SIGKILL; starting it again in 0.25 s" in events[0]
    assert events[1].startswith("the server is running again at http://127.0.0.1:")
    assert "starting it again in 0.5 s" in events[2]


def test_stop_while_a_new_child_is_on_its_way(tmp_path: Path) -> None:
    before = children()

    async def main(pause: float) -> None:
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0)
        await server.start()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.sleep(pause)
        await server.stop()
        assert server.pid is None

    for pause in (0.0, 0.1, 0.3, 0.4):
        asyncio.run(main(pause))

    assert children() <= before


def children() -> set[int]:
    """The processes this one has started and not yet seen the end of; other tests may have, too."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(entry.parent.name))
        except FileNotFoundError:
            continue
    return found


def test_a_child_that_does_not_listen_to_reason_is_killed(tmp_path: Path) -> None:
    before = children()

    async def main() -> float:
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0, grace=0.3)
        await server.start()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)  # it cannot even see the SIGTERM
        started = time.monotonic()
        await server.stop()
        return time.monotonic() - started

    assert 0.2 < asyncio.run(main()) < 2
    assert children() <= before


def test_stop_twice_and_before_start_is_harmless(tmp_path: Path) -> None:
    async def main() -> None:
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0)
        await server.stop()
        await server.start()
        await server.stop()
        await server.stop()

    asyncio.run(main())


def test_a_child_that_cannot_start_is_an_error_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    before = children()

    async def main() -> None:
        await ServerProcess(directory=tmp_path, host=LOOPBACK, port=0).start()

    with pytest.raises(FeedsvcError, match="the server did not start: it ended with exit code 1"):
        asyncio.run(main())

    assert children() <= before


PARENT = """
    import asyncio, sys
    from pathlib import Path
    from feedsvc.serve.supervisor import ServerProcess

    async def main():
        server = ServerProcess(
            directory=Path(sys.argv[1]), host="127.0.0.1", port=0, on_event=lambda text: print(text)
        )
        address = await server.start()
        print(address, server.pid, flush=True)
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start_parent(directory: Path) -> tuple[subprocess.Popen[str], str, int]:
    """A supervising process in a group of its own, as a shell starts one; its address and child."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert parent.stdout is not None
    address, pid = parent.stdout.readline().split()
    return parent, address, int(pid)


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent, address, pid = start_parent(tmp_path)
    assert alive(pid)

    parent.kill()
    parent.communicate(timeout=60)

    assert wait_until(lambda: not alive(pid))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port_of(address)))


def test_a_ctrl_c_in_the_terminal_ends_both_without_a_word(tmp_path: Path) -> None:
    parent, _, pid = start_parent(tmp_path)

    os.killpg(parent.pid, signal.SIGINT)
    output, errors = parent.communicate(timeout=8)

    assert (parent.returncode, output, errors) == (130, "", "")
    assert not alive(pid)


def test_a_sigint_to_the_child_alone_changes_nothing(tmp_path: Path, ask: Ask) -> None:
    async def main() -> int:
        server = ServerProcess(directory=tmp_path, host=LOOPBACK, port=0)
        async with server:
            assert server.pid is not None
            assert server.address is not None
            pid = server.pid
            os.kill(pid, signal.SIGINT)
            status = (await asyncio.to_thread(ask, port_of(server.address), "/health/live"))[0]
            assert server.pid == pid
            return int(status)

    assert asyncio.run(main()) == 200


def test_a_module_in_the_working_directory_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("feedsvc", "json", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        async with ServerProcess(directory=tmp_path, host=LOOPBACK, port=0):
            pass

    asyncio.run(main())
