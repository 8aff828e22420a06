"""Where the output goes never decides whether a command does its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support import Shell

ASCII = {"PYTHONIOENCODING": "ascii"}


def feedsvc(
    shell: Shell, *arguments: str, redirect: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a shell of its own."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "feedsvc", *arguments],
        cwd=shell.root, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_none_to_write_to(shell: Shell, redirect: str) -> None:
    done = feedsvc(shell, "sync", redirect=redirect)

    assert done.returncode == 0, done.stderr
    assert (shell.root / "public/all/atom.xml").exists()


def test_a_letter_that_the_terminal_lacks_is_escaped(shell: Shell) -> None:
    shell.write("faehre.txt", "Die Fähre\n2025-03-16\n\nSie fährt.\n")
    shell.run("sync")

    done = feedsvc(shell, "article", "list", **ASCII)

    assert done.returncode == 0, done.stderr
    assert r"Die F\xe4hre" in done.stdout


def test_json_stays_json_in_any_encoding(shell: Shell) -> None:
    shell.write("faehre.txt", "Die Fähre\n2025-03-16\n\nSie fährt.\n")
    shell.run("sync")

    done = feedsvc(shell, "article", "list", "--json", **ASCII)

    assert "Die Fähre" in {article["title"] for article in json.loads(done.stdout)["articles"]}
