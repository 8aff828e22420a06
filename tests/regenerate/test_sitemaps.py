"""Sitemaps: what search engines are told of, in how many files, and when it leaves them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.regenerate.sitemaps import SITEMAP, sitemaps_due
from tests.support import DEFAULT_CONFIG

Told = Callable[..., str]

BASE = "https://news.example.org"
SPOKEN = DEFAULT_CONFIG.replace('timezone = "', 'language = "de"\ntimezone = "')
PRIVATE = """
[[feed]]
name = "inner"
private = true
tags = ["inner"]

[[feed]]
name = "open"
tags = ["open"]
"""
_NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}


@pytest.fixture
def make(make_service: Callable[..., Any]) -> Callable[..., Any]:
    """A service whose language is German, with a configuration that is added to the usual one."""

    def build(more: str = "", name: str = "site") -> Any:
        return make_service(SPOKEN + more, name=name)

    return build


def _found(service: Any, path: str, what: str) -> list[str]:
    """What a sitemap says, which the gate has passed."""
    body = service.published(path)
    assert check(body, "sitemap", url=f"{BASE}/{path}", now=service.clock.now()) == ()
    root = etree.fromstring(body)
    return [str(one) for one in root.xpath(what, namespaces=_NAMES)]  # type: ignore[union-attr]


def _listed(service: Any, path: str = "sitemap.xml") -> list[str]:
    """The addresses of a sitemap, without that of the site."""
    return [one.removeprefix(f"{BASE}/") for one in _found(service, path, "*/s:loc/text()")]


def _news(service: Any, what: str = "s:url/s:loc/text()") -> list[str]:
    found = _found(service, "sitemap-news.xml", what)
    return [one.removeprefix(f"{BASE}/") for one in found]


def _files(service: Any) -> set[str]:
    return {path.name for path in service.public.glob("sitemap*.xml")}


def _bodies(service: Any) -> dict[str, bytes]:
    return {name: service.published(name) for name in _files(service)}


def _differs(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


# -- what is listed --------------------------------------------------------------------------------


def test_the_site_its_feeds_and_every_article_on_its_host_are_listed(
    service: Any, told: Told
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01 08:00", Tags="sea"))
    service.write("b.txt", told("Own", "2025-05-02 08:00", Link=f"{BASE}/own/page?a=1&b=2"))
    service.write("c.txt", told("Other", Link="https://example.org/other"))

    service.sync()

    assert _listed(service) == ["", "all/", "sea/", "a/ferry/", "own/page?a=1&b=2"]
    assert _found(service, "sitemap.xml", "s:url/s:lastmod/text()") == [
        "2025-05-02T06:00:00Z",
        "2025-05-02T06:00:00Z",
        "2025-05-01T06:00:00Z",
        "2025-05-01T06:00:00Z",
        "2025-05-02T06:00:00Z",
    ]


@pytest.mark.parametrize(
    ("base", "link", "listed"),
    [
        pytest.param(BASE, "https://news.example.org/x", True, id="our-host"),
        pytest.param(BASE, "http://news.example.org/x", False, id="another-scheme"),
        pytest.param(BASE, "https://news.example.org:8443/x", False, id="another-port"),
        pytest.param(BASE, "https://news.example.org.evil.example/x", False, id="a-longer-host"),
        pytest.param(BASE, "https://news_example.org/x", False, id="no-wildcard"),
        pytest.param(BASE, f"https://news.example.org/{'x' * 2040}", False, id="too-long"),
        pytest.param(f"{BASE}/feeds", "https://news.example.org/x", True, id="beside-our-folder"),
        pytest.param(
            "http://127.0.0.1:8080", "http://127.0.0.1:8080/x", True, id="a-port-of-our-own"
        ),
    ],
)
def test_a_link_is_listed_if_it_is_on_our_host(
    make_service: Callable[..., Any], told: Told, base: str, link: str, listed: bool
) -> None:
    service = make_service(SPOKEN.replace(BASE, base))
    service.write("a.txt", told("Ferry", Link=link))

    service.sync()

    assert (link.encode() in service.published("sitemap.xml")) == listed


def test_an_address_that_two_articles_share_is_listed_once(make: Callable[..., Any]) -> None:
    service = make('\n[[source]]\nname = "far"\npath = "far"\n\n[[feed]]\nname = "all"\n')
    (service.root / "far").mkdir()
    for folder in ("", "../far/"):
        service.write(
            f"{folder}x.md",
            f"---\ntitle: X\ndate: 2025-05-31\nlink: {BASE}/x\n---\n\nText {folder}.\n",
        )

    service.sync()

    assert _listed(service) == ["", "all/", "x"]
    assert _news(service) == ["x"]


def test_a_place_on_a_page_is_no_page(make: Callable[..., Any], told: Told) -> None:
    service = make()
    service.write("a.txt", told("Ferry", "2025-05-31 08:00", Link=f"{BASE}/log#ferry"))
    service.write("b.txt", told("Crane", "2025-05-31 09:00", Link=f"{BASE}/log#crane"))

    service.sync()

    assert _listed(service) == ["", "all/", "log"]
    assert _news(service) == ["log"]


def test_what_slid_out_of_every_feed_is_listed_still(make: Callable[..., Any], told: Told) -> None:
    service = make('\n[[feed]]\nname = "all"\nlimit = 1\n')
    for day in (1, 2, 3):
        service.write(f"{day}.txt", told(f"Day {day}", f"2025-05-0{day}"))
        service.sync()
    service.write("own.txt", told("Own", "2025-04-01", Link=f"{BASE}/own"))

    service.sync()

    assert _listed(service) == ["", "all/", "a/day-1/", "a/day-2/", "a/day-3/", "own"]


def test_private_feeds_and_what_only_they_hold_are_not_listed(
    make: Callable[..., Any], told: Told
) -> None:
    service = make(PRIVATE)
    day = "2025-06-01 08:00"
    for name, tags in (("secret", "inner"), ("both", "inner, open"), ("loose", "none")):
        service.write(f"{name}.txt", told(name, day, Tags=tags, Link=f"{BASE}/{name}"))
        service.write(f"p-{name}.txt", told(f"Page {name}", day, Tags=tags))

    service.sync()

    assert _listed(service) == ["", "open/", "both", "a/page-both/"]
    assert sorted(_news(service)) == ["a/page-both/", "both"]


def test_what_becomes_private_leaves(make: Callable[..., Any], told: Told) -> None:
    service = make(PRIVATE)
    day = "2025-06-01 08:00"
    service.write("one.txt", told("One", day, Tags="open, inner"))
    service.write("two.txt", told("Two", day, Tags="open", Link=f"{BASE}/two"))
    service.write("six.txt", told("Six", day, Tags="open"))
    service.sync()
    before = _listed(service)

    service.write("one.txt", told("One", day, Tags="inner"))
    service.write("two.txt", told("Two", day, Tags="none", Link=f"{BASE}/two"))
    service.sync()

    assert before == ["", "open/", "a/one/", "a/six/", "two"]
    assert _listed(service) == ["", "open/", "a/six/"]
    assert _news(service) == ["a/six/"]


def test_words_that_a_feed_asks_for_decide_here_too(make: Callable[..., Any], told: Told) -> None:
    service = make('\n[[feed]]\nname = "all"\nmatch = "ferry"\n')
    service.write("a.txt", told("One", text="The ferry.", Link=f"{BASE}/one"))
    service.write("b.txt", told("Two", text="The bridge.", Link=f"{BASE}/two"))

    service.sync()

    assert _listed(service) == ["", "all/", "one"]


def test_groups_list_their_page_and_their_feeds(make: Callable[..., Any], told: Told) -> None:
    service = make('\n[[feed]]\nname = "topic"\nper = "tag"\n')
    service.write("a.txt", told("Ferry", Tags="Sea", Link=f"{BASE}/ferry"))
    service.write("b.txt", told("Hill", Link=f"{BASE}/hill"))

    service.sync()

    assert _listed(service) == ["", "topic/", "topic/sea/", "ferry"]


# -- stable, and at once ---------------------------------------------------------------------------


def test_a_second_build_writes_nothing(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-31 08:00", Language="de"))
    service.sync()
    before = service.snapshot()

    service.clock.tick(hours=1)
    service.regenerate()
    service.regenerate(everything=True)
    service.regenerate(verify=False)

    assert service.snapshot() == before


def test_a_withdrawn_article_leaves_at_once_and_comes_back(
    make: Callable[..., Any], told: Told
) -> None:
    service = make()
    for name in ("ferry", "quay"):
        service.write(f"{name}.txt", told(name, "2025-05-31 08:00"))
    service.sync()
    before = _listed(service), sorted(_news(service))

    service.remove("ferry.txt")
    service.sync()
    gone = _listed(service), _news(service)
    service.write("ferry.txt", told("ferry", "2025-05-31 08:00"))
    service.sync()

    assert gone == (["", "all/", "a/quay/"], ["a/quay/"])
    assert (_listed(service), sorted(_news(service))) == before


def test_a_feed_that_goes_leaves(make: Callable[..., Any], told: Told) -> None:
    service = make('\n[[feed]]\nname = "all"\n\n[[feed]]\nname = "sea"\ntags = ["sea"]\n')
    service.write("a.txt", told("Ferry"))
    service.sync()

    service.configure(SPOKEN)
    service.sync()

    assert _listed(service) == ["", "all/", "a/ferry/"]


def test_sitemaps_are_taken_down_when_they_are_switched_off(
    make: Callable[..., Any], told: Told
) -> None:
    service = make()
    service.write("a.txt", told("Ferry", "2025-05-31 08:00"))
    service.sync()
    before = _bodies(service)

    service.configure(SPOKEN + "\n[publish]\nsitemap = false\n")
    service.sync()
    off = _files(service)
    due = sitemaps_due(service.app.press, service.clock.now())
    service.configure(SPOKEN)
    service.sync()

    assert (off, due) == (set(), False)
    assert _bodies(service) == before
    assert before.keys() == {"sitemap.xml", "sitemap-news.xml"}


def test_pages_that_are_switched_off_are_not_listed(make: Callable[..., Any], told: Told) -> None:
    service = make("\n[publish]\npages = false\n")
    service.write("a.txt", told("Ferry", "2025-05-31 08:00"))
    service.write("b.txt", told("Own", "2025-05-31 08:00", Link=f"{BASE}/own"))

    service.sync()

    assert _listed(service) == ["", "all/", "own"]
    assert _news(service) == ["own"]


@pytest.mark.parametrize("name", ["sitemap.xml", "sitemap-news.xml", "sitemap.xml.gz"])
def test_a_damaged_sitemap_is_mended_by_hand(
    make: Callable[..., Any], told: Told, name: str
) -> None:
    service = make()
    service.write("a.txt", told("Ferry", "2025-05-31 08:00"))
    service.sync()
    before = service.published(name)

    (service.public / name).write_bytes(b"tampered")
    service.regenerate()

    assert service.published(name) == before


def test_time_lets_articles_come_and_go(make: Callable[..., Any]) -> None:
    service = make()
    for name, front in (
        ("late", "embargo: 2025-06-01 20:00"),
        ("early", "expires: 2025-06-01 18:00"),
    ):
        service.write(
            f"{name}.md",
            f"---\ntitle: {name}\ndate: 2025-05-01\nlink: {BASE}/{name}\n{front}\n---\n\nText.\n",
        )
    service.sync()
    seen = [_listed(service)[2:]]
    for _ in range(2):
        row = service.app.store.feed(SITEMAP)
        service.clock.at = row.next_change
        assert sitemaps_due(service.app.press, service.clock.now())
        service.regenerate(verify=False)
        seen.append(_listed(service)[2:])

    assert seen == [["early"], [], ["late"]]


# -- many ------------------------------------------------------------------------------------------


def _fill(service: Any, many: int) -> None:
    for number in range(many):
        day, hour = number % 28 + 1, number // 28 % 24
        service.write(
            f"{number:05}.md",
            f"---\ntitle: Ferry {number}\ndate: 2025-04-{day:02} {hour:02}:00\n"
            f"link: {BASE}/ferry/{number}\n---\n\nText {number}.\n",
        )


def test_more_than_a_file_may_hold_become_parts(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 998)
    service.sync()
    alone = _files(service)

    service.write(
        "late.md", f"---\ntitle: Late\ndate: 2025-04-01\nlink: {BASE}/late\n---\n\nText.\n"
    )
    service.sync()
    parts = _listed(service)
    bodies = _bodies(service)
    listed = [url for part in parts for url in _listed(service, part)]
    service.remove("late.md")
    service.sync()

    assert alone == {"sitemap.xml"}
    assert bodies.keys() - {"sitemap.xml"} == set(parts)
    assert all(re.fullmatch(r"sitemap-(?:feeds-)?\d+\.xml", part) for part in parts)
    assert sorted(listed) == sorted(
        ["", "all/", "late", *(f"ferry/{number}" for number in range(998))]
    )
    assert max(len(_found_in(body)) for body in bodies.values()) <= 1_000
    assert _files(service) == {"sitemap.xml"}
    assert len(_listed(service)) == 1_000


def _found_in(body: bytes) -> list[str]:
    return [str(one) for one in etree.fromstring(body).xpath("*/s:loc/text()", namespaces=_NAMES)]  # type: ignore[union-attr]


def test_a_change_rewrites_one_part_and_what_leads_to_it(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 1_200)
    service.sync()
    whole = _bodies(service)

    service.clock.tick(hours=1)
    path = service.articles_folder / "00007.md"
    service.write(path.name, path.read_text().replace("Text", "Late again:"))
    service.sync()
    edited = _bodies(service)
    service.clock.tick(hours=1)
    service.remove("00008.md")
    service.sync()
    removed = _bodies(service)
    service.clock.tick(hours=1)
    service.write("new.md", f"---\ntitle: New\ndate: 2025-04-30\nlink: {BASE}/new\n---\n\nText.\n")
    service.sync()
    added = _bodies(service)

    parts = [
        {name for name in _differs(*pair) if re.fullmatch(r"sitemap-\d+\.xml", name)}
        for pair in ((whole, edited), (edited, removed), (removed, added))
    ]
    assert parts == [{"sitemap-1.xml"}, {"sitemap-1.xml"}, {"sitemap-5.xml"}]
    assert "sitemap.xml" in _differs(edited, removed)


def test_that_only_dates_differ_waits_for_a_minute_in_the_daemon(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 3)
    service.sync()
    before = _bodies(service)

    def edited(number: int, text: str) -> bool:
        path = service.articles_folder / f"{number:05}.md"
        service.write(path.name, path.read_text().replace("Text", text))
        service.sync(build=False)
        service.regenerate(verify=False)
        return _bodies(service) == before

    service.clock.tick(hours=1)
    first = edited(0, "Late")
    due = [sitemaps_due(service.app.press, service.clock.now())]
    service.clock.tick(seconds=40)
    second = edited(1, "Late")
    service.clock.tick(seconds=20)
    due.append(sitemaps_due(service.app.press, service.clock.now()))
    service.regenerate(verify=False)
    told = _found(service, "sitemap.xml", "s:url/s:lastmod/text()")[2:4]
    due.append(sitemaps_due(service.app.press, service.clock.now()))

    assert (first, second) == (True, True)
    assert due == [False, True, False]
    assert told == ["2025-06-01T13:00:00Z", "2025-06-01T13:00:40Z"]


def test_what_comes_and_goes_does_not_wait_for_dates(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 3)
    service.sync()

    service.clock.tick(hours=1)
    path = service.articles_folder / "00000.md"
    service.write(path.name, path.read_text().replace("Text", "Late"))
    service.sync(build=False)
    service.regenerate(verify=False)
    service.remove("00001.md")
    service.sync(build=False)
    service.regenerate(verify=False)

    assert _listed(service) == ["", "all/", "ferry/0", "ferry/2"]
    assert not sitemaps_due(service.app.press, service.clock.now())


def test_what_leads_to_a_part_tells_that_something_left_it(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 1_100)
    service.sync()

    service.clock.tick(hours=1)
    service.remove("00001.md")
    service.sync()

    index = "s:sitemap[s:loc[contains(., 'sitemap-1.xml')]]/s:lastmod/text()"
    assert _found(service, "sitemap.xml", index) == ["2025-06-01T13:00:00Z"]


def test_a_part_that_lists_nothing_any_more_goes(make: Callable[..., Any]) -> None:
    service = make()
    _fill(service, 1_300)
    service.sync()
    before = _files(service)

    for number in range(1_250, 1_300):
        service.remove(f"{number:05}.md")
    service.sync()

    assert _files(service) == before - {"sitemap-6.xml"}
    assert f"{BASE}/sitemap-6.xml".encode() not in service.published("sitemap.xml")


# -- news ------------------------------------------------------------------------------------------


def test_news_are_told_with_all_that_google_asks_for(make: Callable[..., Any], told: Told) -> None:
    service = make()
    service.write("a.txt", told("Fähre & Hafen", "2025-06-01 08:00"))

    service.sync()

    publication = "s:url/n:news/n:publication"
    assert _news(service) == ["a/faehre-hafen/"]
    assert _news(service, f"{publication}/n:name/text()") == ["Harbour News"]
    assert _news(service, f"{publication}/n:language/text()") == ["de"]
    assert _news(service, "s:url/n:news/n:publication_date/text()") == ["2025-06-01T06:00:00Z"]
    assert _news(service, "s:url/n:news/n:title/text()") == ["Fähre & Hafen"]


def test_news_are_told_newest_first_and_leave_after_two_days(
    make: Callable[..., Any], told: Told
) -> None:
    service = make()
    for name, day in (
        ("old", "2025-05-30 13:59"),  # Berlin is two hours ahead of the clock
        ("edge", "2025-05-30 14:01"),
        ("new", "2025-06-01 10:00"),
    ):
        service.write(f"{name}.txt", told(name, day))
    service.sync()
    seen = [_news(service)]
    for minutes in (1, 44 * 60 - 2):  # up to a minute before two days
        row = service.app.store.feed(SITEMAP)
        service.clock.tick(minutes=minutes)
        assert (row.next_change <= service.clock.now()) == sitemaps_due(
            service.app.press, service.clock.now()
        )
        service.regenerate(verify=False)
        seen.append(_news(service))
    service.clock.tick(minutes=1)
    service.regenerate(verify=False)

    assert seen == [["a/new/", "a/edge/"], ["a/new/"], ["a/new/"]]
    assert _files(service) == {"sitemap.xml"}


def test_no_more_news_than_google_takes(make: Callable[..., Any]) -> None:
    service = make()
    for number in range(1_003):
        service.write(
            f"{number}.md",
            f"---\ntitle: T{number}\ndate: 2025-05-31 {number // 60:02}:{number % 60:02}\n"
            f"link: {BASE}/{number}\n---\n\nText {number}.\n",
        )

    service.sync()

    assert _news(service) == [str(number) for number in range(1_002, 2, -1)]


@pytest.mark.parametrize(
    ("language", "told_as"),
    [
        pytest.param("de-AT", "de", id="the-language-alone"),
        pytest.param("zh-Hant-HK", "zh-tw", id="traditional-chinese"),
        pytest.param("zh", "zh-cn", id="chinese"),
        pytest.param("nds", "nds", id="three-letters"),
    ],
)
def test_a_language_is_told_as_google_has_it(
    make_service: Callable[..., Any], told: Told, language: str, told_as: str
) -> None:
    service = make_service(DEFAULT_CONFIG)
    service.write(
        "a.md", f"---\ntitle: A\ndate: 2025-06-01 08:00\nlanguage: {language}\n---\n\nText.\n"
    )

    service.sync()

    assert _news(service, "//n:language/text()") == [told_as]


def test_a_language_that_nobody_states_is_read_off_the_text(
    make_service: Callable[..., Any], told: Told
) -> None:
    service = make_service(DEFAULT_CONFIG)
    text = "Die Fähre ist wieder da, und sie fährt nun auch am Abend in den Hafen und zurück."
    service.write("a.txt", told("Fähre", "2025-06-01 08:00", text))
    service.write("b.txt", told("Xyz", "2025-06-01 09:00", "Xyz."))

    service.sync()

    assert _news(service) == ["a/faehre/"]
    assert _news(service, "//n:language/text()") == ["de"]


def test_news_without_a_title_have_one_made_of_their_text(make: Callable[..., Any]) -> None:
    service = make()
    service.write("a.md", "---\ntitle: ''\ndate: 2025-06-01 08:00\n---\n\nDie Fähre fährt.\n")

    service.sync()

    (title,) = _news(service, "//n:title/text()")
    assert title
