"""What the hub of a source brings: taken in at once, or else a reason to ask the source."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from feedsvc.app.reading import is_remote
from feedsvc.errors import LockedError, NotFoundError
from feedsvc.ports import Call, Subscription

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.settings import Source

PAUSE = 5.0
"""Seconds between two visits to a source, at least, however often its hub tells of news."""

_OFTEN = 10  # documents that are taken in without such a pause
_OFTEN_IN = 10.0  # seconds
_AT_ONCE = 4  # sources whose documents are taken in at one time
_PATIENCE = 20  # tries, until whoever is asking the source has done so; hubs wait longer
_TRY_AGAIN = 0.25  # seconds


class Taking:
    """Takes in what hubs bring; when it returns, the store knows all that it has to.

    A hub that hears that it was taken does not bring it again: so it hears that only then, and a
    StoreError says that it was not.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        # By `Clock.elapsed` and the rows of sources:
        self._lately: dict[int, deque[float]] = {}
        self._pinged: dict[int, float] = {}

    async def __call__(self, one: Subscription, call: Call) -> None:
        """`call` is known to be from the hub of this subscription."""
        turn = self._turns.setdefault(one.source, asyncio.Lock())
        async with turn, self._room:
            await self._take(one, call)

    async def _take(self, one: Subscription, call: Call) -> None:
        store, now = self._app.store, self._app.clock.now()
        source = next(iter(self._app.some_sources([one.name])), None)
        try:
            paused = store.source(one.name).paused is not None
        except NotFoundError:  # it has just been taken out
            return
        if source is None or not is_remote(source) or paused:
            return
        whole = call.body.strip() and len(call.body) <= source.max_bytes
        often = self._too_often(one.source)
        if not whole or often or not await self._read(source, call):
            store.ping(one.source, self._next_visit(one.source, now))
            self._app.pinged.add(one.name)
        store.hub_told(one.source, now)

    async def _read(self, source: Source, call: Call) -> bool:
        """Whether it is what the source itself would have answered, and is stored now."""
        async with self._app.remotes() as remotes:
            for _ in range(_PATIENCE):
                try:
                    media_type = call.headers.get("content-type", "")
                    return await remotes.take_in(source, call.body, media_type)
                except LockedError:
                    await self._app.clock.sleep(_TRY_AGAIN)
        raise LockedError(f"{source.name} is being asked just now")

    def _too_often(self, source: int) -> bool:
        """To read a document takes time in which nothing else is done."""
        now = self._app.clock.elapsed()
        lately = self._lately.setdefault(source, deque(maxlen=_OFTEN))
        if len(lately) == _OFTEN and now - lately[0] < _OFTEN_IN:
            return True
        lately.append(now)
        return False

    def _next_visit(self, source: int, now: datetime) -> datetime:
        """At once, but not every time that the hub says so."""
        elapsed, last = self._app.clock.elapsed(), self._pinged.get(source)
        if last is None or last <= elapsed:  # else it is to be asked in a moment as it is
            last = elapsed if last is None else max(elapsed, last + PAUSE)
            self._pinged[source] = last
        return now + timedelta(seconds=last - elapsed)
