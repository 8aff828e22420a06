"""Our subscriptions at the hubs of sources: asked for, renewed and given up in time (WebSub §5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from feedsvc.errors import FetchError
from feedsvc.ports import Announced, Subscription
from feedsvc.web import Client, RefusedError
from feedsvc.websub.flow import Lane, flow
from feedsvc.websub.forms import form, words
from feedsvc.websub.posting import posted
from feedsvc.websub.standing import (
    asking,
    hub_after,
    leave,
    overdue,
    unheard,
    wanted,
    wanted_of,
)
from feedsvc.websub.wishes import LEASE

AT_ONCE = 32  # hubs that are being asked
_TRY_AGAIN = frozenset({408, 425, 429})


class Subscriptions(Protocol):
    """What is asked of the store."""

    def announced(self, *, wanted: bool) -> tuple[Announced, ...]: ...

    def hubs_announced(self, source: int) -> tuple[str, ...]: ...

    def subscriptions_due(self, now: datetime, *, limit: int = -1) -> tuple[Subscription, ...]: ...

    def subscription(self, token: str) -> Subscription | None: ...

    def subscribe(self, one: Subscription) -> None: ...

    def exchange(self, was: Subscription, now: Subscription | None, at: datetime) -> bool: ...


class Leases:
    """Keeps subscriptions as sources announce them; `callback` is where a token is asked at."""

    def __init__(
        self,
        store: Subscriptions,
        now: Callable[[], datetime],
        *,
        wanted: bool,
        callback: Callable[[str], str],
    ) -> None:
        self._store = store
        self._now = now
        self._wanted = wanted
        self._callback = callback

    def look(self) -> None:
        """Compare what there is with what sources announce by now."""
        now = self._now()
        for one in self._store.announced(wanted=self._wanted):
            if one.subscription is not None:
                self._store.exchange(one.subscription, leave(one.subscription, now=now), now)
            elif (new := wanted_of(one, now=now)) is not None:
                self._store.subscribe(new)

    async def run(self, client: Client) -> None:
        """Ask hubs for what is due."""

        async def ask(one: Subscription) -> None:
            await self._step(one, client)

        await flow(Lane(self._take, AT_ONCE), row=lambda one: one.source, do=ask)

    def _take(self, limit: int, but: Collection[int]) -> Sequence[Subscription]:
        due = self._store.subscriptions_due(self._now(), limit=limit + len(but))
        return [one for one in due if one.source not in but][:limit]

    async def _step(self, one: Subscription, client: Client) -> None:
        now = self._now()
        if one.state == "denied":  # its time is over: asked anew, another hub if there is one
            hub = hub_after(one.hub, self._store.hubs_announced(one.source)) or one.hub
            again = wanted(one.source, one.name, one.topic, hub, now=now, reason=one.reason)
            self._store.exchange(one, again, now)
            return
        current = overdue(one, now=now)
        if current is None:
            self._store.exchange(one, None, now)
            return
        if self._store.exchange(one, asking(current, now=now), now):
            sent = self._store.subscription(one.token)  # as it is stored, in whole seconds
            if sent is not None:
                await self._ask(sent, client)

    async def _ask(self, one: Subscription, client: Client) -> None:
        values = {"topic": one.topic, "callback": self._callback(one.token)}
        if one.state == "leaving":
            values |= {"mode": "unsubscribe"}
        else:
            values |= {
                "mode": "subscribe",
                "lease_seconds": str(int(LEASE.total_seconds())),
                "secret": one.secret,
            }
        wait, final = timedelta(), False
        try:
            answer = await posted(client, one.hub, form(**values))
        except FetchError as error:
            reason, final = error.line, isinstance(error, RefusedError)
        else:
            if 200 <= answer.status < 300:
                return  # it will ask back, or has
            said = words(answer.body[:1_000].decode("utf-8", "replace"))
            reason = f"its hub answered {answer.status}{f': {said}' if said else ''}"
            wait = answer.retry_after(self._now()) or wait
            final = 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN
        current = self._store.subscription(one.token)
        if current is not None and (current.state, current.due) == (one.state, one.due):
            now = self._now()  # it is as it was when the hub was asked: it did not ask back
            told = unheard(current, now=now, reason=reason, wait=wait, final=final)
            self._store.exchange(current, told, now)
