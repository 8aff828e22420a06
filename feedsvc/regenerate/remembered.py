"""What the daemon knows of the documents it wrote last, without reading them again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

MOST = 8 * 1024 * 1024
"""Bytes of entries that are remembered."""


class Remembered:
    """The entries of the documents that were written last, by digest of the document.

    Whether such a document was published is for the ledger to say, by the same digest.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Mapping[str, bytes]] = OrderedDict()
        self._size = 0

    def of(self, document: bytes) -> Mapping[str, bytes] | None:
        """The entries by id of the document with this digest, if they are remembered."""
        if document in self._known:
            self._known.move_to_end(document)
        return self._known.get(document)

    def put(self, document: bytes, entries: Mapping[str, bytes]) -> None:
        """Remember these, and forget what was asked for longest ago."""
        if document in self._known:
            return
        self._known[document] = entries
        self._size += _size(entries)
        while self._size > MOST:
            self._size -= _size(self._known.popitem(last=False)[1])


def _size(entries: Mapping[str, bytes]) -> int:
    return sum(map(len, entries.values()))
