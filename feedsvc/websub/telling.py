"""Telling others what was published (WebSub §6, §7): hubs by a ping, subscribers with the document.

A word stays in the outbox until somebody answers that it was heard, so that a crash at any moment
loses none; at worst one is told twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from feedsvc.errors import FetchError
from feedsvc.ports import Notice, Subscriber
from feedsvc.web import Client
from feedsvc.websub.flow import flow
from feedsvc.websub.forms import MEDIA_TYPE, form
from feedsvc.websub.pauses import GIVEN_UP, LONGEST, pause
from feedsvc.websub.signature import HEADER, signed

log = logging.getLogger(__name__)

AT_ONCE = 200  # who is being told at one time
_ANSWER = 262_144  # bytes of an answer that are read; nobody needs what it says


class Content(NamedTuple):
    """A document as it is published now."""

    media_type: str
    body: bytes


class Outbox(Protocol):
    """What is asked of the store."""

    def fan_out(self, now: datetime) -> None: ...

    def outbox_take(
        self, now: datetime, *, limit: int, but: Collection[int] = ()
    ) -> tuple[Notice, ...]: ...

    def heard(self, notice: Notice, now: datetime) -> None: ...

    def unheard(self, notice: Notice, due: datetime | None, reason: str) -> None: ...

    def drop(self, notice: Notice) -> None: ...

    def subscribers(self, rows: Sequence[int]) -> dict[int, Subscriber]: ...

    def reached(self, row: int) -> None: ...

    def missed(self, row: int, now: datetime) -> datetime: ...

    def retire(self, rows: Sequence[int]) -> None: ...


class Teller:
    """Tells what is in the outbox, beside one another: whoever is slow or dead delays nobody."""

    def __init__(
        self,
        store: Outbox,
        client: Client,
        now: Callable[[], datetime],
        *,
        hub: str,
        others: Collection[str],
        published: Callable[[str], Content | None],
    ) -> None:
        """`hub` is our own, `others` are those that are to be told.

        `published` is the document of a topic; None if our hub does not distribute it any more.
        """
        self._store = store
        self._client = client
        self._now = now
        self._hub = hub
        self._others = others
        self._published = published

    async def run(self) -> None:
        """Tell everything that is due."""
        await flow(self._take, lambda notice: notice.row, self._tell, most=AT_ONCE)

    def _take(self, limit: int, but: Collection[int]) -> Sequence[Notice]:
        now = self._now()
        self._store.fan_out(now)
        return self._store.outbox_take(now, limit=limit, but=set(but))

    async def _tell(self, notice: Notice) -> None:
        if notice.word.kind == "ping":
            await self._ping(notice)
        else:
            await self._deliver(notice)

    # -- hubs of others ------------------------------------------------------------------------

    async def _ping(self, notice: Notice) -> None:
        _, hub, topic = notice.word
        if hub not in self._others:  # it is no longer configured
            self._store.drop(notice)
            return
        # The Recommendation leaves the form of this request open; `url` is what all hubs know from
        # PubSubHubbub 0.3, `topic` what some ask for since.
        body = form(mode="publish", url=topic, topic=topic)
        status, reason, wait = await self._post(hub, body, MEDIA_TYPE, {})
        if 200 <= status < 300:
            self._store.heard(notice, self._now())
        elif self._now() - notice.made >= GIVEN_UP:
            self._store.unheard(notice, None, reason)
        else:
            self._later(notice, reason, wait)

    # -- subscribers of our own ----------------------------------------------------------------

    async def _deliver(self, notice: Notice) -> None:
        row, topic = int(notice.word.target), notice.word.topic
        one = self._store.subscribers([row]).get(row)
        content = self._published(topic)
        if (
            one is None
            or content is None
            or one.topic != topic
            or one.lease_until is None
            or one.lease_until <= self._now()
        ):
            self._store.drop(notice)
            return
        # §7: which hub it comes from, and what it is
        headers = {"Link": f'<{self._hub}>; rel="hub", <{topic}>; rel="self"'}
        if one.secret is not None:
            headers[HEADER] = signed(one.secret, content.body)
        status, reason, wait = await self._post(
            one.callback, content.body, content.media_type, headers
        )
        if 200 <= status < 300:
            self._store.heard(notice, self._now())
            self._store.reached(row)
        elif status == 410:  # §7: it does not want to hear of it any more
            self._store.retire([row])
        elif self._now() - self._store.missed(row, self._now()) >= GIVEN_UP:
            log.info("a subscriber of %s was retired: %s", self._hub, reason)
            self._store.retire([row])
        else:
            self._later(notice, reason, wait)

    # -- both ----------------------------------------------------------------------------------

    async def _post(
        self, url: str, body: bytes, media_type: str, headers: dict[str, str]
    ) -> tuple[int, str, timedelta]:
        """The status, 0 for none; why that is no success; and how long it asks to wait."""
        try:
            answer = await self._client.post(
                url, body, media_type=media_type, headers=headers, max_bytes=_ANSWER
            )
        except FetchError as error:
            return 0, error.line, timedelta()
        wait = answer.retry_after(self._now()) or timedelta()
        return answer.status, f"it answered {answer.status}", min(wait, LONGEST)

    def _later(self, notice: Notice, reason: str, wait: timedelta) -> None:
        tries = notice.tries + 1
        due = self._now() + max(pause(tries, seed=f"{notice.word}"), wait)
        self._store.unheard(notice, due, reason)
