"""Which stored article a document is, and what a new one is called.

A file is *matched* to its article by declared id, path, link, then content; its id is *minted*
once from the first stable key there is (declared id, link, path) and never derived again. Titles
and dates are no keys, since both get corrected.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from feedsvc.model import Draft
from feedsvc.ports import Stored
from feedsvc.text.urls import encode_path, is_absolute_iri


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who mints ids: the tag URI's authority and the date it was theirs (RFC 4151 §2.1)."""

    domain: str
    since: str

    def mint(self, source: str, key: str) -> str:
        """The permanent id of an article; an absolute IRI its source declares is kept as it is."""
        kind, _, value = key.partition(":")
        if kind == "id" and is_absolute_iri(value):
            return value
        return f"tag:{self.domain},{self.since}:{encode_path(source)}/{encode_path(value)}"

    def feed(self, name: str) -> str:
        """The permanent id of a feed."""
        return f"tag:{self.domain},{self.since}:feed:{encode_path(name)}"


def path_key(path: str) -> str:
    """The key of a file that declares nothing else: its path without the extension."""
    folder, slash, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"path:{folder}{slash}{stem if dot and stem else name}"


def stable_key(draft: Draft, path: str) -> str:
    """The key an article's id is minted from: declared id, link, or path."""
    if draft.id:
        return f"id:{draft.id}"
    if draft.link:
        return f"link:{draft.link}"
    return path_key(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one document brings for being matched."""

    path: str
    draft: Draft
    document: bytes  # digest of its bytes
    row: int | None = None  # the article this very path held before


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The stored article a document is, if any; `rival` is another live file that claims it."""

    stored: Stored | None = None
    rival: str | None = None


class Candidates:
    """The stored articles that a batch of documents may be, by everything they are matched by."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self._rows: dict[int, Stored] = {}
        self._declared: dict[str, Stored] = {}
        self._values: dict[str, list[Stored]] = {}
        self._links: dict[str, list[Stored]] = {}
        self._documents: dict[bytes, list[Stored]] = {}
        for one in sorted(stored, key=lambda one: one.row):
            self._rows[one.row] = one
            if one.declared:
                self._declared.setdefault(one.declared, one)
            kind, _, value = one.article.key.partition(":")
            self._values.setdefault(value, []).append(one)
            for link in {one.article.link, value if kind == "link" else None} - {None}:
                self._links.setdefault(str(link), []).append(one)
            self._documents.setdefault(one.document, []).append(one)

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._rows.values())

    def match(self, claim: Claim, live: Mapping[int, str]) -> Match:
        """Find the article of a document: by declared id, path, link, then content.

        `live` tells at which path the file of an article lies now. Content counts only for articles
        that lie nowhere, else a copy would take its original's place.
        """
        wanted, path = claim.draft.id, claim.path

        def another(stored: Stored) -> bool:
            # A file that declares another id than the article of its path is another article.
            return bool(wanted and stored.declared)

        if wanted and (stored := self._of_id(wanted)) is not None:
            lies = live.get(stored.row, path)
            return Match(stored=stored, rival=None if lies == path else lies)
        stored = None if claim.row is None else self._rows.get(claim.row)
        # An article that moved away leaves its path to whoever comes next.
        if stored is not None and not another(stored) and live.get(stored.row, path) == path:
            return Match(stored=stored)
        key = path_key(path)
        for stored in self._values.get(value_of(key), ()):
            lies = live.get(stored.row, path)
            if stored.article.key == key and not another(stored) and path_key(lies) == key:
                return Match(stored=stored, rival=None if lies == path else lies)
        for stored in self._links.get(claim.draft.link or "", ()):
            lies = live.get(stored.row, path)
            if lies == path and not another(stored):
                return Match(stored=stored)
            if lies != path and stored.article.key == stable_key(claim.draft, path):
                return Match(stored=stored, rival=lies)
        moved = [
            s
            for s in self._documents.get(claim.document, ())
            if s.row not in live and not another(s)
        ]
        # Several of the same content moved at once: each keeps its name if it can.
        name = key.rpartition("/")[2].removeprefix("path:")
        moved.sort(key=lambda s: value_of(s.article.key).rpartition("/")[2] != name)
        return Match(stored=moved[0]) if moved else Match()

    def _of_id(self, wanted: str) -> Stored | None:
        if (stored := self._declared.get(wanted)) is not None:
            return stored
        # The same words as a path mint the same id, so the article of that path is meant.
        for stored in self._values.get(wanted, ()):
            kind = stored.article.key.partition(":")[0]
            if kind == "id" or (kind == "path" and stored.declared is None):
                return stored
        return None


def value_of(key: str) -> str:
    """The part of a key that its id is minted from: everything but its kind."""
    return key.partition(":")[2]


def free_key(key: str, taken: Container[str]) -> str:
    """`key`, or the first numbered variant of it whose value no other article has."""
    if value_of(key) not in taken:
        return key
    return next(f"{key};{n}" for n in count(2) if f"{value_of(key)};{n}" not in taken)


MASS_LOSS = 10  # from this many files on, losing over half at once is not believed


def believable_loss(known: int, lost: int) -> bool:
    """Whether `lost` of `known` files may be taken for deleted, not for unmounted or unsynced."""
    return known < MASS_LOSS or lost * 2 <= known
