"""Items and articles that have a key in common.

They are paired by a ladder of keys, from what leaves no doubt to what merely hints; a hint counts
only if it points from one to one. Two entries that are taken for one lose an article, one that is
taken for two shows it twice: where nothing decides, the second is chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from feedsvc.decide.entries import Item
from feedsvc.ports import KnownEntry

_T = TypeVar("_T")

Ours = Callable[[Item], Hashable]  # None: it has no such key
Theirs = Callable[[KnownEntry], Hashable]
Veto = Callable[[Item, KnownEntry], bool]


def pairs(
    items: Mapping[int, Item],
    stored: Iterable[KnownEntry],
    ours: Ours,
    theirs: Theirs,
    *,
    twins: bool,
    veto: Veto | None,
) -> list[tuple[int, KnownEntry]]:
    """The articles whose key is that of an item, if it is one of each.

    With `twins` several of one key are as good as each other: the first gets the first.
    """
    wanting = _grouped(items, lambda index: ours(items[index]))
    having = _grouped(stored, theirs)
    return [
        pair
        for key, indices in wanting.items()
        if (found := having.get(key)) and (twins or len(indices) == len(found) == 1)
        for pair in zip(indices, found, strict=False)
        if veto is None or not veto(items[pair[0]], pair[1])
    ]


def _grouped(values: Iterable[_T], key: Callable[[_T], Hashable]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = defaultdict(list)
    for one in values:
        if (found := key(one)) is not None:
            groups[found].append(one)
    return groups


def together(*keys: Ours) -> Ours:
    """All keys at once; without one of them there is none."""

    def whole(one: Item) -> Hashable:
        values = tuple(key(one) for key in keys)
        return None if None in values else values

    return whole


DECLARED: Ours = lambda one: one.declared  # noqa: E731 - a table of keys
PAGE: Ours = lambda one: one.page  # noqa: E731
TITLE: Ours = lambda one: one.title or None  # noqa: E731
MOMENT: Ours = lambda one: one.moment  # noqa: E731
WORDS: Ours = lambda one: one.words or None  # noqa: E731
TEXT: Ours = lambda one: one.text or None  # noqa: E731


def apart_in_time(one: Item, stored: KnownEntry) -> bool:
    """Whether an item says that it was published at another time."""
    return one.moment is not None and one.moment != stored.published
