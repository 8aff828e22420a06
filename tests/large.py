"""How large the largest attacks of our tests are, and what may come of that.

FEEDSVC_LARGE=15 makes them as many MiB as the client lets through; what grows with the square of
the size, or is kept many times over, shows in fewer as well.
"""

from __future__ import annotations

import os

MIB = 1024 * 1024
_FULL = 15.0  # MiB
_SHARE = min(float(os.environ.get("FEEDSVC_LARGE", "4")) / _FULL, 1.0)
_FREE = 220 * MIB  # of memory: for a process, its libraries, and what does not grow


def some(most: int) -> int:
    """So many of what are `most` in the largest."""
    return int(most * _SHARE)


def seconds(most: float) -> float:
    """What it may take, if the largest may take `most`."""
    return most * _SHARE


def memory(most: int) -> int:
    """The bytes that it may need, if the largest may need `most`."""
    return int(_FREE + (most - _FREE) * _SHARE)
