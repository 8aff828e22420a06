"""Clean text: NFC, one newline, nothing XML refuses."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedsvc.text.clean import fold, normalise, one_line, trim, xml_safe


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("a\tb\nc", "a\tb\nc", id="tab-and-newline-stay"),
        pytest.param("a\x00\x08\x0b\x1fb", "ab", id="control-characters-go"),
        pytest.param("a\ufffe\uffffb", "ab", id="noncharacters-go"),
        pytest.param("a\ud800b\udfffc", "abc", id="lone-surrogates-go"),
        pytest.param("a\x7f\x93b", "ab", id="discouraged-controls-go"),
        pytest.param("\U0001f600 ä €", "\U0001f600 ä €", id="all-planes-stay"),
    ],
)
def test_xml_safe(text: str, clean: str) -> None:
    assert xml_safe(text) == clean


def test_clean_text_is_returned_as_it_is() -> None:
    text = "Größe\n" * 100

    assert xml_safe(text) is text
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        pytest.param("a\r\nb\rc\nd", "a\nb\nc\nd", id="windows-and-old-mac"),
        pytest.param("a\x85b\u2028c\u2029d", "a\nb\nc\nd", id="nel-ls-ps"),
        pytest.param("a\fb\vc", "a\nb\nc", id="page-and-soft-break"),
        pytest.param("a\r\r\nb", "a\n\nb", id="cr-before-crlf"),
        pytest.param("o\u0308", "ö", id="nfc"),
        pytest.param("o\x00\u0308", "ö", id="composed-after-a-drop"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_a_run_of_marks_is_bounded() -> None:
    normal = normalise("a" + "\u0301\u0323" * 1_000_000 + "b")

    assert len(normal) <= 33
    assert normal.endswith("b")


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_fits_into_xml_and_is_stable(text: str) -> None:
    normal = normalise(text)

    element = etree.Element("x")
    element.text = normal
    assert normalise(normal) == normal
    assert unicodedata.is_normalized("NFC", normal)


def test_every_character_comes_out_composed_and_fit_for_xml() -> None:
    """What its bytes alone show to be fit is fit: a Latin letter, a dash, and whatever else."""
    refused = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

    for start in range(0, sys.maxunicode, 256):
        block = "".join(f"ä{chr(start + at)}ß" for at in range(256))
        text = normalise(block)

        assert unicodedata.is_normalized("NFC", text)
        assert refused.search(text) is None
        assert normalise(f"–{block}") == f"–{text}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("  a \n\t b  ", "a b", id="white-space-collapses"),
        pytest.param("\u200b\ufeffa\u200d b \u200e", "a\u200d b", id="invisible-only-at-the-ends"),
        pytest.param("\u200b \u200b", "", id="nothing-to-see-is-empty"),
        pytest.param("a\u00a0\u202f!", "a !", id="no-break-spaces-too"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_trim_keeps_what_is_inside() -> None:
    assert trim(" \u200b a  b \ufeff\n") == "a  b"


@pytest.mark.parametrize(
    ("word", "key"),
    [
        pytest.param("VERÖFFENTLICHT", "veroffentlicht", id="accents-and-case"),
        pytest.param("Anreißer", "anreisser", id="sharp-s"),
        pytest.param("ＤＡＴＥ", "date", id="full-width"),
        pytest.param("mots\u00a0 clés", "mots cles", id="spaces"),
        pytest.param("한국어", "한국어", id="hangul-stays-whole"),
    ],
)
def test_fold(word: str, key: str) -> None:
    assert fold(word) == key


def test_normalise_looks_at_each_character_a_bounded_number_of_times() -> None:
    """Runs of marks are cut in one pass: as many calls for twice the text, twice over."""
    small, large = (_calls("a" + "\u0301\u0323" * n) for n in (5_000, 10_000))

    assert large < small * 2.2


def _calls(text: str) -> int:
    count = 0

    def tally(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(tally)
    try:
        normalise(text)
    finally:
        sys.setprofile(None)
    return count
