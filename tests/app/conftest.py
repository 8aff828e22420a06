"""The sites of `config/examples/`, with whoever they ask, for all tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import episodes, examples, neighbours
from tests.examples import Example
from tests.feedserver import FeedServer


@contextmanager
def _opened(name: str, root: Path) -> Iterator[Example]:
    with FeedServer() as server, pytest.MonkeyPatch.context() as patch:
        for key, value in neighbours.SECRETS.items():
            patch.setenv(key, value)
        patch.setenv("FEEDSVC_OPS_WEBHOOK", server.url("/hook"))
        if name == "newsroom":
            site = examples.newsroom(root)
        elif name == "planet":
            site = neighbours.planet(root, server)
        else:
            site = episodes.podcast(root, server)
        server.clock = site.clock.now
        yield site
        site.restart()


@pytest.fixture
def open_example() -> Callable[[str, Path], AbstractContextManager[Example]]:
    """Opens an example with its articles; nothing is synced yet."""
    return _opened


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """The examples after their first run; nobody may change them."""
    made: dict[str, Example] = {}
    with ExitStack() as opened:

        def build(name: str) -> Example:
            if name not in made:
                site = opened.enter_context(_opened(name, tmp_path_factory.mktemp(name)))
                site.run()
                made[name] = site
            return made[name]

        yield build
