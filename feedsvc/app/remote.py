"""The remote half of the composition root: one client, one killable reader, a plan per source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from feedsvc.decide import Authority, Policy, digest_of
from feedsvc.errors import FeedsvcError, FetchError, LockedError
from feedsvc.model import Draft, Hints, Origin, Reading
from feedsvc.ports import Clock, Memory, OutlineRow, Progress, SourceRow
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.store import SqlStore
    from feedsvc.sync.remote import RemoteReport
    from feedsvc.sync.remote_plan import Outlines, RemotePlan
    from feedsvc.web import Client, Resolve, Response

DEFAULT_EVERY = timedelta(minutes=15)
_PATIENCE = 4.0  # seconds for a broken document; with what goes before, an answer takes under five
_MOST_MEMORY = 200 * 1024 * 1024  # bytes for reading one, beside the 60 of the process
SLOTS = 32  # runs that may ask sources of one store at once

READING = "1"
"""The version of our reading of feeds: a new one reads every document again."""


def is_remote(source: SourceSettings) -> bool:
    """Whether a source is synced by visits, together with others."""
    return source.kind in ("feed", "opml")


class Remotes:
    """Visits remote sources; `opened` makes one, and everything it holds ends with it."""

    def __init__(
        self,
        settings: Settings,
        store: SqlStore,
        clock: Clock,
        client: Client,
        aside: Aside,
        run: str,
        dead: Sequence[str],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._client = client
        self._aside = aside
        self._run = run
        self._dead = dead
        self._telling = asyncio.Lock()

    async def sync(
        self,
        sources: Sequence[SourceSettings],
        rows: dict[str, SourceRow],
        progress: Progress | None = None,
        *,
        force: bool = False,
    ) -> RemoteReport:
        """Visit these sources; without `force`, those that may be asked at this hour."""
        from feedsvc.sync.remote import sync_remote
        from feedsvc.sync.remote_plan import Job

        everyone = len(sources) > 200
        began = self._clock.now()
        memories = self._store.memories(None if everyone else [s.name for s in sources])
        jobs = [
            Job(
                plan=self._plan(source),
                source=rows[source.name],
                memory=_memory(source, memories.get(source.name)),
                began=began,
                force=force,
            )
            for source in sources
        ]
        return await sync_remote(
            jobs, self._store, self._clock, run=self._run, dead=self._dead, progress=progress
        )

    async def tell(self) -> FeedsvcError | None:
        """Tell the operator's webhook, if there is one, what happened to sources."""
        from feedsvc.app.hook import tell
        from feedsvc.config import ops_webhook

        try:
            url = ops_webhook(self._settings.ops)
        except FeedsvcError as error:
            return error
        if url is None:
            return None
        async with self._telling:  # visits may end at the same time, and each change is told once
            return await tell(self._store, self._client, url, now=self._clock.now())

    def _plan(self, source: SourceSettings) -> RemotePlan:
        return plan(source, self._settings, self._client, self._aside)


@asynccontextmanager
async def opened(
    settings: Settings, store: SqlStore, clock: Clock, resolve: Resolve | None = None
) -> AsyncIterator[Remotes]:
    """The tools for visits, for as long as a run goes on; `resolve` as in `client`."""
    with _slot(store) as (run, dead):
        async with client(settings, resolve) as http, put_aside() as aside:
            try:
                yield Remotes(settings, store, clock, http, aside, run, dead)
            finally:
                store.release(run)


def client(settings: Settings, resolve: Resolve | None = None) -> Client:
    """The HTTP client of a configuration, to be opened with `async with`.

    `resolve` stands in for the resolver of the system; what it answers is checked all the same.
    """
    from feedsvc.web import Client

    sync = settings.sync
    return Client(
        sync,
        contact=settings.site.base_url,
        concurrency=sync.concurrency,
        per_host=sync.per_host,
        resolve=resolve,
    )


def put_aside() -> Aside:
    """The process that reads broken documents; bounded, since they may be made to be slow."""
    from feedsvc.aside import Aside

    return Aside(seconds=_PATIENCE, memory=_MOST_MEMORY)


@contextmanager
def _slot(store: SqlStore) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A name for this run, and those of runs that are over though they left leases behind.

    A run holds the lock of its slot for as long as it lives, and the operating system lets go of it
    when it dies: so a lease is worth as much as the lock of its slot.
    """
    with ExitStack() as stack:
        for slot in range(SLOTS):
            try:
                stack.enter_context(store.lock(f"sync-{slot}", timeout=0))
            except LockedError:
                continue
            break
        else:
            raise LockedError(f"{SLOTS} runs are at work on this store", hint="wait for them")
        run = f"{slot}-{uuid4().hex[:12]}"
        leases = store.leases()
        yield run, tuple(lease for lease in leases if _is_over(store, lease, slot))


def _is_over(store: SqlStore, lease: str, own: int) -> bool:
    number = lease.partition("-")[0]
    if number == str(own):
        return True  # the slot is ours now
    try:
        with store.lock(f"sync-{number}", timeout=0):
            return True
    except LockedError:
        return False


# -- one source ------------------------------------------------------------------------------------


def plan(source: SourceSettings, settings: Settings, http: Client, aside: Aside) -> RemotePlan:
    """How a remote source is synced."""
    from feedsvc.config import request_headers
    from feedsvc.filters.clean import clean
    from feedsvc.parsers.feed import DoubtfulError
    from feedsvc.sources.feed import FeedSource
    from feedsvc.sync.remote_plan import RemotePlan

    site = settings.site
    hints = Hints(language=source.language, zone=source.timezone, encodings=source.encoding)
    most = settings.sync.max_entries

    def cleaned(draft: Draft, base: str, language: str | None, origin: Origin) -> Draft:
        spoken = source.language or language
        start = draft.link or base
        return clean(draft, base=start, tags=source.tags, language=spoken, origin=origin)

    async def ask(memory: Memory) -> Response:
        if source.path is not None:
            return read_file(source)
        return await FeedSource(source, http, request_headers).ask(memory)

    return RemotePlan(
        name=source.name,
        url=source.url or "",
        every=source.every or DEFAULT_EVERY,
        on_delete=source.on_delete or "keep",
        policy=Policy(future=source.future or "clamp", link=source.link),
        authority=Authority(domain=site.id_domain, since=site.id_since),
        secret=source.auth is not None or bool(source.headers),
        fingerprint=digest_of(
            [
                READING,
                [source.language, source.timezone.key, source.encoding, source.tags],
                [source.future, source.link, most],
            ]
        ),
        ask=ask,
        read=partial(read, hints=hints, max_entries=most),
        forgive=partial(forgive, aside=aside, hints=hints, max_entries=most),
        doubtful=DoubtfulError,
        announced=announced,
        clean=cleaned,
        outlines=listed if source.kind == "opml" else None,
        others=frozenset(one.name for one in settings.sources) if source.kind == "opml" else _NONE,
    )


_NONE: frozenset[str] = frozenset()


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

    return worth_storing(
        read_feed(response.body, **_told(response), hints=hints, max_entries=max_entries)
    )


async def forgive(response: Response, *, aside: Aside, hints: Hints, max_entries: int) -> Reading:
    """Read a document as feedparser does, aside; raises ParseError."""
    found = await aside.call(
        "feedsvc.parsers.feed.forgiving:read",
        response.body, **_told(response), hints=hints, max_entries=max_entries,
    )  # fmt: skip
    return worth_storing(cast("Reading", found))


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


def _memory(source: SourceSettings, memory: Memory | None) -> Memory:
    """What is remembered of a source; nothing, if it was remembered of another address."""
    url = source.url or str(source.path)
    if memory is None or memory.configured != url:
        return Memory(configured=url, url=url)
    return memory


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
