"""Telling others what was published (WebSub §6, §7): hubs by a ping, subscribers with the document.

A word stays in the outbox until somebody answers that it was heard, so that a crash at any moment
loses none; at worst one is told twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from feedsvc.errors import FetchError
from feedsvc.ports import Notice, Subscriber
from feedsvc.web import Client, Response
from feedsvc.web.response import REDIRECTS
from feedsvc.websub.flow import Lane, flow
from feedsvc.websub.forms import form, words
from feedsvc.websub.pauses import GIVEN_UP, LONGEST, pause
from feedsvc.websub.posting import posted
from feedsvc.websub.signature import HEADER, signed

AT_ONCE = 160  # who is being told at one time
AGAIN_AT_ONCE = 64  # of those who were told in vain, beside them


class Content(NamedTuple):
    """A document as it is published now, at an address that it calls its own."""

    url: str
    media_type: str
    body: bytes


class Outbox(Protocol):
    """What is asked of the store."""

    def fans(self, now: datetime) -> tuple[str, ...]: ...

    def fan_out(self, topics: Mapping[str, Sequence[str]], now: datetime) -> None: ...

    def outbox_take(
        self, now: datetime, *, again: bool, limit: int, but: Collection[int] = ()
    ) -> tuple[Notice, ...]: ...

    def heard(self, notice: Notice, now: datetime) -> None: ...

    def unheard(self, notice: Notice, due: datetime | None, reason: str) -> None: ...

    def drop(self, notice: Notice) -> None: ...

    def subscribers(self, rows: Sequence[int]) -> dict[int, Subscriber]: ...

    def reached(self, row: int) -> None: ...

    def missed(self, row: int, now: datetime) -> None: ...

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
        followed: Callable[[Collection[str]], Mapping[str, Sequence[str]]],
        published: Callable[[str], Content | None],
    ) -> None:
        """`hub` is our own, `others` are those that are to be told.

        `followed` are all topics by which subscribers know documents, `published` is the document
        of a topic; None if our hub does not distribute it any more.
        """
        self._store = store
        self._client = client
        self._now = now
        self._hub = hub
        self._others = others
        self._followed = followed
        self._published = published

    async def run(self) -> None:
        """Tell everything that is due."""
        first = Lane(partial(self._take, False), AT_ONCE)
        again = Lane(partial(self._take, True), AGAIN_AT_ONCE)
        await flow(first, again, row=lambda notice: notice.row, do=self._tell)

    def _take(self, again: bool, limit: int, but: Collection[int]) -> Sequence[Notice]:
        now = self._now()
        if topics := self._store.fans(now):
            self._store.fan_out(self._followed(topics), now)
        return self._store.outbox_take(now, again=again, limit=limit, but=set(but))

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
        status, reason, wait = await self._answer(posted(self._client, hub, body))
        if 200 <= status < 300:
            self._store.heard(notice, self._now())
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
        # §7: which hub it comes from, and what it is; that says so to who knows it by another name
        headers = {"Link": f'<{self._hub}>; rel="hub", <{content.url}>; rel="self"'}
        if one.secret is not None:
            headers[HEADER] = signed(one.secret, content.body)
        status, reason, wait = await self._answer(
            self._client.post(
                one.callback, content.body, media_type=content.media_type, headers=headers
            )
        )
        if 200 <= status < 300:
            self._store.heard(notice, self._now())
            self._store.reached(row)
        elif status == 410:  # §7: it does not want to hear of it any more
            self._store.retire([row])
        else:
            # §7: whoever fails stays a subscriber until the lease ends, and hears of the next news.
            self._store.missed(row, self._now())
            self._later(notice, reason, wait)

    # -- both ----------------------------------------------------------------------------------

    async def _answer(self, asked: Awaitable[Response]) -> tuple[int, str, timedelta]:
        """The status, 0 for none; why that is no success; and how long it asks to wait."""
        try:
            answer = await asked
        except FetchError as error:
            return 0, error.line, timedelta()
        wait = answer.retry_after(self._now()) or timedelta()
        said, place = f"it answered {answer.status}", answer.headers.first("location")
        if answer.status in REDIRECTS and place:
            said += f" and names {words(place)}"
        return answer.status, said, min(wait, LONGEST)

    def _later(self, notice: Notice, reason: str, wait: timedelta) -> None:
        now, tries = self._now(), notice.tries + 1
        due = now + max(pause(tries, seed=f"{notice.word}"), wait)
        given_up = now - notice.made >= GIVEN_UP
        self._store.unheard(notice, None if given_up else due, reason)
