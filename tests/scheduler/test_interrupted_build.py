"""A build that is asked to end is no fault of what it was building."""

from __future__ import annotations

import asyncio

from feedsvc.scheduler.rounds import Rounds
from tests.support import Service


def test_what_a_stopped_build_leaves_is_not_held_back(service: Service) -> None:
    service.configure()
    service.write("ferry.txt", "Ferry\n2025-01-01\n\nText.\n")
    service.write("bridge.txt", "Bridge\n2025-01-02\n\nText.\n")
    asyncio.run(service.app.sync(build=False))
    rounds = Rounds(service.app)
    rounds.interrupt()

    asyncio.run(rounds.look())

    store = service.app.store
    assert [row.held for row in store.feeds() if row.held] == []
    assert [entry.message for entry in store.journal(limit=50, level="warning")] == []


def test_the_next_one_builds_what_it_left(service: Service) -> None:
    service.configure()
    service.write("ferry.txt", "Ferry\n2025-01-01\n\nText.\n")
    asyncio.run(service.app.sync(build=False))
    stopped = Rounds(service.app)
    stopped.interrupt()
    asyncio.run(stopped.look())

    asyncio.run(Rounds(service.app).look())

    directory = service.app.settings.publish.directory
    assert "Ferry" in (directory / "all/atom.xml").read_text()
    assert (directory / "index.html").exists()
