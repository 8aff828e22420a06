"""For how many readers a client asks, as its User-Agent tells: a rule for `audience.py`.

Services that read feeds for others say so in no common form (each as its operator documents it):

    Feedly/1.0 (+http://www.feedly.com/fetcher.html; 42 subscribers; like FeedFetcher-Google)
    Feedbin feed-id:1373711 - 142 subscribers
    NewsBlur Feed Fetcher - 12 subscribers - http://www.newsblur.com/site/1/harbour-news
    Mozilla/5.0 (compatible; theoldreader.com; 3 subscribers; feed-id=0a1b2c)
    Dreamwidth Studios (webmaster@dreamwidth.org; for https://example.org/feed; 2 readers)
    PlainFeeder v0.0.1 (+http://plainfeeder.com/about; Subscriber Count: 7)
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LONGEST = 512  # characters of a User-Agent that are looked at
_MOST = 10_000_000  # more subscribers than any feed has at one service: not believed
_UNNAMED = "unnamed"

_COUNT = re.compile(
    r"(?<![\w.,/])([0-9][0-9,]{0,14})\+?[ _](?:subscribers?|readers?)\b"
    r"|\b(?:subscribers?|readers)(?:[ _-]count)? ?[:=] ?([0-9][0-9,]{0,14})(?![\w.])"
    r"|\bsubscribers[ _]([0-9][0-9,]{0,14})(?![\w.])",
    re.IGNORECASE | re.ASCII,
)
_FEED_ID = re.compile(r"\bfeed[-_ ]?id ?[:=] ?([\w-]{1,64})", re.IGNORECASE | re.ASCII)
_NAME = re.compile(
    r"(?:Mozilla/[0-9.]+ \(compatible; ?)?([A-Za-z][\w.!&'+ -]{0,39}?)"
    r" ?(?=[/(;,:)]| - | feed[-_ ]?id| v?[0-9]|\Z)",
    re.IGNORECASE | re.ASCII,
)
_PART = re.compile(r" (?:feed|page|content|favicon|podcast)? ?(?:fetcher|finder|sync|bot)\Z", re.I)

# What services call themselves in the one place or the other. Those of this table never ask for a
# single reader's own machine, so that one of their requests without a number is nobody more.
_SERVICES = {
    "bazqux": "BazQux",
    "feedbin": "Feedbin",
    "feedfetcher-google": "Google",
    "feedly": "Feedly",
    "feedlybot": "Feedly",
    "feedspot": "Feedspot",
    "inoreader": "Inoreader",
    "inoreader.com": "Inoreader",
    "netvibes": "Netvibes",
    "newsblur": "NewsBlur",
    "overcast": "Overcast",
    "theoldreader.com": "The Old Reader",
}


class Aggregator(NamedTuple):
    """A service that asks for many."""

    name: str
    feed_id: str | None  # of the document, where it has it under several
    subscribers: int  # 0: it asks, but does not say for whom


def speaks_for(agent: str | None) -> Aggregator | None:
    """The service behind a User-Agent; None for somebody's own reader."""
    if not agent:
        return None
    agent = agent[:_LONGEST]
    count = _COUNT.search(agent)
    subscribers = 0
    if count is not None:
        subscribers = int(count[count.lastindex or 0].replace(",", ""))
        if subscribers > _MOST:
            return None
    name = _name(agent)
    known = _SERVICES.get(name.lower())
    if known is None and count is None:
        return None
    feed_id = _FEED_ID.search(agent)
    return Aggregator(known or name, feed_id[1] if feed_id else None, subscribers)


def _name(agent: str) -> str:
    found = _NAME.match(agent)
    return _PART.sub("", found[1].strip()) if found else _UNNAMED
