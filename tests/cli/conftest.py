"""A newsroom and the command line in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Shell

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"
settle = "1s"

[[feed]]
name = "all"

[[feed]]
name = "ferry"
tags = ["Ferry"]
"""

FERRY = (
    "The ferry sails again\n2025-03-14 10:00\nBy: Mara\nTags: Ferry, Harbour\n\nIt left at nine.\n"
)
LIBRARY = "The library stays open late\n2025-03-15\nBy: Jonas\n\nUntil ten, from now on.\n"


@pytest.fixture
def empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A folder with nothing in it."""
    for name in list(os.environ):
        if name.startswith("FEEDSVC_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    root = tmp_path / "newsroom"
    root.mkdir()
    monkeypatch.chdir(root)
    return Shell(root, capsys)


@pytest.fixture
def shell(empty: Shell) -> Shell:
    """A newsroom with two articles and two feeds."""
    empty.configure(CONFIG)
    empty.write("ferry.txt", FERRY)
    empty.write("library.txt", LIBRARY)
    return empty


@pytest.fixture
def synced(shell: Shell) -> Shell:
    """The same after a first sync."""
    assert shell.run("sync", "-q").code == 0
    return shell


@pytest.fixture
def make_article() -> Callable[..., str]:
    def make(title: str, **labels: str) -> str:
        return "\n".join([title, *(f"{k}: {v}" for k, v in labels.items()), "", "Text."])

    return make
