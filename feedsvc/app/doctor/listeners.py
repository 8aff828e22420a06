"""Who listens on a port, as far as this user may see (Linux)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from feedsvc.app.doctor.holders import Holder

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENING = "0A"  # the state as the kernel's tables write it


def listener_of(port: int) -> Holder | None:
    """The process that listens on a port; None if nobody does."""
    sockets = {
        f"socket:[{columns[9]}]"
        for table in _TABLES
        for columns in _rows(Path(table))
        if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port
    }
    if not sockets:
        return None
    held = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or gone
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()) in sockets:
                        held.add(int(process.name))
    # A server is a child that shares the socket of its supervisor: that is the one to end.
    return Holder(min(held) if held else None)


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
