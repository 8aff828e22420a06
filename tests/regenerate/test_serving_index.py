"""The serving index that a build leaves for the server."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedsvc.model import ArchiveLinks, FeedHead, Format
from feedsvc.regenerate.press import head_of
from feedsvc.regenerate.serving import INDEX, serving_file
from feedsvc.serve import index as reader
from feedsvc.settings import Feed
from tests.support import DEFAULT_CONFIG, Service

BASE = "https://news.example.org"
HUB = "https://hub.example.org/"


def told(service: Service) -> Any:
    return json.loads(service.published(INDEX))


def head(service: Service, name: str = "all", **more: Any) -> FeedHead:
    """What the documents of a feed say of it."""
    return replace(head_of(service.app.press, Feed(name=name), None), **more)


def write(service: Service, *heads: FeedHead, **redirects: str | None) -> Any:
    rows = {path.replace("__", "/"): target for path, target in redirects.items()}
    assert serving_file(service.app.press, heads, rows) is None
    return told(service)


def test_the_server_reads_what_the_build_writes() -> None:
    assert str(reader.PLACE) == INDEX


def test_a_build_writes_it_once(service: Service) -> None:
    service.write("a.txt", "A story\n\nText.\n")
    service.sync()
    before = (service.public / INDEX).stat().st_mtime_ns

    service.write("b.txt", "Another\n\nText.\n")
    service.sync()

    assert told(service)["version"] == 1
    assert (service.public / INDEX).stat().st_mtime_ns == before


def test_one_that_was_lost_or_harmed_is_written_again(service: Service) -> None:
    service.sync()
    before = service.published(INDEX)

    for harm in (Path.unlink, lambda place: place.write_bytes(b"{")):
        harm(service.public / INDEX)
        service.regenerate()
        assert service.published(INDEX) == before


def test_only_its_owner_may_read_it(service: Service) -> None:
    service.sync()

    mode = stat.S_IMODE((service.public / INDEX).stat().st_mode)
    assert mode == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_one_that_cannot_be_written_holds_nothing_back(service: Service) -> None:
    service.sync()
    (service.public / INDEX).unlink()
    (service.public / INDEX).parent.chmod(0o500)

    report = service.regenerate()

    assert all(one.outcome != "held" for one in report.publications)
    (service.public / INDEX).parent.chmod(0o700)


def test_something_in_its_way_holds_nothing_back(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    (service.public).mkdir()
    (service.public / ".feedsvc").write_text("in the way")

    report = service.sync()

    assert report.build is not None
    assert {one.outcome for one in report.build.publications} == {"written"}
    assert "the serving index stays as it was" in caplog.text


def test_nothing_is_written_by_a_check(service: Service) -> None:
    service.regenerate(check=True)

    assert not (service.public / INDEX).exists()


# -- links -----------------------------------------------------------------------------------------


def test_hubs_and_the_address_of_each_document(service: Service) -> None:
    links = write(service, head(service, hubs=(HUB, "https://other.example.org/hub?a=1")))["links"]

    assert links == {
        f"all/{format.filename}": [
            f'<{HUB}>; rel="hub"',
            '<https://other.example.org/hub?a=1>; rel="hub"',
            f'<{BASE}/all/{format.filename}>; rel="self"',
        ]
        for format in Format
    }


@pytest.mark.parametrize(
    ("hub", "link"),
    [
        pytest.param(
            "https://hub.example.org/a>b", "https://hub.example.org/a%3Eb", id="a-bracket"
        ),
        pytest.param(
            "https://hüb.example.org/ü", "https://xn--hb-xka.example.org/%C3%BC", id="iri"
        ),
        pytest.param("https://hub.example.org/a b", "https://hub.example.org/a%20b", id="a-space"),
        pytest.param("https://hub.example.org/,;", "https://hub.example.org/,;", id="separators"),
    ],
)
def test_a_hub_is_written_as_a_field_can_hold_it(service: Service, hub: str, link: str) -> None:
    links = write(service, head(service, hubs=(hub,)))["links"]

    assert links["all/atom.xml"][0] == f'<{link}>; rel="hub"'


def test_what_is_no_address_is_no_hub(service: Service) -> None:
    assert write(service, head(service, hubs=("javascript:alert(1)", "")))["links"] == {}


def test_without_hubs_there_is_nothing_to_say(service: Service) -> None:
    assert write(service, head(service))["links"] == {}


def test_the_same_hub_twice_is_said_once(service: Service) -> None:
    links = write(service, head(service, hubs=(HUB, HUB)))["links"]

    assert len(links["all/rss.xml"]) == 2


# -- private ---------------------------------------------------------------------------------------


def test_private_feeds_are_told_by_their_folder(service: Service) -> None:
    found = write(
        service,
        head(service),
        head(service, "club", private=True),
        head(service, "group/one", private=True),
        head(service, "group/two", private=True),
    )

    assert found["noindex"] == ["club/", "group/"]


def test_the_operations_feed_is_private(service: Service) -> None:
    text = '[ops]\nfeed = true\ntoken = "0123456789abcdef0123456789abcdef"\n'
    service.configure(f"{text}\n{DEFAULT_CONFIG}")

    service.sync()

    assert told(service)["noindex"] == ["_ops/"]
    assert b"0123456789abcdef" not in service.published(INDEX)


# -- archives --------------------------------------------------------------------------------------


def archived(service: Service, closed: int, folder: str = "all") -> FeedHead:
    urls = {each: f"{BASE}/{folder}/{each.filename}" for each in Format}
    previous = {each: f"{BASE}/{folder}/archive/{closed}/{each.filename}" for each in Format}
    return head(service, urls=urls, archive=ArchiveLinks(previous=previous))


def test_the_page_that_is_still_open_is_elsewhere(service: Service) -> None:
    found = write(service, archived(service, 9), archived(service, 3, "club/key"))

    assert found["elsewhere"] == {
        f"{folder}/archive/{page}/{each.filename}": f"/{folder}/{each.filename}"
        for folder, page in (("all", 10), ("club/key", 4))
        for each in Format
    }


def test_an_archive_without_a_closed_page_leads_nowhere(service: Service) -> None:
    assert write(service, head(service, archive=ArchiveLinks()))["elsewhere"] == {}


# -- redirects -------------------------------------------------------------------------------------


def test_what_moved_and_what_is_gone(service: Service) -> None:
    found = write(
        service,
        head(service),
        old__="new/",
        a__größe__="a/maß & zahl/",
        away__="https://elsewhere.example.org/ü",
        gone__=None,
        loop__="loop/in/itself/",
    )

    assert found["moved"] == {
        "old/": "/new/",
        "a/größe/": "/a/ma%C3%9F%20%26%20zahl/",
        "away/": "https://elsewhere.example.org/%C3%BC",
    }
    assert found["gone"] == ["gone/"]


def test_a_site_below_a_path_leads_below_it(service: Service) -> None:
    service.configure(DEFAULT_CONFIG.replace(BASE, f"{BASE}/feeds"))
    page = f"{BASE}/feeds/all/archive/1/atom.xml"
    archive = ArchiveLinks(previous={Format.ATOM: page})

    found = write(service, head(service, hubs=(HUB,), archive=archive), old__="new/")

    assert found["moved"] == {"old/": "/feeds/new/"}
    assert found["elsewhere"] == {"all/archive/2/atom.xml": "/feeds/all/atom.xml"}
    assert found["links"]["all/atom.xml"][1] == f'<{BASE}/feeds/all/atom.xml>; rel="self"'


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("all/", "all", id="a-feed"),
        pytest.param("all", "all", id="its-name"),
        pytest.param("group/", "group/one", id="a-group"),
        pytest.param("group/one/", "group/one", id="a-feed-of-a-group"),
    ],
)
@pytest.mark.parametrize("target", ["elsewhere/", None])
def test_a_feed_that_is_published_again_leads_nowhere(
    service: Service, path: str, name: str, target: str | None
) -> None:
    store, now = service.app.store, service.clock.now()
    store.intend(path, target, now)
    store.intend("other/", target, now)

    assert serving_file(service.app.press, [head(service, name)], store.redirects()) is None

    assert store.redirects() == {"other/": target}
    assert {*told(service)["moved"], *told(service)["gone"]} == {"other/"}


def test_a_file_that_is_published_again_leads_nowhere(service: Service) -> None:
    service.write("a.txt", "A story\n\nText.\n")
    service.sync()
    store, now = service.app.store, service.clock.now()
    slug = next((service.public / "a").iterdir()).name
    for path in (f"a/{slug}/", "opml.xml", "a/other/", "never.xml"):
        store.gone(path, now)

    service.regenerate()

    assert told(service)["gone"] == ["a/other/", "never.xml"]
    assert store.redirects() == {"a/other/": None, "never.xml": None}


# -- what time changes -----------------------------------------------------------------------------

WAITING = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "UTC"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "topics"
per = "tag"
archive = true

[[feed]]
name = "tides"
match = "tide"
archive = true
"""


def waiting(tags: str = "crew", until: str = "embargo: 2025-06-09 12:00Z") -> str:
    return f"---\ntitle: The gull\ndate: 2025-05-01\ntags: [{tags}]\n{until}\n---\n\nOf a bird.\n"


def aged(service: Service) -> None:
    """A built site with an article of the word; then one that waits, and does not match."""
    service.configure(WAITING)
    service.write("a.md", "---\ntitle: A tide\ndate: 2025-05-01\ntags: [crew]\n---\n\nHigh.\n")
    service.sync()
    service.clock.tick(hours=1)
    service.write("gull.md", waiting())
    service.sync()


def by_all_rules(service: Service) -> Any:
    """The index, which a build of everything leaves as it is."""
    before = told(service)
    service.regenerate(everything=True)
    assert told(service) == before
    return before["feeds"]


def test_what_waits_is_told_of_every_feed_that_may_take_it(service: Service) -> None:
    aged(service)

    assert "change" in by_all_rules(service)["topics/crew/archive/"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(waiting(until="expires: 2025-05-02"), id="it-expires-instead"),
        pytest.param(waiting(until=""), id="it-waits-no-more"),
        pytest.param(waiting(tags="port"), id="it-has-another-word"),
        pytest.param(None, id="it-is-deleted"),
    ],
)
def test_no_feed_waits_for_what_has_changed_before_it_was_due(
    service: Service, text: str | None
) -> None:
    aged(service)
    service.clock.tick(hours=1)

    if text is None:
        service.remove("gull.md")
    else:
        service.write("gull.md", text)
    service.sync()

    assert "change" not in by_all_rules(service)["topics/crew/archive/"]


def test_no_feed_waits_for_what_was_purged(service: Service) -> None:
    aged(service)
    service.clock.tick(hours=1)

    guid = next(one.guid for one in service.stored().values() if one.title == "The gull")
    service.app.store.purge([guid], now=service.clock.now())
    service.regenerate()

    assert "change" not in by_all_rules(service)["topics/crew/archive/"]
