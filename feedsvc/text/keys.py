"""Texts without the keys in them: what may be written of an address that opens a door.

Whoever knows the key in the address of a private feed may read it. A key is shortened to its first
characters, by which its owner still knows which one it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHOWN = 4
"""Characters that are left of a key; 24 bytes of chance have 32."""

LEAST = 16
"""Characters of a key, at least; of anything shorter nothing is shown."""

# What was drawn by lot, also where none is expected: a key that was taken back, or copied badly.
_DRAWN = re.compile(r"[A-Za-z0-9_-]{24,}")
_CAPITAL_INSIDE = re.compile(r"[A-Za-z0-9][A-Z]")
_NAMES = 5  # capitals that a long name may have, such as NorthernHarbourNews


def shortened(key: str) -> str:
    """A key by its first characters."""
    return f"{key[:SHOWN] if len(key) >= LEAST else ''}..."


def without_keys(text: str) -> str:
    """A text without what looks like a key."""
    return _DRAWN.sub(_drawn, text) if len(text) >= LEAST else text


def keys_in(paths: Iterable[str]) -> frozenset[str]:
    """What looks like a key in paths of ours."""
    found = (run[0] for path in paths for run in _DRAWN.finditer(path))
    return frozenset(word for word in found if _is_drawn(word))


def _drawn(run: re.Match[str]) -> str:
    return shortened(run[0]) if _is_drawn(run[0]) else run[0]


def _is_drawn(word: str) -> bool:
    capitals = sum(map(str.isupper, word))
    mixed = any(map(str.isdigit, word)) or capitals > _NAMES
    return mixed and _CAPITAL_INSIDE.search(word) is not None
