"""The operator hears of sources whose state changes: by a feed of their own, and by a webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check
from tests.feedserver import Answer, FeedServer, InTurn, Page
from tests.support import Service

TOKEN = "GuessMeIfYouCan-0123456789"
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Pier</title>
<link>https://pier.example.org/</link><description>The pier</description>
<item><guid isPermaLink="false">1</guid><title>Tide</title><description>High at noon.</description>
</item></channel></rss>"""
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def configured(
    make_service: Callable[..., Service], feed_server: FeedServer
) -> Callable[[str], Service]:
    service = make_service()
    feed_server.clock = service.clock.now

    def configure(ops: str) -> Service:
        service.configure(
            f"""
            [site]
            title = "Harbour News"
            base_url = "https://news.example.org"
            [sync]
            allow_networks = ["127.0.0.0/8"]
            [[source]]
            name = "pier"
            url = "{feed_server.url("/pier.xml")}"
            {ops}
            """
        )
        return service

    return configure


def _ops(service: Service, token: str = TOKEN) -> list[str | None]:
    document = etree.fromstring(service.published(f"_ops/{token}/atom.xml"))
    return [entry.findtext(f"{ATOM}title") for entry in document.iter(f"{ATOM}entry")]


def _visit(service: Service) -> None:
    service.sync(force=True)
    service.clock.tick(hours=1)


def test_a_source_that_fails_and_recovers_is_told_in_the_operations_feed(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = InTurn(Page(body=FEED), Answer(status=500), Page(body=FEED))
    service = configured(f'[ops]\nfeed = true\ntoken = "{TOKEN}"')

    told = []
    for _ in range(4):
        _visit(service)
        told.append(_ops(service))

    assert told[0] == []
    assert told[1] == ["pier: failing (was ok)"]
    assert told[2] == told[3] == ["pier: ok (was failing)", "pier: failing (was ok)"]
    body = service.published(f"_ops/{TOKEN}/atom.xml")
    assert b"answered 500" in body
    assert [f for f in check(body, "atom", url=None) if f.error] == []


def test_who_resumes_a_source_is_told_so(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Answer(status=500)
    service = configured(f'[ops]\nfeed = true\ntoken = "{TOKEN}"')
    _visit(service)

    service.app.store.resume("pier", service.clock.now())
    service.regenerate()

    row = service.app.store.source("pier")
    assert (row.state, row.since) == ("ok", service.clock.now().replace(microsecond=0))
    assert _ops(service) == ["pier: ok (was failing)", "pier: failing (was ok)"]
    assert b"its operator resumed it" in service.published(f"_ops/{TOKEN}/atom.xml")


def test_to_resume_a_source_that_is_well_tells_nothing(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Page(body=FEED)
    service = configured("")
    _visit(service)
    before = service.app.store.source("pier").since

    service.app.store.resume("pier", service.clock.now())

    assert service.app.store.source("pier").since == before
    assert service.app.store.events(limit=9) == ()


def test_a_folder_that_fails_and_recovers_is_told_as_well(
    make_service: Callable[..., Service],
) -> None:
    service = make_service()
    service.configure(f"""
        [site]
        base_url = "https://news.example.org"
        [ops]
        feed = true
        token = "{TOKEN}"
        [[source]]
        name = "desk"
        path = "desk"
        """)
    _visit(service)
    folder = service.root / "desk"
    folder.mkdir()
    (folder / "tide.txt").write_text("Tide\n\nHigh at noon.\n", "utf-8")

    _visit(service)

    assert _ops(service) == ["desk: ok (was failing)", "desk: failing (was ok)"]


def test_nothing_links_to_the_operations_feed_and_errors_stay_out_of_all_others(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = InTurn(Page(body=FEED), Answer(status=500))
    service = configured(f'[ops]\nfeed = true\ntoken = "{TOKEN}"')
    _visit(service)
    before = {path: body for path, (_, body) in service.snapshot().items() if "_ops" not in path}

    _visit(service)

    after = {path: body for path, (_, body) in service.snapshot().items() if "_ops" not in path}
    assert after == before
    assert not any(TOKEN.encode() in body for body in after.values())


def test_the_bytes_of_the_operations_feed_stay_while_nothing_happens(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Answer(status=404)
    service = configured(f'[ops]\nfeed = true\ntoken = "{TOKEN}"')
    _visit(service)
    before = service.snapshot()

    _visit(service)
    service.restart()
    service.regenerate()

    assert service.snapshot() == before


def test_another_token_or_none_takes_the_old_address_down(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Answer(status=404)
    _visit(configured(f'[ops]\nfeed = true\ntoken = "{TOKEN}"'))
    other = TOKEN[::-1]

    service = configured(f'[ops]\nfeed = true\ntoken = "{other}"')
    service.regenerate()

    assert _ops(service, other) == ["pier: failing (was ok)"]
    assert not list(service.public.glob(f"_ops/{TOKEN}/*"))
    service = configured("")
    service.regenerate()
    assert not list(service.public.glob("_ops/*/*"))


# -- the webhook ---------------------------------------------------------------------------------


def _heard(server: FeedServer) -> list[list[dict[str, Any]]]:
    posts = [request for request in server.asked("/hook") if request.method == "POST"]
    return [json.loads(request.body)["events"] for request in posts]


def test_the_webhook_hears_of_each_change_once(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = InTurn(Page(body=FEED), Answer(status=404), Page(body=FEED))
    feed_server["/hook"] = Answer(status=204)
    service = configured(f'[ops]\nwebhook = "{feed_server.url("/hook")}"')

    for _ in range(5):
        _visit(service)

    events = [[(one["source"], one["was"], one["state"]) for one in e] for e in _heard(feed_server)]
    assert events == [[("pier", "ok", "failing")], [("pier", "failing", "ok")]]
    first = _heard(feed_server)[0][0]
    assert first["reason"].startswith("answered 404")
    assert first["at"] == "2025-06-01T13:00:00Z"
    (post, _) = feed_server.asked("/hook")
    assert post.headers["content-type"] == "application/json"


def test_a_webhook_that_is_away_hears_of_it_at_the_next_sync(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Answer(status=404)
    feed_server["/hook"] = InTurn(Answer(status=502), Answer(status=200))
    service = configured(f'[ops]\nwebhook = "{feed_server.url("/hook")}"')

    _visit(service)
    unheard = service.app.unheard
    _visit(service)

    assert unheard is not None
    assert "answered 502" in str(unheard)
    assert service.app.unheard is None
    assert [len(events) for events in _heard(feed_server)] == [1, 1]


def test_a_new_webhook_is_not_told_of_what_is_long_over(
    configured: Callable[[str], Service], feed_server: FeedServer
) -> None:
    feed_server["/pier.xml"] = Answer(status=404)
    feed_server["/hook"] = Answer(status=200)
    _visit(configured(""))
    service = configured(f'[ops]\nwebhook = "{feed_server.url("/hook")}"')
    service.clock.tick(days=2)

    _visit(service)

    assert _heard(feed_server) == []
