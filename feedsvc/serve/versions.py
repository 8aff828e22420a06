"""The versions of feeds' documents that readers were sent, by their tags: for `deltas.py`.

Of each, the digests of its entries: some 2 KB for a feed of 50, in all four forms. In memory alone,
so after a restart every reader gets the whole document once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from feedsvc.serve.conditional import opaque_tags
from feedsvc.serve.entries import Version

BUDGET = 4 * 1024 * 1024  # bytes: 2,000 versions of feeds of 50 entries
_COST = 600  # bytes of a version: its objects and places in tables
_COST_OF_TAG = 200


class Known(NamedTuple):
    """A version that readers were sent, and what numbers it."""

    number: int
    version: Version
    tags: frozenset[str]
    cost: int


class Versions:
    """The versions of documents that were sent; the oldest are forgotten first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._by_tag: dict[str, dict[str, Known]] = {}  # path -> tag, without its quotes
        self._order: OrderedDict[int, tuple[str, Known]] = OrderedDict()  # the oldest first
        self._next = 0
        self.size = 0  # bytes, as the budget counts them

    def learn(self, path: str, tags: Iterable[str], version: Version) -> None:
        """Remember what is sent at a path from now on, in forms of these tags."""
        tags = frozenset(tags)
        here = self._by_tag.get(path, {})
        for known in {here[tag] for tag in tags if tag in here}:
            tags |= known.tags  # of sidecars that were made anew since
            self._forget(path, known)
        digests = len(version.ids) + len(version.said)
        cost = _COST + digests + len(tags) * _COST_OF_TAG
        known = Known(self._next, version, tags, cost)
        self._by_tag.setdefault(path, {}).update(dict.fromkeys(tags, known))
        self._order[known.number] = path, known
        self._next += 1
        self.size += cost
        while self.size > self._budget:
            self._forget(*next(iter(self._order.values())))

    def find(self, path: str, if_none_match: str) -> tuple[str, Known] | None:
        """The newest version of a document among those that a reader has, and its tag."""
        here = self._by_tag.get(path)
        if here is None:
            return None
        had = [
            (known.number, tag, known)
            for tag in opaque_tags(if_none_match)
            if (known := here.get(tag[1:-1].removesuffix("-page"))) is not None
        ]
        return max(had, key=lambda one: one[0])[1:] if had else None

    def _forget(self, path: str, known: Known) -> None:
        here = self._by_tag[path]
        for tag in known.tags:
            del here[tag]
        if not here:
            del self._by_tag[path]
        del self._order[known.number]
        self.size -= known.cost
