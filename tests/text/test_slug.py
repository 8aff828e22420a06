"""Slugs: readable, bounded, never empty."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.text.slug import slugify


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Größere Städte", "groessere-staedte", id="umlauts-are-written-out"),
        pytest.param("ÄÖÜ ẞ", "aeoeue-ss", id="capitals-too"),
        pytest.param("Gro\u0308ße", "groesse", id="marks-of-their-own"),
        pytest.param("Smørrebrød på Åland", "smoerrebroed-paa-aaland", id="the-neighbours"),
        pytest.param("Łódź", "lodz", id="other-letters-lose-their-marks"),
        pytest.param("Погода", "pogoda", id="other-scripts"),
        pytest.param("  C++ & C#!  ", "c-c", id="signs"),
        pytest.param("2025/01", "2025-01", id="digits"),
        pytest.param("!!!", "ersatz", id="nothing-left"),
        pytest.param("", "ersatz", id="nothing-there"),
        pytest.param("wort " * 40, "-".join(["wort"] * 16), id="cut-at-a-word"),
        pytest.param("x" * 200, "x" * 80, id="one-long-word"),
    ],
)
def test_slugify(text: str, expected: str) -> None:
    assert slugify(text, "Ersatz") == expected


def test_without_a_letter_anywhere_texts_still_differ() -> None:
    assert slugify("!!!", "???") != slugify("…", "???")


@given(st.text(), st.text(max_size=5))
def test_any_text_has_a_slug(text: str, fallback: str) -> None:
    slug = slugify(text, fallback)

    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug)
    assert len(slug) <= 80
    assert slugify(text, fallback) == slug
