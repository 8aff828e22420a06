"""Pruning of a whole service: what is published stays to the byte, what went never rises again."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from feedsvc.app.pruning import PruneReport, limits_of, prune
from feedsvc.errors import LockedError, NotFoundError, UsageError
from feedsvc.model import State, Verdict
from feedsvc.ports import Shown
from feedsvc.store.halt import Halt, StoppedError
from tests.feedserver import FeedServer, Page
from tests.support import NOON, Service

SITE = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[sync]
allow_networks = ["127.0.0.0/8"]

"""
FOLDER = '[[source]]\nname = "desk"\npath = "articles"\nlink = "https://desk.example.net/{path}"\n'
DAYS = 30  # articles of `fill`, one of each day before the present


def text(title: str, day: str, *, body: str = "It left at nine.", **labels: str) -> str:
    head = "".join(f"{name.capitalize()}: {value}\n" for name, value in labels.items())
    return f"{title}\n{day}\n{head}\n{body}\n"


def fill(service: Service, *, days: int = DAYS, **labels: str) -> None:
    """An article of each day: `day-01.txt` is that of yesterday."""
    for number in range(1, days + 1):
        day = service.clock.at - timedelta(days=number)
        title = f"What happened on day {number}"
        service.write(f"day-{number:02}.txt", text(title, f"{day:%Y-%m-%d}", **labels))


def pruned(service: Service, **limits: object) -> PruneReport:
    """One `feedsvc prune`."""
    return prune(service.app, limits_of(service.app, **limits))  # type: ignore[arg-type]


def states(service: Service) -> dict[str, str]:
    """The state of each article by its key without its kind."""
    return {key.partition(":")[2]: one.state.value for key, one in service.stored().items()}


def left(service: Service) -> int:
    """How many articles can still be read."""
    return sum(one.html != "" for one in service.stored().values())


# -- what goes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "stay"),
    [
        pytest.param("keep = 20", 20, id="the-newest-so-many"),
        pytest.param('keep_for = "12d"', 11, id="those-of-so-many-days"),
        pytest.param('keep = 20\nkeep_for = "12d"', 11, id="both: the-age-is-less"),
        pytest.param('keep = 7\nkeep_for = "12d"', 7, id="both: the-number-is-less"),
        pytest.param("keep = 1000", 30, id="more-than-there-are"),
        pytest.param("", 30, id="unset: nothing-is-ever-pruned"),
    ],
)
def test_what_is_too_much_goes(
    make_service: Callable[..., Service], limits: str, stay: int
) -> None:
    service = make_service(f'{SITE}{FOLDER}{limits}\n[[feed]]\nname = "all"\nlimit = 5\n')
    fill(service)
    service.sync()

    report = pruned(service)

    assert (report.pruned, left(service)) == (DAYS - stay, stay)
    gone = {key for key, state in states(service).items() if state == "gone"}
    assert gone == {f"day-{number:02}" for number in range(stay + 1, DAYS + 1)}


def test_defaults_are_for_all_sources_and_a_source_has_its_own(
    make_service: Callable[..., Service],
) -> None:
    other = '[[source]]\nname = "quay"\npath = "quay"\nkeep = 3\n'
    service = make_service(
        f"{SITE}[defaults]\nkeep = 10\n{FOLDER}{other}"
        '[[feed]]\nname = "all"\nlimit = 2\n[publish]\npages = false\n'
    )
    fill(service)
    (service.root / "quay").mkdir()
    for number in range(1, 9):
        path = service.root / "quay" / f"note-{number}.txt"
        path.write_text(text(f"Note {number}", f"2025-03-0{number}"))
        os.utime(path, (1_700_000_000, 1_700_000_000))
    service.sync()

    report = pruned(service)

    assert {name: one.pruned for name, one in report.sources.items()} == {"desk": 20, "quay": 5}


def test_options_stand_in_for_what_is_configured(make_service: Callable[..., Service]) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 3\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service)
    service.sync()

    assert pruned(service, keep_for=timedelta(days=25)).pruned == 6  # not those beyond three
    assert pruned(service, only=["desk"]).pruned == 21


def test_a_source_that_is_no_longer_configured_is_pruned_by_hand_alone(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(f"{SITE}[defaults]\nkeep = 3\n{FOLDER}")
    fill(service)
    service.sync()
    service.configure(f'{SITE}[defaults]\nkeep = 3\n[[source]]\nname = "quay"\npath = "quay"\n')
    (service.root / "quay").mkdir()
    service.sync()

    assert pruned(service).pruned == 0
    assert pruned(service, only=["desk"], keep=3).pruned == DAYS - 3


def test_an_unknown_source_is_an_error(make_service: Callable[..., Service]) -> None:
    service = make_service(f"{SITE}{FOLDER}")
    service.sync()

    with pytest.raises(NotFoundError, match="no source 'dask'") as raised:
        limits_of(service.app, ["dask"])
    assert raised.value.hint == "did you mean 'desk'?"


def test_what_waits_for_its_time_stays(make_service: Callable[..., Service]) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 1\n')
    fill(service, days=6)
    service.write("later.txt", text("Later", "2025-01-03", embargo="2025-07-01 10:00"))
    service.write("future.txt", text("The future", "2025-09-03"))
    service.write("draft.txt", text("A draft", "2025-01-04", status="draft"))
    service.sync()
    assert {states(service)[name] for name in ("later", "future", "draft")} <= {"held", "published"}

    report = pruned(service)

    assert report.pruned == 4  # and they take no place from what can be read
    for name in ("later", "future", "draft"):
        assert states(service)[name] != "gone"


def test_dry_run_says_the_same_and_changes_nothing(make_service: Callable[..., Service]) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 10\n[[feed]]\nname = "all"\nlimit = 12\n')
    fill(service)
    service.sync()
    before = service.stored()

    told = prune(service.app, limits_of(service.app), dry_run=True)

    assert service.stored() == before
    done = pruned(service)
    assert (told.sources, told.pruned, told.kept) == (done.sources, 18, {"feed": 2})


def test_a_second_time_nothing_is_left_to_do(make_service: Callable[..., Service]) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 10\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service)
    service.sync()
    pruned(service)
    before = service.stored()

    report = pruned(service)

    assert (report.pruned, report.kept, report.tidied) == (0, {}, {})
    assert service.stored() == before


# -- what is shown stays ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feeds", "kept"),
    [
        pytest.param("limit = 12", {"feed": 11}, id="a-feed"),
        pytest.param("limit = 3\noffset = 9", {"feed": 11}, id="what-offset-leaves-out"),
        pytest.param('limit = 12\ndedupe = "text"', {"feed": 11}, id="what-tells-the-same"),
        pytest.param("limit = 2\narchive = true", {"archive": 28, "feed": 1}, id="an-archive"),
        pytest.param("limit = 50\nsince = '6d'", {"feed": 4}, id="an-age"),
        pytest.param("limit = 4\ndigest = 'daily'", {"digest": 3}, id="editions-of-days"),
        pytest.param("limit = 2\noffset = 1\ndigest = 'weekly'", {"digest": 26}, id="of-weeks"),
        pytest.param("limit = 6\nper = 'tag'", {"feed": 11}, id="the-feeds-of-a-group"),
        pytest.param(
            "limit = 3\nper = 'tag'\noffset = 3", {"feed": 11}, id="a-group-with-an-offset"
        ),
        pytest.param("limit = 4\nmax_per_source = 3", {"feed": 2}, id="shares"),
        pytest.param("limit = 4\nmatch = 'day [78]'", {"feed": 2}, id="words"),
        pytest.param("limit = 8\nprivate = true", {"feed": 7}, id="a-private-one"),
    ],
)
def test_no_byte_of_a_document_changes(
    make_service: Callable[..., Service], feeds: str, kept: dict[str, int]
) -> None:
    config = f'{SITE}{FOLDER}keep = 1\n[[feed]]\nname = "news"\n{feeds}\n'
    service, twin = make_service(config), make_service(config, name="twin")
    for one in (service, twin):
        for number in range(1, DAYS + 1):
            _dispatch(one, number)
        one.sync()
    before = service.snapshot()

    report = pruned(service)

    assert report.kept == kept
    assert report.pruned == DAYS - 1 - sum(kept.values())
    service.regenerate(verify=True)
    assert service.snapshot() == before
    service.regenerate(everything=True)  # every entry is rendered anew
    assert _bytes(service) == {path: data for path, (_, data) in before.items()}
    for day in range(3):  # what time and news bring is made of what was kept
        for one in (service, twin):
            one.clock.tick(days=1)
            _dispatch(one, -day)
            one.sync()
        if "private" not in feeds:  # its key is another one in each service
            assert _bytes(service) == _bytes(twin)


def _dispatch(service: Service, number: int) -> None:
    """The article of a day, `number` days before the service began."""
    day = NOON - timedelta(days=number)
    tag = "ferry" if number % 2 else "crane"
    body = f"Number {number} of {day:%A} is about {tag} and the sea at {number}."
    title = f"What happened on day {number}"
    service.write(f"{number}.txt", text(title, f"{day:%Y-%m-%d}", body=body, tags=tag))


def _bytes(service: Service) -> dict[str, bytes]:
    return {path: data for path, (_, data) in service.snapshot().items()}


def test_pages_and_the_sitemap_keep_what_they_show(make_service: Callable[..., Service]) -> None:
    bare = FOLDER.replace('link = "https://desk.example.net/{path}"\n', "")
    ours = '[[source]]\nname = "own"\npath = "own"\nlink = "https://news.example.org/{path}"\n'
    service = make_service(
        f'{SITE}[defaults]\nkeep = 1\n{bare}{ours}[[feed]]\nname = "all"\nlimit = 40\n'
    )
    fill(service, days=10)
    (service.root / "own").mkdir()
    for number in range(1, 6):
        path = service.root / "own" / f"own-{number}.txt"
        path.write_text(text(f"Our own {number}", f"2025-02-0{number}"))
        os.utime(path, (1_700_000_000, 1_700_000_000))
    service.sync()
    # By now they have slid out of the feed; their pages and addresses stand.
    feeds = '[[feed]]\nname = "all"\nlimit = 2\n'
    service.configure(f"{SITE}[defaults]\nkeep = 1\n{bare}{ours}{feeds}")
    service.sync()
    before = service.snapshot()
    assert sum("/index.html" in path for path in before if path.startswith("a/")) >= 10

    report = pruned(service)

    assert report.kept == {"feed": 1, "page": 8, "sitemap": 4}
    service.regenerate(everything=True)
    assert service.snapshot() == before


def test_a_feed_that_is_not_built_yet_keeps_what_it_will_show(
    make_service: Callable[..., Service],
) -> None:
    base = f"{SITE}{FOLDER}keep = 2\n"
    service = make_service(f'{base}[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service)
    service.sync()
    service.configure(
        f'{base}[[feed]]\nname = "all"\nlimit = 10\n[[feed]]\nname = "days"\nper = "author"\n'
        '[[feed]]\nname = "old"\nmatch = "day 2[0-9]"\narchive = true\n'
    )

    report = pruned(service)

    assert report.kept == {"feed": 8, "archive": 10}
    service.sync()
    assert service.published("all/atom.xml").count(b"<entry>") == 10
    assert service.published("old/atom.xml").count(b"<entry>") == 10


def test_an_article_that_slides_out_goes_the_next_time(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 4\n')
    fill(service, days=4)
    service.sync()
    assert pruned(service).pruned == 0

    service.write("new.txt", text("New", f"{service.clock.at:%Y-%m-%d}"))
    service.sync()

    assert pruned(service).pruned == 1
    assert states(service)["day-04"] == "gone"


# -- stories of several sources --------------------------------------------------------------------


def _two_sources(make_service: Callable[..., Service], server: FeedServer, **keep: int) -> Service:
    sources = "".join(
        f'[[source]]\nname = "{name}"\nurl = "{server.url(f"/{name}")}"\n'
        + (f"keep = {keep[name]}\n" if name in keep else "")
        for name in ("first", "second")
    )
    return make_service(f'{SITE}{sources}[[feed]]\nname = "all"\nlimit = 3\n')


def _rss(*entries: tuple[str, str, int], words: str = "") -> Page:
    """A document; each entry has an id, a link and the day of May on which it was published."""
    items = "".join(
        f"<item><title>About {name}</title><link>{link}</link><guid isPermaLink='false'>{name}"
        f"</guid><pubDate>{day:02} May 2025 10:00:00 +0000</pubDate>"
        f"<description>What is told of {name} at length, by the pier.{words}</description></item>"
        for name, link, day in entries
    )
    head = "<title>Harbour</title><link>https://harbour.example.org/</link><description/>"
    return Page(body=f'<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode())


def _entries(kind: str, days: range) -> list[tuple[str, str, int]]:
    return [(f"{kind}{day}", f"https://{kind}.example.net/{day}", day) for day in days]


def test_a_copy_does_not_rise_when_the_original_would_go(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> None:
    service = _two_sources(make_service, feed_server, first=1)
    feed_server.clock = service.clock.now
    feed_server["/first"] = _rss(
        *_entries("a", range(1, 9)), ("story", "https://story.example.net/1", 2)
    )
    feed_server["/second"] = _rss(("b1", "https://b.example.net/1", 3))
    service.sync()
    # The other source tells the story much later: what came first stands for it.
    feed_server["/second"] = _rss(
        ("b1", "https://b.example.net/1", 3), ("copy", "https://story.example.net/1", 30)
    )
    service.clock.tick(hours=2)
    service.sync()
    before = service.snapshot()
    assert b"copy" not in service.published("all/atom.xml")

    report = pruned(service)

    assert report.kept == {"feed": 2, "copy": 1}
    service.regenerate(everything=True)
    assert service.snapshot() == before


def test_a_credit_is_not_lost_with_a_copy(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> None:
    service = _two_sources(make_service, feed_server, second=1)
    feed_server.clock = service.clock.now
    feed_server["/first"] = _rss(("story", "https://story.example.net/1", 30))
    feed_server["/second"] = _rss(("b1", "https://b.example.net/1", 29))
    service.sync()
    feed_server["/second"] = _rss(
        *_entries("b", range(20, 30)), ("copy", "https://story.example.net/1", 3)
    )
    service.clock.tick(hours=2)
    service.sync()
    before = service.snapshot()

    report = pruned(service)

    assert report.kept["copy"] == 1
    service.regenerate(everything=True)
    assert service.snapshot() == before


def test_a_story_that_nobody_keeps_goes_as_a_whole(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> None:
    service = _two_sources(make_service, feed_server, first=2, second=2)
    feed_server.clock = service.clock.now
    feed_server["/first"] = _rss(
        *_entries("a", range(10, 19)), ("s", "https://story.example.net/1", 2)
    )
    feed_server["/second"] = _rss(
        *_entries("b", range(10, 19)), ("c", "https://story.example.net/1", 3)
    )
    service.sync()

    report = pruned(service)

    gone = {one.guid for one in service.stored().values() if one.state is State.GONE}
    assert sum("example.net/1" in (o.link or "") for o in service.stored().values()) >= 2
    assert len(gone) == report.pruned == 16
    assert {name: one.pruned for name, one in report.sources.items()} == {"first": 8, "second": 8}


# -- nothing rises again ---------------------------------------------------------------------------


def _feed_service(make_service: Callable[..., Service], server: FeedServer) -> Service:
    service = make_service(
        f'{SITE}[[source]]\nname = "wire"\nurl = "{server.url("/wire")}"\nkeep = 2\n'
        '[[feed]]\nname = "all"\nlimit = 2\n'
    )
    server.clock = service.clock.now
    server["/wire"] = _rss(*_entries("w", range(1, 11)))
    service.sync()
    assert pruned(service).pruned == 8
    return service


_OLD = ("w3", "https://w.example.net/3", 3)


@pytest.mark.parametrize(
    "comes",
    [
        pytest.param(_rss(*_entries("w", range(1, 11))), id="as-it-was"),
        pytest.param(_rss(*_entries("w", range(1, 11)), words=" Corrected."), id="changed"),
        pytest.param(
            _rss(*_entries("w", range(6, 11)), ("new", "https://w.example.net/3", 3)),
            id="under-another-id-at-its-link",
        ),
        pytest.param(
            _rss(*_entries("w", range(6, 11)), ("w3", "https://w.example.net/moved", 3)),
            id="at-another-link-by-its-id",
        ),
        pytest.param(
            _rss(*_entries("w", range(6, 11)), ("w3", "https://w.example.net/3", 31)),
            id="with-a-date-of-today",
        ),
    ],
)
def test_an_entry_that_its_source_still_shows_stays_out(
    make_service: Callable[..., Service], feed_server: FeedServer, comes: Page
) -> None:
    service = _feed_service(make_service, feed_server)
    known, before = len(service.stored()), service.published("all/atom.xml")
    feed_server["/wire"] = comes
    service.clock.tick(hours=2)

    report = service.sync(force=True)

    assert len(service.stored()) == known
    assert sum(one.state is State.GONE for one in service.stored().values()) == 8
    assert report.sources[0].new == 0
    if b"Corrected" not in comes.body:
        assert service.published("all/atom.xml") == before
    assert left(service) == 2


def test_it_comes_and_goes_at_its_source_and_stays_out(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> None:
    service = _feed_service(make_service, feed_server)
    for page in (_rss(*_entries("w", range(9, 11))), _rss(*_entries("w", range(1, 11)))) * 2:
        feed_server["/wire"] = page
        service.clock.tick(hours=2)
        service.sync(force=True)

    assert sorted(states(service).values()) == ["gone"] * 8 + ["published"] * 2


@pytest.mark.parametrize("comes", ["touched", "renamed", "moved", "edited", "back"])
def test_a_file_that_is_still_there_stays_out(
    make_service: Callable[..., Service], comes: str
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service, days=6)
    service.sync()
    assert pruned(service).pruned == 4
    before, known = service.snapshot(), service.stored()
    old = service.articles_folder / "day-05.txt"
    words = old.read_text()
    service.clock.tick(hours=1)

    if comes == "touched":
        service.write("day-05.txt", words, age=5)
    elif comes == "edited":
        service.write("day-05.txt", words + "\nMore of it.\n")
    elif comes == "back":
        old.unlink()
        service.sync(trust_loss=True)
        service.write("day-05.txt", words)
    else:
        target = "elsewhere/day-05.txt" if comes == "moved" else "renamed.txt"
        (service.articles_folder / target).parent.mkdir(exist_ok=True)
        old.rename(service.articles_folder / target)
    report = service.sync()

    assert [(one.new, one.changed, one.withdrawn) for one in report.sources] == [(0, 0, 0)]
    assert service.stored() == known
    assert service.snapshot() == before


def test_a_new_reading_of_all_files_brings_none_back(make_service: Callable[..., Service]) -> None:
    config = f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n'
    service = make_service(config)
    fill(service, days=6)
    service.sync()
    pruned(service)

    service.configure(config.replace("keep = 2", 'keep = 2\ntags = ["harbour"]'))
    service.sync()

    assert sorted(states(service).values()) == ["gone"] * 4 + ["published"] * 2


def test_a_source_that_is_taken_out_and_in_again_brings_none_back(
    make_service: Callable[..., Service],
) -> None:
    feeds = '[[feed]]\nname = "all"\nlimit = 2\n'
    service = make_service(f"{SITE}{FOLDER}keep = 2\n{feeds}")
    fill(service, days=6)
    service.sync()
    pruned(service)
    before = service.published("all/atom.xml")

    service.configure(f'{SITE}[[source]]\nname = "quay"\npath = "quay"\n{feeds}')
    (service.root / "quay").mkdir()
    service.sync()
    assert set(states(service).values()) == {"gone"}
    service.configure(f"{SITE}{FOLDER}keep = 2\n{feeds}")
    service.sync()

    assert sorted(states(service).values()) == ["gone"] * 4 + ["published"] * 2
    assert service.published("all/atom.xml").count(b"<entry>") == before.count(b"<entry>")


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["withdraw", "hide"])
def test_a_verdict_outlives_what_it_is_about(
    make_service: Callable[..., Service], verdict: str
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service, days=6)
    service.sync()
    store, now = service.app.store, service.clock.now()
    old = service.stored()["path:day-05"].guid
    getattr(store, verdict)([old], reason="A court asked for it", now=now)
    service.regenerate()

    assert pruned(service).pruned == 4

    (standing,) = store.standings(store.of_ids([old]))
    assert standing.reason == "A court asked for it"
    assert standing.verdict is (Verdict.WITHDRAWN if verdict == "withdraw" else Verdict.HIDDEN)
    assert standing.pruned == now
    link = "https://desk.example.net/day-05"
    service.write("copy.txt", text("A copy", "2025-05-30", id="copy", link=link))
    service.sync()
    assert states(service)["copy"] == standing.verdict.value


@pytest.mark.parametrize("verdict", [None, "withdraw"])
def test_a_pruned_article_is_not_restored(
    make_service: Callable[..., Service], verdict: str | None
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service, days=6)
    service.sync()
    old = service.stored()["path:day-05"].guid
    if verdict:
        service.app.store.withdraw([old], reason=None, now=service.clock.now())
    pruned(service)
    before = service.stored()

    with pytest.raises(UsageError, match="was pruned: nothing is left of it"):
        service.app.store.restore([old], now=service.clock.now())
    assert service.stored() == before


def test_what_was_taken_down_takes_no_place_from_what_can_be_read(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 3\n[[feed]]\nname = "all"\nlimit = 1\n')
    fill(service, days=8)
    service.sync()
    newest = [service.stored()[f"path:day-0{number}"].guid for number in (1, 2)]
    service.app.store.withdraw(newest, reason=None, now=service.clock.now())
    service.regenerate()

    pruned(service)

    readable = {key for key, one in service.stored().items() if one.html}
    assert readable == {f"path:day-0{number}" for number in range(1, 6)}


# -- beside others ---------------------------------------------------------------------------------


def test_two_at_once_are_one_too_many(service: Service) -> None:
    service.sync()

    with service.app.store.lock("prune"), pytest.raises(LockedError):
        pruned(service)


def test_it_waits_for_a_build_and_ends_when_it_is_asked_to(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service, days=6)
    service.sync()
    halt = Halt()

    with service.app.store.lock("build"):
        halt.ask()
        with pytest.raises(StoppedError):
            prune(service.app, limits_of(service.app), halt=halt)

    assert left(service) == 6
    assert pruned(service).pruned == 4


def test_what_changed_meanwhile_waits_for_the_next_time(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(f'{SITE}{FOLDER}keep = 2\n[[feed]]\nname = "all"\nlimit = 2\n')
    fill(service, days=6)
    service.sync()
    store, now = service.app.store, service.clock.now()
    beyond, since = store.beyond(limits_of(service.app), now)
    words = (service.articles_folder / "day-05.txt").read_text()
    service.write("day-05.txt", f"{words}\nA correction.\n", age=30)
    service.sync()

    (told,) = store.prune(beyond, beyond=beyond, since=since, shown=Shown(), now=now).values()

    assert (told.pruned, told.kept) == (3, {"waiting": 1})
    assert "correction" in service.stored()["path:day-05"].html
