"""A publisher with a hub, a subscriber of others' hubs, and whoever they talk to on loopback."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from feedsvc.ports import Call, Reply
from tests.feedserver import Answer, FeedServer, Request
from tests.support import Service

SITE = "https://news.example.org"
HUB = f"{SITE}/_websub/hub"
TOPIC = f"{SITE}/all/atom.xml"

BASE = f"""
[site]
title = "Harbour News"
base_url = "{SITE}"
id_domain = "news.example.org"
id_since = "2025-01-01"

[sync]
allow_networks = ["127.0.0.0/8"]
timeout = "1s"
"""

DESK = """
[[source]]
name = "desk"
path = "articles"
"""


def values(text: str | bytes) -> dict[str, str]:
    """The fields of a form or query, without their `hub.`."""
    told = text.decode() if isinstance(text, bytes) else text
    return {name.removeprefix("hub."): found[0] for name, found in parse_qs(told, True).items()}


@dataclass
class Reader:
    """A subscriber: it agrees to what it is asked, and keeps what it hears."""

    status: int = 204
    agrees: bool = True
    heard: list[Request] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request, /) -> Answer:
        if request.method == "POST":
            self.heard.append(request)
            return Answer(status=self.status)
        self.asked.append(values(urlsplit(request.path).query))
        if not self.agrees:
            return Answer(status=404)
        return Answer(body=self.asked[-1].get("challenge", "").encode())


@dataclass
class Newsroom:
    """A publisher with a hub of its own, and subscribers at paths of a server."""

    service: Service
    server: FeedServer

    def configure(self, websub: str = "hub = true", feeds: str = "", base: str = BASE) -> None:
        self.service.configure(f"{base}\n[websub]\n{websub}\n{DESK}\n{feeds}")

    def reader(self, path: str = "/reader", *, host: str = "127.0.0.1", **more: Any) -> Reader:
        """A new subscriber at a path."""
        self.server.site(host)
        reader = Reader(**more)
        self.server[path] = reader
        return reader

    def write(self, name: str, words: str = "Text.") -> None:
        """Publish an article."""
        self.service.write(f"{name}.txt", f"{name}\n2025-01-01\n\n{words}\n")
        self.service.sync()

    def post(self, body: str | bytes, *, client: str | None = None, **headers: str) -> Reply:
        """What our hub answers to a form."""
        told = {"content-type": "application/x-www-form-urlencoded"} | headers
        data = body.encode() if isinstance(body, str) else body
        return self.call(Call("POST", "/_websub/hub", "", told, data, client))

    def call(self, call: Call) -> Reply:
        desk = self.service.app.desk
        assert desk is not None
        reply = asyncio.run(self.answered(call))
        return reply

    async def answered(self, call: Call) -> Reply:
        desk = self.service.app.desk
        assert desk is not None
        return await desk(call)

    def ask(
        self, path: str = "/reader", mode: str = "subscribe", *, host: str = "127.0.0.1",
        topic: str = TOPIC, **more: Any,
    ) -> Reply:  # fmt: skip
        """Send a request for the callback at this path."""
        callback = path if path.startswith("http") else self.server.url(path, host=host)
        told = {"mode": mode, "topic": topic, "callback": callback} | more
        return self.post(urlencode({f"hub.{name}": value for name, value in told.items()}))

    def subscribe(self, path: str = "/reader", **more: Any) -> None:
        """Subscribe, and be verified."""
        assert self.ask(path, **more).status == 202
        self.errands()

    def errands(self) -> tuple[str, ...]:
        """Do what is due; returns what an operator is told."""
        return asyncio.run(self.service.app.run_errands())[1]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        import sqlite3
        from contextlib import closing

        file = self.service.root / "var/feedsvc.db"
        with closing(sqlite3.connect(file)) as database, database:
            return database.execute(query).fetchall()

    def subscribers(self) -> list[str]:
        """The paths of those who are verified."""
        query = "SELECT callback FROM subscriber WHERE lease_until IS NOT NULL ORDER BY callback"
        return [urlsplit(callback).path for (callback,) in self.rows(query)]

    def outbox(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT kind, topic, tries, round FROM outbox ORDER BY kind, topic")


@pytest.fixture
def newsroom(make_service: Callable[..., Service], feed_server: FeedServer) -> Newsroom:
    service = make_service()
    feed_server.clock = service.clock.now
    found = Newsroom(service, feed_server)
    found.configure()
    return found


# -- subscribing -----------------------------------------------------------------------------------


def entry(number: int, text: str = "") -> str:
    words = text or f"What the harbour master wrote on day {number}."
    return (
        f"<entry><id>tag:harbour.example.org,2025:{number}</id><title>Story {number}</title>"
        f'<link href="https://harbour.example.org/{number}"/>'
        f"<updated>2025-05-{number:02d}T00:00:00Z</updated><content>{words}</content></entry>"
    )


@dataclass
class Listener:
    """A service that subscribes to the hub of its one source."""

    service: Service
    server: FeedServer
    hub: str = "/hub"

    @property
    def topic(self) -> str:
        return self.server.url("/harbour")

    def document(self, *numbers: int, hub: str | None = None, text: str = "") -> bytes:
        """A document of the source; with "" for a hub, it announces none."""
        place = self.server.url(self.hub) if hub is None else hub
        link = f'<link rel="hub" href="{place}"/>' if place else ""
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour</title>'
            "<id>tag:harbour.example.org,2025:feed</id><updated>2025-05-01T00:00:00Z</updated>"
            f'{link}<link rel="self" href="{self.topic}"/>'
            f"{''.join(entry(number, text) for number in numbers)}</feed>"
        ).encode()

    def configure(self, more: str = "", websub: str = "subscribe = true") -> None:
        source = f'[[source]]\nname = "harbour"\nurl = "{self.topic}"\n{more}\n'
        self.service.configure(f"{BASE}\n[websub]\n{websub}\n{source}")
        self.service.app.attend(lambda: None)

    def put(self, *numbers: int, **more: Any) -> None:
        """Let the source hold these entries."""
        self.server["/harbour"] = Answer(body=self.document(*numbers, **more))

    def sync(self, *, minutes: float = 1.0, force: bool = True) -> None:
        self.service.clock.tick(minutes=minutes)
        self.service.sync(force=force, build=False)

    def errands(self) -> None:
        asyncio.run(self.service.app.run_errands())

    def wait(self, **time: float) -> None:
        """Let time pass, and do what is due then."""
        self.service.clock.tick(**time)
        self.errands()

    def asked(self) -> list[dict[str, str]]:
        """What the hub was asked."""
        return [values(request.body) for request in self.server.asked(self.hub)]

    def call(
        self, method: str = "GET", query: str = "", body: bytes = b"", *,
        callback: str | None = None, **headers: str,
    ) -> Reply:  # fmt: skip
        """What our callback answers; its address is the one that the hub was told last."""
        path = urlsplit(callback or self.asked()[-1]["callback"]).path
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        desk = self.service.app.desk
        assert desk is not None

        async def answered() -> Reply:
            return await desk(Call(method, path, query, told, body))

        return asyncio.run(answered())

    def verify(self, mode: str = "subscribe", **more: str) -> Reply:
        """The question of the hub."""
        told = {"mode": mode, "topic": self.topic, "challenge": "c-1", "lease_seconds": "864000"}
        query = urlencode({f"hub.{name}": value for name, value in (told | more).items()})
        return self.call(query=query)

    def deliver(self, body: bytes, *, method: str = "sha256", secret: str | None = None) -> Reply:
        """News from the hub, signed with the secret it was told."""
        key = (self.asked()[-1]["secret"] if secret is None else secret).encode()
        signature = f"{method}={hmac.digest(key, body, method).hex()}"
        kind = "application/atom+xml"
        return self.call("POST", "", body, x_hub_signature=signature, content_type=kind)

    def begin(self, *numbers: int) -> None:
        """Subscribe, and be verified."""
        self.put(*(numbers or (1,)))
        self.sync()
        self.wait(seconds=5)
        assert self.verify().status == 200

    def state(self) -> str | None:
        found = self.service.app.store.subscriptions()
        return found[0].state if found else None

    def titles(self) -> set[str]:
        return {article.title for article in self.service.stored().values()}

    def due(self) -> float:
        """Hours until the source is asked."""
        due = self.service.app.store.source("harbour").next_due
        assert due is not None
        return (due - self.service.clock.now()).total_seconds() / 3600


@pytest.fixture
def listener(make_service: Callable[..., Service], feed_server: FeedServer) -> Listener:
    service = make_service()
    feed_server.clock = service.clock.now
    feed_server["/hub"] = Answer(status=202)
    found = Listener(service, feed_server)
    found.configure()
    return found
