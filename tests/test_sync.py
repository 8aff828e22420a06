"""Stage 1 as a whole: a folder that is edited, moved and broken, and what the store makes of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedsvc.app.syncing import SyncReport
from feedsvc.errors import LockedError
from feedsvc.model import Article, State
from feedsvc.sync import BATCH
from tests.support import DEFAULT_CONFIG, NOON, Service

MakeService = Callable[..., Service]

GUID = "tag:news.example.org,2025-01-01:desk/"
DAY = timedelta(days=1)


def text(title: str, *head: str, body: str = "The ferry was late again.") -> str:
    return "\n".join([title, *head, "", body, ""])


def counts(report: SyncReport) -> tuple[int, int, int]:
    """New, changed, withdrawn."""
    (source,) = report.sources
    return source.new, source.changed, source.withdrawn


def outcome(report: SyncReport) -> str:
    (source,) = report.sources
    return source.outcome


def one(service: Service) -> Article:
    (article,) = service.stored().values()
    return article


def states(service: Service) -> dict[str, str]:
    """Where each article stands now, by the end of its id."""
    now = service.clock.now()
    return {a.guid.removeprefix(GUID): str(a.state_at(now)) for a in service.stored().values()}


def titles(service: Service) -> dict[str, str]:
    return {a.guid.removeprefix(GUID): a.title for a in service.stored().values()}


def entries(service: Service, feed: str = "all") -> list[str]:
    """The titles a reader sees."""
    return [item["title"] for item in json.loads(service.published(f"{feed}/feed.json"))["items"]]


def tables(service: Service) -> dict[str, list[Any]]:
    """Everything the store holds but when sources were asked."""
    with closing(sqlite3.connect(service.root / "var" / "feedsvc.db")) as connection:
        names = ("article", "body", "revision", "label", "file", "feed", "membership", "fragment",
                 "ledger")  # fmt: skip
        return {n: connection.execute(f"SELECT * FROM {n} ORDER BY 1, 2").fetchall() for n in names}


# -- new, edited, renamed, deleted ---------------------------------------------------------------


def test_a_new_file_is_a_new_article(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late", "2025-05-30"))

    report = service.sync()

    article = one(service)
    assert (outcome(report), counts(report)) == ("ok", (1, 0, 0))
    assert (article.guid, article.title) == (f"{GUID}ferry", "Ferry late")
    assert article.published == datetime(2025, 5, 29, 22, 0, tzinfo=UTC)  # midnight in Berlin
    assert (article.updated, article.first_seen) == (article.published, NOON)
    assert entries(service) == ["Ferry late"]


def test_a_second_sync_writes_nothing(service: Service) -> None:
    for number in range(5):
        service.write(f"{number}.txt", text(f"Article {number}", "Tags: sea"))
    service.write("empty.txt", "")
    service.sync()
    service.restart()
    before, published = tables(service), service.snapshot()

    service.clock.tick(days=1)
    report = service.sync()

    assert (outcome(report), counts(report)) == ("unchanged", (0, 0, 0))
    assert tables(service) == before
    assert service.snapshot() == published


def test_an_idle_sync_changes_one_row_of_the_database(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()
    engine = service.app.store._engine
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        before = driver.total_changes

        service.sync()

        assert driver is not None
        assert driver.total_changes - before <= 1  # when the source was asked


def test_an_edit_keeps_the_id_and_moves_updated(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late", "2025-05-30"))
    service.sync()
    before = one(service)

    service.clock.tick(days=1)
    service.write("ferry.txt", text("Ferry very late", "2025-05-30"))
    report = service.sync()

    after = one(service)
    assert counts(report) == (0, 1, 0)
    assert (after.guid, after.published, after.title) == (
        before.guid, before.published, "Ferry very late",
    )  # fmt: skip
    assert (after.updated, after.revision) == (NOON + DAY, 2)
    kept = tables(service)["revision"]
    assert [(row[1], row[3]) for row in kept] == [(1, "Ferry late")]


def test_a_silent_edit_reaches_the_feed_but_does_not_move_updated(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late", "2025-05-30", "Tags: sea"))
    service.sync()
    before = one(service)

    service.clock.tick(days=1)
    service.write("ferry.txt", text("Ferry late", "2025-05-30", "Tags: sea, fog"))
    report = service.sync()

    after = one(service)
    assert counts(report) == (0, 1, 0)
    assert (after.updated, after.revision, after.tags) == (before.updated, 2, ("sea", "fog"))
    assert b"fog" in service.published("all/atom.xml")


def test_an_edit_nobody_reads_changes_nothing_but_is_remembered(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late"))
    service.write("b.txt", text("B"))
    service.sync()

    service.write("ferry.txt", text("Ferry late") + "\n\n")
    first = service.sync()
    (service.articles_folder / "ferry.txt").rename(service.articles_folder / "boat.txt")
    second = service.sync()

    assert (counts(first), counts(second)) == ((0, 0, 0), (0, 0, 0))
    assert states(service) == {"ferry": "published", "b": "published"}


def test_a_touched_file_is_no_change(service: Service) -> None:
    path = service.write("ferry.txt", text("Ferry late", "Date: sometime"))
    service.sync()
    warned = service.problems()

    os.utime(path, (1e9, 1e9))
    report = service.sync()

    assert outcome(report) == "unchanged"
    assert service.problems() == warned != {}


def test_a_renamed_file_is_the_same_article(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late"))
    service.write("b.txt", text("B"))
    service.sync()
    published = service.snapshot()

    (service.articles_folder / "ferry.txt").rename(service.articles_folder / "boat.txt")
    report = service.sync()

    assert (outcome(report), counts(report)) == ("unchanged", (0, 0, 0))
    assert states(service) == {"ferry": "published", "b": "published"}
    assert service.snapshot() == published


def test_a_file_renamed_and_edited_is_known_by_its_id(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late", "Id: ferry-1"))
    service.write("b.txt", text("B"))
    service.sync()

    service.remove("ferry.txt")
    service.write("boat.txt", text("Boat late", "Id: ferry-1"))
    report = service.sync()

    assert counts(report) == (0, 1, 0)
    assert titles(service) == {"ferry-1": "Boat late", "b": "B"}


def test_a_file_renamed_and_edited_without_id_is_another_article(service: Service) -> None:
    service.write("ferry.txt", text("Ferry late"))
    service.write("b.txt", text("B"))
    service.sync()

    service.remove("ferry.txt")
    service.write("boat.txt", text("Boat late"))
    report = service.sync()

    assert counts(report) == (1, 0, 1)
    assert states(service) == {"ferry": "withdrawn", "boat": "published", "b": "published"}


def test_twenty_files_moved_into_a_subfolder_stay_what_they_are(service: Service) -> None:
    for number in range(20):
        service.write(f"{number:02}.txt", text(f"Article {number}" if number > 2 else "Same"))
    service.sync()
    before, published = titles(service), service.snapshot()

    (service.articles_folder / "2025").mkdir()
    for number in range(20):
        name = f"{number:02}.txt"
        (service.articles_folder / name).rename(service.articles_folder / "2025" / name)
    report = service.sync()
    again = service.sync()

    assert (outcome(report), outcome(again)) == ("unchanged", "unchanged")
    assert report.sources[0].reason is None
    assert titles(service) == before
    assert service.snapshot() == published


def test_a_copy_is_an_article_of_its_own(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()

    service.write("b.txt", text("A"))
    report = service.sync()

    assert counts(report) == (1, 0, 0)
    assert states(service) == {"a": "published", "b": "published"}


def test_copies_far_apart_in_one_first_sync_are_articles_of_their_own(service: Service) -> None:
    service.write("000.txt", text("Same"))
    service.write("999.txt", text("Same"))
    for number in range(1, BATCH + 50):
        service.write(f"{number:03}.txt", text(f"Article {number}"))

    report = service.sync(build=False)

    assert counts(report) == (BATCH + 51, 0, 0)
    assert {"000", "999"} <= titles(service).keys()


def test_two_files_that_swap_their_texts_are_two_edits(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.write("b.txt", text("B"))
    service.sync()

    service.write("a.txt", text("B"))
    service.write("b.txt", text("A"))
    report = service.sync()

    assert counts(report) == (0, 2, 0)
    assert titles(service) == {"a": "B", "b": "A"}


def test_two_files_with_ids_that_swap_their_names_stay_what_they_are(service: Service) -> None:
    service.write("a.txt", text("A", "Id: 1"))
    service.write("b.txt", text("B", "Id: 2"))
    service.sync()

    service.write("a.txt", text("B", "Id: 2"))
    service.write("b.txt", text("A", "Id: 1"))
    report = service.sync()

    assert (outcome(report), counts(report)) == ("unchanged", (0, 0, 0))
    assert titles(service) == {"1": "A", "2": "B"}
    assert service.problems() == {}


def test_three_files_with_ids_may_move_round(service: Service) -> None:
    names = ("a.txt", "b.txt", "c.txt")
    for name in names:
        service.write(name, text(name, f"Id: {name[0]}"))
    service.sync()

    for name, other in zip(names, (*names[1:], names[0]), strict=True):
        service.write(name, text(f"{other} edited", f"Id: {other[0]}"))
    report = service.sync()

    assert counts(report) == (0, 3, 0)
    assert titles(service) == {n[0]: f"{n} edited" for n in names}
    assert service.problems() == {}


def test_a_deleted_file_leaves_the_feeds_and_not_the_store(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.write("b.txt", text("B"))
    service.sync()

    service.remove("a.txt")
    report = service.sync()

    assert counts(report) == (0, 0, 1)
    assert states(service) == {"a": "withdrawn", "b": "published"}
    assert entries(service) == ["B"]


def test_a_restored_file_is_the_article_it_was(service: Service) -> None:
    service.write("a.txt", text("A", "2025-05-30"))
    service.write("b.txt", text("B", "2025-05-29"))
    service.sync()
    before = service.stored()
    service.remove("a.txt")
    service.sync()

    service.clock.tick(days=1)
    service.write("a.txt", text("A", "2025-05-30"))
    report = service.sync()

    assert counts(report) == (0, 1, 0)
    assert service.stored() == before
    assert entries(service) == ["A", "B"]


def test_kept_articles_of_deleted_files_stay_in_the_feeds(make_service: MakeService) -> None:
    service = make_service(DEFAULT_CONFIG + 'on_delete = "keep"\n')
    service.write("a.txt", text("A", "2025-05-30"))
    service.write("b.txt", text("B", "2025-05-29"))
    service.sync()

    service.remove("a.txt")
    first = service.sync()
    service.remove("b.txt")
    service.write("c.txt", text("C", "2025-05-28"))
    second = service.sync()

    assert (counts(first), counts(second)) == ((0, 0, 0), (1, 0, 0))
    assert entries(service) == ["A", "B", "C"]


def test_a_kept_article_is_not_withdrawn_when_another_is(make_service: MakeService) -> None:
    service = make_service(DEFAULT_CONFIG + 'on_delete = "keep"\n')
    for name in "abc":
        service.write(f"{name}.txt", text(name))
    service.sync()
    service.remove("a.txt")
    service.sync()

    service.configure(DEFAULT_CONFIG)
    service.remove("b.txt")
    service.sync()

    assert states(service) == {"a": "published", "b": "withdrawn", "c": "published"}


def test_a_deleted_draft_is_withdrawn_too(service: Service) -> None:
    service.write("a.txt", text("A", "Status: draft"))
    service.write("b.txt", text("B"))
    service.sync()

    service.remove("a.txt")
    service.sync()

    assert states(service) == {"a": "withdrawn", "b": "published"}


# -- who is who ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("a.txt", text("A", "Id: 7")), ("b.txt", text("B", "Id: 7")), id="one-id"),
        pytest.param(
            ("a.txt", text("A", "Link: https://example.org/a")),
            ("b.txt", text("B", "Link: https://example.org/a")),
            id="one-link",
        ),
        pytest.param(("a.md", "# A\n\nWords."), ("a.txt", text("A")), id="one-path"),
        pytest.param(
            ("a.txt", text("A")), ("b.txt", text("B", "Id: a")), id="an-id-that-is-another's-path"
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at-once", "one-after-the-other"])
def test_two_live_files_that_claim_one_id_are_one_article_and_one_problem(
    service: Service, first: tuple[str, str], second: tuple[str, str], at_once: bool
) -> None:
    service.write(*first)
    if not at_once:
        service.sync()
    service.write(*second)

    service.sync()
    again = service.sync()

    assert len(service.stored()) == 1
    assert outcome(again) == "unchanged"
    assert service.problems() == {
        second[0]: f"would have the same id as {first[0]}: rename one, or give it an `id`"
    }


def test_the_second_file_takes_over_when_the_first_one_goes(service: Service) -> None:
    service.write("a.txt", text("A", "Id: 7"))
    service.write("b.txt", text("B", "Id: 7"))
    service.sync()

    service.remove("a.txt")
    report = service.sync()

    assert counts(report) == (0, 1, 0)
    assert titles(service) == {"7": "B"}
    assert states(service) == {"7": "published"}
    assert service.problems() == {}


def test_the_problem_goes_when_one_file_gets_an_id_of_its_own(service: Service) -> None:
    service.write("a.txt", text("A", "Id: 7"))
    service.write("b.txt", text("B", "Id: 7"))
    service.sync()

    service.write("b.txt", text("B", "Id: 8"))
    service.sync()

    assert titles(service) == {"7": "A", "8": "B"}
    assert service.problems() == {}


def test_a_doubled_id_far_away_in_one_first_sync_is_one_problem(service: Service) -> None:
    service.write("000.txt", text("First", "Id: 7"))
    service.write("999.txt", text("Last", "Id: 7"))
    for number in range(1, BATCH + 50):
        service.write(f"{number:03}.txt", text(f"Article {number}"))

    service.sync(build=False)
    again = service.sync(build=False)

    assert titles(service)["7"] == "First"
    assert list(service.problems()) == ["999.txt"]
    assert outcome(again) == "unchanged"


def test_one_id_everywhere_is_a_problem_of_every_file_but_one(service: Service) -> None:
    for number in range(30):
        service.write(f"{number:02}.txt", text(f"Article {number}", "Id: template"))

    report = service.sync()

    assert titles(service) == {"template": "Article 0"}
    assert report.sources[0].problems == len(service.problems()) == 29


def test_an_id_in_the_words_of_a_later_path_does_not_hide_that_file(service: Service) -> None:
    service.write("a.txt", text("A", "Id: b"))
    service.write("b.txt", text("B"))

    service.sync()

    guids = [article.guid for article in service.stored().values()]
    assert len(set(guids)) == len(guids) == 2
    assert sorted(entries(service)) == ["A", "B"]


def test_an_id_or_link_added_later_changes_no_id(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()

    service.write("a.txt", text("A", "Id: 7", "Link: https://example.org/a"))
    service.sync()

    assert titles(service) == {"a": "A"}
    service.remove("a.txt")
    service.write("b.txt", text("B", "Id: 7"))
    service.sync()
    assert titles(service) == {"a": "B"}


def test_another_id_at_the_same_path_is_another_article(service: Service) -> None:
    service.write("a.txt", text("A", "Id: 1"))
    service.sync()

    service.write("a.txt", text("B", "Id: 2"))
    report = service.sync()

    assert counts(report) == (1, 0, 1)
    assert states(service) == {"1": "withdrawn", "2": "published"}
    assert entries(service) == ["B"]


def test_a_path_is_left_to_the_next_article_as_often_as_it_is_left(service: Service) -> None:
    for number in range(4):
        service.write("news.txt", text(f"News {number}"))
        service.sync()
        (service.articles_folder / "news.txt").rename(service.articles_folder / f"{number}.txt")
        service.sync()

    assert titles(service) == {
        "news": "News 0", "news;2": "News 1", "news;3": "News 2", "news;4": "News 3",
    }  # fmt: skip
    assert set(states(service).values()) == {"published"}


def test_a_file_moved_away_by_id_leaves_its_path_to_a_file_without_one(service: Service) -> None:
    service.write("news.txt", text("Old", "Id: 1"))
    service.sync()

    service.write("archive.txt", text("Old", "Id: 1"))
    service.write("news.txt", text("New"))
    report = service.sync()

    assert counts(report) == (1, 0, 0)
    assert titles(service) == {"1": "Old", "news": "New"}
    assert service.problems() == {}


def test_titles_dates_and_mtimes_are_no_keys(service: Service) -> None:
    service.write("a.txt", text("Same", "2025-05-30"))
    service.write("b.txt", text("Same", "2025-05-30"), age=60)
    service.sync()

    service.write("a.txt", text("Other", "2025-05-29"), age=9999)
    service.sync()

    assert titles(service) == {"a": "Other", "b": "Same"}


def test_a_new_store_mints_the_same_ids(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.write("in/b.md", "---\nid: 7\n---\n# B\n\nWords.")
    service.write("c.txt", text("C", "Link: https://example.org/c"))
    service.sync()
    before = sorted(titles(service))

    service.restart()
    shutil.rmtree(service.root / "var")
    service.clock.tick(days=400)
    service.sync()

    assert sorted(titles(service)) == before


# -- several sources -----------------------------------------------------------------------------

TWO = DEFAULT_CONFIG + '\n[[source]]\nname = "sport"\npath = "sport"\n'


def test_equal_files_in_two_sources_are_two_articles(make_service: MakeService) -> None:
    service = make_service(TWO)
    for name in ("articles", "sport"):
        (service.root / name).mkdir(exist_ok=True)
        service.write(f"../{name}/a.txt", text("Same", "Id: 7"))

    service.sync()
    again = service.sync()

    guids = sorted(a.guid for a in service.app.store.list_articles(now=NOON))
    assert guids == [f"{GUID}7", "tag:news.example.org,2025-01-01:sport/7"]
    assert {source.outcome for source in again.sources} == {"unchanged"}


def test_one_broken_source_does_not_stop_the_others(make_service: MakeService) -> None:
    service = make_service(TWO)
    service.write("a.txt", text("A"))

    report = service.sync()

    found = {source.name: source.outcome for source in report.sources}
    assert found == {"desk": "ok", "sport": "failed"}
    assert entries(service) == ["A"]
    row = service.app.store.source("sport")
    assert (row.state, row.failures) == ("failing", 1)
    assert "No such file or directory" in (row.reason or "")


def test_a_failed_source_recovers(make_service: MakeService) -> None:
    service = make_service(TWO)
    service.sync()
    service.sync()
    failing = service.app.store.source("sport")

    service.write("../sport/a.txt", text("A"))
    service.sync()

    row = service.app.store.source("sport")
    assert (failing.failures, row.state, row.failures, row.reason) == (2, "ok", 0, None)


def test_a_renamed_source_keeps_its_articles_and_their_ids(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()
    before = service.snapshot()["all/feed.json"][1]

    service.configure(DEFAULT_CONFIG.replace('"desk"', '"news"') + 'was = "desk"\n')
    report = service.sync()
    service.sync()

    assert outcome(report) == "unchanged"
    assert titles(service) == {"a": "A"}
    assert one(service).source == "news"
    assert [row.name for row in service.app.store.sources()] == ["news"]
    assert service.snapshot()["all/feed.json"][1] == before


def test_a_removed_source_takes_its_articles_along_and_brings_them_back(
    make_service: MakeService,
) -> None:
    service = make_service(TWO)
    service.write("a.txt", text("A"))
    service.write("../sport/b.txt", text("B"))
    service.write("../sport/draft.txt", text("C", "Status: draft"))
    service.sync()

    service.configure(DEFAULT_CONFIG)
    service.sync()
    gone = {a.title: a.state for a in service.stored().values()}
    without = entries(service)
    service.configure(TWO)
    report = service.sync()

    assert gone == {"A": State.PUBLISHED, "B": State.GONE, "C": State.HELD}
    assert without == ["A"]
    assert {s.name: s.outcome for s in report.sources} == {
        "desk": "unchanged",
        "sport": "unchanged",
    }
    assert sorted(entries(service)) == ["A", "B"]


# -- read again ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(('"Europe/Berlin"', '"Europe/Helsinki"'), id="a-zone-further-east"),
        pytest.param(('path = "articles"', 'path = "articles"\ntags = ["desk"]'), id="tags"),
        pytest.param(('news.example.org"\ntimezone', 'www.example.org"\ntimezone'), id="base-url"),
        pytest.param(('path = "articles"', 'path = "articles"\nlanguage = "de"'), id="language"),
        pytest.param(
            ('path = "articles"', 'path = "articles"\nlink = "https://example.org/{path}"'),
            id="links",
        ),
    ],
)
def test_another_configuration_moves_no_updated(service: Service, change: tuple[str, str]) -> None:
    service.write("a.txt", text("A", "2025-05-30 10:00", body="See /timetable and ./b."))
    service.write("b.md", "# B\n\n[The timetable](/timetable) ![](quay.jpg)")
    service.sync()
    before = {key: article.updated for key, article in service.stored().items()}
    assert change[0] in DEFAULT_CONFIG

    service.clock.tick(days=1)
    service.configure(DEFAULT_CONFIG.replace(*change))
    service.sync()
    again = service.sync()

    after = service.stored()
    assert {key: article.updated for key, article in after.items()} == before
    assert outcome(again) == "unchanged"


def test_an_edit_at_the_same_time_as_another_configuration_is_news(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.write("b.txt", text("B"))
    service.sync()

    service.clock.tick(days=1)
    service.write("b.txt", text("B, edited"))
    service.configure(DEFAULT_CONFIG + 'tags = ["desk"]\n')
    service.sync()

    updated = {article.title: article.updated for article in service.stored().values()}
    assert updated == {"A": NOON, "B, edited": NOON + DAY}


# -- dates and drafts ----------------------------------------------------------------------------


def test_an_embargo_ends_by_itself(service: Service) -> None:
    service.write("a.txt", text("A", "Embargo: 2025-06-03 12:00"))
    service.sync()
    held = states(service)

    service.clock.tick(days=3)
    report = service.sync()

    assert held == {"a": "held"}
    assert states(service) == {"a": "published"}
    assert outcome(report) == "unchanged"
    assert entries(service) == ["A"]


def test_a_draft_is_shown_when_it_is_released(service: Service) -> None:
    service.write("a.txt", text("A", "Status: Entwurf"))
    service.sync()
    held = entries(service)

    service.clock.tick(days=3)
    service.write("a.txt", text("A", "Status: frei"))
    service.sync()

    article = one(service)
    assert (held, entries(service)) == ([], ["A"])
    assert (article.published, article.first_seen) == (NOON + 3 * DAY, NOON)


def test_an_undated_article_stays_where_it_was_first_seen(service: Service) -> None:
    path = service.write("a.txt", text("A"), age=9e6)
    service.sync()

    service.clock.tick(days=9)
    os.utime(path, (1e9, 1e9))
    service.sync()
    service.write("a.txt", text("A, edited"))
    service.sync()

    article = one(service)
    assert (article.published, article.updated) == (NOON, NOON + 9 * DAY)


@pytest.mark.parametrize(
    ("future", "shown"),
    [pytest.param("hold", [], id="held"), pytest.param("clamp", ["A"], id="clamped")],
)
def test_a_date_in_the_future_is_held_or_clamped(
    make_service: MakeService, future: str, shown: list[str]
) -> None:
    service = make_service(DEFAULT_CONFIG + f'future = "{future}"\n')
    service.write("a.txt", text("A", "2025-07-01"))

    service.sync()
    first = entries(service)
    service.clock.tick(days=30)
    service.sync()

    assert first == shown
    assert entries(service) == ["A"]


# -- loss and damage -----------------------------------------------------------------------------


def ten(service: Service) -> None:
    for number in range(10):
        service.write(f"{number}.txt", text(f"Article {number}"))
    service.sync()


def test_a_mass_loss_is_held_and_reported_until_it_is_accepted(service: Service) -> None:
    ten(service)
    for number in range(6):
        service.remove(f"{number}.txt")

    first, second = service.sync(), service.sync()
    told = service.problems()
    accepted = service.sync(trust_loss=True)

    reason = "6 of 10 files are missing at once"
    assert [counts(report) for report in (first, second)] == [(0, 0, 0)] * 2
    assert reason in (first.sources[0].reason or "")
    assert reason in told[None]
    assert counts(accepted) == (0, 0, 6)
    assert service.problems() == {}
    assert len(entries(service)) == 4


def test_files_held_as_lost_may_come_back(service: Service) -> None:
    ten(service)
    hidden = service.root / "elsewhere"
    service.articles_folder.rename(hidden)
    shutil.copytree(hidden, service.articles_folder)
    for number in range(9):
        service.remove(f"{number}.txt")
    service.sync()

    shutil.rmtree(service.articles_folder)
    hidden.rename(service.articles_folder)
    service.sync()

    assert set(states(service).values()) == {"published"}
    assert service.problems() == {}


def test_half_of_ten_files_may_be_deleted(service: Service) -> None:
    ten(service)
    for number in range(5):
        service.remove(f"{number}.txt")

    report = service.sync()

    assert counts(report) == (0, 0, 5)


@pytest.mark.parametrize("how", ["missing", "empty", "a-file"])
def test_a_folder_that_is_no_longer_itself_is_a_failure_and_no_deletion(
    service: Service, how: str
) -> None:
    service.write("a.txt", text("A"))
    service.sync()
    published = service.snapshot()

    shutil.rmtree(service.articles_folder)
    if how == "empty":
        service.articles_folder.mkdir()
    elif how == "a-file":
        service.articles_folder.write_text("x")
    report = service.sync()

    assert outcome(report) == "failed"
    assert states(service) == {"a": "published"}
    assert service.snapshot() == published
    assert service.app.store.source("desk").state == "failing"


def test_the_last_article_goes_when_the_operator_says_so(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()
    service.remove("a.txt")

    report = service.sync(trust_loss=True)

    assert counts(report) == (0, 0, 1)
    assert entries(service) == []


def test_a_file_that_breaks_keeps_the_article_it_was(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync()

    service.write("a.txt", b"\x00\x01\x02\x03" * 500)
    service.sync()
    broken = service.problems()
    service.sync()

    assert list(broken) == ["a.txt"]
    assert states(service) == {"a": "published"}
    service.write("a.txt", text("A, mended"))
    service.sync()
    assert titles(service) == {"a": "A, mended"}
    assert service.problems() == {}


UTF16 = "Größe\n\nZwei Fähren."


@pytest.mark.parametrize(
    ("data", "title"),
    [
        pytest.param(b"Fog\x07 horn\n\nIt \x01went\x1b[31m off.\n", "Fog horn", id="controls"),
        pytest.param(b"Fog horn\n\nIt \x00went off.\n", ..., id="a-null"),
        pytest.param(b"A ]]> B\n\nC ]]> D\n", "A ]]> B", id="the-end-of-a-cdata-section"),
        pytest.param(b"Long\n\n" + b"word " * 1_000_000, "Long", id="a-line-of-5-mb"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40, None, id="a-binary-file"),
        pytest.param(b"", None, id="an-empty-file"),
        pytest.param(b" \n\t\n", None, id="a-blank-file"),
        pytest.param("Größe\n\nZwei Fähren.".encode("cp1252"), "Größe", id="cp1252"),
        pytest.param(UTF16.encode("utf-16"), "Größe", id="utf-16"),
        pytest.param(UTF16.encode("utf-8-sig"), "Größe", id="a-byte-order-mark"),
        pytest.param(b"Only a title", "Only a title", id="a-title-alone"),
        pytest.param(b"T\xed\xa0\x80 x\n\nBody \xed\xb0\x80.\n", ..., id="a-lone-surrogate"),
        pytest.param("Nicht\ufffe gut\n\nText\uffff.\n".encode(), ..., id="noncharacters"),
    ],
)
@pytest.mark.parametrize("ending", ["txt", "md", "html"])
def test_whatever_a_file_holds_is_an_entry_or_one_problem(
    service: Service, ending: str, data: bytes, title: Any
) -> None:
    service.write(f"a.{ending}", data)
    service.write("z.txt", text("Z"))

    report = service.sync()
    again = service.sync()

    found, told = titles(service), service.problems()
    assert report.build is not None
    assert {publication.outcome for publication in report.build.publications} == {"written"}
    assert outcome(again) == "unchanged"
    assert found["z"] == "Z"
    assert sorted(entries(service)) == sorted(found.values())
    if "a" not in found:
        assert list(told) == [f"a.{ending}"]
        assert "Error" not in told[f"a.{ending}"]
    if ending == "txt" and title is not ...:
        assert found.get("a") == title


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_name_that_is_no_utf_8_is_one_problem(service: Service, kind: str) -> None:
    name = os.fsdecode(b"gr\xf6\xdfe" + (b".txt" if kind == "file" else b"/a.txt"))
    service.write(name, text("A"))
    service.write("b.txt", text("B"))

    report = service.sync()

    (told,) = service.problems().values()
    assert "has a name that is not UTF-8" in told
    assert report.sources[0].problems == 1
    assert titles(service) == {"b": "B"}


def test_a_dry_run_writes_nothing_and_says_what_it_would(service: Service) -> None:
    for name in "abc":
        service.write(f"{name}.txt", text(name))
    service.sync()
    before, published = tables(service), service.snapshot()
    service.remove("a.txt")
    service.write("b.txt", text("b, edited"))
    service.write("d.txt", text("d"))
    service.write("e.txt", "")

    report = service.dry_run()

    assert counts(report) == (1, 1, 1)
    assert report.sources[0].problems == 1
    assert tables(service) == before
    assert service.snapshot() == published


# -- several at once, and crashes ----------------------------------------------------------------

CHILD = [sys.executable, "-m", "feedsvc", "-q"]


def start(service: Service, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CHILD, "-C", str(service.root), "sync", *arguments],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def real_time(service: Service) -> None:
    """For tests with processes, which have no clock of ours."""
    service.clock.at = datetime.now(UTC)


def test_two_first_syncs_at_once_double_nothing(service: Service) -> None:
    real_time(service)
    for number in range(BATCH + 100):
        service.write(f"{number:03}.txt", text(f"Article {number}"))

    children = [start(service), start(service)]
    ended = [(child.communicate(timeout=60)[1], child.returncode) for child in children]

    assert ended == [("", 0), ("", 0)]
    stored = list(service.app.store.list_articles(now=service.clock.now()))
    assert len(stored) == len({a.guid for a in stored}) == BATCH + 100
    assert {article.revision for article in stored} == {1}
    assert service.app.store.feed("all").touched is None


def test_a_killed_sync_loses_and_doubles_nothing(service: Service) -> None:
    real_time(service)
    many = 3 * BATCH
    for number in range(many):
        service.write(f"{number:04}.txt", text(f"Article {number}", body="Fog.\n\n" * 20))
    database = service.root / "var" / "feedsvc.db"

    child = start(service)
    deadline = time.monotonic() + 30
    while _articles(database) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    after_crash = _articles(database)
    report = service.sync()

    assert 0 < after_crash <= many
    assert after_crash % BATCH == 0  # whole batches or nothing
    assert counts(report) == (many - after_crash, 0, 0)
    assert len(titles(service)) == many
    assert len(entries(service)) == 50
    assert outcome(service.sync()) == "unchanged"


def _articles(database: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            found: int = connection.execute("SELECT count(*) FROM article").fetchone()[0]
            return found
    except sqlite3.OperationalError:  # not there yet
        return 0


def test_a_crash_before_the_build_is_made_good_by_the_next_sync(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.sync(build=False)
    service.restart()

    report = service.sync()

    assert outcome(report) == "unchanged"
    assert entries(service) == ["A"]


def test_an_article_that_arrives_while_a_feed_is_built_is_not_forgotten(service: Service) -> None:
    store = service.app.store
    service.write("a.txt", text("A"))
    service.sync(build=False)
    read = store.feed("all")  # a build begins ...
    service.write("b.txt", text("B"))
    service.sync(build=False)  # ... an article arrives in the same second ...

    store.settle_feed(
        type(read)(**{**_fields(read), "touched": None, "built": NOON}),
        read=read, members=[], lines=[],
    )  # fmt: skip

    assert store.feed("all").touched is not None  # ... and the mark outlives the build


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__dataclass_fields__}


def test_a_source_that_is_being_synced_is_waited_for(service: Service) -> None:
    service.write("a.txt", text("A"))
    began = service.clock.at

    with service.app.store.lock("source-desk", timeout=0), pytest.raises(LockedError):
        service.sync()

    waited = (service.clock.at - began).total_seconds()
    assert 60 <= waited < 61
    assert counts(service.sync()) == (1, 0, 0)


def test_the_report_has_what_the_contract_names(service: Service) -> None:
    service.write("a.txt", text("A"))

    (source,) = service.sync().sources

    assert asdict(source) == {
        "name": "desk", "outcome": "ok", "new": 1, "changed": 0, "withdrawn": 0, "status": None,
        "reason": None, "hint": None, "seconds": 0.0, "problems": 0, "reached": True,
        "restless": 0, "quiet_in": None,
    }  # fmt: skip


STRANGER = """
class Source:
    def __init__(self, settings, clock, forms):
        if settings.title:
            raise LookupError(settings.title)

    async def collect(self, known, **options):
        return known["nothing"]
"""


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution with a source that has a bug, and a parser that is not there."""
    place = tmp_path / "site-packages"
    (place / "stranger-1.0.dist-info").mkdir(parents=True)
    (place / "stranger-1.0.dist-info/METADATA").write_text("Name: stranger\nVersion: 1.0\n")
    (place / "stranger-1.0.dist-info/entry_points.txt").write_text(
        "[feedsvc.sources]\nodd = stranger_source:Source\n"
        "[feedsvc.parsers]\nodd = stranger_source:parse\n"
    )
    (place / "stranger_source.py").write_text(STRANGER)
    monkeypatch.syspath_prepend(place)
    monkeypatch.delitem(sys.modules, "stranger_source", raising=False)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param("", "unexpected: KeyError: 'nothing'", id="while-it-collects"),
        pytest.param('title = "X"\n', "unexpected: LookupError: X", id="before"),
    ],
)
def test_a_bug_in_the_source_of_a_third_party_is_that_sources_trouble(
    make_service: MakeService, more: str, reason: str
) -> None:
    odd = f'\n[[source]]\nname = "a-first"\nkind = "odd"\n{more}'
    service = make_service(DEFAULT_CONFIG.replace("\n[[source]]", f"{odd}\n[[source]]"))
    service.write("a.txt", text("A"))

    report = service.sync()

    assert [(s.name, s.outcome) for s in report.sources] == [("a-first", "failed"), ("desk", "ok")]
    assert report.sources[0].reason == reason
    assert service.app.store.source("a-first").state == "failing"
    assert entries(service) == ["A"]


@pytest.mark.usefixtures("strangers")
def test_a_parser_that_cannot_be_loaded_is_a_problem_of_its_files(service: Service) -> None:
    service.write("a.txt", text("A"))
    service.write("b.odd", "B")

    report = service.sync()

    assert (outcome(report), counts(report)) == ("ok", (1, 0, 0))
    assert "'odd' of stranger 1.0 cannot be loaded" in service.problems()["b.odd"]


def test_a_sync_that_is_not_patient_leaves_a_source_to_whoever_has_it(service: Service) -> None:
    service.write("a.txt", text("A"))
    began = service.clock.at

    with service.app.store.lock("source-desk", timeout=0), pytest.raises(LockedError):
        service.sync(patient=False)

    assert service.clock.at == began
