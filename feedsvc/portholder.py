"""Who has a port, for `serve/listen.py` and `doctor`: on Linux, as far as this user may see."""

from __future__ import annotations

import os
import pwd
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TABLES = (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6))
_LISTENING = "0A"  # the state as the kernel's tables write it
_SERVING = ("run", "serve", "demo")  # the commands of ours that listen
_CHILD = "feedsvc.serve.child"


class Holder(NamedTuple):
    """Who has a port: a process, or at least its user."""

    name: str
    pid: int | None = None

    def __str__(self) -> str:
        return self.name if self.pid is None else f"{self.name}, pid {self.pid}"


class _Socket(NamedTuple):
    """A row of the kernel's table: one end of a connection, or a socket that listens."""

    address: str
    port: int
    state: str
    user: int
    inode: str


def holder(address: str, port: int) -> Holder | None:
    """Who is in the way of listening on `address` (numeric), None when that cannot be seen."""
    found = [one for one in _sockets() if one.port == port and _meet(one.address, address)]
    return _named([one for one in found if one.state == _LISTENING] or found)


def listener(port: int) -> Holder | None:
    """Who listens on a port, at any address; None when nobody does, or that cannot be seen."""
    return _named([one for one in _sockets() if one.port == port and one.state == _LISTENING])


def _named(found: Sequence[_Socket]) -> Holder | None:
    if not found:
        return None
    named = sorted(map(_process, _owners({one.inode for one in found})), key=_rank)
    return named[0] if named else Holder(f"a process of {_user(found[0].user)}")


def _sockets() -> Iterator[_Socket]:
    for table, family in _TABLES:
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:  # no IPv6, or no Linux
            continue
        for columns in map(str.split, rows):
            words, _, port = columns[1].partition(":")
            if columns[9] != "0":  # one that nobody has any more only waits for late packets
                address = _address(family, words)
                yield _Socket(address, int(port, 16), columns[3], int(columns[7]), columns[9])


def _address(family: socket.AddressFamily, words: str) -> str:
    """An address, from the 32-bit words that the tables write it as."""
    packed = b"".join(
        int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8)
    )
    return socket.inet_ntop(family, packed).removeprefix("::ffff:")


_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on


def _meet(one: str, other: str) -> bool:
    return one == other or not _EVERYWHERE.isdisjoint((one, other))


def _owners(inodes: set[str]) -> Iterator[Path]:
    """The folders of the processes that have one of these sockets open."""
    names = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has just ended
            if any(_target(link) in names for link in (process / "fd").iterdir()):
                yield process


def _target(link: Path) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - no path: "socket:[4711]"
    except OSError:
        return ""


def _process(folder: Path) -> Holder:
    """A process by the name that a person knows it by."""
    name, arguments = "a process", []
    with suppress(OSError):
        name = (folder / "comm").read_text(errors="replace").strip()
        arguments = (folder / "cmdline").read_text(errors="replace").split("\0")
    ours = [at for at, word in enumerate(arguments[:4]) if Path(word).name == "feedsvc"]
    if ours:
        command = next((word for word in arguments[ours[0] + 1 :] if word in _SERVING), "")
        name = f"feedsvc {command}".rstrip()
    elif _CHILD in arguments:
        name = "the server of feedsvc"
    return Holder(name if name.isprintable() else ascii(name), int(folder.name))


def _rank(holder: Holder) -> tuple[bool, int]:
    """The order to be named in: whoever started the others, and ends them, comes first."""
    return holder.name == "the server of feedsvc", holder.pid or 0


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
