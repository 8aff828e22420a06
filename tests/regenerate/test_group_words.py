"""The feeds of a group come with the words that articles have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

GROUP = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "topics"
per = "tag"
"""


def folders(service: Any) -> list[str]:
    """The feeds of the group that are published."""
    return sorted(path.name for path in (service.public / "topics").iterdir() if path.is_dir())


@pytest.fixture
def group(make_service: Callable[..., Any]) -> Any:
    return make_service(GROUP)


def test_a_word_comes_when_its_article_falls_due(group: Any, told: Callable[..., str]) -> None:
    """No feed of the group knows that moment: none has the word yet."""
    group.write("a.txt", told("A", "2025-05-01", Tags="sea"))
    group.write("b.txt", told("B", "2025-06-03", Tags="secret"))
    group.sync()
    assert folders(group) == ["sea"]

    group.clock.tick(days=3)
    group.regenerate(verify=False)

    assert folders(group) == ["sea", "secret"]
    assert b"<title>B</title>" in group.published("topics/secret/atom.xml")


def test_a_new_word_is_a_new_feed_and_the_others_keep_their_bytes(
    group: Any, told: Callable[..., str]
) -> None:
    group.write("a.txt", told("A", "2025-05-01", Tags="sea"))
    group.sync()
    before = {path: kept for path, kept in group.snapshot().items() if "/sea/" in path}

    group.write("b.txt", told("B", "2025-05-02", Tags="Ländliches"))
    group.sync()

    after = group.snapshot()
    assert folders(group) == ["laendliches", "sea"]
    assert before.items() <= after.items()


def test_pages_of_older_articles_tell_of_a_new_feed_as_well(
    make_service: Callable[..., Any], told: Callable[..., str]
) -> None:
    """They are too old for it, but a build of everything would name it on their pages."""
    group = make_service(GROUP + 'since = "10d"\n\n[[feed]]\nname = "all"\n')
    group.write("a.txt", told("Old", "2025-01-01", Tags="sea"))
    group.sync()
    group.write("b.txt", told("New", "2025-05-31", Tags="sea"))
    group.sync()
    page = group.published("a/old/index.html")
    assert b"/topics/sea/atom.xml" in page

    group.regenerate(everything=True)

    assert group.published("a/old/index.html") == page


def test_a_word_of_any_length_is_the_same_in_an_article_and_in_a_rule(
    make_service: Callable[..., Any],
) -> None:
    """Of a very long one only the beginning is kept."""
    word = "Ländliches " * 40
    service = make_service(GROUP + f'\n[[feed]]\nname = "long"\ntags = ["{word}"]\n')

    service.write("a.md", f"---\ntitle: A\ndate: 2025-05-01\ntags: ['{word}']\n---\nText.\n")
    service.sync()

    assert b"<title>A</title>" in service.published("long/atom.xml")
