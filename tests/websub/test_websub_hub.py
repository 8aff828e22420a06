"""Our own hub: who may subscribe, how they are verified, and how they are told."""

from __future__ import annotations

import hmac
import json
from urllib.parse import urlencode, urlsplit

import pytest

from feedsvc.cli.main import main
from feedsvc.ports import Call
from tests.feedserver import Answer, InTurn, Raw, Request, Respond
from tests.websub.conftest import HUB, SITE, TOPIC, Newsroom


@pytest.fixture(autouse=True)
def _published(newsroom: Newsroom) -> None:
    newsroom.write("First")
    newsroom.errands()


class TestRequests:
    @pytest.mark.parametrize(
        ("told", "status", "reason"),
        [
            pytest.param({"topic": ""}, 400, "hub.topic", id="no-topic"),
            pytest.param({"callback": ""}, 400, "hub.callback", id="no-callback"),
            pytest.param({"callback": "ftp://r.example.org/"}, 400, "http", id="another-scheme"),
            pytest.param({"callback": "/reader"}, 400, "http", id="a-relative-callback"),
            pytest.param({"callback": "https://"}, 400, "http", id="a-callback-without-a-host"),
            pytest.param(
                {"callback": "https://me:pw@r.example.org/"}, 400, "password", id="credentials"
            ),
            pytest.param(
                {"callback": "https://r.example.org/#x"}, 400, "fragment", id="a-fragment"
            ),
            pytest.param(
                {"callback": f"https://r.example.org/{'x' * 2_048}"}, 400, "2,048", id="too-long"
            ),
            pytest.param({"lease_seconds": "soon"}, 400, "lease", id="a-lease-in-words"),
            pytest.param({"lease_seconds": "-5"}, 400, "lease", id="a-negative-lease"),
            pytest.param({"secret": "x" * 200}, 400, "200 bytes", id="a-long-secret"),
            pytest.param({"secret": "ä" * 100}, 400, "200 bytes", id="a-secret-long-in-bytes"),
            pytest.param({"mode": "dance"}, 400, "hub.mode", id="another-mode"),
            pytest.param(
                {"topic": "https://else.example.org/all/atom.xml"}, 404, "topic", id="foreign"
            ),
            pytest.param({"topic": f"{SITE}/all/index.html"}, 404, "topic", id="a-page"),
            pytest.param({"topic": f"{SITE}/other/atom.xml"}, 404, "topic", id="no-feed-of-ours"),
            pytest.param({"topic": f"{SITE}/all/../all/atom.xml"}, 404, "topic", id="a-detour"),
            pytest.param(
                {"topic": f"{SITE}/../feedsvc.toml"}, 404, "topic", id="beyond-the-output"
            ),
            pytest.param({"topic": f"{TOPIC}?x=1"}, 404, "topic", id="a-query"),
            pytest.param({"topic": f"{TOPIC}.gz"}, 404, "topic", id="a-sidecar"),
            pytest.param({"callback": "http://r.example.org:25/"}, 403, "port", id="a-mail-server"),
            pytest.param({"callback": "http://r.example.org:0/"}, 403, "port", id="port-0"),
            pytest.param({"callback": f"{SITE}/_websub/hub"}, 403, "itself", id="our-own-hub"),
            pytest.param({"callback": "http://news.example.org./x"}, 403, "itself", id="ourselves"),
        ],
    )
    def test_what_cannot_be_is_refused_with_its_reason(
        self, newsroom: Newsroom, told: dict[str, str], status: int, reason: str
    ) -> None:
        form = {"mode": "subscribe", "topic": TOPIC, "callback": "https://r.example.org/cb"} | told

        reply = newsroom.post(urlencode({f"hub.{name}": text for name, text in form.items()}))

        assert reply.status == status
        assert reason in reply.body.decode()
        assert dict(reply.headers)["content-type"].startswith("text/plain")
        assert newsroom.rows("SELECT * FROM subscriber") == []

    @pytest.mark.parametrize(
        "callback",
        [
            "http://10.1.2.3/cb", "http://192.168.0.1:8080/", "http://169.254.169.254/latest/meta-data",
            "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/", "http://0x0a.1/", "http://167772161/",
            "http://100.100.100.200/", "http://0.0.0.0/", "http://[::]/", "http://012.0.0.1/",
        ],
    )  # fmt: skip
    def test_a_callback_at_a_private_address_is_refused(
        self, newsroom: Newsroom, callback: str
    ) -> None:
        reply = newsroom.ask(callback)

        assert reply.status == 403
        assert b"public address" in reply.body
        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_loopback_is_refused_unless_it_is_listed(self, newsroom: Newsroom) -> None:
        from tests.websub.conftest import BASE

        newsroom.configure(base=BASE.replace('["127.0.0.0/8"]', "[]"))

        assert newsroom.ask("http://localhost:8080/cb").status == 403
        assert newsroom.ask("http://127.0.0.1:8080/cb").status == 403

    def test_a_name_that_leads_to_a_private_address_is_never_asked(
        self, newsroom: Newsroom
    ) -> None:
        from feedsvc.app import App

        async def resolve(host: str, port: int) -> list[str]:
            return ["10.0.0.7"]

        app = App(newsroom.service.app.settings, newsroom.service.clock, resolve=resolve)
        newsroom.service.restart()
        newsroom.service._app = app

        assert newsroom.ask("http://inside.example.org/cb").status == 202
        newsroom.errands()

        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_one_cannot_ask_with_anything_but_a_form(self, newsroom: Newsroom) -> None:
        json_body = newsroom.post("{}", **{"content-type": "application/json"})
        large = newsroom.post("hub.mode=subscribe&x=" + "x" * 20_000)
        asked = newsroom.call(Call("GET", "/_websub/hub", "hub.mode=subscribe", {}, b""))

        assert (json_body.status, large.status, asked.status) == (415, 413, 405)
        assert ("allow", "POST") in asked.headers

    def test_a_hub_that_is_off_is_not_there(self, newsroom: Newsroom) -> None:
        newsroom.configure("hub = false\nsubscribe = true")

        assert newsroom.ask().status == 404

    def test_a_publisher_of_ours_need_not_ping_and_another_may_not(
        self, newsroom: Newsroom
    ) -> None:
        ours = newsroom.post(urlencode({"hub.mode": "publish", "hub.url": TOPIC}))
        foreign = newsroom.post(urlencode({"hub.mode": "publish", "hub.url": "https://x.example/"}))
        both = newsroom.post(f"hub.mode=publish&hub.url={TOPIC}&hub.topic=https://x.example/")
        none = newsroom.post("hub.mode=publish")

        assert [reply.status for reply in (ours, foreign, both, none)] == [204, 404, 404, 400]
        assert b"own site" in foreign.body

    def test_a_feed_that_announces_another_hub_is_not_distributed(self, newsroom: Newsroom) -> None:
        feeds = '[[feed]]\nname = "all"\n[[feed]]\nname = "calm"\nwebsub = false\n'
        newsroom.configure(feeds=feeds)
        newsroom.service.sync()

        assert newsroom.ask(topic=f"{SITE}/calm/atom.xml").status == 404
        assert newsroom.ask(topic=f"{SITE}/all/atom.xml").status == 202


class TestFlood:
    def test_one_host_cannot_fill_the_queue(self, newsroom: Newsroom) -> None:
        replies = [newsroom.ask(f"http://victim.example.org/{n}").status for n in range(60)]

        assert replies.count(202) == 50
        assert set(replies[50:]) == {429}
        assert newsroom.ask("http://other.example.org/").status == 202
        assert newsroom.ask("http://victim.example.org/1").status == 202  # it is in it already
        assert newsroom.ask("http://victim.example.org.evil.example/1").status == 202

    def test_what_is_agreed_is_renewed_in_place(self, newsroom: Newsroom) -> None:
        newsroom.reader()
        for _ in range(3):
            newsroom.subscribe()

        assert newsroom.subscribers() == ["/reader"]

    def test_one_client_cannot_fill_it_over_and_over(
        self, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedsvc.websub.allowance.AT_ONCE", 3)
        newsroom.reader()
        newsroom.subscribe()

        def ask(callback: str, client: str | None = "192.0.2.1") -> int:
            form = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": callback}
            return newsroom.post(urlencode(form), client=client).status

        asked = [ask(f"http://r{n}.example.org/") for n in range(5)]

        assert asked == [202, 202, 202, 429, 429]
        assert ask("http://r.example.org/", "192.0.2.2") == 202
        # One of those whom nobody knows has subscribed already.
        assert [ask(f"http://s{n}.example.org/", None) for n in range(3)] == [202, 202, 429]
        assert ask(newsroom.server.url("/reader")) == 202  # who is there already renews
        newsroom.service.clock.tick(seconds=2)
        assert [ask(f"http://t{n}.example.org/") for n in range(3)] == [202, 202, 429]

    def test_all_together_are_bounded(
        self, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedsvc.websub.hub.MOST_PENDING", 3)
        replies = [newsroom.ask(f"http://r{n}.example.org/") for n in range(4)]

        assert [reply.status for reply in replies] == [202, 202, 202, 503]
        assert "retry-after" in dict(replies[3].headers)

    @pytest.mark.parametrize(
        ("limit", "status"),
        [
            pytest.param("MOST_AT_HOST", 429, id="at-a-host"),
            pytest.param("MOST_OF_TOPIC", 503, id="of-a-topic"),
        ],
    )
    def test_subscribers_are_bounded_and_those_there_are_renew(
        self, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, limit: str, status: int
    ) -> None:
        monkeypatch.setattr(f"feedsvc.websub.hub.{limit}", 2)
        for path in ("/a", "/b", "/c"):
            newsroom.reader(path)
        newsroom.subscribe("/a")
        newsroom.subscribe("/b")

        assert newsroom.ask("/c").status == status
        assert newsroom.ask("/a").status == 202
        assert newsroom.ask("/c", topic=f"{SITE}/all/rss.xml").status == 202


class TestVerification:
    def test_the_callback_is_asked_with_its_own_query(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader("/reader")

        newsroom.subscribe("/reader?who=42&x=%20", lease_seconds="86400")

        asked = reader.asked[0]
        assert (asked["who"], asked["x"]) == ("42", " ")
        assert (asked["mode"], asked["topic"], asked["lease_seconds"]) == (
            "subscribe", TOPIC, "86400",
        )  # fmt: skip
        assert len(asked["challenge"]) >= 32
        assert newsroom.subscribers() == ["/reader"]

    def test_each_challenge_is_another(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe()
        newsroom.subscribe()

        assert len({asked["challenge"] for asked in reader.asked}) == 2

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Answer(status=404), id="it-says-no"),
            pytest.param(Answer(body=b"yes, of course"), id="another-body"),
            pytest.param(Answer(body=b""), id="an-empty-body"),
            pytest.param(Answer(status=500), id="it-is-broken"),
            pytest.param(
                lambda request: Answer(
                    status=500, body=request.path.split("challenge=")[1].split("&")[0].encode()
                ),
                id="the-challenge-with-an-error",
            ),
            pytest.param(
                lambda request: Answer(
                    body=b" " + request.path.split("challenge=")[1].split("&")[0].encode()
                ),
                id="the-challenge-and-more",
            ),
        ],
    )
    def test_who_does_not_repeat_the_challenge_is_forgotten(
        self, newsroom: Newsroom, answer: Answer
    ) -> None:
        newsroom.server["/reader"] = answer

        newsroom.subscribe()

        assert newsroom.rows("SELECT * FROM subscriber") == []
        assert len(newsroom.server.asked("/reader")) == 1

    def test_a_redirect_is_a_no_and_not_followed(self, newsroom: Newsroom) -> None:
        elsewhere = newsroom.reader("/elsewhere")

        def leads_away(request: Request) -> Answer:
            place = request.path.replace("/reader", "/elsewhere")
            return Answer(status=302, headers={"Location": newsroom.server.url(place)})

        newsroom.server["/reader"] = leads_away
        newsroom.subscribe()

        assert newsroom.rows("SELECT * FROM subscriber") == []
        assert elsewhere.asked == []

    def test_one_that_cannot_be_reached_is_asked_a_few_times(self, newsroom: Newsroom) -> None:
        newsroom.server["/reader"] = Raw([], reset=True)
        newsroom.subscribe()
        for _ in range(10):
            newsroom.service.clock.tick(minutes=10)
            newsroom.errands()

        assert len(newsroom.server.asked("/reader")) == 4
        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_a_failed_request_leaves_what_was_agreed(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe(secret="first")
        reader.agrees = False

        newsroom.subscribe(secret="forged")
        newsroom.subscribe(mode="unsubscribe")
        newsroom.write("Second")
        newsroom.errands()

        assert newsroom.subscribers() == ["/reader"]
        atom = next(r for r in reader.heard if r.body.startswith(b"<?xml"))
        expected = hmac.new(b"first", atom.body, "sha256").hexdigest()
        assert atom.headers["x-hub-signature"] == f"sha256={expected}"

    def test_who_means_it_is_no_longer_told(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe()

        newsroom.subscribe(mode="unsubscribe")
        newsroom.write("Second")
        newsroom.errands()

        assert [asked["mode"] for asked in reader.asked] == ["subscribe", "unsubscribe"]
        assert "lease_seconds" not in reader.asked[1]
        assert reader.heard == []
        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_nobody_is_asked_for_what_there_is_not(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()

        newsroom.subscribe(mode="unsubscribe")

        assert reader.asked == []

    def test_a_slow_callback_holds_up_no_other(self, newsroom: Newsroom) -> None:
        newsroom.server["/slow"] = Raw([60.0])
        newsroom.reader("/quick")
        newsroom.ask("/slow")
        newsroom.ask("/quick")

        newsroom.errands()

        assert newsroom.subscribers() == ["/quick"]


class TestDelivery:
    def test_the_document_as_published_signed_and_with_its_links(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe(secret="geheim")

        newsroom.write("Second")
        newsroom.errands()

        (heard,) = reader.heard
        assert heard.body == newsroom.service.published("all/atom.xml")
        assert heard.headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert f'<{HUB}>; rel="hub"' in heard.headers["link"]
        assert f'<{TOPIC}>; rel="self"' in heard.headers["link"]
        expected = hmac.new(b"geheim", heard.body, "sha256").hexdigest()
        assert heard.headers["x-hub-signature"] == f"sha256={expected}"
        assert newsroom.outbox() == []

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            pytest.param("rss.xml", "application/rss+xml; charset=utf-8", id="rss"),
            pytest.param("feed.json", "application/feed+json", id="json"),
        ],
    )
    def test_each_format_is_a_topic_of_its_own(
        self, newsroom: Newsroom, name: str, kind: str
    ) -> None:
        reader = newsroom.reader()
        newsroom.subscribe(topic=f"{SITE}/all/{name}")

        newsroom.write("Second")
        newsroom.errands()

        (heard,) = reader.heard
        assert heard.headers["content-type"] == kind
        assert heard.body == newsroom.service.published(f"all/{name}")
        assert "x-hub-signature" not in heard.headers

    def test_nobody_hears_of_what_did_not_change(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe()

        newsroom.service.sync(force=True)
        newsroom.service.regenerate(everything=True)
        newsroom.errands()

        assert reader.heard == []

    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    def test_any_success_means_that_it_was_heard(self, newsroom: Newsroom, status: int) -> None:
        if status == 299:
            newsroom.server["/reader"] = _agreeing(Raw([_answer("299 Fine")]))
        else:
            newsroom.server["/reader"] = _agreeing(Answer(status=status))
        newsroom.subscribe()
        newsroom.write("Second")
        newsroom.errands()

        assert newsroom.outbox() == []

    def test_410_is_a_farewell(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader(status=410)
        newsroom.subscribe()
        newsroom.write("Second")
        newsroom.errands()

        assert len(reader.heard) == 1
        assert newsroom.subscribers() == []
        assert newsroom.outbox() == []

    def test_who_fails_hears_the_newest_later(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader(status=503)
        newsroom.subscribe()
        newsroom.write("Second")
        newsroom.errands()
        newsroom.write("Third")
        reader.status = 200
        newsroom.service.clock.tick(minutes=1)
        newsroom.errands()

        assert b"Third" in reader.heard[-1].body
        assert newsroom.outbox() == []
        assert newsroom.rows("SELECT failures, since FROM subscriber") == [(0, None)]

    def test_a_dead_subscriber_is_retired_with_its_lease_and_the_others_hear_everything(
        self, newsroom: Newsroom
    ) -> None:
        newsroom.reader("/dead", status=500)
        newsroom.server["/hanging"] = _agreeing(Raw([60.0]))
        newsroom.server["/gone"] = _agreeing(Raw([], reset=True))
        for path in ("/dead", "/hanging", "/gone"):
            newsroom.subscribe(path, lease_seconds="432000")
        alive = newsroom.reader("/alive")
        newsroom.subscribe("/alive", lease_seconds="2592000")
        for day in range(8):
            newsroom.write(f"Day {day}")
            newsroom.errands()
            newsroom.service.clock.tick(hours=16)
        newsroom.errands()

        assert newsroom.subscribers() == ["/alive"]
        assert len(alive.heard) == 8
        assert all(f"Day {n}".encode() in heard.body for n, heard in enumerate(alive.heard))
        assert newsroom.outbox() == []

    def test_who_fails_for_days_hears_the_next_news_while_its_lease_lasts(
        self, newsroom: Newsroom
    ) -> None:
        reader = newsroom.reader(status=500)
        newsroom.subscribe()
        newsroom.write("Second")
        for hours in (73, 1, 12):
            newsroom.errands()
            newsroom.service.clock.tick(hours=hours)
        assert len(reader.heard) == 2

        reader.status = 204
        newsroom.write("Third")
        assert newsroom.service.app.errands_due()
        newsroom.errands()

        assert b"Third" in reader.heard[-1].body
        assert newsroom.outbox() == []

    def test_who_did_not_hear_the_last_news_is_not_told_among_the_first(
        self, newsroom: Newsroom
    ) -> None:
        newsroom.reader("/dead", status=500)
        newsroom.reader("/alive")
        for path in ("/dead", "/alive"):
            newsroom.subscribe(path)
        newsroom.write("Second")
        newsroom.errands()
        store, now = newsroom.service.app.store, newsroom.service.clock.now
        newsroom.service.clock.tick(hours=80)
        newsroom.errands()  # it is given up
        newsroom.write("Third")
        store.fan_out({TOPIC: (TOPIC,)}, now())

        first = store.outbox_take(now(), again=False, limit=9)
        again = store.outbox_take(now(), again=True, limit=9)

        known = store.subscribers([int(one.word.target) for one in (*first, *again)])
        places = [
            {urlsplit(known[int(one.word.target)].callback).path for one in some}
            for some in (first, again)
        ]
        assert places == [{"/alive"}, {"/dead"}]

    @pytest.mark.parametrize(
        "pieces",
        [
            pytest.param([b"x" * 65_536] * 8, id="much"),
            pytest.param([b"x", 60.0], id="slowly"),
            pytest.param([], id="and-breaks-off"),
        ],
    )
    def test_what_a_subscriber_says_beside_its_yes_is_ignored(
        self, newsroom: Newsroom, pieces: list[bytes | float]
    ) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"
        newsroom.server["/talker"] = _agreeing(Raw([head, *pieces], reset=not pieces))
        newsroom.subscribe("/talker")
        newsroom.write("Second")
        newsroom.errands()

        assert newsroom.outbox() == []

    def test_a_lease_that_ended_ends_what_is_told(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe(lease_seconds="300")
        newsroom.service.clock.tick(minutes=6)
        newsroom.write("Second")
        newsroom.errands()

        assert reader.heard == []
        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_two_subscribers_at_one_address_are_two(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe("/reader?a")
        newsroom.subscribe("/reader?b")
        newsroom.write("Second")
        newsroom.errands()

        assert sorted(r.path for r in reader.heard) == ["/reader?a", "/reader?b"]

    def test_who_subscribes_a_feed_that_is_removed_is_told_so(self, newsroom: Newsroom) -> None:
        reader = newsroom.reader()
        newsroom.subscribe()
        newsroom.configure(feeds='[[feed]]\nname = "other"\n')
        newsroom.service.sync()
        newsroom.errands()

        told = reader.asked[-1]
        assert (told["mode"], told["topic"]) == ("denied", TOPIC)
        assert told["reason"]
        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_a_dead_subscriber_of_a_removed_feed_is_forgotten_all_the_same(
        self, newsroom: Newsroom
    ) -> None:
        newsroom.reader()
        newsroom.subscribe()
        newsroom.server["/reader"] = Raw([], reset=True)
        newsroom.configure(feeds='[[feed]]\nname = "other"\n')
        newsroom.service.sync()
        for _ in range(6):
            newsroom.errands()
            newsroom.service.clock.tick(minutes=10)

        assert newsroom.rows("SELECT * FROM subscriber") == []

    def test_an_operator_sees_how_many_hear_of_a_feed(
        self, newsroom: Newsroom, capsys: pytest.CaptureFixture[str]
    ) -> None:
        newsroom.reader("/alive")
        newsroom.reader("/dead", status=500)
        for path in ("/alive", "/dead"):
            newsroom.subscribe(path)
        newsroom.write("Second")
        newsroom.errands()
        newsroom.rows("UPDATE subscriber SET lease_until = 9999999999")

        main(["-C", str(newsroom.service.root), "feed", "show", "all", "--json"])

        shown = json.loads(capsys.readouterr().out)["feed"]
        assert shown["subscribers"] == {"told": 2, "unreachable": 1}

    def test_no_secret_is_told_to_anyone(
        self, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        newsroom.reader(status=500)
        newsroom.subscribe(secret="sehr-geheim")
        newsroom.write("Second")

        said = newsroom.errands()

        told = json.dumps([said, *(record.getMessage() for record in caplog.records)])
        assert "sehr-geheim" not in told
        assert newsroom.service.app.store.outbox_problems() == ()


def _agreeing(brought: Answer | Raw) -> Respond:
    """A subscriber that agrees to everything, and answers this to news."""

    def answer(request: Request) -> Answer | Raw:
        if request.method == "POST":
            return brought
        return Answer(body=request.path.split("challenge=")[1].split("&")[0].encode())

    return answer


def _answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def test_a_slow_start_is_no_end(newsroom: Newsroom) -> None:
    reader = newsroom.reader()
    newsroom.server["/late"] = InTurn(Raw([], reset=True), reader)

    newsroom.subscribe("/late")
    newsroom.service.clock.tick(seconds=5)
    newsroom.errands()

    assert newsroom.subscribers() == ["/late"]
