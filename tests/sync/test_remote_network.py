"""Whose fault it is that nothing answers: the network's, or the source's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from feedsvc.app import App
from feedsvc.app.remote import Remotes
from feedsvc.config import load
from tests.feedserver import FeedServer, Page
from tests.guest import rss
from tests.support import Service

CONFIG = """
[site]
base_url = "https://planet.example.org"
[sync]
allow_networks = ["127.0.0.0/8"]
[[source]]
name = "pier"
url = "{pier}"
[[source]]
name = "lost"
url = "https://lost.example.org/feed.xml"
"""


async def no_name_server(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.fixture
def app(make_service: Callable[..., Service], feed_server: FeedServer) -> Iterator[App]:
    feed_server["/pier.xml"] = Page(body=rss("ferry"))
    service = make_service(CONFIG.format(pier=feed_server.url("/pier.xml")))
    settings = load(service.root / "feedsvc.toml", cwd=service.root, environ={})
    made = App(settings, service.clock, resolve=no_name_server)
    yield made
    made.close()


def _states(app: App) -> dict[str, tuple[str, int]]:
    return {row.name: (row.state, row.failures) for row in app.sources()}


def _sync(app: App, *only: str) -> bool:
    return asyncio.run(app.sync(only=only, force=True)).network


def test_a_name_that_cannot_be_resolved_is_at_fault_while_others_answer(app: App) -> None:
    assert _sync(app)

    assert _states(app) == {"pier": ("ok", 0), "lost": ("failing", 1)}


def test_nobody_is_at_fault_where_nobody_answers(app: App) -> None:
    assert not _sync(app, "lost")

    assert _states(app)["lost"] == ("ok", 0)
    assert app.store.source("lost").next_due is not None


def test_who_answered_a_moment_ago_shows_that_there_is_a_network(app: App) -> None:
    async def visit(remotes: Remotes, name: str) -> bool:
        rows = {row.name: row for row in app.sources()}
        return (await remotes.sync(app.some_sources([name]), rows, force=True)).network

    async def visits() -> list[bool]:
        async with app.remotes() as remotes:
            await visit(remotes, "pier")
            found = [await visit(remotes, "lost")]
            app.clock.at += timedelta(hours=1)  # type: ignore[attr-defined]
            return [*found, await visit(remotes, "lost")]

    assert asyncio.run(visits()) == [True, False]
    assert _states(app)["lost"] == ("failing", 1)
