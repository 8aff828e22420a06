"""Addresses that moved, as the server sees it: adopted slowly, and never for a while only."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.feedserver import Answer, Answerable, InTurn, Request, moved
from tests.guest import Guest, feed, rss
from tests.support import Shell

DAY, HOUR, QUARTER = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
PAGE = b"<html><title>Sorry</title></html>"
ERROR = Answer(status=500, body=PAGE)
OK = feed(etag='"1"')
THRICE, LONG = 3 * QUARTER, 8 * QUARTER


def news(request: Request) -> Answer:
    """Another document at every visit."""
    return Answer(body=rss(f"{request.at:%d-%H-%M}", "ferry"))


def firsts(requests: list[Request]) -> list[str]:
    """What was asked first in each run: what follows in the same one are redirects."""
    found: dict[datetime, str] = {}
    for request in requests:
        found.setdefault(request.at, request.path)
    return list(found.values())


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        pytest.param({"/a": moved("/b"), "/b": OK}, "/b", id="301-is-adopted"),
        pytest.param({"/a": moved("/b", 308), "/b": OK}, "/b", id="308-is-adopted"),
        pytest.param({"/a": moved("/b", 302), "/b": OK}, "/a", id="302-never"),
        pytest.param({"/a": moved("/b", 303), "/b": OK}, "/a", id="303-never"),
        pytest.param({"/a": moved("/b", 307), "/b": OK}, "/a", id="307-never"),
        pytest.param(
            {"/a": moved("/b"), "/b": moved("/c", 308), "/c": OK}, "/c", id="two-permanent-hops"
        ),
        pytest.param(
            {"/a": moved("/b"), "/b": moved("/c", 302), "/c": OK},
            "/b",
            id="not-past-a-temporary-hop",
        ),
        pytest.param(
            {"/a": moved("/b", 307), "/b": moved("/c"), "/c": OK},
            "/a",
            id="none-behind-a-temporary",
        ),
        pytest.param(
            {"/a": moved("/b"), "/b": Answer(body=rss("ferry"))}, "/b", id="without-validators"
        ),
        pytest.param({"/a": moved("/b"), "/b": news}, "/b", id="with-news-at-every-visit"),
    ],
)
def test_an_address_that_moved_for_good_is_adopted_after_three_good_syncs(
    guest: Guest, pages: dict[str, Answerable], expected: str
) -> None:
    for path, page in pages.items():
        guest.server[path] = page
    guest.configure("/a")

    before, after = guest.cron(THRICE, restart_each=1), guest.cron(LONG)

    assert firsts(before) == ["/a"] * 3
    assert firsts(after) == [expected] * 8


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Answer(body=PAGE), id="a-page"),
        pytest.param(Answer(status=404), id="a-404"),
        pytest.param(ERROR, id="a-fault"),
        pytest.param(moved("/b"), id="a-circle"),
    ],
)
def test_a_target_that_is_no_feed_is_never_adopted(guest: Guest, bad: Answerable) -> None:
    guest.server["/a"] = InTurn(feed(), moved("/b"))
    guest.server["/b"] = bad
    guest.configure("/a")

    asked = guest.cron(20 * DAY, step=HOUR)

    assert len(firsts(asked)) > 20
    assert set(firsts(asked)) == {"/a"}


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(feed(), id="once-without-a-redirect"),
        pytest.param(moved("/c"), id="once-to-another-place"),
        pytest.param(moved("/c", 302), id="once-for-a-while"),
    ],
)
def test_three_syncs_in_a_row_have_to_agree(guest: Guest, between: Answerable) -> None:
    guest.server["/a"] = InTurn(moved("/b"), moved("/b"), between, moved("/b"))
    guest.server["/b"] = guest.server["/c"] = OK
    guest.configure("/a")

    asked = firsts(guest.cron(8 * QUARTER))

    assert asked == ["/a"] * 6 + ["/b"] * 2


def test_the_old_address_is_still_shown_and_the_word_of_the_operator_counts(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    guest.server["/a"] = moved("/b")
    guest.server["/b"] = guest.server["/z"] = OK
    guest.configure("/a")
    guest.cron(5 * QUARTER)
    guest.service.restart()

    status = Shell(guest.service.root, capsys).run(
        "-c", str(guest.service.root / "feedsvc.toml"), "status", "--json"
    )

    assert guest.full("/a") in status.out
    assert guest.full("/b") in status.out
    guest.configure("/z")
    assert firsts(guest.sync(force=True)) == ["/z"]
