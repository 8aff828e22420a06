"""WebSub: requests that the server hands over, the outbox, subscribers and subscriptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from feedsvc.model import Word


class Call(NamedTuple):
    """A request that the server hands to the process that owns the store."""

    method: str
    path: str  # decoded, begins with "/"
    query: str  # as it was sent
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    client: str | None = None  # the address that asks; None for one that is not known


class Reply(NamedTuple):
    """What is answered to a `Call`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Notice(NamedTuple):
    """A word that somebody does not know yet."""

    row: int
    word: Word
    made: datetime  # when it was said first
    tries: int
    round: int  # how often it was said; one that was said again while it was told is told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who wants to hear of a topic from our own hub."""

    row: int
    topic: str
    callback: str
    secret: str | None = field(default=None, repr=False)
    lease_until: datetime | None = None  # None: not verified yet
    pending: str | None = field(default=None, repr=False)  # JSON of what is to be verified


class Crowd(NamedTuple):
    """How many there are already, where one more wants to subscribe."""

    of_topic: int
    at_host: int  # of the topic, at the host of the callback
    pending: int  # requests that are not verified, of all
    pending_at_host: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a source's hub was asked for, and how it stands."""

    source: int  # row
    name: str
    topic: str
    hub: str
    token: str = field(repr=False)  # of our callback
    secret: str = field(repr=False)
    state: str = "wanted"  # wanted | asked | active | denied | leaving
    asked: datetime | None = None  # since when the hub's question is awaited
    lease_until: datetime | None = None
    due: datetime
    failures: int = 0
    reason: str | None = None
    heard: datetime | None = None  # when it told us of news last

    @property
    def relied_on(self) -> bool:
        """Whether its hub holds it, and renews it when it is asked to.

        From the second request in vain on, nobody knows whether it still hears of news itself.
        """
        return self.state == "active" and self.failures < 2


class Announced(NamedTuple):
    """A source whose subscription is not what its document asks for."""

    source: int  # row
    name: str
    url: str  # that it is asked at
    topic: str | None  # that it calls its own address
    hubs: tuple[str, ...]  # none: it announces none, or is not to be asked
    subscription: Subscription | None


Desk = Callable[[Call], Awaitable[Reply]]
"""Answers what the output directory cannot: hub and callbacks of WebSub."""
