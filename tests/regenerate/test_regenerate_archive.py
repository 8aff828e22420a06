"""Archives (RFC 5005 §4), as a reader sees them who walks back from the subscription document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from feedsvc.model import Format
from tests.support import Service
from tests.walker import Page, merged, read, walk

BASE = "https://news.example.org"
CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[publish]
pages = false

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"
archive = true
limit = 5
"""


class Archived(Service):
    """A service whose feed keeps an archive, and a reader of its files."""

    def put(self, number: int, *, day: int | None = None, words: str = "Calm.") -> None:
        """Write an article of that number; `day` of 2025 is its date."""
        date = f"2025-{1 + (day or number) // 28:02}-{1 + (day or number) % 28:02}"
        text = f"Tide table number {number}\n{date}\n\n{words} The harbour of day {number}."
        self.write(f"t{number:03}.txt", text)

    def fill(self, numbers: range) -> None:
        for number in numbers:
            self.put(number)
        self.sync()

    def fetch(self, url: str) -> bytes:
        return self.published(url.removeprefix(f"{BASE}/"))

    def walk(self, format: Format = Format.ATOM) -> list[Page]:
        return list(walk(f"{BASE}/all/{format.filename}", self.fetch))

    def ids(self) -> set[str]:
        return {article.guid for article in self.stored().values()}

    def archive(self) -> dict[str, tuple[int, bytes]]:
        """Every archive document: mtime and bytes."""
        return {
            path: found
            for path, found in self.snapshot().items()
            if "/archive/" in path and path.endswith(("xml", "json"))
        }


@pytest.fixture
def service(tmp_path: Path) -> Archived:
    service = Archived(root=tmp_path)
    service.configure(CONFIG)
    return service


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("count", [0, 1, 5, 6, 10, 11, 23])
def test_a_walk_finds_every_article_and_none_twice_in_the_archive(
    service: Archived, format: Format, count: int
) -> None:
    service.fill(range(count))

    newest, *pages = service.walk(format)

    assert not newest.archive
    assert all(page.archive for page in pages)
    assert merged(iter([newest, *pages])).keys() == service.ids()
    listed = Counter(entry.id for page in pages for entry in page.entries)
    assert set(listed.values()) <= {1}
    assert {len(page.entries) for page in pages} <= {5}


def test_documents_are_linked_in_both_directions(service: Archived) -> None:
    service.fill(range(17))

    newest, *pages = service.walk()

    assert [page.url for page in pages] == [f"{BASE}/all/archive/{n}/atom.xml" for n in (3, 2, 1)]
    assert "next-archive" not in newest.links
    assert "current" not in newest.links
    for page in pages:
        assert page.links["self"] == page.url
        assert page.links["current"] == newest.url
    for older, newer in zip(pages[1:], pages, strict=False):
        assert older.links["next-archive"] == newer.url
    assert "prev-archive" not in pages[-1].links


def test_closed_pages_keep_their_bytes_while_articles_arrive(service: Archived) -> None:
    service.fill(range(12))
    before = service.archive()

    for number in range(12, 40):
        service.clock.tick(hours=1)
        # every third is told late: its day is long past
        service.put(number, day=number if number % 3 else number % 7)
        service.sync()

    after = service.archive()
    assert {path: after[path] for path in before} == before
    assert len(after) > len(before)
    assert merged(iter(service.walk())).keys() == service.ids()


def test_an_article_that_is_told_late_stands_in_the_newest_document(service: Archived) -> None:
    service.fill(range(20, 40))

    service.clock.tick(days=1)
    service.put(3)
    service.sync()

    newest = service.walk()[0]
    assert "Tide table number 3" in {entry.title for entry in newest.entries}


@pytest.mark.parametrize("format", Format)
def test_a_correction_rewrites_its_page_alone_and_reappears(
    service: Archived, format: Format
) -> None:
    service.fill(range(23))
    before = service.archive()

    service.clock.tick(days=90)
    service.put(2, words="Stormy.")
    service.sync()

    after = service.archive()
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {f"all/archive/1/{each.filename}" for each in Format}
    newest = service.walk(format)[0]
    assert "Stormy." in next(e.body for e in newest.entries if e.title == "Tide table number 2")


def test_a_correction_leaves_the_newest_document_as_news_does(service: Archived) -> None:
    service.fill(range(23))
    service.clock.tick(days=1)
    service.put(2, words="Stormy.")
    service.sync()

    for number in range(23, 40):
        service.clock.tick(days=3)
        service.write(f"t{number:03}.txt", f"Tide table number {number}\n\nCalm again, {number}.")
        service.sync()

    newest, *pages = service.walk()
    assert "Tide table number 2" not in {entry.title for entry in newest.entries}
    assert "Stormy." in merged(iter(pages))[service.stored()["path:t002"].guid].body


def test_a_withdrawal_rewrites_its_page_alone(service: Archived) -> None:
    service.fill(range(23))
    before = service.archive()

    service.clock.tick(hours=1)
    service.remove("t007.txt")
    service.sync()

    after = service.archive()
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {f"all/archive/2/{each.filename}" for each in Format}
    assert all(b"number 7<" not in body for _, body in after.values())
    assert len(merged(iter(service.walk()))) == 22


def test_what_comes_back_stands_where_it_stood(service: Archived) -> None:
    service.fill(range(23))
    before = service.walk()[-1]
    service.remove("t001.txt")
    service.sync()

    service.clock.tick(hours=1)
    service.put(1)
    service.sync()

    assert [entry.id for entry in service.walk()[-1].entries] == [e.id for e in before.entries]


def test_the_size_of_a_page_stays_as_it_began(service: Archived) -> None:
    service.fill(range(23))
    before = {path: body for path, (_, body) in service.archive().items()}

    service.configure(CONFIG.replace("limit = 5", "limit = 7"))
    service.sync()

    after = {path: body for path, (_, body) in service.archive().items()}
    assert after == before
    assert len(service.walk()[0].entries) == 7


def test_a_reader_misses_nothing_whatever_happens_while_it_walks(service: Archived) -> None:
    """Between any two steps something arrives, is corrected or is told late."""
    service.fill(range(41))
    known: dict[str, str] = {}
    step = 0

    def fetch(url: str) -> bytes:
        nonlocal step
        step += 1
        service.clock.tick(hours=1)
        service.put(100 + step, day=step)
        service.put(200 + step, day=200 + step)
        service.put(step * 3 % 41, words=f"Corrected at step {step}.")
        service.sync()
        return service.fetch(url)

    began = service.ids()
    walked = merged(walk(f"{BASE}/all/atom.xml", fetch))

    assert began <= walked.keys()
    # the next poll of the newest document tells of all that was corrected meanwhile
    late = read(f"{BASE}/all/atom.xml", service.fetch(f"{BASE}/all/atom.xml"))
    caught_up = merged(iter([late, Page("", list(walked.values()), archive=False)]))
    known = {article.guid: article.html for article in service.stored().values()}
    for guid in began:
        assert caught_up[guid].body == known[guid]


def test_nothing_is_written_when_nothing_changed(service: Archived) -> None:
    service.fill(range(23))
    before = service.snapshot()

    service.restart()
    built = service.regenerate()

    assert {report.outcome for report in built.publications} == {"unchanged"}
    assert len(built.publications) == 3 * 5 + 1 + 3
    assert service.snapshot() == before


def test_a_page_that_was_lost_is_written_again(service: Archived) -> None:
    service.fill(range(23))
    before = {path: body for path, (_, body) in service.archive().items()}
    (service.public / "all/archive/2/rss.xml").unlink()

    service.regenerate()

    assert {path: body for path, (_, body) in service.archive().items()} == before


def test_an_archive_that_is_given_up_is_taken_down(service: Archived) -> None:
    service.fill(range(23))

    service.configure(CONFIG.replace("archive = true", ""))
    service.sync()

    assert service.archive() == {}
    assert not (service.public / "all/archive").exists()
    assert "prev-archive" not in service.walk()[0].links


def test_all_entries_rendered_anew_are_the_same(service: Archived) -> None:
    service.fill(range(23))
    before = service.snapshot()

    service.regenerate(everything=True)

    assert service.snapshot() == before


def test_a_check_writes_nothing(service: Archived) -> None:
    service.fill(range(8))
    before = service.snapshot()
    service.put(30)
    service.sync(build=False)

    service.regenerate(check=True)

    assert service.snapshot() == before


def test_other_rules_move_no_article_to_another_page(service: Archived) -> None:
    service.fill(range(23))

    service.configure(CONFIG.replace("limit = 5", "limit = 5\nexclude = 'day (3|4|12)\\b'"))
    service.sync()

    by_page = [[entry.title for entry in page.entries] for page in service.walk()[1:]]
    assert [len(titles) for titles in by_page] == [5, 4, 5, 3]
    assert "Tide table number 5" in by_page[-2]
