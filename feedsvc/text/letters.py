"""Where a text may be cut: what people see as one letter or one picture stays whole.

UAX #29 §3.1 (extended grapheme clusters), without the syllables of Hangul in parts and of Indic
scripts: texts are NFC, and the other rules need no table beside `unicodedata`.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_FLAG = range(0x1F1E6, 0x1F200)  # regional indicators: two of them are a flag
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)  # what follows the flag of England
_MOST = 64  # characters of one letter; whoever piles up more loses some of them


def letters_end(text: str, at: int) -> int:
    """The last place up to `at` where no letter is cut through."""
    for end in range(at, max(at - _MOST, -1), -1):
        if not _is_within(text, end):
            return end
    return at


def _is_within(text: str, at: int) -> bool:
    """Whether a letter goes on from the character before `at` to the one there."""
    if not 0 < at < len(text):
        return False
    return _extends(text[at]) or text[at - 1] == _JOINER or _within_flag(text, at)


def _extends(char: str) -> bool:
    if char < "\u0300":
        return False
    point = ord(char)
    return (
        char in (_JOINER, "\u200c")
        or unicodedata.category(char) in ("Mn", "Mc", "Me")
        or point in _SKIN
        or point in _TAGS
    )


def _within_flag(text: str, at: int) -> bool:
    """GB12: a run of regional indicators is read in pairs."""
    if ord(text[at]) not in _FLAG:
        return False
    start = at
    while start and ord(text[start - 1]) in _FLAG:
        start -= 1
    return (at - start) % 2 == 1
