"""Which stored articles the entries of a remote feed are.

    items + known --match--> Matching: pairs, fresh ones, doubles, risen ones --> stability.py

Ids are scoped by source and compared character by character (RFC 4287 §4.2.6.1). That is all there
is to it for most feeds. The rest is for those that break the rule: one id for several entries, no
ids at all, ids that are others at every visit, and old articles that suddenly bear new ones.

What tells the entries of a source apart is its *identity*. It begins with the id; a source whose
ids are measured to be unstable is told apart by link from then on, and by content if its links
change as well. The first time it is only noted (`id?`, `content?`): a move to another system
changes every id once.

An item and an article are paired by a ladder of keys that have to be equal, from what leaves no
doubt to what merely hints; a hint counts only if it points from one to one. Two entries that are
taken for one lose an article, one that is taken for two shows it twice: where nothing decides, the
second is chosen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from feedsvc.decide.entries import BY_ID, Identity, Item, page_of, text_of
from feedsvc.ports import KnownEntry

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Matching:
    """What the items of a document are; indices are positions in the document."""

    known: dict[int, KnownEntry] = field(default_factory=dict)
    fresh: list[int] = field(default_factory=list)
    doubles: list[int] = field(default_factory=list)  # said twice in one document
    risen: dict[int, KnownEntry] = field(default_factory=dict)  # old content, another id and link
    echoes: dict[int, KnownEntry] = field(default_factory=dict)  # fresh, in the words of another
    named: int = 0  # known by their id
    churned: int = 0  # known by link, though their id is another one now


def match(
    items: Sequence[Item], known: Iterable[KnownEntry], identity: Identity, *, home: str | None
) -> Matching:
    """Find the stored article of each item; each article is one item's at most.

    `home` is the page that the feed calls its own: a link to it tells of no entry.
    """
    return _Match(items, known, identity, home).run()


_Ours = Callable[[Item], Hashable]  # None: it has no such key
_Theirs = Callable[[KnownEntry], Hashable]
_Veto = Callable[[Item, KnownEntry], bool]


class _Match:
    def __init__(
        self,
        items: Sequence[Item],
        known: Iterable[KnownEntry],
        identity: Identity,
        home: str | None,
    ) -> None:
        self._items = items
        self._known = sorted(known, key=lambda one: one.row)
        self._identity = identity
        self._home = home
        self._by_name = identity in BY_ID
        self._found = Matching()
        self._claimed: set[int] = set()
        self._ids = {one.declared for one in items if one.declared}
        self._left = self._without_doubles()  # items that are not matched yet

    def run(self) -> Matching:
        if self._by_name:
            self._match_ids()
        if self._identity != "content" and self._left:
            self._match_pages()
        if self._left:
            self._match_content()
        self._found.fresh = self._left
        return self._found

    def _without_doubles(self) -> list[int]:
        """The items, each once: of several the one that was updated last, wherever it stands."""
        best: dict[Hashable, int] = {}
        for index, one in enumerate(self._items):
            draft = one.draft
            text = one.words or draft.html or draft.summary
            same: Hashable = (one.declared, one.link, draft.title, one.declared or text)
            if self._identity == "link":
                same = (one.page, draft.title, text)
            elif self._identity == "content":
                same = (draft.title, text)
            other = best.setdefault(same, index)
            if other != index:
                newer = _version(one) > _version(self._items[other])
                best[same] = index if newer else other
                self._found.doubles.append(other if newer else index)
        return sorted(best.values())

    # -- pairs ---------------------------------------------------------------------------------

    def _pair(
        self,
        ours: _Ours,
        theirs: _Theirs,
        stored: Iterable[KnownEntry],
        *,
        twins: bool = False,
        veto: _Veto | None = None,
    ) -> list[tuple[int, KnownEntry]]:
        """Claim the articles whose key is that of an item, if it is one of each.

        With `twins` several of one key are as good as each other: the first gets the first.
        """
        if not self._left:
            return []
        wanting = _grouped(self._left, lambda index: ours(self._items[index]))
        having = _grouped((s for s in stored if s.row not in self._claimed), theirs)
        pairs = [
            pair
            for key, indices in wanting.items()
            if (found := having.get(key)) and (twins or len(indices) == len(found) == 1)
            for pair in zip(indices, found, strict=False)
            if veto is None or not veto(self._items[pair[0]], pair[1])
        ]
        self._claimed.update(one.row for _, one in pairs)
        taken = {index for index, _ in pairs}
        self._left = [index for index in self._left if index not in taken]
        return pairs

    def _know(self, pairs: Iterable[tuple[int, KnownEntry]]) -> None:
        self._found.known.update(pairs)

    def _gone(self, stored: KnownEntry) -> bool:
        """Whether the id of an article is missing in the document: it may have got another."""
        return not self._by_name or stored.declared is None or stored.declared not in self._ids

    # -- by id ---------------------------------------------------------------------------------

    def _match_ids(self) -> None:
        named = [one for one in self._known if one.declared in self._ids]
        self._know(self._pair(_DECLARED, lambda s: s.declared, named))
        shared = {self._items[index].declared for index in self._left} - {None}
        named = [one for one in named if one.declared in shared and one.row not in self._claimed]
        if named:
            self._match_shared(named)
        self._found.named = len(self._found.known)

    def _match_shared(self, named: Sequence[KnownEntry]) -> None:
        """Several entries bear one id: what they have in common beside it tells which is which."""
        ours = Counter((self._items[i].declared, self._items[i].page) for i in self._left)
        theirs = Counter((one.declared, self._page(one)) for one in named)

        def own_page(one: Item) -> Hashable:
            page = (one.declared, one.page)
            return page if one.page and ours[page] == theirs[page] == 1 else None

        for mine, its, twins in (
            (
                lambda one: (one.declared, one.page, one.title, one.moment),
                lambda s: (s.declared, self._page(s), s.title, s.published),
                True,
            ),
            (
                lambda one: (one.declared, one.page, one.title),
                lambda s: (s.declared, self._page(s), s.title),
                True,
            ),
            (_with(_DECLARED, _WORDS), lambda s: (s.declared, s.words), True),
            (_with(_DECLARED, _TEXT), lambda s: (s.declared, text_of(s.words)), False),
            (own_page, lambda s: (s.declared, self._page(s)), False),
            (_with(_DECLARED, _MOMENT), lambda s: (s.declared, s.published), False),
        ):
            self._know(self._pair(mine, its, named, twins=twins))

    # -- by link -------------------------------------------------------------------------------

    def _page(self, stored: KnownEntry) -> str | None:
        return page_of(stored.link, self._home)

    def _match_pages(self) -> None:
        pages = {self._items[index].page for index in self._left} - {None}
        stored = [
            one
            for one in self._known
            if one.row not in self._claimed and self._gone(one) and self._page(one) in pages
        ]
        if not stored:
            return
        kept = set(self._left) | self._found.known.keys()
        ours = Counter(self._items[index].page for index in kept)
        theirs = Counter(map(self._page, stored))

        def own_page(one: Item) -> Hashable:
            return one.page if one.page and ours[one.page] == theirs[one.page] == 1 else None

        def page(stored: KnownEntry) -> Hashable:
            return self._page(stored)

        def other_id(one: Item, stored: KnownEntry) -> bool:
            """Ids that differ tell entries apart, as those of a live blog with one address."""
            return self._by_name and bool(one.declared and stored.declared)

        def another(one: Item, stored: KnownEntry) -> bool:
            """Another id, and another date if it has one: then a title alone says nothing."""
            return other_id(one, stored) and (_apart(one, stored) or ours[one.page] > 1)

        def later(one: Item, stored: KnownEntry) -> bool:
            """An id that differs, or else a date, where many bear one address."""
            return (other_id(one, stored) or _apart(one, stored)) and ours[one.page] > 1

        pairs: list[tuple[int, KnownEntry]] = []

        def step(ours: _Ours, theirs: _Theirs, *, twins: bool, veto: _Veto | None = None) -> None:
            pairs.extend(self._pair(ours, theirs, stored, twins=twins, veto=veto))

        step(_with(_PAGE, _WORDS), lambda s: (page(s), s.words), twins=True)
        step(_with(_PAGE, _TITLE, _MOMENT), lambda s: (page(s), s.title, s.published), twins=False)
        step(_with(_PAGE, _TEXT), lambda s: (page(s), text_of(s.words)), twins=False)
        step(_with(own_page, _TITLE), lambda s: (page(s), s.title), twins=False, veto=another)
        step(_with(own_page, _MOMENT), lambda s: (page(s), s.published), twins=False)
        step(_with(_PAGE, _MOMENT), lambda s: (page(s), s.published), twins=False, veto=other_id)
        step(_with(_PAGE, _TITLE), lambda s: (page(s), s.title), twins=False, veto=later)
        step(own_page, page, twins=False, veto=other_id)
        churned = sum(other_id(self._items[index], one) for index, one in pairs)
        if churned * 2 >= len(kept):  # then ids say nothing here, and a page of its own does
            step(own_page, page, twins=False)
        self._found.churned = sum(
            bool(one.declared) and self._items[index].declared not in (None, one.declared)
            for index, one in pairs
        )
        self._know(pairs)

    # -- by content ----------------------------------------------------------------------------

    def _match_content(self) -> None:
        stored = [s for s in self._known if s.row not in self._claimed and self._gone(s)]
        if stored:
            self._match_bare(stored)
            if self._by_name or self._identity == "link":
                self._match_risen(stored)
        if not self._left:
            return
        by_words = {one.words: one for one in reversed(self._known) if one.words}
        for index in self._left:
            echoed = by_words.get(self._items[index].words)
            if echoed is not None:
                self._found.echoes[index] = echoed

    def _match_bare(self, stored: Sequence[KnownEntry]) -> None:
        """Those that cannot be told apart by anything but their content."""

        def strangers(one: Item, stored: KnownEntry) -> bool:
            """Both have an id, or both a link, and it is not the same."""
            if self._identity == "content":
                return False
            ids = self._by_name and one.declared and stored.declared
            return bool(ids or (one.page and self._page(stored)))

        def apart(one: Item, stored: KnownEntry) -> bool:
            return _apart(one, stored) or strangers(one, stored)

        for ours, theirs, twins, veto in _BY_CONTENT:
            self._know(
                self._pair(ours, theirs, stored, twins=twins, veto=apart if veto else strangers)
            )

    def _match_risen(self, stored: Sequence[KnownEntry]) -> None:
        """Old content under an id and a link that are both unknown.

        Where ids are as ever, an entry may well repeat the words of an older one on another day.
        """
        kept = len(self._left) + len(self._found.known)
        stable = (len(self._found.known) - self._found.churned) * 2 >= kept
        often = {words for words, n in Counter(s.words for s in self._known).items() if n > 1}

        def repeated(one: Item, stored: KnownEntry) -> bool:
            return stable and (_apart(one, stored) or stored.words in often)

        risen = self._pair(
            _with(_WORDS, _MOMENT), lambda s: (s.words, s.published), stored, twins=True
        )
        risen += self._pair(_with(_WORDS), lambda s: (s.words,), stored, twins=True, veto=repeated)
        if not stable:
            risen += self._pair(_with(_TITLE, _MOMENT), lambda s: (s.title, s.published), stored)
        self._found.risen.update(risen)


# -- keys ------------------------------------------------------------------------------------------


def _with(*keys: _Ours) -> _Ours:
    """All keys together; without one of them there is none."""

    def whole(one: Item) -> Hashable:
        values = tuple(key(one) for key in keys)
        return None if None in values else values

    return whole


_DECLARED: _Ours = lambda one: one.declared  # noqa: E731 - a table of keys
_PAGE: _Ours = lambda one: one.page  # noqa: E731
_TITLE: _Ours = lambda one: one.title or None  # noqa: E731
_MOMENT: _Ours = lambda one: one.moment  # noqa: E731
_WORDS: _Ours = lambda one: one.words or None  # noqa: E731
_TEXT: _Ours = lambda one: one.text or None  # noqa: E731


def _grouped(values: Iterable[_T], key: Callable[[_T], Hashable]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = defaultdict(list)
    for one in values:
        if (found := key(one)) is not None:
            groups[found].append(one)
    return groups


def _version(one: Item) -> tuple[float, bytes]:
    stated = one.draft.updated or one.draft.published
    return (stated.timestamp() if stated else 0.0, one.said)


def _apart(one: Item, stored: KnownEntry) -> bool:
    """Whether an item says that it was published at another time."""
    return one.moment is not None and one.moment != stored.published


# What has to be equal; whether several of one key are as good as each other; whether the dates may
# not differ.
_BY_CONTENT: tuple[tuple[_Ours, _Theirs, bool, bool], ...] = (
    (_with(_WORDS, _MOMENT), lambda s: (s.words, s.published), True, False),
    (_with(_WORDS), lambda s: (s.words,), True, False),
    (_with(_TITLE, _MOMENT), lambda s: (s.title, s.published), False, False),
    (_with(_TEXT), lambda s: (text_of(s.words),), False, False),
    (_with(_TITLE), lambda s: (s.title,), False, True),
)
