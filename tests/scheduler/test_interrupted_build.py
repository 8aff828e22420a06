"""A build that is asked to end is no fault of what it was building."""

from __future__ import annotations

import asyncio

import pytest

from feedsvc.scheduler.building import Building
from tests.support import Service


class Stopped(Building):
    """Is asked to end when its build is at something."""

    at = ""

    def _go_on(self, what: str, done: int, total: int) -> None:
        if what == self.at:
            self.interrupt()
        super()._go_on(what, done, total)


@pytest.mark.parametrize(
    "at", [pytest.param("all", id="a-feed"), pytest.param("pages of articles", id="pages")]
)
def test_what_it_leaves_is_not_held_back_and_is_built_by_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr("feedsvc.regenerate.articles._BATCH", 1)
    service.configure()
    service.write("ferry.txt", "Ferry\n2025-01-01\n\nText.\n")
    service.write("bridge.txt", "Bridge\n2025-01-02\n\nText.\n")
    asyncio.run(service.app.sync(build=False))
    stopped = Stopped(service.app)
    stopped.at = at

    asyncio.run(stopped.build_due())

    store, page = service.app.store, service.app.settings.publish.directory / "index.html"
    assert not page.exists()
    assert [row.held for row in store.feeds() if row.held] == []
    service.app.journal.flush()
    assert store.journal(limit=50, level="warning") == ()

    asyncio.run(Building(service.app).build_due())

    assert page.exists()
    assert len(list(page.parent.glob("a/*/index.html"))) == 2
