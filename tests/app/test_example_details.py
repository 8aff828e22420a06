"""What is special about each site of `config/examples/`: private, under embargo, copied, spoken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid5

import pytest
from lxml import etree

from feedsvc.model import Article, Format
from tests import episodes, neighbours
from tests.examples import BERLIN, Example
from tests.judges import documents_of, home, pages, read, shelf
from tests.support import NOON, readable

PODCAST = "https://podcastindex.org/namespace/1.0"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
Built = Callable[[str], Example]

pytestmark = pytest.mark.timeout(300)


def test_a_daily_digest_has_an_edition_for_each_day_with_news(
    built: Built,
) -> None:
    site = built("newsroom")
    today = NOON.astimezone(BERLIN).date()
    days: dict[str, list[Article]] = {}
    for one, *_ in shelf(site).articles.values():
        day = max(one.published, one.due or one.published).astimezone(BERLIN).date()
        if day < today:
            days.setdefault(day.isoformat(), []).append(one)
    newest = sorted(days, reverse=True)[:30]  # [defaults] of the example

    for format in Format:
        entries = read(format.filename, body := site.published(f"tag/{format.filename}"))
        assert [entry.id.rpartition("/")[2] for entry in entries] == newest
        text = body.decode()
        for edition in newest:
            for one in days[edition]:
                assert one.link is None or one.link in text


def test_a_private_feed_is_named_nowhere(built: Built) -> None:
    site = built("newsroom")
    (token,) = site.app.store.tokens("intern")

    naming = {path for path, text in readable(site.public).items() if token in text}

    assert {path.partition("/")[0] for path in naming} == {"intern", ".feedsvc"}
    assert "intern" not in site.published("index.html").decode()
    assert "intern" not in site.published("opml.xml").decode()
    assert "intern/" not in site.published("sitemap.xml").decode()


def test_what_is_under_embargo_or_in_a_drawer_is_in_no_file(
    built: Built,
) -> None:
    site = built("newsroom")
    secret = ("news.example.org/brief", "news.example.org/dose", "entwuerfe", "Tagebuch")

    for path, text in readable(site.public).items():
        assert [word for word in secret if word in text] == [], path


def test_a_story_of_two_neighbours_appears_once_and_names_both(
    built: Built,
) -> None:
    site = built("planet")
    links = [f"https://stadtblatt.example/lokales/{number}" for number in range(neighbours.COPIED)]
    links = [link for number, link in enumerate(links) if number % 9 != 8]  # no advertisements

    for format in Format:
        walked = [
            read(page.url, site.published(page.url.removeprefix(f"{home(site)}/")))
            for page in pages(site, "all", format)
        ]
        for link in links:
            told = {entry.id: entry for page in walked for entry in page if entry.link == link}
            assert [entry.source for entry in told.values()] == ["Stadtblatt: Lokales"]
    atom = etree.fromstring(site.published("all/atom.xml"))
    name = "{http://www.w3.org/2005/Atom}"
    via = {
        each[0]: [link.get("title") for link in entry.iterfind(f"{name}link[@rel='via']")]
        for entry in atom.iterfind(f"{name}entry")
        if (each := [link.get("href") for link in entry.iterfind(f"{name}link[@rel='alternate']")])
    }
    assert [via[link] for link in links] == [["Presseportal"]] * len(links)


def test_what_two_neighbours_say_in_the_same_words_appears_once(
    built: Built,
) -> None:
    site = built("planet")

    for format in Format:
        entries = read(format.filename, site.published(f"lokales/{format.filename}"))
        assert len(entries) == len({entry.title for entry in entries})
        sources = [entry.source for entry in entries]
        assert max(sources.count(one) for one in sources) == 10
        assert {"Stadtblatt: Lokales", "Rathaus für alle", "The bicycle club"} <= set(sources)


def test_a_planet_tells_nobody_what_it_logs_in_with(built: Built) -> None:
    site = built("planet")
    secrets = [neighbours.BEARER, *neighbours.SECRETS.values()]
    token = neighbours.SECRETS["FEEDSVC_OPS_TOKEN"]

    for path, text in readable(site.public).items():
        own = path.startswith((f"_ops/{token}/", ".feedsvc/"))
        assert [one for one in secrets if one in text] == [token] * (own and token in text), path
    assert (site.public / "_ops" / token / "atom.xml").is_file()


def test_the_podcast_says_what_directories_and_players_ask_for(
    built: Built,
) -> None:
    site = built("podcast")
    assert site.server is not None
    channel = etree.fromstring(site.published("all/rss.xml"))[0]

    def one(name: str, space: str = ITUNES) -> Any:
        (found,) = channel.findall(f"{{{space}}}{name}")
        return found

    assert (one("author").text, one("explicit").text, one("type").text) == (
        "Hafenrunde", "false", "episodic",
    )  # fmt: skip
    assert one("image").get("href") == site.server.url("/cover.jpg")
    categories = channel.findall(f"{{{ITUNES}}}category")
    assert [(each.get("text"), [inner.get("text") for inner in each]) for each in categories] == [
        ("Society & Culture", ["Documentary"]),
        ("News", []),
    ]
    assert [part.text for part in one("owner")] == ["Hafenrunde", "hallo@podcast.example.org"]
    spoken = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
    assert one("guid", PODCAST).text == str(uuid5(spoken, "podcast.example.org/all/rss.xml"))
    locked = one("locked", PODCAST)
    assert (locked.text, locked.get("owner")) == ("yes", "hallo@podcast.example.org")
    assert one("medium", PODCAST).text == "podcast"
    assert one("funding", PODCAST).get("url") == "https://podcast.example.org/mitmachen"
    assert channel.findtext("language") == "de"
    assert len(channel.findall("item")) == episodes.COUNT


def test_every_episode_has_the_size_and_type_that_its_server_tells(
    built: Built,
) -> None:
    site = built("podcast")
    assert site.server is not None
    channel = etree.fromstring(site.published("all/rss.xml"))[0]

    for number, item in enumerate(reversed(channel.findall("item"))):
        (enclosure,) = item.findall("enclosure")
        ending = "" if number % 3 == 0 else ".mp3"
        assert {str(key): value for key, value in enclosure.attrib.items()} == {
            "url": site.server.url(f"/folgen/{number}{ending}"),
            "length": str(len(episodes.sound(number))),
            "type": "audio/mpeg",
        }
        told = {name: item.findtext(f"{{{ITUNES}}}{name}") for name in ("season", "episode")}
        assert told == {"season": str(1 + number // 26), "episode": str(1 + number % 26)}
        assert item.findtext(f"{{{ITUNES}}}duration") == str((20 + number % 30) * 60 + number % 60)
        notes = number % 5 == 0
        assert len(item.findall(f"{{{PODCAST}}}transcript")) == notes
        assert len(item.findall(f"{{{PODCAST}}}chapters")) == notes
        assert [one.text for one in item.findall(f"{{{PODCAST}}}person")] == (
            ["Ida van der Laan", "Bo"] if notes else []
        )


def test_the_hub_of_the_podcast_is_told_of_its_newest_documents(
    built: Built,
) -> None:
    site = built("podcast")
    assert site.server is not None

    told = {
        topic
        for request in site.server.asked("/hub")
        for topic in parse_qs(request.body.decode())["hub.url"]
    }

    newest = {path for path in documents_of(site) if "/archive/" not in path}
    assert told >= {f"{home(site)}/{path}" for path in newest}
