"""What holds a feed back keeps nothing in its files that was taken down."""

from __future__ import annotations

import brotli
import deflate
import pytest
import zstandard

from tests.support import Service

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
language = "en"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"
profile = "msn"
"""
DIGEST = """
[[feed]]
name = "days"
digest = "daily"
profile = "msn"
"""
FERRY = "The new ferry leaves the old harbour"
QUAY = "The old quay is open to walkers again"
READERS = {
    ".gz": lambda body: bytes(deflate.gzip_decompress(body, 1 << 20)),
    ".br": brotli.decompress,
    ".zst": lambda body: zstandard.ZstdDecompressor().decompress(body, 1 << 20),
}


class Newsroom(Service):
    """Two articles that a partner takes, and a third whose title is too short for it."""

    def open(self, more: str = "") -> None:
        self.configure(CONFIG + more)
        self.write("ferry.txt", f"{FERRY}\n2025-05-30 10:00\n\nIt leaves every half hour.")
        self.write("quay.txt", f"{QUAY}\n2025-05-30 11:00\n\nMind the ropes.")
        self.sync()
        self.clock.tick(hours=26)
        self.write("short.txt", "Short\n2025-05-31\n\nToo short a title for them.")
        self.sync()

    def judge(self, verdict: str, key: str) -> None:
        """One `feedsvc article VERDICT KEY`."""
        self.clock.tick(hours=1)
        store = self.app.store
        getattr(store, verdict)(store.named(f"desk/{key}"), now=self.clock.now(), reason=None)
        self.regenerate(verify=False)

    def shown_in(self, words: str) -> set[str]:
        """The files in which the words stand, packed or not."""
        found = set()
        for file in self.public.rglob("*"):
            if file.is_file():
                body = READERS.get(file.suffix, bytes)(file.read_bytes())
                if words.encode() in body:
                    found.add(str(file.relative_to(self.public)))
        return found


@pytest.fixture
def newsroom(tmp_path: object) -> Newsroom:
    return Newsroom(root=tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_it_leaves_the_last_good_documents_and_the_others_stay(
    newsroom: Newsroom, verdict: str
) -> None:
    newsroom.open()
    assert newsroom.app.store.feed("all").held is not None
    before = newsroom.shown_in(QUAY)

    newsroom.judge(verdict, "ferry")

    assert newsroom.shown_in(FERRY) == set()
    assert newsroom.shown_in("every half hour") == set()
    assert newsroom.shown_in(QUAY) == before
    assert "all/rss.xml" not in newsroom.shown_in("Too short a title")


def test_the_documents_are_valid_and_stay_as_they_are_until_more_goes(newsroom: Newsroom) -> None:
    newsroom.open()
    newsroom.judge("withdraw", "ferry")
    cut = newsroom.snapshot()

    newsroom.clock.tick(minutes=5)
    newsroom.regenerate()

    assert newsroom.snapshot() == cut
    for name in ("atom.xml", "rss.xml", "feed.json"):
        assert newsroom.app.press.gate(newsroom.published(f"all/{name}"), _format(name), None) == ()


def test_it_goes_out_whole_once_nothing_holds_it(newsroom: Newsroom) -> None:
    newsroom.open()
    newsroom.judge("withdraw", "ferry")
    newsroom.clock.tick(hours=1)

    newsroom.write("short.txt", "Short no more, by the editor\n2025-05-31\n\nA longer title.")
    newsroom.sync()

    assert newsroom.app.store.feed("all").held is None
    assert b"Short no more" in newsroom.published("all/atom.xml")
    assert newsroom.shown_in(FERRY) == set()


def test_all_of_a_document_may_go(newsroom: Newsroom) -> None:
    newsroom.open()
    newsroom.judge("withdraw", "ferry")
    newsroom.judge("withdraw", "quay")

    assert newsroom.shown_in(FERRY) == newsroom.shown_in(QUAY) == set()
    for name in ("atom.xml", "rss.xml", "feed.json"):
        newsroom.app.press.gate(newsroom.published(f"all/{name}"), _format(name), None)


def test_a_digest_that_shows_it_is_gone_until_it_can_be_built(newsroom: Newsroom) -> None:
    newsroom.open(DIGEST)

    newsroom.judge("withdraw", "ferry")

    assert newsroom.shown_in(FERRY) == set()


def test_a_feed_that_cannot_be_built_at_all_does_not_keep_it(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedsvc.regenerate.feed import FeedBuild

    def fails(*_: object) -> None:
        raise ValueError("no way to build this")

    newsroom.open()
    with monkeypatch.context() as broken:
        broken.setattr(FeedBuild, "_select", fails)
        newsroom.judge("withdraw", "ferry")

    assert "no way to build this" in (newsroom.app.store.feed("all").held or "")
    assert newsroom.shown_in(FERRY) == set()
    assert "all/atom.xml" in newsroom.shown_in(QUAY)


def _format(name: str) -> str:
    return {"atom.xml": "atom", "rss.xml": "rss", "feed.json": "json"}[name]
