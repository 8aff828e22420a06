"""A store in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedsvc.settings import Feed
from feedsvc.store import SqlStore, open_store
from tests.stock import Stock

FEEDS = (Feed(name="all"), Feed(name="sea", tags=("Sea",)), Feed(name="quay", sources=("quay",)))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'var' / 'feedsvc.db'}"


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """A new store that three feeds are cut from: all, sea (a tag) and quay (a source)."""
    opened = open_store(url, FEEDS)
    yield opened
    opened.close()


@pytest.fixture
def stock(url: str) -> Iterator[Stock]:
    """A new store that is filled in a few words."""
    found = Stock(url, open_store(url))
    yield found
    found.store.close()
