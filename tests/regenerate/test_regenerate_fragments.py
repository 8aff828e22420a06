"""What a feed makes of its entries, and that no feed gets the fragments of another kind of feed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check

Told = Callable[..., str]

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
SMARTNEWS = "{http://www.smartnews.be/snf}"
SITE = """
[site]
title = "Hafenfunk"
base_url = "https://news.example.org"
id_domain = "news.example.org"
language = "de"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "plain"

[[feed]]
name = "show"
podcast = { author = "Redaktion", categories = ["News"] }

[[feed]]
name = "partner"
profile = "smartnews"
description = "Hafen"
logo = "https://news.example.org/logo.png"
analytics = "<script>count(1)</script>"
"""
EPISODE = """---
title: Nebel
date: 2025-05-01
language: de
link: https://news.example.org/nebel
image: https://news.example.org/nebel.jpg
audio: https://audio.example.org/7.mp3
length: 900
type: audio/mpeg
duration: "25:36"
episode: {episode}
transcript: https://audio.example.org/7.vtt
---
Text.
"""


@pytest.fixture
def site(make_service: Callable[..., Any]) -> Any:
    return make_service(SITE)


def _item(service: Any, feed: str) -> etree._Element:
    document = etree.fromstring(service.published(f"{feed}/rss.xml"))
    (item,) = document.iter("item")
    return item


def _names(element: etree._Element, namespace: str) -> list[str]:
    return [str(one.tag).removeprefix(namespace) for one in element.iterchildren(f"{namespace}*")]


def test_an_episode_is_one_in_a_podcast_and_an_article_elsewhere(site: Any) -> None:
    site.write("nebel.md", EPISODE.format(episode=7))
    site.sync()

    show = _item(site, "show")
    assert _names(show, ITUNES) == ["duration", "episode", "image"]
    assert _names(show, PODCAST) == ["transcript"]
    assert show.findtext(f"{ITUNES}duration") == "1536"
    for feed in ("plain", "partner"):
        assert _names(_item(site, feed), ITUNES) == _names(_item(site, feed), PODCAST) == []
    for feed in ("plain", "show", "partner"):
        body = site.published(f"{feed}/rss.xml")
        assert [found for found in check(body, "rss", now=site.clock.now()) if found.error] == []


def test_a_partner_gets_what_it_asks_for_and_no_one_else(site: Any) -> None:
    site.write("nebel.md", EPISODE.format(episode=7))
    site.sync()

    assert _item(site, "partner").findtext(f"{SMARTNEWS}analytics") == "<script>count(1)</script>"
    for feed in ("plain", "show"):
        assert b"snf:" not in site.published(f"{feed}/rss.xml")


def test_other_analytics_write_the_entries_anew(site: Any) -> None:
    site.write("nebel.md", EPISODE.format(episode=7))
    site.sync()

    site.configure(SITE.replace("count(1)", "count(2)"))
    site.sync()

    assert _item(site, "partner").findtext(f"{SMARTNEWS}analytics") == "<script>count(2)</script>"


def test_a_corrected_number_of_an_episode_is_published(site: Any) -> None:
    site.write("nebel.md", EPISODE.format(episode=6))
    site.sync()
    site.clock.tick(minutes=5)

    site.write("nebel.md", EPISODE.format(episode=7))
    site.sync()

    assert _item(site, "show").findtext(f"{ITUNES}episode") == "7"


def test_a_feed_that_becomes_a_podcast_tells_of_its_episodes(site: Any) -> None:
    site.write("nebel.md", EPISODE.format(episode=7))
    site.sync()

    site.configure(SITE.replace('name = "plain"', 'name = "plain"\npodcast = {}'))
    site.sync()
    made = _item(site, "plain").findtext(f"{ITUNES}episode")
    site.configure(SITE)
    site.sync()

    assert made == "7"
    assert _names(_item(site, "plain"), ITUNES) == []


def test_an_article_without_a_link_leads_to_its_page(site: Any, told: Told) -> None:
    site.write("ferry.txt", told("Größere Fähre"))
    site.sync()

    (item,) = json.loads(site.published("plain/feed.json"))["items"]
    assert item["url"] == "https://news.example.org/a/groessere-faehre/"
    assert _item(site, "plain").findtext("link") == item["url"]


def test_without_pages_an_article_without_a_link_has_none(
    make_service: Callable[..., Any], told: Told
) -> None:
    site = make_service(SITE + "\n[publish]\npages = false\n")
    site.write("ferry.txt", told("Größere Fähre"))
    site.sync()

    (item,) = json.loads(site.published("plain/feed.json"))["items"]
    assert "url" not in item


def test_a_second_run_renders_nothing(site: Any, told: Told) -> None:
    site.write("nebel.md", EPISODE.format(episode=7))
    site.write("ferry.txt", told("Ferry"))
    site.sync()
    before = site.snapshot()

    site.clock.tick(hours=1)
    site.sync()
    site.regenerate(everything=True)

    assert site.snapshot() == before
