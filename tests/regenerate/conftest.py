"""Articles in a few words, and everything the store holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

Store = dict[str, list[tuple[Any, ...]]]

TWO_FEEDS = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"

[[feed]]
name = "sea"
tags = ["sea"]
"""


@pytest.fixture
def told() -> Callable[..., str]:
    """A plain-text article: `told("Title", "2025-05-01 08:00", "Text.", Tags="sea")`."""

    def make(title: str, date: str = "2025-05-01 08:00", text: str = "Text.", **labels: str) -> str:
        lines = [title, date, *(f"{label}: {value}" for label, value in labels.items())]
        return "\n".join(lines) + f"\n\n{text}\n"

    return make


@pytest.fixture
def service(make_service: Callable[..., Any]) -> Iterator[Any]:
    """A service with one source and the feeds `all` and `sea`."""
    return make_service(TWO_FEEDS)  # type: ignore[no-any-return]


@pytest.fixture
def rows() -> Callable[..., Store]:
    """Every row of the tables that a build may write, or of those named.

    Not up to which change a feed has looked: a build that finds nothing notes that as well.
    """

    def read(service: Any, *tables: str) -> Store:
        wanted = tables or ("article", "body", "fragment", "ledger", "membership", "feed")
        database = next((service.root / "var").glob("*.db"))
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            return {
                table: sorted(
                    (
                        tuple(row[name] for name in row.keys() if (table, name) != ("feed", "seen"))  # noqa: SIM118
                        for row in connection.execute(f"SELECT * FROM {table}")
                    ),
                    key=repr,
                )
                for table in wanted
            }

    return read
