"""The serving index in memory: what is answered beside the files, for `app.py`.

    .feedsvc/serving.json --Watch--> Rules --> Link and X-Robots-Tag of a file; 301, 307, 410

Only a path at which no file lies is asked for a redirect, so what is published always wins. Like a
file, the index is looked at every 0.1 s at most, and one that is damaged changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard
from urllib.parse import quote

from feedsvc.serve import headers, pages
from feedsvc.serve.files import FRESH, Mark, mark
from feedsvc.serve.headers import Fields
from feedsvc.serve.pages import Page
from feedsvc.serve.paths import INDEX, parts

PLACE = Path(".feedsvc") / "serving.json"
_MADE = 1_000  # fields of answers that are kept, for the documents asked for most
_LARGEST = 64 * 1024 * 1024  # bytes: hundreds of thousands of redirects


class Lead(NamedTuple):
    """Where a path leads; nowhere if what was there is gone."""

    target: str | None
    permanent: bool = True


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What one version of the index says.

    Paths begin with a slash; one that also ends with it speaks for everything below.
    """

    links: Mapping[str, str] = field(default_factory=dict)  # the value of the Link field
    private: frozenset[str] = frozenset()  # folders
    leads: Mapping[str, Lead] = field(default_factory=dict)
    _made: dict[tuple[str, int], tuple[Fields, Fields]] = field(default_factory=dict, repr=False)

    @cached_property
    def of_files(self) -> bool:
        """Whether something is said of files at all."""
        return bool(self.links or self.private)

    def fields(self, path: str, fields: Fields) -> Fields:
        """The fields of a file's answer, with what the index says of its path."""
        known = self._made.get((path, id(fields)))
        if known is not None and known[0] is fields:
            return known[1]
        link = self.links.get(path)
        said = fields if link is None else headers.with_link(fields, link)
        if self.private and _covering(self.private, path) is not None:
            said = headers.of_private(said)
        if said is not fields:
            if len(self._made) >= _MADE:
                self._made.clear()
            self._made[path, id(fields)] = fields, said
        return said

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


class Watch:
    """The index of an output directory, for one event loop."""

    current: Rules | None = None
    """What was read and may have changed a moment ago at most; None: it is time to look again."""

    def __init__(self, directory: Path) -> None:
        self._place = str(directory.absolute() / PLACE)
        self._rules = Rules()
        self._mark: Mark | None = None
        self._reading: asyncio.Task[Rules] | None = None

    async def look(self) -> Rules:
        """What the index says, read anew if it has changed: once for all who ask."""
        if self._reading is None:
            seen = mark(self._place)
            if seen is None or seen == self._mark:
                return self._good()
            self._reading = asyncio.create_task(self._read(seen))
            self._reading.add_done_callback(self._done)
        return await asyncio.shield(self._reading)

    def _done(self, _: object) -> None:
        self._reading = None

    async def _read(self, seen: Mark) -> Rules:
        # Marked before it is read: what changes meanwhile is seen at the next look.
        try:
            self._rules = await asyncio.to_thread(_load, self._place)
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            print(f"the serving index is ignored: {reason}", file=sys.stderr, flush=True)
        self._mark = seen
        return self._good()

    def _good(self) -> Rules:
        """What was read last, which is good for a moment: a timer is cheaper than a clock for each
        of thousands of requests.
        """
        if self.current is None:
            asyncio.get_running_loop().call_later(FRESH, self._expire)
        self.current = self._rules
        return self._rules

    def _expire(self) -> None:
        self.current = None


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


# -- the file: in a thread -------------------------------------------------------------------------


def _load(place: str) -> Rules:
    """The rules of a file; raises OSError or ValueError."""
    with open(place, "rb") as file:  # noqa: PTH123 - a path as the marks take it
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("it is too large")
    told: Any = json.loads(data)
    if not isinstance(told, dict) or told.get("version") != 1:
        raise ValueError("it is of another version")
    leads: dict[str, Lead] = {}
    for name, permanent in (("elsewhere", False), ("moved", True)):
        for path, target in _table(told, name).items():
            leads[_path(path)] = Lead(_location(target), permanent)
    leads |= {_path(path): Lead(None) for path in _list(told, "gone")}
    return Rules(
        links={_path(path): _link(values) for path, values in _table(told, "links").items()},
        private=frozenset(_path(path) for path in _list(told, "noindex")),
        leads=leads,
    )


def _table(told: dict[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no table")  # noqa: TRY004 - all that is wrong with the file
    return found


def _list(told: dict[str, Any], name: str) -> list[Any]:
    found = told.get(name, [])
    if not isinstance(found, list):
        raise ValueError(f"{name} is no list")  # noqa: TRY004
    return found


def _path(path: object) -> str:
    if not isinstance(path, str) or not path or path.startswith("/"):
        raise ValueError(f"no path: {path!r}")
    return f"/{path}"


def _location(target: object) -> str:
    """What may stand in a Location field: never `//host`, which leads away from here."""
    allowed = ("http://", "https://", "/")
    if not _is_field(target) or not target.startswith(allowed) or target.startswith("//"):
        raise ValueError(f"no target: {target!r}")
    return target


def _link(values: object) -> str:
    if not isinstance(values, list) or not values or not all(map(_is_field, values)):
        raise ValueError(f"no links: {values!r}")
    return ", ".join(values)


def _is_field(value: object) -> TypeGuard[str]:
    """Whether this can stand in a header field (RFC 9110 §5.5), as visible ASCII."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != ""
