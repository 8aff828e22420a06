"""What is to be true of every site that feedsvc publishes.

Each judge answers with what is wrong, by path or format, so that a good site gets an empty answer.
Their oracles are the schemas, readers that are not ours, and a plain reading of the configuration.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for
from lxml import etree

from feedsvc.cli.article.documents import documents
from feedsvc.gate import check
from feedsvc.model import Article, Format, State
from feedsvc.settings import Feed
from tests.examples import Example
from tests.readers import Told, items, parsed, stored
from tests.walker import Page, merged, walk

CORPUS = os.environ.get("FEEDSVC_CORPUS")


def home(site: Example) -> str:
    """Where readers find the site."""
    return site.app.settings.site.base_url


def documents_of(site: Example, below: str = "") -> dict[str, bytes]:
    """Every document of its feeds, by path."""
    names = {format.filename for format in Format}
    return {
        path.relative_to(site.public).as_posix(): path.read_bytes()
        for path in sorted((site.public / below).rglob("*"))
        if path.name in names
    }


# -- valid ----------------------------------------------------------------------------------------


def flaws(site: Example) -> dict[str, Any]:
    """What the gate says of anything that is published, by path; warnings count, too."""
    now = site.clock.now()
    found = {
        path.relative_to(site.public).as_posix(): path.read_bytes()
        for path in site.public.rglob("[!.]*")
        if path.suffix in (".xml", ".json", ".html") and ".feedsvc" not in path.parts
    }
    return {
        path: told
        for path, body in found.items()
        if (told := check(body, _kind(path), url=f"{home(site)}/{path}", now=now))
    }


def _kind(path: str) -> str:
    return {"json": "json", "html": "html"}.get(path.rpartition(".")[2], "auto")


def invalid(site: Example) -> dict[str, str]:
    """What the schemas of the formats say, by path."""
    schemas = Path(CORPUS or "") / "schemas"
    grammars = {
        "atom.xml": etree.RelaxNG(etree.parse(str(schemas / "atom.rng"))),
        "rss.xml": etree.XMLSchema(etree.parse(str(schemas / "rss-2.0.xsd"))),
        "opml.xml": etree.XMLSchema(etree.parse(str(schemas / "opml-2.0-nons.xsd"))),
    }
    schema = json.loads((schemas / "jsonfeed-1.1.schema.json").read_text("utf-8"))
    json_grammar = validator_for(schema)(schema)
    found: dict[str, str] = {}
    lists = {"opml.xml": site.published("opml.xml")}
    for path, body in (documents_of(site) | lists).items():
        name = path.rpartition("/")[2]
        if name == "rss.xml" and b"<item>" not in body:
            continue  # RSS 2.0 lets a channel be empty, the schema does not
        if name in grammars and not grammars[name].validate(etree.fromstring(body)):
            found[path] = str(grammars[name].error_log.last_error)
        elif name == "feed.json":
            flaw = next(json_grammar.iter_errors(json.loads(body)), None)
            if flaw is not None:
                found[path] = str(flaw)
    return found


# -- what readers see -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """What is stored and may be seen now, newest first, by id."""

    articles: dict[str, tuple[Article, ...]]  # of one id there may be several
    told: dict[str, tuple[dict[str, Any], ...]]


def shelf(site: Example) -> Shelf:
    """The articles that readers may see now."""
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


def read(path: str, body: bytes) -> tuple[Told, ...]:
    """The entries of a document, by a reader of its format."""
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
    """What servers said of media files, by address."""
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
        # RSS names a feed by its address, which one behind a password does not have.
        authors, source = authors or ((source,) if source else ()), None
    return replace(one, files=files, authors=authors, source=source)


# -- which entries --------------------------------------------------------------------------------


def expected(site: Example, kept: Shelf, feed: Feed, word: str | None = None) -> list[str]:
    """The ids that a feed without an archive is to hold, by a plain reading of its rules."""
    now, found = site.clock.now(), list[str]()
    shares = Counter[str]()
    for guid, (article, *_) in kept.articles.items():
        tags = {tag.casefold() for tag in article.tags}
        fits = (
            (not feed.sources or article.source in feed.sources)
            and (not feed.tags or tags & {tag.casefold() for tag in feed.tags})
            and (feed.language is None or (article.language or "").startswith(feed.language))
            and (feed.since is None or article.published > now - feed.since)
            and (feed.per != "tag" or word in {slug(tag) for tag in tags})
            and (feed.per != "source" or word == slug(article.source))
        )
        if fits:
            shares[article.source] += 1
            if feed.max_per_source is None or shares[article.source] <= feed.max_per_source:
                found.append(guid)
    return found[: feed.limit]


def slug(word: str) -> str:
    """The folder of a word of the examples."""
    plain = word.lower().replace("ö", "oe").replace(".", "-")
    return plain.replace(" ", "-")


def mixed_up(site: Example) -> dict[str, tuple[list[str], list[str]]]:
    """Feeds that hold other entries than their rules say, in whichever format and folder."""
    kept, found = shelf(site), {}
    for feed in site.app.settings.feeds:
        if feed.archive or feed.digest or feed.dedupe == "text":
            continue
        for path, body in documents_of(site, feed.name).items():
            word = path.split("/")[1] if feed.per else None
            ids = [entry.id for entry in read(path, body)]
            wanted = expected(site, kept, feed, word)
            if ids != wanted:
                found[path] = (ids, wanted)
    return found


# -- archives -------------------------------------------------------------------------------------


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
