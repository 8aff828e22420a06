"""`feedsvc run` as a real process, with remote sources on loopback."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE, Daemon, write
from tests.feedserver import Answer, FeedServer, Page, Raw
from tests.planet import rss, story

CONFIG = """
[site]
title = "Harbour Planet"
base_url = "https://planet.example.org"
[sync]
allow_networks = ["127.0.0.0/8"]
timeout = "40s"
per_host = 16
"""

DESK = """
[[source]]
name = "desk"
path = "articles"
settle = "1s"
every = "1s"
"""

HANGING = Raw([120.0])  # says nothing for longer than any test takes
MANY = 400  # of which a daemon that is told to end has asked a part


class Planet(Daemon):
    """A folder with a configuration, its server, and the commands at work in it."""

    def __init__(self, root: Path, server: FeedServer) -> None:
        super().__init__(root)
        self.server = server
        (root / "articles").mkdir()

    def configure(self, *sources: str, every: str = "1h", more: str = "") -> None:
        """Make these paths of the server the sources, each by its own name."""
        told = "".join(
            f'[[source]]\nname = "{name}"\nurl = "{self.server.url(f"/{name}")}"\n'
            f'every = "{every}"\n'
            for name in sources
        )
        (self.root / "feedsvc.toml").write_text(CONFIG + told + more)

    def put(self, name: str, *numbers: int, **page: Any) -> None:
        """Let a source hold these stories."""
        stories = (
            story(
                n, title=f"{name} {n}", guid=f"{name}-{n}", link=f"https://{name}.example.org/{n}"
            )
            for n in numbers
        )
        self.server[f"/{name}"] = Page(body=rss(*stories), **page)

    def drop(self, name: str) -> None:
        """Put a finished text into the folder."""
        write(self.root / f"articles/{name}.txt", name)

    # -- what became of it ---------------------------------------------------------------------

    def ready(self) -> bool:
        """Whether the first tick is over, of the last start."""
        return "feeds, with their entries" in self.said.rpartition("publishing to")[2]

    def asked(self, name: str) -> int:
        return len(self.server.asked(f"/{name}"))

    def store(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.root / "var/feedsvc.db", timeout=PATIENCE)) as database:
            found = database.execute(query).fetchall()
            database.commit()
            return found

    def leases(self) -> list[tuple[Any, ...]]:
        return self.store("SELECT name FROM source WHERE lease IS NOT NULL")


@pytest.fixture
def planet(tmp_path: Path, feed_server: FeedServer) -> Iterator[Planet]:
    found = Planet(tmp_path, feed_server)
    yield found
    found.kill()


class TestSchedule:
    def test_a_hanging_source_holds_up_neither_folders_nor_builds_nor_others(
        self, planet: Planet
    ) -> None:
        planet.server["/hanging"] = HANGING
        planet.put("quick", 1)
        planet.configure("hanging", "quick", every="1s", more=DESK)
        planet.start()

        planet.wait_for(lambda: planet.titles() == {"quick 1"})
        planet.drop("text")
        planet.wait_for(lambda: planet.titles() == {"quick 1", "text"})
        planet.put("quick", 1, 2)
        planet.wait_for(lambda: planet.titles() == {"quick 1", "quick 2", "text"})

        assert planet.asked("hanging") == 1
        assert "quick: 1 new" in planet.said

    def test_nothing_is_asked_twice_at_a_start_or_at_the_next(self, planet: Planet) -> None:
        names = ("ferry", "quay", "crane")
        for name in names:
            planet.put(name, 1)
        planet.server["/broken"] = Answer(status=500)
        planet.configure(*names, "broken")
        for number in (signal.SIGTERM, signal.SIGINT):
            planet.start()
            planet.wait_for(lambda: len(planet.titles()) == 3 and planet.ready())
            time.sleep(1.5)  # one more tick
            planet.end(number)

        asked = {name: planet.asked(name) for name in (*names, "broken")}

        assert asked == dict.fromkeys((*names, "broken"), 1)

    def test_a_source_is_asked_again_when_it_is_due_and_told_of_once(self, planet: Planet) -> None:
        planet.put("ferry", 1)
        planet.configure("ferry", every="1s")
        planet.start()
        planet.wait_for(lambda: planet.asked("ferry") >= 3)

        requests = planet.server.asked("/ferry")

        assert all("if-none-match" in request.headers for request in requests[1:])
        assert planet.said.count("ferry:") == 1

    def test_what_is_paused_or_parked_is_left_alone_until_another_process_resumes_it(
        self, planet: Planet
    ) -> None:
        for name in ("ferry", "quay", "crane"):
            planet.put(name, 1)
        planet.configure("ferry", "quay", "crane")
        paused = planet.run("source", "pause", "ferry")
        planet.store("UPDATE source SET state = 'parked', reason = 'gone' WHERE name = 'crane'")
        planet.start()
        planet.wait_for(lambda: planet.titles() == {"quay 1"} and planet.ready())
        time.sleep(1.5)  # one more tick
        before = planet.asked("ferry"), planet.asked("crane")
        resumed = planet.run("source", "resume", "ferry")

        planet.wait_for(lambda: planet.titles() == {"quay 1", "ferry 1"})

        assert (paused.returncode, resumed.returncode) == (0, 0), paused.stderr + resumed.stderr
        assert before == (0, 0)
        assert (planet.asked("quay"), planet.asked("crane")) == (1, 0)

    def test_the_feeds_of_an_opml_file_come_and_go_with_it(self, planet: Planet) -> None:
        def listing(*names: str) -> Page:
            lines = (f'<outline type="rss" xmlUrl="{planet.server.url(f"/{n}")}"/>' for n in names)
            return Page(body=f'<opml version="2.0"><body>{"".join(lines)}</body></opml>'.encode())

        for name in ("ferry", "quay", "crane"):
            planet.put(name, 1)
        planet.server["/list"] = listing("ferry", "quay", "crane")
        list_source = '[[source]]\nname = "list"\nkind = "opml"\nevery = "1s"\nurl = "{}"\n'
        planet.configure(more=list_source.format(planet.server.url("/list")))
        planet.start()
        planet.wait_for(lambda: planet.titles() == {"ferry 1", "quay 1", "crane 1"})
        planet.server["/list"] = listing("ferry", "crane")

        planet.wait_for(lambda: planet.titles() == {"ferry 1", "crane 1"})

        planet.server["/list"] = listing("ferry", "crane", "quay")
        planet.wait_for(lambda: planet.titles() == {"ferry 1", "quay 1", "crane 1"})

    def test_nobody_is_asked_over_and_over_while_the_store_takes_nothing(
        self, planet: Planet
    ) -> None:
        planet.put("ferry", 1)
        planet.configure("ferry", more=DESK)
        planet.run("sync", "--offline", "--no-build")
        planet.store(
            "CREATE TRIGGER full BEFORE UPDATE OF next_due ON source WHEN NEW.name = 'ferry' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
        planet.start()
        planet.wait_for(lambda: "visits: " in planet.said and planet.ready())
        planet.drop("text")
        planet.wait_for(lambda: planet.titles() == {"text"})
        time.sleep(1.5)  # one more tick

        assert planet.asked("ferry") == 1
        assert planet.said.count("disk is full") == 1


class TestEnd:
    @pytest.mark.parametrize(
        ("number", "code"),
        [
            pytest.param(signal.SIGTERM, 0, id="sigterm-is-a-clean-end"),
            pytest.param(signal.SIGINT, 130, id="ctrl-c-is-an-interrupt"),
        ],
    )
    def test_visits_under_way_are_given_up_and_what_was_read_is_kept(
        self, planet: Planet, number: signal.Signals, code: int
    ) -> None:
        planet.put("quick", 1, 2)
        planet.server["/hanging"] = HANGING
        planet.configure("quick", "hanging")
        planet.start()
        planet.wait_for(lambda: planet.asked("hanging") and planet.asked("quick"))
        planet.wait_for(planet.ready)
        time.sleep(1)  # the quick one is read

        ended = planet.end(number)  # which would not wait as long as the hanging one does

        assert ended == code
        assert "Traceback" not in planet.said
        assert "ending" in planet.said.splitlines()
        assert planet.leases() == []
        titles = {title for (title,) in planet.store("SELECT title FROM article")}
        known = planet.store(
            "SELECT name FROM source JOIN remote ON source_id = source.id WHERE etag IS NOT NULL"
        )
        assert titles == {"quick 1", "quick 2"}
        assert known == [("quick",)]

    def test_in_the_middle_of_a_sync_of_hundreds_what_was_read_is_kept_and_the_rest_is_due(
        self, planet: Planet
    ) -> None:
        names = [f"s{number}" for number in range(MANY)]
        for name in names:
            body = rss(story(1, title=f"{name} 1", guid=name, link=f"https://{name}.example.org/1"))
            planet.server[f"/{name}"] = Answer(body=body, delay=0.2)
        planet.configure(*names)
        planet.start()
        planet.wait_for(lambda: sum(map(planet.asked, names)) >= MANY / 4)

        ended = planet.end()

        assert ended == 0
        asked = {name for name in names if planet.asked(name)}
        kept = {name for (name,) in planet.store("SELECT name FROM source WHERE last_ok > 0")}
        due = {name for (name,) in planet.store("SELECT name FROM source WHERE next_due IS NULL")}
        assert len(asked) < MANY
        assert len(kept) > len(asked) / 2  # the others were on their way when it was told to end
        assert kept | due == set(names)
        assert {title.split()[0] for (title,) in planet.store("SELECT title FROM article")} == kept
        planet.start()
        planet.wait_for(lambda: len(planet.store("SELECT 1 FROM article")) == MANY)
        assert all(planet.asked(name) == 1 for name in kept)

    def test_what_was_given_up_is_asked_at_the_next_start(self, planet: Planet) -> None:
        planet.server["/ferry"] = HANGING
        planet.configure("ferry")
        planet.start()
        planet.wait_for(lambda: planet.asked("ferry"))
        planet.end()
        planet.put("ferry", 1)

        planet.start()

        planet.wait_for(lambda: planet.titles() == {"ferry 1"})
        assert planet.asked("ferry") == 2


class TestOthersBesideIt:
    def test_a_second_one_is_refused(self, planet: Planet) -> None:
        planet.put("ferry", 1)
        planet.configure("ferry")
        planet.start()
        planet.wait_for(planet.ready)

        second = planet.run("run", "--no-server")

        assert second.returncode == 6
        assert "another `feedsvc run` is at work on this store" in second.stderr
        assert planet.asked("ferry") == 1

    def test_a_sync_by_hand_leaves_to_it_what_it_is_asking(self, planet: Planet) -> None:
        planet.put("quick", 1)
        planet.server["/hanging"] = HANGING
        planet.configure("quick", "hanging")
        planet.start()
        planet.wait_for(lambda: planet.asked("hanging") and planet.titles() == {"quick 1"})
        planet.put("quick", 1, 2)

        done = planet.run("sync", "--force", "--json")

        assert done.returncode == 0, done.stderr
        told = {one["name"]: one for one in json.loads(done.stdout)["sources"]}
        assert told["hanging"]["outcome"] == "skipped"
        assert told["hanging"]["reason"] == "another feedsvc is asking it"
        assert (told["quick"]["outcome"], told["quick"]["new"]) == ("ok", 1)
        assert planet.asked("hanging") == 1

    def test_what_a_killed_sync_was_asking_it_asks_itself(self, planet: Planet) -> None:
        planet.put("quick", 1)
        planet.server["/late"] = HANGING
        planet.configure("quick")
        planet.start()
        planet.wait_for(lambda: planet.titles() == {"quick 1"})
        planet.configure("quick", "late")
        planet.end()  # so that the next one knows both
        planet.run("source", "pause", "late")
        planet.start()
        planet.wait_for(planet.ready)
        # The lease of a run that is over, as a kill leaves it behind: nobody holds its slot.
        planet.store("UPDATE source SET lease = '7-0123456789ab' WHERE name = 'late'")
        planet.put("late", 1)

        planet.run("source", "resume", "late")

        planet.wait_for(lambda: planet.titles() == {"quick 1", "late 1"})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU time is read from /proc")
def test_thousands_of_sources_that_are_not_due_cost_next_to_nothing(planet: Planet) -> None:
    """Measured 0.4 s of CPU a minute, with a folder that is looked into every second."""
    planet.configure(*(f"s{number}" for number in range(2000)), more=DESK)
    planet.drop("text")
    planet.run("sync", "--offline", "--no-build")
    planet.store(f"UPDATE source SET next_due = {int(time.time()) + 86_400} WHERE name != 'desk'")
    process = planet.start()
    planet.wait_for(lambda: planet.ready() and planet.titles() == {"text"})

    def spent() -> float:
        after_name = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    before = spent()
    time.sleep(5)

    assert spent() - before < 0.5
    assert planet.server.log == []
