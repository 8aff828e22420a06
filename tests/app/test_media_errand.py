"""The errand to media servers: what they are asked, what they answer, and what becomes of feeds."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import feedparser
import pytest

from feedsvc.app import App
from feedsvc.app.media import PAUSES
from feedsvc.ports import Media
from tests.feedserver import Answer, FeedServer, InTurn, Raw, Request, moved
from tests.support import Service, Shell

CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[sync]
allow_networks = ["127.0.0.1/32"]
timeout = "2s"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"
"""
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + bytes(90_000)
SONG = bytes(70_000)


@pytest.fixture
def desk(make_service: Callable[..., Service], feed_server: FeedServer) -> Service:
    """A service that may ask one address of loopback."""
    service = make_service(CONFIG)
    feed_server.clock = service.clock.now
    return service


def episode(service: Service, name: str, *urls: str, image: str | None = None) -> None:
    """An article with media files of which only the addresses are known."""
    lines = [f"# {name}", "", "A talk at the quay."]
    head = ["---", f"date: 2025-05-01T08:0{len(service.stored()) % 10}:00Z"]
    head += [f"image: {image}"] if image else []
    head += ["enclosures:", *(f"  - {url}" for url in urls)] if urls else []
    service.write(f"{name}.md", "\n".join([*head, "---", *lines]))


def published(service: Service) -> None:
    service.sync()


def run(service: Service) -> bool:
    """One round of errands, and the build that it asks for; says whether it did."""
    if not service.app.errands_due():
        return False
    again, unheard = asyncio.run(service.app.run_errands())
    assert unheard == ()
    if again:
        service.regenerate()
    return again


def facts(service: Service, url: str) -> Media:
    return service.app.store.media_facts([url])[url]


def enclosures(service: Service) -> list[dict[str, str]]:
    """The enclosures of the newest entry, as an independent reader sees them."""
    read = feedparser.parse(service.published("all/rss.xml"))
    return [dict(one) for one in read.entries[0].enclosures]


def song(request: Request, /) -> Answer:
    return Answer(body=SONG, headers={"Content-Type": "audio/mpeg"})


def test_a_length_and_a_type_that_nobody_says_are_asked_for_and_published(
    desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk"] = song
    url = feed_server.url("/talk")
    episode(desk, "talk", url)
    published(desk)
    before = desk.published("all/atom.xml")

    assert run(desk)

    assert [(one.method, one.path) for one in feed_server.log] == [("HEAD", "/talk")]
    (told,) = enclosures(desk)
    assert (told["href"], told["length"], told["type"]) == (url, str(len(SONG)), "audio/mpeg")
    after = desk.published("all/atom.xml")
    assert after != before
    assert updated_of(after) == updated_of(before)
    assert not run(desk)
    assert len(feed_server.log) == 1


def test_feeds_go_out_before_anybody_was_asked(desk: Service, feed_server: FeedServer) -> None:
    episode(desk, "talk", feed_server.url("/talk.mp3"))

    published(desk)

    assert feed_server.log == []
    (told,) = enclosures(desk)
    assert told["href"] == feed_server.url("/talk.mp3")


def test_offline_nobody_is_asked(desk: Service, feed_server: FeedServer) -> None:
    feed_server["/talk.mp3"] = song
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)
    app = App(desk.app.settings, desk.clock, offline=True)

    assert not app.errands_due()

    app.close()
    assert feed_server.log == []


def refuses_head(status: int) -> Callable[[Request], Answer]:
    def answer(request: Request, /) -> Answer:
        if request.method == "HEAD":
            return Answer(status=status)
        told = f"bytes 0-65535/{len(SONG)}"
        headers = {"Content-Type": "audio/mpeg", "Content-Range": told}
        return Answer(status=206, body=SONG[:65_536], headers=headers)

    return answer


def says_no_length(request: Request, /) -> Answer | Raw:
    if request.method == "HEAD":
        return Raw([b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"])
    return song(request)


def says_zero(request: Request, /) -> Answer:
    if request.method == "HEAD":
        return Answer(headers={"Content-Type": "audio/mpeg", "Content-Length": "0"})
    return song(request)


def encodes(request: Request, /) -> Answer:
    if request.method == "HEAD":
        headers = {"Content-Encoding": "gzip", "Content-Length": "77", "Content-Type": "audio/mpeg"}
        return Answer(headers=headers)
    return song(request)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses_head(405), id="that-knows-no-head"),
        pytest.param(refuses_head(501), id="that-never-heard-of-head"),
        pytest.param(refuses_head(403), id="that-forbids-head"),
        pytest.param(says_no_length, id="whose-head-has-no-length"),
        pytest.param(says_zero, id="whose-head-says-nothing-is-there"),
        pytest.param(encodes, id="whose-head-has-the-length-of-another-form"),
    ],
)
def test_a_server_is_asked_for_the_beginning(
    answer: Any, desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk.mp3"] = answer
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)

    assert run(desk)

    assert [one.method for one in feed_server.log] == ["HEAD", "GET"]
    assert feed_server.log[1].headers["range"] == "bytes=0-65535"
    assert enclosures(desk)[0]["length"] == str(len(SONG))


@pytest.mark.parametrize(
    ("path", "stated", "expected"),
    [
        pytest.param("/talk", "audio/x-m4a; codecs=x", "audio/x-m4a", id="as-the-server-says"),
        pytest.param("/talk", "Audio/MPEG", "audio/mpeg", id="in-lower-case"),
        pytest.param("/to-mp3", "application/octet-stream", "audio/mpeg", id="where-it-led-to"),
        pytest.param("/talk", "binary/octet-stream", "binary/octet-stream", id="not-known-better"),
        pytest.param("/talk", "*/*", None, id="what-no-document-can-hold"),
        pytest.param("/talk", "", None, id="not-at-all"),
    ],
)
def test_the_type_of_a_file(
    path: str, stated: str, expected: str | None, desk: Service, feed_server: FeedServer
) -> None:
    headers = {"Content-Type": stated} if stated else {}
    feed_server["/talk"] = feed_server["/talk.mp3"] = Answer(body=SONG, headers=headers)
    feed_server["/to-mp3"] = moved("/talk.mp3", 302)
    url = feed_server.url(path)
    episode(desk, "talk", url)
    published(desk)

    run(desk)

    known = facts(desk, url)
    assert (known.type, known.length, known.retry_at) == (expected, len(SONG), None)


def test_a_page_in_the_place_of_a_file_is_not_the_file(
    desk: Service, feed_server: FeedServer
) -> None:
    sorry = Answer(body=b"<p>Sorry", headers={"Content-Type": "text/html; charset=utf-8"})
    feed_server["/talk.mp3"] = sorry
    url = feed_server.url("/talk.mp3")
    episode(desk, "talk", url)
    published(desk)

    assert not run(desk)

    known = facts(desk, url)
    assert (known.length, known.reason) == (None, "answered with a page")
    assert known.retry_at == desk.clock.now() + PAUSES[0]


def test_a_file_that_is_gone_is_never_asked_for_again(
    desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk.mp3"] = Answer(status=410)
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)

    run(desk)
    desk.clock.tick(days=1000)

    assert not run(desk)
    assert len(feed_server.log) == 1
    assert facts(desk, feed_server.url("/talk.mp3")).reason == "answered 410"


def test_a_file_that_comes_after_its_text_is_found(desk: Service, feed_server: FeedServer) -> None:
    feed_server["/talk.mp3"] = Answer(status=404)
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)
    run(desk)
    feed_server["/talk.mp3"] = Answer(body=b"ID3" * 300, headers={"Content-Type": "audio/mpeg"})
    desk.clock.tick(hours=1)

    assert run(desk)
    assert facts(desk, feed_server.url("/talk.mp3")).length == 900


def test_pauses_grow_and_at_last_a_file_is_left_alone(
    desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk.mp3"] = Answer(status=500)
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)
    began = desk.clock.now()

    for _ in range(24 * 30):
        run(desk)
        desk.clock.tick(hours=1)

    asked = [request.at - began for request in feed_server.log]
    assert asked == [sum(PAUSES[:n], timedelta()) for n in range(len(PAUSES) + 1)]
    known = facts(desk, feed_server.url("/talk.mp3"))
    assert (known.failures, known.retry_at, known.reason) == (6, None, "answered 500")


def test_a_server_that_has_had_enough_is_left_alone_as_long_as_it_asks(
    desk: Service, feed_server: FeedServer
) -> None:
    enough = Answer(status=429, headers={"Retry-After": "7200"})
    for number in range(5):
        feed_server[f"/{number}.mp3"] = enough
    episode(desk, "talk", *(feed_server.url(f"/{n}.mp3") for n in range(5)))
    published(desk)

    assert not run(desk)

    assert len(feed_server.log) == 1  # the first answer counts for all that it has
    desk.clock.tick(minutes=119)
    assert not run(desk)
    for number in range(5):
        feed_server[f"/{number}.mp3"] = song
    desk.clock.tick(minutes=1)
    assert run(desk)
    assert [one["length"] for one in enclosures(desk)] == [str(len(SONG))]
    assert len(feed_server.log) == 6


def test_a_host_that_does_not_answer_costs_one_question(
    desk: Service, feed_server: FeedServer
) -> None:
    dead = Raw([30.0])
    for number in range(20):
        feed_server[f"/{number}.mp3"] = dead
    feed_server["/good.mp3"] = song
    urls = [feed_server.url(f"/{n}.mp3") for n in range(20)]
    service = desk
    service.configure(CONFIG.replace("127.0.0.1/32", "127.0.0.0/8"))
    episode(service, "dead", *urls)
    episode(service, "good", feed_server.url("/good.mp3", host="127.0.0.2"))
    published(service)

    assert run(service)

    assert len(feed_server.asked("/good.mp3")) == 1
    assert len(feed_server.log) == 2
    failed = service.app.store.media_facts(urls)
    assert sorted(one.failures for one in failed.values()) == [0] * 19 + [1]
    assert all(one.retry_at for one in failed.values())


def test_a_private_address_is_refused_and_at_last_left_alone(
    desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk.mp3"] = song
    desk.configure(CONFIG.replace('["127.0.0.1/32"]', "[]"))
    url = feed_server.url("/talk.mp3")
    episode(desk, "talk", url)
    published(desk)

    for _ in range(24 * 30):
        run(desk)
        desk.clock.tick(hours=1)

    assert feed_server.log == []
    known = facts(desk, url)
    assert known.retry_at is None
    assert "loopback" in (known.reason or "")


def test_many_files_are_asked_about_some_at_a_time(desk: Service, feed_server: FeedServer) -> None:
    for number in range(130):
        feed_server[f"/{number}.mp3"] = song
    episode(desk, "talk", *(feed_server.url(f"/{n}.mp3") for n in range(130)))
    published(desk)

    assert run(desk)
    assert len(feed_server.log) == 100
    assert run(desk)

    assert len(feed_server.log) == 130
    assert not desk.app.errands_due()


def test_answers_are_not_lost_when_the_store_cannot_take_them(
    desk: Service, feed_server: FeedServer
) -> None:
    feed_server["/talk.mp3"] = song
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)
    connection = desk.app.store._engine.raw_connection()
    stop = "CREATE TRIGGER full BEFORE UPDATE ON media BEGIN SELECT RAISE(FAIL, 'disk full'); END"
    connection.cursor().execute(stop)

    _, unheard = asyncio.run(desk.app.run_errands())
    connection.cursor().execute("DROP TRIGGER full")
    connection.close()

    assert "disk full" in unheard[0]
    assert run(desk)
    assert len(feed_server.log) == 1
    assert enclosures(desk)[0]["length"] == str(len(SONG))


def test_a_build_that_is_under_way_keeps_no_entry_without_what_is_learnt(
    desk: Service, feed_server: FeedServer
) -> None:
    """Facts wait for the lock of builds: a build before them would keep its older entry."""
    feed_server["/talk.mp3"] = song
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    published(desk)
    store = desk.app.store

    async def beside_a_build() -> bool:
        with store.lock("build"):
            errand = asyncio.create_task(desk.app.run_errands())
            while not feed_server.log:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert facts(desk, feed_server.url("/talk.mp3")).length is None
        again, _ = await errand
        return again

    assert asyncio.run(beside_a_build())
    assert facts(desk, feed_server.url("/talk.mp3")).length == len(SONG)


# Pictures


def pictures(service: Service) -> None:
    service.configure(CONFIG + 'profile = "flipboard"\n')


def test_a_picture_is_measured_from_its_beginning_in_one_question(
    desk: Service, feed_server: FeedServer
) -> None:
    pictures(desk)
    feed_server["/quay"] = Answer(body=PNG, headers={"Content-Type": "image/jpeg"})
    url = feed_server.url("/quay")
    episode(desk, "talk", image=url)
    published(desk)

    assert run(desk)

    assert [one.method for one in feed_server.log] == ["GET"]
    known = facts(desk, url)
    assert (known.width, known.height) == (640, 480)
    assert (known.type, known.length) == ("image/png", len(PNG))  # as its bytes say, not its server
    assert not run(desk)


def test_what_is_no_picture_is_not_asked_about_for_ever(
    desk: Service, feed_server: FeedServer
) -> None:
    pictures(desk)
    feed_server["/drawing"] = Answer(body=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
    url = feed_server.url("/drawing")
    episode(desk, "talk", image=url)
    published(desk)

    run(desk)

    known = facts(desk, url)
    assert (known.width, known.retry_at) == (None, None)
    assert known.reason == "it is no picture whose size can be read"


def test_a_picture_that_comes_back_is_found_again(desk: Service, feed_server: FeedServer) -> None:
    pictures(desk)
    page = Answer(body=PNG, headers={"Content-Type": "image/png"})
    feed_server["/quay.png"] = InTurn(Answer(status=503), page)
    url = feed_server.url("/quay.png")
    episode(desk, "talk", image=url)
    published(desk)

    assert not run(desk)
    desk.clock.tick(hours=1)
    assert run(desk)

    assert facts(desk, url).width == 640


def updated_of(document: bytes) -> list[str]:
    read = feedparser.parse(document)
    return [read.feed.updated, *(entry.updated for entry in read.entries)]


def test_one_line_of_cron_asks_and_publishes_again(
    desk: Service,
    feed_server: FeedServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed_server["/talk.mp3"] = song
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    monkeypatch.chdir(desk.root)

    result = Shell(desk.root, capsys).run("sync")

    assert result.code == 0
    assert enclosures(desk)[0]["length"] == str(len(SONG))


SHOW = """
[[feed]]
name = "show"
profile = "apple-podcasts"
formats = ["rss"]
podcast = {{ author = "Harbour", categories = ["News"], image = "{image}" }}
"""


def cover(side: int) -> bytes:
    return PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", side, side))


def test_artwork_of_another_size_than_apple_takes_holds_the_show_until_it_is_replaced(
    desk: Service, feed_server: FeedServer
) -> None:
    image = feed_server.url("/cover.png")
    feed_server["/talk.mp3"] = song
    feed_server["/cover.png"] = Answer(body=cover(1000), headers={"Content-Type": "image/png"})
    spoken = CONFIG.replace("id_since", 'language = "en"\nid_since')
    desk.configure(spoken + SHOW.format(image=image))
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    desk.sync(force=True)
    assert run(desk)
    held = desk.app.store.feed("show").held
    assert held is not None
    assert "apple-artwork-size: the artwork has 1000 by 1000 pixels" in held

    feed_server["/cover.png"] = Answer(body=cover(1400), headers={"Content-Type": "image/png"})
    desk.clock.tick(hours=25)

    assert run(desk)
    assert desk.app.store.feed("show").held is None
    thumbnail = f'<media:thumbnail url="{image}" width="1400" height="1400"/>'
    assert thumbnail.encode() in desk.published("show/rss.xml")


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Answer(status=410), id="gone"),
        pytest.param(Answer(body=b"GIF?"), id="no-picture"),
    ],
)
def test_artwork_that_was_none_is_looked_at_again(
    first: Answer, desk: Service, feed_server: FeedServer
) -> None:
    image = feed_server.url("/cover.png")
    feed_server["/talk.mp3"], feed_server["/cover.png"] = song, first
    spoken = CONFIG.replace("id_since", 'language = "en"\nid_since')
    desk.configure(spoken + SHOW.format(image=image))
    episode(desk, "talk", feed_server.url("/talk.mp3"))
    desk.sync(force=True)
    run(desk)
    assert facts(desk, image).width is None

    feed_server["/cover.png"] = Answer(body=cover(1400), headers={"Content-Type": "image/png"})
    desk.clock.tick(hours=25)

    assert run(desk)
    assert facts(desk, image).width == 1400
