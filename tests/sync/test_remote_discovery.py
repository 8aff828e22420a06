"""A page that announces a feed: found once, kept, and looked for again when it is lost."""

from __future__ import annotations

import pytest

from tests.feedserver import Answer
from tests.planet import Item, Planet, atom, rss, story

SORRY = b"<!doctype html><html><head><title>Sorry</title></head><body>Soon</body></html>"


def page(*targets: str, head: str = "") -> bytes:
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{target}">' for target in targets
    )
    return (
        f"<!doctype html><html><head><title>Harbour</title>{links}{head}</head>"
        "<body><p>Welcome.</p></body></html>"
    ).encode()


def announced_in_a_header(target: str) -> Answer:
    link = f'<{target}>; rel="alternate"; type="application/atom+xml"'
    return Answer(body=SORRY, headers={"Link": link, "Content-Type": "text/html"})


def paths(planet: Planet) -> list[str]:
    return [request.path for request in planet.server.log]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=page("/feed.xml")), id="in-its-head"),
        pytest.param(announced_in_a_header("/feed.xml"), id="in-its-header"),
        pytest.param(Answer(body=page("/missing", "/feed.xml")), id="the-second-if-one-is-missing"),
        pytest.param(Answer(body=page("/page", "/feed.xml")), id="the-second-if-one-is-a-page"),
    ],
)
def test_the_feed_of_a_page_is_found_and_asked_from_then_on(planet: Planet, answer: Answer) -> None:
    planet.serve(answer)
    planet.server["/page"] = Answer(body=SORRY)
    planet.server["/feed.xml"] = Answer(body=rss(story(1)))

    planet.sync()
    planet.server.forget()
    planet.sync()

    assert planet.titles() == ["Story 1"]
    assert paths(planet) == ["/feed.xml"]


def test_a_page_without_a_feed_is_a_failure(planet: Planet) -> None:
    planet.serve(page())

    report = planet.sync()

    assert report.outcome == "failed"
    assert "HTML page" in (report.reason or "")


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Answer(status=404, body=page("/other.xml")), id="it-is-missing"),
        pytest.param(Answer(body=page("/other.xml")), id="it-is-a-page-now"),
        pytest.param(Answer(body=b""), id="it-is-empty"),
    ],
)
def test_a_lost_feed_is_looked_for_after_three_failures(planet: Planet, trouble: Answer) -> None:
    entries = [story(n) for n in range(3)]
    planet.serve(page("/feed.xml"))
    planet.server["/feed.xml"] = Answer(body=rss(*entries))
    planet.server["/other.xml"] = Answer(body=rss(story(99)))
    planet.sync()
    before = planet.ids()
    planet.server["/feed.xml"] = trouble
    planet.serve(page("/new.xml"))
    planet.server["/new.xml"] = Answer(body=atom(*entries, story(3)))

    outcomes = [planet.sync().outcome for _ in range(3)]
    assert outcomes == ["failed"] * 3
    assert planet.ids() == before
    assert "/other.xml" not in paths(planet)

    planet.sync()

    assert planet.row().state == "ok"
    assert before.items() <= planet.ids().items()
    assert planet.titles() == ["Story 0", "Story 1", "Story 2", "Story 3"]


def test_the_page_may_break_when_its_feed_is_known(planet: Planet) -> None:
    planet.serve(page("/feed.xml"))
    planet.server["/feed.xml"] = Answer(body=rss(story(1)))
    planet.sync()

    planet.serve(Answer(status=500))
    planet.server["/feed.xml"] = Answer(body=rss(story(1), story(2)))
    planet.sync()

    assert planet.titles() == ["Story 1", "Story 2"]


def test_a_feed_that_becomes_a_page_is_not_another_feed(planet: Planet) -> None:
    """The page of a provider announces feeds of its own."""
    planet.put(*(entries := [story(n) for n in range(3)]))
    planet.sync()
    planet.serve(page("/provider.xml"))
    planet.server["/provider.xml"] = Answer(body=rss(story(99)))

    for _ in range(5):
        assert planet.sync().outcome == "failed"

    assert planet.titles() == [one.title for one in entries]


BROKEN = rss(story(1), story(2)).replace(b"</channel>", b"<b></channel>")


@pytest.mark.parametrize("body", [rss(story(1), story(2)), BROKEN], ids=["well-formed", "broken"])
def test_what_is_found_may_be_broken(planet: Planet, body: bytes) -> None:
    planet.serve(page("/feed.xml"))
    planet.server["/feed.xml"] = Answer(body=body)

    planet.sync()

    assert planet.titles() == ["Story 1", "Story 2"]


def test_entries_keep_their_articles_over_the_search(planet: Planet) -> None:
    entries: list[Item] = [story(n, guid=None) for n in range(4)]
    planet.serve(page("/feed.xml"))
    planet.server["/feed.xml"] = Answer(body=rss(*entries))
    planet.sync()
    before = planet.ids()
    del planet.server["/feed.xml"]
    for _ in range(4):
        planet.sync()

    planet.server["/feed.xml"] = Answer(body=rss(*entries[::-1]))
    planet.sync()

    assert planet.ids() == before
