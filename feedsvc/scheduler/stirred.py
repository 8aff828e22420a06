"""Folders to be looked into before their time, since something happened in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

SHARE = 0.1
"""How much of the time we look into one folder: a large one, in which somebody always writes, is
looked into less often than it is told of."""


class Stirred:
    """Who is to be looked into, and from when on, by a clock that nobody sets."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._at: dict[str, float] = {}
        self._rests: dict[str, float] = {}  # until when each is left alone

    def note(self, names: Iterable[str], *, after: float = 0.0) -> float:
        """Look into these, in so many seconds; returns those until the last of them may be."""
        now = self._elapsed()
        wait = 0.0
        for name in names:
            at = max(now + after, self._rests.get(name, now))
            self._at[name] = min(at, self._at.get(name, at))
            wait = max(wait, at - now)
        return wait

    def ready(self) -> list[str]:
        """Those that are to be looked into now."""
        now = self._elapsed()
        return sorted(name for name, at in self._at.items() if at <= now)

    def begin(self, name: str) -> float:
        """It is looked into from now on: what happens later is news again."""
        self._at.pop(name, None)
        return self._elapsed()

    def end(self, name: str, began: float) -> None:
        """It was looked into; the longer that took, the longer it is left alone."""
        now = self._elapsed()
        self._rests[name] = now + (now - began) * (1 / SHARE - 1)
