"""Which texts tell the same, word for word or nearly so.

Two texts are alike when most runs of three words of the shorter one stand in the longer one too: an
excerpt is like the whole, an agency's report like its reprint with another headline. Two reports of
one event by two people are not.
"""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"\w+")
_RUN = 3  # words; single words are shared by all texts on one subject
_SHARED = 0.7  # of the runs of the shorter text
_FEWEST = 12  # runs; below that a headline alone would decide
_MOST = 2_000  # words that are looked at


def runs(text: str) -> frozenset[int]:
    """The runs of words of a text, in no order; equal texts give equal ones within a process."""
    words = _WORD.findall(text[: 20 * _MOST].casefold())[:_MOST]
    return frozenset(
        hash(tuple(words[start : start + _RUN])) for start in range(len(words) - _RUN + 1)
    )


class Alike:
    """Texts of different sources, each compared with all that were added before.

    Of those that tell the same the one with the lowest number stands for all.
    """

    def __init__(self) -> None:
        self._runs: dict[int, tuple[str, int]] = {}  # number -> source, count of runs
        self._holders: dict[int, list[int]] = {}  # run -> numbers of texts that hold it
        self._stands: dict[int, int] = {}  # number -> the one that stands for it

    def add(self, number: int, source: str, text: str) -> int | None:
        """The number that stands for a text of another source that tells the same, if there is one.

        If it is higher than `number`, this one stands for both from now on.
        """
        found = runs(text)
        shared: Counter[int] = Counter()
        for run in found:
            shared.update(self._holders.get(run, ()))
            self._holders.setdefault(run, []).append(number)
        self._runs[number] = (source, len(found))
        self._stands[number] = number
        for other, count in shared.most_common():
            where, size = self._runs[other]
            if source in (where, self._runs[self._stands[other]][0]):
                continue  # no source repeats itself
            least = min(size, len(found))
            if least >= _FEWEST and count >= _SHARED * least:
                return self._join(number, self._stands[other])
        return None

    def _join(self, number: int, other: int) -> int:
        first = min(number, other)
        for one, stands in self._stands.items():
            if stands in (number, other):
                self._stands[one] = first
        return other
