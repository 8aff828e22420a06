"""Fixtures for the sync of remote sources."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.feedserver import FeedServer
from tests.guest import Guest
from tests.planet import Planet
from tests.support import Service


@pytest.fixture
def guest(make_service: Callable[..., Service], feed_server: FeedServer) -> Guest:
    service = make_service()
    feed_server.clock = service.clock.now
    return Guest(service, feed_server)


@pytest.fixture
def planet(make_service: Callable[..., Service], feed_server: FeedServer) -> Planet:
    service = make_service()
    feed_server.clock = service.clock.now
    found = Planet(service, feed_server)
    found.configure()
    return found
