"""What expressions found in the words of articles, remembered while the process runs.

An article that stays as it was is not searched again. One on whose words an expression takes too
long (`aside/search.py`) is given up for as long as it stays as it was: else a feed would have it or
not as fast as the machine happens to be. `given_up.py` keeps those for the next process.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

_MOST = 20  # articles that one build gives up, before it puts off those that it did not search


class Seen(NamedTuple):
    """An article by its row, and the digest of what a reader sees of it."""

    row: int
    seen: bytes


class Searched:
    """What one expression found in the articles that were searched so far.

    In the daemon, a feed of rare words costs the reading of what is new. One number for each row:
    the beginning of the digest of what was read, and in its last bits that it was, and the answer.
    """

    def __init__(self, pattern: re.Pattern[str], *, most: int = _MOST) -> None:
        self.pattern = pattern
        self.most = most
        self.given_up: dict[int, bytes] = {}  # the digest of what was read, by row
        self.put_off = False  # whether articles were not searched, since others took too long
        self._marks = array("Q")
        self._left = most

    @cached_property
    def may_hang(self) -> bool:
        """Whether it can take too long at all."""
        from feedsvc.aside.search import is_swift  # few feeds ask for words

        return not is_swift(self.pattern)

    def begin(self, given_up: Mapping[int, bytes]) -> None:
        """Begin a build; `given_up` are the articles that have been so far, and are as they were.

        Each build goes on behind those: none of them takes long, and the last one has all.
        """
        self.given_up = dict(given_up)
        self.put_off = False
        self._left = self.most

    def has(self, one: Seen) -> bool | None:
        """Whether it is in an article; None if that was given up, or not tried as it is now."""
        mark = self._marks[one.row] if one.row < len(self._marks) else 0
        known = mark | _HAS == _mark(one.seen) | _HAS and not self._gave_up(one)
        return bool(mark & _HAS) if known else None

    def unread(self, asked: Iterable[Seen]) -> list[Seen]:
        """Those that are to be searched, each once."""
        new = (one for one in asked if self.has(one) is None and not self._gave_up(one))
        return list(dict.fromkeys(new))

    def search(self, words: Mapping[Seen, str]) -> None:
        """Search the words of articles; not of all, if it takes too long on many."""
        from feedsvc.aside.search import search

        found = search(self.pattern, list(words.values()), most=self._left)
        for one, has in zip(words, found, strict=False):
            if has is None:
                self.given_up[one.row] = one.seen
                self._left -= 1
            else:
                self._keep(one, has=has)
        self.put_off |= len(found) < len(words)

    def _gave_up(self, one: Seen) -> bool:
        return self.given_up.get(one.row) == one.seen

    def _keep(self, one: Seen, *, has: bool) -> None:
        if one.row >= len(self._marks):
            self._marks.extend([0] * (one.row + 1 - len(self._marks)))
        self._marks[one.row] = _mark(one.seen) | (_HAS if has else 0)
        self.given_up.pop(one.row, None)


_HAS, _READ = 1, 2


def _mark(seen: bytes) -> int:
    return int.from_bytes(seen[:8]) & ~_HAS | _READ


@lru_cache(maxsize=128)
def searched(pattern: re.Pattern[str]) -> Searched:
    """What is remembered of an expression."""
    return Searched(pattern)


def word_rules(
    match: re.Pattern[str] | None, exclude: re.Pattern[str] | None
) -> list[tuple[str, Searched, bool]]:
    """What a feed asks of words: the rule, its expression, and whether that is to be there."""
    rules = (("match", match, True), ("exclude", exclude, False))
    return [
        (name, searched(pattern), wanted) for name, pattern, wanted in rules if pattern is not None
    ]
