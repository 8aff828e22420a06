"""Which topics our hub knows, however they are written, and those whose feed has moved or is held.

A subscriber was promised news until its lease ends (WebSub §7), and a moved feed has the same news.
"""

from __future__ import annotations

import pytest

from tests.feedserver import Answer
from tests.websub.conftest import SITE, Newsroom, values

NEWS, HARBOUR = f"{SITE}/news/atom.xml", f"{SITE}/harbour/atom.xml"


def feed(name: str, more: str = "") -> str:
    return f'[[feed]]\nname = "{name}"\n{more}\n[[feed]]\nname = "other"\nsources = ["desk"]\n'


@pytest.fixture
def town(newsroom: Newsroom) -> Newsroom:
    """A newsroom that publishes a feed `news`, and has a subscriber of it."""
    newsroom.configure(feeds=feed("news"))
    newsroom.write("First")
    newsroom.reader()
    newsroom.subscribe(topic=NEWS)
    return newsroom


def move(
    newsroom: Newsroom, old: str, new: str, *, build: bool = True, websub: str = "hub = true"
) -> None:
    """What `feed move` does."""
    store, now = newsroom.service.app.store, newsroom.service.clock.now()
    store.intend(f"{old}/", f"{new}/", now)
    newsroom.configure(websub, feeds=feed(new))
    if build:
        newsroom.service.regenerate()


class TestSpelling:
    @pytest.mark.parametrize(
        "address",
        [
            pytest.param(f"{SITE}/%61ll/atom%2Exml", id="encoded-without-need"),
            pytest.param("HTTPS://NEWS.example.org/all/atom.xml", id="in-capitals"),
        ],
    )
    def test_one_topic_however_it_is_written(self, newsroom: Newsroom, address: str) -> None:
        newsroom.write("First")
        reader = newsroom.reader()

        newsroom.subscribe(topic=address)
        newsroom.subscribe()

        assert {asked["topic"] for asked in reader.asked} == {f"{SITE}/all/atom.xml"}
        assert newsroom.subscribers() == ["/reader"]

    @pytest.mark.parametrize(
        "address",
        [
            pytest.param(f"{SITE}/all%2Fatom.xml", id="an-encoded-slash"),
            pytest.param(f"{SITE}/all/atom.xml#top", id="a-fragment"),
            pytest.param("mailto:news@example.org", id="no-web-address"),
        ],
    )
    def test_what_means_something_else_is_no_topic(self, newsroom: Newsroom, address: str) -> None:
        newsroom.write("First")

        assert newsroom.ask(topic=address).status == 404


class TestMoved:
    def test_who_knows_the_old_address_hears_of_the_feed_at_its_new_one(
        self, town: Newsroom
    ) -> None:
        reader = town.reader()
        move(town, "news", "harbour")
        town.write("Second")
        town.service.clock.tick(minutes=2)
        town.errands()

        assert all(asked["mode"] == "subscribe" for asked in reader.asked)
        heard = reader.heard[-1]
        assert b"Second" in heard.body
        assert f'<{HARBOUR}>; rel="self"' in heard.headers["link"]
        assert town.outbox() == []

    def test_the_move_itself_is_news(self, town: Newsroom) -> None:
        reader = town.reader()
        move(town, "news", "harbour")
        town.errands()

        assert HARBOUR.encode() in reader.heard[-1].body

    def test_it_may_be_renewed_and_left_under_the_address_it_was_made_with(
        self, town: Newsroom
    ) -> None:
        reader = town.reader()
        move(town, "news", "harbour")
        town.errands()

        town.subscribe(topic=NEWS)
        town.subscribe(topic=NEWS, mode="unsubscribe")

        assert [(one["mode"], one["topic"]) for one in reader.asked] == [
            ("subscribe", NEWS), ("unsubscribe", NEWS)
        ]  # fmt: skip
        assert town.subscribers() == []

    def test_whoever_subscribes_the_new_address_as_well_hears_of_it_there(
        self, town: Newsroom
    ) -> None:
        move(town, "news", "harbour")
        town.errands()
        new = town.reader("/new")
        town.subscribe("/new", topic=HARBOUR)
        town.write("Second")
        town.errands()

        assert len(new.heard) == 1
        assert town.subscribers() == ["/new", "/reader"]

    def test_until_it_is_built_nobody_is_sent_away(self, town: Newsroom) -> None:
        reader = town.reader()
        move(town, "news", "harbour", build=False)
        town.errands()
        assert reader.asked == []

        town.service.regenerate()
        town.errands()

        assert len(reader.heard) == 1

    def test_what_waited_when_it_moved_is_told(self, town: Newsroom) -> None:
        reader = town.reader(status=500)
        town.write("Second")
        town.errands()
        assert town.outbox() == [("deliver", NEWS, 1, 1)]

        move(town, "news", "harbour")
        reader.status = 204
        town.service.clock.tick(hours=1)
        town.errands()

        assert b"Second" in reader.heard[-1].body
        assert town.outbox() == []

    def test_a_hub_of_others_is_told_what_waited_by_the_name_it_knows(
        self, newsroom: Newsroom
    ) -> None:
        # Its subscribers may have no other: it asks there, and is sent on.
        server, websub = newsroom.server, f'hubs = ["{newsroom.server.url("/hub")}"]'
        server["/hub"] = Answer(status=503)
        newsroom.configure(websub, feeds=feed("news"))
        newsroom.write("First")
        newsroom.errands()
        server.forget()

        move(newsroom, "news", "harbour", websub=websub)
        server["/hub"] = Answer(status=204)
        newsroom.service.clock.tick(hours=1)
        newsroom.errands()

        told = [values(request.body)["url"] for request in server.asked("/hub")]
        assert {NEWS, HARBOUR}.issubset(told)
        assert newsroom.outbox() == []

    def test_one_that_moved_and_then_went_has_no_more_to_tell(self, town: Newsroom) -> None:
        reader = town.reader()
        move(town, "news", "harbour")
        store, now = town.service.app.store, town.service.clock.now()
        store.gone("harbour/", now)
        town.configure(feeds=feed("rest"))
        town.service.regenerate()
        town.errands()

        assert reader.asked[-1]["mode"] == "denied"
        assert reader.asked[-1]["topic"] == NEWS
        assert town.rows("SELECT * FROM subscriber") == []


class TestPrivate:
    def test_its_topics_are_for_those_who_know_the_key(self, newsroom: Newsroom) -> None:
        newsroom.configure(feeds=feed("inside", "private = true"))
        newsroom.write("First")
        (key,) = newsroom.service.app.store.tokens("inside")
        known = f"{SITE}/inside/{key}/atom.xml"

        guesses = [
            newsroom.ask(topic=f"{SITE}/inside/{guess}atom.xml").status
            for guess in ("", "x/", f"{key[:-1]}/", f"{key.swapcase()}/")
        ]

        assert guesses == [404] * 4
        assert newsroom.ask(topic=known).status == 202

    def test_a_key_that_is_revoked_ends_what_was_subscribed_with_it(
        self, newsroom: Newsroom
    ) -> None:
        newsroom.configure(feeds=feed("inside", "private = true"))
        newsroom.write("First")
        store, now = newsroom.service.app.store, newsroom.service.clock.now()
        (key,) = store.tokens("inside")
        reader = newsroom.reader()
        newsroom.subscribe(topic=f"{SITE}/inside/{key}/atom.xml")

        store.issue_token("inside", None, now)
        store.revoke_token("inside", key, now)
        newsroom.write("Second")
        newsroom.service.clock.tick(minutes=2)
        newsroom.errands()

        assert reader.heard == []
        assert reader.asked[-1]["mode"] == "denied"
        assert newsroom.subscribers() == []
