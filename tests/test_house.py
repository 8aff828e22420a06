"""The house rules, as tests: what a newcomer's one command has to pass."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tool(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment."""
    name = Path(sys.executable).with_name(command[0])
    return subprocess.run(
        [str(name), *command[1:]], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "--no-cache"), id="ruff-finds-nothing"),
        pytest.param(("ruff", "format", "--check", "--no-cache"), id="everything-is-formatted"),
        pytest.param(("mypy", "--strict"), id="types-are-strict"),
        pytest.param(("lint-imports", "--no-cache"), id="every-layer-holds"),
    ],
)
@pytest.mark.timeout(300)
def test_tools_are_quiet(command: tuple[str, ...]) -> None:
    done = tool(*command)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        pytest.param(
            "text/slug.py",
            "import feedsvc.store",
            "rooms: an article walks down this list and never back",
            id="text-must-not-know-the-store",
        ),
        pytest.param(
            "sources/folder.py",
            "import feedsvc.parsers.html",
            "rooms: an article walks down this list and never back",
            id="adapters-do-not-import-one-another",
        ),
        pytest.param(
            "cli/sync.py", "import sqlalchemy", "sqlalchemy lives in store/", id="sql-stays-home"
        ),
        pytest.param(
            "parsers/html.py",
            "import pathlib",
            "model, errors, ports, decide, parsers and filters do no I/O",
            id="parsers-do-no-io",
        ),
    ],
)
def test_a_broken_layer_is_reported_by_name(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copytree(ROOT / "feedsvc", tmp_path / "feedsvc")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "feedsvc" / module).open("a") as file:
        file.write(f"\n{line}\n")

    done = tool("lint-imports", "--no-cache", cwd=tmp_path)

    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())


def test_a_room_without_a_layer_is_reported(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "feedsvc", tmp_path / "feedsvc")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "feedsvc" / "shed.py").write_text('"""Nobody planned it."""\n')

    done = tool("lint-imports", "--no-cache", cwd=tmp_path)

    assert done.returncode != 0
    assert "shed" in done.stdout + done.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = {"sqlalchemy", "alembic", "httpx", "apscheduler", "feedgen", "lxml", "granian", "rich"}
    script = (
        "import sys, contextlib\n"
        "from feedsvc.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print('HEAVY', *sorted(m for m in sys.modules if '.' not in m))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    imported = set(done.stdout.partition("HEAVY")[2].split())
    assert not imported & heavy


def test_no_file_names_a_machine_or_a_session() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    words = [b"/" + b"work/", b"/" + b"root/", b"." + b"library", b"farm-" + b"bench"]

    guilty = [
        name
        for name in listed.stdout.decode().split("\0")
        if name and any(word in (ROOT / name).read_bytes() for word in words)
    ]

    assert guilty == []
