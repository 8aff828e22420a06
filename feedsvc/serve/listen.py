"""The listening socket: bound before anything else, so that what is in its way is said plainly."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

from feedsvc.errors import ConfigError

BACKLOG = 1024
_STALLED = 20_000  # milliseconds a client may take nothing of what is sent to it


def listen(host: str, port: int, *, stalled: int = _STALLED) -> socket.socket:
    """A socket that listens on this address, or ConfigError with the reason; port 0: any free one.

    An address that someone else listens on is refused, never shared (no SO_REUSEPORT): two servers
    would answer by turns.
    """
    try:
        if not 0 <= port <= 65535:  # getaddrinfo would take the rest of a division
            raise OverflowError(port)
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return _bound(family, address, stalled)
    except (OSError, UnicodeError, OverflowError) as error:
        reason, hint = _explain(error, port)
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


def _explain(error: Exception, port: int) -> tuple[str, str]:
    """Why an address cannot be had, and what to do."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "no such host name", "use an IP address of this machine, such as 127.0.0.1"
    if isinstance(error, OverflowError):
        return "no such port", "ports are 0 to 65535"
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        holder = _holder(port)
        by = f" by {holder}" if holder else ""
        return f"the address is already in use{by}", f"stop it, or {_ELSEWHERE}"
    if code in (errno.EACCES, errno.EPERM):
        why = " (ports below 1024 are reserved for the administrator)" if port < 1024 else ""
        return f"permission denied{why}", _ELSEWHERE
    if code == errno.EADDRNOTAVAIL:
        return "this machine has no such address", _ELSEWHERE
    return os.strerror(code) if code else str(error), _ELSEWHERE


_LISTENING = "0A"  # the state as the kernel's tables write it


def _holder(port: int) -> str | None:
    """The process that listens on a port, as far as this user may see: Linux, best effort."""
    inodes = {
        f"socket:[{columns[9]}]"
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for columns in _rows(Path(table))
        if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port
    }
    if not inodes:
        return None
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(descriptor.readlink()) in inodes:
                process = descriptor.parents[1]
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
