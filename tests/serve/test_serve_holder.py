"""Who is in the way when an address cannot be had, told so that a person can act on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedsvc.errors import ConfigError
from feedsvc.portholder import Holder, holder, listener
from feedsvc.serve.listen import listen

HAS_IPV6 = Path("/proc/net/if_inet6").exists()
LISTENER = """
    import socket, sys
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    with socket.socket(family) as one:
        one.bind((sys.argv[1], 0))
        one.listen()
        print(one.getsockname()[1], flush=True)
        sys.stdin.read()
"""
Start = Callable[..., tuple[int, int]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that listens at an address; its number and its port."""
    processes = []

    def start(*command: str, address: str = "127.0.0.1") -> tuple[int, int]:
        process = subprocess.Popen(
            [sys.executable, *(command or ("-c", textwrap.dedent(LISTENER))), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        return process.pid, int(process.stdout.readline())

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def refusal(host: str, port: int) -> tuple[str, str]:
    """What is said to an operator, and what to do."""
    with pytest.raises(ConfigError) as caught, listen(host, port):
        pass
    return str(caught.value), caught.value.hint or ""


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", id="the-same-address"),
        pytest.param("0.0.0.0", "127.0.0.1", id="everywhere-and-one"),
        pytest.param("127.0.0.1", "0.0.0.0", id="one-and-everywhere"),
        pytest.param("::1", "::1", id="the-same-of-ipv6"),
        pytest.param("::", "127.0.0.1", id="everywhere-of-ipv6-and-one-of-ipv4"),
        pytest.param("::", "::1", id="everywhere-of-ipv6-and-one-of-it"),
        pytest.param("::1", "::", id="one-of-ipv6-and-everywhere"),
        pytest.param("127.0.0.1", "::", id="one-of-ipv4-and-everywhere-of-ipv6"),
    ],
)
def test_another_process_is_named_with_its_number(start: Start, theirs: str, ours: str) -> None:
    if ":" in theirs + ours and not HAS_IPV6:
        pytest.skip("no IPv6 here")
    pid, port = start(address=theirs)

    said, hint = refusal(ours, port)

    name = Path(f"/proc/{pid}/comm").read_text().strip()
    assert said.endswith(f":{port}: the address is already in use by {name}, pid {pid}")
    assert hint == "stop that one, or choose another address with `listen` under [server]"


def test_who_listens_is_found_at_any_address(start: Start) -> None:
    pid, port = start(address="127.0.0.2")

    found = listener(port)

    assert found is not None
    assert found.pid == pid


def test_who_only_has_a_connection_does_not_listen(start: Start) -> None:
    _, port = start()

    with socket.create_connection(("127.0.0.1", port)) as one:
        ours = one.getsockname()[1]

        assert listener(ours) is None


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        pytest.param(("run",), "feedsvc run", id="run"),
        pytest.param(("-c", "serve.toml", "serve"), "feedsvc serve", id="with-options-before"),
        pytest.param(("--log",), "feedsvc", id="whatever-else-it-does"),
    ],
)
def test_another_one_of_ours_is_named_by_its_command(
    tmp_path: Path, start: Start, arguments: tuple[str, ...], name: str
) -> None:
    script = tmp_path / "feedsvc"
    script.write_text(textwrap.dedent(LISTENER).replace("argv[1]", "argv[-1]"))
    pid, port = start(str(script), *arguments)

    said, _ = refusal("127.0.0.1", port)

    assert said.endswith(f" by {name}, pid {pid}")


def test_of_a_server_and_the_one_who_watches_over_it_the_latter_is_named(
    tmp_path: Path, start: Start
) -> None:
    script = tmp_path / "feedsvc"
    script.write_text(
        textwrap.dedent("""
            import subprocess, socket, sys
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                one.listen()
                child = [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"]
                command = [*child, "-m", "feedsvc.serve.child"]
                started = subprocess.Popen(
                    command, pass_fds=[one.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
                started.stdout.readline()
                print(one.getsockname()[1], flush=True)
                sys.stdin.read()
        """)
    )
    pid, port = start(str(script), "run")

    said, _ = refusal("127.0.0.1", port)

    assert said.endswith(f" by feedsvc run, pid {pid}")


def test_who_has_the_port_of_another_address_is_not_in_the_way(start: Start) -> None:
    _, port = start(address="127.0.0.1")

    assert holder("127.0.0.2", port) is None
    with listen("127.0.0.2", port):
        pass


def test_a_connection_that_happens_to_have_the_port_is_in_the_way_too() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        port = client.getsockname()[1]

        found = holder("127.0.0.1", port)

    assert found is not None
    assert found.pid == os.getpid()


def test_nobody_is_named_where_nobody_is() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, and not listening: in no table

        assert holder("127.0.0.1", free.getsockname()[1]) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator can become another user")
def test_of_another_users_process_the_user_is_told() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # as a user who may not look into this process
            taken.close()
            os.setgid(65534)
            os.setuid(65534)
            os.write(writing, str(holder("127.0.0.1", port)).encode())
            os._exit(0)
        os.waitpid(child, 0)
        said = os.read(reading, 1000).decode()

    assert said == "a process of root"


def test_a_holder_without_a_number_is_a_sentence_part() -> None:
    assert str(Holder("a process of www-data")) == "a process of www-data"
    assert str(Holder("nginx", 12)) == "nginx, pid 12"


UNPRIVILEGED = """
    import encodings.idna, os, sys
    from feedsvc.serve.listen import listen
    from feedsvc.errors import ConfigError
    os.setgid(65534)
    os.setuid(65534)
    try:
        listen("127.0.0.1", 80)
    except ConfigError as error:
        print(error, error.hint, sep="\\n")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator can become another user")
def test_a_port_that_is_not_for_everybody_is_refused_with_a_way_out() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first <= 80:
        pytest.skip("here every user may listen on port 80")

    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(UNPRIVILEGED)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert said == [
        "cannot listen on 127.0.0.1:80: ports below 1024 are reserved for the administrator",
        "choose another address with `listen` under [server], such as port 8080, with a web "
        "server in front of it",
    ]


@pytest.mark.parametrize(
    ("host", "port", "reason", "way_out"),
    [
        pytest.param("192.0.2.1", 0, "this machine has no such address", "0.0.0.0", id="not-ours"),
        pytest.param("no.such.invalid", 0, "no such host name", "127.0.0.1", id="no-name"),
        pytest.param("127.0.0.1", 65536, "no such port", "65535", id="no-port"),
    ],
)
def test_an_address_that_cannot_be_had_is_said_with_a_way_out(
    host: str, port: int, reason: str, way_out: str
) -> None:
    said, hint = refusal(host, port)

    assert said == f"cannot listen on {host}:{port}: {reason}"
    assert way_out in hint
    assert "\n" not in said + hint
