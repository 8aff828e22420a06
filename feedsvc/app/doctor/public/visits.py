"""How readers come: the programs they use, and what they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedsvc.app.doctor.public.plan import Document
from feedsvc.errors import FetchError

if TYPE_CHECKING:
    from feedsvc.web.probe import Fields, Probe, Seen

CODINGS = (("accept-encoding", "gzip, deflate, br"),)
PLAIN = (("accept-encoding", "identity"),)
_MOST_HOPS = 5

_FEEDS = (
    "accept",
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9, */*;q=0.5",
)

BROWSER = "a browser"
NAMELESS = "a program without a name"
READERS: dict[str, tuple[str, Fields]] = {
    BROWSER: (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        (("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
         ("accept-language", "en-US,en;q=0.5"), *CODINGS),
    ),
    "Feedly": (
        "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",
        (_FEEDS, *CODINGS),
    ),
    "Inoreader": (
        "Mozilla/5.0 (compatible; inoreader.com)", (_FEEDS, *CODINGS),
    ),
    "newsboat": ("newsboat/2.36.0 (Linux x86_64)", (_FEEDS, *CODINGS)),
    "a script": ("Python-urllib/3.11", PLAIN),
    NAMELESS: ("", PLAIN),
}  # fmt: skip
"""Programs by the words for them: what each says it is, and asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One document as one program gets it, with the redirects on the way."""

    document: Document
    hops: tuple[Seen, ...] = ()
    seen: Seen | None = None  # the end of the way
    error: FetchError | None = None  # why there is none

    @property
    def good(self) -> bool:
        return self.seen is not None and self.seen.status == 200


async def visit(
    probe: Probe, document: Document, *, agent: str | None = None, fields: Fields = CODINGS
) -> Visit:
    """Get a document, following redirects; never raises FetchError."""
    from feedsvc.web.probe import AGENT

    hops: list[Seen] = []
    url = document.url
    while True:
        try:
            seen = await probe.ask(url, agent=AGENT if agent is None else agent, fields=fields)
        except FetchError as error:
            return Visit(document=document, hops=tuple(hops), error=error)
        onward = seen.leads_to
        if onward is None:
            return Visit(document=document, hops=tuple(hops), seen=seen)
        hops.append(seen)
        if onward in {hop.url for hop in hops}:
            circle = FetchError(f"{document.path} redirects in a circle, at {onward}")
            return Visit(document=document, hops=tuple(hops), error=circle)
        if len(hops) > _MOST_HOPS:
            many = FetchError(f"{document.path} redirects more than {_MOST_HOPS} times")
            return Visit(document=document, hops=tuple(hops), error=many)
        url = onward


def one_of_each(visits: Sequence[Visit]) -> list[Visit]:
    """One good visit of each format of a feed; a public one if there is any."""
    found: dict[str, Visit] = {}
    for one in visits:
        if one.document.is_feed and one.good:
            found.setdefault(one.document.format, one)
    return list(found.values())


# -- who stands in the way -----------------------------------------------------------------------

_MARKS = {
    b"just a moment": "a Cloudflare challenge",
    b"cf-chl": "a Cloudflare challenge",
    b"challenge-platform": "a Cloudflare challenge",
    b"attention required! | cloudflare": "a block of Cloudflare",
    b"ddos-guard": "a challenge of DDoS-Guard",
    b"sucuri website firewall": "a block of Sucuri",
    b"incapsula incident": "a block of Imperva",
    b"_imperva": "a block of Imperva",
    b"making sure you're not a bot": "a challenge of Anubis",
    b"making sure you&#39;re not a bot": "a challenge of Anubis",
    b"captcha": "a captcha",
    b"enable javascript": "a page that wants JavaScript",
}


def obstacle(seen: Seen) -> str | None:
    """Who keeps a program from the document, as far as the answer shows it."""
    if seen.headers.get("cf-mitigated", "").lower() == "challenge":
        return "a Cloudflare challenge"
    start = seen.body[:65_536].lower()
    if b"<html" not in start and seen.status == 200:
        return None
    for mark, name in _MARKS.items():
        if mark in start:
            return name
    return None


def way_out(name: str | None) -> str:
    """What to do about it."""
    if name is not None and "Cloudflare" in name:
        return (
            "in Cloudflare, under Security > WAF, let the paths of the feeds (ends with /atom.xml, "
            "/rss.xml, /feed.json) skip bot fight mode and challenges: feed readers run no scripts"
        )
    if name is not None:
        return "take the paths of the feeds out of that protection: readers run no scripts"
    return (
        "look into the rules of the web server and its firewall: feed readers are bots that are "
        "wanted, so their paths need no protection from bots"
    )
