"""The line of each finding: that of the element, or of the value in a JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.gate import check
from feedsvc.gate.places import Places

DATA = Path(__file__).parent / "data"
FEED = (DATA / "feed.json").read_text("utf-8")
KRAN = '"id": "tag:example.org,2025:artikel/kran-7",'


def _line(text: str, mark: str) -> int:
    assert text.count(mark) == 1, f"{mark} stands there {text.count(mark)} times"
    return text[: text.index(mark)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "rule", "mark"),
    [
        pytest.param('"de"', '"deutsch"', "language-invalid", '"deutsch"', id="a-value"),
        pytest.param('"de"', '\n\n"deutsch"', "language-invalid", '"deutsch"', id="below-its-key"),
        pytest.param(KRAN, "", "json-id-missing", '{\n      \n      "url"', id="what-lacks-it"),
        pytest.param('"Technik"', '"a",\n\n7', "json-type", "7]", id="a-value-in-a-list"),
        pytest.param('"Technik"', '"a",\n\n" "', "element-empty", '" "]', id="an-empty-one"),
        pytest.param("<em>", "<iframe>", "html-dangerous-tag", "<iframe>", id="html"),
        pytest.param("48211}", '\n"1"}', "json-type", '"1"}', id="deep-inside"),
        pytest.param(
            '"urn:uuid:8e1f7a52-0d3c-4b8e-9a61-3f2b1c0d9e8f"',
            '"tag:example.org,2025:artikel/kran-7"',
            "entry-id-duplicate",
            '"tag:example.org,2025:artikel/kran-7",\n      "content_text"',
            id="the-second-of-two",
        ),
        pytest.param(
            KRAN, f'{KRAN} "x": {{"]": "}}\\""}},', "json-key-unknown", '"x":', id="an-unknown-key"
        ),
        pytest.param(
            '"summary": "Ein Lager ist gebrochen."',
            '"summary": "a",\n"_x": [{}, {"y": {"z": 1,\n"z": 2}}]',
            "json-duplicate-key",
            '"z": 2',
            id="a-key-that-stands-there-twice",
        ),
        pytest.param("48211", "NaN", "json-invalid", "NaN", id="a-constant"),
        pytest.param(
            "48211", "[-Infinity]", "json-invalid", "-Infinity", id="a-constant-with-a-sign"
        ),
        pytest.param(
            "48211", "\n" + "9" * 5000, "json-invalid", "9" * 5000, id="a-number-without-end"
        ),
        pytest.param("Technik", "\\ud83d", "json-surrogate", "ud83d", id="half-a-pair"),
        pytest.param(
            "Technik",
            "\\\\ud83d\\ud83d\\ude00\\udc00",
            "json-surrogate",
            "udc00",
            id="the-other-half",
        ),
        pytest.param(
            '"Was am Kai geschieht"', "7", "json-type", '"description": 7', id="the-wrong-type"
        ),
    ],
)
def test_a_finding_of_json_names_the_line_of_the_value(
    old: str, new: str, rule: str, mark: str
) -> None:
    text = FEED.replace(old, new, 1)
    text = text.replace("NaN", 'NaN, "x": "NaN"')  # not the one in a string

    found = check(text.encode(), "json")

    lines = [finding.line for finding in found if finding.code == rule]
    assert lines == [_line(text.replace('"NaN"', '"nan"'), mark)]


def test_a_pair_of_surrogates_is_a_character() -> None:
    text = FEED.replace("Technik", "\\ud83d\\ude00\\\\ud83d \\u00e4")

    assert check(text.encode(), "json") == ()


def test_a_byte_order_mark_moves_no_line() -> None:
    text = "\ufeff" + FEED.replace('"de"', '"deutsch"')

    found = check(text.encode(), "json")

    assert [(f.code, f.line) for f in found][1:] == [("language-invalid", _line(text, '"deutsch"'))]


def test_an_object_that_its_twin_replaced_has_no_line() -> None:
    text = FEED.replace('"icon":', '"_a": {"b": 1, "b": 2}, "_a": 1, "icon":')

    found = check(text.encode(), "json")

    assert sorted((f.code, f.line is None) for f in found) == [
        ("json-duplicate-key", False),
        ("json-duplicate-key", True),
    ]


def test_lines_beyond_those_that_fit_into_sixteen_bits() -> None:
    text = (DATA / "atom.xml").read_text("utf-8")
    text = text.replace("<icon>https:", "\n" * 70_000 + "<icon>htt ps:")

    found = check(text.encode(), "atom")

    assert [(f.code, f.line) for f in found] == [("url-invalid", _line(text, "<icon>"))]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [path, *(found for key, one in below for found in _paths(one, (*path, key)))]


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_every_value_of_a_printed_document_is_found(value: object) -> None:
    text = "\n" + json.dumps(value, indent=1)  # each value begins on a line of its own
    places = Places(text)

    lines = [places.line(path) for path in _paths(value)]

    assert None not in lines
    assert lines == sorted(set(lines))  # type: ignore[type-var]
    assert places.line(("no", "such", "value")) is None


MANY = 100_000
HOSTILE = {
    "unknown-keys": "{" + ",".join(f'"k{n}":\n{n}' for n in range(MANY)) + "}",
    "wrong-items": '{"items": [' + ",\n".join(["1"] * MANY) + "]}",
    "people": '{"authors": [' + ",\n".join(["{}"] * MANY) + "]}",
    "doubled": "[" + ",\n".join(['{"a":1,"a":1}'] * MANY) + "]",
    "escapes": '{"title": "' + "\\ud83d\\ude00" * MANY + '"}',
}


@pytest.mark.timeout(60)  # quadratic work on these takes minutes
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_lines_of_hostile_documents_take_time_in_proportion(text: str) -> None:
    found = check(text.encode(), "json")

    assert found
    assert all(finding.line is not None or finding.code == "size-large" for finding in found)
