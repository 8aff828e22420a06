"""What a matching tells of its source: whether its ids can be relied on.

Matching --is_flood, next_identity--> held back, or told apart by something else from now on
"""

from __future__ import annotations

from collections.abc import Iterable

from feedsvc.decide.digests import digest
from feedsvc.decide.entries import Identity
from feedsvc.decide.matching import Matching

CHURN = 3  # from this many changed ids on, if they are at least half of all, ids are unstable
FLOOD = 5  # from this many old articles under new ids on, if they are half of the unknown

_MARK = 5  # bytes; no multiple of them is as long as the word that stands in their place elsewhere
_MOST_MARKS = 2_000


def is_flood(found: Matching) -> bool:
    """Whether old articles come back under new ids: too many to be a few that moved.

    Words that recur in a source (`no news today`) count once, however many entries say them.
    """
    old = len(found.risen) + len({one.words for one in found.echoes.values()})
    unknown = len(found.risen) + len(found.fresh)
    return old >= FLOOD and old * 2 >= unknown


def next_identity(
    identity: Identity, found: Matching, *, items: int, flood_again: bool
) -> Identity:
    """What tells the entries of the source apart from now on, by what was measured.

    What looks unstable once may be a move, and is only noted. `flood_again` tells that the risen
    entries bore other ids at the last visit: that is no move.
    """
    if flood_again or identity == "content":
        return "content"
    if found.risen and len(found.risen) * 2 >= items and not is_flood(found):
        return "content" if identity in ("content?", "link") else "content?"
    if identity == "link":
        return identity
    if found.churned >= CHURN and found.churned * 2 >= items:
        return "link" if identity == "id?" else "id?"
    if found.named * 2 >= items and not found.churned:
        return "id"  # it was a move, and that is over
    return identity


def marks_of(ids: Iterable[str]) -> bytes:
    """What is kept of ids, to know them when they are seen again."""
    kept = sorted({digest(one.encode("utf-8", "surrogatepass"))[:_MARK] for one in ids})
    return b"".join(kept[:_MOST_MARKS])


def are_others(marks: bytes, before: bytes) -> bool:
    """Whether most of the ids are not those of before."""
    now, known = _parts(marks), _parts(before)
    return len(now & known) * 2 < len(now)


def _parts(marks: bytes) -> set[bytes]:
    return {marks[start : start + _MARK] for start in range(0, len(marks), _MARK)}
