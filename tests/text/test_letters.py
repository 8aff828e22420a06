"""No text is cut inside what people see as one letter or one picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pytest

from feedsvc.text.html import cut, plain
from feedsvc.text.letters import letters_end

FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param("abc", id="letters"),
        pytest.param(("x\u0323\u0302", "y", "z"), id="marks-on-a-letter"),
        pytest.param(("कि", "त", "ना"), id="a-vowel-sign-beside-it"),
        pytest.param(("❤\ufe0f", "a", "❤\ufe0f"), id="a-variation-selector"),
        pytest.param(("👍🏽", "👍", "👍🏽"), id="a-tone-of-skin"),
        pytest.param((FAMILY, "👨", FAMILY), id="a-family"),
        pytest.param(("🇩🇪", "🇦🇹", "🇨🇭", "x", "🇩🇪"), id="flags"),
        pytest.param((ENGLAND, ENGLAND), id="a-flag-with-tags"),
        pytest.param("日本語", id="a-script-without-spaces"),
    ],
)
def test_a_text_is_cut_between_letters(letters: Sequence[str]) -> None:
    text = "".join(letters)

    ends = {letters_end(text, at) for at in range(len(text) + 1)}

    assert ends == {0, *accumulate(map(len, letters))}


@pytest.mark.parametrize("letter", [FAMILY, "🇩🇪", "👍🏽", "❤\ufe0f", ENGLAND, "कि"])
@pytest.mark.parametrize("limit", range(40, 50))
def test_an_excerpt_ends_with_a_whole_one(letter: str, limit: int) -> None:
    text = letter * 40

    for excerpt in (cut(text, limit), plain(f"<p>{text}</p>", limit)):
        assert len(excerpt) <= limit
        assert excerpt.removesuffix("…") == letter * (
            excerpt.count(letter[0]) // letter.count(letter[0])
        )


def test_marks_without_end_are_cut_through() -> None:
    text = "a" + "\u0301" * 500

    assert len(cut(text, 300)) == 300
