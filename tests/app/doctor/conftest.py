"""A newsroom that somebody thinks is ill, and who looks at it."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import pytest

from feedsvc.app.doctor import Case, Check, open_case
from feedsvc.model import Format
from feedsvc.web import Resolve
from tests.feedserver import Answer, FeedServer, Raw, Request, http_date
from tests.support import FrozenClock, Service

HOUR = 3600.0
GROUPS = ("configuration", "secrecy", "places", "rights", "output", "disk", "machine", "clock",
          "database", "backups", "standing", "daemon", "server", "network", "public")  # fmt: skip


@dataclass
class Ward:
    """Opens the case of a folder, and makes some of its checks."""

    root: Path
    clock: FrozenClock
    environ: dict[str, str] = field(default_factory=dict)
    resolve: Resolve | None = None

    def case(self, **more: bool) -> Case:
        return open_case(
            None, clock=self.clock, cwd=self.root, environ=self.environ, resolve=self.resolve,
            offline=more.get("offline", False), public=more.get("public", False),
            full=more.get("full", False),
        )  # fmt: skip

    def look(self, group: str, **more: bool) -> dict[str, Check]:
        """The checks of a group, by name."""
        case = self.case(**more)
        found = list(import_module(f"feedsvc.app.doctor.{group}").examine(case))
        assert len({check.name for check in found}) == len(found)
        return {check.name: check for check in found}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration but that of the test."""
    for name in list(os.environ):
        if name.startswith("FEEDSVC_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture
def ward(service: Service) -> Ward:
    """The case of `service`, whose two articles are synced and built."""
    service.write("ferry.txt", "The ferry sails again\n2025-03-14\nTags: Ferry\n\nAt nine.\n")
    service.write("library.txt", "The library stays open late\n2025-03-15\n\nUntil ten.\n")
    service.sync()
    service.restart()
    return Ward(service.root, service.clock)


def snapshot(root: Path) -> Mapping[str, tuple[int, int, bytes]]:
    """Everything that lies below a folder; of the index of a journal, that it is there."""
    return {
        str(path.relative_to(root)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns if not path.name.endswith("-shm") else 0,
            path.read_bytes() if path.is_file() and not path.name.endswith("-shm") else b"",
        )
        for path in sorted(root.rglob("*"))
    }


@contextmanager
def powerless(folder: Path) -> Iterator[None]:
    """Be nobody for a while: root may do everything, whatever the rights say."""
    if os.geteuid() != 0:
        yield
        return
    for group in GROUPS:
        import_module(f"feedsvc.app.doctor.{group}")
    import_module("feedsvc.store.look")
    opened = [place for place in (folder, *folder.parents) if place.stat().st_uid == 0]
    modes = {place: place.stat().st_mode for place in opened if place != folder}
    for place, mode in modes.items():
        place.chmod(mode | 0o111)
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
        for place, mode in modes.items():
            place.chmod(mode)


# -- a public site -------------------------------------------------------------------------------

Twist: TypeAlias = Callable[[Request, Answer], Answer | Raw]

TYPES = {"html": "text/html; charset=utf-8", "opml.xml": "text/x-opml; charset=utf-8",
         "sitemap.xml": "application/xml; charset=utf-8"}  # fmt: skip


@dataclass
class Host:
    """A good web server for an output directory; `twist` changes what it answers."""

    public: Path
    server: FeedServer
    twist: Twist = field(default=lambda _, answer: answer)

    def serve(self) -> None:
        """Put up every document that lies there, as it lies there at each request."""
        for path in self.public.rglob("*"):
            name = path.relative_to(self.public).as_posix()
            if path.is_file() and path.suffix in {".xml", ".json", ".html"} and name[0] != ".":
                self.server[f"/{name.removesuffix('index.html')}"] = self._page(path)
        self.server["/robots.txt"] = lambda asked: self.twist(asked, Answer(status=404))

    def _page(self, path: Path) -> Callable[[Request], Answer | Raw]:
        def answer(asked: Request) -> Answer | Raw:
            return self.twist(asked, _answer(path, asked))

        return answer


def _answer(path: Path, asked: Request) -> Answer:
    body = path.read_bytes()
    kinds = {one.filename: f"{one.media_type}; charset=utf-8" for one in Format}
    packed = "gzip" in asked.headers.get("accept-encoding", "")
    tag = f'"{hash(body) & 0xFFFFFFFF:x}{"-gzip" if packed else ""}"'
    from datetime import UTC, datetime

    modified = http_date(datetime.fromtimestamp(int(path.stat().st_mtime), UTC))
    fields = {
        "ETag": tag, "Last-Modified": modified, "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=300",
    }  # fmt: skip
    known = asked.headers.get("if-none-match")
    if known == tag or (known is None and asked.headers.get("if-modified-since") == modified):
        return Answer(status=304, headers=fields)
    fields["Content-Type"] = kinds.get(path.name) or TYPES.get(path.name) or TYPES["html"]
    if packed:
        fields["Content-Encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    return Answer(body=body, headers=fields)


def with_fields(answer: Answer, **fields: str | None) -> Answer:
    """An answer with other header fields; None takes one away."""
    kept = dict(answer.headers)
    for name, value in fields.items():
        shown = name.replace("_", "-")
        kept = {key: old for key, old in kept.items() if key.lower() != shown.lower()}
        if value is not None:
            kept[shown] = value
    return replace(answer, headers=kept)


@pytest.fixture
def host(make_service: Callable[..., Service], feed_server: FeedServer) -> Host:
    """A site that is published at the address of a good server."""
    service = make_service(f"""
[site]
title = "Harbour News"
base_url = "{feed_server.url("")}"
id_domain = "news.example.org"
[server]
listen = "127.0.0.1:0"
[[source]]
name = "desk"
path = "articles"
[[feed]]
name = "all"
[[feed]]
name = "members"
private = true
""")
    text = "Until ten, from now on. " * 100
    service.write(
        "ferry.txt", f"The ferry sails again\n2025-03-14\nLink: https://example.org/1\n\n{text}\n"
    )
    service.sync()
    service.restart()
    site = Host(service.public, feed_server)
    site.serve()
    for path in service.public.rglob("*"):
        os.utime(path, (time.time() - HOUR, time.time() - HOUR))
    return site


@pytest.fixture
def visitor(host: Host, clock: FrozenClock) -> Ward:
    """Who looks at the public addresses of `host`."""
    return Ward(host.public.parent, clock)
