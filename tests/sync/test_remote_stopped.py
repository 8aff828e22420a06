"""A sync that is told to stop just as an answer comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from feedsvc.app import App
from feedsvc.config import load
from tests.feedserver import FeedServer, Page, Raw
from tests.guest import rss
from tests.support import FrozenClock, Service

CONFIG = """
[site]
base_url = "https://planet.example.org"
[sync]
allow_networks = ["127.0.0.0/8"]
[[source]]
name = "pier"
url = "{pier}"
[[source]]
name = "hanging"
url = "{hanging}"
"""


@dataclass
class LastWord(FrozenClock):
    """A clock that stops a task when the first visit asks it for the time of an answer."""

    server: FeedServer | None = None
    task: asyncio.Task[Any] | None = None

    def now(self) -> datetime:
        if self.task and self.server and self.server.asked("/pier.xml"):
            self.task.cancel()
            self.task = None
        return super().now()


def test_what_was_read_in_that_moment_is_kept(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Page(body=rss("ferry"))
    feed_server["/hanging.xml"] = Raw([60.0])
    urls = {name: feed_server.url(f"/{name}.xml") for name in ("pier", "hanging")}
    root = make_service(CONFIG.format(**urls)).root
    clock = LastWord(server=feed_server)
    app = App(load(root / "feedsvc.toml", cwd=root, environ={}), clock)

    async def sync() -> None:
        clock.task = asyncio.current_task()
        await app.sync()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(sync())

    read = {row.name for row in app.sources() if row.last_ok is not None}
    assert read == {"pier"}
    assert app.store.articles_by_state(clock.now())["published"] == 1
    app.close()
