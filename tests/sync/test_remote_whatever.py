"""Whatever a feed does, its articles are exactly the entries it ever held, each once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.feedserver import FeedServer
from tests.planet import Item, Planet, story
from tests.support import Service

NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
HOME = "https://harbour.example.org/"

KINDS: dict[str, Callable[[Item, int], Item]] = {
    "ids": lambda one, _: one,
    "ids-and-one-link": lambda one, _: replace(one, link=f"{HOME}live"),
    "links": lambda one, _: replace(one, guid=None),
    "dates-and-one-link": lambda one, n: replace(
        one, guid=None, link=f"{HOME}news", date=NOON + n * timedelta(hours=1)
    ),
    "dates": lambda one, n: replace(one, guid=None, link=None, date=NOON + n * timedelta(hours=1)),
}

numbers = st.integers(0, 9)
document = st.lists(numbers, min_size=1, max_size=8)
edits = st.lists(
    st.tuples(numbers, st.sampled_from(["title", "text"])), max_size=2, unique_by=lambda one: one[0]
)
history = st.lists(st.tuples(document, edits), min_size=1, max_size=7)


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=int(os.environ.get("FEEDSVC_WHATEVER", "8")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=history)
@pytest.mark.timeout(240)
def test_the_articles_are_the_entries_each_once(
    make_service: Callable[..., Service],
    feed_server: FeedServer,
    kind: str,
    history: list[tuple[list[int], list[tuple[int, str]]]],
) -> None:
    planet = Planet(make_service(name=f"site-{kind}-{uuid4().hex}"), feed_server)
    planet.configure()
    entries = {n: KINDS[kind](story(n), n) for n in range(10)}
    held: dict[int, Item] = {}
    before: dict[int, str] = {}
    for visit, (some, changes) in enumerate(history):
        for number, what in changes:
            if number in some:  # what nobody sees edited is another entry where words alone tell
                new = f"Edited at visit {visit}, number {number}"
                entries[number] = replace(entries[number], **{what: new})  # type: ignore[arg-type]
        planet.sync(*(entries[number] for number in some))
        held |= {number: entries[number] for number in some}

        told = {(one.title, one.html): one.guid for one in planet.articles()}
        expected = {number: (one.title, one.text) for number, one in held.items()}
        assert sorted(told) == sorted(expected.values())
        assert len(planet.articles()) == len(held)
        now = {number: told[words] for number, words in expected.items()}
        assert before.items() <= now.items(), "an id that readers saw has changed"
        before = now
    planet.service.regenerate()
    files = planet.service.snapshot()
    planet.service.restart()
    planet.service.regenerate(everything=True)
    assert {path: data for path, (_, data) in planet.service.snapshot().items()} == {
        path: data for path, (_, data) in files.items()
    }
