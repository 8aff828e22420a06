"""Slugs: from the title or as the source asks, unique, and kept for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.model import Article
from feedsvc.ports import Change
from feedsvc.settings import Feed
from feedsvc.store import SqlStore, open_store
from feedsvc.store.slugs import free

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


class Desk:
    """A store with one source, and articles by their keys."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        store.enrol([("desk", None, "folder", "articles")], NOON)
        self.source = store.source("desk").row
        self.now = NOON

    def put(self, key: str, title: str, **values: object) -> int:
        """Write or rewrite an article; returns its row."""
        extra = values.pop("slug", None)
        article = Article(
            source="desk",
            key=key,
            guid=f"tag:news.example.org,2025:{key}",
            title=title,
            html=str(values.pop("html", "<p>Text.</p>")),
            published=NOON,
            updated=NOON,
            first_seen=NOON,
            extra=(("slug", str(extra)),) if extra is not None else (),
            **values,  # type: ignore[arg-type]
        )
        known = self.row(key)
        self.store.record(
            self.source,
            [Change(path=key, stat=None, digest=key.encode(), row=known, article=article)],
            self.now,
        )
        found = self.row(key)
        assert found is not None
        return found

    def row(self, key: str) -> int | None:
        found = self.store.find(
            self.source, declared=(), links=(), keys=[key], rows=(), documents=()
        )
        return found[0].row if found else None

    def mint(self, *rows: int) -> list[str]:
        self.now += timedelta(minutes=1)
        slugs = self.store.mint_slugs(rows, self.now)
        return [slugs[row] for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = open_store(f"sqlite:///{tmp_path / 'slugs.db'}", (Feed(name="all"),))
    yield Desk(store)
    store.close()


@pytest.mark.parametrize(
    ("title", "values", "slug"),
    [
        pytest.param("Größere Städte", {}, "groessere-staedte", id="letters-are-written-out"),
        pytest.param("Straße & Fluß", {}, "strasse-fluss", id="signs-are-left-out"),
        pytest.param("Паром", {}, "parom", id="other-scripts-are-spelled"),
        pytest.param(
            "", {"summary": "Kurz gesagt: gut"}, "kurz-gesagt-gut", id="no-title-a-summary"
        ),
        pytest.param(
            "",
            {"html": "<p>Die Fähre <b>fährt</b>.</p>"},
            "die-faehre-faehrt",
            id="no-title-a-text",
        ),
        pytest.param("!!!", {}, "notes-7-txt", id="no-letters-its-key"),
        pytest.param("CON", {}, "con-2", id="no-name-that-Windows-keeps-for-itself"),
        pytest.param("Ferry", {"slug": "lpt1"}, "lpt1-2", id="nor-when-the-source-asks-for-it"),
        pytest.param("Con Air", {}, "con-air", id="but-as-a-part-of-one"),
        pytest.param("Ferry", {"slug": "Große Fahrt"}, "grosse-fahrt", id="the-source-asks"),
        pytest.param("Ferry", {"slug": "a/ Große Fahrt /"}, "grosse-fahrt", id="with-blanks"),
        pytest.param("Ferry", {"slug": "/politik/fahrt/"}, "fahrt", id="a-path-is-its-last-part"),
        pytest.param("Ferry", {"slug": "???"}, "ferry", id="a-slug-without-letters-is-none"),
        pytest.param("Ferry", {"slug": " / "}, "ferry", id="an-empty-slug-is-none"),
        pytest.param("wort " * 60, {}, "-".join(["wort"] * 16), id="no-longer-than-can-be-read"),
    ],
)
def test_a_slug_is_made_of(desk: Desk, title: str, values: dict[str, object], slug: str) -> None:
    row = desk.put("notes/7.txt", title, **values)

    assert desk.mint(row) == [slug]
    assert desk.store.slugs_of([row]) == {row: slug}


def test_a_title_without_letters_leaves_the_name_of_the_file(desk: Desk) -> None:
    row = desk.put("path:notes/fähre", "🚢⚓️")

    assert desk.mint(row) == ["notes-faehre"]


def test_a_reserved_name_is_numbered_once_and_does_not_wander(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry", slug="nul")
    other = desk.put("b.txt", "NUL")

    assert desk.mint(row, other) == desk.mint(row, other) == ["nul-2", "nul-3"]


def test_nothing_is_left_of_a_name_without_any_letter(desk: Desk) -> None:
    row = desk.put("…", "…", html="<p>…</p>")

    (slug,) = desk.mint(row)

    assert slug.startswith("x")
    assert slug.isalnum()


def test_equal_titles_are_numbered_in_the_order_of_the_store(desk: Desk) -> None:
    rows = [desk.put(f"{number}.txt", "Update") for number in range(4)]

    assert desk.mint(*reversed(rows)) == ["update-4", "update-3", "update-2", "update"]


def test_a_number_that_a_title_has_is_not_given_twice(desk: Desk) -> None:
    rows = [desk.put(f"{n}.txt", title) for n, title in enumerate(("Tag 2", "Tag", "Tag", "Tag"))]

    assert desk.mint(*rows) == ["tag-2", "tag", "tag-3", "tag-4"]


@pytest.mark.parametrize("many", [0, 1, 2, 3, 7, 8, 9, 1000])
def test_the_next_number_is_found_in_few_questions(many: int) -> None:
    names = ["update", *(f"update-{number}" for number in range(2, many + 1))][:many]
    asked: list[str] = []

    def taken(name: str) -> bool:
        asked.append(name)
        return name in names

    assert free("update", taken) == ("update" if many == 0 else f"update-{many + 1}")
    assert len(asked) <= 24


def test_a_corrected_title_keeps_the_slug(desk: Desk) -> None:
    row = desk.put("a.txt", "Färry")
    (before,) = desk.mint(row)

    desk.put("a.txt", "Ferry")

    assert desk.mint(row) == [before] == ["faerry"]


def test_an_article_with_a_link_gets_none(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry", link="https://example.org/ferry")

    assert desk.store.mint_slugs([row], NOON) == {}
    assert desk.store.slugs_of([row]) == {}


def test_another_slug_in_the_source_moves_the_page_and_the_old_one_stays_taken(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry")
    desk.mint(row)

    desk.put("a.txt", "Ferry", slug="crossing")
    moved = desk.mint(row)
    other = desk.put("b.txt", "Ferry")
    (plan,) = desk.store.page_plans([row], NOON)

    assert moved == ["crossing"]
    assert desk.mint(other) == ["ferry-2"]
    assert (plan.slug, plan.former) == ("crossing", ("ferry",))


def test_a_slug_that_its_source_takes_back_is_kept(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry", slug="crossing")
    desk.mint(row)

    desk.put("a.txt", "Ferry")

    assert desk.mint(row) == ["crossing"]


def test_a_page_moves_back_to_a_slug_that_it_had(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry", slug="one")
    desk.mint(row)
    desk.put("a.txt", "Ferry", slug="two")
    desk.mint(row)

    desk.put("a.txt", "Ferry", slug="one")

    assert desk.mint(row) == ["one"]
    (plan,) = desk.store.page_plans([row], NOON)
    assert (plan.slug, plan.former) == ("one", ("two",))


def test_a_slug_that_others_have_is_numbered_once_and_does_not_wander(desk: Desk) -> None:
    first = desk.put("a.txt", "Ferry")
    second = desk.put("b.txt", "Another", slug="ferry")
    minted = desk.mint(first, second)

    desk.put("c.txt", "Ferry")
    again = desk.mint(first, second)

    assert minted == again == ["ferry", "ferry-2"]


def test_a_numbered_slug_moves_to_the_one_its_source_asks_for_when_that_is_free(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry 2")
    desk.mint(row)

    desk.put("a.txt", "Ferry 2", slug="ferry")

    assert desk.mint(row) == ["ferry"]


def test_to_mint_again_writes_nothing(desk: Desk) -> None:
    rows = [desk.put("a.txt", "Ferry"), desk.put("b.txt", "Ferry", slug="ferry")]
    desk.mint(*rows)
    before = desk.store.newest_page_change()

    desk.mint(*rows)

    assert desk.store.newest_page_change() == before


def test_pages_hear_of_a_new_address_and_other_feeds_need_not(desk: Desk) -> None:
    row = desk.put("a.txt", "Ferry")
    before = desk.store.newest_change()

    desk.mint(row)
    after = desk.store.newest_change()
    desk.put("b.txt", "Quay", link="https://example.org/quay")

    assert desk.store.page_news(NOON, since=before, looked=NOON)[1] == [row]
    assert after == before
    assert desk.store.newest_change() == before + 2  # no number is given twice
    assert desk.store.page_news(NOON, since=before + 1, looked=NOON) == (before + 2, [])


def test_a_private_feed_hears_of_the_address_that_a_public_one_gave(
    tmp_path: Path, desk: Desk
) -> None:
    feeds = (Feed(name="all"), Feed(name="inner", private=True), Feed(name="other", sources=("x",)))
    store = open_store(f"sqlite:///{tmp_path / 'slugs.db'}", feeds)
    row = desk.put("a.txt", "Ferry")

    store.mint_slugs([row], NOON)

    assert store.feed("inner").touched == NOON
    assert store.feed("other").touched is None
    store.close()
