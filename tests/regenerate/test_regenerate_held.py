"""What cannot go out stays in: one article, one document, or a whole feed, and it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from feedsvc.errors import RenderError
from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.jsonfeed import JsonFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.model import Entry, FeedHead, Finding, Format
from feedsvc.ports import Renderer
from feedsvc.regenerate import RETRY, due_feeds
from feedsvc.settings import FullText

Told = Callable[..., str]


@dataclass
class Fussy:
    """A format that cannot express articles with a word in their title."""

    inner: Renderer
    word: str
    version: str = "fussy"

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        return [
            RenderError(f"cannot say {self.word}") if self.word in entry.article.title else fragment
            for entry, fragment in zip(
                entries, self.inner.fragments(entries, full_text=full_text), strict=True
            )
        ]

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        return self.inner.document(head, fragments)

    def taken_apart(self, document: bytes) -> list[bytes]:
        return self.inner.taken_apart(document)

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        return self.inner.without(document, ids)

    def id_of(self, fragment: bytes) -> str:
        return self.inner.id_of(fragment)


@dataclass
class Broken:
    """A format that raises what no format should."""

    inner: Renderer
    version: str = "broken"

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        return self.inner.fragments(entries, full_text=full_text)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        raise ZeroDivisionError("a bug")

    def taken_apart(self, document: bytes) -> list[bytes]:
        return self.inner.taken_apart(document)

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        return self.inner.without(document, ids)

    def id_of(self, fragment: bytes) -> str:
        return self.inner.id_of(fragment)


FORMATS: dict[Format, Callable[[], Renderer]] = {
    Format.ATOM: AtomFormat, Format.RSS: RssFormat, Format.JSON: JsonFormat,
}  # fmt: skip


def _renders(service: Any, format: Format, renderer: Renderer) -> None:
    """Give the service another renderer for a format, as a third party's would be."""
    renderers = {known: make() for known, make in FORMATS.items()} | {format: renderer}
    press = replace(service.app.press, renderers=renderers)
    service.app.__dict__["press"] = press


def _asks(service: Any, refuse: Callable[[bytes, str], str | None]) -> None:
    """Give the service a stricter gate: `refuse` says what is wrong with a document."""
    gate = service.app.press.gate

    def stricter(body: bytes, format: str, url: str | None) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = gate(body, format, url)
        reason = refuse(body, format)
        return (*found, Finding(code="own-rule", message=reason)) if reason else found

    service.app.__dict__["press"] = replace(service.app.press, gate=stricter)


def _titles(service: Any, feed: str = "all") -> list[str]:
    return [item["title"] for item in json.loads(service.published(f"{feed}/feed.json"))["items"]]


def _held(report: Any) -> dict[str, str]:
    return {p.path: p.reason for p in report.publications if p.outcome == "held"}


@pytest.mark.parametrize("format", list(Format))
def test_an_article_that_cannot_be_rendered_is_left_out_and_named(
    service: Any, told: Told, format: Format
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.write("b.txt", told("Unsayable", "2025-05-02"))
    _renders(service, format, Fussy(FORMATS[format](), "Unsayable"))

    report = service.sync().build

    assert _titles(service) == ["Ferry"]  # in every format alike
    assert b"Unsayable" not in service.published("all/atom.xml") + service.published("all/rss.xml")
    assert _held(report) == {}
    (problem,) = report.left_out
    assert problem.path == "tag:news.example.org,2025-01-01:desk/b"
    assert problem.reason == "left out of all: could not be rendered: cannot say Unsayable"
    assert problem.since == service.clock.now()
    service.clock.tick(hours=1)
    assert service.regenerate().left_out == (problem,)  # told until it is corrected


@pytest.mark.parametrize("format", list(Format))
def test_an_article_that_the_gate_refuses_is_left_out_and_named(
    service: Any, told: Told, format: Format
) -> None:
    for number in range(9):
        service.write(f"{number}.txt", told(f"Report {number}", f"2025-05-0{number + 1}"))

    def refuse(body: bytes, asked: str) -> str | None:
        return (
            "a bad one"
            if asked == format and (b"Report 3" in body or b"Report 7" in body)
            else None
        )

    _asks(service, refuse)

    report = service.sync().build

    assert _titles(service) == [f"Report {number}" for number in (8, 6, 5, 4, 2, 1, 0)]
    assert _held(report) == {}
    assert sorted(problem.path[-1] for problem in report.left_out) == ["3", "7"]
    assert {p.reason for p in report.left_out} == {"left out of all: own-rule: a bad one"}


def test_an_article_left_out_gives_its_place_to_the_next(
    make_service: Callable[..., Any], told: Told
) -> None:
    text = (
        '[site]\nbase_url = "https://news.example.org"\n[[source]]\nname = "desk"\n'
        'path = "articles"\n[[feed]]\nname = "all"\nlimit = 2\nmax_per_source = 2\n'
    )
    service = make_service(text)
    for number in range(5):
        service.write(f"{number}.txt", told(f"Report {number}", f"2025-05-0{number + 1}"))
    service.write("5.txt", told("Unsayable", "2025-05-06"))
    service.write("6.txt", told("Unsayable too", "2025-05-07"))
    _renders(service, Format.RSS, Fussy(RssFormat(), "Unsayable"))

    service.sync()

    assert _titles(service) == ["Report 4", "Report 3"]


def test_an_article_left_out_gives_its_id_to_the_next(
    make_service: Callable[..., Any], told: Told
) -> None:
    service = make_service(
        '[site]\nbase_url = "https://news.example.org"\n[[source]]\nname = "desk"\n'
        'path = "articles"\n[[source]]\nname = "wire"\npath = "wire"\n'
    )
    (service.root / "wire").mkdir()
    one = "https://news.example.org/storm"
    service.write("a.txt", told("Storm", "2025-05-01", id=one))
    service.write("../wire/b.txt", told("Unsayable storm", "2025-05-02", id=one))
    _renders(service, Format.RSS, Fussy(RssFormat(), "Unsayable"))

    report = service.sync().build

    assert _titles(service) == ["Storm"]
    assert [problem.source for problem in report.left_out] == ["wire"]


def test_an_article_left_out_comes_back_when_it_is_corrected(service: Any, told: Told) -> None:
    service.write("a.txt", told("Unsayable", "2025-05-02"))
    _renders(service, Format.RSS, Fussy(RssFormat(), "Unsayable"))
    service.sync()
    assert _titles(service) == []
    service.clock.tick(hours=1)

    service.write("a.txt", told("Said", "2025-05-02"))
    report = service.sync().build

    assert _titles(service) == ["Said"]
    assert report.left_out == ()


def test_a_document_that_would_be_invalid_is_held_back(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.sync()
    good = service.snapshot()
    service.write("a.txt", told("Ferry", "2025-05-01", "Other words."))
    service.clock.tick(hours=1)
    # Wrong whatever entries there are: no article is to blame.
    _asks(service, lambda body, form: "the head is wrong" if form == "rss" else None)

    report = service.sync().build

    assert _held(report) == {
        "all/rss.xml": "own-rule: the head is wrong",
    }
    assert report.left_out == ()
    assert service.published("all/rss.xml") == good["all/rss.xml"][1]
    assert b"Other words." in service.published("all/atom.xml")
    row = service.app.store.feed("all")
    assert row.held == "all/rss.xml: own-rule: the head is wrong"
    assert row.touched is not None
    assert row.retry_at == service.clock.now() + RETRY


def test_what_was_held_goes_out_when_nothing_speaks_against_it(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.sync()
    service.write("a.txt", told("Ferry", "2025-05-01", "Other words."))
    service.clock.tick(hours=1)
    _asks(service, lambda body, form: "not now" if form == "rss" else None)
    service.sync()
    atom = service.snapshot()["all/atom.xml"]

    service.restart()
    service.clock.tick(hours=1)
    report = service.regenerate()

    assert _held(report) == {}
    assert b"Other words." in service.published("all/rss.xml")
    assert service.snapshot()["all/atom.xml"] == atom
    row = service.app.store.feed("all")
    assert (row.held, row.touched, row.retry_at) == (None, None, None)


def test_a_change_that_was_held_and_taken_back_never_was(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.write("b.txt", told("Gull", "2025-05-02"))
    service.sync()
    good = _feeds(service)
    feeds = ("atom", "rss", "json")
    _asks(service, lambda body, form: "no" if form in (*feeds, "html") else None)
    service.write("c.txt", told("Whale", "2025-05-03"))
    service.clock.tick(hours=1)
    service.sync()
    assert service.app.store.feed("all").held

    service.restart()
    service.remove("c.txt")
    service.sync()

    assert _held(service.regenerate()) == {}
    assert _feeds(service) == good


def _feeds(service: Any) -> dict[str, tuple[int, bytes]]:
    """The feeds and pages: not what tells of an article's page that there might have been."""
    found = service.snapshot()
    return {path: found[path] for path in found if not path.startswith(("sitemap", "."))}


def test_the_daemon_waits_before_it_tries_a_held_feed_again(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    _asks(service, lambda body, form: "no" if form == "rss" else None)
    service.sync()
    feeds, store = service.app.settings.feeds, service.app.store

    assert "all" not in due_feeds(store, feeds, service.clock.now())
    service.clock.tick(minutes=5)
    assert "all" in due_feeds(store, feeds, service.clock.now())


def test_a_bug_in_one_format_holds_its_feed_and_no_other(service: Any, told: Told) -> None:
    text = (service.root / "feedsvc.toml").read_text()
    service.configure(text.replace('name = "sea"', 'name = "sea"\nformats = ["rss"]'))
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.sync()
    good = service.snapshot()
    service.write("a.txt", told("Ferry", "2025-05-01", "Other words.", Tags="sea"))
    service.clock.tick(hours=1)
    _renders(service, Format.JSON, Broken(JsonFormat()))

    report = service.sync().build

    assert set(_held(report)) == {
        f"all/{n}" for n in ("atom.xml", "rss.xml", "feed.json", "index.html")
    }
    assert "a bug" in _held(report)["all/feed.json"]
    assert service.snapshot()["all/atom.xml"] == good["all/atom.xml"]
    assert b"Other words." in service.published("sea/rss.xml")


def test_a_disk_that_takes_nothing_holds_the_feed_and_is_tried_again(
    service: Any, told: Told
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.sync()
    good = service.snapshot()
    (service.public / "sea" / "atom.xml.gz").unlink()
    (service.public / "sea" / "atom.xml.gz" / "in-the-way").mkdir(parents=True)
    service.write("a.txt", told("Ferry", "2025-05-01", "Other words.", Tags="sea"))
    service.clock.tick(hours=1)

    report = service.sync().build

    assert {path.partition("/")[0] for path in _held(report)} == {"sea"}
    assert service.snapshot()["sea/atom.xml"] == good["sea/atom.xml"]
    assert b"Other words." in service.published("all/atom.xml")

    (service.public / "sea" / "atom.xml.gz" / "in-the-way").rmdir()
    (service.public / "sea" / "atom.xml.gz").rmdir()
    assert _held(service.sync().build) == {}
    assert b"Other words." in service.published("sea/atom.xml")


def test_a_command_that_holds_a_feed_back_ends_with_5(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.sync()
    service.restart()
    (service.public / "all" / "atom.xml").unlink()
    (service.public / "all" / "atom.xml" / "in-the-way").mkdir(parents=True)

    run = subprocess.run(
        [sys.executable, "-m", "feedsvc", "-C", str(service.root), "regenerate"],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 5
    assert "held back all/atom.xml" in run.stderr
    assert "all/atom.xml: held" in run.stdout
