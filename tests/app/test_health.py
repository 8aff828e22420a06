"""What keeps the service from being ready, and what is only a warning."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.app import health
from feedsvc.app.health import look
from feedsvc.app.inside import answer, answer_beside
from feedsvc.ports import Call
from tests.support import Service

FOLDERS = """
[site]
base_url = "https://news.example.org"
"""


def folders(count: int) -> str:
    named = "".join(f'[[source]]\nname = "s{n}"\npath = "a{n}"\n' for n in range(count))
    return FOLDERS + named


def found(service: Service) -> tuple[set[str], set[str]]:
    """What is looked at and wrong: gravely, or not."""
    del service.app.__dict__["numbers"]  # what was kept of the last look
    said = look(service.app)
    return (
        {one.check for one in said if one.grave},
        {one.check for one in said if not one.grave} - {"disk"},
    )


@pytest.fixture(autouse=True)
def _kept(service: Service) -> None:
    service.app.numbers  # noqa: B018 - made, so that it can be thrown away


@pytest.fixture
def running(service: Service) -> Service:
    service.write("a.txt", "Title\n2025-05-01\n\nText.\n")
    service.sync()
    service.app.numbers  # noqa: B018
    return service


def test_a_service_that_is_well_is_ready(running: Service) -> None:
    assert found(running) == (set(), set())


def test_before_anything_is_built_it_is_not(service: Service) -> None:
    service.public.mkdir()

    assert found(service) == ({"feeds"}, set())


def test_a_feed_that_is_new_is_waited_for(running: Service) -> None:
    text = (running.root / "feedsvc.toml").read_text()
    running.configure(f'{text}\n[[feed]]\nname = "all"\n[[feed]]\nname = "politik"\n')
    running.app.numbers  # noqa: B018
    assert found(running) == ({"feeds"}, set())

    running.sync()

    assert found(running) == (set(), set())


def test_one_feed_that_is_held_keeps_no_other_from_its_readers(running: Service) -> None:
    with closing(sqlite3.connect(running.root / "var" / "feedsvc.db")) as connection, connection:
        connection.execute("UPDATE feed SET held = 'not fit'")

    assert found(running) == (set(), {"feeds"})


def test_if_all_are_held_from_the_start_there_is_nothing_to_read(running: Service) -> None:
    with closing(sqlite3.connect(running.root / "var" / "feedsvc.db")) as connection, connection:
        connection.execute("UPDATE feed SET held = 'not fit', built = NULL")

    assert found(running) == ({"feeds"}, set())


@pytest.mark.parametrize(
    ("there", "hours", "expected"),
    [
        pytest.param([True, True, True], 0, (set(), set()), id="all-are-well"),
        pytest.param([True, True, False], 0, (set(), {"sources"}), id="one-fails"),
        pytest.param([True, False, False], 0, (set(), {"sources"}), id="most-fail"),
        pytest.param([False, False, False], 0, ({"sources"}, set()), id="none-was-ever-well"),
        pytest.param([False], 0, (set(), {"sources"}), id="a-single-one"),
    ],
)
def test_sources_that_fail(
    service: Service, there: list[bool], hours: int, expected: tuple[set[str], set[str]]
) -> None:
    service.configure(folders(len(there)))
    for number, is_there in enumerate(there):
        if is_there:
            (service.root / f"a{number}").mkdir()
    service.sync()
    service.app.numbers  # noqa: B018

    assert found(service) == expected


def test_no_network_for_a_while_is_a_warning_and_for_long_a_reason(service: Service) -> None:
    service.configure(folders(2))
    places = [service.root / "a0", service.root / "a1"]
    for place in places:
        place.mkdir()
    service.sync()
    for place in places:
        place.rmdir()
    service.clock.tick(minutes=10)
    service.sync(force=True)
    service.app.numbers  # noqa: B018

    assert found(service) == (set(), {"sources"})
    service.clock.tick(minutes=55)
    assert found(service) == ({"sources"}, set())


def test_an_output_directory_that_is_gone(running: Service) -> None:
    running.public.rename(running.root / "elsewhere")

    assert found(running)[0] == {"output"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_output_directory_that_cannot_be_written(running: Service) -> None:
    running.public.chmod(0o500)
    try:
        assert found(running)[0] == {"output"}
    finally:
        running.public.chmod(0o700)


def test_a_store_that_is_gone(running: Service) -> None:
    (running.root / "var" / "feedsvc.db").unlink()

    assert "store" in found(running)[0]


def test_a_store_that_is_busy_is_only_then_a_reason_when_it_stays_so(
    running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(running.root / "var" / "feedsvc.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert found(running) == (set(), {"store"})
        monkeypatch.setattr(health, "BUSY", 0.0)
        assert found(running) == ({"store"}, set())

    assert found(running) == (set(), set())
    assert running.app.metrics.busy_since is None


def test_a_disk_that_is_full(running: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FULL", 2**80)

    assert found(running)[0] == {"disk"}


def test_a_daemon_that_stands_still(running: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STILL", 0.0)
    time.sleep(0.01)
    assert found(running) == (set(), set())  # there is no daemon

    running.app.attend(lambda: None)

    assert found(running) == ({"daemon"}, set())


def asked(service: Service, how: Callable[..., object], path: str, body: bytes = b"") -> object:
    return asyncio.run(how(service.app, Call("ASK", path, "", {}, body)))  # type: ignore[arg-type]


def test_what_the_server_is_told(running: Service) -> None:
    running.public.rename(running.root / "elsewhere")

    reply = asyncio.run(answer(running.app, Call("ASK", "ready", "", {}, b"")))

    told = json.loads(reply.body)
    assert (reply.status, set(told)) == (200, {"reasons", "warnings"})
    assert told["reasons"]["output"] == f"{running.public} is not there"


@pytest.mark.parametrize("path", ["ready", "metrics", "anything", "audience/salt"])
def test_a_server_without_a_daemon_asks_in_vain_where_there_is_no_store(
    tmp_path: Path, make_service: Callable[..., Service], path: str
) -> None:
    service = make_service(name="only-files")

    reply = asyncio.run(
        answer_beside(service.app, Call("ASK", path, "", {}, b'{"day": "2025-06-01"}'))
    )

    assert reply.status == 404
    assert not (service.root / "var").exists()


def test_what_readers_send_is_for_the_desk(running: Service) -> None:
    reply = asyncio.run(answer(running.app, Call("GET", "/metrics", "", {}, b"")))

    assert reply.status == 404
