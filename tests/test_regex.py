"""Possessive groups made greedy for the Pythons that match them wrongly."""

from __future__ import annotations

import pytest

from feedsvc.regex import compiled, greedy


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(r"(?:a|b)*+c", r"(?:a|b)*c", id="a-group"),
        pytest.param(r"(?:a++|b)++", r"(?:a++|b)+", id="single-characters-stay"),
        pytest.param(r"(x(?:y)?+){2,3}+", r"(x(?:y)?){2,3}", id="groups-in-groups"),
        pytest.param(r"[!$&'()*+,;=]++", r"[!$&'()*+,;=]++", id="not-in-a-class"),
        pytest.param(r"[])*+]a", r"[])*+]a", id="not-in-a-class-that-begins-with-a-bracket"),
        pytest.param(r"[^\])*+]a", r"[^\])*+]a", id="not-behind-an-escaped-bracket"),
        pytest.param(r"\)*+a", r"\)*+a", id="not-an-escaped-parenthesis"),
        pytest.param(r"(a)+b", r"(a)+b", id="a-greedy-group-stays"),
    ],
)
def test_only_groups_are_made_greedy(pattern: str, expected: str) -> None:
    assert greedy(pattern) == expected
    assert greedy(pattern.encode()) == expected.encode()


def test_it_matches_what_can_backtrack_inside() -> None:
    comment = compiled(r"(?:\s++|<!--(?:[^-]++|-(?!->))*+-->)*+<a")

    assert comment.match(" <!-- one - two --> <!----><a")
    assert not comment.match(" <!-- one <a")
