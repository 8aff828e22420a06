"""Paths without the keys in them: what may be written of an address that opens a door.

Whoever knows the key in the address of a private feed may read it, and whoever knows that of a
callback may speak for a hub. A key is shortened to its first characters, by which its owner still
knows which one it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_SHOWN = 4  # characters of a key; 24 bytes of chance have 32
_LEAST = 16  # characters of a key, at least; of anything shorter nothing is shown

# Where a key stands whatever the index says: what follows is one, up to the next slash.
_DOORS = re.compile(r"(?<=/)(_ops|_websub[/\\]+callback)[/\\]+", re.IGNORECASE)
# What was drawn by lot, also where none is expected: a key that was taken back, or copied badly.
_DRAWN = re.compile(r"[A-Za-z0-9_-]{24,}")
_CAPITAL_INSIDE = re.compile(r"[A-Za-z0-9][A-Z]")
_NAMES = 5  # capitals that a long name may have, such as NorthernHarbourNews


def masked(path: str, private: Collection[str] = ()) -> str:
    """A path of a request without any key; `private` are the folders of private feeds."""
    door = _DOORS.search(path)
    if door is not None:
        return path[: door.end()] + _masked_first(path[door.end() :])
    for folder in private:
        at = path.find(folder)
        if at >= 0:
            end = at + len(folder)
            return path[:end] + _masked_first(path[end:])
    return without_keys(path)


def without_keys(text: str) -> str:
    """A text without what looks like a key."""
    return _DRAWN.sub(_drawn, text) if len(text) >= _LEAST else text


def _masked_first(rest: str) -> str:
    """What follows a folder in which the next name is a key, or the name of a file."""
    key, slash, tail = rest.partition("/")
    if not slash and "." in key:
        return without_keys(rest)  # the page of the feed itself: no key has a dot
    return f"{_shortened(key) if key else ''}{slash}{without_keys(tail)}"


def _drawn(run: re.Match[str]) -> str:
    word = run[0]
    capitals = sum(map(str.isupper, word))
    mixed = any(map(str.isdigit, word)) or capitals > _NAMES
    return _shortened(word) if mixed and _CAPITAL_INSIDE.search(word) else word


def _shortened(key: str) -> str:
    return f"{key[:_SHOWN] if len(key) >= _LEAST else ''}..."
