"""Which stored articles the entries of a remote feed are.

    drafts -> Item --match(known)--> Matching: pairs, fresh ones, doubles, risen ones, churn

Ids are scoped by source and compared character by character (RFC 4287 §4.2.6.1). That is all there
is to it for most feeds. The rest is for those that break the rule: one id for several entries, no
ids at all, ids that are others at every visit, and old articles that suddenly bear new ones.

What tells the entries of a source apart is its *identity*. It begins with the id; a source whose
ids are measured to be unstable is told apart by link from then on, and by content if its links
change as well. The first time it is only noted (`id?`): a move to https changes every id once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from feedsvc.decide.digests import digest
from feedsvc.decide.identity import free_key, value_of
from feedsvc.model import Draft
from feedsvc.ports import KnownEntry
from feedsvc.text.clean import normalise, one_line

Identity = Literal["id", "id?", "link", "link?", "content"]

CHURN = 3  # from this many changed ids on, if they are at least half of all, ids are unstable
FLOOD = 5  # from this many risen entries on, if they are at least half of the unknown, it is one
_LONGEST_ID = 2_000  # characters; what is longer is told apart by its digest
_TELLING = 16  # characters of words below which equal words mean nothing

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as it stands in the document, with everything it may be matched by."""

    draft: Draft
    declared: str | None
    link: str | None
    words: bytes  # digest of title and text; empty if they say too little
    said: bytes

    @property
    def title(self) -> str:
        """The title as it would be stored."""
        return one_line(normalise(self.draft.title))


def item(draft: Draft, said: bytes) -> Item:
    """The item of a draft."""
    return Item(
        draft=draft,
        declared=_declared(draft.id),
        link=draft.link or None,
        words=words_of(draft.title, draft.html or draft.summary or ""),
        said=said,
    )


def words_of(title: str, text: str) -> bytes:
    """The digest of what an entry tells, whatever it is called; empty for next to nothing."""
    if len(title) + len(text) < _TELLING:
        return b""
    return digest(f"{title}\n{text}".encode("utf-8", "surrogatepass"))


def _declared(value: str | None) -> str | None:
    """The id as it is kept: as written, unless a store could not hold it."""
    if not value:
        return None
    if not value.isprintable():
        value = normalise(value)
    if len(value) > _LONGEST_ID:
        value = f"{value[: _LONGEST_ID - 33]}-{digest(value.encode()).hex()}"
    return value or None


@dataclass(slots=True, kw_only=True)
class Matching:
    """What the items of a document are; indices are positions in the document."""

    known: dict[int, KnownEntry] = field(default_factory=dict)
    fresh: list[int] = field(default_factory=list)
    doubles: list[int] = field(default_factory=list)  # said twice in one document
    risen: dict[int, KnownEntry] = field(default_factory=dict)  # old content, another id and link
    churned: int = 0  # known by link, though its id is another one now
    relinked: int = 0  # known by content, though its link is another one now


def match(items: Sequence[Item], known: Iterable[KnownEntry], identity: Identity) -> Matching:
    """Find the stored article of each item; each article is one item's at most."""
    return _Match(items, known, identity).run()


class _Match:
    def __init__(
        self, items: Sequence[Item], known: Iterable[KnownEntry], identity: Identity
    ) -> None:
        self._items = items
        self._known = sorted(known, key=lambda one: one.row)
        self._identity = identity
        self._found = Matching()
        self._claimed: set[int] = set()
        self._by_declared = _grouped(self._known, lambda one: one.declared)
        self._by_link = _grouped(self._known, lambda one: one.link)
        self._by_words = _grouped(self._known, lambda one: one.words or None)
        self._by_title = _grouped(self._known, lambda one: one.title or None)
        self._links = Counter(one.link for one in items)
        self._ids = {one.declared for one in items if one.declared}

    def run(self) -> Matching:
        left = self._without_doubles()
        if self._identity in ("id", "id?"):
            left = self._by_id(left)
        if self._identity != "content":
            left = self._by_address(left)
        left = self._by_content(left)
        self._found.fresh = left
        return self._found

    def _without_doubles(self) -> list[int]:
        seen: set[object] = set()
        left = []
        for index, one in enumerate(self._items):
            same = (one.declared, one.link, one.draft.title, one.declared or one.words or one.said)
            if same in seen:
                self._found.doubles.append(index)
            else:
                seen.add(same)
                left.append(index)
        return left

    def _claim(self, index: int, one: KnownEntry) -> None:
        self._claimed.add(one.row)
        self._found.known[index] = one

    def _free(self, some: Iterable[KnownEntry]) -> list[KnownEntry]:
        return [one for one in some if one.row not in self._claimed]

    # -- by id ---------------------------------------------------------------------------------

    def _by_id(self, left: list[int]) -> list[int]:
        groups: dict[str, list[int]] = defaultdict(list)
        for index in left:
            if (declared := self._items[index].declared) is not None:
                groups[declared].append(index)
        for declared, indices in groups.items():
            stored = self._by_declared.get(declared)
            if stored:
                self._share(indices, stored)
        return [index for index in left if index not in self._found.known]

    def _share(self, indices: list[int], stored: list[KnownEntry]) -> None:
        """Give the articles of one id to the items of that id; usually there is one of each."""
        if len(indices) == len(stored) == 1:
            self._claim(indices[0], stored[0])
            return
        for same in _LIKENESS:
            for index in [i for i in indices if i not in self._found.known]:
                for one in self._free(stored):
                    if same(self._items[index], one):
                        self._claim(index, one)
                        break
        # One of each is left: it is the one that was edited.
        left = [i for i in indices if i not in self._found.known]
        free = self._free(stored)
        if len(left) == 1 and len(free) == 1 and len(indices) == len(stored):
            self._claim(left[0], free[0])

    # -- by link -------------------------------------------------------------------------------

    def _by_address(self, left: list[int]) -> list[int]:
        rest = []
        for index in left:
            one = self._items[index]
            found = [s for s in self._free(self._by_link.get(one.link or "", ())) if self._gone(s)]
            stored = self._same_address(one, found)
            if stored is None:
                rest.append(index)
                continue
            if one.declared and stored.declared and one.declared != stored.declared:
                self._found.churned += 1
            self._claim(index, stored)
        return rest

    def _gone(self, stored: KnownEntry) -> bool:
        """Whether the id of an article is missing in the document: it may have got another."""
        if self._identity in ("link", "link?") or stored.declared is None:
            return True
        return stored.declared not in self._ids

    def _same_address(self, one: Item, found: list[KnownEntry]) -> KnownEntry | None:
        alike = [s for s in found if s.title == one.title or s.words == one.words != b""]
        if self._links[one.link] == 1 and len(found) == 1:
            # Every entry of a live blog may bear its address: with ids, the words decide.
            by_link = self._identity in ("link", "link?")
            if by_link or alike or not (one.declared and found[0].declared):
                return found[0]
            return None
        return alike[0] if alike else None

    # -- by content ----------------------------------------------------------------------------

    def _by_content(self, left: list[int]) -> list[int]:
        rest = []
        for index in left:
            one = self._items[index]
            stored = self._same_content(one)
            if stored is None:
                rest.append(index)
            elif self._identity == "content" or not (one.declared or one.link):
                self._claim(index, stored)
            else:
                if one.link and stored.link and one.link != stored.link:
                    self._found.relinked += 1
                self._claimed.add(stored.row)
                self._found.risen[index] = stored
        return rest

    def _same_content(self, one: Item) -> KnownEntry | None:
        published = one.draft.published
        by_content = self._identity == "content"
        for stored in self._free(self._by_words.get(one.words, ()) if one.words else ()):
            if by_content or self._gone(stored):
                return stored
        if published is None and not by_content and (one.declared or one.link):
            return None
        moment = None if published is None else int(published.timestamp())
        same = [
            s
            for s in self._free(self._by_title.get(one.title, ()))
            if (moment is None or s.published == moment) and (by_content or self._gone(s))
        ]
        return same[0] if len(same) == 1 else None


# From what makes two the same beyond doubt to what merely hints at it.
_LIKENESS: tuple[Callable[[Item, KnownEntry], bool], ...] = (
    lambda one, stored: one.link == stored.link and one.title == stored.title,
    lambda one, stored: one.words == stored.words != b"",
    lambda one, stored: one.link == stored.link,
    lambda one, stored: one.title == stored.title,
)


def _grouped(
    known: Iterable[KnownEntry], key: Callable[[KnownEntry], T | None]
) -> dict[T, list[KnownEntry]]:
    groups: dict[T, list[KnownEntry]] = defaultdict(list)
    for one in known:
        if (value := key(one)) is not None:
            groups[value].append(one)
    return dict(groups)


# -- what a matching means for the source ----------------------------------------------------------


def is_flood(found: Matching) -> bool:
    """Whether old articles come back under new ids: too many to be a few that moved."""
    unknown = len(found.risen) + len(found.fresh)
    return len(found.risen) >= FLOOD and len(found.risen) * 2 >= unknown


def next_identity(
    identity: Identity, found: Matching, *, items: int, flood_again: bool
) -> Identity:
    """What tells the entries of the source apart from now on, by what was measured.

    `flood_again` tells that the risen entries bore other ids at the last visit: that is no move.
    """
    if flood_again:
        return "content"
    if found.churned >= CHURN and found.churned * 2 >= items and identity in ("id", "id?"):
        return "link" if identity == "id?" else "id?"
    return identity


# -- the keys of new articles --------------------------------------------------------------------


def keys_of(items: Sequence[Item], identity: Identity) -> list[str]:
    """The key that each item would get as a new article: what its id is minted from."""
    ids = Counter(one.declared for one in items)
    links = Counter(one.link for one in items)
    return [_key(one, identity, ids, links) for one in items]


def _key(
    one: Item,
    identity: Identity,
    ids: Mapping[str | None, int],
    links: Mapping[str | None, int],
) -> str:
    if identity in ("id", "id?") and one.declared:
        if ids[one.declared] == 1:
            return f"id:{one.declared}"
        return f"id:{one.declared};{_tail(one)}"  # several entries bear one id
    if identity != "content" and one.link and links[one.link] == 1:
        return f"link:{one.link}"
    return f"text:{(one.words or one.said).hex()}"


def _tail(one: Item) -> str:
    return digest(f"{one.link}\n{one.title}".encode("utf-8", "surrogatepass")).hex()[:8]


def free_keys(keys: Sequence[str], taken: Collection[str]) -> list[str]:
    """The keys, each made unique among themselves and the stored ones."""
    values = {value_of(key) for key in taken}
    found = []
    for key in keys:
        free = free_key(key, values)
        values.add(value_of(free))
        found.append(free)
    return found
