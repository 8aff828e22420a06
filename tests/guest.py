"""A service that asks one server by cron, over simulated days; the clock is the only fake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from tests.feedserver import FeedServer, Page, Request
from tests.support import Service

SITE = """
[site]
title = "Harbour Planet"
base_url = "https://planet.example.org"
id_domain = "planet.example.org"
id_since = "2025-01-01"

[sync]
allow_networks = ["127.0.0.0/8"]
"""


def gaps(requests: list[Request]) -> list[timedelta]:
    """The time between one request and the next."""
    return [later.at - earlier.at for earlier, later in pairwise(requests)]


@dataclass
class Guest:
    """feedsvc as the guest of a server, and what holds for every guest in every run."""

    service: Service
    server: FeedServer

    def configure(self, *urls: str, every: str = "15m", sync: str = "") -> None:
        """Make these the sources, named `s0`, `s1` and so on; a path is one of the server's."""
        sources = "".join(
            f'[[source]]\nname = "s{number}"\nurl = "{self.full(url)}"\nevery = "{every}"\n\n'
            for number, url in enumerate(urls)
        )
        self.service.configure(f"{SITE}{sync}\n\n{sources}")

    def full(self, url: str) -> str:
        """The address of a path of the server."""
        return self.server.url(url) if url.startswith("/") else url

    def sync(self, *, force: bool = False) -> list[Request]:
        """One run of `feedsvc sync`, and the requests it made.

        One lost with a connection that was kept alive would be made again (RFC 9110 §9.2.2): a
        server that hangs up in place of an answer does so on a new connection only.
        """
        before = len(self.server.log)
        self.service.sync(force=force, build=False)
        asked = self.server.log[before:]
        twice = {url: n for url, n in Counter((r.host, r.path) for r in asked).items() if n > 1}
        assert not twice, "asked more than once in one run"
        assert not [r for r in asked if "robots.txt" in r.path], "robots.txt is for pages"
        assert {r.method for r in asked} <= {"GET"}
        assert all("+https://planet.example.org" in r.headers["user-agent"] for r in asked)
        return asked

    def cron(
        self,
        span: timedelta,
        *,
        step: timedelta = timedelta(minutes=15),
        restart_each: int = 10,
    ) -> list[Request]:
        """Runs at each `step` for so long, in a new process each so many; the requests made."""
        asked: list[Request] = []
        end = self.service.clock.at + span
        number = 0
        while self.service.clock.at < end:
            if number % restart_each == 0:
                self.service.restart()
            asked += self.sync()
            self.service.clock.at += step
            number += 1
        return asked


def rss(*titles: str, head: str = "") -> bytes:
    """A document with one entry per title, the newest first; `head` stands before them."""
    items = "".join(
        f"<item><title>{title}</title><link>https://harbour.example.org/{title}</link>"
        f"<guid>https://harbour.example.org/{title}</guid>"
        f"<description>What happened at the pier: {title}.</description></item>"
        for title in titles
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        "<title>Harbour</title><link>https://harbour.example.org/</link>"
        f"<description>News of the pier</description>{head}{items}</channel></rss>"
    ).encode()


def feed(
    *titles: str, head: str = "", etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Page:
    """A page that holds such a document."""
    return Page(body=rss(*(titles or ("ferry",)), head=head), etag=etag, headers=headers or {})
