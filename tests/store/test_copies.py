"""Where else a copy was found, in the lines that it keeps: whoever wrote them."""

from __future__ import annotations

import json

import pytest

from feedsvc.model import Origin
from feedsvc.store.copies import places_told

QUAY = "https://quay.example.org/"


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        pytest.param([], [], id="none"),
        pytest.param([["atom:via", QUAY], ["comments", "x"]], [Origin(link=QUAY)], id="address"),
        pytest.param(
            [["atom:via", json.dumps({"href": QUAY, "title": "Quay"})]],
            [Origin(link=QUAY, title="Quay")],
            id="with-its-title",
        ),
        pytest.param([["atom:via", "{half"]], [Origin()], id="no-json"),
        pytest.param([["atom:via", '{"href": 7}']], [Origin()], id="no-text"),
        pytest.param([["atom:via", "{" + "[" * 900]], [Origin()], id="deep"),
        pytest.param([["atom:via", QUAY]] * 9, [Origin(link=QUAY)] * 5, id="not-without-end"),
    ],
)
def test_places_told(lines: list[list[str]], places: list[Origin]) -> None:
    assert places_told(json.dumps(lines)) == tuple(places)


def test_a_copy_may_have_no_lines() -> None:
    assert places_told(None) == ()
