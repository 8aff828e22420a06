"""Subscribing at the hubs of sources: asked, verified, renewed, left; and what they bring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from feedsvc.cli.main import main
from feedsvc.websub.signature import signed
from tests.feedserver import Answer, Page, Raw
from tests.websub.conftest import SITE, Listener, values


class TestAsking:
    def test_a_source_that_announces_a_hub_is_subscribed(self, listener: Listener) -> None:
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        (asked,) = listener.asked()
        assert asked["callback"].startswith(f"{SITE}/_websub/callback/")
        assert asked | {
            "mode": "subscribe", "topic": listener.topic, "lease_seconds": "864000",
        } == asked  # fmt: skip
        assert len(asked["secret"]) >= 32
        assert listener.state() == "asked"

    def test_the_header_announces_as_well_and_comes_first(self, listener: Listener) -> None:
        hub, topic = listener.server.url("/other-hub"), "https://harbour.example.org/canonical"
        listener.server["/other-hub"] = Answer(status=202)
        listener.server["/harbour"] = Answer(
            body=listener.document(1),
            headers={"Link": f'<{hub}>; rel="hub", <{topic}>; rel="self"'},
        )
        listener.sync()
        listener.wait(seconds=5)

        assert listener.asked() == []
        (request,) = listener.server.asked("/other-hub")
        assert values(request.body)["topic"] == topic

    def test_nobody_is_asked_unless_it_is_configured(self, listener: Listener) -> None:
        listener.configure(websub="subscribe = false")
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        assert listener.asked() == []
        assert listener.service.app.desk is None

    def test_without_a_daemon_nobody_could_ask_back(self, listener: Listener) -> None:
        listener.service.restart()
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        assert listener.asked() == []

    def test_a_source_without_a_hub_is_not(self, listener: Listener) -> None:
        listener.put(1, hub="")
        listener.sync()
        listener.wait(seconds=5)

        assert listener.state() is None

    def test_a_hub_at_a_private_address_is_not_asked(self, listener: Listener) -> None:
        listener.put(1, hub="http://169.254.169.254/hub")
        listener.sync()
        listener.wait(seconds=5)

        (found,) = listener.service.app.store.subscriptions()
        assert found.state == "denied"
        assert "169.254.169.254" in (found.reason or "")

    def test_a_hub_that_moved_says_so(self, listener: Listener) -> None:
        listener.server["/new"] = Answer(status=202)
        to = {"Location": listener.server.url("/new")}
        listener.server["/hub"] = Answer(status=308, headers=to)
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        assert len(listener.server.asked("/new")) == 1
        assert listener.state() == "asked"

    def test_a_hub_that_is_down_is_asked_again(self, listener: Listener) -> None:
        listener.server["/hub"] = Raw([], reset=True)
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)
        down = listener.state()
        listener.server["/hub"] = Answer(status=202)
        listener.wait(minutes=2)

        assert (down, listener.state()) == ("wanted", "asked")

    def test_one_that_says_no_is_left_for_days_and_then_another_is_asked(
        self, listener: Listener
    ) -> None:
        listener.server["/hub"] = Answer(status=403, body=b"not for\r\n you")
        listener.server["/second"] = Answer(status=202)
        second = f'<link rel="hub" href="{listener.server.url("/second")}"/><link rel="self"'
        body = listener.document(1).decode().replace('<link rel="self"', second)
        listener.server["/harbour"] = Answer(body=body.encode())
        listener.sync()
        listener.wait(seconds=5)
        (found,) = listener.service.app.store.subscriptions()
        listener.wait(days=2)
        listener.wait(days=2)

        assert (found.state, found.reason) == ("denied", "its hub answered 403: not for you")
        assert len(listener.asked()) == 1
        (request,) = listener.server.asked("/second")
        assert values(request.body)["secret"] != listener.asked()[0]["secret"]

    def test_parts_of_a_second_do_not_matter(self, listener: Listener) -> None:
        listener.service.clock.tick(milliseconds=321)
        listener.server["/hub"] = Answer(status=500)
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)
        failed = listener.state()
        listener.server["/hub"] = Answer(status=202)
        listener.wait(minutes=2, milliseconds=456)
        agreed = listener.verify()

        assert (failed, agreed.status, listener.state()) == ("wanted", 200, "active")

    def test_status_says_why_a_hub_does_not_tell(
        self, listener: Listener, capsys: pytest.CaptureFixture[str]
    ) -> None:
        listener.server["/hub"] = Answer(status=403, body=b"members only")
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)
        store = listener.service.app.store
        (one,) = store.subscriptions()
        store.ping(one.source, datetime(2999, 1, 1, tzinfo=UTC))  # else it is late by now

        main(["-C", str(listener.service.root), "status"])

        told = "not told by its hub: its hub answered 403: members only"
        assert told in capsys.readouterr().out

    def test_the_secret_is_in_neither_status_nor_log(
        self, listener: Listener, caplog: pytest.LogCaptureFixture
    ) -> None:
        from feedsvc.cli.standing import of_all

        caplog.set_level("DEBUG")
        listener.begin()
        listener.deliver(b"forged", secret="another")
        listener.deliver(listener.document(1, 2))
        asked = listener.asked()[-1]
        (status,) = of_all(listener.service.app)
        told = json.dumps([status, *(record.getMessage() for record in caplog.records)])

        assert asked["secret"] not in told
        assert asked["callback"].rpartition("/")[2] not in told
        assert status["push"]["state"] == "active"
        assert status["push"]["hub"] == listener.server.url("/hub")


class TestVerification:
    def test_consent_is_the_challenge_and_nothing_else(self, listener: Listener) -> None:
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        reply = listener.verify(challenge="<script>ä&=")

        assert (reply.status, reply.body) == (200, "<script>ä&=".encode())
        headers = dict(reply.headers)
        assert headers["content-type"].startswith("text/plain")
        assert headers["x-content-type-options"] == "nosniff"
        assert listener.state() == "active"

    @pytest.mark.parametrize(
        "forged",
        [
            pytest.param({"topic": "https://else.example.org/"}, id="another-topic"),
            pytest.param({"mode": "unsubscribe"}, id="another-mode"),
            pytest.param({"mode": ""}, id="no-mode"),
            pytest.param({"challenge": ""}, id="no-challenge"),
            pytest.param({"challenge": "x" * 2_000}, id="a-book-for-a-challenge"),
        ],
    )
    def test_what_we_did_not_ask_for_is_denied(
        self, listener: Listener, forged: dict[str, str]
    ) -> None:
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)

        reply = listener.verify(**forged)

        assert reply.status == 404
        assert listener.state() == "asked"

    def test_another_token_is_no_callback_of_ours(self, listener: Listener) -> None:
        listener.put(1)
        listener.sync()
        listener.wait(seconds=5)
        forged = f"{SITE}/_websub/callback/{'x' * 32}"

        asked = listener.call(query="hub.mode=subscribe&hub.challenge=c", callback=forged)
        brought = listener.call("POST", body=b"x", callback=forged)

        assert (asked.status, brought.status) == (404, 410)

    def test_what_was_not_asked_lately_is_not_agreed_to(self, listener: Listener) -> None:
        listener.begin()
        again = listener.verify()
        listener.service.clock.tick(hours=1)
        later = listener.verify(lease_seconds="99999999")

        assert (again.status, later.status) == (200, 404)

    def test_a_denied_one_is_left_for_days(self, listener: Listener) -> None:
        listener.begin()
        query = f"hub.mode=denied&hub.topic={listener.topic}&hub.reason=full"

        reply = listener.call(query=query)

        assert reply.status == 200
        (found,) = listener.service.app.store.subscriptions()
        assert (found.state, found.reason) == ("denied", "its hub denied it: full")
        assert found.due - listener.service.clock.now() > timedelta(days=2)

    def test_another_method_is_none(self, listener: Listener) -> None:
        listener.begin()

        assert listener.call("DELETE").status == 405
        assert listener.call("HEAD").status == 405


class TestRenewal:
    def test_it_is_renewed_before_it_ends(self, listener: Listener) -> None:
        listener.begin()
        for _ in range(40):
            listener.wait(hours=12)
            if len(listener.asked()) > 1 and listener.state() == "active":
                listener.verify()

        asked = listener.server.asked("/hub")
        gaps = [b.at - a.at for a, b in pairwise(asked)]
        assert len(asked) == 3
        assert all(timedelta(days=8) <= gap <= timedelta(days=9.5) for gap in gaps)
        assert len({values(request.body)["callback"] for request in asked}) == 1
        assert listener.state() == "active"

    def test_one_that_ends_is_asked_for_anew_and_the_source_at_once(
        self, listener: Listener
    ) -> None:
        listener.begin()
        listener.deliver(listener.document(1, 2))
        far = listener.due()
        listener.server["/hub"] = Raw([], reset=True)
        for _ in range(12):
            listener.wait(days=1)

        assert far >= 12
        assert listener.state() == "wanted"
        assert listener.due() <= 0


class TestLeaving:
    @pytest.mark.parametrize("how", ["paused", "removed", "no-hub", "switched-off"])
    def test_what_is_no_longer_wanted_is_given_up(self, listener: Listener, how: str) -> None:
        listener.begin()
        callback = listener.asked()[-1]["callback"]
        secret = listener.asked()[-1]["secret"]
        now = listener.service.clock.now()
        if how == "paused":
            listener.service.app.store.pause("harbour", now)
        elif how == "removed":
            from tests.websub.conftest import BASE

            other = '[[source]]\nname = "other"\npath = "articles"\n'
            listener.service.configure(f"{BASE}\n[websub]\nsubscribe = true\n{other}")
            listener.service.app.attend(lambda: None)
            listener.service.app.sources()
        elif how == "switched-off":
            listener.configure(websub="subscribe = false")
        else:
            listener.put(1, 2, hub="")
            listener.sync()
        listener.wait(seconds=5)

        asked = listener.asked()[-1]
        assert (asked["mode"], asked["topic"]) == ("unsubscribe", listener.topic)
        assert asked["callback"] == callback
        brought = listener.deliver(listener.document(9), secret=secret)
        assert brought.status == 410
        forged = listener.verify(mode="subscribe")
        agreed = listener.verify(mode="unsubscribe")
        assert (forged.status, agreed.status, agreed.body) == (404, 200, b"c-1")
        assert listener.service.app.store.subscriptions() == ()

    def test_a_hub_that_never_asks_back_is_left_all_the_same(self, listener: Listener) -> None:
        listener.begin()
        listener.service.app.store.pause("harbour", listener.service.clock.now())
        for _ in range(8):
            listener.wait(minutes=11)

        assert listener.state() is None
        assert [asked["mode"] for asked in listener.asked()] == ["subscribe", *["unsubscribe"] * 3]

    def test_a_source_with_another_hub_leaves_the_first_and_asks_the_new_one(
        self, listener: Listener
    ) -> None:
        listener.begin()
        first = listener.asked()[0]
        listener.server["/new"] = Answer(status=202)
        listener.put(1, 2, hub=listener.server.url("/new"))
        listener.sync()
        listener.wait(seconds=5)
        listener.verify(mode="unsubscribe")
        listener.wait(seconds=5)

        (request,) = listener.server.asked("/new")
        new = values(request.body)
        assert new["callback"] != first["callback"]
        assert new["secret"] != first["secret"]


class TestNews:
    @pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
    def test_what_a_hub_brings_is_taken_in_at_once(self, listener: Listener, method: str) -> None:
        listener.begin()
        before = len(listener.server.asked("/harbour"))

        reply = listener.deliver(listener.document(1, 2), method=method)

        assert reply.status == 202
        assert listener.titles() == {"Story 1", "Story 2"}
        assert len(listener.server.asked("/harbour")) == before

    @pytest.mark.parametrize(
        ("header", "before"),
        [
            pytest.param("x_hub_signature_256", "", id="in-the-newer-header-alone"),
            pytest.param("x_hub_signature", "sha512/256=00, ", id="beside-one-of-another-kind"),
        ],
    )
    def test_one_good_signature_is_enough(
        self, listener: Listener, header: str, before: str
    ) -> None:
        listener.begin()
        body = listener.document(1, 2)
        signature = before + signed(listener.asked()[-1]["secret"], body)

        listener.call("POST", "", body, **{header: signature})

        assert listener.titles() == {"Story 1", "Story 2"}

    def test_another_feed_than_the_source_is_a_reason_to_ask(self, listener: Listener) -> None:
        listener.begin()
        other = listener.document(7).replace(b"2025:feed", b"2025:another")

        reply = listener.deliver(other)

        assert reply.status == 202
        assert listener.titles() == {"Story 1"}
        assert listener.due() <= 0
        listener.put(1, 2)
        listener.sync(force=False)
        assert listener.titles() == {"Story 1", "Story 2"}

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param({}, id="unsigned"),
            pytest.param({"x_hub_signature": "sha256=" + "0" * 64}, id="of-another"),
            pytest.param({"x_hub_signature": "none"}, id="none-at-all"),
            pytest.param({"x_hub_signature_256": "sha256=" + "0" * 64}, id="in-another-header"),
        ],
    )
    def test_what_is_forged_is_answered_and_ignored(
        self, listener: Listener, signature: dict[str, str]
    ) -> None:
        listener.begin()
        due = listener.due()

        reply = listener.call("POST", "", listener.document(1, 2), **signature)

        assert reply.status == 202
        assert listener.titles() == {"Story 1"}
        assert listener.due() == due

    def test_it_is_the_same_as_what_the_source_answers(self, listener: Listener) -> None:
        listener.begin()
        listener.deliver(listener.document(1, 2))
        listener.put(1, 2)
        before = listener.service.stored()
        listener.sync()

        assert listener.service.stored() == before
        assert listener.service.app.store.source("harbour").state == "ok"

    def test_what_it_was_asked_with_stays(self, listener: Listener) -> None:
        listener.server["/harbour"] = Page(body=listener.document(1))
        listener.sync()
        listener.wait(seconds=5)
        listener.verify()
        before = listener.service.app.store.memories()["harbour"]

        listener.deliver(listener.document(1, 2))

        after = listener.service.app.store.memories()["harbour"]
        assert after._replace(digest=b"") == before._replace(digest=b"")
        assert after.etag
        assert after.digest != before.digest

    def test_a_hub_that_brings_only_what_is_new_takes_nothing_away(
        self, listener: Listener
    ) -> None:
        listener.begin(1, 2, 3)

        listener.deliver(listener.document(4, hub=""))
        listener.wait(seconds=10)

        assert listener.titles() == {f"Story {n}" for n in (1, 2, 3, 4)}
        assert listener.state() == "active"

    def test_a_source_that_takes_entries_back_is_asked_itself(self, listener: Listener) -> None:
        listener.configure('on_delete = "withdraw"')
        listener.begin(1, 2, 3)
        listener.put(1, 2, 3, 4)

        listener.deliver(listener.document(4))
        asked_at_once = listener.due() <= 0
        listener.sync(force=False, minutes=0.1)

        assert asked_at_once
        assert listener.titles() == {f"Story {n}" for n in (1, 2, 3, 4)}
        assert listener.due() >= 12

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"<html><body>busy</body></html>", id="a-page"),
            pytest.param(b"\x00\x01\x02", id="bytes"),
            pytest.param(b"<feed><entry>", id="half-a-feed"),
        ],
    )
    def test_what_cannot_be_read_is_a_reason_to_ask(self, listener: Listener, body: bytes) -> None:
        listener.begin()

        reply = listener.deliver(body)

        row = listener.service.app.store.source("harbour")
        assert reply.status == 202
        assert listener.due() <= 0
        assert (row.state, row.failures) == ("ok", 0)

    def test_a_document_that_is_too_large_is_a_reason_to_ask(self, listener: Listener) -> None:
        listener.configure('max_bytes = "2KiB"')
        listener.begin()

        listener.deliver(listener.document(1, 2, text="x" * 4_000))

        assert listener.titles() == {"Story 1"}
        assert listener.due() <= 0

    def test_nothing_keeps_news_from_being_taken_in(self, listener: Listener) -> None:
        listener.begin()
        wait = {"Retry-After": "86400"}
        listener.server["/harbour"] = Answer(status=503, headers=wait)
        listener.sync()
        failing = listener.service.app.store.source("harbour").state

        listener.deliver(listener.document(1, 2))

        assert failing == "failing"
        assert listener.titles() == {"Story 1", "Story 2"}
        assert listener.service.app.store.source("harbour").state == "ok"

    def test_a_hub_that_never_stops_is_read_now_and_then(self, listener: Listener) -> None:
        listener.begin()
        for number in range(2, 28):
            listener.deliver(listener.document(number))
        taken = len(listener.titles())
        listener.put(*range(1, 28))
        listener.sync(force=False, minutes=0.2)

        assert taken == 11
        assert len(listener.titles()) == 27

    def test_a_ping_is_not_followed_by_a_request_each_time(self, listener: Listener) -> None:
        listener.begin()
        before = len(listener.server.asked("/harbour"))
        for _ in range(10):
            listener.deliver(b"")
            listener.sync(force=False, minutes=1 / 60)

        assert len(listener.server.asked("/harbour")) - before <= 3

    def test_one_that_is_asked_just_now_is_brought_again(self, listener: Listener) -> None:
        listener.begin()
        store = listener.service.app.store
        row = store.source("harbour")
        with store.lock("sync-5"):
            assert store.claim([row], "5-0123456789ab", ())
            busy = listener.deliver(listener.document(1, 2))
        store.release("5-0123456789ab")

        later = listener.deliver(listener.document(1, 2))

        assert (busy.status, later.status) == (503, 202)
        assert listener.titles() == {"Story 1", "Story 2"}


class TestPolling:
    def test_it_is_polled_less_while_its_hub_tells_of_news(self, listener: Listener) -> None:
        listener.begin()
        before = listener.due()
        listener.deliver(listener.document(1, 2))
        after = listener.due()
        listener.put(1, 2)
        listener.sync(minutes=13 * 60)

        assert before <= 0.25
        assert after >= 12
        assert listener.due() >= 12

    def test_a_hub_that_was_never_heard_is_not_relied_on(self, listener: Listener) -> None:
        listener.begin()
        listener.sync()

        assert listener.due() <= 0.25

    def test_a_hub_that_missed_something_is_not_relied_on_until_it_tells_again(
        self, listener: Listener
    ) -> None:
        listener.begin()
        listener.deliver(listener.document(1, 2))
        listener.put(1, 2, 3)
        listener.sync(minutes=13 * 60)
        missed = listener.due()
        listener.sync(minutes=20)
        still = listener.due()
        listener.deliver(listener.document(1, 2, 3, 4))

        assert (missed <= 0.25, still <= 0.25) == (True, True)
        assert listener.due() >= 12

    def test_a_hub_that_does_not_renew_is_not_relied_on(self, listener: Listener) -> None:
        listener.begin()
        listener.deliver(listener.document(1, 2))
        listener.put(1, 2)
        listener.sync()
        assert listener.due() >= 11
        listener.server["/hub"] = Answer(status=502)

        listener.wait(days=9, hours=1)  # its lease lasts
        once = listener.service.app.store.subscriptions()[0].heard
        listener.wait(minutes=2)
        listener.sync(force=False)

        assert once is not None
        assert listener.state() == "active"
        assert listener.due() < 1
        listener.deliver(listener.document(1, 2, 3))
        listener.sync()
        assert listener.due() >= 11

    def test_a_longer_interval_stays(self, listener: Listener) -> None:
        listener.configure('every = "2d"')
        listener.begin()
        listener.deliver(listener.document(1, 2))

        assert listener.due() >= 48

    def test_what_hubs_told_while_we_were_away_is_asked_for(self, listener: Listener) -> None:
        listener.begin()
        listener.deliver(listener.document(1, 2))
        listener.service.restart()
        listener.service.clock.tick(minutes=1)

        listener.service.app.attend(lambda: None)

        assert listener.due() <= 0
