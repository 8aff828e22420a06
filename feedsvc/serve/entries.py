"""What the entries of a feed's document are, and which are new: for `deltas.py`.

    document --cutting.py--> Cut (its pieces and Version) -> fresh (since an older Version) -> only

Pure functions. A document that cannot be cut may lie in the output directory nonetheless, and is
then sent as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

from feedsvc.serve.cutting import NotToBeCutError, Pieces, json_pieces, xml_pieces

_SIZE = 8  # bytes of a digest; within one document
_SALT = os.urandom(16)  # so that nobody can write two entries of one digest


class Version(NamedTuple):
    """What is remembered of a document: digests of its entries' ids, and of all they say.

    Each is one row of bytes, in the order of the document: there may be thousands of versions.
    """

    ids: bytes
    said: bytes


class Cut(NamedTuple):
    """A document that was taken apart."""

    pieces: Pieces
    version: Version

    def only(self, chosen: Collection[int]) -> bytes:
        """The document with some of its entries only."""
        head, entries, joint, tail, _ = self.pieces
        some = [entry for number, entry in enumerate(entries) if number in chosen]
        return b"".join((head, joint.join(some), tail))


_CUTTERS: Mapping[str, Callable[[bytes], Pieces]] = MappingProxyType(
    {"atom.xml": xml_pieces, "rss.xml": xml_pieces, "feed.json": json_pieces}
)


def is_subscribed(names: Sequence[str]) -> bool:
    """Whether readers subscribe to the document at this path; not to a page of an archive."""
    archived = len(names) > 3 and names[-3] == "archive" and names[-2].isdecimal()
    return names[-1] in _CUTTERS and not archived


def cut(name: str, document: bytes) -> Cut | None:
    """A document taken apart by its name; None if that cannot be done."""
    try:
        pieces = _CUTTERS[name](document)
    except NotToBeCutError:
        return None
    ids = pieces.ids
    if not all(ids) or len(set(ids)) != len(ids):
        return None
    version = Version(
        ids=b"".join(_digest(one.encode("utf-8", "surrogatepass")) for one in ids),
        said=b"".join(map(_digest, pieces.entries)),
    )
    return Cut(pieces, version)


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=_SIZE, key=_SALT).digest()


def fresh(now: Version, before: Version, *, limit: int | None) -> frozenset[int] | None:
    """Which entries are new or changed; None if these would not tell all that has changed.

    They cannot tell that an entry was taken away. One that slid out was not: of a full document the
    last ones make room for new ones. It is full with `limit` entries; where nobody says how many
    that are, with as many as it had. Nor can they tell what changed in the head alone, and where
    all is new, the whole is as short.
    """
    ids, known, told = _each(now.ids), _each(before.ids), set(_each(before.said))
    news = frozenset(number for number, one in enumerate(_each(now.said)) if one not in told)
    if not news or len(news) == len(ids):
        return None
    left = set(known).difference(ids)
    if left:
        full = len(ids) >= (len(known) if limit is None else limit)
        if not full or ids[-1] not in known or left != set(known[-len(left) :]):
            return None
    return news


def _each(row: bytes) -> list[bytes]:
    return [row[start : start + _SIZE] for start in range(0, len(row), _SIZE)]
