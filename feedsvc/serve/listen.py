"""The listening socket: bound before anything else, so that what is in its way is said plainly."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from feedsvc.errors import ConfigError
from feedsvc.portholder import holder

BACKLOG = 1024
_WAITING = 256 * 1024  # bytes of an answer that wait in the kernel to be sent: a feed, mostly whole
_STALLED = 20_000  # milliseconds a client may take nothing of what is sent to it


def listen(host: str, port: int, *, stalled: int = _STALLED) -> socket.socket:
    """A socket that listens on this address, or ConfigError with the reason; port 0: any free one.

    An address that someone else listens on is refused, never shared (no SO_REUSEPORT): two servers
    would answer by turns.
    """
    numeric = None
    try:
        if not 0 <= port <= 65535:  # getaddrinfo would take the rest of a division
            raise OverflowError(port)
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        numeric = str(address[0])
        return _bound(family, address, stalled)
    except (OSError, UnicodeError, OverflowError) as error:
        reason, hint = _explain(error, numeric, port)
        raise ConfigError(f"cannot listen on {_join(host, port)}: {reason}", hint=hint) from error


def _bound(family: int, address: tuple[object, ...], stalled: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and address[0] == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # "everywhere"
        # Inherited by every connection: one that no longer reads is cut off by the kernel.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stalled)
        # As well: the kernel takes no megabytes from us for a reader who is not there for them yet.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _WAITING)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """The base address under which a person on this machine reaches the server."""
    host, port = listener.getsockname()[:2]
    return f"http://{_join({'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host), port)}"  # noqa: S104


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_ELSEWHERE = "choose another address with `listen` under [server]"


def _explain(error: Exception, address: str | None, port: int) -> tuple[str, str]:
    """Why an address cannot be had, and what to do."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "no such host name", "use an IP address of this machine, such as 127.0.0.1"
    if isinstance(error, OverflowError):
        return "no such port", "ports are 0 to 65535"
    match error.errno if isinstance(error, OSError) else None:
        case errno.EADDRINUSE:
            found = None if address is None else holder(address, port)
            by, it = ("", "whoever uses it") if found is None else (f" by {found}", "that one")
            return f"the address is already in use{by}", f"stop {it}, or {_ELSEWHERE}"
        case errno.EACCES | errno.EPERM if port < (first := _first_free_to_all()):
            return (
                f"ports below {first} are reserved for the administrator",
                f"{_ELSEWHERE}, such as port {max(first, 8080)}, with a web server in front of it",
            )
        case errno.EACCES | errno.EPERM:
            return "permission denied", _ELSEWHERE
        case errno.EADDRNOTAVAIL:
            return (
                "this machine has no such address",
                "use 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses, or one of "
                "those that `ip address` shows",
            )
        case errno.EAFNOSUPPORT:
            return "this machine has no IPv6", "use an IPv4 address, such as 127.0.0.1"
        case None:
            return str(error), _ELSEWHERE
        case code:
            return os.strerror(code), _ELSEWHERE


def _first_free_to_all() -> int:
    """The lowest port that needs no rights; Linux lets it be set."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024
