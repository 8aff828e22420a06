"""`--public`, against servers that misbehave in one way each; a good one is told to be good."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

import pytest

from feedsvc.app.doctor import Outcome
from tests.app.doctor.conftest import Host, Twist, Ward, with_fields
from tests.feedserver import Answer, Raw, Request, moved

CHALLENGE = b"<!DOCTYPE html><html><title>Just a moment...</title><p>Checking your browser</html>"


def test_a_good_server_has_nothing_to_be_said_of(visitor: Ward) -> None:
    found = visitor.look("public")

    assert {check.outcome for check in found.values()} == {Outcome.OK, Outcome.SKIPPED}
    skipped = {name for name, check in found.items() if check.outcome is Outcome.SKIPPED}
    assert skipped == {"public.certificate", "public.ipv6", "public.http", "public.www"}


def test_a_good_server_is_asked_for_every_document_and_by_every_kind_of_program(
    visitor: Ward, host: Host
) -> None:
    visitor.look("public")

    log = host.server.log
    asked = {request.path.rpartition("/")[2] for request in log}
    assert asked == {
        "atom.xml",
        "rss.xml",
        "feed.json",
        "opml.xml",
        "sitemap.xml",
        "robots.txt",
        "",
    }
    agents = {request.headers.get("user-agent", "") for request in log}
    assert "" in agents
    assert any(agent.startswith("Mozilla/5.0 (X11") for agent in agents)
    assert any("Feedly" in agent for agent in agents)
    assert {request.method for request in log} == {"GET", "HEAD"}
    assert len(log) < 90


def bots(status: int, body: bytes = b"no", **fields: str) -> Twist:
    """A server that answers so to whoever is no browser."""

    def twist(asked: Request, answer: Answer) -> Answer:
        if asked.headers.get("user-agent", "").startswith(("Mozilla/5.0 (X11", "feedsvc")):
            return answer
        return Answer(status=status, body=body, headers={"Content-Type": "text/html", **fields})

    return twist


def every(status: int, body: bytes = b"no") -> Twist:
    return lambda asked, answer: Answer(status=status, body=body)


def fields(**changed: str | None) -> Twist:
    return lambda asked, answer: with_fields(answer, **changed)


def only(path: str, twist: Twist) -> Twist:
    def some(asked: Request, answer: Answer) -> Answer | Raw:
        return twist(asked, answer) if asked.path == path else answer

    return some


def unconditional(asked: Request, answer: Answer) -> Answer:
    """Leaves the body out of nothing."""
    return replace(answer, status=200, body=b"same") if answer.status == 304 else answer


def same_body(asked: Request, answer: Answer) -> Answer:
    """A server that has no 304."""
    known = {"if-none-match", "if-modified-since"} & asked.headers.keys()
    if not known or answer.status != 304:
        return replace(answer, body=b"<feed/>", headers=_without_coding(answer))
    return Answer(body=b"<feed/>", headers=_without_coding(answer))


def _without_coding(answer: Answer) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k != "Content-Encoding"}


class Counting:
    """A server whose ETag is another one each time."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, asked: Request, answer: Answer) -> Answer:
        self.number += 1
        return with_fields(answer, ETag=f'"{self.number}"')


def unpacked(asked: Request, answer: Answer) -> Answer:
    """A server that compresses nothing."""
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(answer.body)
        return with_fields(replace(answer, body=body), Content_Encoding=None)
    return answer


def packed_for_all(asked: Request, answer: Answer) -> Answer:
    """A server that compresses for everybody."""
    if answer.status != 200 or "Content-Encoding" in answer.headers:
        return answer
    return with_fields(replace(answer, body=gzip.compress(answer.body)), Content_Encoding="gzip")


def weak_when_packed(asked: Request, answer: Answer) -> Answer:
    tag = answer.headers.get("ETag", "")
    return with_fields(answer, ETag=f"W/{tag}") if "-gzip" in tag else answer


def none_when_packed(asked: Request, answer: Answer) -> Answer:
    packed = "gzip" in asked.headers.get("accept-encoding", "")
    return with_fields(answer, ETag=None) if packed else answer


def edited(**more: str) -> Twist:
    """A server in front of which a cache gives out another version."""

    def twist(asked: Request, answer: Answer) -> Answer:
        answer = unpacked(asked, answer)
        if answer.status != 200 or not asked.path.endswith("atom.xml"):
            return answer
        return with_fields(replace(answer, body=answer.body.replace(b"sails", b"sank.")), **more)

    return twist


def no_head(asked: Request, answer: Answer) -> Answer:
    return Answer(status=405) if asked.method == "HEAD" else answer


def other_head(asked: Request, answer: Answer) -> Answer:
    return with_fields(answer, Content_Type="text/plain") if asked.method == "HEAD" else answer


def robots(text: str) -> Twist:
    return only("/robots.txt", lambda asked, answer: Answer(body=text.encode()))


def slow(seconds: float) -> Twist:
    return only("/all/rss.xml", lambda asked, answer: replace(answer, delay=seconds))


BOT = "Feedly gets 403 (a Cloudflare challenge) where a browser gets all/atom.xml"
OLD = "Thu, 01 Jan 2009 00:00:00 GMT"


@pytest.mark.parametrize(
    ("twist", "name", "outcome", "words", "way_out"),
    [
        # who is refused
        pytest.param(bots(403, CHALLENGE), "public.readers", "failed", BOT, "skip bot fight",
                     id="bots-are-challenged"),
        pytest.param(bots(503, b"Wait", **{"Cf-Mitigated": "challenge"}), "public.readers",
                     "failed", "Feedly gets 503 (a Cloudflare challenge)", "Cloudflare",
                     id="bots-are-challenged-by-a-header"),
        pytest.param(bots(200, CHALLENGE), "public.readers", "failed",
                     "Feedly gets a Cloudflare challenge", "Cloudflare",
                     id="a-challenge-that-says-200"),
        pytest.param(bots(200, b"<html><p>Please solve the captcha</html>"), "public.readers",
                     "failed", "Feedly gets a captcha", "readers run no scripts", id="a-captcha"),
        pytest.param(bots(200, b"<html><p>Welcome!</html>"), "public.readers", "failed",
                     "a page that is no feed", "firewall", id="bots-get-a-page"),
        pytest.param(bots(401), "public.readers", "failed", "Feedly gets 401", "firewall",
                     id="bots-need-a-password"),
        pytest.param(
            lambda asked, answer: answer if asked.headers.get("user-agent")
            else Answer(status=403), "public.readers", "warning",
            "a program without a name gets 403", "old readers", id="nameless-programs-are-refused"),
        pytest.param(
            lambda asked, answer: Answer(status=403)
            if "X11" in asked.headers.get("user-agent", "") else answer,
            "public.readers", "failed", "a browser gets 403", "firewall",
            id="browsers-are-refused"),
        # what is not there
        pytest.param(only("/all/rss.xml", every(404)), "public.documents", "failed",
                     "1 of 11 documents cannot be read: all/rss.xml answers 404", "base_url",
                     id="one-is-not-there"),
        pytest.param(only("/all/atom.xml", every(403, CHALLENGE)), "public.documents", "failed",
                     "all/atom.xml answers 403", "Cloudflare", id="one-is-refused"),
        pytest.param(only("/all/atom.xml", every(502)), "public.documents", "failed", "502",
                     "does not reach feedsvc", id="the-proxy-does-not-reach-us"),
        pytest.param(every(401), "public.documents", "failed", "401", "asks for a password",
                     id="all-need-a-password"),
        pytest.param(every(500), "public", "failed", "answers 500", "log of the web server",
                     id="the-server-fails"),
        # redirects
        pytest.param(
            lambda asked, answer: moved("/all/rss.xml?x", 302)
            if asked.path == "/all/rss.xml" else answer, "public.redirects", "warning",
            "all/rss.xml is redirected to", "redirect with 301", id="for-now"),
        pytest.param(
            lambda asked, answer: moved("/all/rss.xml?x", 301)
            if asked.path == "/all/rss.xml" else answer, "public.redirects", "warning",
            "(301)", "set base_url", id="for-good"),
        pytest.param(
            lambda asked, answer: moved(asked.path, 301) if asked.path == "/all/rss.xml"
            else answer, "public.documents", "failed", "in a circle", "web server", id="a-circle"),
        # types
        pytest.param(only("/all/atom.xml", fields(Content_Type="text/html")), "public.types",
                     "failed", "all/atom.xml is sent as text/html", "application/atom+xml",
                     id="html"),
        pytest.param(only("/all/rss.xml", fields(Content_Type="text/plain")), "public.types",
                     "failed", "all/rss.xml is sent as text/plain", "application/rss+xml",
                     id="plain-text"),
        pytest.param(only("/all/feed.json", fields(Content_Type=None)), "public.types", "failed",
                     "nothing that is named", "application/feed+json", id="no-type"),
        pytest.param(only("/all/atom.xml", fields(Content_Type="text/xml")), "public.types",
                     "warning", "all/atom.xml not sent as what it is", "nginx", id="xml"),
        pytest.param(
            only("/all/atom.xml", fields(Content_Type="application/atom+xml; charset=iso-8859-1")),
            "public.types", "failed", "sent as iso-8859-1, and is UTF-8", "charset=utf-8",
            id="another-charset"),
        # copies
        pytest.param(edited(Last_Modified=OLD, Age="7200", CF_Cache_Status="HIT"), "public.fresh",
                     "failed", "answered by Cloudflare (HIT) as it was", "empty the cache",
                     id="an-old-copy"),
        pytest.param(edited(Last_Modified=OLD), "public.fresh", "failed", "as it was",
                     "an old copy of it", id="another-directory"),
        pytest.param(edited(), "public.fresh", "failed", "other bytes than lie here", "minify",
                     id="rewritten-on-the-way"),
        pytest.param(only("/all/atom.xml", lambda asked, answer: replace(
            unpacked(asked, answer), body=b"<feed><title>x</title></feed>")), "public.valid",
            "failed", "all/atom.xml: ", "feedsvc validate", id="invalid"),
        # what it costs
        pytest.param(same_body, "public.not-modified", "warning", "is sent again (200)",
                     "every time", id="no-304"),
        pytest.param(fields(ETag=None, Last_Modified=None), "public.not-modified", "warning",
                     "without ETag and Last-Modified", "gzip modules", id="no-validators"),
        pytest.param(
            lambda asked, answer: replace(answer, status=304, body=b"")
            if "if-none-match" in asked.headers else answer, "public.not-modified", "failed",
            "304 to who has another version", "cache", id="always-304"),
        pytest.param(Counting(), "public.etag", "warning", "another ETag each time", "servers",
                     id="another-etag-each-time"),
        pytest.param(weak_when_packed, "public.etag", "warning", "a weak ETag", "gzip_static",
                     id="weak-when-compressed"),
        pytest.param(none_when_packed, "public.etag", "warning", "loses its ETag", "gzip_static",
                     id="lost-when-compressed"),
        pytest.param(fields(ETag="abc"), "public.etag", "warning", "without quotes", "RFC 9110",
                     id="no-quotes"),
        pytest.param(unpacked, "public.compression", "warning", "is sent uncompressed",
                     "gzip_types", id="no-compression"),
        pytest.param(packed_for_all, "public.compression", "failed",
                     "sent in gzip to programs that did not ask", "Accept-Encoding",
                     id="compressed-for-all"),
        pytest.param(fields(Vary=None), "public.compression", "warning", "without Vary",
                     "gzip_vary", id="no-vary"),
        pytest.param(fields(Cache_Control="no-store"), "public.caching", "warning",
                     "may not be kept (Cache-Control: no-store)", "max-age=300", id="no-store"),
        pytest.param(fields(Cache_Control="no-cache"), "public.caching", "warning",
                     "may not be kept", "max-age=300", id="no-cache"),
        pytest.param(fields(Cache_Control="public, max-age=604800"), "public.caching", "warning",
                     "for 7 days", "max-age=300", id="kept-for-a-week"),
        pytest.param(fields(Cache_Control="max-age=60, s-maxage=86400"), "public.caching",
                     "warning", "for 24 hours", "max-age=300", id="kept-by-a-cdn-for-a-day"),
        pytest.param(no_head, "public.head", "warning", "answers 405, GET 200", "RFC 9110",
                     id="no-head"),
        pytest.param(other_head, "public.head", "warning", "another content-type", "RFC 9110",
                     id="another-head"),
        # robots.txt
        pytest.param(robots("User-agent: *\nDisallow: /all/\n"), "public.robots", "warning",
                     "forbids /all/atom.xml to everybody", "Allow: /all/atom.xml",
                     id="robots-are-not-wanted"),
        pytest.param(robots("User-agent: Feedly\nDisallow: /\n"), "public.robots", "warning",
                     "to Feedly", "Allow", id="feedly-is-not-wanted"),
        pytest.param(only("/robots.txt", every(503)), "public.robots", "warning", "answers 503",
                     "404", id="robots-txt-fails"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_server_that(
    twist: Twist, name: str, outcome: str, words: str, way_out: str, visitor: Ward, host: Host
) -> None:
    host.twist = twist

    found = visitor.look("public")

    check = found[name]
    assert (check.outcome.value, check.exit_code) == (outcome, 5 if outcome == "failed" else 0)
    assert words in check.message
    assert way_out in (check.hint or "")


@pytest.mark.parametrize(
    ("twist", "name"),
    [
        pytest.param(bots(403), "public.documents", id="bots-are-refused-what-we-get"),
        pytest.param(fields(Content_Type=None), "public.fresh", id="a-wrong-type-is-no-old-copy"),
        pytest.param(fields(Last_Modified=None), "public.not-modified", id="an-etag-is-enough"),
        pytest.param(fields(ETag=None), "public.not-modified", id="a-date-is-enough"),
        pytest.param(fields(Cache_Control=None), "public.caching", id="nothing-said-of-caches"),
        pytest.param(fields(Cache_Control="max-age=3600"), "public.caching", id="an-hour"),
        pytest.param(fields(Cache_Control="no-cache, max-age=300"), "public.caching",
                     id="asked-again-and-kept"),
        pytest.param(edited(Age="60"), "public.fresh", id="a-young-copy"),
        pytest.param(fields(Content_Type="application/atom+xml"), "public.valid",
                     id="no-charset-is-no-error"),
        pytest.param(robots("User-agent: *\nDisallow: /private/\n"), "public.robots",
                     id="robots-are-kept-from-elsewhere"),
        pytest.param(robots("User-agent: *\nDisallow:\n"), "public.robots", id="an-empty-ban"),
        pytest.param(only("/robots.txt", lambda asked, answer: Answer(body=b"<html>Home</html>")),
                     "public.robots", id="a-page-in-its-place"),
        pytest.param(slow(0.3), "public.speed", id="not-so-slow"),
        pytest.param(every(404), "public", id="no-home-page"),
    ],
)  # fmt: skip
def test_nothing_is_said_where(twist: Twist, name: str, visitor: Ward, host: Host) -> None:
    host.twist = twist

    found = visitor.look("public")

    assert found[name].outcome is Outcome.OK, found[name]


def test_slow_answers_are_told(visitor: Ward, host: Host) -> None:
    host.twist = slow(2.3)

    found = visitor.look("public")

    assert found["public.speed"].outcome is Outcome.WARNING
    told = re.fullmatch(r"all/rss.xml took (\d+\.\d) seconds", found["public.speed"].message)
    assert told is not None
    assert float(told[1]) >= 2.3


def test_documents_that_name_another_address(visitor: Ward, host: Host) -> None:
    config = visitor.root / "feedsvc.toml"
    port = host.server.site().port
    config.write_text(config.read_text().replace("127.0.0.1", "localhost", 1))

    found = visitor.look("public")

    assert found["public.links"].outcome is Outcome.FAILED
    assert f"localhost:{port}" in found["public.links"].message
    assert "regenerate --all" in (found["public.links"].hint or "")


def test_the_key_of_a_private_feed_is_asked_for_and_never_told(visitor: Ward, host: Host) -> None:
    from feedsvc.app.doctor import examine

    key = next(path.name for path in (host.public / "members").iterdir() if path.is_dir())
    host.twist = lambda asked, answer: Answer(status=404) if key in asked.path else answer

    checks = examine(visitor.case(public=True))

    told = {check.name: check for check in checks}
    assert "4 of 11" in told["public.documents"].message
    assert "members/***/" in told["public.documents"].message
    assert any(key in request.path for request in host.server.log)
    assert key not in "".join(f"{check.message}{check.hint}" for check in checks)


def test_a_redirect_to_another_private_address_is_not_followed(visitor: Ward, host: Host) -> None:
    inside = host.server.url("/admin", host="127.0.0.9")
    host.twist = only("/all/rss.xml", lambda asked, answer: moved(inside))

    found = visitor.look("public")

    assert "127.0.0.9 is a loopback address" in found["public.documents"].message
    assert not host.server.asked("/admin")


def test_a_site_that_is_not_there(visitor: Ward) -> None:
    config = visitor.root / "feedsvc.toml"
    text = config.read_text()
    start = text.index("http://")
    config.write_text(text.replace(text[start : text.index('"', start)], "http://127.0.0.1:9"))

    found = visitor.look("public")

    assert found["public"].outcome is Outcome.FAILED
    assert "does not answer" in found["public"].message
    assert "public.documents" not in found


def test_nothing_is_asked_for_when_offline(visitor: Ward, host: Host) -> None:
    found = visitor.look("public", offline=True)

    assert found["public"].outcome is Outcome.SKIPPED
    assert not host.server.log


def test_what_is_to_be_there_without_a_store(visitor: Ward, host: Host) -> None:
    for path in (visitor.root / "var").iterdir():
        path.unlink()

    found = visitor.look("public")

    assert found["public.documents"].message == "5 documents can be read"
