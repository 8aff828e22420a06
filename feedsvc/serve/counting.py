"""What is counted of every answer: plain ints, in the thread that answers, read by another one.

answer --note--> Ledger (one for each thread) --> /metrics, and the requests of each feed
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator

from feedsvc.model import Format
from feedsvc.serve.headers import Fields
from feedsvc.serve.rsgi import Connection

DELIVERED = frozenset({200, 206, 226, 304})
"""What is answered where a document lies, to those who may have it."""

_MOST_PATHS = 20_000  # documents counted each on its own; the others together

_KINDS = {
    **{format.filename: format.value for format in Format},
    **dict.fromkeys(("", "index.html"), "page"),
    "opml.xml": "opml",
    "sitemap.xml": "sitemap",
}
_FEEDS = frozenset(format.value for format in Format)
# Archive documents do not change (RFC 5005 §4): nobody follows them.
_ARCHIVED = re.compile(r"/archive/[0-9]+/[^/]+\Z")


class Counted:
    """A connection that remembers what was answered; for one answer after another."""

    __slots__ = ("connection", "sent", "status")

    connection: Connection

    def __init__(self) -> None:
        self.status = 0
        self.sent = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.connection)

    def response_empty(self, status: int, headers: Fields, /) -> None:
        self.status, self.sent = status, 0
        self.connection.response_empty(status, headers)

    def response_bytes(self, status: int, headers: Fields, body: bytes, /) -> None:
        self.status, self.sent = status, len(body)
        self.connection.response_bytes(status, headers, body)

    def response_file_range(
        self, status: int, headers: Fields, file: str, start: int, stop: int, /
    ) -> None:
        self.status, self.sent = status, stop - start
        self.connection.response_file_range(status, headers, file, start, stop)


class Entry:
    """What was answered at one path, or at all those of a kind."""

    __slots__ = ("answers", "kind", "path", "sent")

    def __init__(self, kind: str, path: str | None = None) -> None:
        self.kind = kind
        self.path = path  # of a document that readers follow; None: of all others of the kind
        self.answers: dict[int, int] = {}  # by status
        self.sent = 0


class Ledger:
    """What one thread has answered."""

    def __init__(self) -> None:
        self._paths: dict[str, Entry] = {}
        self._kinds: dict[str, Entry] = {}

    def note(self, path: str, status: int, sent: int) -> Entry:
        """Count an answer; returns the entry it was counted in."""
        entry = self._paths.get(path)
        if entry is None:
            entry = self._entry(path, status)
        entry.answers[status] = entry.answers.get(status, 0) + 1
        entry.sent += sent
        return entry

    def _entry(self, path: str, status: int) -> Entry:
        kind = _kind(path)
        if (
            kind in _FEEDS
            # What is not there has any number of paths.
            and status in DELIVERED
            and len(self._paths) < _MOST_PATHS
            and _ARCHIVED.search(path) is None
        ):
            self._paths[path] = Entry(kind, path)
            return self._paths[path]
        return self._kinds.setdefault(kind, Entry(kind))

    def entries(self) -> list[Entry]:
        """Everything counted so far; in any thread."""
        return [*self._paths.copy().values(), *self._kinds.copy().values()]

    def documents(self) -> Iterator[tuple[str, int, int]]:
        """Of each document that readers follow: its path, requests, and those answered 304."""
        for path, entry in self._paths.copy().items():
            answers = entry.answers.copy()
            yield path, sum(answers.values()), answers.get(304, 0)


def _kind(path: str) -> str:
    if path.startswith(("/_websub/", "/health/", "/metrics")):
        return "own"
    return _KINDS.get(path[path.rfind("/") + 1 :], "other")


def answers(ledgers: Iterable[Ledger]) -> dict[tuple[str, str], int]:
    """How often each kind was answered with each status."""
    found: dict[tuple[str, str], int] = {}
    for ledger in ledgers:
        for entry in ledger.entries():
            for status, count in entry.answers.copy().items():
                key = (entry.kind, str(status))
                found[key] = found.get(key, 0) + count
    return found


def sent(ledgers: Iterable[Ledger]) -> dict[tuple[str], int]:
    """The bytes of bodies sent of each kind."""
    found: dict[tuple[str], int] = {}
    for ledger in ledgers:
        for entry in ledger.entries():
            found[entry.kind,] = found.get((entry.kind,), 0) + entry.sent
    return found
