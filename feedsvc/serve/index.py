"""The serving index in memory: what the builder left there for `app.py`.

    .feedsvc/serving.json --Watch--> Rules --> Link, X-Robots-Tag, max-age of a file; 301, 307, 410

Like a file, the index is looked at every 0.1 s at most, and one that is damaged changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any, TypeGuard

from feedsvc.serve.files import FRESH
from feedsvc.serve.headers import SHORTEST
from feedsvc.serve.reading import Mark, mark
from feedsvc.serve.rules import NEVER_FULL, Lead, Pace, Rules

PLACE = Path(".feedsvc") / "serving.json"
_LARGEST = 64 * 1024 * 1024  # bytes: hundreds of thousands of redirects


class Watch:
    """The index of an output directory, for one event loop."""

    current: Rules | None = None
    """What was read and may have changed a moment ago at most; None: it is time to look again."""

    def __init__(self, directory: Path) -> None:
        self._place = str(directory.absolute() / PLACE)
        self._rules = Rules()
        self._mark: Mark | None = None
        self._reading: asyncio.Task[Rules] | None = None

    @property
    def latest(self) -> Rules:
        """What was read last, however long ago."""
        return self._rules

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
        feeds={_path(path): _pace(told) for path, told in _table(told, "feeds").items()},
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


def _pace(told: object) -> Pace:
    if not isinstance(told, dict):
        raise ValueError(f"no pace: {told!r}")  # noqa: TRY004
    age, change, limit = (told.get(name) for name in ("age", "change", "limit"))
    for number in (age, change, limit):
        if number is not None and (type(number) is not int or number < 0):
            raise ValueError(f"no pace: {told!r}")
    return Pace(
        age=SHORTEST if age is None else age,
        change=math.inf if change is None else change,
        limit=NEVER_FULL if limit is None else limit,
    )


def _is_field(value: object) -> TypeGuard[str]:
    """Whether this can stand in a header field (RFC 9110 §5.5), as visible ASCII."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != ""
