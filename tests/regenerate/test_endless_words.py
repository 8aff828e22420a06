"""Rules about words that take too long: the same feed from every process, and the operator knows.

How long a search takes differs from time to time. So it is not searched twice what took too long
once: what was kept is what these tests change, since no search is slow at times, when asked to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feedsvc.store.searched import searched

Told = Callable[..., str]

ENDLESS = "a" * 60 + "!"
RULES = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "cut"
"""


@pytest.fixture
def service(make_service: Callable[..., Any]) -> Any:
    return make_service(RULES + "exclude = '(a+)+$'\n")


def restarted(service: Any) -> Any:
    """As another process finds it."""
    service.restart()
    searched.cache_clear()
    return service


def titles(service: Any) -> list[str]:
    return [item["title"] for item in json.loads(service.published("cut/feed.json"))["items"]]


def left_out(service: Any) -> dict[str, str]:
    return {problem.path: problem.reason for problem in service.app.store.feed("cut").left_out}


@pytest.mark.parametrize(
    "kind", [pytest.param("", id="newest"), pytest.param("archive = true\n", id="archive"),
             pytest.param('digest = "daily"\n', id="digest")],
)  # fmt: skip
def test_an_article_that_is_given_up_is_told_like_any_that_is_left_out(
    make_service: Callable[..., Any], told: Told, kind: str
) -> None:
    service = make_service(RULES + "exclude = '(a+)+$'\n" + kind)
    service.write("ferry.txt", told("Ferry", text="It sails."))
    service.sync(force=True)

    service.write("endless.txt", told("Endless", text=ENDLESS))
    service.sync(force=True)

    reason = "left out of cut: its 'exclude' takes too long on its words"
    assert left_out(service) == {"tag:news.example.org,2025-01-01:desk/endless": reason}


def test_what_was_given_up_once_stays_so_until_it_is_another_text(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry", text="It sails."))
    service.write("bridge.txt", told("Bridge", text="It is shut."))
    service.sync(force=True)
    give_up(service, "Bridge")

    restarted(service).regenerate(everything=True)
    assert titles(service) == ["Ferry"]
    restarted(service).regenerate(everything=True)
    assert titles(service) == ["Ferry"]

    service.write("bridge.txt", told("Bridge", text="It is open."))
    restarted(service).sync(force=True)
    assert sorted(titles(service)) == ["Bridge", "Ferry"]
    assert left_out(service) == {}


def test_a_feed_whose_rule_takes_too_long_on_many_articles_is_held_until_all_are_known(
    service: Any, told: Told
) -> None:
    service.write("ferry.txt", told("Ferry", text="It sails."))
    service.sync(force=True)
    before = service.published("cut/feed.json")
    rule = searched(service.app.settings.feeds[0].exclude)
    rule.most = 2
    rule.begin({})
    for number in range(5):
        service.write(f"{number}.txt", told(f"No {number}", text=f"{ENDLESS} {number}"))
    service.write("bridge.txt", told("Bridge", "2025-04-01 08:00", text="It is shut."))
    service.sync(force=True, build=False)

    report = service.regenerate()
    assert {one.outcome for one in report.publications if one.feed == "cut"} == {"held"}
    assert "its 'exclude' takes too long on many articles" in service.app.store.feed("cut").held
    assert service.published("cut/feed.json") == before

    for _ in range(2):  # one goes on where the last one ended
        service.regenerate(verify=True)
    assert titles(service) == ["Ferry", "Bridge"]
    assert service.app.store.feed("cut").held is None


def give_up(service: Any, *titles: str) -> None:
    """As after a build on a machine that was slower."""
    (feed,) = service.app.settings.feeds
    for article in service.stored().values():
        if article.title in titles:
            (found,) = service.app.store.found([article.guid])
            searched(feed.exclude).given_up[found.row] = article.seen
    service.app.store.given_up(feed, service.clock.now())
