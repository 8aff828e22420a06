"""The keys to private feeds."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from feedsvc.errors import NotFoundError, UsageError
from feedsvc.settings import Feed
from tests.stock import NOON, Stock

DAY = timedelta(days=1)
MEMBERS = Feed(name="members", private=True)


@pytest.fixture
def club(stock: Stock) -> Stock:
    """A store with a private feed that was built."""
    stock.watch(MEMBERS, Feed(name="board", private=True))
    stock.publish(MEMBERS)
    return stock


def labels(stock: Stock, name: str = "members") -> list[str | None]:
    return [one.label for one in stock.store.keys(name)]


def test_a_private_feed_gets_its_first_key_by_itself_and_once(club: Stock) -> None:
    first = club.store.ensure_token("members", NOON)

    assert club.store.ensure_token("members", NOON + DAY) == first
    assert [(one.token, one.label, one.made) for one in club.store.keys("members")] == [
        (first[0], None, NOON)
    ]
    assert club.store.tokens("board") == ()
    assert not club.touched("members")


def test_keys_cannot_be_guessed_and_fit_into_addresses_and_commands(club: Stock) -> None:
    found = [club.store.issue_token("members", f"r{n}", NOON) for n in range(200)]

    assert len(set(found)) == 200
    assert all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{31}", token) for token in found)


def test_a_new_key_is_one_more_and_the_next_build_has_to_know(club: Stock) -> None:
    (first,) = club.store.ensure_token("members", NOON)

    new = club.store.issue_token("members", "Anna", NOON + DAY)

    assert club.store.tokens("members") == (first, new)
    assert club.touched("members")
    assert not club.touched("board")


@pytest.mark.parametrize("by", ["label", "token"])
def test_a_key_is_taken_back(club: Stock, by: str) -> None:
    anna = club.store.issue_token("members", "Anna", NOON)
    club.store.issue_token("members", "Ben", NOON)
    club.settle()

    taken = club.store.revoke_token("members", "Anna" if by == "label" else anna, NOON)

    assert taken == (anna,)
    assert labels(club) == ["Ben"]
    assert club.touched("members")


@pytest.mark.parametrize("end", ["", "..."])
def test_a_key_is_taken_back_by_how_logs_show_it(club: Stock, end: str) -> None:
    anna, ben = (club.store.issue_token("members", name, NOON) for name in ("Anna", "Ben"))
    shown = anna[:4] if anna[:4] != ben[:4] else anna[:12]

    assert club.store.revoke_token("members", f"{shown}{end}", NOON) == (anna,)
    assert labels(club) == ["Ben"]


def test_a_beginning_that_several_have_means_none_of_them(
    club: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["abcd" + "x" * 28, "abcd" + "y" * 28])
    monkeypatch.setattr("feedsvc.store.tokens.secrets.token_urlsafe", lambda _: next(drawn))
    for name in ("Anna", "Ben"):
        club.store.issue_token("members", name, NOON)

    with pytest.raises(UsageError, match="2 keys to members begin with that"):
        club.store.revoke_token("members", "abcd...", NOON)

    assert labels(club) == ["Anna", "Ben"]


def test_fewer_characters_than_logs_show_mean_no_key(club: Stock) -> None:
    anna = club.store.issue_token("members", "Anna", NOON)

    with pytest.raises(NotFoundError, match="members has no such key"):
        club.store.revoke_token("members", anna[:3], NOON)


def test_who_labels_a_key_as_another_one_takes_only_that_back(club: Stock) -> None:
    anna = club.store.issue_token("members", "Anna", NOON)
    club.store.issue_token("members", anna, NOON)

    assert club.store.revoke_token("members", anna, NOON) == (anna,)
    assert labels(club) == [anna]


@pytest.mark.parametrize("key", ["Ben", "anna", "", "%"])
def test_a_key_that_is_none_is_said_to_be_none(club: Stock, key: str) -> None:
    club.store.issue_token("members", "Anna", NOON)
    club.store.issue_token("board", "Ben", NOON)
    club.settle()

    with pytest.raises(NotFoundError, match="members has no such key"):
        club.store.revoke_token("members", key, NOON)

    assert labels(club) == ["Anna"]
    assert not club.touched("members")


def test_a_label_has_one_key_of_a_feed(club: Stock) -> None:
    club.store.issue_token("members", "Anna", NOON)

    with pytest.raises(UsageError, match="'Anna' has a key"):
        club.store.issue_token("members", "Anna", NOON)

    club.store.issue_token("board", "Anna", NOON)
    assert (labels(club), labels(club, "board")) == (["Anna"], ["Anna"])


def test_the_keys_of_a_group_open_all_its_feeds(stock: Stock) -> None:
    group = Feed(name="topics", private=True, per="tag")
    sea = Feed(name="topics/sea", private=True, facet=("tag", "sea"))
    stock.watch(group)
    for feed in (group, sea, Feed(name="topics-2")):
        stock.publish(feed)

    token = stock.store.issue_token("topics", "Anna", NOON)

    assert stock.store.tokens("topics/sea") == stock.store.ensure_token("topics/sea", NOON)
    assert stock.store.tokens("topics/sea") == (token,)
    assert stock.touched("topics")
    assert stock.touched("topics/sea")
    assert not stock.touched("topics-2")
