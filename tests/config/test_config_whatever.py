"""Whatever a file holds, it is read, or its mistakes are told in the form of all mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import ConfigErrors, load, show
from feedsvc.config.schema import LISTED_TABLES, NOT_YET, SINGLE_TABLES, TABLE_SYNONYMS, Table

FORM = re.compile(r"feedsvc\.toml(:\d+:\d+: [^\n]+\n  [^\n]*\n[ \t]+\^|: [^\n]+)")
TABLES = {**SINGLE_TABLES, **LISTED_TABLES}

texts = st.sampled_from(
    ["", "x", "de", "UTC", "10s", "15MiB", "127.0.0.1:80", "https://example.org", "articles", ".",
     "..", "~nobody/x", "/", "*.md", "(", "auto", "hold", "atom", "public", "localtime", "é" * 200,
     "sqlite:///x.db", "https://example.org/{path}", "\u202e", "\0", "a\nb", "\ufeff",
     "feed", "opml", "https://u:p@example.org/x", "feed:", "env", "file", "X-Key", "Host", "${X}"]
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

    from feedsvc.settings import Feed, Ops, Publish, Site, Source, Store, Sync, Websub

    shapes = {"site": Site, "store": Store, "publish": Publish, "sync": Sync, "ops": Ops}
    others = {"websub": Websub, "source": Source, "feed": Feed}
    for name, shape in {**shapes, **others}.items():
        found = {field.name for field in fields(shape)} - {"facet"}  # of the feeds of a group
        assert TABLES[name].keys.keys() == found


_SAID = "geheim-0123456789"
_secret_keys = st.sampled_from(
    ["user", "usr", "password", "pasword", "token", "tokn", "env", "file", "X-Key", "Host", "X:Y"]
)
_secret_values = st.recursive(
    st.sampled_from(
        [_SAID, f"{_SAID}\n", f"https://{_SAID}@example.org:0/", f"u:{_SAID}@x", 5, ""]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_secret_keys, inner, max_size=2),
    max_leaves=3,
)
_secret_urls = st.sampled_from(
    [
        f"https://{_SAID}@example.org/",
        f"https://u:{_SAID}@example.org:0/",
        f"https://u:a/{_SAID}@example.org/",
        f"https://u:a?b {_SAID}@example.org/",
        f"feed:https://:{_SAID}@example.org/",
        f"gopher://{_SAID}@example.org/",
    ]
)
_secret_tables = st.dictionaries(_secret_keys, _secret_values, max_size=3)


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "as-tables"])
@given(
    auth=_secret_tables,
    headers=_secret_tables,
    hook=_secret_values,
    url=_secret_urls | st.lists(_secret_urls),
)
def test_no_secret_is_told(
    auth: dict[str, Any],
    headers: dict[str, Any],
    hook: object,
    url: object,
    inline: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lines = ["[[source]]", 'name = "x"', f"url = {_toml(url)}"]
    for name, table in (("auth", auth), ("headers", headers)):
        if inline:
            lines.append(f"{name} = {_toml(table)}")
        else:
            lines.append(f"[source.{name}]")
            lines += [f"{_text(key)} = {_toml(value)}" for key, value in table.items()]
    lines += ["[ops]", f"token = {_toml(hook)}", f"webhook = {_toml(hook)}"]
    folder = tmp_path_factory.getbasetemp()
    for text in ("\n".join(lines), "\n".join([*lines, "["]), "\n".join(lines).replace('"', "")):
        (folder / "feedsvc.toml").write_text(text)
        try:
            settings = load(None, cwd=folder, environ={})
        except ConfigErrors as caught:
            told = "\n".join(map(str, caught.errors))
        else:
            told = repr(settings) + repr(show(settings))
            told = re.sub(r"(env|file)[':=]+ ?(Posix|Windows)?(Path\()?'[^']*'", "", told)
            told = re.sub(r"user='[^']*'|'user': '[^']*'", "", told)
        assert _SAID not in told


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
