"""What the daemon tells the service manager: sd_notify(3), for `daemon.py` and `cli/run.py`.

    notifier = Notifier.of_environment()
    ready -> alive … -> reloading -> ready -> stopping

Without systemd nobody listens, and every word is silently spent. Nothing here raises: who cannot
be told of us is no reason to end.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, MutableMapping

from feedsvc.aside import NOT_FOR_CHILDREN

_PATIENCE = 0.5  # seconds a full queue is waited for; the event loop stands still meanwhile
_LONGEST = 400  # characters of a status; systemd drops a message of more than 4 KiB


class Notifier:
    """Speaks to the service manager that started this process, or to nobody."""

    def __init__(
        self,
        address: str | None = None,
        *,
        watchdog: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`address` is a path, or `@` and a name in the abstract namespace."""
        self._address = _told(address)
        self._monotonic = monotonic
        self._owed: tuple[str, ...] = ()  # a state that could not be told yet
        self._alive_at: float | None = None
        self.watchdog = watchdog if self._address is not None else None
        """Seconds within which `alive` has to be called again, None if nobody watches."""

    @classmethod
    def of_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Notifier:
        """What the service manager asked for; its variables are taken out of `environ`.

        A child that inherited them would speak for this process.
        """
        asked = {name: environ.pop(name, "") for name in NOT_FOR_CHILDREN}
        watchdog = _seconds(asked["WATCHDOG_USEC"])
        # sd_watchdog_enabled(3): it may be meant for the process that started us.
        if asked["WATCHDOG_PID"] not in ("", str(os.getpid())):
            watchdog = None
        return cls(asked["NOTIFY_SOCKET"], watchdog=watchdog)

    def ready(self, status: str) -> None:
        """The start, or a reload, is over."""
        pid = os.getpid()
        # The first process of a container has this number inside it only.
        main = [f"MAINPID={pid}"] if pid != 1 else []
        self._tell_state("READY=1", *main, _status(status))

    def reloading(self) -> None:
        """The configuration is read anew; `ready` ends it."""
        # Since systemd 253 a reload without the moment of its beginning is not believed.
        self._tell_state("RELOADING=1", f"MONOTONIC_USEC={int(self._monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell_state("STOPPING=1", _status("ending"))

    def alive(self) -> None:
        """The work goes on: to be called with every tick, told as often as it has to be."""
        if self._owed:
            self._tell_state(*self._owed)
        if self.watchdog is None:
            return
        now = self._monotonic()
        late = self._alive_at is None or now - self._alive_at >= self.watchdog / 3
        if late and self._tell("WATCHDOG=1"):
            self._alive_at = now

    def _tell_state(self, *lines: str) -> None:
        """Tell what the service manager waits for: later, if it cannot be told now."""
        self._owed = () if self._tell(*lines) else lines

    def _tell(self, *lines: str) -> bool:
        """Whether it was told, or there is nobody to be told."""
        if self._address is None:
            return True
        message = "\n".join(lines).encode("utf-8", "replace")
        try:
            # Anew each time: the service manager may have been started again.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
                mouth.settimeout(_PATIENCE)
                mouth.sendto(message, self._address)
        except OSError:
            return False
        return True


def _told(address: str | None) -> str | None:
    """The address as `sendto` takes it; None for one that is of no kind we know."""
    if not address or "\0" in address or not hasattr(socket, "AF_UNIX"):
        return None
    if address.startswith("@") and len(address) > 1:  # unix(7): an abstract name
        return f"\0{address[1:]}"
    return address if address.startswith("/") else None  # `vsock:` speaks to another machine


def _seconds(microseconds: str) -> float | None:
    known = microseconds.isascii() and microseconds.isdecimal() and len(microseconds) <= 18
    return int(microseconds) / 1_000_000 if known and int(microseconds) else None


def _status(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"STATUS={line[:_LONGEST]}"
