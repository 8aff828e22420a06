"""Two things at once, a clock that goes back, a build that fails half-way: nothing is left over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from feedsvc.errors import PublishError
from feedsvc.ports import Publisher
from feedsvc.regenerate import due_feeds
from tests.support import DEFAULT_CONFIG, Service, readable
from tests.walker import merged, walk

Told = Callable[..., str]

BASE = "https://news.example.org"
ARCHIVED = '\n[[feed]]\nname = "all"\narchive = true\nlimit = 3\n'
GROUP = '\n[[feed]]\nname = "topics"\nper = "tag"\n'
EVENING = "2025-06-01 20:00"  # of the day on which the tests begin, at noon


@pytest.fixture
def make(make_service: Callable[..., Service]) -> Callable[[str], Service]:
    """A service with a configuration that is added to the usual one."""
    return lambda more: make_service(DEFAULT_CONFIG + more)


def _holding(service: Service, word: str) -> list[str]:
    """The files that readers get in which a word stands."""
    files = readable(service.public).items()
    return [path for path, text in files if word in text and not path.startswith(".")]


def _withdraw(service: Service, title: str) -> None:
    (guid,) = (one.guid for one in service.stored().values() if one.title == title)
    service.app.store.withdraw([guid], reason=None, now=service.clock.now())


def _tick(service: Service) -> None:
    """One build of the daemon."""
    app = service.app
    due = due_feeds(app.store, app.settings.feeds, service.clock.now())
    if due:
        service.regenerate(feeds=due, verify=False)


def _walked(service: Service, feed: str) -> set[str]:
    pages = walk(
        f"{BASE}/{feed}/atom.xml", lambda url: service.published(url.removeprefix(f"{BASE}/"))
    )
    return {entry.title for entry in merged(pages).values()}


# -- two things at once ----------------------------------------------------------------------------


@pytest.mark.parametrize("build", [Service.regenerate, _tick], ids=["whole", "touched"])
def test_the_last_article_of_a_word_goes_while_another_falls_due(
    make: Callable[[str], Service], told: Told, build: Callable[[Service], object]
) -> None:
    service = make(GROUP)
    service.write("a.txt", told("Gannet", Tags="birds"))
    service.write("b.txt", told("Ferry", Tags="sea", Embargo=EVENING))
    service.sync()

    service.clock.tick(hours=12)
    _withdraw(service, "Gannet")
    build(service)

    assert _holding(service, "Gannet") == []
    assert _holding(service, "Ferry") != []


def test_a_feed_becomes_a_group(make: Callable[[str], Service], told: Told) -> None:
    service = make('\n[[feed]]\nname = "topics"\narchive = true\nlimit = 2\n')
    for number in range(7):
        service.write(f"{number}.txt", told(f"Gannet {number}", Tags="birds"))
    service.sync()

    service.configure(DEFAULT_CONFIG + GROUP)
    service.sync()

    published = {path.split("/")[1] for path in service.snapshot() if path.startswith("topics/")}
    assert published - {f"index.html{end}" for end in ("", ".gz", ".br", ".zst")} == {"birds"}
    assert service.app.store.ledger(feeds=["topics"]).keys() == {"topics/index.html"}


def test_a_group_becomes_a_feed(make: Callable[[str], Service], told: Told) -> None:
    service = make(GROUP)
    service.write("a.txt", told("Gannet", Tags="birds"))
    service.sync()

    service.configure(DEFAULT_CONFIG + GROUP.replace('per = "tag"\n', ""))
    service.sync()

    assert not (service.public / "topics/birds").exists()
    assert _walked(service, "topics") == {"Gannet"}


def test_what_comes_back_into_another_feed_stays_deleted_in_this_one(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make('\n[[feed]]\nname = "birds"\ntags = ["birds"]\ndeleted_entries = true\n')
    service.write("a.txt", told("Gannet", Tags="birds"))
    service.write("b.txt", told("Fulmar", Tags="birds"))
    service.sync()
    service.remove("a.txt")
    service.sync()
    before = service.published("birds/atom.xml")
    assert b"deleted-entry" in before

    service.write("a.txt", told("Gannet", Tags="sea"))
    service.sync()
    service.regenerate(everything=True)

    assert service.published("birds/atom.xml") == before
    service.write("a.txt", told("Gannet", Tags="birds"))
    service.sync()
    assert b"deleted-entry" not in service.published("birds/atom.xml")


def test_a_check_notes_no_deleted_entry(
    make: Callable[[str], Service], told: Told, rows: Callable[..., Any]
) -> None:
    service = make('\n[[feed]]\nname = "all"\ndeleted_entries = true\n')
    service.write("a.txt", told("Gannet"))
    service.sync()
    service.remove("a.txt")
    service.sync(build=False, trust_loss=True)

    service.regenerate(check=True)

    assert rows(service, "removal") == {"removal": []}


# -- private feeds ---------------------------------------------------------------------------------

CREW = '\n[[feed]]\nname = "crew"\nprivate = true\ntags = ["crew"]\n'
PUBLIC = '\n[[feed]]\nname = "open"\ntags = ["open"]\n'


def _links(service: Service) -> list[str | None]:
    (path,) = service.public.glob("crew/*/feed.json")
    return [item.get("url") for item in json.loads(path.read_bytes())["items"]]


def test_a_private_feed_leads_to_a_page_at_once(make: Callable[[str], Service], told: Told) -> None:
    service = make(CREW + PUBLIC)
    service.write("a.txt", told("Gannet", Tags="crew, open"))

    service.sync()

    assert _links(service) == [f"{BASE}/a/gannet/"]
    before = service.snapshot()
    service.regenerate()
    assert service.snapshot() == before


def test_a_private_feed_leads_to_no_page_that_is_gone(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make(CREW + PUBLIC)
    service.write("a.txt", told("Gannet", Tags="crew, open"))
    service.sync()

    service.write("a.txt", told("Gannet", Tags="crew"))
    service.sync()

    assert not (service.public / "a/gannet/index.html").exists()
    assert _links(service) == [None]


def test_the_public_feed_of_a_page_takes_something_else(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make(CREW + PUBLIC)
    service.write("a.txt", told("Gannet", Tags="crew, open"))
    service.sync()

    service.configure(DEFAULT_CONFIG + CREW + PUBLIC.replace('["open"]', '["other"]'))
    service.sync()

    assert not (service.public / "a/gannet/index.html").exists()
    assert _links(service) == [None]


# -- a clock that goes back ------------------------------------------------------------------------


@pytest.mark.parametrize("feed", ["plain", "archived", "group"])
@pytest.mark.parametrize("build", [Service.sync, _tick], ids=["whole", "touched"])
def test_what_a_wrong_clock_let_out_is_taken_back(
    make: Callable[[str], Service], told: Told, feed: str, build: Callable[[Service], object]
) -> None:
    service = make({"plain": "", "archived": ARCHIVED, "group": GROUP}[feed])
    for number in range(7):
        service.write(
            f"{number}.txt", told(f"Gannet {number}", f"2025-05-0{1 + number}", Tags="sea")
        )
    service.write("x.txt", told("Fulmar", "2025-05-01 12:00", Tags="sea", Embargo="2025-12-01"))
    service.sync()
    before = {path: body for path, body in readable(service.public).items() if "feed" in path}

    service.clock.tick(days=365)
    service.sync()
    assert _holding(service, "Fulmar") != []
    service.clock.tick(days=-365)
    build(service)

    after = readable(service.public)
    assert [path for path in before if "Fulmar" in after[path]] == []
    files = service.snapshot()
    _tick(service)
    assert service.snapshot() == files


def test_a_wrong_clock_holds_a_held_feed_no_longer(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make("")
    service.write("a.txt", told("Gannet"))
    service.clock.tick(days=365)
    with _full_disk(service):
        service.sync()

    service.clock.tick(days=-365)
    _tick(service)

    assert _walked(service, "all") == {"Gannet"}


# -- a build that fails half-way -------------------------------------------------------------------


@dataclass
class _Full:
    """The output directory on a disk without room."""

    inner: Publisher

    def place(self, files: object) -> object:
        raise PublishError("no space left")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@contextmanager
def _full_disk(service: Service) -> Iterator[None]:
    app, press = service.app, service.app.press
    app.__dict__["press"] = replace(press, publisher=cast("Publisher", _Full(press.publisher)))
    yield
    app.__dict__["press"] = press


def test_a_page_that_closes_while_the_disk_is_full_is_built_once_there_is_room(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make(ARCHIVED)
    for number in range(6):
        service.write(f"{number}.txt", told(f"Gannet {number}", f"2025-05-0{1 + number}"))
    service.sync()
    service.write("7.txt", told("Fulmar", "2025-05-20"))
    service.sync(build=False)
    with _full_disk(service):
        _tick(service)

    service.clock.tick(minutes=10)
    _tick(service)

    assert _walked(service, "all") == {"Fulmar", *(f"Gannet {number}" for number in range(6))}


@pytest.mark.parametrize("build", [Service.regenerate, _tick], ids=["whole", "touched"])
def test_a_new_title_that_meets_a_full_disk_reaches_every_page_later(
    make: Callable[[str], Service], told: Told, build: Callable[[Service], object]
) -> None:
    service = make(ARCHIVED)
    for number in range(7):
        service.write(f"{number}.txt", told(f"Gannet {number}", f"2025-05-0{1 + number}"))
    service.sync()
    service.configure(DEFAULT_CONFIG + ARCHIVED + 'title = "Birds"\n')
    with _full_disk(service):
        assert {one.outcome for one in service.regenerate().publications} >= {"held"}

    service.clock.tick(minutes=10)
    build(service)

    documents = [*service.public.glob("all/**/atom.xml")]
    assert len(documents) == 3
    assert all(b"<title>Birds</title>" in document.read_bytes() for document in documents)


# -- what a killed build leaves --------------------------------------------------------------------


def _killed_after_placing(service: Service, path: str, body: bytes) -> None:
    """What lies there when a build has put a file in its place and died."""
    service.app.press.publisher.keep(".feedsvc/building.json", b'["crew", "gone"]')
    service.app.press.publisher.place({path: body})


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("crew/revokedKey0123456789/atom.xml", id="under-a-key-that-was-revoked"),
        pytest.param("gone/atom.xml", id="of-a-feed-that-was-taken-out"),
        pytest.param("all/archive/9/feed.json", id="a-page-of-an-archive"),
        pytest.param("a/withdrawn/index.html", id="the-page-of-an-article"),
    ],
)
def test_a_file_that_no_ledger_knows_is_taken_down(
    make: Callable[[str], Service], told: Told, path: str
) -> None:
    service = make(CREW + '\n[[feed]]\nname = "all"\n')
    service.write("a.txt", told("Gannet"))
    service.sync()
    before = service.snapshot()

    _killed_after_placing(service, path, b"Fulmar " * 100)
    (service.public / f".{path.rpartition('/')[2]}.tmp-0123abcd").write_bytes(b"half a fil")
    service.regenerate(feeds=("all",), verify=False)

    assert service.snapshot() == before
    assert path.startswith("all/") or not (service.public / path).parent.exists()


def test_files_of_others_stay(make: Callable[[str], Service], told: Told) -> None:
    service = make("")
    service.write("a.txt", told("Gannet"))
    service.sync()
    for path in (
        "robots.txt", "all/.htaccess", "all/logo.png", "about/index.html", "all/2025/index.html",
        "all/2025/06/index.html", "all/archive/2025/index.html", "a/b/c/index.html",
    ):  # fmt: skip
        (service.public / path).parent.mkdir(parents=True, exist_ok=True)
        (service.public / path).write_bytes(b"of somebody else")
    before = service.snapshot()

    _killed_after_placing(service, "gone/atom.xml", b"Fulmar")
    service.regenerate()

    assert service.snapshot() == before


def test_what_an_old_copy_brought_back_goes_when_everything_is_asked_for(
    make: Callable[[str], Service], told: Told
) -> None:
    service = make(CREW)
    service.write("a.txt", told("Gannet"))
    service.sync()
    (key,) = service.app.store.tokens("crew")
    old = service.root / "old"
    shutil.copytree(service.public, old)
    service.app.store.revoke_token("crew", key, service.clock.now())
    service.clock.tick(hours=1)
    service.regenerate()
    before = service.snapshot()

    shutil.copytree(old / "crew" / key, service.public / "crew" / key)
    service.regenerate(everything=True)

    assert service.snapshot() == before
    assert not (service.public / "crew" / key).exists()


def test_a_check_leaves_what_was_broken_off(make: Callable[[str], Service], told: Told) -> None:
    service = make("")
    service.write("a.txt", told("Gannet"))
    service.sync()
    _killed_after_placing(service, "gone/atom.xml", b"Fulmar")
    before = service.snapshot()

    service.regenerate(check=True)

    assert service.snapshot() == before
