"""Sources that lie elsewhere: their addresses, kinds, names and rhythm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import ConfigErrors, show
from feedsvc.config.names import name, of_address
from feedsvc.config.remote import Address, source_url
from feedsvc.config.shapes import WrongValueError
from feedsvc.settings import Auth, Secret, Settings, Source
from feedsvc.text.urls import absolute

Loaded = Callable[..., Settings]


def only(settings: Settings) -> Source:
    (source,) = settings.sources
    return source


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "url"),
    [
        pytest.param("https://example.org/feed.xml", "https://example.org/feed.xml", id="plain"),
        pytest.param("https://example.org", "https://example.org/", id="no-path"),
        pytest.param("https://example.org?x=1", "https://example.org/?x=1", id="query-at-once"),
        pytest.param("https://example.org/?", "https://example.org/", id="empty-query"),
        pytest.param(" https://example.org/x \n", "https://example.org/x", id="space-around"),
        pytest.param("HTTPS://Example.ORG/Feed", "https://example.org/Feed", id="case-of-the-host"),
        pytest.param("https://example.org/x#top", "https://example.org/x", id="fragment"),
        pytest.param("http://example.org:80/x", "http://example.org/x", id="port-of-http"),
        pytest.param("https://example.org:0443/x", "https://example.org/x", id="port-of-https"),
        pytest.param("https://example.org:80/x", "https://example.org:80/x", id="port-of-another"),
        pytest.param("http://h.example:65535/x", "http://h.example:65535/x", id="highest-port"),
        pytest.param("http://127.0.0.1:8123/x", "http://127.0.0.1:8123/x", id="ipv4"),
        pytest.param("http://[::0:1]:8123/x", "http://[::1]:8123/x", id="ipv6"),
        pytest.param("https://a_b.example/x", "https://a_b.example/x", id="underscore"),
        pytest.param("https://example.org./x", "https://example.org./x", id="dot-at-the-end"),
        pytest.param("https://müller.example/", "https://xn--mller-kva.example/", id="umlaut"),
        pytest.param("https://straße.example/", "https://xn--strae-oqa.example/", id="sharp-s"),
        pytest.param("https://ＥＸＡＭＰＬＥ.org/", "https://example.org/", id="full-width"),
        pytest.param("https://☕.example/", "https://xn--53h.example/", id="sign-of-idna-2003"),
        pytest.param(
            "https://example.org/größe?q=ä b",
            "https://example.org/gr%C3%B6%C3%9Fe?q=%C3%A4%20b",
            id="path-beyond-ascii",
        ),
        pytest.param("https://example.org/a%20b", "https://example.org/a%20b", id="escaped"),
        pytest.param("https://example.org/100%", "https://example.org/100%25", id="lone-percent"),
        pytest.param("https://m.example/@a.rss", "https://m.example/@a.rss", id="at-in-the-path"),
        pytest.param("https://m.example/x?a=b@c", "https://m.example/x?a=b@c", id="at-in-a-query"),
        pytest.param("feed:https://example.org/x", "https://example.org/x", id="feed-of-https"),
        pytest.param("feed:http://example.org/x", "http://example.org/x", id="feed-of-http"),
        pytest.param("feed://example.org/x", "http://example.org/x", id="feed-with-slashes"),
        pytest.param("FEED://Example.org", "http://example.org/", id="feed-in-capitals"),
        pytest.param("feed://https://example.org/x", "https://example.org/x", id="feed-twofold"),
        pytest.param("feed:example.org/x", "http://example.org/x", id="feed-without-slashes"),
        pytest.param("https://@example.org/x", "https://example.org/x", id="no-user"),
    ],
)
def test_address(written: str, url: str) -> None:
    assert source_url(written) == Address(url)


@pytest.mark.parametrize(
    ("written", "user", "password"),
    [
        pytest.param("https://reader:geheim@example.org/x", "reader", "geheim", id="plain"),
        pytest.param("https://reader:ge:heim@example.org/x", "reader", "ge:heim", id="colon"),
        pytest.param("https://reader:ge@heim@example.org/x", "reader", "ge@heim", id="at"),
        pytest.param("https://reader:a%2Fb%C3%A4@example.org/x", "reader", "a/bä", id="escaped"),
        pytest.param("https://geheim@example.org/x", "geheim", "", id="user-alone"),
        pytest.param("https://:geheim@example.org/x", "", "geheim", id="password-alone"),
        pytest.param("feed:https://reader:geheim@example.org/x", "reader", "geheim", id="feed"),
    ],
)
def test_credentials_leave_the_address(
    written: str, user: str, password: str, loaded: Loaded
) -> None:
    settings = loaded(f'[[source]]\nurl = "{written}"\n')

    assert only(settings).url == "https://example.org/x"
    assert only(settings).auth == Auth(user=user, password=Secret(value=password))
    assert "geheim" not in repr(show(settings))
    assert password == "" or password not in repr(settings)


@pytest.mark.parametrize(
    "written",
    ["", " ", "example.org/feed", "//example.org/feed", "/feed", "https:", "https://", "https:///x",
     "https:example.org", "https//example.org", "ftp://example.org/x", "file:///x", "feed:",
     "feed:x y", "feed:feed:x", "javascript:alert(1)", "https://exa mple.org/", "https://a..b/", "https://.a/",
     "https://-a.example/", "https://a-.example/", f"https://{'a' * 64}.example/",
     "https://" + "a." * 130 + "example/", "https://example.org:/", "https://example.org:0/",
     "https://example.org:65536/", "https://example.org:٣/", "https://example.org:8x/",
     "https://[::1/", "https://[::g]/", "https://[fe80::1%25eth0]/", "https://ex%61mple.org/",
     "https://a\\b/", "https://exa\nmple.org/", "https://example.org/\x00", "https://u:p:@/",
     "https://u%3Ax:p@example.org/", "https://u:%FF@example.org/", "https://u:%0A@example.org/",
     "https://example.org/" + "x" * 8000, "https://\u200b/", "https://xn--\u00fc.example/",
     5, True, None, ["https://example.org"], {"env": "URL"}],
)  # fmt: skip
def test_no_address(written: object) -> None:
    with pytest.raises(WrongValueError):
        source_url(written)


@given(st.text(max_size=40))
def test_what_is_read_stays_what_it_is(tail: str) -> None:
    """In `text.urls`, in the client, and when it is read again."""
    for written in (f"https://example.org/{tail}", f"https://{tail}", f"https://{tail}.example/a"):
        try:
            url = source_url(written).url
        except WrongValueError:
            continue
        assert absolute(url, None) == url
        assert source_url(url) == Address(url)


# -- kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        pytest.param('url = "https://example.org/"', "feed", id="url"),
        pytest.param('path = "articles"', "folder", id="path"),
        pytest.param('kind = "feed"\nurl = "https://example.org/"', "feed", id="feed"),
        pytest.param('kind = "opml"\nurl = "https://example.org/"', "opml", id="opml-elsewhere"),
        pytest.param('kind = "opml"\npath = "x.opml"', "opml", id="opml-here"),
        pytest.param('kind = "mailbox"\nurl = "https://example.org/"', "mailbox", id="another"),
        pytest.param(
            'name = "x"\nkind = "gopher"\nurl = "https://example.org/"\npath = "x"\n'
            'include = ["a"]\nsettle = "1s"\nlink = "https://example.org/{path}"\nmarkup = "none"\n'
            'headers = { X-A = "b" }',
            "gopher",
            id="what-another-kind-needs-is-its-own-affair",
        ),
    ],
)
def test_kind(keys: str, kind: str, loaded: Loaded) -> None:
    assert only(loaded(f"[[source]]\n{keys}\n")).kind == kind


def test_every_key_of_a_remote_feed(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded("""
        [[source]]
        name = "peer"
        was = "old-peer"
        kind = "feed"
        url = "https://example.org/feed"
        auth = { user = "reader", password = { file = "secrets/peer" } }
        headers = { X-Api-Key = { env = "API_KEY" }, "X-Client" = "planet" }
        every = "auto"
        title = "Nachbarn"
        language = "de"
        timezone = "Europe/Vienna"
        encoding = ["windows-1252"]
        tags = ["a"]
        future = "hold"
        on_delete = "withdraw"
        max_bytes = "1MiB"
        """)

    source = only(settings)
    assert source.url == "https://example.org/feed"
    assert source.path is None
    assert source.auth == Auth(user="reader", password=Secret(file=tmp_path / "secrets" / "peer"))
    assert source.headers == (
        ("X-Api-Key", Secret(env="API_KEY")),
        ("X-Client", Secret(value="planet")),
    )
    assert source.every == "auto"
    assert source.encoding == ("windows-1252",)
    assert (source.future, source.on_delete) == ("hold", "withdraw")
    assert source.max_bytes == 1024 * 1024


def test_what_a_kind_decides_is_left_to_it(loaded: Loaded) -> None:
    source = only(loaded('[[source]]\nurl = "https://example.org/"\n'))

    assert (source.every, source.future, source.on_delete) == (None, None, None)


def test_an_opml_file_is_named_without_its_ending(loaded: Loaded, tmp_path: Path) -> None:
    source = only(loaded('[[source]]\nkind = "opml"\npath = "lists/Abos 2025.opml"\n'))

    assert source.name == "Abos-2025"
    assert source.path == tmp_path / "lists" / "Abos 2025.opml"


# -- how often -----------------------------------------------------------------------------------


def test_the_default_rhythm_is_for_every_source_that_can_follow(loaded: Loaded) -> None:
    sources = """
        [[source]]
        path = "articles"
        [[source]]
        url = "https://example.org/"
        [[source]]
        url = "https://example.org/b"
        every = "1h"
        """

    fixed = loaded(f'[defaults]\nevery = "10m"\n{sources}').sources
    auto = loaded(f'[defaults]\nevery = "auto"\n{sources}').sources

    hour, ten = timedelta(hours=1), timedelta(minutes=10)
    assert [source.every for source in fixed] == [ten, ten, hour]
    assert [source.every for source in auto] == [None, "auto", hour]


def test_limits_of_requests(loaded: Loaded) -> None:
    sync = loaded(
        "[sync]\nconcurrency = 1000\nper_host = 64\nmax_entries = 1000000\n"
        '[[source]]\nurl = "https://example.org/"\n'
    ).sync

    assert (sync.concurrency, sync.per_host, sync.max_entries) == (1000, 64, 1_000_000)


@pytest.mark.parametrize("dedupe", ["link", "text", "none"])
def test_dedupe(dedupe: str, loaded: Loaded) -> None:
    text = f'[[source]]\npath = "a1"\n[[feed]]\nname = "x"\ndedupe = "{dedupe}"\n'

    assert loaded(text).feeds[0].dedupe == dedupe


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://example.org/blog/feed.xml", "example.org-blog", id="telling-part"),
        pytest.param("https://www.example.org/", "example.org", id="host-without-www"),
        pytest.param("https://example.org/feeds/index.xml", "example.org", id="nothing-telling"),
        pytest.param("https://example.org/a/b/feed/", "example.org-a-b", id="several-parts"),
        pytest.param("https://example.org/rss.xml", "example.org-rss", id="one-format"),
        pytest.param("https://example.org/feed.json", "example.org-json", id="another-format"),
        pytest.param("https://example.org/news.atom", "example.org-news.atom", id="an-ending"),
        pytest.param("https://example.org/news.php", "example.org-news", id="a-program"),
        pytest.param("https://example.org/x.opml", "example.org-x", id="an-opml-file"),
        pytest.param("http://127.0.0.1:8123/17.xml", "127.0.0.1-8123-17", id="port"),
        pytest.param("http://[::1]:8123/17.xml", "1-8123-17", id="ipv6"),
        pytest.param("https://xn--mller-kva.example/", "mueller.example", id="umlaut-host"),
        pytest.param("https://xn--mller-kva.example:81/", "mueller.example-81", id="and-port"),
        pytest.param("https://xn--fsq.example/", "xn--fsq.example", id="host-in-another-script"),
        pytest.param("https://example.org/gr%C3%B6%C3%9Fe", "example.org-groesse", id="umlaut"),
        pytest.param("https://archive/", "archive-source", id="reserved"),
    ],
)
def test_the_name_of_a_source_follows_from_its_address(
    url: str, expected: str, loaded: Loaded
) -> None:
    assert only(loaded(f'[[source]]\nurl = "{url}"\n')).name == expected


@pytest.mark.parametrize(
    ("url", "start"),
    [
        pytest.param("https://example.org/?cat=3&key=geheim", "example.org-", id="query"),
        pytest.param("https://example.org/p/geheim0123456789/x", "example.org-p-x-", id="token"),
        pytest.param("https://example.org/p/Geheim-_0123456789", "example.org-p-", id="base64"),
        pytest.param(
            "https://example.org/00000000-aaaa-4444-8888-geheim".replace("geheim", "cafe" * 3),
            "example.org-",
            id="uuid",
        ),
        pytest.param("https://example.org/%E8%A8%98/feed", "example.org-", id="another-script"),
        pytest.param("https://example.org/" + "abc/" * 40, "example.org-abc-abc-", id="long"),
    ],
)
def test_a_digest_stands_for_what_cannot_be_part_of_a_name(url: str, start: str) -> None:
    made = of_address(url)

    assert made.startswith(start)
    assert len(made.rpartition("-")[2]) == 8
    assert len(made) <= 80
    assert "geheim" not in made.lower()
    assert "cafe" not in made
    assert made == of_address(url.replace("https://", "http://www."))
    assert made != of_address(f"{url}/more" if "?" not in url else f"{url}4")


_PARTS = st.text(alphabet="abAB12-_.~%/?=@", max_size=60)


@given(_PARTS, _PARTS)
def test_a_name_of_an_address_is_a_valid_one(first: str, second: str) -> None:
    for tail in (first, second):
        try:
            url = source_url(f"https://example.org/{tail}").url
        except WrongValueError:
            continue
        assert name(of_address(url)) == of_address(url)


def test_names_do_not_depend_on_the_other_sources(loaded: Loaded) -> None:
    """A number would: it changes when a source comes, goes or moves."""
    urls = [
        "https://example.org/feed.xml",
        "https://example.org/rss.xml",
        "https://example.org/atom.xml",
        "https://example.org/feed.xml?lang=de",
        "https://example.org/feed.xml?lang=en",
        "https://example.org/blog/feed.xml",
        "https://example.org:8443/feed.xml",
    ]
    text = "".join(f'[[source]]\nurl = "{url}"\n' for url in urls)
    turned = "".join(f'[[source]]\nurl = "{url}"\n' for url in reversed(urls))

    together = {source.url: source.name for source in loaded(text).sources}
    other_way = {source.url: source.name for source in loaded(turned).sources}
    alone = {url: only(loaded(f'[[source]]\nurl = "{url}"\n')).name for url in urls}

    assert together == other_way == alone
    assert len(set(alone.values())) == len(urls)


# -- many ----------------------------------------------------------------------------------------


@pytest.mark.timeout(60)
def test_ten_thousand_sources(loaded: Loaded) -> None:
    text = "".join(
        f'[[source]]\nname = "s{i}"\nkind = "feed"\nurl = "https://h{i}.example/"\nevery = "1h"\n'
        for i in range(10_000)
    )
    named = ", ".join(f'"s{i}"' for i in range(10_000))

    settings = loaded(f'{text}[[feed]]\nname = "x"\nsources = [{named}]\n')

    assert len(settings.sources) == 10_000
    assert len(settings.feeds[0].sources) == 10_000


@pytest.mark.timeout(60)
def test_ten_thousand_mistakes(loaded: Loaded) -> None:
    text = "".join(f'[[source]]\nname = "s{i}"\nurl = "example.org"\n' for i in range(5000))
    named = ", ".join(f'"t{i}"' for i in range(5000))

    with pytest.raises(ConfigErrors) as caught:
        loaded(f'{text}[[feed]]\nname = "x"\nsources = [{named}]\n')

    assert len(caught.value.errors) == 10_000
    first, last = caught.value.errors[5000], caught.value.errors[-1]
    assert "no source 't0': there are s0, s1, s2, " in str(first)
    assert "s19 and 4980 more\n" in str(first)
    assert "no source 't4999'\n" in str(last)
