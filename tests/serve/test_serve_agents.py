"""For how many a client asks: what services say in their User-Agent."""

from __future__ import annotations

import pytest

from feedsvc.serve.agents import Aggregator, speaks_for


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 42 subscribers; "
            "like FeedFetcher-Google)",
            Aggregator("Feedly", None, 42),
        ),
        ("FeedlyBot/1.0 (http://feedly.com)", Aggregator("Feedly", None, 0)),
        ("Feedbin feed-id:1373711 - 142 subscribers", Aggregator("Feedbin", "1373711", 142)),
        ("Feedbin feed-id:1 - 1 subscriber", Aggregator("Feedbin", "1", 1)),
        (
            'NewsBlur Feed Fetcher - 12 subscribers - http://www.newsblur.com/site/1/x ("Mozilla")',
            Aggregator("NewsBlur", None, 12),
        ),
        (
            "NewsBlur Page Fetcher (239 subscribers) - http://www.newsblur.com (Mozilla/5.0)",
            Aggregator("NewsBlur", None, 239),
        ),
        (
            "Mozilla/5.0 (compatible; inoreader.com; 114 subscribers)",
            Aggregator("Inoreader", None, 114),
        ),
        (
            "Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 7 subscribers; )",
            Aggregator("Inoreader", None, 7),
        ),
        (
            "Mozilla/5.0 (compatible; theoldreader.com; 3 subscribers; feed-id=0a1b)",
            Aggregator("The Old Reader", "0a1b", 3),
        ),
        (
            "Mozilla/5.0 (compatible; BazQux/2.4; +http://bazqux.com/fetcher; 5 subscribers)",
            Aggregator("BazQux", None, 5),
        ),
        (
            "Feedfetcher-Google; (+http://www.google.com/feedfetcher.html; 4 subscribers; "
            "feed-id=9048986372668769311)",
            Aggregator("Google", "9048986372668769311", 4),
        ),
        (
            "Overcast/1.0 Podcast Sync (1,190 subscribers; feed-id=554901; +http://overcast.fm/)",
            Aggregator("Overcast", "554901", 1190),
        ),
        (
            "Dreamwidth Studios (webmaster@dreamwidth.org; for https://example.org/; 2 readers)",
            Aggregator("Dreamwidth Studios", None, 2),
        ),
        (
            "PlainFeeder v0.0.1 (+http://plainfeeder.com/about ; Subscriber Count: 17)",
            Aggregator("PlainFeeder", None, 17),
        ),
        ("ThePort Web/1.0; subscribers 1", Aggregator("ThePort Web", None, 1)),
        ("Foo/1.0 subscribers:33", Aggregator("Foo", None, 33)),
        ("Foo/1.0 (SUBSCRIBERS = 33)", Aggregator("Foo", None, 33)),
        ("Foo/2.5 (0 subscribers)", Aggregator("Foo", None, 0)),
        ("12 subscribers", Aggregator("unnamed", None, 12)),
        ("Grüße/1 (12 subscribers)", Aggregator("unnamed", None, 12)),
        ("Netvibes (http://www.netvibes.com; 3 subscribers; feedID: 77)",
         Aggregator("Netvibes", "77", 3)),
    ],
)  # fmt: skip
def test_a_service_says_for_how_many_it_asks(agent: str, expected: Aggregator) -> None:
    assert speaks_for(agent) == expected


@pytest.mark.parametrize(
    "agent",
    [
        None,
        "",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.6.1",
        "newsboat/2.38 (Linux x86_64)",
        "python-reader/3.20 (+https://example.org/reader)",
        "reader 3.20 (https://example.org)",
        "NetNewsWire (RSS Reader; https://netnewswire.com/)",
        "FreshRSS/1.24.3 (Linux; https://freshrss.org)",
        "Tiny Tiny RSS/23.05 (https://tt-rss.org/)",
        "Miniflux readers/3",
        "Reader/1.0 subscribers",
        "Foo/1.0 (99999999999999999999 subscribers)",
        "Foo/1.0 (١٢ subscribers)",
        "x" * 600 + " 12 subscribers",
    ],
)
def test_all_others_ask_for_themselves(agent: str | None) -> None:
    assert speaks_for(agent) is None


@pytest.mark.timeout(60)
@pytest.mark.parametrize("evil", ["1,", "subscribers ", "feed-id", "a ", "(compatible; ", "1 "])
def test_what_is_made_to_be_slow_is_not(evil: str) -> None:
    for _ in range(200):
        speaks_for(evil * 5_000)
