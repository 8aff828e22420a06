"""Every key of any TOML text is found where it stands."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config.locate import KeyPath, locate

# -- random documents: nested values first, then one of the many ways to write them ---------------

KEYS = st.one_of(
    st.sampled_from(["a", "b", "c-d", "1", "e_f"]),
    st.sampled_from(["", "x y", "ä", 'q"q', "a.b", "#", "[[a]]", "=", "\\", "'"]),
)
TEXTS = st.sampled_from(
    [
        "",
        "x",
        "a = 1",
        "[a]",
        "]]",
        '"',
        '""',
        "'",
        "''",
        "\\",
        "\\\\",
        "# no",
        "a\nb = 2\n[c]",
        "},{",
    ]
)
SCALARS = st.one_of(TEXTS, st.integers(-5, 5), st.booleans(), st.just(1.5))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


class Writer:
    """Writes a tree as TOML, each time in another way."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, *choices: str) -> str:
        chosen: str = self.draw(st.sampled_from(choices))
        return chosen

    def key(self, name: str) -> str:
        ways = [json.dumps(name, ensure_ascii=True), json.dumps(name, ensure_ascii=False)]
        if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
            ways.append(name)
        if "'" not in name:
            ways.append(f"'{name}'")
        return self.pick(*ways)

    def text(self, value: str) -> str:
        ways = [json.dumps(value), json.dumps(value, ensure_ascii=False)]
        if "'" not in value and "\n" not in value:
            ways.append(f"'{value}'")
        if "''" not in value:
            ways.append(f"'''\n{value}'''")
        escaped = value.replace("\\", "\\\\")
        if '"""' not in escaped:
            ways += [f'"""{escaped}"""', f'"""\n{escaped}"""']
        return self.pick(*ways)

    def value(self, value: object) -> str:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            gap = self.pick("", " ", "\n  ", " # ],\n")
            items = [gap + self.value(item) + gap for item in value]
            return "[" + ",".join(items) + self.pick("", ",") * bool(items) + gap + "]"
        if isinstance(value, dict):
            gap = self.pick("", " ")
            pairs = [f"{gap}{self.key(k)}{gap}={gap}{self.value(v)}{gap}" for k, v in value.items()]
            return "{" + ",".join(pairs) + "}"
        return json.dumps(value)

    def table(self, tree: dict[str, Any], header: str) -> str:
        """Pairs first, then the tables below, as TOML wants it."""
        lines, below = [], []
        for name, value in tree.items():
            key = self.key(name)
            deeper = f"{header}{self.pick('.', ' . ')}{key}" if header else key
            tables = isinstance(value, list) and value and all(type(v) is dict for v in value)
            if isinstance(value, dict) and self.pick("header", "inline") == "header":
                below.append(f"[{deeper}]\n{self.table(value, deeper)}")
            elif tables and self.pick("header", "inline") == "header":
                below += [f"[[ {deeper} ]] # x\n{self.table(item, deeper)}" for item in value]
            elif isinstance(value, dict) and value and self.pick("dotted", "") == "dotted":
                lines += [
                    f"{key}{self.pick('.', ' . ')}{self.key(k)} = {self.value(v)}"
                    for k, v in value.items()
                ]
            else:
                lines.append(f"{self.pick('', '  ')}{key} = {self.value(value)} # a = [")
        return "\n".join([*lines, "", *below])


@st.composite
def written(draw: Any) -> tuple[dict[str, Any], str]:
    tree = draw(DOCUMENTS)
    return tree, Writer(draw).table(tree, "")


def paths(value: object, at: KeyPath = ()) -> dict[KeyPath, object]:
    found: dict[KeyPath, object] = {at: value} if at else {}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found |= paths(inner, (*at, number))
    return found


@given(written())
def test_every_key_is_where_it_stands(document: tuple[dict[str, Any], str]) -> None:
    tree, text = document
    assert tomllib.loads(text) == tree  # the writer of this test is right

    spots = locate(text)

    everything = paths(tree)
    assert spots.keys() == everything.keys()
    for path, spot in spots.items():
        if isinstance(path[-1], str):
            spellings = {path[-1], f"'{path[-1]}'", json.dumps(path[-1])}
            spellings.add(json.dumps(path[-1], ensure_ascii=False))
            assert any(text.startswith(spelling, spot.key) for spelling in spellings if spelling)
        if not isinstance(everything[path], dict | list):
            assert _value_at(text, spot.value) == everything[path]


def _value_at(text: str, offset: int) -> object:
    """The value that begins at an offset: the shortest piece that is one and ends there."""
    for end in range(offset + 1, len(text) + 1):
        if end < len(text) and text[end] not in " ,]}#\n":
            continue
        piece = text[offset:end]
        if piece in {'""', "''"} and text.startswith(piece[0] * 3, offset):
            continue
        try:
            return tomllib.loads(f"value = {piece}\n")["value"]
        except tomllib.TOMLDecodeError:
            continue
    raise AssertionError(text[offset:])


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        pytest.param("[a]\n[a.b]\nc=1", ("a", "b", "c"), 10, 12, id="table-in-a-table"),
        pytest.param("[[a]]\nx=1\n[[a]]\nx=2", ("a", 1, "x"), 16, 18, id="array-table-by-index"),
        pytest.param("[[a]]\n[a.b]\nx=1", ("a", 0, "b", "x"), 12, 14, id="table-below-the-last"),
        pytest.param("[[a]]\n[[a.b]]\n[[a.b]]\nx=1", ("a", 0, "b", 1, "x"), 22, 24, id="nested"),
        pytest.param("a . 'b' .\"c\" = 1", ("a", "b", "c"), 9, 15, id="dotted"),
        pytest.param('"\\u0061" = 1', ("a",), 0, 11, id="escaped-key"),
        pytest.param('x="""\ny=1"""""\ny=2', ("y",), 15, 17, id="quotes-before-the-closing-three"),
        pytest.param("x='''\n'y=1'''''\ny=2", ("y",), 16, 18, id="the-same-with-literal-quotes"),
        pytest.param('x="\\\\"\ny=2', ("y",), 7, 9, id="backslash-before-a-quote"),
        pytest.param("x=[#]\n1]\ny=2", ("y",), 9, 11, id="comment-in-a-list"),
        pytest.param("x=1979-05-27 07:32:00\ny=2", ("y",), 22, 24, id="date-with-a-space"),
        pytest.param("a={b=[{c=1},{c=2}]}", ("a", "b", 1, "c"), 13, 15, id="inline"),
    ],
)
def test_place(text: str, path: KeyPath, key: int, value: int) -> None:
    assert locate(text)[path] == (key, value)


@given(st.text(alphabet="ab.[]{}=\"'#,\n \\1"))
def test_whatever_the_text_it_ends(text: str) -> None:
    for spot in locate(text).values():
        assert 0 <= spot.key <= spot.value <= len(text)
