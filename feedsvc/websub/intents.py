"""Verification of intent (WebSub §5.3): whoever can answer at a callback is asked for its consent.

Else anybody could let our hub post documents to a stranger's server.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from feedsvc.errors import FetchError
from feedsvc.ports import Subscriber
from feedsvc.web import Client, RefusedError
from feedsvc.websub.flow import Lane, flow
from feedsvc.websub.forms import asked
from feedsvc.websub.wishes import Wish

AT_ONCE = 100  # callbacks that are being asked
AGAIN_AT_ONCE = 50  # of those that were asked in vain, beside them
_PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
_ANSWER = 4_096  # bytes; ours has 43


class Intents(Protocol):
    """What is asked of the store."""

    def intents(
        self, now: datetime, *, again: bool, limit: int, but: Collection[int] = ()
    ) -> tuple[Subscriber, ...]: ...

    def confirm(self, one: Subscriber, *, secret: str | None, until: datetime) -> None: ...

    def postpone(self, one: Subscriber, pending: str, due: datetime) -> None: ...

    def refuse(self, one: Subscriber) -> None: ...

    def leave(self, one: Subscriber) -> None: ...


class Verifier:
    """Asks callbacks whether they mean what was requested in their name."""

    def __init__(self, store: Intents, client: Client, now: Callable[[], datetime]) -> None:
        self._store = store
        self._client = client
        self._now = now

    async def run(self) -> None:
        """Ask all who are to be asked."""
        first = Lane(partial(self._take, False), AT_ONCE)
        again = Lane(partial(self._take, True), AGAIN_AT_ONCE)
        await flow(first, again, row=lambda one: one.row, do=self._ask)

    def _take(self, again: bool, limit: int, but: Collection[int]) -> Sequence[Subscriber]:
        return self._store.intents(self._now(), again=again, limit=limit, but=set(but))

    async def _ask(self, one: Subscriber) -> None:
        wish = Wish.load(one.pending or "")
        if wish.mode == "denied":
            await self._tell_denied(one, wish)
            return
        challenge = secrets.token_urlsafe(32)
        values = {"mode": wish.mode, "topic": one.topic, "challenge": challenge}
        if wish.mode == "subscribe":
            values["lease_seconds"] = str(wish.lease)
        try:
            # §5.3: a redirect is a no, like everything that is not 2xx with the very challenge.
            answer = await self._client.get(
                asked(one.callback, **values), accept="*/*", max_bytes=_ANSWER, follow=False
            )
        except FetchError as error:
            self._unreached(one, wish, error)
            return
        if not 200 <= answer.status < 300 or answer.body != challenge.encode():
            self._store.refuse(one)
        elif wish.mode == "subscribe":
            until = self._now() + timedelta(seconds=wish.lease)
            self._store.confirm(one, secret=wish.secret, until=until)
        else:
            self._store.leave(one)

    async def _tell_denied(self, one: Subscriber, wish: Wish) -> None:
        """§5.2: the subscription ends; what the callback answers is all the same."""
        values = {"mode": "denied", "topic": one.topic, "reason": wish.reason or ""}
        try:
            await self._client.get(
                asked(one.callback, **values), accept="*/*", max_bytes=_ANSWER, follow=False
            )
        except FetchError as error:
            self._unreached(one, wish, error)
        else:
            self._store.leave(one)

    def _unreached(self, one: Subscriber, wish: Wish, error: FetchError) -> None:
        if isinstance(error, RefusedError) or wish.tries >= len(_PAUSES):
            if wish.mode == "denied":
                self._store.leave(one)
            else:
                self._store.refuse(one)
            return
        later = replace(wish, tries=wish.tries + 1)
        self._store.postpone(one, later.dump(), self._now() + _PAUSES[wish.tries])
