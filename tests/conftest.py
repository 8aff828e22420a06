"""Fixtures for all rooms; the classes are in `tests/support.py`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import quick
from tests.feedserver import FeedServer
from tests.support import DEFAULT_CONFIG, FrozenClock, Service

HOME = Path.cwd()

quick.use_memory()
quick.share_statements()

# The same examples in every run, and no stopwatch: a slow machine is no failure.
settings.register_profile("feedsvc", deadline=None, derandomize=True, database=None)
settings.load_profile("feedsvc")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: one more than there are cores, as a part of our tests waits for daemons."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let each worker take a part of the tests as it stands: what a module shares is made once."""
    if config.getoption("dist") != "load":
        return None  # somebody chose
    from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

    return WorkStealingScheduling(config, log)


@pytest.fixture(autouse=True)
def at_home() -> Iterator[None]:
    """Leave the folder that a command went to (`-C`) before it is gone."""
    yield
    os.chdir(HOME)


def _closing() -> Iterator[None]:
    before = len(Service.made)
    yield
    while len(Service.made) > before:
        Service.made.pop().restart()


# Every service is closed with the test that made it, or with the module that shares it.
_of_a_module = pytest.fixture(autouse=True, scope="module")(_closing)
_of_a_test = pytest.fixture(autouse=True)(_closing)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def make_service(tmp_path: Path) -> Callable[..., Service]:
    def make(config: str = DEFAULT_CONFIG, name: str = "site") -> Service:
        root = tmp_path / name
        (root / "articles").mkdir(parents=True)
        service = Service(root)
        service.configure(config)
        return service

    return make


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    """A service with one folder source, `desk`, and one feed, `all`."""
    return make_service()


@pytest.fixture
def feed_server() -> Iterator[FeedServer]:
    """Pages on loopback; `feed_server.clock = service.clock.now` dates its log."""
    with FeedServer() as server:
        yield server
