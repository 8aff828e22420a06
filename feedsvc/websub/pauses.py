"""How long to wait: until somebody who did not hear is told again, and until a lease is renewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

LONGEST = timedelta(hours=6)  # between two tries
GIVEN_UP = timedelta(days=3)
"""After so long without an answer a hub or a subscriber is left until the next news."""

_JITTER = 0.1  # of a pause, forward only: whoever comes back should not meet all of us at once


def pause(tries: int, *, seed: str, longest: timedelta = LONGEST) -> timedelta:
    """The pause after so many tries in vain: 1 s, 3 s, 9 s … 6 h."""
    seconds = 3.0 ** min(max(tries, 1) - 1, 20)
    wait = timedelta(seconds=min(seconds, longest.total_seconds()))
    return wait * (1 + _JITTER * chance(seed)) if tries > 1 else wait


def renewal(now: datetime, until: datetime, *, seed: str) -> datetime:
    """When a lease is renewed: at 80 to 90 % of it, so that two tries in vain do not end it."""
    return now + (until - now) * (0.8 + 0.1 * chance(seed))


def chance(seed: str) -> float:
    """From 0 to 1, and always the same for a seed."""
    data = seed.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=4).digest()) / 2**32
