"""Our callbacks: hubs ask whether we mean a subscription, and bring news (WebSub §5.3, §7)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from feedsvc.ports import Call, Reply, Subscription
from feedsvc.websub.forms import FormError, answer, fields, number, single, words
from feedsvc.websub.signature import ALSO, HEADER, fits
from feedsvc.websub.standing import awaited, denied, granted

log = logging.getLogger(__name__)

_LONGEST_CHALLENGE = 1_024


class Subscriptions(Protocol):
    """What is asked of the store."""

    def subscription(self, token: str) -> Subscription | None: ...

    def exchange(self, was: Subscription, now: Subscription | None, at: datetime) -> bool: ...


class Callbacks:
    """Answers for the callbacks; `take_in` is given what a hub brings, once it is known as its."""

    def __init__(
        self,
        store: Subscriptions,
        now: Callable[[], datetime],
        take_in: Callable[[Subscription, Call], Awaitable[None]],
    ) -> None:
        self._store = store
        self._now = now
        self._take_in = take_in

    async def answer(self, token: str, call: Call) -> Reply:
        """The answer to a hub; `take_in` may raise what the store says."""
        if call.method not in ("GET", "POST"):
            said = "a hub asks with GET and brings news with POST"
            return answer(405, said, ("allow", "GET, POST"))
        one = self._store.subscription(token)
        if call.method == "POST":
            return await self._brought(one, call)
        if one is None:
            return answer(404, "there is no such subscription")
        try:
            return self._asked(one, call)
        except FormError as error:
            return answer(400, str(error))

    def _asked(self, one: Subscription, call: Call) -> Reply:
        """§5.3: consent is given only to exactly what we asked for, while it is awaited."""
        query = fields(call.query)
        mode, topic = single(query, "hub.mode").lower(), single(query, "hub.topic")
        now = self._now()
        if topic != one.topic:
            return answer(404, "that is not what was asked for")
        if mode == "denied":  # §5.2
            if one.state != "leaving":
                said = words(single(query, "hub.reason"))
                reason = f"its hub denied it{f': {said}' if said else ''}"
                self._store.exchange(one, denied(one, now=now, reason=reason), now)
            return answer(200)
        challenge = single(query, "hub.challenge")
        if not 0 < len(challenge) <= _LONGEST_CHALLENGE:
            return answer(404, "there is nothing to repeat")
        if mode == "subscribe" and awaited(one, now=now):
            lease = number(single(query, "hub.lease_seconds"))
            agreed = self._store.exchange(one, granted(one, lease, now=now), now)
        elif mode == "unsubscribe" and one.state == "leaving" and one.asked is not None:
            agreed = self._store.exchange(one, None, now)
        else:
            return answer(404, "that is not what was asked for")
        if not agreed:  # it changed in this moment: the hub may ask again
            return answer(503, "ask again", ("retry-after", "1"))
        reply = answer(200)
        return reply._replace(body=challenge.encode("utf-8", "surrogatepass"))

    async def _brought(self, one: Subscription | None, call: Call) -> Reply:
        if one is None or one.state == "leaving":
            return answer(410, "there is no such subscription")
        told = (call.headers.get(name.lower()) for name in (HEADER, ALSO))
        if not fits(one.secret, call.body, ",".join(filter(None, told))):
            # §8: it is answered as if it were believed, and nothing is done with it.
            log.debug("%s: what was brought to its callback is not of its hub", one.name)
            return answer(202)
        await self._take_in(one, call)
        return answer(202)
