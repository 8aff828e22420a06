"""Regular expressions with possessive groups, for every Python that runs us.

Up to 3.11.4, which Debian 12 has, a possessive group matches wrongly where its inside can backtrack
(CPython gh-106052). There the greedy group takes its place. Our patterns are made so that both
match the same: what a group repeats begins differently in each of its branches, so there is nothing
to be found by going back. The greedy one only remembers more places.
"""

from __future__ import annotations

import re
import sys
from typing import AnyStr

TRUSTED = sys.version_info >= (3, 11, 5)
"""Whether possessive groups match as they should."""

# An escaped character, a class of characters, or a group's end with a possessive repetition.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(\)(?:[*+?]|\{[0-9]*,?[0-9]*\}))\+", re.DOTALL)


def compiled(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, for patterns that hold possessive groups."""
    return re.compile(pattern if TRUSTED else greedy(pattern), flags)


def greedy(pattern: AnyStr) -> AnyStr:
    """The pattern with its possessive groups made greedy; single characters stay possessive."""
    if isinstance(pattern, bytes):
        return _greedy(pattern.decode("latin-1")).encode("latin-1")
    return _greedy(pattern)


def _greedy(pattern: str) -> str:
    return _PIECE.sub(lambda piece: piece[1] or piece[0], pattern)
