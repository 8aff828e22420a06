"""One visit is stored as a whole or not at all, whatever happens to the store or to us."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.errors import StoreError
from tests.feedserver import Answer, Page
from tests.planet import Planet, rss, story
from tests.support import Service

TRIGGER = (
    "CREATE TRIGGER trouble BEFORE INSERT ON {table} {when} BEGIN SELECT RAISE(ABORT, 'no'); END"
)


def spoil(planet: Planet, table: str, when: str = "") -> None:
    """Let the store refuse to insert into a table."""
    assert planet.service.app.store
    with closing(sqlite3.connect(planet.service.root / "var" / "feedsvc.db")) as database, database:
        database.execute(TRIGGER.format(table=table, when=when))


def mend(planet: Planet) -> None:
    with closing(sqlite3.connect(planet.service.root / "var" / "feedsvc.db")) as database, database:
        database.execute("DROP TRIGGER trouble")


@pytest.mark.parametrize("table", ["article", "body", "label"])
def test_what_cannot_be_stored_is_told_again(planet: Planet, table: str) -> None:
    planet.serve(Page(body=rss(*[story(n, extra="<category>pier</category>") for n in range(3)])))
    spoil(planet, table)

    report = planet.sync()

    assert report.outcome == "failed"
    assert "cannot be stored" in (report.reason or "")
    assert planet.articles() == []
    assert planet.row().state == "failing"

    mend(planet)
    assert planet.sync().status == 200
    assert len(planet.articles()) == 3
    assert planet.row().state == "ok"


def test_what_cannot_be_stored_of_a_change_is_told_again(planet: Planet) -> None:
    planet.serve(Page(body=rss(story(1), story(2))))
    planet.sync()
    planet.serve(Page(body=rss(story(1, title="Corrected"), story(2), story(3))))
    spoil(planet, "article")

    planet.sync()
    assert planet.titles() == ["Story 1", "Story 2"]

    mend(planet)
    planet.sync()
    assert planet.titles() == ["Corrected", "Story 2", "Story 3"]


def test_one_source_that_cannot_be_stored_costs_no_other_its_visit(planet: Planet) -> None:
    names = [f"s{n}" for n in range(9)]
    planet.configure(**dict.fromkeys(names, ""))
    for n, name in enumerate(names):
        planet.serve(Page(body=rss(story(n))), at=name)
    spoil(planet, "article", "WHEN NEW.title = 'Story 4'")

    first = {one.name: one.outcome for one in planet.run().sources}
    second = {one.name: one.status for one in planet.run().sources}

    assert first == {name: "failed" if name == "s4" else "ok" for name in names}
    assert [name for name in names if planet.articles(name)] == [n for n in names if n != "s4"]
    assert [name for name, status in second.items() if status == 304] == [
        name for name in names if name != "s4"
    ]


def test_a_source_that_cannot_be_stored_waits_like_any_that_fails(planet: Planet) -> None:
    planet.put(story(1))
    spoil(planet, "article")
    for _ in range(6):
        planet.sync()
    planet.server.forget()

    planet.run(force=False)

    assert planet.server.log == []
    assert planet.row().failures == 6


def test_a_store_that_takes_nothing_is_no_fault_of_the_sources(planet: Planet) -> None:
    planet.put(story(1))
    assert planet.service.app.sources()
    with closing(sqlite3.connect(planet.service.root / "var" / "feedsvc.db")) as database, database:
        database.execute(
            "CREATE TRIGGER trouble BEFORE UPDATE OF next_due ON source"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    with pytest.raises(StoreError, match="no"):
        planet.sync()

    mend(planet)
    assert planet.sync().new == 1


@pytest.mark.parametrize("value", ["\ud800", "x" * 3_000_000], ids=["half-a-character", "huge"])
def test_odd_values_never_reach_the_store(planet: Planet, value: str) -> None:
    text = (
        rss(story(1, title="Harbour %"))
        .decode()
        .replace("%", "&#xD800;" if len(value) < 9 else value)
    )
    planet.serve(text.encode())
    planet.put(story(2), at="museum")
    planet.configure(harbour="", museum="")

    planet.run()

    assert planet.titles("museum") == ["Story 2"]
    assert planet.row().state in ("ok", "failing")


# -- validators ------------------------------------------------------------------------------------


def test_another_address_is_asked_without_the_validators_of_the_first(planet: Planet) -> None:
    planet.serve(Page(body=rss(story(1)), etag='"1"'))
    planet.serve(Page(body=rss(story(1), story(2)), etag='"1"'), at="moved")
    planet.sync()
    before = planet.ids()

    planet.configure(harbour=f'url = "{planet.server.url("/moved")}"')
    report = planet.sync()

    assert "if-none-match" not in planet.server.log[-1].headers
    assert report.new == 1
    assert before.items() <= planet.ids().items()


# -- leases ----------------------------------------------------------------------------------------


@pytest.mark.timeout(60)
def test_who_comes_too_late_does_not_ask_again(planet: Planet) -> None:
    """The other run ended between our look at the schedule and our claim."""
    planet.put(story(1))
    rows = {row.name: row for row in planet.service.app.sources()}
    planet.sync()

    claimed = planet.service.app.store.claim([rows["harbour"]], "0-late", [])

    assert claimed == set()


@pytest.mark.timeout(60)
def test_many_runs_at_once_ask_each_source_once(planet: Planet) -> None:
    names = [f"s{n}" for n in range(12)]
    planet.configure(**dict.fromkeys(names, ""))
    for n, name in enumerate(names):
        planet.serve(Answer(body=rss(story(n)), delay=0.2), at=name)
    planet.service.app.sources()
    others = [Service(planet.service.root, planet.service.clock) for _ in range(4)]
    threads = [
        threading.Thread(target=one.sync, kwargs={"build": False})
        for one in (planet.service, *others)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in others:
        one.restart()

    assert sorted(request.path for request in planet.server.log) == sorted(f"/{n}" for n in names)
    assert all(len(planet.articles(name)) == 1 for name in names)


@pytest.mark.timeout(60)
def test_who_comes_after_one_that_was_killed_asks_at_once(planet: Planet, tmp_path: Path) -> None:
    planet.serve(Answer(body=rss(story(1)), delay=30.0))
    planet.service.restart()
    command = [sys.executable, "-m", "feedsvc", "-C", str(planet.service.root), "-q", "sync"]
    with subprocess.Popen(command, env={**os.environ}) as process:
        for _ in range(300):
            if planet.server.log:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    assert planet.server.log
    assert planet.service.app.store.leases() != set()

    planet.put(story(1))
    report = planet.sync()

    assert report.new == 1
    assert planet.service.app.store.leases() == set()
