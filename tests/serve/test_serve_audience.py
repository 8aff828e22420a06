"""Who follows a feed: counted in the server process, and handed over without being lost."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest

from feedsvc.figures.sketch import distinct
from feedsvc.serve.audience import Audience, feed_of
from feedsvc.serve.clients import Clients
from feedsvc.serve.counting import Ledger
from tests.asking import Asked, asked

KEY = "MvwBuTUMauaYJ_XdtYXYYvUgyhsPRLh5"
DAY, NEXT = "2025-03-05", "2025-03-06"
SALT = b"0123456789abcdef"


class Day:
    """An audience, and what it handed over, added up as the store does."""

    def __init__(self) -> None:
        self.ledgers = (Ledger(), Ledger())
        self.audience = self.made()
        self.requests: Counter[str] = Counter()
        self.not_modified: Counter[str] = Counter()
        self.services: dict[str, dict[str, int]] = {}
        self.pollers: dict[str, int] = {}
        self.batches: list[dict[str, Any]] = []

    def made(self) -> Audience:
        made = Audience(Clients(), self.ledgers, lambda: frozenset({"/premium/"}), DAY)
        made.salt = SALT
        return made

    def poll(self, request: Asked, status: int = 200, *, thread: int = 0) -> None:
        entry = self.ledgers[thread].note(request.path, status, 10)
        self.audience.see(entry, status, request)

    def tell(self) -> None:
        self.audience.count()
        while (batch := self.audience.batch()) is not None:
            told = json.loads(batch)
            self.batches.append(told)
            for name, one in told["feeds"].items():
                self.requests[name] += one.get("requests", 0)
                self.not_modified[name] += one.get("not_modified", 0)
                if "aggregators" in one:
                    self.services[name] = one["aggregators"]
                if "pollers" in one:
                    self.pollers[name] = distinct(base64.b64decode(one["pollers"]))
            self.audience.taken()


@pytest.fixture
def day() -> Day:
    return Day()


def reader(number: int, path: str = "/all/atom.xml", **more: Any) -> Asked:
    return asked(path, client=f"192.0.2.{number}:{1000 + number}", user_agent="newsboat", **more)


def feedly(subscribers: int, path: str = "/all/atom.xml", id: str = "") -> Asked:
    told = f"Feedly/1.0 ({subscribers} subscribers{f'; feed-id={id}' if id else ''})"
    return asked(path, client="198.51.100.1:1", user_agent=told)


def test_readers_are_told_apart_by_address_and_program(day: Day) -> None:
    for number in (1, 2, 3, 1, 2, 3):
        day.poll(reader(number))
    day.poll(asked(client="192.0.2.1:9", user_agent="liferea"))
    day.poll(asked(client="192.0.2.1:9"))
    day.tell()

    assert day.pollers == {"all": 5}
    assert day.requests == {"all": 8}


def test_a_machine_that_takes_another_v6_address_is_the_same(day: Day) -> None:
    for suffix in (":1", "a:b:c:d", ":ffff"):
        day.poll(asked(client=f"[2001:db8:0:1:{suffix}]:7"))
    day.poll(asked(client="[2001:db8:0:2::1]:7"))
    day.tell()

    assert day.pollers == {"all": 2}


def test_the_formats_of_a_feed_are_one(day: Day) -> None:
    for name in ("atom.xml", "rss.xml", "feed.json"):
        day.poll(reader(1, f"/all/{name}"), 304 if name == "rss.xml" else 200)
    day.tell()

    assert day.pollers == {"all": 1}
    assert (day.requests, day.not_modified) == ({"all": 3}, {"all": 1})


def test_both_threads_are_counted_once(day: Day) -> None:
    day.poll(reader(1))
    day.poll(reader(1), 304, thread=1)
    day.poll(reader(1), 304)
    day.tell()
    day.poll(reader(1), 304, thread=1)
    day.tell()

    assert (day.requests, day.not_modified) == ({"all": 4}, {"all": 3})


@pytest.mark.parametrize(
    ("path", "status", "counted"),
    [
        pytest.param("/all/atom.xml", 200, True, id="a-whole-one"),
        pytest.param("/all/atom.xml", 304, True, id="one-that-has-it"),
        pytest.param("/all/atom.xml", 206, True, id="a-part"),
        pytest.param("/all/atom.xml", 226, True, id="what-is-new"),
        pytest.param("/all/atom.xml", 404, False, id="nothing-there"),
        pytest.param("/all/atom.xml", 406, False, id="nothing-acceptable"),
        pytest.param("/all/archive/3/atom.xml", 200, False, id="an-archive-document"),
        pytest.param("/all/index.html", 200, False, id="a-page"),
        pytest.param("/all/", 200, False, id="a-folder"),
        pytest.param("/opml.xml", 200, False, id="a-list"),
        pytest.param("/atom.xml", 200, False, id="no-feed"),
        pytest.param("/_ops/operations-of-mine-1/atom.xml", 200, False, id="operations"),
    ],
)
def test_who_gets_a_document_that_one_may_follow_is_counted(
    day: Day, path: str, status: int, counted: bool
) -> None:
    day.poll(reader(1, path), status)
    day.tell()

    assert bool(day.pollers) is counted


def test_whoever_only_looks_whether_it_is_there_follows_nothing(day: Day) -> None:
    day.poll(reader(1, method="HEAD"))
    day.tell()

    assert (day.pollers, day.requests) == ({}, {"all": 1})


def test_whoever_looks_first_and_reads_then_is_a_reader(day: Day) -> None:
    day.poll(reader(1, method="HEAD"))
    day.poll(reader(1))
    day.tell()

    assert day.pollers == {"all": 1}


@pytest.mark.parametrize(
    ("path", "feed"),
    [
        ("/all/atom.xml", "all"),
        ("/topics/oepnv/rss.xml", "topics/oepnv"),
        (f"/premium/{KEY}/atom.xml", "premium"),
        (f"/premium/{KEY}/oepnv/atom.xml", "premium/oepnv"),
        ("/atom.xml", None),
        (f"/_ops/{KEY}/atom.xml", None),
    ],
)
def test_the_feed_of_a_document(path: str, feed: str | None) -> None:
    assert feed_of(path, {"/premium/", "/_ops/"}) == feed


def test_a_service_counts_by_its_greatest_number(day: Day) -> None:
    for subscribers in (40, 42, 41):
        day.poll(feedly(subscribers))
    day.poll(asked(client="198.51.100.2:1", user_agent="FeedlyBot/1.0"))
    day.tell()

    assert [*day.services["all"].values()] == [42]
    assert day.pollers == {}


def test_each_id_and_each_document_of_a_service_counts(day: Day) -> None:
    day.poll(feedly(10, id="a"))
    day.poll(feedly(20, id="b"))
    day.poll(feedly(25, id="b"))
    day.poll(feedly(3, "/all/rss.xml"))
    day.poll(feedly(4, "/all/atom.xml"))
    day.tell()

    assert sorted(day.services["all"].values()) == [3, 4, 10, 25]
    assert {key.partition("#")[0] for key in day.services["all"]} == {"Feedly"}


def test_a_service_counts_for_each_reader_of_a_private_feed(day: Day) -> None:
    day.poll(feedly(1, f"/premium/{KEY}/atom.xml"))
    day.poll(feedly(1, f"/premium/{KEY[::-1]}/atom.xml"))
    day.tell()

    assert [*day.services["premium"].values()] == [1, 1]
    assert KEY[:8] not in json.dumps(day.batches)


def test_a_game_with_many_names_is_not_played(day: Day) -> None:
    for number in range(5_000):
        day.poll(asked(user_agent=f"Bot{'abcdefghij'[number % 10]} feed-id:{number} - 9 readers"))
    day.tell()

    assert len(day.services["all"]) == 200


def test_a_crowd_is_counted_bit_by_bit(day: Day) -> None:
    for number in range(5_000):
        day.poll(asked(user_agent=f"reader of {number}"))
    counts = []
    for _ in range(3):
        day.tell()
        counts.append(day.pollers["all"])

    assert counts[0] < counts[1] < counts[2]
    assert counts[2] == pytest.approx(5_000, rel=0.1)


def test_no_address_leaves_the_process(day: Day) -> None:
    day.poll(asked(client="192.0.2.77:1", user_agent="A reader of its own/1"))
    day.tell()

    assert "192.0.2.77" not in json.dumps(day.batches)
    assert "its own" not in json.dumps(day.batches)


def test_nothing_new_is_not_told(day: Day) -> None:
    day.poll(reader(1))
    day.tell()
    day.tell()

    assert len(day.batches) == 1


def test_only_what_changed_is_told_again(day: Day) -> None:
    day.poll(reader(1))
    day.poll(reader(1, "/other/atom.xml"))
    day.tell()
    day.poll(reader(1), 304)
    day.tell()

    assert day.batches[1]["feeds"] == {"all": {"requests": 1, "not_modified": 1}}
    assert day.batches[1]["number"] == day.batches[0]["number"] + 1


def test_a_batch_stays_the_same_until_it_is_taken(day: Day) -> None:
    day.poll(reader(1))
    day.audience.count()
    first = day.audience.batch()
    day.poll(reader(2))
    day.audience.count()

    assert day.audience.batch() == first
    day.tell()
    assert (day.requests, day.pollers) == ({"all": 2}, {"all": 2})


def test_another_day_has_its_own_readers(day: Day) -> None:
    day.poll(reader(1))
    day.poll(feedly(42))
    day.audience.turn(NEXT)
    salts = [day.audience.salt]
    day.poll(reader(2), 304)
    day.audience.salt = b"another salt...."
    day.tell()

    first, second = day.batches
    assert salts == [None]
    assert (first["day"], second["day"]) == (DAY, NEXT)
    assert first["feeds"]["all"]["requests"] == 2
    assert first["feeds"]["all"]["aggregators"]
    assert second["feeds"]["all"]["requests"] == 1
    assert "aggregators" not in second["feeds"]["all"]
    assert (day.pollers, day.requests) == ({"all": 1}, {"all": 3})


def test_who_comes_before_there_is_a_salt_is_counted_with_it(day: Day) -> None:
    day.audience.salt = None
    asks = [day.audience.asks_for_salt]
    day.poll(reader(1))
    day.audience.count()
    asks.append(day.audience.asks_for_salt)
    day.audience.salt = SALT
    day.tell()

    assert asks == [False, True]
    assert day.pollers == {"all": 1}


def test_a_reader_is_the_same_after_a_restart(day: Day) -> None:
    day.poll(reader(1))
    day.tell()
    before = day.batches[-1]
    day.ledgers = (Ledger(), Ledger())
    day.audience = day.made()
    day.poll(reader(1))
    day.tell()

    assert day.batches[-1]["feeds"]["all"]["pollers"] == before["feeds"]["all"]["pollers"]
    assert day.batches[-1]["from"] != before["from"]


def test_days_that_nobody_takes_do_not_fill_the_memory(day: Day) -> None:
    for number in range(1, 29):
        day.audience.turn(f"2025-04-{number:02}")
        day.audience.salt = SALT
        day.poll(reader(number))
    day.tell()

    assert [batch["day"] for batch in day.batches[:-1]] == [
        f"2025-04-{number}" for number in range(20, 28)
    ]


def test_where_nobody_wants_it_nothing_is_kept(day: Day) -> None:
    day.audience.wanted = False
    day.poll(reader(1))
    day.tell()

    assert day.batches == []
    assert not day.audience.asks_for_salt


def test_a_known_client_behind_a_proxy_is_told_from_the_next(day: Day) -> None:
    from ipaddress import ip_network

    day.audience = Audience(Clients([ip_network("10.0.0.0/8")]), day.ledgers, frozenset, DAY)
    day.audience.salt = SALT
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        day.poll(asked(client="10.0.0.1:1", x_forwarded_for=address))
    day.tell()

    assert day.pollers == {"all": 2}


def test_any_number_of_paths_takes_bounded_room() -> None:
    ledger = Ledger()
    for number in range(30_000):
        ledger.note(f"/f{number}/atom.xml", 200, 1)
        ledger.note(f"/n{number}/atom.xml", 404, 1)

    entries = ledger.entries()

    assert len(entries) == 20_001
    assert sum(sum(entry.answers.values()) for entry in entries) == 60_000
