"""What is answered beside the files, as one version of the serving index says it: for `app.py`.

Only a path at which no file lies is asked for a redirect, so what is published always wins.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

from feedsvc.serve import headers, pages
from feedsvc.serve.headers import SHORTEST, Fields
from feedsvc.serve.pages import Page
from feedsvc.serve.paths import INDEX, parts

_MADE = 1_000  # fields of answers that are kept, for the documents asked for most


class Lead(NamedTuple):
    """Where a path leads; nowhere if what was there is gone."""

    target: str | None
    permanent: bool = True


class Pace(NamedTuple):
    """How the documents in a folder change."""

    age: int = SHORTEST  # seconds that they may be kept for
    change: float = math.inf  # when time alone changes them
    limit: int | None = None  # entries of a full one, from which a new one pushes an old one out


NEVER_FULL = sys.maxsize
"""The limit of documents that are told of, and not said to be full."""

_UNKNOWN = Pace()


class _Made(NamedTuple):
    """The fields of an answer as they were made last."""

    of: Fields
    said: Fields
    until: float  # a moment from which they are to be made anew


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What one version of the index says.

    Paths begin with a slash; one that also ends with it speaks for everything below.
    """

    links: Mapping[str, str] = field(default_factory=dict)  # the value of the Link field
    private: frozenset[str] = frozenset()  # folders
    leads: Mapping[str, Lead] = field(default_factory=dict)
    feeds: Mapping[str, Pace] = field(default_factory=dict)  # by folder
    _made: dict[tuple[str, int], _Made] = field(default_factory=dict, repr=False)

    @cached_property
    def of_files(self) -> bool:
        """Whether something is said of files at all."""
        return bool(self.links or self.private or self.feeds)

    def pace(self, path: str) -> Pace:
        """How the document at a path changes."""
        folder = _covering(self.feeds, path)
        return _UNKNOWN if folder is None else self.feeds[folder]

    def fields(self, path: str, fields: Fields, now: float) -> Fields:
        """The fields of a file's answer at `now`, with what the index says of its path."""
        known = self._made.get((path, id(fields)))
        if known is not None and known.of is fields and now < known.until:
            return known.said
        link = self.links.get(path)
        said = fields if link is None else headers.with_link(fields, link)
        age, until = _age(self.pace(path), now)
        if age != SHORTEST:
            said = headers.with_age(said, age)
        if self.private and _covering(self.private, path) is not None:
            said = headers.of_private(said)
        if len(self._made) >= _MADE:
            self._made.clear()
        self._made[path, id(fields)] = _Made(fields, said, until)
        return said

    def folder(self, path: str, query: str) -> Page:
        """The answer for a folder that was asked for without the slash at its end."""
        page = pages.moved(_with_query(f"{quote(path)}/", query))
        if self.private and _covering(self.private, path) is not None:
            page = page._replace(fields=headers.of_private(page.fields))
        return page

    def answer(self, path: str, query: str) -> Page | None:
        """The answer for a path at which no file lies; None if nothing is known of it."""
        if not self.leads or parts(path) is None:
            return None
        known = _covering(self.leads, path)
        if path.endswith("/") and path != known and f"{path}{INDEX}" in self.leads:
            known = f"{path}{INDEX}"
        if known is None:
            return None
        target, permanent = self.leads[known]
        if target is None:
            return pages.GONE
        if known.endswith("/") and target.endswith("/"):
            target += quote(path[len(known) :])
        page = pages.moved(_with_query(target, query), permanent=permanent)
        # The target may lie below the path of the site's base address, which is not ours to know.
        if any(folder in f"{path} {target}" for folder in self.private):
            page = page._replace(fields=headers.of_private(page.fields))
        return page


def _age(pace: Pace, now: float) -> tuple[int, float]:
    """For how long a document may be kept, and up to when that may be said.

    Nobody is to keep it far beyond a change that is known to come: an embargo that ends, an article
    that expires. Once that has passed, the next build says when the one after it comes.
    """
    until = pace.change - pace.age
    return (pace.age, until) if now < until else (SHORTEST, math.inf)


def _covering(known: Container[str], path: str) -> str | None:
    """The precise path, or else the longest folder that `path` is or lies in."""
    if path in known:
        return path
    if f"{path}/" in known:
        return f"{path}/"
    end = path.rfind("/", 0, -1)
    while end > 0:
        if path[: end + 1] in known:
            return path[: end + 1]
        end = path.rfind("/", 0, end)
    return None


def _with_query(target: str, query: str) -> str:
    if not query:
        return target
    address, mark, fragment = target.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{query}{mark}{fragment}"
