"""The access log: a line for each answer, in the combined log format that every log reader knows.

    - - - [05/Mar/2025:06:00:01 +0000] "GET /all/atom.xml HTTP/1.1" 304 0 "-" "newsboat/2.38"

The address stands in the first column only where that is asked for (`-` else; goaccess then wants
`--no-ip-validation`). Times are in UTC. What opens a door is never written: keys in paths are
shortened, of a query stands there only that there was one, of a Referer only the site.

Lines are written once a second, by a thread of their own, so that a slow or full disk keeps no
reader waiting. A file that was moved away (logrotate) is opened anew.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import quote

from feedsvc.serve.clients import Clients
from feedsvc.serve.masking import masked
from feedsvc.serve.rsgi import Scope

_MOST_WAITING = 50_000  # lines, some 10 MB: when the disk takes none, the oldest are lost
_LONGEST = 1_024  # characters of a path or of a User-Agent
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SITE = re.compile(r"(https?)://(?:[^/?#@]*@)?([A-Za-z0-9.:\[\]-]{1,255})(?=[/?#]|\Z)", re.I)
# What could end a field or a line, or move the cursor of whoever reads the file.
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")


class AccessLog:
    """Writes answers to `path`; `private` tells the folders whose next name is a key."""

    def __init__(
        self,
        path: Path,
        private: Callable[[], Collection[str]],
        *,
        clients: Clients | None = None,  # whose addresses are written; None: nobody's
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._private = private
        self._clients = clients
        self._now = now
        self._lines: deque[str] = deque(maxlen=_MOST_WAITING)
        self._second = (0, "")
        self._file: int | None = None
        self._writing = asyncio.Lock()
        self._trouble: str | None = None
        self._reopen = False

    def note(self, scope: Scope, status: int, sent: int) -> None:
        """Remember an answer; in the thread that gave it."""
        headers = scope.headers
        address = None if self._clients is None else self._clients.address(scope)
        path = quote(masked(scope.path, self._private())[:_LONGEST], safe="/:@!$&'()*+,;=~")
        self._lines.append(
            f"{address or '-'} - - [{self._time()}] "
            f'"{scope.method} {path}{"?..." if scope.query_string else ""} '
            f'HTTP/{scope.http_version}" {status} {sent} '
            f'"{_site(headers.get("referer"))}" "{_said(headers.get("user-agent"))}"\n'
        )

    def _time(self) -> str:
        second = int(self._now())
        if second != self._second[0]:
            self._second = second, _clf(second)
        return self._second[1]

    def reopen(self) -> None:
        """Open the file anew before the next line: it was moved away, or its disk is another."""
        self._reopen = True

    async def flush(self) -> None:
        """Write what waits; never raises for the disk. What it does not take waits on."""
        if not self._lines and not self._reopen:
            return
        async with self._writing:
            await asyncio.to_thread(self._write)

    # In a thread from here on.

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        data = "".join(lines).encode("ascii", "backslashreplace")
        try:
            file = self._opened()
            while data:
                data = data[os.write(file, data) :]
        except OSError as error:
            self._tell(f"the access log is not written: {error.strerror}")
            room = _MOST_WAITING - len(self._lines)  # for the rest, beside what came meanwhile
            left = data.decode().splitlines(keepends=True)
            self._lines.extendleft(reversed(left[max(len(left) - room, 0) :]))
        else:
            self._tell(None)

    def _opened(self) -> int:
        """The file as it lies at its path; raises OSError."""
        if self._file is not None and (self._reopen or not self._lies()):
            os.close(self._file)
            self._file = None
        self._reopen = False
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
            self._file = os.open(self._path, flags, 0o640)
        return self._file

    def _lies(self) -> bool:
        assert self._file is not None  # noqa: S101
        try:
            there, ours = os.stat(self._path), os.fstat(self._file)  # noqa: PTH116 - beside fstat
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _tell(self, trouble: str | None) -> None:
        if trouble != self._trouble and trouble is not None:
            print(trouble, file=sys.stderr, flush=True)
        self._trouble = trouble


def _clf(second: int) -> str:
    t = time.gmtime(second)
    month = _MONTHS[t.tm_mon - 1]  # in English, whatever the locale is
    return f"{t.tm_mday:02}/{month}/{t.tm_year}:{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000"


def _site(referer: str | None) -> str:
    """The site that a reader came from: what follows may be a key, in our addresses or others'."""
    found = _SITE.match(referer) if referer else None
    return f"{found[1].lower()}://{found[2].lower()}/" if found else "-"


def _said(agent: str | None) -> str:
    return _UNSAFE.sub(_escaped, agent[:_LONGEST]) if agent else "-"


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02X}" for byte in found[0].encode())
