"""Paths without the keys in them: what may be written of an address that opens a door.

Whoever knows the key in the address of a private feed may read it, and whoever knows that of a
callback may speak for a hub. What else looks like a key is `text/keys.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from feedsvc.text.keys import shortened, without_keys

# Where a key stands whatever the index says: what follows is one, up to the next slash.
_DOORS = re.compile(r"(?<=/)(_ops|_websub[/\\]+callback)[/\\]+", re.IGNORECASE)


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


def _masked_first(rest: str) -> str:
    """What follows a folder in which the next name is a key, or the name of a file."""
    key, slash, tail = rest.partition("/")
    if not slash and "." in key:
        return without_keys(rest)  # the page of the feed itself: no key has a dot
    return f"{shortened(key) if key else ''}{slash}{without_keys(tail)}"
