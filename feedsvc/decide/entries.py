"""An entry of a remote feed as it is compared with stored articles, and what a new one is called.

draft -> Item --matching.py--> a stored article, or a new one: keys_of, free_keys
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from feedsvc.decide.digests import digest
from feedsvc.decide.identity import free_key, value_of
from feedsvc.model import Draft
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.html import cut

Identity = Literal["id", "id?", "link", "content?", "content"]
"""What tells the entries of a source apart, see `matching.py`."""

BY_ID: frozenset[Identity] = frozenset({"id", "id?", "content?"})

_LONGEST_ID = 2_000  # characters; what is longer is told apart by its digest
_LONGEST_TITLE = 1_000  # as `filters/` cuts it
_TELLING = 16  # characters of words below which equal words mean nothing
_HALF = 8  # bytes of a digest of words that are the title's; the rest are the text's


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as it stands in the document, with everything it may be matched by."""

    draft: Draft
    declared: str | None
    link: str | None
    page: str | None  # what its link tells, see `page_of`
    words: bytes  # digest of title and text; empty if they say too little
    text: bytes  # the part of it that is the text's; empty if that says too little
    said: bytes

    @property
    def title(self) -> str:
        """The title as it would be stored."""
        return cut(one_line(normalise(self.draft.title[: 5 * _LONGEST_TITLE])), _LONGEST_TITLE)

    @property
    def moment(self) -> int | None:
        """When it says that it was published, as the store keeps that."""
        published = self.draft.published
        return None if published is None else int(published.timestamp())


def item(draft: Draft, said: bytes, *, home: str | None = None) -> Item:
    """The item of a draft; `home` is the page that its feed calls its own."""
    text = draft.html or draft.summary or ""
    words = words_of(draft.title, text)
    link = normalise(draft.link) if draft.link else None
    return Item(
        draft=draft,
        declared=declared_id(draft.id),
        link=link,
        page=page_of(link, home),
        words=words,
        text=words[_HALF:] if len(text) >= _TELLING else b"",
        said=said,
    )


def words_of(title: str, text: str) -> bytes:
    """The digest of what an entry tells, whatever it is called; empty for next to nothing."""
    if len(title) + len(text) < _TELLING:
        return b""
    return _half(title) + _half(text)


def text_of(words: bytes) -> bytes:
    """The text's part of a digest of words."""
    return words[_HALF:]


def _half(text: str) -> bytes:
    return digest(text.encode("utf-8", "surrogatepass"))[:_HALF]


def declared_id(value: str | None) -> str | None:
    """An id as it is kept: as written, unless a store could not hold it."""
    if not value:
        return None
    if not value.isprintable():
        value = normalise(value)
    if len(value) > _LONGEST_ID:
        value = f"{value[: _LONGEST_ID - 33]}-{digest(value.encode()).hex()}"
    return value or None


def page_of(link: str | None, home: str | None) -> str | None:
    """The page that a link tells of; None for the home page of the site, which is no entry's own.

    Without the scheme: a site that moves to https keeps its pages.
    """
    if not link:
        return None
    page = _bare(link)
    host, _, path = page.partition("/")
    if not path and "?" not in host and "#" not in host:
        return None
    if home and page.rstrip("/") == _bare(home).rstrip("/"):
        return None
    return page


def _bare(link: str) -> str:
    return link.partition("://")[2] or link


def spellings(links: Collection[str]) -> set[str]:
    """The links, and as they are under the other scheme: all that tell of the same pages."""
    return {f"{scheme}://{_bare(link)}" for link in links for scheme in ("http", "https")} | {
        *links
    }


# -- the keys of new articles --------------------------------------------------------------------


def keys_of(items: Sequence[Item], identity: Identity) -> list[str]:
    """The key that each item would get as a new article: what its id is minted from."""
    ids = Counter(one.declared for one in items)
    pages = Counter(one.page for one in items)
    return [_key(one, identity, ids, pages) for one in items]


def _key(
    one: Item,
    identity: Identity,
    ids: Mapping[str | None, int],
    pages: Mapping[str | None, int],
) -> str:
    if identity in BY_ID and one.declared:
        if ids[one.declared] > 1:  # several entries bear one id
            return f"id:{one.declared};{_tail(one)}"
        composed = normalise(one.declared)
        if composed != one.declared:  # what is minted would be that of the composed form
            return f"id:{composed};{_half(one.declared).hex()}"
        return f"id:{one.declared}"
    if identity != "content" and one.page and pages[one.page] == 1:
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
