"""Which stored articles the entries of a remote feed are.

    items + known --match--> Matching: pairs, fresh ones, doubles, risen ones --> stability.py

Ids are scoped by source and compared character by character (RFC 4287 §4.2.6.1). That is all there
is to it for most feeds. The rest is for those that break the rule: one id for several entries, no
ids at all, ids that are others at every visit, and old articles that suddenly bear new ones.

What tells the entries of a source apart is its *identity*. It begins with the id; a source whose
ids are measured to be unstable is told apart by link from then on, and by content if its links
change as well. The first time it is only noted (`id?`, `content?`): a move to another system
changes every id once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from feedsvc.decide.entries import BY_ID, Identity, Item, page_of, text_of
from feedsvc.decide.pairing import (
    DECLARED,
    MOMENT,
    PAGE,
    TEXT,
    TITLE,
    WORDS,
    Ours,
    Theirs,
    Veto,
    apart_in_time,
    pairs,
    together,
)
from feedsvc.ports import KnownEntry


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

    # -- pairs --------------------------------------------------------------------------------

    def _pair(
        self,
        ours: Ours,
        theirs: Theirs,
        stored: Iterable[KnownEntry],
        *,
        twins: bool = False,
        veto: Veto | None = None,
    ) -> list[tuple[int, KnownEntry]]:
        """Claim articles for the items that are left, see `pairs`."""
        if not self._left:
            return []
        left = {index: self._items[index] for index in self._left}
        free = [one for one in stored if one.row not in self._claimed]
        found = pairs(left, free, ours, theirs, twins=twins, veto=veto)
        self._claimed.update(one.row for _, one in found)
        taken = {index for index, _ in found}
        self._left = [index for index in self._left if index not in taken]
        return found

    def _know(self, found: Iterable[tuple[int, KnownEntry]]) -> None:
        self._found.known.update(found)

    def _gone(self, stored: KnownEntry) -> bool:
        """Whether the id of an article is missing in the document: it may have got another."""
        return not self._by_name or stored.declared is None or stored.declared not in self._ids

    # -- by id ---------------------------------------------------------------------------------

    def _match_ids(self) -> None:
        named = [one for one in self._known if one.declared in self._ids]
        self._know(self._pair(DECLARED, lambda s: s.declared, named))
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
            (together(DECLARED, WORDS), lambda s: (s.declared, s.words), True),
            (together(DECLARED, TEXT), lambda s: (s.declared, text_of(s.words)), False),
            (own_page, lambda s: (s.declared, self._page(s)), False),
            (together(DECLARED, MOMENT), lambda s: (s.declared, s.published), False),
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
            return other_id(one, stored) and (apart_in_time(one, stored) or ours[one.page] > 1)

        def later(one: Item, stored: KnownEntry) -> bool:
            """The same, or another date, where many bear one address."""
            return another(one, stored) or (ours[one.page] > 1 and apart_in_time(one, stored))

        claimed: list[tuple[int, KnownEntry]] = []

        def step(ours: Ours, theirs: Theirs, *, twins: bool, veto: Veto | None = None) -> None:
            claimed.extend(self._pair(ours, theirs, stored, twins=twins, veto=veto))

        step(together(PAGE, WORDS), lambda s: (page(s), s.words), twins=True)
        step(together(PAGE, TITLE, MOMENT), lambda s: (page(s), s.title, s.published), twins=False)
        step(together(PAGE, TEXT), lambda s: (page(s), text_of(s.words)), twins=False)
        step(together(own_page, TITLE), lambda s: (page(s), s.title), twins=False, veto=another)
        step(together(own_page, MOMENT), lambda s: (page(s), s.published), twins=False)
        step(together(PAGE, MOMENT), lambda s: (page(s), s.published), twins=False, veto=other_id)
        step(together(PAGE, TITLE), lambda s: (page(s), s.title), twins=False, veto=later)
        step(own_page, page, twins=False, veto=other_id)
        churned = sum(other_id(self._items[index], one) for index, one in claimed)
        if churned * 2 >= len(kept):  # then ids say nothing here, and a page of its own does
            step(own_page, page, twins=False)
        self._found.churned = sum(
            bool(one.declared) and self._items[index].declared not in (None, one.declared)
            for index, one in claimed
        )
        self._know(claimed)

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
            return apart_in_time(one, stored) or strangers(one, stored)

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
            return stable and (apart_in_time(one, stored) or stored.words in often)

        risen = self._pair(
            together(WORDS, MOMENT), lambda s: (s.words, s.published), stored, twins=True
        )
        risen += self._pair(
            together(WORDS), lambda s: (s.words,), stored, twins=True, veto=repeated
        )
        if not stable:
            risen += self._pair(together(TITLE, MOMENT), lambda s: (s.title, s.published), stored)
        self._found.risen.update(risen)


def _version(one: Item) -> tuple[float, bytes]:
    stated = one.draft.updated or one.draft.published
    return (stated.timestamp() if stated else 0.0, one.said)


# What has to be equal; whether several of one key are as good as each other; whether the dates may
# not differ.
_BY_CONTENT: tuple[tuple[Ours, Theirs, bool, bool], ...] = (
    (together(WORDS, MOMENT), lambda s: (s.words, s.published), True, False),
    (together(WORDS), lambda s: (s.words,), True, False),
    # For those that say next to nothing: "Hi!" without a title.
    (lambda one: one.said, lambda s: s.said, True, False),
    (together(TITLE, MOMENT), lambda s: (s.title, s.published), False, False),
    (together(TEXT), lambda s: (text_of(s.words),), False, False),
    (together(TITLE), lambda s: (s.title,), False, True),
)
