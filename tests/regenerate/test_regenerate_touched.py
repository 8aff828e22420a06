"""What changed is published, and nothing else moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from feedsvc.errors import RenderError
from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.jsonfeed import JsonFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.model import Entry, FeedHead, Format
from feedsvc.regenerate import due_feeds
from feedsvc.settings import FullText

Told = Callable[..., str]
ATOM = "{http://www.w3.org/2005/Atom}"


def _updated(service: Any, feed: str) -> tuple[str, dict[str, str]]:
    """The feed's `updated`, and those of its entries by title."""
    root = etree.fromstring(service.published(f"{feed}/atom.xml"))
    entries = {
        entry.findtext(f"{ATOM}title") or "": entry.findtext(f"{ATOM}updated") or ""
        for entry in root.iterfind(f"{ATOM}entry")
    }
    return root.findtext(f"{ATOM}updated") or "", entries


def _titles(service: Any, feed: str) -> list[str]:
    return [item["title"] for item in json.loads(service.published(f"{feed}/feed.json"))["items"]]


def _changed(service: Any, before: dict[str, tuple[int, bytes]]) -> set[str]:
    """The documents whose file is not the one it was."""
    after = service.snapshot()
    return {
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and not path.endswith((".gz", ".br", ".zst"))
    }


def test_an_edit_moves_the_entry_and_the_feeds_that_hold_it(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01 08:00", Tags="sea"))
    service.write("b.txt", told("Bridge", "2025-05-02 08:00"))
    service.sync()
    before = service.snapshot()
    service.clock.tick(hours=1)

    service.write("b.txt", told("Bridge", "2025-05-02 08:00", "Other words."))
    service.sync()

    feed, entries = _updated(service, "all")
    assert entries == {
        "Bridge": "2025-06-01T15:00:00+02:00",
        "Ferry": "2025-05-01T08:00:00+02:00",
    }
    assert feed == "2025-06-01T15:00:00+02:00"
    assert _changed(service, before) == {
        "all/atom.xml", "all/rss.xml", "all/feed.json", "a/bridge/index.html", "sitemap.xml",
    }  # fmt: skip


def test_a_tag_that_goes_takes_the_article_out_of_the_tags_feed(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", Tags="sea"))
    service.write("b.txt", told("Gull", Tags="sea"))
    service.sync()
    service.clock.tick(hours=1)

    service.write("a.txt", told("Ferry"))
    service.sync()

    assert _titles(service, "sea") == ["Gull"]
    assert sorted(_titles(service, "all")) == ["Ferry", "Gull"]
    assert _updated(service, "sea")[0] == "2025-06-01T15:00:00+02:00"


def test_a_deleted_article_is_gone_and_the_feed_moves(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.write("b.txt", told("Bridge", "2025-05-02"))
    service.sync()
    before = service.snapshot()
    service.clock.tick(hours=1)

    service.remove("b.txt")
    service.sync()

    assert _titles(service, "all") == ["Ferry"]
    assert _updated(service, "all")[0] == "2025-06-01T15:00:00+02:00"
    assert {path for path in _changed(service, before) if path.startswith("sea/")} == set()


def test_updated_never_goes_back(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.write("b.txt", told("Bridge", "2025-05-20"))
    seen = []
    for step in (
        lambda: None,
        lambda: service.remove("b.txt"),
        lambda: service.write("c.txt", told("Archive", "2020-01-01")),
        lambda: service.write("a.txt", told("Ferry", "2025-05-01", "More.", Tags="sea")),
        lambda: service.remove("a.txt"),
        lambda: service.remove("c.txt"),
        lambda: service.write("b.txt", told("Bridge", "2025-05-20")),
    ):
        step()
        service.sync(trust_loss=True)
        seen.append(datetime.fromisoformat(_updated(service, "all")[0]))
        service.clock.tick(minutes=7)

    assert seen == sorted(set(seen))


def test_an_embargoed_article_appears_when_it_is_due(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.write("b.txt", told("Election", "2025-05-30", Sperrfrist="2025-06-02 18:00"))
    service.sync()
    due = datetime(2025, 6, 2, 16, 0, tzinfo=UTC)
    assert _titles(service, "all") == ["Ferry"]
    assert service.app.store.feed("all").next_change == due
    before = service.snapshot()

    service.clock.at = due
    assert "all" in due_feeds(service.app.store, service.app.settings.feeds, due)
    service.sync()

    assert _titles(service, "all") == ["Election", "Ferry"]
    assert _updated(service, "all")[0] == "2025-06-02T18:00:00+02:00"
    assert not {path for path in _changed(service, before) if path.startswith("sea/")}
    assert service.app.store.feed("all").next_change is None


def test_a_late_build_of_an_embargoed_article_says_the_same(
    make_service: Callable[..., Any], service: Any, told: Told
) -> None:
    late = make_service((service.root / "feedsvc.toml").read_text(), name="late")
    for one, hours in ((service, 48), (late, 90)):
        one.write("b.txt", told("Election", "2025-05-30", Sperrfrist="2025-06-02 18:00"))
        one.sync()
        one.clock.tick(hours=hours)
        one.sync()

    assert service.published("all/atom.xml") == late.published("all/atom.xml")


def test_an_article_that_expires_goes_when_its_time_comes(service: Any) -> None:
    service.write(
        "a.md",
        "---\ntitle: Offer\ndate: 2025-05-01T08:00:00Z\nexpiryDate: 2025-06-03T00:00:00Z\n---\nx\n",
    )
    service.sync()
    assert _titles(service, "all") == ["Offer"]

    service.clock.at = datetime(2025, 6, 3, 9, tzinfo=UTC)
    service.sync()

    assert _titles(service, "all") == []
    assert _updated(service, "all")[0] == "2025-06-03T02:00:00+02:00"


@pytest.mark.parametrize(
    ("change", "files"),
    [
        pytest.param(
            ('title = "Harbour News"', 'title = "Port News"'),
            {f"{f}/{n}" for f in ("all", "sea")
             for n in ("atom.xml", "rss.xml", "feed.json", "index.html")}
            | {"index.html", "opml.xml", "sitemap.xml", "a/ferry/index.html"},
            id="site-title",
        ),
        pytest.param(
            ('name = "sea"', 'name = "sea"\ntitle = "The sea"'),
            {"sea/atom.xml", "sea/rss.xml", "sea/feed.json", "sea/index.html", "index.html",
             "opml.xml", "sitemap.xml", "a/ferry/index.html"},
            id="feed-title",
        ),
        pytest.param(
            ('name = "sea"', 'name = "sea"\nformats = ["atom"]'),
            {"sea/rss.xml", "sea/feed.json", "sea/index.html", "index.html", "a/ferry/index.html"},
            id="fewer-formats-leave-the-others-alone",
        ),
        pytest.param(
            ('name = "sea"', 'name = "sea"\nlimit = 7'), set(), id="a-limit-that-is-not-reached"
        ),
    ],
)  # fmt: skip
def test_a_changed_configuration_moves_what_it_names(
    service: Any, told: Told, change: tuple[str, str], files: set[str]
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.sync()
    before = service.snapshot()
    service.clock.tick(hours=1)

    service.configure((service.root / "feedsvc.toml").read_text().replace(*change))
    service.sync()

    assert _changed(service, before) == files
    settled = service.snapshot()
    service.clock.tick(hours=1)
    service.sync()
    assert service.snapshot() == settled


@dataclass
class Signed:
    """RSS, by a newer version that writes other bytes."""

    inner: RssFormat

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        return self.inner.fragments(entries, full_text=full_text)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        return self.inner.document(head, fragments) + b"<!-- signed -->"

    def taken_apart(self, document: bytes) -> list[bytes]:
        return self.inner.taken_apart(document)

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        return self.inner.without(document, ids)

    def id_of(self, fragment: bytes) -> str:
        return self.inner.id_of(fragment)


def test_a_new_renderer_writes_its_documents_and_moves_no_date(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.sync()
    before = service.snapshot()
    service.clock.tick(hours=1)
    press = service.app.press
    renderers = {
        Format.ATOM: AtomFormat(),
        Format.RSS: Signed(RssFormat()),
        Format.JSON: JsonFormat(),
    }
    service.app.__dict__["press"] = replace(press, renderers=renderers, rendering="next")

    service.regenerate()

    assert _changed(service, before) == {"all/rss.xml", "sea/rss.xml"}
    assert service.published("all/rss.xml") == before["all/rss.xml"][1] + b"<!-- signed -->"


def test_a_title_changed_in_the_configuration_moves_updated(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.sync()
    service.clock.tick(hours=1)

    text = (service.root / "feedsvc.toml").read_text()
    service.configure(text.replace('name = "sea"', 'name = "sea"\ntitle = "The sea"'))
    service.regenerate()

    assert _updated(service, "sea")[0] == "2025-06-01T15:00:00+02:00"
    assert _updated(service, "all")[0] == "2025-05-01T00:00:00+02:00"


def test_a_feed_that_left_the_configuration_is_taken_down(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    service.write("a.txt", told("Ferry", Tags="sea"))
    service.sync()
    text = (service.root / "feedsvc.toml").read_text()

    service.configure(text.partition('[[feed]]\nname = "sea"')[0])
    service.regenerate()

    assert not (service.public / "sea").exists()
    assert b"/sea/" not in service.published("index.html") + service.published("opml.xml")
    assert "sea" not in {row[0] for row in rows(service, "feed")["feed"]}
    assert not [row for row in rows(service, "ledger")["ledger"] if row[0].startswith("sea/")]


def test_fragments_that_no_feed_holds_are_not_kept(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01", Tags="sea"))
    service.write("b.txt", told("Bridge", "2025-05-02"))
    service.sync()
    assert len(rows(service, "fragment")["fragment"]) == 6

    service.remove("b.txt")
    service.sync()

    assert len(rows(service, "fragment")["fragment"]) == 3


def test_fragments_of_a_format_that_is_no_longer_published_are_not_kept(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01"))
    service.write("b.txt", told("Gull", "2025-05-02", Tags="sea"))
    service.sync()

    text = (service.root / "feedsvc.toml").read_text()
    service.configure(text.replace('name = "all"', 'name = "all"\nformats = ["json"]'))
    service.sync()

    kept = [row[1] for row in rows(service, "fragment")["fragment"]]
    assert sorted(kept) == ["atom", "json", "json", "rss"]  # `sea` still has all three
