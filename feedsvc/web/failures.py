"""How an exchange fails, beyond what FetchError alone tells a caller."""

from __future__ import annotations

from feedsvc.errors import FetchError


class UnreachableError(FetchError):
    """The host has no address, or none of them answers."""


class NoNetworkError(UnreachableError):
    """Nothing was reached that could have refused us: no name server, no route.

    When every source of a run ends with this one, there is no network at all.
    """


class RefusedError(FetchError):
    """We will not ask for this: trying again cannot help while the address and settings stay."""

    retryable = False


class StaleError(Exception):
    """A connection that was kept alive is closed; nothing came back, so ask on a new one."""


def placed(host: str, message: str) -> str:
    """A message that begins with the host it is about."""
    return message if message.startswith(host) else f"{host}: {message}"
