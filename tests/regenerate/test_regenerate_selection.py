"""Which articles a feed holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

Told = Callable[..., str]

SITE = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"

[[source]]
name = "desk"
path = "articles"

[[source]]
name = "wire"
path = "wire"
tags = ["agency"]

[[feed]]
name = "cut"
"""


def _write(service: Any, told: Told) -> None:
    wire = service.root / "wire"
    wire.mkdir()
    articles = {
        "a.txt": told("Ferry", "2025-05-07", "The ferry.", Tags="sea, ÖPNV", Autor="Jana Öhm"),
        "b.txt": told("Bridge", "2025-05-06", Tags="Sea", Autor="Tom Wex", Sprache="de-AT"),
        "c.txt": told("Gull", "2025-05-05", "A bird.", Autor="JANA ÖHM", Sprache="de"),
        "d.txt": told("Dene", "2025-05-04", "A valley.", Sprache="den", Ressort="Culture"),
        "../wire/e.txt": told("Storm", "2025-05-03", "Wind from the sea.", Tags="weather"),
        "../wire/f.txt": told("Calm", "2025-05-02", "No <wind> at all.", Teaser="ferries rest"),
    }  # fmt: skip
    for name, text in articles.items():
        service.write(name, text)


def _titles(service: Any) -> list[str]:
    items = json.loads(service.published("cut/feed.json"))["items"]
    return [item["title"] for item in items]


@pytest.mark.parametrize(
    ("keys", "titles"),
    [
        pytest.param("", ["Ferry", "Bridge", "Gull", "Dene", "Storm", "Calm"], id="newest-first"),
        pytest.param("limit = 2", ["Ferry", "Bridge"], id="limit"),
        pytest.param('sources = ["wire"]', ["Storm", "Calm"], id="source"),
        pytest.param("max_per_source = 1", ["Ferry", "Storm"], id="so-many-of-each-source"),
        pytest.param(
            "max_per_source = 2\nlimit = 3", ["Ferry", "Bridge", "Storm"], id="both-limits"
        ),
        pytest.param('tags = ["sea"]', ["Ferry", "Bridge"], id="tag-without-case"),
        pytest.param('tags = ["öpnv"]', ["Ferry"], id="tag-without-case-beyond-ascii"),
        pytest.param('tags = ["O\u0308PNV"]', ["Ferry"], id="tag-in-another-spelling-of-unicode"),
        pytest.param('tags = ["culture"]', ["Dene"], id="a-section-is-a-tag"),
        pytest.param('tags = ["agency"]', ["Storm", "Calm"], id="tag-of-the-source"),
        pytest.param('tags = ["weather", "sea"]', ["Ferry", "Bridge", "Storm"], id="any-tag"),
        pytest.param('authors = ["Jana Öhm"]', ["Ferry", "Gull"], id="author-without-case"),
        pytest.param('language = "de"', ["Bridge", "Gull"], id="de-takes-de-AT-and-not-den"),
        pytest.param('language = "de-AT"', ["Bridge"], id="de-AT-takes-no-other-de"),
        pytest.param('match = "ferr(y|ies)"', ["Ferry", "Calm"], id="match-title-text-summary"),
        pytest.param('exclude = "ferr|wind"', ["Bridge", "Gull", "Dene"], id="exclude"),
        pytest.param('match = "<wind>"', ["Calm"], id="match-sees-text-not-markup"),
        pytest.param('match = "sea"\nlimit = 1', ["Storm"], id="match-then-limit"),
        pytest.param(
            'tags = ["sea"]\nauthors = ["Tom Wex"]', ["Bridge"], id="all-conditions-together"
        ),
        pytest.param('since = "28d"', ["Ferry", "Bridge", "Gull"], id="since"),
        pytest.param('tags = ["nothing"]', [], id="nothing-fits"),
    ],
)
def test_a_feed_holds(
    make_service: Callable[..., Any], told: Told, keys: str, titles: list[str]
) -> None:
    service = make_service(f"{SITE}{keys}\n")
    _write(service, told)

    report = service.sync().build

    assert _titles(service) == titles
    assert {publication.entries for publication in report.publications if publication.feed} == {
        len(titles)
    }


def test_an_article_gets_too_old_by_itself(make_service: Callable[..., Any], told: Told) -> None:
    service = make_service(f'{SITE}since = "28d"\n')
    _write(service, told)
    service.sync()
    leaves = datetime(2025, 6, 2, tzinfo=UTC)
    assert service.app.store.feed("cut").next_change == leaves

    service.clock.at = datetime(2025, 6, 2, 9, 30, tzinfo=UTC)
    service.regenerate()

    assert _titles(service) == ["Ferry", "Bridge"]
    assert service.app.store.feed("cut").updated == leaves
    assert service.app.store.feed("cut").next_change == datetime(2025, 6, 3, tzinfo=UTC)


def test_an_id_in_two_sources_stands_once(make_service: Callable[..., Any], told: Told) -> None:
    service = make_service(SITE)
    (service.root / "wire").mkdir()
    one = "https://news.example.org/storm"
    service.write("a.txt", told("Storm", "2025-05-01", id=one))
    service.write("../wire/b.txt", told("Storm, corrected", "2025-05-02", id=one))
    service.write("../wire/c.txt", told("Calm", "2025-04-02"))

    service.sync()

    assert _titles(service) == ["Storm, corrected", "Calm"]
    (service.root / "wire" / "b.txt").unlink()
    service.sync()
    assert _titles(service) == ["Storm", "Calm"]
