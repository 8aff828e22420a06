"""The sites of `config/examples/`, opened and built once for all tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import examples, neighbours
from tests.examples import Example
from tests.feedserver import FeedServer


@contextmanager
def opened(name: str, root: Path) -> Iterator[Example]:
    """An example with its articles, and whoever it asks; nothing is synced yet."""
    with FeedServer() as server, pytest.MonkeyPatch.context() as patch:
        for key, value in neighbours.SECRETS.items():
            patch.setenv(key, value)
        patch.setenv("FEEDSVC_OPS_WEBHOOK", server.url("/hook"))
        if name == "newsroom":
            site = examples.newsroom(root)
        elif name == "planet":
            site = neighbours.planet(root, server)
        else:
            site = examples.podcast(root, server)
        server.clock = site.clock.now
        yield site
        site.restart()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """The examples after their first run; nobody may change them."""
    made: dict[str, Example] = {}
    opening = []

    def build(name: str) -> Example:
        if name not in made:
            opening.append(opened(name, tmp_path_factory.mktemp(name)))
            made[name] = opening[-1].__enter__()
            made[name].run()
        return made[name]

    yield build
    for one in reversed(opening):
        one.__exit__(None, None, None)


