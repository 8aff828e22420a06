"""The entries of a feed's document, cut out at its bytes, and what of them is new: for `deltas.py`.

    document -> cut -> Cut (head, entries, tail) -> fresh (since an older Version) -> without

Pure functions. What does not look as our own builds write it is not cut at all: it may lie in the
output directory nonetheless, and is then sent as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

_SIZE = 8  # bytes of a digest; within one document
_SALT = os.urandom(16)  # so that nobody can write two entries of one digest


class Version(NamedTuple):
    """What is remembered of a document: digests of its entries' ids, and of all they say.

    Each is one row of bytes, in the order of the document: there may be thousands of versions.
    """

    ids: bytes
    said: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A document: its head, its entries, what stands between two of them, and its tail."""

    head: bytes
    entries: Sequence[bytes]
    joint: bytes
    tail: bytes
    version: Version

    def only(self, chosen: Collection[int]) -> bytes:
        """The document with some of its entries only."""
        some = [entry for number, entry in enumerate(self.entries) if number in chosen]
        return b"".join((self.head, self.joint.join(some), self.tail))


class _Form(NamedTuple):
    """How the documents of a format are put together (`feeds/`, which a test compares)."""

    begins: bytes
    entry: bytes  # how an entry begins
    ends: bytes  # how it ends
    joint: bytes  # between two of them
    tail: bytes
    id: re.Pattern[bytes]


_FORMS = {
    "atom.xml": _Form(
        begins=b"<?xml ",
        entry=b"  <entry",
        ends=b"</entry>\n",
        joint=b"",
        tail=b"</feed>\n",
        id=re.compile(rb"<id>([^<]+)</id>"),
    ),
    "rss.xml": _Form(
        begins=b"<?xml ",
        entry=b"    <item>",
        ends=b"</item>\n",
        joint=b"",
        tail=b"  </channel>\n</rss>\n",
        id=re.compile(rb"<guid(?: [^<>]*)?>([^<]+)</guid>"),
    ),
    "feed.json": _Form(
        begins=b"{",
        entry=b'{"id":',
        ends=b"}",
        joint=b",\n",
        tail=b"]}\n",
        id=re.compile(rb'\{"id":("(?:[^"\\]|\\.)*")'),
    ),
}
_ITEMS = b',"items":[\n'

# Within these a `<` may be no markup; in a complete feed, what is missing is deleted (RFC 5005 §2).
_NOT_TO_BE_CUT = re.compile(rb"<!\[CDATA\[|<!--|<!DOCTYPE|<fh:complete")


def is_subscribed(names: Sequence[str]) -> bool:
    """Whether the document at this path is one that readers subscribe to; not a page of archives."""
    archived = len(names) > 3 and names[-3] == "archive" and names[-2].isdecimal()
    return names[-1] in _FORMS and not archived


def cut(name: str, document: bytes) -> Cut | None:
    """The parts of a document by its name; None if it is not to be cut."""
    form = _FORMS[name]
    if not (document.startswith(form.begins) and document.endswith(form.tail)):
        return None
    found = _json(document, form) if form.joint else _xml(document, form)
    if found is None or not all(one.endswith(form.ends) for one in found[1]):
        return None
    head, entries = found
    ids = [form.id.search(entry) for entry in entries]
    known = [one[1] for one in ids if one is not None]
    if not entries or len(known) != len(entries) or len(set(known)) != len(known):
        return None
    version = Version(b"".join(map(_digest, known)), b"".join(map(_digest, entries)))
    return Cut(head=head, entries=entries, joint=form.joint, tail=form.tail, version=version)


def _xml(document: bytes, form: _Form) -> tuple[bytes, list[bytes]] | None:
    if _NOT_TO_BE_CUT.search(document):
        return None
    head, *rest = document[: -len(form.tail)].split(form.entry)
    return head, [form.entry + part for part in rest]


def _json(document: bytes, form: _Form) -> tuple[bytes, list[bytes]] | None:
    # Within a value no line ends, so neither mark stands inside of one.
    head, found, items = document[: -len(form.tail)].partition(_ITEMS)
    entries = items.split(form.joint)
    if not found or not all(entry.startswith(form.entry) for entry in entries):
        return None
    return head + _ITEMS, entries


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=_SIZE, key=_SALT).digest()


def fresh(now: Version, before: Version, *, limit: int | None) -> frozenset[int] | None:
    """Which entries are new or changed; None if these would not tell all that has changed.

    They cannot tell that an entry was taken away. One that slid out was not: of a document that is
    full (`limit`), the last ones make room for new ones. Nor do they tell what changed in the head
    alone, and where all is new, the whole is as short.
    """
    told, ids, known = set(_each(before.said)), _each(now.ids), _each(before.ids)
    news = frozenset(number for number, one in enumerate(_each(now.said)) if one not in told)
    if not news or len(news) == len(ids):
        return None
    left = set(known).difference(ids)
    if left:
        slid = left == set(known[-len(left) :]) and ids[-1] in known
        if not slid or limit is None or len(ids) < limit:
            return None
    return news


def _each(row: bytes) -> list[bytes]:
    return [row[start : start + _SIZE] for start in range(0, len(row), _SIZE)]
