"""The page of an article: what people, readers, previews and search engines find on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from feedsvc.feeds.article_page import article_page
from feedsvc.feeds.preview import locale_of
from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, FeedHead, Format, Image, Origin, Person
from feedsvc.serve.headers import CONTENT_SECURITY_POLICY
from feedsvc.settings import Site

URL = "https://news.example.org/a/ferry/"
PHOTO = "https://news.example.org/ferry.jpg"
AUDIO = "https://news.example.org/talk.mp3"
SITE = Site(
    title="Harbour News",
    base_url="https://news.example.org",
    id_domain="news.example.org",
    language="en",
    timezone=ZoneInfo("Europe/Berlin"),
)
HOSTILE = 'A "quoted" & </script><script>alert(1)</script> <b>'

Make = Callable[..., Entry]
Head = Callable[..., FeedHead]


def _page(entry: Entry, *heads: FeedHead, site: Site = SITE) -> Any:
    """The parsed page, which the gate has passed."""
    article = replace(entry.article, link=None)
    body = article_page(replace(entry, article=article), URL, heads, site=site)
    assert check(body, "html", url=URL) == ()
    return html.fromstring(body.decode())


def _all(page: Any, path: str) -> list[str]:
    return [" ".join(str(one).split()) for one in page.xpath(path)]


def _of(name: str, then: str = "//text()") -> str:
    return f"//*[contains(concat(' ', @class, ' '), ' {name} ')]{then}"


def _meta(page: Any, name: str) -> list[str]:
    return _all(page, f"//meta[@property='{name}' or @name='{name}']/@content")


def _data(page: Any) -> dict[str, Any]:
    (text,) = page.xpath("//script[@type='application/ld+json']/text()")
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


# -- for people ------------------------------------------------------------------------------------


def test_a_page_says_what_it_is_and_leads_back_to_the_site(whole: Make) -> None:
    page = _page(whole())

    assert _all(page, "/html/@lang") == ["en-GB"]
    assert _all(page, "//title/text()") == ["Ferry back in service · Harbour News"]
    assert _all(page, "//body/header//a/@href") == ["https://news.example.org/"]
    assert _all(page, "//h1/text()") == ["Ferry back in service"]
    assert _all(page, "//main/article/@dir") == ["auto"]


def test_the_lead_picture_has_its_caption_and_its_size_once_that_is_known(whole: Make) -> None:
    image = Image(url=PHOTO, caption="The ferry", credit="Archive", width=800, height=600)

    page = _page(whole(image=image))

    (shown,) = page.xpath("//figure/img")
    assert (shown.get("src"), shown.get("alt")) == (PHOTO, "The ferry")
    assert (shown.get("width"), shown.get("height")) == ("800", "600")
    assert _all(page, "//figcaption/text()") == ["The ferry (Archive)"]


def test_a_picture_that_the_text_shows_is_not_shown_twice(whole: Make) -> None:
    page = _page(whole(html=f'<p>Look: <img src="{PHOTO}" alt=""></p>'))

    assert _all(page, "//img/@src") == [PHOTO]


def test_players_in_the_text_can_be_used(whole: Make) -> None:
    page = _page(
        whole(
            html=f'<p><audio src="{AUDIO}"></audio></p><p>&lt;video&gt; is a tag.</p>'
            '<video poster="https://news.example.org/p.jpg"><source src="/v.mp4"></video>'
        )
    )

    players = page.xpath("//div[contains(@class, 'e-content')]//*[self::audio or self::video]")
    assert [(one.tag, one.get("controls"), one.get("preload")) for one in players] == [
        ("audio", "", "none"),
        ("video", "", "none"),
    ]
    assert "<video> is a tag." in page.text_content()


@pytest.mark.parametrize(
    ("enclosure", "path", "expected"),
    [
        pytest.param(
            Enclosure(url=AUDIO, type="audio/mpeg", length=12_345_678, duration=3754),
            "//audio[@controls]/@src | //ul[@class='media']//span/text()",
            [AUDIO, "audio/mpeg · 12.3 MB · 1:02:34"],
            id="audio-has-a-player",
        ),
        pytest.param(
            Enclosure(url="https://news.example.org/trip.mp4?x=1&y=2", duration=61),
            "//video[@controls]/@src | //ul[@class='media']//span/text()",
            ["https://news.example.org/trip.mp4?x=1&y=2", "video/mp4 · 1:01"],
            id="video-by-its-address",
        ),
        pytest.param(
            Enclosure(url="https://news.example.org/map.pdf", type="application/pdf", length=2048),
            "//ul[@class='media']//a/@href | //ul[@class='media']//*[not(*)]/text()",
            ["https://news.example.org/map.pdf", "map.pdf", "application/pdf · 3 kB"],
            id="anything-else-is-a-link",
        ),
        pytest.param(
            Enclosure(url="https://news.example.org/download"),
            "//ul[@class='media']//a/@href | //ul[@class='media']//a/text()",
            ["https://news.example.org/download", "download"],
            id="nothing-known-of-it",
        ),
        pytest.param(
            Enclosure(url="https://news.example.org/second.jpg"),
            "//ul[@class='media']//img/@src",
            ["https://news.example.org/second.jpg"],
            id="another-picture-is-shown",
        ),
        pytest.param(
            Enclosure(url=PHOTO), "//ul[@class='media']", [], id="the-lead-picture-is-not"
        ),
    ],
)
def test_a_media_file_is_on_the_page(
    whole: Make, enclosure: Enclosure, path: str, expected: list[str]
) -> None:
    assert _all(_page(whole(enclosures=(enclosure,))), path) == expected


def test_a_player_that_the_text_has_is_not_shown_twice(whole: Make) -> None:
    audio = Enclosure(url=f"{AUDIO}?a=1&b=2", type="audio/mpeg")
    body = f'<audio src="{AUDIO}?a=1&amp;b=2"></audio>'

    page = _page(whole(html=body, enclosures=(audio,)))

    assert _all(page, "//audio/@src") == [f"{AUDIO}?a=1&b=2"]


def test_the_feeds_that_hold_it_are_announced_and_linked(whole: Make, head: Head) -> None:
    sea = head(
        name="sea",
        title="Sea & Sky",
        home="https://news.example.org/sea/",
        urls={Format.RSS: "https://news.example.org/sea/rss.xml"},
    )

    page = _page(whole(), head(), sea)

    assert _all(page, "//head/link[@rel='alternate']/@href") == [
        "https://news.example.org/all/atom.xml",
        "https://news.example.org/all/rss.xml",
        "https://news.example.org/all/feed.json",
        "https://news.example.org/sea/rss.xml",
    ]
    assert _all(page, "//footer//a/text()") == ["Harbour News", "Sea & Sky"]
    assert _all(page, "//link[@rel='canonical']/@href") == [URL]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        pytest.param("<h1>A</h1><h2>B</h2>", ["h1", "h2", "h3"], id="all-one-deeper"),
        pytest.param("<h1>A</h1><h6>B</h6>", ["h1", "h2", "h6"], id="no-deeper-than-there-are"),
        pytest.param("<h2>A</h2><h3>B</h3>", ["h1", "h2", "h3"], id="as-they-are"),
        pytest.param('<h1>A</h1><img alt="&lt;h2>" src="">', ["h1", "h2"], id="words-stay"),
    ],
)
def test_the_headings_of_the_text_stand_below_the_one_of_the_page(
    sparse: Make, text: str, levels: list[str]
) -> None:
    page = _page(sparse(title="Ferry", html=text))
    untitled = _page(sparse(title="", html="<h1>A</h1>"))

    assert len(untitled.xpath("//h1")) == 1
    assert [one.tag for one in page.xpath("//h1 | //h2 | //h3 | //h6")] == levels
    assert page.xpath("//img/@alt") in ([], ["<h2>"])


@pytest.mark.parametrize(
    ("article", "site", "page", "frame"),
    [
        pytest.param("de", "de", ("de", None), (None, None), id="one-language"),
        pytest.param(None, "ar", ("ar", "rtl"), (None, None), id="the-sites"),
        pytest.param("ar", "de", ("ar", "rtl"), ("de", "ltr"), id="another-direction"),
        pytest.param("ar-Latn", "he", ("ar-Latn", None), ("he", "rtl"), id="another-script"),
        pytest.param("fr", "de", ("fr", None), ("de", None), id="one-direction"),
        pytest.param("uz-Arab-AF", "uz", ("uz-Arab-AF", "rtl"), ("uz", "ltr"), id="by-its-script"),
        pytest.param("de", None, ("de", None), (None, None), id="nobody-knows-the-sites"),
        pytest.param(None, None, (None, None), (None, None), id="nobody-knows"),
    ],
)
def test_an_article_and_what_frames_it_are_each_in_their_language(
    sparse: Make,
    head: Head,
    article: str | None,
    site: str | None,
    page: tuple[str | None, str | None],
    frame: tuple[str | None, str | None],
) -> None:
    shown = _page(sparse(language=article), head(), site=replace(SITE, language=site))

    assert (shown.get("lang"), shown.get("dir")) == page
    for name in ("header", "footer"):
        (element,) = shown.xpath(f"//{name}")
        assert (element.get("lang"), element.get("dir")) == frame


def test_a_copy_says_where_it_is_from(whole: Make) -> None:
    origin = Origin(title="Sea Post", link="https://sea.example.net/", url="https://x.example/f")

    page = _page(whole(origin=origin))

    assert _all(page, "//article/p/a[not(@class)]/@href") == ["https://sea.example.net/"]
    assert _all(page, "//article/p/a/bdi/text()") == ["Sea Post"]
    assert _data(page)["isBasedOn"] == "https://sea.example.net/"


def test_a_post_without_a_title_has_a_name_in_the_window_and_no_empty_heading(sparse: Make) -> None:
    page = _page(sparse(title="", html="<p>The ferry runs again.</p>"))

    assert _all(page, "//title/text()") == ["The ferry runs again. · Harbour News"]
    assert _all(page, "//h1") == []
    assert _data(page)["headline"] == "The ferry runs again."


def test_what_there_is_of_a_sparse_article_stands_alone(sparse: Make) -> None:
    page = _page(sparse(title="Closed", html=""), site=replace(SITE, language=None))

    assert _all(page, "/html/@lang") == []
    assert _all(page, "//article//text()[normalize-space()]") == ["Closed", "2025-05-01 08:00"]
    assert _all(page, "//footer") == []
    assert "author" in _data(page)


@pytest.mark.parametrize("where", ["title", "subtitle", "summary", "section", "rights", "location"])
def test_hostile_words_are_words(whole: Make, where: str) -> None:
    page = _page(whole(**{where: HOSTILE}))

    assert len(page.xpath("//script")) == 1
    assert " ".join(HOSTILE.split()) in _all(page, "//body//text()")
    assert _data(page)["@type"] in {"Article", "NewsArticle"}


def test_hostile_names_tags_captions_and_sites_are_words(whole: Make, head: Head) -> None:
    page = _page(
        whole(
            authors=(Person(name='A "b" & <script>'),),
            tags=(HOSTILE,),
            image=Image(url=PHOTO, caption=HOSTILE, credit=HOSTILE),
        ),
        head(title=HOSTILE),
        site=replace(SITE, title=HOSTILE, rights=HOSTILE),
    )

    assert len(page.xpath("//script")) == 1
    assert _data(page)["keywords"] == [" ".join(HOSTILE.split())]


def test_nothing_but_the_style_of_the_page_and_its_data_needs_leave_of_the_server(
    whole: Make,
) -> None:
    page = _page(whole())

    # A script that is data is not executed, so that `script-src` does not concern it.
    assert "script-src" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "media-src 'self' http: https:" in CONTENT_SECURITY_POLICY
    assert _all(page, "//script/@type") == ["application/ld+json"]
    assert _all(page, "//script/@src | //link[@rel='stylesheet'] | //*/@style | //*/@onclick") == []


# -- for readers of microformats -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(_of("h-entry", "/@class"), ["h-entry"], id="one-entry"),
        pytest.param("//article/h1[@class='p-name']//text()", ["Ferry back in service"], id="name"),
        pytest.param(_of("e-content", "/p/text()"), ["It runs again."], id="content"),
        pytest.param(
            _of("p-summary"), ["The old ferry crosses the harbour again & on time."], id="summary"
        ),
        pytest.param(
            _of("dt-published", "/@datetime"), ["2025-05-01T08:00:00+02:00"], id="published"
        ),
        pytest.param(_of("dt-updated", "/@datetime"), ["2025-05-02T09:30:00+02:00"], id="updated"),
        pytest.param(
            "//*[@class='p-author h-card']//*[@class='p-name']/text()",
            ["Jana Öhm", "Tom Wex"],
            id="authors",
        ),
        pytest.param(
            "//*[@class='p-author h-card']/a[@class='u-url']/@href",
            ["https://news.example.org/jana"],
            id="their-pages",
        ),
        pytest.param("//a[@class='u-url' and time]/@href", [URL], id="its-own-address"),
        pytest.param(
            _of("p-category"),
            ["Harbour", "Ferries", "Öffentlicher Verkehr"],
            id="section-and-tags-once",
        ),
        pytest.param(_of("u-photo", "/@src"), [PHOTO], id="photo"),
        pytest.param(
            _of("u-uid", "/@value"), ["tag:news.example.org,2025-01-01:desk/ferry"], id="uid"
        ),
    ],
)
def test_an_h_entry_has_its(whole: Make, path: str, expected: list[str]) -> None:
    assert _all(_page(whole()), path) == expected


def test_an_address_for_mail_is_not_on_the_page(whole: Make) -> None:
    page = _page(whole(authors=(Person(name="Jana <jana@news.example.org>", email="j@b.example"),)))

    assert "@" not in "".join(_all(page, "//article//text() | //article//@href"))


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        pytest.param(datetime(2025, 5, 1, 22, 30, tzinfo=UTC), "2025-05-02 00:30", id="its-zone"),
        pytest.param(datetime(2025, 5, 1, 22, tzinfo=UTC), "2025-05-02", id="a-day-without-hour"),
    ],
)
def test_dates_are_those_of_the_source(sparse: Make, published: datetime, shown: str) -> None:
    page = _page(sparse(published=published, updated=published))

    assert _all(page, "//time/text()") == [shown]
    assert _all(page, _of("dt-updated")) == []


# -- for previews ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("og:type", ["article"], id="type"),
        pytest.param("og:title", ["Ferry back in service"], id="title"),
        pytest.param("og:url", [URL], id="url"),
        pytest.param("og:site_name", ["Harbour News"], id="site"),
        pytest.param("og:image", [PHOTO], id="image"),
        pytest.param("og:image:alt", ["The ferry"], id="alt"),
        pytest.param("og:locale", ["en_GB"], id="locale"),
        pytest.param(
            "og:description",
            ["After three weeks in the dock The old ferry crosses the harbour again & on time."],
            id="description",
        ),
        pytest.param("article:published_time", ["2025-05-01T08:00:00+02:00"], id="published"),
        pytest.param("article:modified_time", ["2025-05-02T09:30:00+02:00"], id="modified"),
        pytest.param("article:author", ["https://news.example.org/jana", "Tom Wex"], id="authors"),
        pytest.param("article:section", ["Harbour"], id="section"),
        pytest.param("article:tag", ["Ferries", "Öffentlicher Verkehr"], id="tags"),
        pytest.param("author", ["Jana Öhm", "Tom Wex"], id="authors-for-all-others"),
    ],
)
def test_a_preview_has_its(whole: Make, name: str, expected: list[str]) -> None:
    assert _meta(_page(whole()), name) == expected


def test_a_description_is_made_of_the_text_where_there_is_no_other(sparse: Make) -> None:
    (told,) = _meta(_page(sparse(html=f"<p>{'Ferry again. ' * 60}</p>")), "description")

    assert told.startswith("Ferry again. Ferry again.")
    assert len(told) <= 300


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        pytest.param("de", "de_DE", id="the-territory-most-speakers-live-in"),
        pytest.param("de-AT", "de_AT", id="the-territory-it-states"),
        pytest.param("en-gb", "en_GB", id="whatever-the-case"),
        pytest.param("zh-Hant", "zh_TW", id="a-script-that-says-where"),
        pytest.param("zh-Hans-SG", "zh_SG", id="behind-a-script"),
        pytest.param("tlh", None, id="nowhere"),
        pytest.param(None, None, id="no-language"),
    ],
)
def test_a_language_becomes_a_locale(language: str | None, locale: str | None) -> None:
    assert locale_of(language) == locale


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            '<p>A</p><img src="https://example.org/a.png?x=1&amp;y=2" alt=""><img src="b.png">',
            ["https://example.org/a.png?x=1&y=2"], id="the-first-one-of-the-text",
        ),
        pytest.param(
            '<img src="https://example.org/1.gif" width="1" height="1" alt="">'
            '<img src="https://example.org/smile.png" height="16" alt=":)">'
            '<img src="https://example.org/b.png" alt="b" width="640" height="480">',
            ["https://example.org/b.png"], id="no-sign-and-no-mark-of-those-who-count",
        ),
        pytest.param('<img src="https://example.org/0.gif" width="0" alt="">', [], id="no-mark"),
        pytest.param('<img src="cid:part1" alt="">', [], id="none-that-others-cannot-fetch"),
        pytest.param("<p>A</p>", [], id="none-at-all"),
    ],
)  # fmt: skip
def test_a_preview_has_a_picture_of_the_text_where_there_is_no_other(
    sparse: Make, text: str, shown: list[str]
) -> None:
    page = _page(sparse(html=text))

    assert _meta(page, "og:image") == shown
    assert len(page.xpath("//img")) == text.count("<img")
    assert ("image" in _data(page)) == bool(shown)


def test_what_is_played_is_told_to_previews_and_search_engines(sparse: Make) -> None:
    page = _page(
        sparse(
            enclosures=(
                Enclosure(url=AUDIO, type="audio/mpeg", length=123456, duration=754),
                Enclosure(url="https://news.example.org/a.mp4"),
                Enclosure(url="https://news.example.org/a.pdf", type="application/pdf"),
            )
        )
    )

    assert _meta(page, "og:audio") == [AUDIO]
    assert _meta(page, "og:audio:type") == ["audio/mpeg"]
    assert _meta(page, "og:video") == ["https://news.example.org/a.mp4"]
    assert _data(page)["associatedMedia"] == [
        {
            "@type": "AudioObject",
            "contentUrl": AUDIO,
            "encodingFormat": "audio/mpeg",
            "contentSize": "123456",
            "duration": "PT754S",
        },
        {
            "@type": "VideoObject",
            "contentUrl": "https://news.example.org/a.mp4",
            "encodingFormat": "video/mp4",
        },
    ]


# -- for search engines ----------------------------------------------------------------------------


def test_search_engines_are_told_of_the_whole_article(whole: Make) -> None:
    site = replace(SITE, icon="https://news.example.org/icon.png")

    data = _data(_page(whole(location="Hamburg"), site=site))

    publisher = {
        "@type": "Organization",
        "name": "Harbour News",
        "url": "https://news.example.org/",
        "logo": "https://news.example.org/icon.png",
    }
    assert data == {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "identifier": "tag:news.example.org,2025-01-01:desk/ferry",
        "headline": "Ferry back in service",
        "description": "After three weeks in the dock The old ferry crosses the harbour again "
        "& on time.",
        "url": URL,
        "mainEntityOfPage": {"@type": "WebPage", "@id": URL},
        "datePublished": "2025-05-01T08:00:00+02:00",
        "dateModified": "2025-05-02T09:30:00+02:00",
        "author": [
            {"@type": "Person", "name": "Jana Öhm", "url": "https://news.example.org/jana"},
            {"@type": "Person", "name": "Tom Wex"},
        ],
        "publisher": publisher,
        "image": {
            "@type": "ImageObject",
            "url": PHOTO,
            "caption": "The ferry",
            "creditText": "Harbour archive",
        },
        "associatedMedia": [
            {
                "@type": "AudioObject",
                "contentUrl": AUDIO,
                "encodingFormat": "audio/mpeg",
                "contentSize": "123456",
            }
        ],
        "inLanguage": "en-GB",
        "articleSection": "Harbour",
        "keywords": ["Ferries", "Öffentlicher Verkehr"],
        "dateline": "Hamburg",
        "copyrightNotice": "© Harbour News",
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param({}, "Article", id="any-text"),
        pytest.param({"agency": "hn"}, "NewsArticle", id="of-an-agency"),
        pytest.param({"location": "Kiel"}, "NewsArticle", id="from-a-place"),
    ],
)
def test_what_kind_of_article_it_is(sparse: Make, values: dict[str, Any], kind: str) -> None:
    assert _data(_page(sparse(**values)))["@type"] == kind


def test_a_headline_is_no_longer_than_search_engines_show(sparse: Make) -> None:
    headline = _data(_page(sparse(title="Ferry again " * 30)))["headline"]

    assert 90 < len(headline) <= 110


def test_the_same_article_is_the_same_bytes(whole: Make, head: Head) -> None:
    first, again = (article_page(whole(), URL, [head()], site=SITE) for _ in range(2))

    assert first == again
