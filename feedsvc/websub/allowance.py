"""How much one client may ask of our hub: some requests at once, and then one each second.

Each request makes us ask somebody a question. The queue of those questions has its bounds; this
keeps one address from filling it over and over, so that others find no room.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

AT_ONCE = 500
_EVERY = 1.0  # seconds until one more is allowed
_MOST_CLIENTS = 10_000  # that are remembered


class Allowance:
    """Counts by a clock that nobody sets; what it knows may be lost with the process."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._used_until: dict[str, float] = {}  # when a client may ask `AT_ONCE` again

    def grants(self, client: str | None) -> bool:
        """Whether a client may ask now; all whose address nobody knows are one.

        Behind a proxy one can have itself taken for such: it sends a field that contradicts the
        proxy's (`serve/clients.py`).
        """
        now, who = self._elapsed(), _household(client)
        used_until = max(self._used_until.get(who, now), now) + _EVERY
        if used_until - now > AT_ONCE * _EVERY:
            return False
        if len(self._used_until) >= _MOST_CLIENTS:
            self._used_until = {one: end for one, end in self._used_until.items() if end > now}
        if len(self._used_until) < _MOST_CLIENTS or who in self._used_until:
            self._used_until[who] = used_until
        return True


def _household(client: str | None) -> str:
    """Whom an address stands for: of IPv6, one customer has a whole /64."""
    if client is None:
        return "unknown"
    address = ip_address(client)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return client
