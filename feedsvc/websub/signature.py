"""Signed contents (WebSub §8): who distributes them knows the secret of the subscription."""

from __future__ import annotations

import hmac

HEADER = "X-Hub-Signature"
ALSO = "X-Hub-Signature-256"  # what some hubs sign with beside it, or instead

_MOST = 8  # signatures of one body that are looked at
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})  # §8.1, all that it registers


def signed(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature` for these bytes."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def fits(secret: str, body: bytes, value: str | None) -> bool:
    """Whether one of these signatures, with commas between them, is of these bytes and this secret.

    Whoever can make one knows the secret, whatever else stands there.
    """
    return any(_fits(secret, body, one) for one in (value or "").split(",")[:_MOST])


def _fits(secret: str, body: bytes, value: str) -> bool:
    method, _, stated = value.strip().partition("=")
    method = method.strip().lower()
    if method not in _METHODS:
        return False
    try:
        told = bytes.fromhex(stated.strip())
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(secret.encode(), body, method), told)
