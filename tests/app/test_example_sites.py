"""The sites of `config/examples/`, filled, built, and read by readers that know nothing of feedsvc.

Each is judged as a whole: every document by the gate, by the schemas of its format, and by what
feedparser, a JSON Feed reader and a walk of the archive find in it, beside what is stored. Then it
is judged again after a correction, a withdrawal, and a run in which nothing changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid5

import feedparser
import pytest
from lxml import etree

from feedsvc.cli.article.documents import documents
from feedsvc.gate import check
from feedsvc.gate.profiles import check_profile
from feedsvc.model import Article, Format, State
from feedsvc.settings import Feed
from tests import examples, neighbours
from tests.examples import BERLIN, Example, dated, markdown
from tests.feedserver import FeedServer
from tests.readers import File, Told, items, library, parsed, stored
from tests.support import NOON, Shell, readable
from tests.walker import Page, merged, walk

CORPUS = os.environ.get("FEEDSVC_CORPUS")
SITES = ("newsroom", "planet", "podcast")
HOME = {name: f"https://{host}.example.org" for name, host in zip(SITES, ("news", *SITES[1:]))}
ARCHIVED = (("newsroom", "all"), ("planet", "all"), ("podcast", "notizen"))
PODCAST = "https://podcastindex.org/namespace/1.0"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"

pytestmark = [
    pytest.mark.timeout(300),
    # of the library `reader`: it keeps its connection until it is collected
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@contextmanager
def opened(name: str, root: Path) -> Iterator[Example]:
    """An example with its articles, and whoever it asks; nothing is synced yet."""
    with FeedServer() as server, pytest.MonkeyPatch.context() as patch:
        for key, value in neighbours.SECRETS.items():
            patch.setenv(key, value)
        patch.setenv("FEEDSVC_OPS_WEBHOOK", server.url("/hook"))
        if name == "newsroom":
            site = examples.newsroom(root)
        elif name == "planet":
            site = neighbours.planet(root, server)
        else:
            site = examples.podcast(root, server)
        server.clock = site.clock.now
        yield site
        site.restart()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """The examples after their first run; nobody may change them."""
    made: dict[str, Example] = {}
    opening = []

    def build(name: str) -> Example:
        if name not in made:
            opening.append(opened(name, tmp_path_factory.mktemp(name)))
            made[name] = opening[-1].__enter__()
            made[name].run()
        return made[name]

    yield build
    for one in reversed(opening):
        one.__exit__(None, None, None)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, built: Callable[[str], Example]) -> Example:
    return built(request.param)


def home(site: Example) -> str:
    return site.app.settings.site.base_url


def documents_of(site: Example, below: str = "") -> dict[str, bytes]:
    """Every document of a feed, by its path."""
    names = {format.filename for format in Format}
    return {
        path.relative_to(site.public).as_posix(): path.read_bytes()
        for path in sorted((site.public / below).rglob("*"))
        if path.name in names
    }


# -- valid -----------------------------------------------------------------------------------------


def flaws(site: Example) -> dict[str, Any]:
    """What the gate says of anything that is published, by path; warnings count, too."""
    now = site.clock.now()
    kinds = {".xml": "auto", ".json": "json", ".html": "html"}
    found = {
        path.relative_to(site.public).as_posix(): path.read_bytes()
        for path in site.public.rglob("[!.]*")
        if path.suffix in kinds and ".feedsvc" not in path.parts
    }
    return {
        path: told
        for path, body in found.items()
        if (
            told := check(
                body, kinds[f".{path.rpartition('.')[2]}"], url=f"{home(site)}/{path}", now=now
            )
        )
    }


def invalid(site: Example) -> dict[str, str]:
    """What the schemas of the formats say, by path."""
    schemas = Path(CORPUS or "") / "schemas"
    grammars = {
        "atom.xml": etree.RelaxNG(etree.parse(str(schemas / "atom.rng"))),
        "rss.xml": etree.XMLSchema(etree.parse(str(schemas / "rss-2.0.xsd"))),
        "opml.xml": etree.XMLSchema(etree.parse(str(schemas / "opml-2.0-nons.xsd"))),
    }
    found: dict[str, str] = {}
    lists = {"opml.xml": site.published("opml.xml")}
    for path, body in (documents_of(site) | lists).items():
        name = path.rpartition("/")[2]
        if name == "rss.xml" and b"<item>" not in body:
            continue  # RSS 2.0 lets a channel be empty, the schema does not
        if name in grammars and not grammars[name].validate(etree.fromstring(body)):
            found[path] = str(grammars[name].error_log.last_error)
        elif name == "feed.json":
            jsonschema = pytest.importorskip("jsonschema")
            schema = json.loads((schemas / "jsonfeed-1.1.schema.json").read_text("utf-8"))
            validator = jsonschema.Draft7Validator(schema)
            found |= {path: str(error) for error in validator.iter_errors(json.loads(body))}
    return found


def test_the_gate_has_nothing_to_say_of_anything_that_is_published(site: Example) -> None:
    assert len(documents_of(site)) >= 10
    assert flaws(site) == {}


@pytest.mark.skipif(not CORPUS, reason="FEEDSVC_CORPUS does not name a corpus")
def test_every_document_is_valid_by_the_schema_of_its_format(site: Example) -> None:
    assert invalid(site) == {}


@pytest.mark.parametrize(
    ("name", "path", "profile"),
    [
        pytest.param("newsroom", "msn/rss.xml", "msn", id="the-feed-for-msn"),
        pytest.param("podcast", "all/rss.xml", "apple-podcasts", id="the-podcast"),
    ],
)
def test_a_partner_has_nothing_to_say_of_its_feed(
    name: str, path: str, profile: str, built: Callable[[str], Example]
) -> None:
    site = built(name)
    url, body = f"{home(site)}/{path}", site.published(path)

    assert check_profile(body, "rss", profile, url=url, now=site.clock.now(), before=None) == ()
    assert len(parsed(body)) >= 7


# -- what readers see ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """What is stored and may be seen now, newest first, by id."""

    articles: dict[str, tuple[Article, ...]]  # of one id there may be several
    told: dict[str, tuple[dict[str, Any], ...]]


def shelf(site: Example) -> Shelf:
    now = site.clock.now()
    articles = list(site.app.store.list_articles(now=now, state=State.PUBLISHED))
    told = list(documents(site.app, articles))
    found: dict[str, tuple[Article, ...]] = {}
    json_form: dict[str, tuple[dict[str, Any], ...]] = {}
    for article, one in zip(articles, told, strict=True):
        if article.expires is None or article.expires > now:
            found[article.guid] = (*found.get(article.guid, ()), article)
            json_form[article.guid] = (*json_form.get(article.guid, ()), one)
    return Shelf(found, json_form)


def read(path: str, body: bytes) -> list[Told]:
    return items(body) if path.endswith(".json") else parsed(body)


def digests(site: Example) -> set[str]:
    """The feeds whose entries are no articles, and what tells an operator of sources."""
    return {feed.name for feed in site.app.settings.feeds if feed.digest} | {"_ops"}


def differences(site: Example) -> list[tuple[str, Told, Told]]:
    """Every entry of every document that is not told as its article is stored."""
    kept, found = shelf(site), []
    language = site.app.settings.site.language
    files = facts(site)
    for path, body in documents_of(site).items():
        if path.partition("/")[0] in digests(site):
            continue
        entries = read(path, body)
        assert len({entry.id for entry in entries}) == len(entries), path
        for entry in entries:
            wanted = [
                _as_told(
                    stored(told, article, page=_page(site, entry), language=language),
                    path, article, files,
                )
                for article, told in zip(kept.articles[entry.id], kept.told[entry.id], strict=True)
            ]  # fmt: skip
            if entry not in wanted:
                found.append((path, entry, wanted[0]))
    return found


def facts(site: Example) -> dict[str, Any]:
    urls = {one.url for article in site.stored().values() for one in article.enclosures}
    return dict(site.app.store.media_facts(urls))


def _page(site: Example, entry: Told) -> str | None:
    """The page of an article without a link, if it is there and is this article's."""
    path = (entry.link or "").removeprefix(f"{home(site)}/")
    page = site.public / path / "index.html"
    if not path.startswith("a/") or not page.is_file():
        return None
    canonical = f'<link rel="canonical" href="{entry.link}">'
    return entry.link if canonical in page.read_text("utf-8") else None


def _as_told(one: Told, path: str, article: Article, facts: dict[str, Any]) -> Told:
    """The article as a format can tell it: with what servers said of its files."""
    files = frozenset(
        file._replace(type=file.type or known.type, length=file.length or known.length)
        if (known := facts.get(file.url))
        else file
        for file in one.files
    )
    authors, source = one.authors, one.source
    if path.endswith(".json") and not authors and source:
        authors = (source,)  # JSON Feed would else take the author of the planet
    if path.endswith("rss.xml") and article.origin and article.origin.url is None:
        source = None  # RSS names a feed by its address, which one behind a password does not have
    return replace(one, files=files, authors=authors, source=source)


def test_feedparser_and_json_see_every_entry_as_its_article_is_stored(site: Example) -> None:
    assert differences(site) == []


# -- which entries ---------------------------------------------------------------------------------


def expected(site: Example, feed: Feed, word: str | None = None) -> list[str]:
    """The ids that a feed without an archive is to hold, by a plain reading of its rules."""
    now, found = site.clock.now(), list[str]()
    shares: dict[str, int] = {}
    for guid, (article, *_) in shelf(site).articles.items():
        tags = {tag.casefold() for tag in article.tags}
        fits = (
            (not feed.sources or article.source in feed.sources)
            and (not feed.tags or tags & {tag.casefold() for tag in feed.tags})
            and (feed.language is None or (article.language or "").startswith(feed.language))
            and (feed.since is None or article.published > now - feed.since)
            and (feed.per != "tag" or word in {_slug(tag) for tag in tags})
            and (feed.per != "source" or word == _slug(article.source))
        )
        if fits:
            shares[article.source] = shares.get(article.source, 0) + 1
            if shares[article.source] <= (feed.max_per_source or len(article.source) + 10**6):
                found.append(guid)
    return found[: feed.limit]


def _slug(word: str) -> str:
    plain = word.lower().replace("ö", "oe").replace(".", "-")
    return plain.replace(" ", "-")


def mixed_up(site: Example) -> dict[str, tuple[list[str], list[str]]]:
    """Feeds that hold other entries than their rules say, in whichever format and folder."""
    found = {}
    for feed in site.app.settings.feeds:
        if feed.archive or feed.digest or feed.dedupe == "text":
            continue
        for path, body in documents_of(site, feed.name).items():
            word = path.split("/")[1] if feed.per else None
            ids = [entry.id for entry in read(path, body)]
            wanted = expected(site, feed, word)
            if ids != wanted:
                found[path] = (ids, wanted)
    return found


def test_feeds_hold_what_their_rules_say(site: Example) -> None:
    assert mixed_up(site) == {}


def test_each_word_of_a_group_has_its_feed(built: Callable[[str], Example]) -> None:
    news, planet = built("newsroom"), built("planet")
    tags = {_slug(tag) for (one, *_) in shelf(news).articles.values() for tag in one.tags}

    assert {path.name for path in (news.public / "themen").iterdir() if path.is_dir()} == tags
    sources = {_slug(source.name) for source in planet.app.settings.sources}
    folders = {path.name for path in (planet.public / "quellen").iterdir() if path.is_dir()}
    assert folders == sources


# -- archives --------------------------------------------------------------------------------------


def pages(site: Example, feed: str, format: Format) -> list[Page]:
    """The documents of an archive as a walk finds them."""

    def fetch(url: str) -> bytes:
        return site.published(url.removeprefix(f"{home(site)}/"))

    return list(walk(f"{home(site)}/{feed}/{format.filename}", fetch))


def missed(site: Example, feed: str) -> dict[str, set[str]]:
    """The stories that a walk does not find as they are stored, or finds though they are not."""
    left_out = next(one.exclude for one in site.app.settings.feeds if one.name == feed)
    kept = {
        guid: article
        for guid, (article, *_) in shelf(site).articles.items()
        if left_out is None or not left_out.search(f"{article.title} {article.html}")
    }
    of_story: dict[str, set[str]] = {}
    for guid, article in kept.items():
        of_story.setdefault(article.link or guid, set()).add(guid)
    found = {}
    for format in Format:
        newest, *closed = pages(site, feed, format)
        assert not newest.archive
        assert all(page.archive for page in closed)
        seen = merged(iter([newest, *closed]))
        strange = seen.keys() - kept.keys()
        for story in of_story.values():
            told = story & seen.keys()
            if len(told) != 1:  # of copies, one
                strange |= story
            for guid in told:
                one, article = seen[guid], kept[guid]
                if (one.updated, article.html in one.body) != (article.updated, True):
                    strange.add(guid)
        if strange:
            found[format.value] = strange
    return found


@pytest.mark.parametrize(("name", "feed"), ARCHIVED)
def test_a_walk_of_an_archive_finds_every_story_as_it_is_stored(
    name: str, feed: str, built: Callable[[str], Example]
) -> None:
    site = built(name)

    assert missed(site, feed) == {}
    assert len(pages(site, feed, Format.ATOM)) >= 3


# -- over HTTP -------------------------------------------------------------------------------------


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Our own server of an output directory, in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, "-m", "feedsvc.serve.child", "--directory", str(directory),
         "--listen", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip().rpartition(" ")[2]
    finally:
        server.terminate()
        server.communicate(timeout=10)


def test_the_library_reader_sees_the_same_over_http(site: Example) -> None:
    pytest.importorskip("reader", reason="the library reader is not installed")
    newest = {
        path: body
        for path, body in documents_of(site).items()
        if "/archive/" not in path and not path.startswith("_ops/")
    }

    with served(site.public) as address:
        kept = {path: list(library(f"{address}/{path}")) for path in newest}

    for path, body in newest.items():
        told = {entry.id: entry for entry in read(path, body)}
        assert {one.id for one in kept[path]} == told.keys()
        assert [one for one in kept[path] if not as_library(one, told[one.id], path)] == [], path


def as_library(kept: Told, told: Told, path: str) -> bool:
    """Whether the library keeps what others are told, as far as it reads that.

    It takes the last author of an XML document, and knows neither languages nor Media RSS.
    """
    if path.endswith(".json"):
        return kept == replace(told, picture=None, language=None, source=None)
    lead = {File(told.picture, guess_type(told.picture)[0], None)} if told.picture else set()
    if path.endswith("rss.xml"):
        files = len(kept.files) == bool(told.files) and kept.files <= told.files
    else:
        files = kept.files in (told.files, told.files | lead)
    seen = replace(told, authors=told.authors[-1:], files=kept.files, picture=None, language=None)
    return files and kept == seen


# -- the three, each for itself ----------------------------------------------------------------------


def test_a_daily_digest_has_an_edition_for_each_day_with_news(
    built: Callable[[str], Example],
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
        for day in newest:
            for one in days[day]:
                assert one.link is None or one.link in text


def test_a_private_feed_is_named_nowhere(built: Callable[[str], Example]) -> None:
    site = built("newsroom")
    (token,) = site.app.store.tokens("intern")

    naming = {path for path, text in readable(site.public).items() if token in text}

    assert {path.partition("/")[0] for path in naming} == {"intern", ".feedsvc"}
    assert "intern" not in site.published("index.html").decode()
    assert "intern" not in site.published("opml.xml").decode()
    assert "intern/" not in site.published("sitemap.xml").decode()


def test_what_is_under_embargo_or_in_a_drawer_is_in_no_file(
    built: Callable[[str], Example],
) -> None:
    site = built("newsroom")
    secret = ("news.example.org/brief", "news.example.org/dose", "entwuerfe", "Tagebuch")

    for path, text in readable(site.public).items():
        assert [word for word in secret if word in text] == [], path


def test_a_story_of_two_neighbours_appears_once_and_names_both(
    built: Callable[[str], Example],
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
    space = {"a": "http://www.w3.org/2005/Atom"}
    for link in links:
        via = atom.xpath(
            f"a:entry[a:link/@href='{link}']/a:link[@rel='via']/@title", namespaces=space
        )
        assert via == ["Presseportal"], link


def test_what_two_neighbours_say_in_the_same_words_appears_once(
    built: Callable[[str], Example],
) -> None:
    site = built("planet")

    for format in Format:
        entries = read(format.filename, site.published(f"lokales/{format.filename}"))
        assert len(entries) == len({entry.title for entry in entries})
        sources = [entry.source for entry in entries]
        assert max(sources.count(one) for one in sources) == 10
        assert {"Stadtblatt: Lokales", "Rathaus für alle", "The bicycle club"} <= set(sources)


def test_a_planet_tells_nobody_what_it_logs_in_with(built: Callable[[str], Example]) -> None:
    site = built("planet")
    secrets = [neighbours.BEARER, *neighbours.SECRETS.values()]
    token = neighbours.SECRETS["FEEDSVC_OPS_TOKEN"]

    for path, text in readable(site.public).items():
        own = path.startswith((f"_ops/{token}/", ".feedsvc/"))
        assert [one for one in secrets if one in text] == [token] * (own and token in text), path
    assert (site.public / "_ops" / token / "atom.xml").is_file()


def test_the_podcast_says_what_directories_and_players_ask_for(
    built: Callable[[str], Example],
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
    assert len(channel.findall("item")) == examples.EPISODES


def test_every_episode_has_the_size_and_type_that_its_server_tells(
    built: Callable[[str], Example],
) -> None:
    site = built("podcast")
    assert site.server is not None
    channel = etree.fromstring(site.published("all/rss.xml"))[0]

    for number, item in enumerate(reversed(channel.findall("item"))):
        (enclosure,) = item.findall("enclosure")
        ending = "" if number % 3 == 0 else ".mp3"
        assert dict(enclosure.attrib) == {
            "url": site.server.url(f"/folgen/{number}{ending}"),
            "length": str(len(examples.sound(number))),
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
    built: Callable[[str], Example],
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


# -- and again -------------------------------------------------------------------------------------

MARK = "Kupferkessel"


def judged(site: Example, feed: str) -> None:
    assert flaws(site) == {}
    assert not CORPUS or invalid(site) == {}
    assert differences(site) == []
    assert mixed_up(site) == {}
    assert missed(site, feed) == {}


def correct(name: str, site: Example) -> None:
    """An old story is corrected, and a new one comes."""
    words = f"Nachtrag: Es war der {MARK}."
    if name == "newsroom":
        path = f"{dated(100):%Y/%m}/p100.md"
        site.put(f"desks/politik/{path}", markdown(100, more=words))
        site.put("desks/politik/neu.md", markdown(510, date=site.clock.at - timedelta(hours=1)))
    elif name == "planet":
        assert site.server is not None
        numbers = range(neighbours.FEWER, 130)
        site.server["/lokales/feed.xml"] = neighbours.stadtblatt(numbers, corrected=115, more=words)
        site.put("articles/neu.md", markdown(510, date=site.clock.at - timedelta(hours=1)))
    else:
        assert site.server is not None
        old = next(iter(sorted((site.root / "episoden").iterdir())))
        site.put(f"episoden/{old.name}", examples.episode(site.server, 0, words=words))


@pytest.mark.parametrize(("name", "feed"), ARCHIVED)
def test_all_of_it_holds_after_a_correction_a_withdrawal_and_when_nothing_changes(
    name: str,
    feed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opened(name, tmp_path) as site:
        site.run()
        first = site.snapshot()
        site.clock.tick(minutes=20)
        site.run()
        assert site.snapshot() == first

        site.clock.tick(hours=20)
        correct(name, site)
        site.run()
        judged(site, feed)
        assert len(_pages_that_differ(first, site.snapshot())) == 1
        (guid,) = {guid for guid, (one, *_) in shelf(site).articles.items() if MARK in one.html}

        monkeypatch.chdir(site.root)
        site.restart()
        result = Shell(site.root, capsys).run("-q", "article", "withdraw", guid)
        assert (result.code, result.err) == (0, "")
        site.clock.at = max(site.clock.at, datetime.now(UTC).replace(microsecond=0))
        assert not any(MARK in text for text in readable(site.public).values())
        judged(site, feed)

        site.clock.tick(minutes=1)
        site.run()  # its source still has it
        second = site.snapshot()
        judged(site, feed)
        site.clock.tick(minutes=20)
        site.run()
        assert site.snapshot() == second
        assert not any(MARK in text for text in readable(site.public).values())


def _pages_that_differ(
    before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]
) -> set[str]:
    """The closed pages that were written anew, by their numbers."""
    closed = {path for path in before if "/archive/" in path}
    return {path.split("/")[2] for path in closed if after[path] != before[path]}
