"""How a remote source is asked and read: joined here from the rooms that do it.

plan(source) -> RemotePlan: ask (sources/feed.py), read (parsers/feed), forgive (the same, aside),
                announced (parsers/feed/discover.py), clean (filters), listed (parsers/opml.py)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from feedsvc.decide import Authority, Policy, digest_of
from feedsvc.errors import FetchError, ParseError
from feedsvc.manners import every_of
from feedsvc.model import Draft, Hints, Origin, Reading
from feedsvc.ports import Memory, OutlineRow
from feedsvc.registry import SOURCES, resolve
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings
from feedsvc.text.canonical import canonical

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.sources.feed import FeedSource
    from feedsvc.sync.remote_plan import Outlines, RemotePlan
    from feedsvc.web import Client, Response

READING = "2"
"""The version of our reading of feeds: a new one reads every document again."""

DEFAULT_EVERY = timedelta(minutes=15)

_PATIENCE = 4.0  # seconds for a broken document; with what goes before, an answer takes under five
_MOST_MEMORY = 200 * 1024 * 1024  # bytes for reading one, beside the 60 of the process
_NONE: frozenset[str] = frozenset()


def is_remote(source: SourceSettings) -> bool:
    """Whether a source is synced by visits, together with others."""
    return source.kind in ("feed", "opml")


def plan(source: SourceSettings, settings: Settings, http: Client, aside: Aside) -> RemotePlan:
    """How a remote source is synced."""
    from feedsvc.config import request_headers
    from feedsvc.sync.remote_plan import RemotePlan

    site = settings.site
    make = cast("type[FeedSource]", resolve(SOURCES, source.kind))
    hints = Hints(language=source.language, zone=source.timezone, encodings=source.encoding)
    most = settings.sync.max_entries
    names, feeds = _configured(settings) if source.kind == "opml" else (_NONE, _NONE)

    def cleaned(draft: Draft, base: str, language: str | None, origin: Origin) -> Draft:
        spoken = source.language or language
        start = draft.link or base
        return _cleaner()(draft, base=start, tags=source.tags, language=spoken, origin=origin)

    async def ask(memory: Memory) -> Response:
        if source.path is not None:
            return read_file(source)
        return await make(source, http, request_headers).ask(memory)

    return RemotePlan(
        name=source.name,
        every=every_of(source.every or DEFAULT_EVERY, source.timezone),
        on_delete=source.on_delete or "keep",
        policy=Policy(future=source.future or "clamp", link=source.link),
        authority=Authority(domain=site.id_domain, since=site.id_since),
        max_entries=most,
        secret=source.auth is not None or bool(source.headers),
        fingerprint=digest_of(
            [
                READING,
                [source.language, source.timezone.key, source.encoding, source.tags],
                [source.future, source.link, most],
                *sorted(feeds),  # of a list: what it brings depends on them
            ]
        ),
        ask=ask,
        read=partial(read, hints=hints, max_entries=most),
        forgive=partial(forgive, aside=aside, hints=hints, max_entries=most),
        doubtful=is_doubtful,
        announced=announced,
        clean=cleaned,
        outlines=listed if source.kind == "opml" else None,
        others=names,
        asked=feeds,
    )


def _configured(settings: Settings) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the configured sources, and the canonical addresses of those that are feeds."""
    feeds = (canonical(one.url) for one in settings.sources if one.url and one.kind == "feed")
    return frozenset(one.name for one in settings.sources), frozenset(feeds)


@cache
def _cleaner() -> Callable[..., Draft]:
    """The filter; it and the readers are imported when there is a document, not before a 304."""
    from feedsvc.filters.clean import clean

    return clean


def is_doubtful(error: ParseError) -> bool:
    """Whether the slower reader may get something out of what ours could not read."""
    from feedsvc.parsers.feed import DoubtfulError

    return isinstance(error, DoubtfulError)


def read_file(source: SourceSettings) -> Response:
    """An OPML file of this machine, as if it had been fetched; raises FetchError."""
    from feedsvc.web import Headers, Response

    assert source.path is not None  # noqa: S101
    try:
        with source.path.open("rb") as file:
            data = file.read(source.max_bytes + 1)
    except OSError as error:
        raise FetchError(
            f"cannot read {source.path}: {error.strerror}", hint="check `path` and its rights"
        ) from error
    if len(data) > source.max_bytes:
        raise FetchError(f"{source.path} is larger than max_bytes ({source.max_bytes:,} bytes)")
    return Response(status=200, url=source.path.as_uri(), headers=Headers(()), body=data)


def listed(response: Response) -> Outlines:
    """What an OPML file lists; raises ParseError."""
    from feedsvc.parsers.opml import read as read_opml
    from feedsvc.sync.remote_plan import Listed, Outlines

    found = read_opml(response.body, url=response.url, charset=response.charset)
    return Outlines(
        listed=tuple(
            Listed(
                url=one.url, title=one.title, tags=tuple(dict.fromkeys((*one.folder, *one.tags)))
            )
            for one in found.outlines
        ),
        whole=found.well_formed,
        problems=found.problems,
    )


def read(response: Response, *, hints: Hints, max_entries: int) -> Reading:
    """Read a document as our own readers do; raises ParseError."""
    from feedsvc.parsers.feed import read as read_feed

    found = read_feed(response.body, **_told(response), hints=hints, max_entries=max_entries)
    return worth_storing(_with_hubs(found, response))


async def forgive(response: Response, *, aside: Aside, hints: Hints, max_entries: int) -> Reading:
    """Read a document as feedparser does, aside; raises ParseError."""
    found = await aside.call(
        "feedsvc.parsers.feed.forgiving:read",
        response.body, **_told(response), hints=hints, max_entries=max_entries,
    )  # fmt: skip
    return worth_storing(_with_hubs(cast("Reading", found), response))


def _with_hubs(reading: Reading, response: Response) -> Reading:
    """With the hubs that the answer announced beside the document."""
    value = response.headers.get("link", "")
    if "hub" not in value.lower():
        return reading
    from feedsvc.parsers.feed.hubs import with_header

    return replace(reading, head=with_header(reading.head, value, response.url))


def worth_storing(reading: Reading) -> Reading:
    """Without the entries that say nothing, which would be noise in every feed of ours."""
    from feedsvc.parsers.feed import says_nothing

    if not any(map(says_nothing, reading.drafts)):
        return reading
    drafts = tuple(one for one in reading.drafts if not says_nothing(one))
    count = len(reading.drafts)
    told = f"{count - len(drafts)} of {count} entries say nothing; left out"
    return replace(reading, drafts=drafts, problems=(*reading.problems, told))


def _told(response: Response) -> dict[str, Any]:
    return {
        "url": response.url,
        "media_type": response.media_type,
        "charset": response.charset,
    }


def announced(response: Response) -> tuple[str, ...]:
    """The feeds that a page announces, in its header or its head, best first."""
    from feedsvc.parsers.feed.discover import announced as in_page
    from feedsvc.parsers.feed.discover import link_header

    value = response.headers.get("link", "")
    found = [*(link_header(value, response.url) if value else ())]
    found += in_page(_text(response), response.url)
    return tuple(dict.fromkeys(one.url for one in found))


def _text(response: Response) -> str:
    data = response.body[:1_048_576]  # what announces a feed stands in the head of a page
    try:
        return data.decode(response.charset or "utf-8", "replace")
    except LookupError:  # no encoding has this name
        return data.decode("utf-8", "replace")


def put_aside() -> Aside:
    """The process that reads broken documents; bounded, since they may be made to be slow."""
    from feedsvc.aside import Aside

    return Aside(seconds=_PATIENCE, memory=_MOST_MEMORY)


def outline(row: OutlineRow, parent: SourceSettings) -> SourceSettings:
    """The settings of a source that stands in an OPML file: those of the file, with its own tags.

    Secrets and headers are for the host of the file, not for those it lists.
    """
    told = json.loads(row.extra) if row.extra else {}
    return replace(
        parent,
        name=row.name,
        kind="feed",
        was=None,
        path=None,
        url=row.place,
        auth=None,
        headers=(),
        title=told.get("title"),
        tags=(*parent.tags, *told.get("tags", ())),
    )
