"""The page of an article: what people, readers, previews and search engines find on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree, html

from feedsvc.feeds.article_page import article_page
from feedsvc.feeds.preview import locale_of
from feedsvc.gate import check
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Image, Origin, Person
from feedsvc.settings import Site

URL = "https://news.example.org/a/ferry/"
BERLIN = ZoneInfo("Europe/Berlin")
SITE = Site(
    title="Harbour News",
    base_url="https://news.example.org",
    id_domain="news.example.org",
    language="en",
    timezone=BERLIN,
    icon="https://news.example.org/icon.png",
)
HOSTILE = 'A "quoted" & </script><script>alert(1)</script> <b>'

Page = Callable[..., Any]


@pytest.fixture
def page(whole: Article) -> Page:
    """The parsed page of an article without a link; arguments replace values of the whole one."""

    def make(*heads: FeedHead, site: Site = SITE, **values: Any) -> Any:
        article = replace(whole, link=None, **values)
        body = article_page(Entry(article=article, zone=BERLIN), URL, heads, site=site)
        assert check(body, "html", url=URL) == ()
        return html.fromstring(body.decode())

    return make


@pytest.fixture
def whole(make_article: Callable[..., Article]) -> Article:
    return make_article()


def _all(root: Any, path: str) -> list[str]:
    return [str(one).strip() for one in root.xpath(path)]


def _meta(root: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in root.xpath("//meta[@property or @name]"):
        found.setdefault(one.get("property") or one.get("name"), []).append(one.get("content"))
    return found


def _data(root: Any) -> dict[str, Any]:
    (text,) = root.xpath("//script/text()")
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def _class(name: str) -> str:
    return f"//*[contains(concat(' ', @class, ' '), ' {name} ')]"
