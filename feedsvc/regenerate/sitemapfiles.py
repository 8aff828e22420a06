"""Which files the sitemaps consist of, and what stands in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from feedsvc.decide import digest_of
from feedsvc.decide.digests import DIGEST_SIZE
from feedsvc.ports import ArchivePage, Audience, Listed
from feedsvc.regenerate.press import Press

MOST = 1_000  # addresses in a file
WHOLE = "sitemap.xml"
NEWS = "sitemap-news.xml"

_COUNT = 4  # bytes of a number of addresses
_WHICH = _COUNT + DIGEST_SIZE  # and of the digest of these

Place: TypeAlias = tuple[str, datetime]
"""An address, and when what is there last changed."""


class Lines(Protocol):
    """A document that is made of lines, each for an address."""

    @property
    def path(self) -> str: ...

    def entries(self) -> Sequence[Any]:
        """What it is to hold."""
        ...

    def body(self, entries: Sequence[Any]) -> bytes | None:
        """The document with these; None if there is none without more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the sitemap; `touched`: what it holds may differ from what is published."""

    path: str
    entries: Callable[[], Sequence[Place]]
    body: Callable[[Sequence[Place]], bytes | None]
    touched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The sitemap of the last two days."""

    press: Press
    listed: Sequence[Listed]
    path: str = NEWS

    def entries(self) -> Sequence[Listed]:
        """The articles."""
        return self.listed

    def body(self, entries: Sequence[Listed]) -> bytes | None:
        """The document; None if none of them can be listed."""
        spoken = self.press.site.language is not None
        unsaid = [one.row for one in entries if not (one.title and (one.language or spoken))]
        articles = self.press.store.articles(unsaid) if unsaid else {}
        return self.press.pages.sitemap_news(entries, articles)


@dataclass(kw_only=True)
class Map:
    """The sitemap as a whole.

    `known` are its parts as they were: those that are `touched` before anything is asked of it, all
    of them before `files` and `parts` are.
    """

    press: Press
    audience: Audience
    heads: Sequence[Place]
    now: datetime
    known: Mapping[int, ArchivePage]
    touched: Sequence[int]

    def files(self, *, other: bool) -> Iterator[File]:
        """Its files; `other`: the addresses that belong to no article differ."""
        fresh = {part.number for part in self.fresh}
        render = self.press.pages.sitemap
        total = len(self.heads) + sum(map(_count, self.parts.values()))
        if total <= MOST:
            yield File(path=WHOLE, entries=self._all, body=render, touched=bool(fresh) or other)
            return
        index: list[Place] = []
        for start in range(0, len(self.heads), MOST):
            some = self.heads[start : start + MOST]
            path = f"sitemap-feeds-{start // MOST + 1}.xml"
            index.append((self._url(path), max(changed for _, changed in some)))
            yield File(path=path, entries=_these(some), body=render, touched=other)
        for number, part in sorted(self.parts.items()):
            path = f"sitemap-{number}.xml"
            index.append((self._url(path), part.updated))
            yield File(
                path=path,
                entries=self._part(number),
                body=render,
                touched=number in fresh,
            )
        yield File(
            path=WHOLE,
            entries=_these(index),
            body=self.press.pages.sitemap_index,
            touched=bool(fresh) or other,
        )

    @cached_property
    def fresh(self) -> list[ArchivePage]:
        """The parts that are not what they were; one that lists nothing is empty by now."""
        found = [self._summed_up(number) for number in self.touched]
        return [one for one in found if one != self.known.get(one.number, _nothing(one.number))]

    @property
    def only_dates(self) -> bool:
        """Whether the parts list what they did, and only the dates may differ."""
        return all(
            one.content[:_WHICH]
            == self.known.get(one.number, _nothing(one.number)).content[:_WHICH]
            for one in self.fresh
        )

    @cached_property
    def parts(self) -> dict[int, ArchivePage]:
        """The parts that list anything."""
        parts = {**self.known, **{part.number: part for part in self.fresh}}
        return {number: part for number, part in parts.items() if part.content}

    def _summed_up(self, number: int) -> ArchivePage:
        places = self._places(number)
        before = self.known.get(number, _nothing(number))
        # How many there are, too: whether all fit into one file is to be known without reading all.
        which = len(places).to_bytes(_COUNT) + digest_of([url for url, _ in places])
        content = which + digest_of(places) if places else b""
        if content == before.content:
            return before
        newest = _moment(max(changed for _, changed in places)) if places else before.updated
        if newest <= before.updated:  # one has gone: that changes a part, too
            newest = max(before.updated + timedelta(seconds=1), self.now)
        return ArchivePage(number=number, updated=newest, content=content)

    def _all(self) -> list[Place]:
        found = list(self.heads)
        for number in sorted(self.parts):
            found.extend(_dated(self._places(number)))
        return found

    def _part(self, number: int) -> Callable[[], Sequence[Place]]:
        return lambda: _dated(self._places(number))

    def _places(self, number: int) -> list[tuple[str, int]]:
        if number not in self._read:
            self._read[number] = self.press.store.addresses(number, self.audience, self.now)
        return self._read[number]

    @cached_property
    def _read(self) -> dict[int, list[tuple[str, int]]]:
        return {}

    def _url(self, path: str) -> str:
        return f"{self.press.site.base_url}/{path}"


def _dated(places: Sequence[tuple[str, int]]) -> list[Place]:
    return [(url, _moment(changed)) for url, changed in places]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _these(places: Sequence[Place]) -> Callable[[], Sequence[Place]]:
    return lambda: places


def _nothing(number: int) -> ArchivePage:
    return ArchivePage(number=number, updated=datetime.fromtimestamp(0, UTC), content=b"")


def _count(part: ArchivePage) -> int:
    return int.from_bytes(part.content[:_COUNT])
