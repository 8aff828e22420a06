"""Who follows a feed, counted in the server process, for `app/audience.py` to add up.

    poll --see--> news --count--> Audience of the day --batch--> the process that owns the store

A service that asks for many says for how many (`agents.py`). All others are told apart by a hash of
address and User-Agent under the salt of the day, and of that hash only a trace is kept (`Sketch`):
nothing from which somebody could be found again. The address itself is in memory for a second.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from feedsvc.figures.sketch import Sketch
from feedsvc.serve.agents import speaks_for
from feedsvc.serve.clients import Address, Clients
from feedsvc.serve.counting import DELIVERED, Entry, Ledger
from feedsvc.serve.rsgi import Scope

_MOST_SEEN = 200_000  # clients recognised at once; beyond, they are looked at anew
_MOST_NEWS = 20_000  # clients that wait for the salt of the day
_MOST_AT_ONCE = 2_000  # clients counted in one go, some 30 ms
_MOST_SERVICES = 200  # of one feed: more names and ids than that are somebody's game
_MOST_BATCHES = 8  # that wait for the other process: of so many days at most
_NETWORK = 64  # bits of an IPv6 address that stay when a machine takes another one for its privacy
_OPS = "_ops"  # followed by operators
_PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip")


class _News(NamedTuple):
    """A client that was not seen before on this day."""

    path: str
    agent: str | None
    address: Address | None


@dataclass(slots=True, eq=False)
class _Feed:
    """What is known of the readers of one feed on one day."""

    services: dict[str, int] = field(default_factory=dict)  # subscribers by name and id
    pollers: Sketch | None = None
    changed: bool = False


class Audience:
    """The readers of all feeds on one day.

    `see` is called in the thread that answers, everything else in the event loop. `private` tells
    the folders of private feeds.
    """

    def __init__(
        self,
        clients: Clients,
        ledgers: Collection[Ledger],
        private: Callable[[], Collection[str]],
        day: str,
    ) -> None:
        self.day = day  # 2025-03-05, in UTC
        self.salt: bytes | None = None
        self.wanted = True  # somebody takes what is counted here
        self._clients = clients
        self._ledgers = ledgers
        self._private = private
        self._seen: set[int] = set()
        self._news: deque[_News] = deque(maxlen=_MOST_NEWS)
        self._feeds: dict[str, _Feed] = {}
        self._told: dict[str, tuple[int, int]] = {}  # requests and 304s told of, by path
        self._name = secrets.token_hex(8)  # of this process, so that no batch counts twice
        self._number = 0
        self._waiting: deque[bytes] = deque(maxlen=_MOST_BATCHES)

    # -- in the thread that answers ----------------------------------------------------------------

    def see(self, entry: Entry, status: int, scope: Scope) -> None:
        """Note who asked for a document that readers follow."""
        path = entry.path
        if path is None or status not in DELIVERED or not self.wanted:
            return
        if scope.method != "GET":  # whoever only looks first may follow it with the next request
            return
        headers = scope.headers
        agent, peer = headers.get("user-agent"), scope.client
        # Python's own hash is salted for each process, and good to tell clients apart within it.
        mark = hash((path, agent, peer[: peer.rfind(":")]))
        if self._clients.trusted:
            mark = hash((mark, *map(headers.get, _PROXIED)))
        if mark in self._seen:
            return
        self._seen.add(mark)
        self._news.append(_News(path, agent, self._clients.address(scope)))

    # -- in the event loop -------------------------------------------------------------------------

    @property
    def asks_for_salt(self) -> bool:
        """Whether there is somebody to count, and no salt to do it with."""
        return self.wanted and self.salt is None and bool(self._news)

    def count(self) -> None:
        """Count the news."""
        if len(self._seen) > _MOST_SEEN:
            self._seen = set()
        if not self.wanted:
            self._news.clear()
        if self.salt is None:
            return
        # Whoever makes up a new name for each request must not keep readers waiting for long.
        for _ in range(min(len(self._news), _MOST_AT_ONCE)):
            self._count(self._news.popleft(), self.salt)

    def _count(self, news: _News, salt: bytes) -> None:
        name = feed_of(news.path, self._private())
        if name is None:
            return
        feed = self._feeds.setdefault(name, _Feed())
        service = speaks_for(news.agent)
        if service is not None:
            # Without an id of its own, a service has each document once.
            id = service.feed_id or blake2b(news.path.encode(), digest_size=4).hexdigest()
            key = f"{service.name}#{id}"
            known = feed.services.get(key)
            if known is None and len(feed.services) >= _MOST_SERVICES:
                return
            if known is None or service.subscribers > known:
                feed.services[key] = service.subscribers
                feed.changed = True
            return
        if feed.pollers is None:
            feed.pollers = Sketch()
        feed.changed |= feed.pollers.add(_hashed(news.address, news.agent, salt))

    def turn(self, day: str) -> None:
        """Close the day, if another one has begun; the salt is thrown away with it."""
        if day == self.day:
            return
        self.count()
        self._close()
        self.day, self.salt = day, None
        self._feeds, self._seen = {}, set()
        self._news.clear()

    def batch(self) -> bytes | None:
        """What is to be told next, the same until it was `taken`; None if there is no news."""
        if not self._waiting:
            self._close()
        return self._waiting[0] if self._waiting else None

    def taken(self) -> None:
        """The batch was told."""
        self._waiting.popleft()

    def _close(self) -> None:
        """Put what changed since the last time into a batch."""
        told: dict[str, dict[str, Any]] = {}
        for name, requests, not_modified in self._asked():
            one = told.setdefault(name, {"requests": 0, "not_modified": 0})
            one["requests"] += requests
            one["not_modified"] += not_modified
        for name, feed in self._feeds.items():
            if feed.changed:
                feed.changed = False
                one = told.setdefault(name, {})
                if feed.services:
                    one["aggregators"] = feed.services
                if feed.pollers is not None:
                    one["pollers"] = base64.b64encode(feed.pollers.dump()).decode()
        if told and self.wanted:
            self._number += 1
            batch = {"from": self._name, "number": self._number, "day": self.day, "feeds": told}
            self._waiting.append(json.dumps(batch).encode())

    def _asked(self) -> Iterator[tuple[str, int, int]]:
        """The requests of each document since the last time, by feed."""
        now: dict[str, tuple[int, int]] = {}
        for path, requests, not_modified in _documents(self._ledgers):
            before = now.get(path, (0, 0))
            now[path] = before[0] + requests, before[1] + not_modified
        for path, (requests, not_modified) in now.items():
            told = self._told.get(path, (0, 0))
            name = feed_of(path, self._private()) if requests > told[0] else None
            if name is not None:
                yield name, requests - told[0], not_modified - told[1]
        self._told = now


def _documents(ledgers: Iterable[Ledger]) -> Iterator[tuple[str, int, int]]:
    for ledger in ledgers:
        yield from ledger.documents()


def feed_of(path: str, private: Collection[str]) -> str | None:
    """The feed whose document lies at a path, without the key of its reader; None for no feed."""
    names = path.split("/")[1:-1]
    if not names or names[0] == _OPS:
        return None
    if f"/{names[0]}/" in private:
        del names[1:2]
    return "/".join(names)


def _hashed(address: Address | None, agent: str | None, salt: bytes) -> int:
    """64 bits that tell this client from others on one day."""
    where = b"" if address is None else address.packed
    if isinstance(address, IPv6Address):
        where = where[: _NETWORK // 8]
    said = blake2b(where + b"\n" + (agent or "").encode(), key=salt, digest_size=8)
    return int.from_bytes(said.digest(), "big")
