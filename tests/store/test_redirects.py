"""Redirects as they are stored, and feeds under another name with all that is theirs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from feedsvc.store.schema import metadata
from tests.stock import NOON, Stock

HOUR = timedelta(hours=1)
AT = int(NOON.timestamp())


def mint(name: str) -> str:
    return f"tag:example.org,2025:feed:{name}"


def sql(stock: Stock, query: str, *values: object) -> list[Any]:
    """Ask the database itself."""
    with closing(sqlite3.connect(stock.url.removeprefix("sqlite:///"))) as database, database:
        return database.execute(query, values).fetchall()


def tables() -> Iterator[str]:
    """Every table that says of which feed a row is, but the ledger."""
    yield from (t.name for t in metadata.sorted_tables if "feed" in t.c and t.name != "ledger")


def own(stock: Stock, name: str, *, guid: str | None = None, built: int | None = AT) -> None:
    """A feed that has something in every table there is."""
    group = name.partition("/")[0]
    sql(
        stock,
        "INSERT INTO feed (name, fingerprint, content, entries, left_out, guid, built, seen)"
        " VALUES (?, x'', x'', 1, '[]', ?, ?, 7)",
        name, guid, built,
    )  # fmt: skip
    article = stock.rows["Fog"]
    rows: dict[str, tuple[object, ...]] = {
        "membership": (name, 0, article), "place": (name, 1, article),
        "archive_page": (name, 1, AT, b"c"), "removal": (name, f"g:{name}", AT),
        "edition": (name, "2025-W10", AT, b"c"),
        "audience": ("2025-03-05", name, 7, 3, "{}", b""),
    }  # fmt: skip
    if name == group:
        rows |= {"facet": (name, "fog", "fog", "Fog"), "token": (f"key-{name}", name, None, AT)}
    for table, row in rows.items():
        sql(stock, f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
    sql(
        stock,
        "INSERT INTO ledger VALUES (?, ?, 'atom', x'', 1, 1, 1, '{}')",
        f"{name}/atom.xml", name,
    )  # fmt: skip


def owners(stock: Stock) -> dict[str, set[str]]:
    """Which feeds have something, by table."""
    found = {
        table: {row[0] for row in sql(stock, f"SELECT feed FROM {table}")} for table in tables()
    }
    return {**found, "feed": {row[0] for row in sql(stock, "SELECT name FROM feed")}}


@pytest.fixture
def filled(stock: Stock) -> Stock:
    """A store with one article."""
    stock.enrol("desk")
    stock.put("desk", "Fog")
    return stock


# -- redirects -------------------------------------------------------------------------------------


def test_a_move_is_kept_and_chains_are_one_step(stock: Stock) -> None:
    stock.store.moved("a/", "b/", NOON)
    stock.store.moved("b/", "c/", NOON + HOUR)

    assert stock.store.redirects() == {"a/": "c/", "b/": "c/"}


def test_a_row_that_leads_elsewhere_by_now_is_as_old_as_it_was(stock: Stock) -> None:
    stock.store.moved("a/", "b/", NOON)
    stock.store.moved("b/", "c/", NOON + HOUR)

    made = dict(sql(stock, "SELECT path, made FROM redirect"))
    assert made == {"a/": AT, "b/": AT + 3600}


def test_what_is_taken_down_is_gone_until_it_is_back(stock: Stock) -> None:
    stock.store.gone("a/", NOON)
    assert stock.store.redirects() == {"a/": None}

    stock.store.alive("a/", "never/heard/of/")

    assert stock.store.redirects() == {}


def test_to_say_that_something_lives_that_does_writes_nothing(stock: Stock) -> None:
    stock.store.gone("a/", NOON)
    written: list[str] = []
    stock.listen(lambda statement, _: written.append(statement.split()[0]))

    stock.store.alive("b/", "c/")

    assert set(written) <= {"SELECT", "BEGIN"}


def test_an_intention_changes_no_other_row(stock: Stock) -> None:
    stock.store.moved("x/", "a/", NOON)

    stock.store.intend("a/", "b/", NOON)

    assert stock.store.redirects() == {"x/": "a/", "a/": "b/"}


def test_many_rows_at_once(stock: Stock) -> None:
    for start in range(0, 50, 10):
        for number in range(start, start + 10):
            stock.store.moved(f"p{number}/", "a/", NOON)

    stock.store.moved("a/", "b/", NOON)

    assert set(stock.store.redirects().values()) == {"b/"}


# -- feeds under another name ----------------------------------------------------------------------


def test_all_that_is_a_feeds_goes_with_it(filled: Stock) -> None:
    own(filled, "sea", guid="tag:example.org,2020:sea")

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert owners(filled) == {table: {"coast"} for table in (*tables(), "feed")}
    assert filled.store.feed("coast").guid == "tag:example.org,2020:sea"
    assert filled.store.feed("coast").seen == 7
    assert filled.store.redirects() == {"sea/": "coast/"}


def test_files_are_of_the_old_name_until_they_are_taken_down(filled: Stock) -> None:
    own(filled, "sea")
    own(filled, "sea/fog")
    own(filled, "seal")

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert filled.store.leftovers("sea") == ("sea/atom.xml", "sea/fog/atom.xml")
    filled.store.drop_lines(filled.store.leftovers("sea"))
    assert filled.store.leftovers("sea") == ()
    assert filled.store.leftovers("seal") == ("seal/atom.xml",)


def test_the_feeds_of_a_group_go_with_it_and_no_other(filled: Stock) -> None:
    for name in ("s_a", "s_a/fog", "sea", "s_ab"):  # `_` is any letter to LIKE
        own(filled, name)

    filled.store.rename_feed("s_a", "coast", NOON, mint=mint)

    assert owners(filled)["feed"] == {"coast", "coast/fog", "sea", "s_ab"}
    assert owners(filled)["place"] == {"coast", "coast/fog", "sea", "s_ab"}
    assert owners(filled)["facet"] == {"coast", "sea", "s_ab"}


def test_a_feed_of_an_older_version_keeps_the_id_that_its_readers_know(filled: Stock) -> None:
    own(filled, "sea", guid=None)
    own(filled, "sea/fog", guid=None)

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert filled.store.feed("coast").guid == mint("sea")
    assert filled.store.feed("coast/fog").guid == mint("sea/fog")


def test_one_that_nobody_has_seen_gets_the_id_of_its_new_name(filled: Stock) -> None:
    own(filled, "sea", guid=None, built=None)

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert filled.store.feed("coast").guid is None


def test_the_next_build_has_to_know(filled: Stock) -> None:
    own(filled, "sea")

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert filled.touched("coast")


def test_a_mark_under_the_new_name_gives_way(filled: Stock) -> None:
    own(filled, "sea", guid="tag:the-sea")
    own(filled, "coast", guid=None, built=None)

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert filled.store.feed("coast").guid == "tag:the-sea"
    assert {row[0] for row in sql(filled, "SELECT token FROM token")} == {"key-sea", "key-coast"}


def test_a_feed_that_readers_know_by_the_new_name_stays_what_it_is(filled: Stock) -> None:
    own(filled, "sea", guid="tag:the-sea")
    own(filled, "coast", guid="tag:the-coast")

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)

    assert owners(filled)["feed"] == {"coast"}
    assert filled.store.feed("coast").guid == "tag:the-coast"
    assert sql(filled, "SELECT guid FROM removal") == [("g:coast",)]
    # The keys that were given out still open something.
    assert filled.store.tokens("coast") == ("key-coast", "key-sea")


def test_back_to_the_old_name(filled: Stock) -> None:
    own(filled, "sea", guid="tag:the-sea")

    filled.store.rename_feed("sea", "coast", NOON, mint=mint)
    filled.store.rename_feed("coast", "sea", NOON, mint=mint)

    assert filled.store.feed("sea").guid == "tag:the-sea"
    assert filled.store.redirects() == {"coast/": "sea/"}


def test_renames_are_found_from_the_redirects(filled: Stock) -> None:
    own(filled, "sea/fog")
    filled.store.intend("sea/", "coast/", NOON)

    assert filled.store.renames(["coast"]) == (("sea", "coast"),)
    assert filled.store.renames(["sea"]) == ()


def test_a_feed_that_is_only_marked_under_its_old_name_is_no_other_feed(filled: Stock) -> None:
    """A sync with the configuration of yesterday marks it before the build looks."""
    own(filled, "coast")
    own(filled, "sea", built=None)
    filled.store.intend("sea/", "coast/", NOON)

    assert filled.store.renames(["sea"]) == (("coast", "sea"),)


def test_a_feed_is_forgotten_with_all_that_is_its(filled: Stock) -> None:
    for name in ("sea", "sea/fog", "seal"):
        own(filled, name)

    filled.store.forget_feed("sea")

    assert owners(filled) == {table: {"seal"} for table in (*tables(), "feed")}


def test_an_id_that_moved_away_with_its_feed_is_not_given_again(filled: Stock) -> None:
    own(filled, "coast", guid=mint("sea"))
    own(filled, "quay", guid=mint("sea/2"))

    assert filled.store.feed_id("sea", mint) == mint("sea/3")
    assert filled.store.feed_id("coast", mint) == mint("coast")
    assert filled.store.feed_id("new", mint) == mint("new")
