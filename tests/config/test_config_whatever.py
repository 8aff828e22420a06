"""Whatever a file holds, it is read, or its mistakes are told in the form of all mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import ConfigErrors, load
from feedsvc.config.schema import LISTED_TABLES, NOT_YET, SINGLE_TABLES, TABLE_SYNONYMS, Table

FORM = re.compile(r"feedsvc\.toml(:\d+:\d+: [^\n]+\n  [^\n]*\n[ \t]+\^|: [^\n]+)")
TABLES = {**SINGLE_TABLES, **LISTED_TABLES}

texts = st.sampled_from(
    ["", "x", "de", "UTC", "10s", "15MiB", "127.0.0.1:80", "https://example.org", "articles", ".",
     "..", "~nobody/x", "/", "*.md", "(", "auto", "hold", "atom", "public", "localtime", "é" * 200,
     "sqlite:///x.db", "https://example.org/{path}", "\u202e", "\0", "a\nb", "\ufeff"]
)  # fmt: skip
scalars = st.one_of(texts, st.integers(), st.booleans(), st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(sorted({key for table in TABLES.values() for key in table.keys} | {"", "x"}))
tables = st.dictionaries(keys, values, max_size=5)
documents = st.dictionaries(
    st.sampled_from([*TABLES, "x"]), st.one_of(tables, st.lists(tables, max_size=3), values)
)


@given(tree=documents)
def test_any_document(tree: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    file = folder / "feedsvc.toml"
    file.write_text("".join(f"{_text(k)} = {_toml(v)}\n" for k, v in tree.items()))
    try:
        settings = load(None, cwd=folder, environ={})
    except ConfigErrors as caught:
        for error in caught.errors:
            assert FORM.fullmatch(str(error)), str(error)
    else:
        assert settings.sources
        assert settings.feeds


@given(data=st.binary())
def test_any_bytes(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "feedsvc.toml").write_bytes(data)

    with pytest.raises(ConfigErrors) as caught:
        load(None, cwd=folder, environ={})

    assert FORM.fullmatch(str(caught.value).replace("\x85", " ")) or ":1:1: " in str(caught.value)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.title)
def test_the_schema_agrees_with_itself(table: Table) -> None:
    assert not table.keys.keys() & table.not_yet
    assert not table.synonyms.keys() & table.keys.keys()
    assert not table.synonyms.keys() & table.not_yet
    assert set(table.synonyms.values()) <= table.keys.keys()


def test_every_table_of_the_schema_is_one() -> None:
    assert set(TABLE_SYNONYMS.values()) <= TABLES.keys()
    assert not TABLE_SYNONYMS.keys() & TABLES.keys()
    assert NOT_YET.keys() <= {table.title for table in TABLES.values()}


def test_each_key_has_its_field() -> None:
    """What a table reads must fit `settings.py`; [server] and [defaults] are folded into others."""
    from dataclasses import fields

    from feedsvc.settings import Feed, Publish, Site, Source, Store, Sync

    shapes = {"site": Site, "store": Store, "publish": Publish, "sync": Sync, "source": Source}
    for name, shape in {**shapes, "feed": Feed}.items():
        assert TABLES[name].keys.keys() == {field.name for field in fields(shape)}


def _text(value: str) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def test_a_document_made_here_can_be_right(tmp_path: Path) -> None:
    """If none could be, the first test would prove little."""
    (tmp_path / "feedsvc.toml").write_text(f"source = {_toml([{'path': 'articles'}])}\n")

    assert load(None, cwd=tmp_path, environ={}).sources[0].name == "articles"
