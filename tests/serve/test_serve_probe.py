"""The health check of a container, against servers in every state."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from feedsvc.serve import probe


@contextmanager
def answering(answer: bytes | None, host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a server that gives everybody this answer, or takes calls and says nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((host, 0))
        listener.listen()
        held: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    held.append(caller)
                    if answer is None:
                        continue
                    heard = caller.recv(4096)
                    caller.sendall(answer.replace(b"{path}", heard.split(b" ")[1]))
                    caller.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for caller in held:
                caller.close()


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        pytest.param(http("200 OK", b"ok\n"), 0, "ready: 200 ok\n", id="ready"),
        pytest.param(http("200 OK", b""), 0, "ready: 200\n", id="ready-in-silence"),
        pytest.param(
            http("503 Service Unavailable", b"the store is locked\nno feed was built yet\n"),
            1,
            "not ready: 503 the store is locked no feed was built yet\n",
            id="not-ready-with-reasons",
        ),
        pytest.param(
            http(
                "503 Service Unavailable",
                b'{"schema": "feedsvc.ready/1", "ready": false, "warnings": [],'
                b' "reasons": [{"check": "store", "reason": "it is locked"},'
                b' {"check": "directory", "reason": "nothing is published yet"}]}',
            ),
            1,
            "not ready: 503 store: it is locked; directory: nothing is published yet\n",
            id="not-ready-as-our-own-server-says-it",
        ),
        pytest.param(
            http("200 OK", b'{"ready": true, "reasons": [], "warnings": []}'),
            0,
            "ready: 200\n",
            id="ready-without-a-remark",
        ),
        pytest.param(http("200 OK", b"[1]"), 0, "ready: 200 [1]\n", id="another-json"),
        pytest.param(http("404 Not Found", b"x"), 1, "not ready: 404 x\n", id="another-server"),
        pytest.param(
            http("302 Found", b""), 1, "not ready: 302\n", id="what-leads-elsewhere-is-not-us"
        ),
        pytest.param(
            http("200 OK", b"\x1b[31m\xff\x00" + 9999 * b"x"),
            0,
            "ready: 200 [31m\ufffd " + 294 * "x" + "\n",
            id="never-more-than-a-line",
        ),
    ],
)
def test_what_a_server_says(
    answer: bytes, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(answer) as port:
        ended = probe.main([f"http://127.0.0.1:{port}"])

    assert (ended, capsys.readouterr().out) == (code, said)


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", "/health/ready"), ("/", "/health/ready"), ("/health/live", "/health/live")],
)
def test_what_is_asked(path: str, asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n{path}") as port:
        ended = probe.main([f"http://127.0.0.1:{port}{path}"])

    assert (ended, capsys.readouterr().out) == (0, f"ready: 200 {asked}\n")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(None, "no answer within 0.2 s", id="hangs"),
        pytest.param(b"", "no answer at 127.0.0.1", id="hangs-up"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", "no answer at 127.0.0.1", id="speaks-no-http"),
    ],
)
def test_no_server_of_ours(
    answer: bytes | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(answer) as port:
        ended = probe.main([f"http://127.0.0.1:{port}", "--timeout", "0.2"])

    told = capsys.readouterr().out
    assert ended == 1
    assert told.startswith("not ready: ")
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("url", ["https://example.org", "127.0.0.1", "http://", "http://x:y/"])
def test_no_address(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([url]) == 1
    assert capsys.readouterr().out.startswith("not ready: ")


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        pytest.param("127.0.0.1:{port}", "127.0.0.1", id="loopback"),
        pytest.param("0.0.0.0:{port}", "127.0.0.1", id="every-address"),
        pytest.param("{port}", "127.0.0.1", id="a-port-alone"),
        pytest.param("[::]:{port}", "::1", id="every-address-of-ipv6"),
        pytest.param("localhost:{port}", "127.0.0.1", id="a-name"),
    ],
)
def test_the_configured_address(
    listen: str, host: str, tmp_path: Path, run_probe: Callable[..., tuple[int, str]]
) -> None:
    try:
        with answering(http("200 OK", b"ok"), host) as port:
            (tmp_path / "feedsvc.toml").write_text('[[source]]\npath = "x"\n')

            ended = run_probe(FEEDSVC_SERVER__LISTEN=listen.format(port=port))
    except OSError:
        pytest.skip(f"this machine has no {host}")

    assert ended == (0, "ready: 200 ok\n")


def test_a_broken_configuration(tmp_path: Path, run_probe: Callable[..., tuple[int, str]]) -> None:
    none = run_probe()
    (tmp_path / "feedsvc.toml").write_text("[server\n")

    broken = run_probe()

    assert none[0] == broken[0] == 1
    assert none[1].startswith("not ready: no configuration found")
    assert broken[1].startswith("not ready: feedsvc.toml:1:")
    assert none[1].count("\n") == broken[1].count("\n") == 1


@pytest.fixture
def run_probe(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """The command of the image, in a process of its own."""

    def run(**environ: str) -> tuple[int, str]:
        bare = {k: v for k, v in os.environ.items() if not k.startswith("FEEDSVC_")}
        bare |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "none"), **environ}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "feedsvc.serve.probe"],
            cwd=tmp_path, env=bare, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run
