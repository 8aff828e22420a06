"""Manners, as the server sees them: how often it is asked, judged from its log of requests.

What holds for every run (no address asked twice, nobody asks for robots.txt) is in `tests.guest`;
the files `test_etiquette_*` beside this one have a subject each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from feedsvc.app import App
from tests.feedserver import Answer, Answerable, InTurn, Page, Raw, Request, Respond, http_date
from tests.guest import Guest, feed, gaps, rss
from tests.support import Service

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
QUARTER = 15 * MINUTE
DAILY = "<sy:updatePeriod>daily</sy:updatePeriod>"
FOUR_TIMES = f"{DAILY}<sy:updateFrequency>4</sy:updateFrequency>"
ERROR = Answer(status=500, body=b"<html><title>Sorry</title></html>")


def paths(requests: list[Request]) -> list[str]:
    return [request.path for request in requests]


def expires_in(span: timedelta) -> Respond:
    def answer(request: Request) -> Answer:
        return Answer(body=rss("ferry"), headers={"Expires": http_date(request.at + span)})

    return answer


def news(request: Request) -> Answer:
    """Another document at every visit."""
    return Answer(body=rss(f"{request.at:%d-%H-%M}", "ferry"))


def cached(control: str, **more: str) -> Page:
    return feed(headers={"Cache-Control": control, **more})


@pytest.mark.parametrize(
    ("page", "wait"),
    [
        pytest.param(feed(), QUARTER, id="as-its-operator-says"),
        pytest.param(news, QUARTER, id="also-if-there-is-always-news"),
        pytest.param(feed(head="<ttl>60</ttl>"), HOUR, id="ttl"),
        pytest.param(feed(head="<ttl>5</ttl>"), QUARTER, id="a-short-ttl"),
        pytest.param(feed(head="<ttl>0</ttl>"), QUARTER, id="a-ttl-of-0"),
        pytest.param(feed(head="<ttl>soon</ttl>"), QUARTER, id="an-odd-ttl"),
        pytest.param(feed(head="<ttl>20160</ttl>"), WEEK, id="a-ttl-of-two-weeks"),
        pytest.param(feed(head="<ttl>99999999</ttl>"), QUARTER, id="an-absurd-ttl"),
        pytest.param(feed(head=DAILY), DAY, id="daily"),
        pytest.param(feed(head=FOUR_TIMES), 6 * HOUR, id="four-times-a-day"),
        pytest.param(cached("max-age=3600"), HOUR, id="max-age"),
        pytest.param(cached('max-age="7200"'), 2 * HOUR, id="a-quoted-max-age"),
        pytest.param(cached("max-age=7200", Age="3600"), HOUR, id="less-its-age"),
        pytest.param(cached("s-maxage=7200"), QUARTER, id="s-maxage-is-not-for-us"),
        pytest.param(cached("max-age=99999999999999999999"), WEEK, id="an-absurd-max-age"),
        pytest.param(cached("no-cache, max-age=7200"), QUARTER, id="no-cache"),
        pytest.param(expires_in(3 * HOUR), 3 * HOUR, id="expires"),
        pytest.param(expires_in(-HOUR), QUARTER, id="expired-at-once"),
        pytest.param(feed(headers={"Expires": "0"}), QUARTER, id="an-odd-expires"),
        pytest.param(
            feed(head="<ttl>60</ttl>", headers={"Cache-Control": "max-age=7200"}),
            2 * HOUR,
            id="the-longer-one",
        ),
    ],
)
def test_a_source_is_asked_no_earlier_than_it_likes_and_no_later(
    guest: Guest, page: Answerable, wait: timedelta
) -> None:
    guest.server["/feed"] = page
    guest.configure("/feed")

    found = gaps(guest.cron(4 * wait, step=max(wait / 12, 5 * MINUTE)))

    assert found == [wait] * 3


@pytest.mark.parametrize(
    ("every", "wait"),
    [
        pytest.param("6h", 6 * HOUR, id="longer-than-it-asks-for"),
        pytest.param("30m", HOUR, id="shorter-than-it-asks-for"),
        pytest.param("10d", 10 * DAY, id="longer-than-it-may-ask-for"),
    ],
)
def test_the_longer_of_two_wishes_counts(guest: Guest, every: str, wait: timedelta) -> None:
    guest.server["/feed"] = feed(head="<ttl>60</ttl>")
    guest.configure("/feed", every=every)

    assert gaps(guest.cron(4 * wait, step=wait / 12)) == [wait] * 3


def test_a_source_is_left_alone_when_it_asks_for_that(guest: Guest) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in (22, 23, 0, 1, 2, 3))
    guest.server["/feed"] = feed(
        head=f"<skipHours>{hours}</skipHours><skipDays><day>Saturday</day><day>Sunday</day></skipDays>"
    )
    guest.configure("/feed", every="30m")
    guest.sync()  # on a Sunday, but who could know

    asked = guest.cron(2 * WEEK, step=30 * MINUTE)

    assert {request.at.weekday() for request in asked} == {0, 1, 2, 3, 4}
    assert {request.at.hour for request in asked} == set(range(4, 22))
    assert len(asked) == 10 * 18 * 2


def test_a_failing_source_is_left_alone_as_well(guest: Guest) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(13, 20))
    guest.server["/feed"] = InTurn(feed(head=f"<skipHours>{hours}</skipHours>"), ERROR)
    guest.configure("/feed", every="45m")

    asked = guest.cron(3 * DAY)

    assert len(asked) > 5
    assert not {request.at.hour for request in asked} & set(range(13, 20))


def test_who_comes_late_comes_into_no_skipped_hour(guest: Guest) -> None:
    guest.server["/feed"] = feed(head="<skipHours><hour>13</hour><hour>15</hour></skipHours>")
    guest.configure("/feed", every="10m")

    asked = guest.cron(5 * HOUR, step=HOUR)

    assert [request.at.hour for request in asked] == [12, 14, 16]


def test_whom_we_leave_alone_is_no_sign_of_a_network(guest: Guest) -> None:
    guest.server["/feed"] = feed(head="<skipHours><hour>13</hour></skipHours>")
    guest.configure("/feed", "http://pier.example.org/feed", every="10m")

    async def no_name_server(host: str, port: int) -> list[str]:
        raise OSError("no name server")

    reports = []
    for _ in range(2):
        settings, clock = guest.service.app.settings, guest.service.clock
        guest.service.restart()
        guest.service._app = App(settings, clock, resolve=no_name_server)
        reports.append(guest.service.sync(build=False))
        clock.at += HOUR

    assert [one.outcome for one in reports[0].sources] == ["ok", "failed"]
    assert [one.outcome for one in reports[1].sources] == ["skipped", "failed"]
    assert [report.network for report in reports] == [True, False]


def test_who_skips_every_hour_is_asked_as_usual(guest: Guest) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    guest.server["/feed"] = feed(head=f"<skipHours>{hours}</skipHours>")
    guest.configure("/feed", every="1h")

    assert set(gaps(guest.cron(DAY))) == {HOUR}


def test_a_restart_neither_doubles_nor_forgets(guest: Guest) -> None:
    guest.server["/feed"] = feed()
    guest.configure("/feed", every="1h")

    asked = guest.cron(5 * HOUR, step=MINUTE, restart_each=1)

    assert gaps(asked) == [HOUR] * 4


@pytest.mark.timeout(60)
def test_two_runs_at_once_ask_once(guest: Guest) -> None:
    guest.server["/feed"] = Answer(body=rss("ferry"), delay=1.0)
    guest.configure("/feed")
    guest.service.app.sources()
    other = Service(guest.service.root, guest.service.clock)
    threads = [
        threading.Thread(target=service.sync, kwargs={"build": False})
        for service in (guest.service, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.restart()

    assert paths(guest.server.log) == ["/feed"]


# -- many at once ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sync", "most"),
    [
        pytest.param("", 2, id="two-by-default"),
        pytest.param("per_host = 1", 1, id="one-if-so-configured"),
        pytest.param("per_host = 4", 4, id="or-four"),
        pytest.param("per_host = 4\nconcurrency = 3", 3, id="never-more-than-in-all"),
    ],
)
def test_a_host_sees_no_more_connections_than_allowed(guest: Guest, sync: str, most: int) -> None:
    urls = [f"/feed{number}" for number in range(12)]
    for url in urls:
        guest.server[url] = Answer(body=rss(url[1:]), delay=0.05)
    guest.configure(*urls, sync=sync)

    asked = guest.cron(2 * QUARTER, restart_each=1)

    site = guest.server.site()
    assert len(asked) == 24
    assert (site.most_connections, site.most_requests) == (most, most)


@pytest.mark.timeout(60)
def test_a_slow_host_holds_up_no_other(guest: Guest) -> None:
    hosts = {f"127.0.0.{number}" for number in range(2, 8)}

    def slow(request: Request) -> Raw:
        """Answers once all the others were asked; if they had to wait for it, that is never."""

        def pieces() -> Iterator[bytes | float]:
            while not hosts <= {asked.host for asked in guest.server.log}:
                yield 0.01
            body = rss("crane")
            yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

        return Raw(pieces())

    guest.server["/slow"] = slow
    guest.server["/feed"] = feed()
    fast = [guest.server.url("/feed", host=host) for host in sorted(hosts)]
    guest.configure("/slow?1", "/slow?2", *fast, sync="per_host = 1")

    asked = guest.sync()

    assert [row.state for row in guest.service.app.sources()] == ["ok"] * 8
    assert len(asked) == 8


def test_a_page_is_asked_once_and_then_the_feed_it_announces(guest: Guest) -> None:
    link = b'<link rel="alternate" type="application/rss+xml" href="/feed">'
    guest.server["/"] = Answer(body=b"<html><head>" + link + b"</head><body>News</body></html>")
    guest.server["/feed"] = feed()
    guest.configure("/")

    assert paths(guest.cron(3 * QUARTER, restart_each=1)) == ["/", "/feed", "/feed", "/feed"]
