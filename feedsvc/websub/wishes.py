"""What somebody asked our hub for, as it waits in the store to be verified (WebSub §5.3)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Literal

Mode = Literal["subscribe", "unsubscribe", "denied"]

LEASE = timedelta(days=10)
"""What is given to, and asked by, whoever has no wish of its own."""

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request that waits; `denied` is our own, to tell that there is nothing more to hear."""

    mode: Mode
    lease: int = 0  # seconds
    secret: str | None = field(default=None, repr=False)
    reason: str | None = None
    tries: int = 0

    def dump(self) -> str:
        """As the store keeps it."""
        told = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Wish:
        """What `dump` wrote."""
        return cls(**json.loads(text))


def lease(seconds: int | None) -> int:
    """The seconds that are given to who asks for so many; 0 was once the word for "for ever"."""
    if not seconds:
        return int(LEASE.total_seconds())
    return int(min(max(seconds, SHORTEST.total_seconds()), LONGEST.total_seconds()))
