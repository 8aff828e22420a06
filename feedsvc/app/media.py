"""The errand to media servers: how long a file is, of which type, and how large a picture.

Nothing waits for it. Feeds go out as their sources are, and again when the answers are there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedsvc.errors import FetchError
from feedsvc.ports import Clock, Media
from feedsvc.text import pictures
from feedsvc.text.urls import media_type

if TYPE_CHECKING:
    from feedsvc.store import SqlStore
    from feedsvc.web import Client, Response

AT_ONCE = 100  # files in one run; those after them are due in the next
LONGEST = 60.0  # seconds of a run; what was not answered by then is asked again
PAUSES = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 72, 168))
"""How long a file is left alone after each failure; after one more it is for good."""

OUTAGE = timedelta(minutes=15)
"""How long a host is left alone that does not answer, or says that it has had enough."""

_ENOUGH = frozenset({429, 503})
_NO_HEAD = frozenset({400, 403, 405, 406, 501})  # perhaps to a HEAD alone
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
# What servers call a file whose type they do not know.
_ANYTHING = frozenset(
    """application/octet-stream binary/octet-stream application/x-octet-stream application/binary
    application/force-download application/download application/x-download text/plain""".split()
)
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838 §4.2


class MediaErrand:
    """Asks servers about the media files that the store has queued."""

    name = "media"

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._closed: dict[str, tuple[datetime, str]] = {}  # host -> until when, and why
        self._answers: list[Media] = []  # that the store does not have yet

    def due(self, now: datetime) -> bool:
        """Whether a file is to be asked about."""
        return bool(self._answers) or self._store.media_due(now)

    async def run(self, client: Client) -> bool:
        """Ask about what is due, and have the answers learnt; True if feeds are to be built."""
        now = self._clock.now()
        # Whom the store could not be told of the last time are not asked again for that.
        built = await asyncio.to_thread(self._learn, now) if self._answers else False
        self._closed = {host: one for host, one in self._closed.items() if one[0] > now}
        hosts: dict[str, list[Media]] = {}
        for one in self._store.media_wanted(now, AT_ONCE):
            hosts.setdefault(_host(one.url), []).append(one)
        asking = [
            asyncio.create_task(self._ask(client, host, files, now))
            for host, files in hosts.items()
        ]
        try:
            if asking:
                await asyncio.wait(asking, timeout=LONGEST)
        finally:
            for task in asking:
                task.cancel()
            ended = await asyncio.gather(*asking, return_exceptions=True)
        learnt = await asyncio.to_thread(self._learn, now) if self._answers else False
        for error in ended:
            if isinstance(error, Exception):
                raise error
        return built or learnt

    def _learn(self, now: datetime) -> bool:
        # A build that has begun would keep entries as they were before.
        with self._store.lock("build"):
            built = self._store.learn(self._answers, now)
        self._answers = []
        return built

    async def _ask(self, client: Client, host: str, files: Sequence[Media], now: datetime) -> None:
        """Ask one host, one thing after the other: it may say that it has had enough."""
        from feedsvc.web import NoNetworkError

        for one in files:
            if host in self._closed:
                until, reason = self._closed[host]
                self._answers.append(one._replace(retry_at=until, reason=reason))
                continue
            try:
                response = await _response(client, one)
            except NoNetworkError as error:  # which is no fault of the file's
                self._closed[host] = (now + OUTAGE, str(error))
                self._answers.append(one._replace(retry_at=now + OUTAGE, reason=str(error)))
            except FetchError as error:
                if error.retryable:
                    self._closed[host] = (now + OUTAGE, str(error))
                self._answers.append(_failed(one, str(error), now))
            else:
                if response.status in _ENOUGH:
                    wait = max(response.retry_after(now) or OUTAGE, timedelta(minutes=1))
                    self._closed[host] = (now + wait, f"answered {response.status}")
                    self._answers.append(
                        _failed(one, f"answered {response.status}", now, at_least=wait)
                    )
                else:
                    self._answers.append(_told(one, response, now))


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


async def _response(client: Client, one: Media) -> Response:
    """The answer that tells what is wanted of a file, asked for as cheaply as it can be."""
    if not one.picture:
        response = await client.head(one.url)
        tells = response.status >= 300 or response.length
        if tells and response.status not in _NO_HEAD:
            return response
    return await client.beginning(one.url, pictures.BEGINNING)


def _failed(one: Media, reason: str, now: datetime, *, at_least: timedelta = timedelta()) -> Media:
    """One that is asked about again, after a longer pause each time, and at last no more."""
    again = one.failures < len(PAUSES)
    return one._replace(
        retry_at=now + max(PAUSES[one.failures], at_least) if again else None,
        failures=one.failures + 1,
        reason=reason,
    )


def _told(one: Media, response: Response, now: datetime) -> Media:
    """What an answer tells of a file."""
    status, length = response.status, response.length
    if status == 410:  # RFC 9110 §15.5.11: for good; a 404 may be a file on its way there
        return one._replace(retry_at=None, reason="answered 410")
    if length == 0:  # RFC 9110 §15.5.17: of an empty file there is no first byte, so a 416
        return _failed(one, "the file is empty", now)
    if status not in {200, 206}:
        return _failed(one, f"answered {status}", now)
    if length is None and status == 200 and 0 < len(response.body) < pictures.BEGINNING:
        length = len(response.body)  # that was all
    kind = _kind(one.url, response)
    if kind in _PAGES:
        # A page that says sorry, or asks for a name: whatever it is, it is not the file.
        return _failed(one, "answered with a page", now)
    found = pictures.size(response.body) if one.picture else None
    width, height = found or (None, None)
    reason = None
    if length is None:
        reason = "its server tells no length"
    elif one.picture and found is None:
        reason = "it is no picture whose size can be read"
    return one._replace(
        type=kind, length=length, width=width, height=height,
        retry_at=None, failures=0, reason=reason,
    )  # fmt: skip


def _kind(url: str, response: Response) -> str | None:
    """The media type of a file: as its bytes show it, its server states it, or it is named."""
    if shown := pictures.media_type(response.body):
        return shown
    stated = response.media_type
    known = stated if stated and _TYPE.fullmatch(stated) else None
    if known is None or known in _ANYTHING:
        return media_type(response.url) or media_type(url) or known
    return known
