"""Twins: two articles of one id, of which one stands in an archive, and the other in for it.

An id has one position in a feed. There stands who entered first, and while that one is not to be
shown, another of its id; the page is written exactly when that makes a difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import Service, readable
from tests.walker import walk

BASE = "https://news.example.org"
CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "UTC"
id_domain = "news.example.org"
id_since = "2025-01-01"

[publish]
pages = false

[[source]]
name = "desk"
path = "articles"

[[source]]
name = "wire"
path = "wire"

[[feed]]
name = "all"
archive = true
page_size = 3
limit = 3
exclude_tags = ["inner"]
formats = ["atom"]
"""
ID = "https://id.example.org/crane"
FIRST = "all/archive/1/atom.xml"


class Twins(Service):
    """Two sources, an id that both may tell, and the archive of a feed of both."""

    def tell(self, source: str, words: str | None = None, **front: str) -> None:
        """The article of the id, in one of the sources."""
        words = words or f"Words of the {source}."
        self._put(source, "crane", f"The crane of the {source}", words, id=ID, **front)

    def embargoed_heron(self, *, hours: float) -> None:
        """An article of the desk that falls due in so many hours, and has another id."""
        due = f"{self.clock.now() + timedelta(hours=hours):%Y-%m-%d %H:%MZ}"
        self._put("desk", "heron", "The heron", "Of another bird.", embargo=due)

    def same_story(self, *titles: str) -> None:
        """As if these were found on one page, which only remote sources are asked for."""
        with closing(sqlite3.connect(next((self.root / "var").glob("*.db")))) as connection:
            told = "UPDATE article SET canon = x'01' WHERE title LIKE ?"
            found = connection.executemany(told, [(title,) for title in titles]).rowcount
            connection.commit()
        assert found == len(titles)

    def drop(self, source: str) -> None:
        """Its source deletes it."""
        (self.root / ("articles" if source == "desk" else source) / "crane.md").unlink()

    def fill(self) -> None:
        """Enough younger articles to close the page of the id, and one more."""
        for day in range(2, 9):
            self._put("desk", f"t{day}", f"Tide {day}", "Calm.", date=f"2025-01-{day:02}")

    def _put(self, source: str, name: str, title: str, words: str, **front: str) -> None:
        front = {"title": title, "date": "2025-01-01", **front}
        lines = "\n".join(f"{key}: {value}" for key, value in front.items())
        folder = "articles" if source == "desk" else source
        self.write(f"../{folder}/{name}.md", f"---\n{lines}\n---\n\n{words}\n")

    def turn(self, *, hours: float = 1) -> set[str]:
        """What a sync some hours later writes of the archive; all built anew is the same."""
        before = self.pages()
        self.clock.tick(hours=hours)
        self.sync(force=True, trust_loss=True)
        after = self.pages()
        self.regenerate(everything=True)
        assert self.pages() == after, "a build of what is touched leaves something out"
        return {
            path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }

    def pages(self) -> dict[str, tuple[int, bytes]]:
        return {
            path: found
            for path, found in self.snapshot().items()
            if "/archive/" in path and path.endswith("atom.xml")
        }

    def told(self) -> list[str]:
        """Whose article of the id stands in the archive: of each page that has one."""
        walked = walk(f"{BASE}/all/atom.xml", lambda url: self.published(url[len(BASE) + 1 :]))
        entries = [entry for page in walked if page.archive for entry in page.entries]
        assert len({entry.id for entry in entries}) == len(entries)
        return [entry.title.rpartition(" ")[2] for entry in entries if entry.id == ID]

    def holding(self, words: str) -> list[str]:
        """The files in which these words stand, however they are packed."""
        return [path for path, text in readable(self.public).items() if words in text]


@pytest.fixture
def alone(tmp_path: Path) -> Twins:
    """The one of the desk stands on a closed page, and has no twin yet."""
    service = Twins(root=tmp_path)
    (tmp_path / "wire").mkdir()
    service.configure(CONFIG)
    service.tell("desk")
    service.fill()
    service.sync()
    return service


@pytest.fixture
def service(alone: Twins) -> Twins:
    """The one of the desk came first, and the wire tells it as well."""
    alone.clock.tick(hours=1)
    alone.tell("wire")
    alone.sync(force=True)
    return alone


def test_the_one_that_came_first_stands_there(service: Twins) -> None:
    written = service.turn()

    assert written == set()
    assert service.told() == ["desk"]
    assert service.holding("Words of the wire") == []


LEAVES = [
    pytest.param(lambda s: s.drop("desk"), id="it-is-deleted"),
    pytest.param(lambda s: s.tell("desk", draft="true"), id="it-becomes-a-draft"),
    pytest.param(lambda s: s.tell("desk", embargo="2030-01-01"), id="it-is-embargoed"),
    pytest.param(lambda s: s.tell("desk", expires="2025-02-01"), id="it-has-expired"),
    pytest.param(lambda s: s.tell("desk", tags="[inner]"), id="it-belongs-elsewhere"),
]


@pytest.mark.parametrize("leave", LEAVES)
def test_its_twin_stands_in_its_place_until_it_comes_back(
    service: Twins, leave: Callable[[Twins], None]
) -> None:
    leave(service)
    written = service.turn()

    assert (written, service.told()) == ({FIRST}, ["wire"])
    assert service.holding("Words of the desk") == []
    assert service.turn() == set()

    service.tell("desk")

    assert (service.turn(), service.told()) == ({FIRST}, ["desk"])
    assert service.holding("Words of the wire") == []
    assert service.turn() == set()


def test_what_becomes_of_the_other_one_writes_no_page(service: Twins) -> None:
    service.tell("wire", "Other words of the wire.")
    corrected = service.turn()
    service.drop("wire")

    assert (corrected, service.turn()) == (set(), set())
    assert service.told() == ["desk"]


def test_a_verdict_is_on_both_of_them(service: Twins) -> None:
    service.app.store.withdraw([ID], reason="so it was asked", now=service.clock.now())

    assert (service.turn(), service.told()) == ({FIRST}, [])
    assert service.holding("Words of the") == []

    service.app.store.restore([ID], now=service.clock.now())

    assert (service.turn(), service.told()) == ({FIRST}, ["desk"])


def test_a_correction_of_the_one_that_stands_in_is_told(service: Twins) -> None:
    service.drop("desk")
    service.turn()

    service.tell("wire", "Corrected by the wire.")

    assert (service.turn(), service.told()) == ({FIRST}, ["wire"])
    assert FIRST in service.holding("Corrected by the wire")


def test_time_alone_gives_the_place_to_the_twin_and_back(service: Twins) -> None:
    noon = service.clock.now()
    service.tell("desk", expires=f"{noon.replace(day=noon.day + 1):%Y-%m-%d %H:%MZ}")
    service.turn()

    written = service.turn(hours=30)

    assert (written, service.told()) == ({FIRST}, ["wire"])


def test_when_both_have_gone_the_place_is_empty_and_stays_theirs(service: Twins) -> None:
    service.drop("desk")
    service.drop("wire")
    gone = service.turn()
    service.tell("wire")

    assert (gone, service.turn(), service.told()) == ({FIRST}, {FIRST}, ["wire"])


def test_a_twin_that_comes_while_the_place_is_empty_takes_it(service: Twins) -> None:
    service.drop("wire")
    service.drop("desk")
    service.turn()

    service.tell("wire", "Told anew by the wire.", date="2025-03-01")
    written = service.turn()

    assert (written, service.told()) == ({FIRST}, ["wire"])


def test_who_stands_in_goes_when_another_source_had_its_story_first(alone: Twins) -> None:
    alone.embargoed_heron(hours=10)
    alone.turn()
    alone.tell("wire")
    alone.drop("desk")
    alone.turn()
    alone.same_story("%heron%", "%wire%")
    assert alone.told() == ["wire"]

    written = alone.turn(hours=12)

    assert FIRST in written
    assert alone.told() == []
