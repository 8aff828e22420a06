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
from pathlib import Path
from typing import Any
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
from tests.examples import Example
from tests.feedserver import FeedServer
from tests.readers import Told, items, library, parsed, stored
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
def opened(name: str, root: Path) -> Iterator[tuple[Example, FeedServer]]:
    """An example with its articles, and the server of whoever it asks; nothing is synced yet."""
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
        yield site, server
        site.restart()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """The examples after their first run; nobody may change them."""
    made: dict[str, Example] = {}
    opening = []

    def build(name: str) -> Example:
        if name not in made:
            opening.append(opened(name, tmp_path_factory.mktemp(name)))
            made[name], _ = opening[-1].__enter__()
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
        for path in site.public.rglob("*")
        if path.suffix in kinds
    }
    return {
        path: told
        for path, body in found.items()
        if (told := check(body, "auto", url=f"{home(site)}/{path}", now=now))
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
                stored(told, article, page=_page(site, entry), language=language)
                for article, told in zip(kept.articles[entry.id], kept.told[entry.id], strict=True)
            ]
            wanted = [_as_told(one, path, files, entry) for one in wanted]
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


def _as_told(one: Told, path: str, facts: dict[str, Any], entry: Told) -> Told:
    """The article as a format can tell it: with what servers said of its files."""
    files = frozenset(
        file._replace(type=file.type or known.type, length=file.length or known.length)
        if (known := facts.get(file.url))
        else file
        for file in one.files
    )
    authors = one.authors
    if path.endswith(".json") and not authors and one.source:
        authors = (one.source,)  # JSON Feed would else take the author of the planet
    # RSS can name a feed only by its address, which one behind a password does not have.
    hidden = path.endswith("rss.xml") and entry.source is None and "wetter" in (one.link or "")
    return replace(one, files=files, authors=authors, source=None if hidden else one.source)


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
        told = {entry.id: as_library(entry, path) for entry in read(path, body)}
        assert {entry.id: _plain(entry, path) for entry in kept[path]} == told, path


def as_library(entry: Told, path: str) -> Told:
    """What the library can know of an entry that others see so."""
    json_feed = path.endswith(".json")
    enclosed = entry.files
    return replace(
        entry,
        authors=entry.authors if json_feed else entry.authors[-1:],
        files=enclosed,
        picture=None,
        language=None,
        source=None if json_feed else entry.source,
    )


def _plain(entry: Told, path: str) -> Told:
    return entry
