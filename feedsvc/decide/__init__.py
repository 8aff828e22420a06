"""What happened to this article: pure rules of identity, change and dates.

    candidates + claim -> match -> first_seen() | revise()       files       identity.py, change.py
    drafts + known     -> weigh -> first_seen() | revise()       feeds       entries.py, change.py

What a thing said and what a reader sees of it are told by digests (digests.py).
"""

from feedsvc.decide.canon import canon_of
from feedsvc.decide.change import Policy, first_seen, revise
from feedsvc.decide.digests import DIGEST_SIZE, digest, digest_of, said, seen
from feedsvc.decide.identity import (
    Authority,
    Candidates,
    Claim,
    Match,
    believable_loss,
    free_key,
    path_key,
    stable_key,
    value_of,
)

__all__ = [
    "DIGEST_SIZE", "Authority", "Candidates", "Claim", "Match", "Policy", "believable_loss",
    "canon_of", "digest", "digest_of", "first_seen", "free_key", "path_key", "revise", "said",
    "seen", "stable_key", "value_of",
]  # fmt: skip
