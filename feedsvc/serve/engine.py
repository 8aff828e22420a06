"""Granian, set up for files behind one already listening socket; the only place that knows it."""

from __future__ import annotations

import socket
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.embed import Server


class _Engine(Server):
    """Granian's embedded server on a socket that was bound for it.

    On its own it binds late, with SO_REUSEPORT: a taken address would be shared instead of refused,
    and port 0 would stay unknown.
    """

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        descriptor = self.listener.fileno()
        holder = SocketHolder(descriptor, False, self.backlog)  # type: ignore[call-arg]
        vars(self).update(_ssp=None, _sfd=descriptor, _shd=holder)

    def stop(self) -> None:
        """Take no more connections; `serve` returns when the answers on their way are sent."""
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]


def engine(
    application: Any,
    listener: socket.socket,
    *,
    connections: int,
    backlog: int,
    header_bytes: int,
    header_timeout: int,
) -> _Engine:
    """An engine for `application`, to be served in the running loop: one process, one Rust thread.

    Only HTTP/1: whoever speaks HTTP/2 to readers stands in front of us.
    """
    server = _Engine(
        application,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=header_timeout, max_buffer_size=header_bytes
        ),
        websockets=False,
        log_enabled=False,
        backlog=backlog,
        backpressure=connections,
    )
    server.listener = listener
    return server
