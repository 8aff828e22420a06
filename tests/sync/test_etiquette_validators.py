"""Validators, as the server sees them: exact, per address, and of the last usable answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.feedserver import Answer, Answerable, InTurn, Raw, moved
from tests.guest import Guest, feed, rss

QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param('"abc"', id="strong"),
        pytest.param('W/"abc"', id="weak"),
        pytest.param("abc", id="without-quotes"),
        pytest.param('"abc', id="with-half-of-them"),
        pytest.param('"a b,c;d\\"', id="with-odd-characters"),
        pytest.param('"gr\u00fc\u00dfe"', id="beyond-ascii"),
        pytest.param('""', id="with-nothing-in-it"),
        pytest.param("W/abc-gzip;br", id="that-is-no-tag-at-all"),
        pytest.param('"' + "x" * 2_000 + '"', id="that-is-very-long"),
    ],
)
def test_a_tag_comes_back_as_it_went_out(guest: Guest, tag: str) -> None:
    guest.server["/feed"] = feed(etag=tag)
    guest.configure("/feed")

    first, second, third = guest.cron(3 * QUARTER, restart_each=1)

    assert "if-none-match" not in first.headers
    assert second.headers["if-none-match"] == third.headers["if-none-match"] == tag
    assert "if-modified-since" not in second.headers


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("Sun, 01 Jun 2025 10:00:00 GMT", id="a-date-of-http"),
        pytest.param("Sun, 1 Jun 2025 12:00:00 +0200", id="in-another-zone"),
        pytest.param("2025-06-01T10:00:00Z", id="in-another-form"),
        pytest.param("Mon, 01 Jan 2035 00:00:00 GMT", id="of-the-future"),
        pytest.param("yesterday", id="that-is-none"),
        pytest.param("0", id="that-is-a-number"),
    ],
)
def test_a_date_comes_back_as_it_went_out(guest: Guest, date: str) -> None:
    guest.server["/feed"] = Answer(body=rss("ferry"), headers={"Last-Modified": date})
    guest.configure("/feed")

    first, second, third = guest.cron(3 * QUARTER, restart_each=1)

    assert "if-modified-since" not in first.headers
    assert second.headers["if-modified-since"] == third.headers["if-modified-since"] == date
    assert "if-none-match" not in second.headers


PAGE = b"<html><title>Sorry</title></html>"
ONE, TWO = rss("ferry"), rss("crane", "ferry")


def tagged(tag: str, body: bytes = b"", status: int = 200) -> Answer:
    return Answer(status=status, body=body, headers={"ETag": tag} if tag else {})


FIRST = tagged("1", ONE)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        pytest.param([FIRST, tagged("2", TWO)], "2", id="a-new-document-brings-a-new-one"),
        pytest.param([FIRST, tagged("2", ONE)], "2", id="the-same-bytes-may-bring-a-new-one"),
        pytest.param([FIRST, tagged("2", status=304)], "2", id="a-304-may-bring-a-new-one"),
        pytest.param([FIRST, tagged("", status=304)], "1", id="or-say-nothing"),
        pytest.param([FIRST, tagged("", TWO)], None, id="a-document-without-takes-it-away"),
        pytest.param([FIRST, tagged("", ONE)], None, id="even-if-its-bytes-are-the-same"),
        pytest.param([tagged("1", PAGE)], None, id="a-page-that-is-no-feed-brings-none"),
        pytest.param([FIRST, tagged("2", PAGE)], "1", id="an-error-page-changes-nothing"),
        pytest.param([FIRST, tagged("2")], "1", id="nor-does-an-empty-document"),
        pytest.param([FIRST, tagged("2", TWO[:99])], "1", id="nor-one-that-cannot-be-read"),
        pytest.param([FIRST, tagged("2", TWO, 500)], "1", id="nor-a-feed-with-a-500"),
        pytest.param([FIRST, tagged("2", TWO, 404)], "1", id="nor-a-feed-with-a-404"),
        pytest.param(
            [FIRST, tagged("2", TWO), tagged("3", PAGE)], "2", id="nor-after-it-was-replaced"
        ),
    ],
)
def test_a_tag_is_that_of_the_last_answer_that_could_be_used(
    guest: Guest, answers: list[Answerable], sent: str | None
) -> None:
    guest.server["/feed"] = InTurn(*answers, Answer(status=304))
    guest.configure("/feed")

    asked = guest.cron((len(answers) + 1) * QUARTER, restart_each=1)

    assert asked[-1].headers.get("if-none-match") == sent


def test_a_cut_off_answer_leaves_tag_and_articles_as_they_were(guest: Guest) -> None:
    cut = b"HTTP/1.1 200 OK\r\nETag: 2\r\nContent-Length: 99999\r\n\r\n" + TWO
    guest.server["/feed"] = InTurn(FIRST, Raw([cut]), tagged("", status=304))
    guest.configure("/feed")

    asked = guest.cron(3 * QUARTER)

    assert asked[-1].headers["if-none-match"] == "1"
    assert [article.title for article in guest.service.stored().values()] == ["ferry"]


def test_a_tag_goes_to_the_address_it_came_from_alone(guest: Guest) -> None:
    guest.server["/feed"] = moved("/there", 302)
    guest.server["/there"] = feed(etag='"1"')
    guest.server["/elsewhere"] = feed(etag='"2"')
    guest.configure("/feed")
    guest.cron(2 * QUARTER)
    guest.server["/feed"] = moved("/elsewhere", 302)
    guest.cron(QUARTER)

    sent = [(request.path, request.headers.get("if-none-match")) for request in guest.server.log]
    assert sent == [
        ("/feed", None), ("/there", None),
        ("/feed", None), ("/there", '"1"'),
        ("/feed", None), ("/elsewhere", None),
    ]  # fmt: skip


def test_another_address_is_asked_as_if_for_the_first_time(guest: Guest) -> None:
    guest.server["/feed"] = guest.server["/other"] = feed(etag='"1"')
    guest.configure("/feed")
    guest.sync()
    guest.configure("/other")

    (request,) = guest.sync(force=True)

    assert (request.path, request.headers.get("if-none-match")) == ("/other", None)
