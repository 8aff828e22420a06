"""The rules of WebSub that need neither a store nor a server."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from feedsvc.config.hubs import distributing, hubs_of, hubs_of_others, is_topic, words_of
from feedsvc.model import Word
from feedsvc.ports import Announced, Subscription
from feedsvc.settings import Feed, Publish, Settings, Site, Store, Websub
from feedsvc.websub.allowance import Allowance
from feedsvc.websub.flow import Lane, flow
from feedsvc.websub.forms import FormError, asked, fields, number, single, words
from feedsvc.websub.pauses import LONGEST, pause, renewal
from feedsvc.websub.signature import fits, signed
from feedsvc.websub.standing import (
    asking,
    awaited,
    denied,
    granted,
    hub_after,
    leave,
    overdue,
    unheard,
    wanted_of,
)
from feedsvc.websub.wishes import Wish, lease
from tests.support import NOON

OWN = "https://news.example.org/_websub/hub"
ONE, TWO = "https://hub.example.org/", "https://other.example.net/hub"


def settings(websub: Websub, *feeds: Feed, base: str = "https://news.example.org") -> Settings:
    from pathlib import Path

    site = Site(base_url=base, id_domain="news.example.org", timezone=ZoneInfo("UTC"))
    return Settings(
        site=site, store=Store(url="sqlite://"), publish=Publish(directory=Path("public")),
        websub=websub, feeds=feeds,
    )  # fmt: skip


class TestHubs:
    @pytest.mark.parametrize(
        ("site", "feed", "expected"),
        [
            pytest.param(Websub(), None, (), id="nothing-is-announced-unless-asked-for"),
            pytest.param(Websub(hub=True), None, (OWN,), id="our-own"),
            pytest.param(Websub(hubs=(ONE,)), None, (ONE,), id="one-of-others"),
            pytest.param(
                Websub(hub=True, hubs=(ONE, TWO)), None, (OWN, ONE, TWO), id="all-of-them"
            ),
            pytest.param(Websub(hub=True, hubs=(ONE,)), False, (), id="a-feed-without"),
            pytest.param(Websub(hubs=(ONE,)), True, (ONE,), id="true-means-those-there-are"),
            pytest.param(Websub(), True, (OWN,), id="true-without-any-is-our-own"),
            pytest.param(Websub(hub=True), (TWO,), (TWO,), id="a-feed-with-its-own-choice"),
            pytest.param(Websub(), (TWO, OWN), (OWN, TWO), id="ours-among-them-comes-first"),
            pytest.param(Websub(hubs=(ONE, ONE)), None, (ONE,), id="each-once"),
            pytest.param(Websub(hub=True), (), (), id="an-empty-list"),
        ],
    )
    def test_which_hubs_a_feed_announces(
        self, site: Websub, feed: bool | tuple[str, ...] | None, expected: tuple[str, ...]
    ) -> None:
        one = Feed(name="all", websub=feed)

        assert hubs_of(one, settings(site, one)) == expected

    @pytest.mark.parametrize(
        ("websub", "expected"),
        [
            pytest.param(None, (OWN,), id="usual"),
            pytest.param((ONE,), (), id="only-others"),
            pytest.param((ONE, OWN), (OWN,), id="both"),
        ],
    )
    def test_a_private_feed_gives_its_address_to_no_hub_of_others(
        self, websub: tuple[str, ...] | None, expected: tuple[str, ...]
    ) -> None:
        one = Feed(name="inside", private=True, websub=websub)

        assert hubs_of(one, settings(Websub(hub=True, hubs=(ONE,)), one)) == expected

    def test_our_hub_is_on_for_the_feeds_that_announce_it(self) -> None:
        feeds = (Feed(name="a", websub=True), Feed(name="b"), Feed(name="c", websub=(ONE,)))
        found = settings(Websub(), *feeds)

        assert [feed.name for feed in distributing(found)] == ["a"]
        assert hubs_of_others(found) == {ONE}

    def test_what_is_told_of_written_files(self) -> None:
        feed = Feed(name="all")
        found = settings(Websub(hub=True, hubs=(ONE,)), feed)
        paths = ["all/feed.json", "all/index.html", "all/atom.xml", "all/archive/3/atom.xml"]

        told = words_of(feed, found, paths)

        atom, json = (f"https://news.example.org/all/{name}" for name in ("atom.xml", "feed.json"))
        assert told == (
            Word("fan", OWN, atom), Word("ping", ONE, atom),
            Word("fan", OWN, json), Word("ping", ONE, json),
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            pytest.param("all/rss.xml", True, id="a-feed"),
            pytest.param("topics/archive/atom.xml", True, id="a-group-may-have-that-word"),
            pytest.param("inside/secret-token/feed.json", True, id="a-private-feed"),
            pytest.param("all/archive/12/rss.xml", False, id="a-page-of-an-archive"),
            pytest.param("topics/archive/archive/1/rss.xml", False, id="of-a-group-of-that-word"),
            pytest.param("all/index.html", False, id="a-page"),
            pytest.param("opml.xml", False, id="the-list-of-feeds"),
        ],
    )
    def test_which_files_one_may_subscribe_to(self, path: str, expected: bool) -> None:
        assert is_topic(path) is expected


class TestSignature:
    def test_it_is_the_hmac_of_the_body(self) -> None:
        expected = hmac.new(b"secret", b"body", "sha256").hexdigest()

        assert signed("secret", b"body") == f"sha256={expected}"

    @pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
    def test_all_registered_methods_are_read(self, method: str) -> None:
        value = f"{method}={hmac.new(b'key', b'body', method).hexdigest()}"

        assert fits("key", b"body", value)
        assert fits("key", b"body", value.upper().replace(method.upper(), method))
        assert not fits("other", b"body", value)
        assert not fits("key", b"body!", value)

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(None, id="none"),
            pytest.param("", id="empty"),
            pytest.param("sha256", id="without-a-value"),
            pytest.param("sha256=", id="with-an-empty-value"),
            pytest.param("sha256=zz", id="no-digits"),
            pytest.param("sha256=äöü", id="beyond-ascii"),
            pytest.param(f"md5={hmac.new(b'key', b'body', 'md5').hexdigest()}", id="md5"),
            pytest.param(
                f"sha512={hmac.new(b'key', b'body', 'sha256').hexdigest()}", id="misnamed"
            ),
            pytest.param(hmac.new(b"key", b"body", "sha256").hexdigest(), id="without-a-method"),
            pytest.param("sha1=00," * 8 + signed("key", b"body"), id="behind-too-many-others"),
        ],
    )
    def test_anything_else_is_no_signature(self, value: str | None) -> None:
        assert not fits("key", b"body", value)

    def test_one_of_several_is_enough(self) -> None:
        assert fits("key", b"body", f"sha3-256=00, {signed('key', b'body')}")


class TestLanes:
    def test_who_hangs_in_one_holds_up_nobody_in_another(self) -> None:
        async def errands() -> list[int]:
            waiting, done, ended = {1, 2, 3, 104}, list[int](), asyncio.Event()

            def take(wanted: range, most: int, but: Collection[int]) -> list[int]:
                return sorted(waiting.intersection(wanted) - set(but))[:most]

            async def do(row: int) -> None:
                if row > 100:
                    await ended.wait()  # until the others are through
                waiting.discard(row)
                done.append(row)
                if done == [1, 2, 3]:
                    ended.set()

            lanes = [Lane(partial(take, rows), 1) for rows in (range(100), range(100, 200))]
            await asyncio.wait_for(flow(*lanes, row=lambda row: row, do=do), 60)
            return done

        assert asyncio.run(errands()) == [1, 2, 3, 104]

    def test_it_is_not_looked_for_more_whenever_one_is_done(self) -> None:
        async def looks() -> int:
            waiting, looked = list(range(200)), 0

            def take(most: int, _: Collection[int]) -> list[int]:
                nonlocal looked
                looked += 1
                taken, waiting[:] = waiting[:most], waiting[most:]
                return taken

            async def do(row: int) -> None:
                for _ in range(row % 100):  # one ends after the other
                    await asyncio.sleep(0)

            await flow(Lane(take, 100), row=lambda row: row, do=do)
            return looked

        assert asyncio.run(looks()) < 20


class TestAllowance:
    def test_an_address_of_ipv6_stands_for_its_network(self) -> None:
        allowance = Allowance(lambda: 0.0)

        granted = [allowance.grants(f"2001:db8::{n:x}") for n in range(1, 502)]

        assert granted == [True] * 500 + [False]
        assert allowance.grants("2001:db8:0:1::1")

    def test_it_comes_back_with_time(self) -> None:
        now = [0.0]
        allowance = Allowance(lambda: now[0])
        while allowance.grants("192.0.2.1"):
            pass
        now[0] = 10.0

        assert [allowance.grants("192.0.2.1") for _ in range(11)] == [True] * 10 + [False]


class TestForms:
    def test_a_callback_keeps_its_own_query(self) -> None:
        url = asked(
            "https://r.example.org/cb?a=1&b=x%20y", mode="subscribe", topic="https://t/?q=ä&x"
        )

        assert url.startswith("https://r.example.org/cb?a=1&b=x%20y&hub.mode=subscribe&hub.topic=")
        assert dict(parse_qsl(urlsplit(url).query))["hub.topic"] == "https://t/?q=ä&x"

    def test_what_is_not_ours_is_ignored_and_repetition_is_no_choice(self) -> None:
        form = fields("hub.mode=subscribe&x=1&hub.mode=subscribe&hub.topic=a&hub.topic=b")

        assert single(form, "hub.mode") == "subscribe"
        assert single(form, "hub.callback") == ""
        with pytest.raises(FormError, match=r"hub\.topic"):
            single(form, "hub.topic")

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"\xff\xfe", id="bytes-beyond-ascii"),
            pytest.param(b"hub.mode=%ff", id="no-utf-8"),
            pytest.param(b"&".join([b"hub.topic=x"] * 65), id="too-many-fields"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, body: bytes) -> None:
        with pytest.raises(FormError):
            fields(body)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("300", 300, id="seconds"),
            pytest.param(" 0300 ", 300, id="with-zeros-and-spaces"),
            pytest.param("9" * 5_000, 10**12, id="any-length"),
            pytest.param("-1", None, id="negative"),
            pytest.param("1.5", None, id="a-fraction"),
            pytest.param("٣", None, id="digits-of-another-script"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_seconds(self, text: str, expected: int | None) -> None:
        assert number(text) == expected

    def test_words_of_strangers_are_one_short_line(self) -> None:
        assert words("one\r\n\x1b[31mtwo\u2028three") == "one [31mtwo three"
        assert len(words("x" * 10_000)) == 200

    def test_a_wish_survives_the_store_and_never_prints_its_secret(self) -> None:
        wish = Wish(mode="subscribe", lease=300, secret="geheim", tries=2)

        assert Wish.load(wish.dump()) == wish
        assert "geheim" not in repr(wish)

    @pytest.mark.parametrize(
        ("asked_for", "given"),
        [
            pytest.param(None, 864_000, id="nothing-asked-ten-days"),
            pytest.param(0, 864_000, id="for-ever-as-it-was-once-said"),
            pytest.param(1, 300, id="never-less-than-five-minutes"),
            pytest.param(86_400, 86_400, id="as-asked"),
            pytest.param(10**12, 30 * 86_400, id="never-more-than-thirty-days"),
        ],
    )
    def test_leases(self, asked_for: int | None, given: int) -> None:
        assert lease(asked_for) == given


class TestPauses:
    def test_they_grow_from_a_second_to_six_hours(self) -> None:
        waits = [pause(tries, seed="x") for tries in range(1, 15)]

        assert waits[0] == timedelta(seconds=1)
        assert waits == sorted(waits)
        assert LONGEST <= waits[-1] <= LONGEST * 1.1

    def test_a_lease_is_renewed_in_its_last_fifth(self) -> None:
        until = NOON + timedelta(days=10)
        dues = {renewal(NOON, until, seed=str(number)) for number in range(50)}

        assert len(dues) > 40
        assert all(NOON + timedelta(days=8) <= due <= NOON + timedelta(days=9) for due in dues)
        assert renewal(NOON, until, seed="1") in dues


def subscription(state: str = "wanted", **more: object) -> Subscription:
    found = Subscription(
        source=1, name="harbour", topic="https://t.example.org/", hub=ONE, token="tok",
        secret="geheim", state=state, due=NOON,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


class TestStanding:
    def test_neither_token_nor_secret_is_printed(self) -> None:
        assert "tok" not in repr(subscription()).replace("token", "")
        assert "geheim" not in repr(subscription())

    def test_it_is_asked_before_the_hub_can_ask_back(self) -> None:
        sent = asking(subscription(), now=NOON)

        assert (sent.state, sent.asked) == ("asked", NOON)
        assert awaited(sent, now=NOON)
        assert not awaited(subscription(), now=NOON)

    def test_what_the_hub_grants_holds_and_is_renewed_before_it_ends(self) -> None:
        held = granted(asking(subscription(), now=NOON), 1_000, now=NOON)

        assert held.state == "active"
        assert held.lease_until == NOON + timedelta(seconds=1_000)
        assert timedelta(seconds=800) <= held.due - NOON <= timedelta(seconds=900)

    @pytest.mark.parametrize(
        ("given", "seconds"),
        [
            pytest.param(None, 864_000, id="none-stated"),
            pytest.param(0, 864_000, id="none-at-all"),
            pytest.param(1, 60, id="too-short-to-renew"),
            pytest.param(10**12, 366 * 86_400, id="beyond-every-calendar"),
        ],
    )
    def test_odd_leases(self, given: int | None, seconds: int) -> None:
        held = granted(subscription("asked"), given, now=NOON)

        assert held.lease_until == NOON + timedelta(seconds=seconds)

    def test_a_question_may_be_repeated_for_a_while_only(self) -> None:
        held = granted(asking(subscription(), now=NOON), None, now=NOON)

        assert awaited(held, now=NOON + timedelta(minutes=5))
        assert not awaited(held, now=NOON + timedelta(minutes=11))

    def test_while_it_is_renewed_it_holds(self) -> None:
        held = granted(asking(subscription(), now=NOON), 1_000, now=NOON)
        later = held.due
        sent = asking(held, now=later)
        failed = unheard(sent, now=later, reason="down", final=True)

        assert (sent.state, failed.state) == ("active", "active")
        assert later < failed.due <= (held.lease_until or NOON)

    def test_a_hub_that_takes_a_renewal_and_never_asks_back_is_asked_ever_less_often(self) -> None:
        held = granted(asking(subscription(), now=NOON), None, now=NOON)
        waits, relied_on = [], []
        for _ in range(4):
            now = held.due
            current = overdue(held, now=now)
            assert current is not None
            held = asking(current, now=now)
            waits.append((held.due - now) / timedelta(minutes=10))
            relied_on.append(held.relied_on)

        assert waits[:3] == [1, 6, 36]
        assert relied_on == [True, False, False, False]
        assert held.reason
        renewed = granted(held, None, now=held.due)
        assert (renewed.relied_on, renewed.reason) == (True, None)

    def test_a_lease_that_ended_is_wanted_anew(self) -> None:
        held = granted(asking(subscription(), now=NOON), 1_000, now=NOON)
        over = overdue(held, now=NOON + timedelta(seconds=1_001))

        assert over is not None
        assert (over.state, over.lease_until, over.asked) == ("wanted", None, None)

    @pytest.mark.parametrize(
        ("final", "state"),
        [pytest.param(True, "denied", id="no"), pytest.param(False, "wanted", id="down")],
    )
    def test_a_hub_that_says_no_is_left_for_days(self, final: bool, state: str) -> None:
        told = unheard(subscription("asked"), now=NOON, reason="403", final=final)

        assert told.state == state
        assert (told.due - NOON > timedelta(days=2)) is final

    def test_a_hub_that_asks_us_to_wait_is_given_the_time(self) -> None:
        told = unheard(
            subscription("asked"), now=NOON, reason="503", wait=timedelta(hours=3), final=False
        )

        assert told.due == NOON + timedelta(hours=3)

    def test_a_hub_that_never_asks_back_is_asked_ever_less_often(self) -> None:
        one, waits = subscription(), []
        for _ in range(8):
            sent = asking(one, now=NOON)
            waits.append(sent.due - NOON)
            again = overdue(sent, now=sent.due)
            assert again is not None
            one = again

        assert waits == sorted(waits)
        assert waits[-1] == timedelta(days=1)
        assert one.reason is not None
        assert "base_url" in one.reason

    def test_only_what_a_hub_may_know_of_is_given_up(self) -> None:
        for state in ("wanted", "denied"):
            assert leave(subscription(state), now=NOON) is None
        left = leave(subscription("active", asked=NOON), now=NOON)
        assert left is not None
        assert (left.state, left.asked) == ("leaving", None)

    def test_a_farewell_is_said_three_times_at_most(self) -> None:
        one: Subscription | None = leave(subscription("active"), now=NOON)
        said = 0
        while one is not None:
            sent = asking(one, now=one.due)
            said += 1
            one = overdue(sent, now=sent.due)

        assert said == 3

    @pytest.mark.parametrize(
        ("last", "hubs", "expected"),
        [
            pytest.param(None, (), None, id="none"),
            pytest.param(None, ("http://a.example.org/", ONE), ONE, id="https-first"),
            pytest.param(ONE, (ONE, TWO), TWO, id="the-next-one"),
            pytest.param(TWO, (ONE, TWO), ONE, id="in-a-circle"),
            pytest.param(ONE, (ONE,), ONE, id="the-only-one"),
            pytest.param(None, ("mailto:a@example.org", "//["), None, id="no-address"),
            pytest.param(None, (f"https://a.example.org/{'x' * 3_000}",), None, id="too-long"),
        ],
    )
    def test_which_hub_is_asked(
        self, last: str | None, hubs: tuple[str, ...], expected: str | None
    ) -> None:
        assert hub_after(last, hubs) == expected

    def test_an_address_with_a_password_is_no_topic(self) -> None:
        secret = Announced(1, "x", "https://me:pw@t.example.org/", None, (ONE,), None)

        assert wanted_of(secret, now=NOON) is None
        own = wanted_of(secret._replace(topic="https://t.example.org/"), now=NOON)
        assert own is not None
        assert own.topic == "https://t.example.org/"

    def test_each_subscription_has_a_secret_of_its_own(self) -> None:
        one = Announced(1, "x", "https://t.example.org/", None, (ONE,), None)
        made = [wanted_of(one, now=datetime.now(UTC)) for _ in range(2)]
        keys = {(new.token, new.secret) for new in made if new}

        assert len({key for pair in keys for key in pair}) == 4
        assert all(len(secret) < 200 and len(token) >= 32 for token, secret in keys)

    def test_what_was_denied_is_over(self) -> None:
        told = denied(subscription("active", lease_until=NOON), now=NOON, reason="full")

        assert (told.state, told.lease_until, told.reason) == ("denied", None, "full")
