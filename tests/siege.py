"""Many hostile servers at once, around a service that has good sources as well.

Each case is a source of its own, on a host of its own. It serves a good feed first, then turns; all
of them are asked in one run, as a planet asks its feeds. What came of it is judged case by case.
"""

from __future__ import annotations

import io
import json
import re
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
from lxml import etree

from feedsvc.app import App
from feedsvc.app.syncing import SyncReport
from feedsvc.cli.console import Console
from feedsvc.cli.main import main
from feedsvc.cli.sync import show_sync
from feedsvc.config import load
from feedsvc.gate import check
from feedsvc.sync import SourceReport
from feedsvc.web import Resolve
from tests.feedserver import Answerable, FeedServer, Page, Raw, Request
from tests.guest import rss
from tests.support import Service

TIMEOUT = 2.0  # seconds of one exchange
GRACE = 60.0  # beyond that, for all else in a run: a second, but for a machine that is busy
MOST = 1024 * 1024  # bytes of a body
BEFORE = ("anchor", "buoy", "crane")  # what every source told while it was good
NEWS = "dock"  # what good ones tell after that

CONFIG = """
[site]
title = "Harbour Planet"
base_url = "https://planet.example.org"
id_domain = "planet.example.org"
id_since = "2025-01-01"

[sync]
timeout = "2s"
max_bytes = "1MiB"
concurrency = 250
allow_networks = ["127.1.0.0/16"]

[[feed]]
name = "all"
limit = 2000
dedupe = "none"
"""

SOURCE = """
[[source]]
name = "{name}"
url = "{url}"
{more}
"""
FEED = """
[[feed]]
name = "{name}"
sources = ["{name}"]
limit = 3000
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A server that turned hostile: what it sends, and what is to come of it.

    `told` is what the reason or a problem of its source has to say: "" if there is nothing wrong,
    None if it may be silent or not.
    `takes` are the titles that are new after it (None: whatever they are), `more` what stands in
    its configuration. `at` and `url` make the answer, and the address it is configured with, where
    they have to know the server. Without a good `past` it is new.
    """

    name: str
    answer: Answerable = b""
    told: str | None = ""
    takes: tuple[str, ...] | None = ()
    failed: bool = True
    more: str = ""
    url: Callable[[Siege, int], str] | None = None
    at: Callable[[Siege, int], Answerable] | None = None
    past: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """The name of its source."""
        return self.name.replace(",", "")


def failing(name: str, answer: Answerable, told: str, **more: Any) -> Case:
    """A case in which nothing is taken."""
    return Case(name=name, answer=answer, told=told, **more)


def mended(name: str, answer: Answerable, told: str = "", *takes: str, **more: Any) -> Case:
    """A case in which something may be taken."""
    return Case(name=name, answer=answer, told=told, takes=takes, failed=False, **more)


def http(body: bytes = b"", *fields: str, status: str = "200 OK", length: bool = True) -> Raw:
    """An answer as it is written here, whatever it says."""
    return Raw([head(*fields, status=status, length=len(body) if length else None), body])


def head(*fields: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """The head of an answer."""
    stated = [] if length is None else [f"Content-Length: {length}"]
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/rss+xml", *stated, *fields]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + b"\r\n"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one case."""

    report: SourceReport
    problems: tuple[str, ...]  # of its source, as `status` lists them
    titles: frozenset[str]  # of its articles that are published
    files: dict[str, bytes]  # what is published of it
    asked: tuple[Request, ...]


@dataclass
class Siege:
    """A service among hostile servers."""

    service: Service
    server: FeedServer
    cases: Sequence[Case]
    resolve: Resolve | None = None
    config: str = CONFIG
    seconds: float = 0.0
    report: SyncReport | None = None
    screen: str = ""  # what `sync`, `status` and `article list` print
    common: dict[str, bytes] = field(default_factory=dict)  # what is published of all together
    _outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Outcome:
        return self._outcomes[name]

    @staticmethod
    def host(number: int) -> str:
        """The host of a case, from 1; that of the good source is 0."""
        return f"127.1.{number // 200}.{number % 200 + 1}"

    def home(self, number: int) -> str:
        """The address of a case's document."""
        return self.server.url(f"/{number}/feed", host=self.host(number))

    def run(self) -> None:
        """The good days, the siege, and what is left after it."""
        self.server.clock = self.service.clock.now
        calm = rss(*BEFORE)
        sources = [SOURCE.format(name="good", url=self.home(0), more=""), FEED.format(name="good")]
        self.server["/0/feed"] = Page(body=calm)
        for number, case in enumerate(self.cases, 1):
            url = case.url(self, number) if case.url else self.home(number)
            if case.past:
                self.server[f"/{number}/feed"] = Page(body=calm, etag="")
                sources.append(FEED.format(name=case.source))
            sources.append(SOURCE.format(name=case.source, url=url, more=case.more))
        self.service.configure(self.config + "".join(sources))
        self._sync(build=("all", "good"))  # of the others, what was before shows as well later
        self.service.clock.tick(hours=1)
        self.server.forget()
        self.server["/0/feed"] = Page(body=rss(NEWS, *BEFORE))
        for number, case in enumerate(self.cases, 1):
            self.server[f"/{number}/feed"] = case.at(self, number) if case.at else case.answer
        self._sync()
        self._look()

    def _sync(self, build: tuple[str, ...] = ()) -> None:
        service = self.service
        service.restart()
        settings = load(service.root / "feedsvc.toml", cwd=service.root, environ={})
        service._app = App(settings, service.clock, resolve=self.resolve)
        started = time.monotonic()
        self.report = service.sync(build=False)
        self.seconds = time.monotonic() - started
        service.regenerate(feeds=build)

    def _look(self) -> None:
        assert self.report is not None
        app = self.service.app
        screen = io.StringIO()
        with redirect_stdout(screen), redirect_stderr(screen):
            show_sync(
                Console(Namespace(json=False, quiet=False, debug=False, verbose=True)), self.report
            )
        said: dict[str, list[str]] = {}
        for problem in app.store.problems():
            said.setdefault(problem.source, []).append(problem.reason)
        reports = {report.name: report for report in self.report.sources}
        names = ["good", *(case.source for case in self.cases)]
        for number, name in enumerate(names):
            files = _files(self.service.public / name)
            feed = json.loads(files.get("feed.json", b'{"items": []}'))
            self._outcomes[name] = Outcome(
                report=reports[name],
                problems=tuple(said.get(name, ())),
                titles=frozenset(item.get("title", "") for item in feed["items"]),
                files=files,
                asked=tuple(self.server.asked(f"/{number}/feed")),
            )
        everything = _files(self.service.public)
        self.common = {
            path: body
            for path, body in everything.items()
            if path.startswith("all/") or "/" not in path
        }
        self.service.restart()
        with redirect_stdout(screen), redirect_stderr(screen):
            for command in (["status"], ["article", "list", "--limit", "5000"]):
                assert main(["-C", str(self.service.root), *command]) == 0
        self.screen = screen.getvalue()


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".xml", ".json", ".html")
    }


# -- what holds in every case ----------------------------------------------------------------------


def assert_endured(siege: Siege, case: Case) -> None:
    """What was wrong is named, and neither its own articles nor the good source are harmed."""
    outcome, good = siege[case.source], siege["good"]
    report = outcome.report
    said = [report.reason or "", *outcome.problems]
    assert report.outcome == "failed" if case.failed else report.outcome in ("ok", "unchanged")
    assert not any(line.startswith("unexpected") for line in said), said
    if case.told:
        assert any(case.told in line for line in said), said
    elif case.told == "":
        assert said == [""]
    if case.past:
        assert outcome.titles >= set(BEFORE)
    if case.past and case.takes is not None:
        assert outcome.titles == {*BEFORE, *case.takes}
    assert good.report.outcome == "ok"
    assert good.titles == {NEWS, *BEFORE}


def assert_in_order(siege: Siege) -> None:
    """What concerns all of them: the time they took, what is published and what is printed."""
    assert siege.seconds < TIMEOUT + GRACE
    assert_valid(siege.common)
    assert siege.report is not None
    assert siege.report.network
    assert all(one.isprintable() or one == "\n" for one in siege.screen)
    for case in siege.cases:
        assert case.source in siege.screen


def assert_readable(siege: Siege, case: Case) -> None:
    """What is said of it is a line of plain words: no traceback, nothing a terminal would obey."""
    outcome = siege[case.source]
    for line in (outcome.report.reason or "", outcome.report.hint or "", *outcome.problems):
        assert line.isprintable(), ascii(line)
        assert len(line) < 600
        assert "Traceback" not in line
        assert not re.search(r"\b(?:Error|Exception)\b\(|bytearray| object at ", line), line


def assert_valid(files: dict[str, bytes]) -> None:
    """What is published has no error, and runs nothing on whoever reads it."""
    assert files
    for name, body in files.items():
        form = name.rpartition("/")[2]
        format = {"atom.xml": "atom", "rss.xml": "rss", "feed.json": "json"}.get(form, "auto")
        if form != "sitemap.xml":
            assert [finding for finding in check(body, format) if finding.error] == [], name
        if name.endswith(".xml"):
            etree.fromstring(body)
        assert list(_running(name, body)) == [], name


_ADDRESSES = frozenset(
    "href src url uri action formaction data poster background cite longdesc srcset srcdoc "
    "{http://www.w3.org/1999/xlink}href xlink:href".split()
)
_ACTIVE = frozenset(
    "script style iframe object embed applet base meta link form frame svg math animate set".split()
)
_HARMLESS = re.compile(r"(?:https?://|mailto:|tel:|urn:|tag:|[/#.a-z0-9][^:]*$|$)")


def _running(name: str, body: bytes) -> Iterator[str]:
    """What would run in a reader that shows `body`, or lead somewhere it should not."""
    if name.endswith(".html"):
        page = lxml.html.document_fromstring(body)
        allowed = {"link", "meta", "style"}  # in the head of our own page
        yield from _in_tree(page, set(_ACTIVE) - allowed)
    elif name.endswith(".json"):
        for item in json.loads(body)["items"]:
            yield from _in_html(item.get("content_html", ""))
            urls = [item.get("url"), item.get("external_url"), item.get("image")]
            urls += [one["url"] for one in item.get("attachments", ())]
            yield from (url for url in urls if url and not _HARMLESS.match(url))
    else:
        root = etree.fromstring(body)
        yield from (str(one) for one in root.iter(etree.PI))
        yield from _in_tree(root, {"script", "iframe"})
        for node in root.iter("{*}content", "{*}summary", "{*}encoded", "description", "{*}title"):
            if node.get("type") != "text" and not (
                node.tag.endswith("title") and node.get("type") is None and "Atom" in node.tag
            ):
                yield from _in_html(node.text or "")
        for node in root.iter("link", "{*}icon", "{*}logo", "{*}uri", "comments"):
            if not _HARMLESS.match(node.text or ""):
                yield node.text or ""


def _in_html(text: str) -> Iterator[str]:
    if "<" in text:
        yield from _in_tree(lxml.html.fragment_fromstring(text, create_parent=True), set(_ACTIVE))


def _in_tree(root: Any, active: set[str]) -> Iterator[str]:
    for node in root.iter(etree.Element):
        tag = etree.QName(node).localname.lower()
        if tag in active:
            yield f"<{tag}>"
        for key, value in node.attrib.items():
            if key.lower().startswith("on"):
                yield f"{key}={value}"
            if key.lower() in _ADDRESSES and not _HARMLESS.match(value.strip().lower()):
                yield f"{key}={value}"


def make(service: Service, server: FeedServer, cases: Sequence[Case], **more: Any) -> Siege:
    """A siege that is over."""
    names = [case.source for case in cases]
    assert len(set(names)) == len(names)
    siege = Siege(service, server, cases, **more)
    siege.run()
    return siege


def start(folder: Path, cases: Sequence[Case], **more: Any) -> Siege:
    """A siege that is over, in a folder and with a server of its own."""
    service = Service(folder)
    try:
        with FeedServer() as server:
            return make(service, server, cases, **more)
    finally:
        service.restart()
