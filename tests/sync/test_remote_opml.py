"""A list of feeds as a source: what it names becomes sources, and goes with it."""

from __future__ import annotations

import json
from html import escape

import pytest

from tests.feedserver import Answer
from tests.planet import Planet, rss, story

LIST = 'kind = "opml"'
ALL = '[[feed]]\nname = "all"\nsources = ["list"]\nformats = ["json"]\n'


def opml(*urls: str, folder: str | None = None, also: str = "") -> bytes:
    outlines = "".join(f'<outline type="rss" xmlUrl="{escape(url)}"/>' for url in urls)
    if folder is not None:
        outlines = f'<outline text="{folder}">{outlines}</outline>'
    return f'<opml version="2.0"><head/><body>{outlines}{also}</body></opml>'.encode()


@pytest.fixture
def reader(planet: Planet) -> Planet:
    """A planet whose only source is a list; `/a` to `/z` are feeds with a story each."""
    planet.configure(list=LIST, feeds=ALL)
    for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
        planet.put(story(number, title=letter), at=letter)
    return planet


def show(reader: Planet, letters: str, **more: str) -> None:
    """Let the list hold these feeds, and sync."""
    reader.serve(opml(*(reader.server.url(f"/{one}") for one in letters), **more), at="list")
    reader.run(build=True)


def names(reader: Planet) -> dict[str, str]:
    """The sources of the list by the last letter of their address."""
    return {one.place[-1]: one.name for one in reader.service.app.store.outlines()}


def published(reader: Planet) -> str:
    """The titles in the feed of the list."""
    items = json.loads(reader.service.published("all/feed.json"))["items"]
    return "".join(sorted(item["title"] for item in items))


def test_what_it_lists_is_asked_in_the_same_run(reader: Planet) -> None:
    show(reader, "abc")

    assert published(reader) == "abc"
    assert sorted(names(reader)) == ["a", "b", "c"]


def test_what_leaves_the_list_leaves_the_feeds_and_comes_back_with_it(reader: Planet) -> None:
    show(reader, "abc")
    before = {one.title: one.guid for one in reader.articles(names(reader)["b"])}
    called = names(reader)

    show(reader, "ac")
    assert published(reader) == "ac"
    show(reader, "cbad")

    assert published(reader) == "abcd"
    assert called.items() <= names(reader).items()
    assert {one.title: one.guid for one in reader.articles(called["b"])} == before


def test_the_articles_of_an_outline_are_gone_not_lost(reader: Planet) -> None:
    show(reader, "ab")
    called = names(reader)

    show(reader, "a")

    found = reader.service.app.store.list_articles(now=reader.service.clock.now())
    states = {one.title: one.state.value for one in found}
    assert states == {"a": "published", "b": "gone"}
    assert names(reader) == {"a": called["a"]}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=500), id="an-error"),
        pytest.param(Answer(body=b"<!doctype html><html><body>Sorry</body></html>"), id="a-page"),
        pytest.param(Answer(body=b""), id="nothing"),
        pytest.param(Answer(body=opml()), id="no-feeds"),
        pytest.param(Answer(body=opml("https://reader.example.org/x")), id="all-but-one-gone"),
        pytest.param(Answer(body=b'<opml version="2.0"><body><outline text="pier">'), id="half"),
    ],
)
def test_a_doubtful_list_takes_nothing_away(reader: Planet, answer: Answer) -> None:
    letters = "abcdefghijkl"
    show(reader, letters)
    called = names(reader)

    reader.serve(answer, at="list")
    reader.run(build=True)

    assert published(reader) == letters
    assert called.items() <= names(reader).items()
    assert reader.row("list").state == "failing" or reader.problems()


def test_many_that_go_one_by_one_are_believed(reader: Planet) -> None:
    letters = "abcdefghijkl"

    for end in range(len(letters), 0, -3):
        show(reader, letters[:end])

    assert published(reader) == "abc"


def test_an_outline_keeps_its_name_wherever_it_moves(reader: Planet) -> None:
    show(reader, "abc")
    called = names(reader)

    show(reader, "cab", folder="Pier")

    assert names(reader) == called


def test_a_feed_that_moves_to_another_scheme_stays_the_same_source(reader: Planet) -> None:
    show(reader, "abc")
    called = names(reader)
    secure = [reader.server.url(f"/{one}").replace("http://", "https://") for one in "abc"]

    reader.serve(opml(*secure), at="list")
    reader.run()

    assert names(reader) == called
    assert [len(reader.articles(name)) for name in called.values()] == [1, 1, 1]


def test_folders_are_tags(reader: Planet) -> None:
    show(reader, "ab", folder="Pier")
    (article,) = reader.articles(names(reader)["a"])
    assert article.tags == ("Pier",)

    show(reader, "ab", folder="Quay")
    reader.run()

    (after,) = reader.articles(names(reader)["a"])
    assert after.tags == ("Quay",)
    assert after.updated == article.updated


def test_a_folder_outlives_a_search_for_the_feed(reader: Planet) -> None:
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/a"></head></html>'
    reader.server["/p"] = Answer(body=page)
    show(reader, "p", folder="Pier")
    reader.server["/a"] = Answer(status=500)
    for _ in range(4):
        reader.run()

    reader.put(story(1), story(2), at="a")
    reader.run()

    assert [one.tags for one in reader.articles(names(reader)["p"])] == [("Pier",)] * 3


def test_a_list_that_is_configured_again_brings_all_back(reader: Planet) -> None:
    show(reader, "abc")
    called = names(reader)
    reader.configure(other=LIST, feeds="")
    reader.serve(opml(), at="other")
    reader.run()
    assert names(reader) == {}

    reader.configure(list=LIST, feeds=ALL)
    reader.run(build=True)

    assert names(reader) == called
    assert published(reader) == "abc"


def test_one_feed_in_two_lists_is_one_source(reader: Planet) -> None:
    reader.configure(list=LIST, more=LIST, feeds="")
    both = opml(reader.server.url("/a"))
    reader.serve(both, at="list")
    reader.serve(both, at="more")

    for _ in range(3):
        reader.run()

    assert len(names(reader)) == 1
    assert len(reader.articles(names(reader)["a"])) == 1


def test_a_feed_that_is_configured_itself_is_asked_once(reader: Planet) -> None:
    mine = f'url = "{reader.server.url("/b")}"'
    letters = "abcdefghijkl"
    show(reader, letters)
    called = names(reader)

    reader.configure(list=LIST, mine=mine, feeds=ALL)
    reader.run(build=True)

    assert sorted(names(reader)) == sorted(set(letters) - {"b"})
    assert any("1 of its feeds are sources of the configuration" in p for p in reader.problems())
    assert [one.title for one in reader.articles("mine")] == ["b"]
    assert published(reader) == letters.replace("b", "")

    reader.configure(list=LIST, feeds=ALL)
    reader.run(build=True)

    assert names(reader) == called
    assert published(reader) == letters


def test_feeds_that_are_configured_one_and_all_take_nothing_along(reader: Planet) -> None:
    show(reader, "abc")

    own = {f"mine-{one}": f'url = "{reader.server.url(f"/{one}")}"' for one in "abc"}
    reader.configure(list=LIST, **own, feeds=ALL)
    reader.run(build=True)

    assert names(reader) == {}
    assert all("stay" not in problem for problem in reader.problems())


def test_a_list_under_another_name_keeps_its_sources(reader: Planet) -> None:
    show(reader, "abc")
    called = names(reader)

    reader.serve(opml(*(reader.server.url(f"/{one}") for one in "abc")), at="lists")
    url = reader.server.url("/list")
    reader.configure(lists=f'{LIST}\nwas = "list"\nurl = "{url}"', feeds="")
    reader.run()

    assert names(reader) == called


def test_a_list_that_is_no_list_for_a_while_brings_all_back(reader: Planet) -> None:
    show(reader, "abc")
    called = names(reader)

    reader.configure(list='kind = "feed"', feeds=ALL)
    reader.run()
    assert names(reader) == {}
    reader.configure(list=LIST, feeds=ALL)
    reader.run(build=True)

    assert names(reader) == called
    assert published(reader) == "abc"


def test_names_of_the_configuration_are_not_taken(reader: Planet) -> None:
    host = reader.server.url("/a").partition("://")[2].partition("/")[0]
    mine = f"{host.replace(':', '-')}-a"
    reader.configure(list=LIST, **{mine: f'url = "{reader.server.url("/b")}"'}, feeds="")

    show(reader, "a")

    assert names(reader)["a"] != mine
    assert [one.title for one in reader.articles(mine)] == ["b"]
    assert [one.title for one in reader.articles(names(reader)["a"])] == ["a"]


def test_what_it_lists_is_a_feed_and_nothing_else(reader: Planet) -> None:
    reader.server["/nested"] = Answer(body=opml(reader.server.url("/a")))
    reader.serve(opml(reader.server.url("/nested")), at="list")

    reader.run()

    (row,) = [reader.row(name) for name in names(reader).values()]
    assert row.state == "failing"
    assert "OPML" in (row.reason or "")


def test_a_broken_feed_harms_no_other(reader: Planet) -> None:
    reader.server["/b"] = Answer(body=rss()[:40])

    show(reader, "abc")

    assert published(reader) == "ac"
