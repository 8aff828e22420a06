"""The serving index: what our server says beside the files (RFC 8288, WebSub §4, 301, 307, 410).

    heads and paces of the feeds, redirects  ->  .feedsvc/serving.json  ->  serve/index.py

It is made anew from the store at each build, so that it may be lost, and one that cannot be written
holds nothing back: the server goes on with the last one.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, unquote, urlsplit

from feedsvc.decide.redirects import Rows, covering, is_address, is_feed
from feedsvc.errors import PublishError
from feedsvc.model import FeedHead, Format
from feedsvc.regenerate.ops import OPS
from feedsvc.regenerate.pace import LONGEST, SHORTEST, Pace
from feedsvc.regenerate.press import PAGE, Press
from feedsvc.text.urls import absolute

INDEX = ".feedsvc/serving.json"
"""Where it lies in the output directory; no name that begins with a dot is ever served."""

_NONE: Mapping[str, Pace] = MappingProxyType({})
_PAGE_OF_ARCHIVE = re.compile(r"(.*/archive/)([0-9]+)(/[^/]+)", re.DOTALL)

log = logging.getLogger(__name__)


def serving_file(
    press: Press,
    heads: Sequence[FeedHead],
    redirects: Rows,
    paces: Mapping[str, Pace] = _NONE,
) -> str | None:
    """Put the serving index in place if it differs; returns why it could not be.

    `heads` are those of every subscription document, `redirects` what `store.redirects()` holds,
    and what else has moved. A redirect of what is published again is left out, and forgotten.
    `paces` are those of the feeds, by name.
    """
    redirects = _without_published(press, heads, redirects)
    try:
        press.publisher.keep(INDEX, _index(press, heads, redirects, paces))
    except PublishError as error:
        log.warning("the serving index stays as it was: %s", error)
        return error.line
    return None


def _without_published(press: Press, heads: Sequence[FeedHead], redirects: Rows) -> Rows:
    if not redirects:
        return redirects
    # Not of whole feeds: what lies there under an old name lies there until the new files do.
    some = [path for path in redirects if not is_feed(path)]
    pages = {path: f"{path}{PAGE}" if path.endswith("/") else path for path in some}
    published = press.store.ledger(paths=[*pages, *pages.values()])
    stale = {path for path, page in pages.items() if path in published or page in published}
    for head in heads:
        stale.update(_folders(redirects, head.name))
    if stale:
        press.store.alive(*sorted(stale))
    return {path: target for path, target in redirects.items() if path not in stale}


def _folders(redirects: Rows, name: str) -> Iterator[str]:
    """The rows that speak for all of a feed, or of the group it belongs to."""
    parts = name.split("/")
    for end in range(1, len(parts) + 1):
        folder = "/".join(parts[:end])
        yield from (path for path in (folder, f"{folder}/") if path in redirects)


def _index(
    press: Press, heads: Sequence[FeedHead], redirects: Rows, paces: Mapping[str, Pace]
) -> bytes:
    base = press.site.base_url
    at = urlsplit(base).path  # where readers find the output directory
    # Of a group all is private, its own page, too; and no key stands in a prefix.
    private = {f"{head.name.partition('/')[0]}/" for head in heads if head.private}
    if press.ops is not None:
        private.add(f"{OPS}/")
    moved = {
        path: target
        for path, target in redirects.items()
        if target is not None and covering((path,), target) is None
    }
    told = {
        "version": 1,
        "links": {path: links for head in heads for path, links in _links(head, base)},
        "noindex": sorted(private),
        "moved": {path: _location(target, at) for path, target in moved.items()},
        "elsewhere": {
            path: _location(target, at)
            for head in heads
            for path, target in _open_pages(head, base)
        },
        "gone": sorted(path for path, target in redirects.items() if target is None),
        "feeds": {path: pace for head in heads for path, pace in _paces(head, paces, base)},
    }
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"


def _links(head: FeedHead, base: str) -> Iterator[tuple[str, list[str]]]:
    """The Link header of each subscription document: its hubs, and its own address."""
    hubs = list(_targets(head.hubs))
    for url in head.urls.values() if hubs else ():
        path, own = _path(url, base), absolute(url, None)
        if path is not None and own is not None:
            yield path, [*(f'<{hub}>; rel="hub"' for hub in hubs), f'<{own}>; rel="self"']


def _paces(
    head: FeedHead, paces: Mapping[str, Pace], base: str
) -> Iterator[tuple[str, dict[str, int]]]:
    """How long the documents in the folder of a feed, and in that of its archive, may be kept."""
    pace, folder = paces.get(head.name), _path(head.home, base)
    if pace is None or folder is None:
        return
    # What is kept for the shortest time anyway need not be kept shorter before a change.
    change = {"change": int(pace.change.timestamp())} if pace.change is not None else {}
    own = change if pace.age > SHORTEST else {}
    full = {"limit": pace.limit} if pace.limit is not None else {}
    yield folder, {"age": pace.age, **full, **own}
    if pace.archive:
        yield f"{folder}archive/", {"age": LONGEST, **change}


def _targets(urls: Iterable[str]) -> Iterator[str]:
    # RFC 8288 §3: a URI-Reference, in ASCII and without `>`.
    return (found for url in dict.fromkeys(urls) if (found := absolute(url, None)) is not None)


def _open_pages(head: FeedHead, base: str) -> Iterator[tuple[str, str]]:
    """The page that the newest closed one calls its next: until it is closed, its articles stand in
    the subscription document.
    """
    previous: Mapping[Format, str] = head.archive.previous if head.archive is not None else {}
    for format, url in head.urls.items() if previous else ():
        page = _PAGE_OF_ARCHIVE.fullmatch(_path(previous.get(format, ""), base) or "")
        if page is not None and (current := _path(url, base)) is not None:
            yield f"{page[1]}{int(page[2]) + 1}{page[3]}", current


def _path(url: str, base: str) -> str | None:
    """Where in the output directory an address of ours lies."""
    return unquote(url[len(base) + 1 :]) if url.startswith(f"{base}/") else None


def _location(target: str, at: str) -> str:
    """What the Location field says for a target; one that ends in `/` takes the rest along."""
    if is_address(target):
        return absolute(target, None) or f"{at}/"
    return f"{at}/{quote(target)}"
