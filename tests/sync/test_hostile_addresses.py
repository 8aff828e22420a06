"""Servers that send us elsewhere: into our own network, in circles, or out of HTTP.

`127.0.0.1` stands for what must not be reached, a machine inside; the others of loopback, which are
allowed here, for the world.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.feedserver import Answer, Answerable, Page, Raw, moved
from tests.guest import rss
from tests.siege import (
    BEFORE,
    NEWS,
    Case,
    Siege,
    assert_endured,
    assert_in_order,
    assert_readable,
    assert_valid,
    failing,
    mended,
    start,
)

NEW = rss(NEWS, *BEFORE)
INSIDE = "127.0.0.1"

LOOPBACK = "a loopback address"
PRIVATE = "a private address"
LOCAL = "a link-local address"

# What an address is called by those who hope that nobody looks at it twice; and what it is.
SPELLINGS = {
    "plain": ("127.0.0.1", LOOPBACK),
    "decimal": ("2130706433", LOOPBACK),
    "octal": ("0177.0.0.1", LOOPBACK),
    "octal-with-many-zeros": ("000000177.0.0.01", LOOPBACK),
    "hexadecimal": ("0x7f000001", LOOPBACK),
    "hexadecimal-in-parts": ("0x7F.0x0.0x0.0x1", LOOPBACK),
    "short": ("127.1", LOOPBACK),
    "mixed": ("0x7f.0.1", LOOPBACK),
    "with-a-dot-at-its-end": ("127.0.0.1.", LOOPBACK),
    "of-the-same-network": ("127.255.255.254", LOOPBACK),
    "localhost": ("localhost", LOOPBACK),
    "localhost-with-a-dot": ("localhost.", LOOPBACK),
    "localhost-in-capitals": ("LocalHost", LOOPBACK),
    "below-localhost": ("feeds.localhost", LOOPBACK),
    "ipv6": ("[::1]", LOOPBACK),
    "ipv6-at-length": ("[0:0:0:0:0:0:0:1]", LOOPBACK),
    "mapped": ("[::ffff:127.0.0.1]", LOOPBACK),
    "mapped-in-hexadecimal": ("[::ffff:7f00:1]", LOOPBACK),
    "6to4": ("[2002:7f00:1::1]", "the 6to4 form of 127.0.0.1"),
    "nat64": ("[64:ff9b::7f00:1]", "the NAT64 form of 127.0.0.1"),
    "nat64-of-a-private-one": ("[64:ff9b::10.0.0.1]", "the NAT64 form of 10.0.0.1"),
    "zeros": ("0.0.0.0", '"this network"'),
    "zero": ("0", '"this network"'),
    "zeros-of-ipv6": ("[::]", "the unspecified address"),
    "metadata": ("169.254.169.254", LOCAL),
    "metadata-in-decimal": ("2852039166", LOCAL),
    "metadata-mapped": ("[::ffff:169.254.169.254]", LOCAL),
    "metadata-of-ipv6": ("[fd00:ec2::254]", PRIVATE),
    "link-local": ("[fe80::1]", LOCAL),
    "unique-local": ("[fc00::1]", PRIVATE),
    "of-a-carrier": ("100.64.0.1", "a carrier's shared address"),
    "of-a-house": ("192.168.0.1", PRIVATE),
    "of-a-firm": ("10.1.2.3", PRIVATE),
    "of-containers": ("172.17.0.1", PRIVATE),
    "of-everybody": ("255.255.255.255", "a reserved address"),
    "of-many": ("224.0.0.1", "a multicast address"),
    "of-documentation": ("[2001:db8::1]", "an address for documentation"),
}

# Only in what others send: a configuration does not take these for hosts.
DISGUISES = {
    "in-wide-digits": ("１２７．０．０．１", LOOPBACK),
    "with-ideographic-dots": ("127。0。0。1", LOOPBACK),
    "in-circled-digits": ("①②⑦.⓪.⓪.①", LOOPBACK),
    "percent-encoded": ("%31%32%37.0.0.1", LOOPBACK),
    "behind-a-user": ("news.example.org@127.0.0.1", LOOPBACK),
    "behind-a-user-and-a-password": ("news.example.org:80@127.0.0.1", LOOPBACK),
    "with-a-zone": ("[fe80::1%25eth0]", "no http or https address"),
    "with-a-zone-of-loopback": ("[::1%25lo]", "no http or https address"),
}


def inside(siege: Siege, host: str) -> str:
    """An address of the machine inside, written as `host`; it does listen."""
    port = siege.server.site(INSIDE).port
    return f"http://{host}:{port}/secret"


def raw(address: str) -> str:
    """An address as servers send it that do not know of ASCII."""
    return address.encode().decode("latin-1")


def configured(name: str, host: str, told: str) -> Case:
    return failing(
        f"configured-{name}", b"", told, url=lambda siege, number: inside(siege, host), past=False
    )


def redirected(name: str, host: str, told: str) -> Case:
    return failing(
        f"redirect-{name}", b"", told, at=lambda siege, number: moved(raw(inside(siege, host)), 302)
    )


def announced(name: str, host: str, told: str) -> Case:
    """A page that says where its feed is; only a source that never was a feed is asked so."""

    def page(siege: Siege, number: int) -> Answerable:
        link = f'<link rel="alternate" type="application/rss+xml" href="{inside(siege, host)}">'
        return Answer(body=f"<!doctype html><html><head>{link}</head></html>".encode())

    return failing(f"announced-{name}", b"", told, at=page, past=False)


def to(name: str, location: str, told: str) -> Case:
    """A redirect to an address as it is written here."""
    return failing(name, Answer(status=301, headers={"Location": location}), told)


def hanging(siege: Siege) -> str:
    siege.server["/hangs"] = Raw([60.0])
    return siege.server.url("/hangs", host="127.1.2.1")


def endless_redirect(siege: Siege, number: int) -> Answerable:
    siege.server["/fine"] = Page(body=NEW)
    there = siege.server.url("/fine", host="127.1.2.2")
    lines = f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: {10**12}\r\n\r\n"
    return Raw([lines.encode(), *[b"x" * 5_000] * 30])


NO_HTTP = "redirects to what is no http or https address"
LEADING = (
    to("a-redirect-to-a-file", "file:///etc/passwd", f"{NO_HTTP} ('file')"),
    to("a-redirect-to-a-file-on-localhost", "FILE://localhost/etc/passwd", NO_HTTP),
    to("a-redirect-to-gopher", "gopher://127.0.0.1:6379/_FLUSHALL", f"{NO_HTTP} ('gopher')"),
    to("a-redirect-to-data", "data:application/rss+xml,<rss/>", f"{NO_HTTP} ('data')"),
    to("a-redirect-to-a-script", "javascript:alert(1)", f"{NO_HTTP} ('javascript')"),
    to("a-redirect-to-ftp", "ftp://127.0.0.1/feed", f"{NO_HTTP} ('ftp')"),
    to("a-redirect-to-a-jar", "jar:http://127.0.0.1/x.jar!/feed", NO_HTTP),
    to("a-redirect-to-a-socket", "unix:///var/run/docker.sock", NO_HTTP),
    to("a-redirect-to-no-host", "http://", NO_HTTP),
    to("a-redirect-to-a-host-of-nothing-but-a-path", "http:///feed", "feed: there is no such host"),
    to("a-redirect-to-half-a-bracket", "http://[::1", NO_HTTP),
    to("a-redirect-to-port-99999", "http://127.1.0.1:99999/", NO_HTTP),
    to("a-redirect-to-a-host-with-spaces", "http://a b/", NO_HTTP),
    to("a-redirect-that-clears-the-screen", "\x1b[2J:x", "answered 404"),
    to("a-redirect-of-20-kib", "http://127.1.0.1/" + "x" * 20_000, NO_HTTP),
    failing("a-redirect-to-nowhere", Answer(status=302), "redirects, but not to one address"),
    failing("a-redirect-to-an-empty-address", moved(""), "redirects, but not to one address"),
    failing(
        "a-redirect-to-itself",
        b"",
        "redirects in a circle",
        at=lambda siege, n: moved(siege.home(n)),
    ),
    failing(
        "a-redirect-to-itself-with-a-fragment",
        b"",
        "redirects in a circle",
        at=lambda siege, n: moved("#x"),
    ),
    failing(
        "a-redirect-to-itself-in-other-words",
        b"",
        "redirects in a circle",
        at=lambda siege, n: moved(
            f"HTTP://x@{siege.host(n)}.:{siege.server.site(siege.host(n)).port}/{n}/feed"
        ),
    ),
    failing(
        "a-ring-of-two",
        b"",
        "redirects in a circle",
        at=lambda siege, n: lambda request: moved(f"/{n}/feed?{int(request.path[-1:] != '1')}"),
    ),
    failing(
        "redirects-without-end",
        lambda request: moved(f"?x{request.path.partition('?')[2]}"),
        "redirects more than 10 times",
    ),
    failing(
        "a-redirect-to-a-host-that-hangs",
        b"",
        "no whole answer within 2 seconds",
        at=lambda siege, n: moved(hanging(siege)),
    ),
    failing("a-redirect-to-a-closed-port", moved("http://127.1.0.1:9/feed"), "connection refused"),
    mended(
        "a-redirect-with-a-body-without-end",
        b"",
        "",
        NEWS,
        at=endless_redirect,
    ),
)


# -- names -----------------------------------------------------------------------------------------


class Names:
    """A name server that tells each asker what it likes: `kind-5.example.org` is of case 5."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked[host] += 1
        kind, _, number = host.partition(".")[0].rpartition("-")
        if kind not in ANSWERS:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = ANSWERS[kind](Siege.host(int(number)), self.asked[host])
        if found is None:
            await asyncio.sleep(60)
        if isinstance(found, Exception):
            raise found
        return found or ()


# By the address it should have, and how often it was asked; the first time is in the good past.
ANSWERS: dict[str, Callable[[str, int], Sequence[str] | Exception | None]] = {
    "both": lambda good, time: [INSIDE, good, "10.0.0.1"],
    "turns": lambda good, time: [good] if time == 1 else [INSIDE],
    "later": lambda good, time: [good] if time <= 2 else [INSIDE],
    "mapped": lambda good, time: [good] if time == 1 else [f"::ffff:{INSIDE}"],
    "zoned": lambda good, time: [good] if time == 1 else ["fe80::1%eth0"],
    "zeros": lambda good, time: [good] if time == 1 else ["0.0.0.0", "::"],
    "nobody": lambda good, time: [good] if time == 1 else [],
    "rubbish": lambda good, time: [good] if time == 1 else ["no address", "\x1b[2J"],
    "unknown": lambda good, time: [good] if time == 1 else socket.gaierror(socket.EAI_NONAME, "x"),
    "silent": lambda good, time: [good] if time == 1 else None,
    "many": lambda good, time: [good] if time == 1 else [f"127.1.9.{n}" for n in range(1, 250)],
    "odd": lambda good, time: [good] if time == 1 else UnicodeError("label too long"),
}


def named(kind: str, told: str, *takes: str, **more: Any) -> Case:
    """A source whose host is a name."""
    return Case(
        name=f"a-name-that-{more.pop('does')}",
        answer=Page(body=NEW, etag=""),
        told=told,
        takes=takes,
        failed=not takes,
        url=lambda siege, n: siege.home(n).replace(siege.host(n), f"{kind}-{n}.example.org"),
        **more,
    )


NAMED = (
    named("both", "", NEWS, does="is-outside-and-inside"),
    named("turns", LOOPBACK, does="moves-inside"),
    named("later", "", NEWS, does="moves-inside-between-check-and-connect"),
    named(
        "later",
        LOOPBACK,
        does="moves-inside-between-two-hops",
        at=lambda siege, n: Answer(
            status=302, headers={"Location": f"/{n}/feed?again"}, close=True
        ),
    ),
    named("mapped", LOOPBACK, does="moves-inside-in-ipv6"),
    named("zoned", LOCAL, does="moves-into-a-zone"),
    named("zeros", '"this network"', does="moves-to-nowhere"),
    named("nobody", "the name has no address", does="has-no-address-any-more"),
    named("rubbish", "not a name that can be resolved", does="has-rubbish-for-an-address"),
    named("odd", "not a name that can be resolved", does="is-none"),
    named("unknown", "there is no such host", does="is-gone"),
    named("silent", "no whole answer within 2 seconds", does="is-never-resolved"),
    named("many", "connection refused", does="has-249-addresses-and-nobody-there"),
)


# -- secrets ---------------------------------------------------------------------------------------

SECRETS = 'auth = { user = "harbour", password = "lighthouse" }\nheaders = { X-Key = "beacon" }'
COOKIE = {"Set-Cookie": "who=you; Domain=127.1.2.3; Path=/"}


def elsewhere(siege: Siege, number: int) -> Answerable:
    there = siege.server.url("/fine", host="127.1.2.3")
    return Answer(status=302, headers={"Location": there, **COOKIE})


TRUSTED = (
    mended("a-redirect-that-wants-the-password", b"", "", NEWS, at=elsewhere, more=SECRETS),
    failing(
        "an-error-that-repeats-the-password",
        lambda request: Answer(
            status=401, headers={"WWW-Authenticate": request.headers["authorization"]}
        ),
        "it wants a password",
        more=SECRETS,
    ),
)


CASES = (
    *NAMED,
    *TRUSTED,
    *(configured(name, *spelt) for name, spelt in SPELLINGS.items()),
    *(redirected(name, *spelt) for name, spelt in (SPELLINGS | DISGUISES).items()),
    *(announced(name, *spelt) for name, spelt in SPELLINGS.items()),
    *LEADING,
)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return start(tmp_path_factory.mktemp("addresses"), CASES, resolve=Names())


each = pytest.mark.parametrize("case", CASES, ids=str)


@each
def test_where_we_do_not_go_is_named_and_nobody_is_harmed(siege: Siege, case: Case) -> None:
    assert_endured(siege, case)


@each
def test_what_is_said_of_it_is_plain_words(siege: Siege, case: Case) -> None:
    assert_readable(siege, case)


@pytest.mark.parametrize("case", [case for case in CASES if case.past], ids=str)
def test_what_is_published_of_it_is_valid(siege: Siege, case: Case) -> None:
    assert_valid(siege[case.source].files)


def test_the_machine_inside_never_heard_of_us(siege: Siege) -> None:
    assert siege.server.site(INSIDE).connections == 0


def test_a_name_is_resolved_once_for_check_and_connect(siege: Siege) -> None:
    assert isinstance(siege.resolve, Names)
    number = 1 + [case.source for case in CASES].index(
        "a-name-that-moves-inside-between-check-and-connect"
    )

    assert siege.resolve.asked[f"later-{number}.example.org"] == 2  # in the good past, and now


def test_secrets_and_cookies_stay_where_they_belong(siege: Siege) -> None:
    there = siege.server.asked("/fine")

    for case in TRUSTED:
        first = siege[case.source].asked[-1].headers
        assert first["authorization"].startswith("Basic ")
        assert first["x-key"] == "beacon"
    assert len(there) == 2
    for request in there:
        assert not {"authorization", "x-key", "cookie", "referer"} & set(request.headers)
    assert not [request for request in siege.server.log if "cookie" in request.headers]


def test_all_of_them_together_are_no_worse_than_one(siege: Siege) -> None:
    assert_in_order(siege)
