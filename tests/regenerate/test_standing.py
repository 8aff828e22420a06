"""What stands in published documents need not pass the gate again, nor be rendered again.

And when it must: whenever it is not certain that it passed, under the same head and rules.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from feedsvc.gate.document import LARGE as SAID_TO_BE_LARGE
from feedsvc.model import Finding, Format
from feedsvc.regenerate.remembered import MOST, Remembered
from feedsvc.regenerate.standing import LARGE
from tests.support import Service

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[publish]
sitemap = false

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"
archive = true
limit = 5
"""
MARKS = {"atom": b"<entry", "rss": b"<item", "json": b'{"id":'}


@dataclass
class Gated(Service):
    """A service whose gate remembers how many entries of which document it was shown."""

    shown: list[tuple[str, int]] = field(default_factory=list)
    refused: bytes | None = None  # what no document may hold

    def fill(self, count: int) -> None:
        for number in range(count):
            self.put(number)
        self.sync()
        self.watch()
        self.clock.tick(hours=1)

    def put(self, number: int, words: str = "Calm.") -> None:
        self.write(f"t{number:02}.txt", f"Tide table {number}\n2025-03-{1 + number:02}\n\n{words}")

    def watch(self) -> None:
        inner = self.app.press.gate

        def gate(body: bytes, format: str, url: str | None) -> tuple[Finding, ...]:
            assert url is not None
            if format in MARKS:
                path = url.removeprefix("https://news.example.org/")
                self.shown.append((path, body.count(MARKS[format])))
            found = inner(body, format, url)
            if self.refused is not None and self.refused in body:
                return (*found, Finding(code="refused", message="these words"))
            return found

        self.app.__dict__["press"] = replace(self.app.press, gate=gate)

    def build(self, **options: Any) -> list[tuple[str, int]]:
        """What the gate is shown in the build after a sync."""
        self.shown.clear()
        self.sync(build=False)
        report = self.regenerate(**options)
        held = [one.path for one in report.publications if one.feed and one.outcome == "held"]
        assert held == []
        self.clock.tick(hours=1)
        return self.shown

    def titles(self, path: str = "all/feed.json") -> list[str]:
        return [item["title"] for item in json.loads(self.published(path))["items"]]


@pytest.fixture
def service(tmp_path: Path) -> Gated:
    service = Gated(root=tmp_path)
    service.configure(CONFIG)
    return service


def _three(folder: str, entries: int) -> list[tuple[str, int]]:
    return [(f"{folder}/{format.filename}", entries) for format in Format]


ALL, PAGE = "all", "all/archive/1"


def test_of_a_document_with_one_edit_the_gate_is_shown_that_entry(service: Gated) -> None:
    service.fill(4)

    service.put(3, "Storm.")

    assert service.build() == _three(ALL, 1)


def test_the_newest_entry_is_shown_beside_an_edit_that_names_another_moment(
    service: Gated,
) -> None:
    service.fill(4)
    service.write("t03.txt", "Tide table 3\n2025-03-04\nUpdated: 2025-05-20 12:00\n\nStorm.")
    service.build()

    service.write("t01.txt", "Tide table 1\n2025-03-02\nUpdated: 2025-04-01 12:00\n\nStorm.")

    # A feed may not be older than any of its entries: that is judged by the newest.
    assert service.build() == _three(ALL, 2)


def test_when_one_goes_the_gate_is_shown_the_head_and_the_newest(service: Gated) -> None:
    service.fill(4)

    service.remove("t01.txt")

    assert service.build() == _three(ALL, 1)


def test_of_an_archive_page_the_gate_is_shown_what_changed(service: Gated) -> None:
    service.fill(12)

    service.put(2, "Storm.")

    shown = service.build()
    # It reappears in the subscription document, where it is new.
    assert sorted(shown) == sorted(_three(ALL, 1) + _three(PAGE, 1))


def _altered(service: Gated) -> None:
    path = service.public / "all" / "atom.xml"
    told = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Calm.", b"Fair."))
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def _retitled(service: Gated) -> None:
    service.configure(CONFIG.replace("Harbour News", "Harbour Post"))
    service.watch()


def _deleted(service: Gated) -> None:
    (service.public / "all" / "atom.xml").unlink()


@pytest.mark.parametrize(
    ("harm", "entries"),
    [
        pytest.param(_altered, {"atom.xml": 4, "rss.xml": 1, "feed.json": 1}, id="altered"),
        pytest.param(_deleted, {"atom.xml": 4, "rss.xml": 1, "feed.json": 1}, id="not-there"),
        pytest.param(_retitled, {"atom.xml": 4, "rss.xml": 4, "feed.json": 4}, id="another-head"),
    ],
)
def test_what_cannot_be_relied_on_is_shown_as_a_whole(
    service: Gated, harm: Callable[[Gated], None], entries: dict[str, int]
) -> None:
    service.fill(4)
    harm(service)

    service.put(3, "Storm.")

    assert dict(service.build()) == {f"all/{name}": count for name, count in entries.items()}


@pytest.mark.parametrize("harm", [_altered, _deleted])
def test_what_was_written_a_moment_ago_is_known_whatever_became_of_the_file(
    service: Gated, harm: Callable[[Gated], None]
) -> None:
    service.fill(4)
    service.put(3, "Storm.")
    service.build()
    harm(service)

    service.put(2, "Rain.")

    # The newest one is shown, too: it was updated in the same moment as this one, or later.
    assert {count for _, count in service.build()} <= {1, 2}
    atom = service.published("all/atom.xml")
    assert [atom.count(one) for one in (b"Storm.", b"Rain.", b"Calm.", b"Fair.")] == [1, 1, 2, 0]


def test_as_much_is_remembered_as_there_is_room_for_by_what_was_asked_for_last() -> None:
    remembered = Remembered()
    third = {"urn:x": bytes(MOST // 3)}
    for name in (b"a", b"b", b"c"):
        remembered.put(name, third)
    assert remembered.of(b"a") == third

    remembered.put(b"d", third)
    remembered.put(b"d", third)

    assert [name for name in (b"a", b"b", b"c", b"d") if remembered.of(name)] == [b"a", b"c", b"d"]


def test_after_a_build_that_was_held_all_is_shown(service: Gated) -> None:
    service.fill(4)
    folder = service.public / "all"
    (folder / "atom.xml.gz").unlink()
    (folder / "atom.xml.gz").mkdir()  # in the way of a file
    service.put(3, "Storm.")
    service.sync(build=False)
    assert any(one.outcome == "held" for one in service.regenerate().publications)
    (folder / "atom.xml.gz").rmdir()
    service.clock.tick(hours=1)

    service.put(3, "Gale.")

    assert service.build() == _three(ALL, 4)


def test_a_new_entry_that_does_not_pass_is_left_out_and_named(service: Gated) -> None:
    service.fill(4)
    service.refused = b"Whirlpool"

    service.put(3, "Whirlpool.")
    service.build()

    assert service.titles() == ["Tide table 2", "Tide table 1", "Tide table 0"]
    (problem,) = service.regenerate().left_out
    assert problem.path == "tag:news.example.org,2025-01-01:desk/t03"
    assert problem.reason == "left out of all: refused: these words"


def test_an_entry_that_is_kept_but_never_passed_is_shown_again(service: Gated) -> None:
    service.fill(4)
    service.refused = b"Whirlpool"
    service.put(3, "Whirlpool.")
    service.build()

    service.put(2, "Storm.")
    shown = service.build()

    assert ("all/atom.xml", 2) in shown  # the edit, and the one that is in no document
    assert "Tide table 3" not in service.titles()


def test_a_change_of_an_archive_page_leaves_out_what_does_not_pass(service: Gated) -> None:
    service.fill(12)
    service.refused = b"Whirlpool"

    service.put(2, "Whirlpool.")
    service.build()

    titles = service.titles(f"{PAGE}/feed.json")
    assert titles == [f"Tide table {number}" for number in (4, 3, 1, 0)]


def test_entries_of_deleted_ones_are_compared_with_all(service: Gated) -> None:
    service.configure(CONFIG + "deleted_entries = true\n")
    service.fill(4)
    service.remove("t01.txt")
    service.build()

    service.put(3, "Storm.")

    assert service.build() == _three(ALL, 3)


def test_a_document_that_is_large_is_shown_as_a_whole(service: Gated) -> None:
    assert LARGE <= SAID_TO_BE_LARGE
    for number in range(4):
        service.put(number, "The tide comes and goes. " * 6_000)
    service.sync()
    service.watch()

    service.put(3, "Storm.")
    service.build()
    assert {entries for _, entries in service.shown} == {1}
    service.put(2, "The tide came and went. " * 20_000)

    # What was found is told, and of the whole.
    assert {4, 1} >= {entries for _, entries in service.build()} >= {4}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda service: service.put(2, "Storm."), id="edit-on-a-page"),
        pytest.param(lambda service: service.put(11, "Storm."), id="edit-of-the-newest"),
        pytest.param(lambda service: service.put(12), id="a-new-one-closes-no-page"),
        pytest.param(lambda service: [service.put(n) for n in range(12, 17)], id="a-page-closes"),
        pytest.param(lambda service: service.remove("t03.txt"), id="one-goes-from-a-page"),
        pytest.param(lambda service: service.remove("t11.txt"), id="the-newest-goes"),
        pytest.param(
            lambda service: service.write(
                "t02.txt", "Tide table 2\n2025-03-03\nSlug: spring-tide\n\nCalm."
            ),
            id="a-page-of-an-article-moves",
        ),
        pytest.param(
            lambda service: service.write(
                "t02.txt", "Tide table 2\n2025-03-03\nLink: https://else.example.org/2\n\nCalm."
            ),
            id="an-article-gets-a-link",
        ),
        pytest.param(
            lambda service: service.app.store.hide(
                ["tag:news.example.org,2025-01-01:desk/t04"], now=service.clock.now()
            ),
            id="one-is-hidden",
        ),
    ],
)
def test_what_is_taken_over_is_what_would_be_rendered(
    service: Gated, change: Callable[[Gated], object]
) -> None:
    service.fill(12)

    change(service)
    service.build(verify=False)
    before = service.snapshot()
    service.regenerate(everything=True)

    assert service.snapshot() == before
