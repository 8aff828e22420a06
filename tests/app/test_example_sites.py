"""The sites of `config/examples/`, filled, built, and read by readers that know nothing of feedsvc.

Each is judged as a whole: every document by the gate, by the schemas of its format, and by what
feedparser, a JSON Feed reader and a walk of the archive find in it, beside what is stored. Then it
is judged again after a correction, a withdrawal, and a run in which nothing changed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

import pytest

from feedsvc.gate.profiles import check_profile
from feedsvc.model import Format
from tests import episodes, neighbours
from tests.examples import Example, dated, markdown
from tests.judges import (
    CORPUS,
    differences,
    documents_of,
    flaws,
    home,
    invalid,
    missed,
    mixed_up,
    pages,
    read,
    shelf,
    slug,
)
from tests.readers import File, Told, library, parsed
from tests.support import Shell, readable

SITES = ("newsroom", "planet", "podcast")
ARCHIVED = (("newsroom", "all"), ("planet", "all"), ("podcast", "notizen"))
Built = Callable[[str], Example]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, built: Built) -> Example:
    return built(request.param)


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
    name: str, path: str, profile: str, built: Built
) -> None:
    site = built(name)
    url, body = f"{home(site)}/{path}", site.published(path)

    assert check_profile(body, "rss", profile, url=url, now=site.clock.now(), before=None) == ()
    assert len(parsed(body)) >= 7


def test_feedparser_and_json_see_every_entry_as_its_article_is_stored(site: Example) -> None:
    assert differences(site) == []


def test_feeds_hold_what_their_rules_say(site: Example) -> None:
    assert mixed_up(site) == {}


def test_each_word_of_a_group_has_its_feed(built: Built) -> None:
    news, planet = built("newsroom"), built("planet")
    tags = {slug(tag) for (one, *_) in shelf(news).articles.values() for tag in one.tags}

    assert {path.name for path in (news.public / "themen").iterdir() if path.is_dir()} == tags
    sources = {slug(source.name) for source in planet.app.settings.sources}
    folders = {path.name for path in (planet.public / "quellen").iterdir() if path.is_dir()}
    assert folders == sources


def test_the_page_of_a_group_lists_its_words_and_repeats_nothing(built: Built) -> None:
    page = built("newsroom").published("themen/index.html").decode()

    assert page.count("<h2><a") == page.count("<li>") > 10
    assert "<p>Themen</p>" not in page


@pytest.mark.parametrize(("name", "feed"), ARCHIVED)
def test_a_walk_of_an_archive_finds_every_story_as_it_is_stored(
    name: str, feed: str, built: Built
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
        server.communicate(timeout=60)


def kept_otherwise(site: Example, read_before: set[bytes]) -> dict[str, set[str]]:
    """The entries of newest documents that the library `reader` keeps otherwise than others do.

    Of documents that it has not read before: those go to `read_before`.
    """
    newest = {
        path: body
        for path, body in documents_of(site).items()
        if "/archive/" not in path and not path.startswith("_ops/") and body not in read_before
    }
    read_before.update(newest.values())
    found = {}
    with served(site.public) as address:
        for path, body in newest.items():
            kept = {entry.id: entry for entry in library(f"{address}/{path}")}
            told = {entry.id: entry for entry in read(path, body)}
            wrong = {id for id in kept if id in told and not as_library(kept[id], told[id], path)}
            if wrong | (kept.keys() ^ told.keys()):
                found[path] = wrong | (kept.keys() ^ told.keys())
    return found


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


def test_the_library_reader_sees_the_same_over_http(site: Example) -> None:
    pytest.importorskip("reader", reason="the library reader is not installed")

    assert kept_otherwise(site, set()) == {}


# -- and again -------------------------------------------------------------------------------------

MARK = "Kupferkessel"


def judged(site: Example, feed: str, read_before: set[bytes]) -> None:
    assert flaws(site) == {}
    assert not CORPUS or invalid(site) == {}
    assert differences(site) == []
    assert mixed_up(site) == {}
    assert missed(site, feed) == {}
    assert find_spec("reader") is None or kept_otherwise(site, read_before) == {}


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
        site.put(f"episoden/{old.name}", episodes.episode(site.server, 0, words=words))


@pytest.mark.parametrize(("name", "feed"), ARCHIVED)
def test_all_of_it_holds_after_a_correction_a_withdrawal_and_when_nothing_changes(
    name: str,
    feed: str,
    open_example: Callable[[str, Path], AbstractContextManager[Example]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_before: set[bytes] = set()
    with open_example(name, tmp_path) as site:
        site.run()
        first = site.snapshot()
        site.clock.tick(minutes=20)
        site.run()
        assert site.snapshot() == first

        site.clock.tick(hours=20)
        correct(name, site)
        site.run()
        judged(site, feed, read_before)
        assert len(_pages_that_differ(first, site.snapshot())) == 1
        (guid,) = {guid for guid, (one, *_) in shelf(site).articles.items() if MARK in one.html}

        monkeypatch.chdir(site.root)
        site.restart()
        result = Shell(site.root, capsys).run("-q", "article", "withdraw", guid)
        assert (result.code, result.err) == (0, "")
        site.clock.at = max(site.clock.at, datetime.now(UTC).replace(microsecond=0))
        assert not any(MARK in text for text in readable(site.public).values())
        judged(site, feed, read_before)

        site.clock.tick(minutes=1)
        site.run()  # its source still has it
        second = site.snapshot()
        judged(site, feed, read_before)
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
