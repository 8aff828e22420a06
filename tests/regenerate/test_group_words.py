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
