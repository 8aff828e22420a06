"""nginx and Caddy with a configuration of ours, for tests of what they answer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
CADDY = shutil.which("caddy")


@contextmanager
def other_server(name: str, text: str, port: int, folder: Path) -> Iterator[None]:
    """One that answers at `port` as `text` tells it; the test is skipped where it is missing."""
    command = _nginx(text, folder) if name == "nginx" else _caddy(text, folder)
    # Caddy keeps what it was told last where its user's things are.
    places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(folder))
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env={**os.environ, **places}
    ) as process:
        try:
            _wait(process, port)
            yield
        finally:
            process.terminate()


def _nginx(text: str, folder: Path) -> list[str]:
    if NGINX is None:
        pytest.skip("nginx is not installed here")
    config = folder / "nginx.conf"
    config.write_text(
        "daemon off; worker_processes 1; error_log stderr;\n"
        # A worker of another user may not look into the folder of a test.
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        f"pid {folder}/nginx.pid; events {{}}\n"
        "http {\naccess_log off;\n"
        + "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # Not every machine has an IPv6.
        + "".join(line for line in text.splitlines(True) if "listen [::]" not in line)
        + "}\n"
    )
    command = [NGINX, "-p", str(folder), "-c", str(config)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return command


def _caddy(text: str, folder: Path) -> list[str]:
    if CADDY is None:
        pytest.skip("caddy is not installed here")
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    how = ["--adapter", "caddyfile", "--config", str(config)]
    tested = subprocess.run([CADDY, "validate", *how], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return [CADDY, "run", *how]


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    while True:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
