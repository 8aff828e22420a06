"""A configuration written into a fresh folder and loaded from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from feedsvc.config import load
from feedsvc.settings import Settings

Loaded = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Loads a text as the `feedsvc.toml` of `tmp_path`."""

    def load_text(text: str, environ: Mapping[str, str] = MappingProxyType({})) -> Settings:
        (tmp_path / "feedsvc.toml").write_text(text, encoding="utf-8")
        return load(None, cwd=tmp_path, environ=environ)

    return load_text
