"""The webhook of the operator: told of every change of a source's state, in order, until it knows.

What it is told is written with the visit itself, so that a crash loses none; a hook that does not
answer is told at the next sync. It hears of each change at least once, and knows them by number.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from feedsvc.errors import FeedsvcError, FetchError
from feedsvc.model import iso_utc
from feedsvc.ports import Event
from feedsvc.store import SqlStore
from feedsvc.web import Client

AT_ONCE = 100  # changes in one message
NEWS = timedelta(days=1)  # what is older says nothing to a hook that is new, or was away


async def tell(store: SqlStore, client: Client, url: str, *, now: datetime) -> FeedsvcError | None:
    """Tell the webhook what it does not know yet; returns what kept us from it.

    The message is `{"schema": "feedsvc.events/1", "events": [{number, at, source, was, state,
    reason}]}`; any 2xx means that it was heard.
    """
    while events := store.untold(since=now - NEWS, limit=AT_ONCE):
        try:
            answer = await client.post(url, message(events), media_type="application/json")
            if not 200 <= answer.status < 300:
                raise FetchError(f"answered {answer.status}", hint="check ops.webhook")
        except FetchError as error:
            # Its address may be a secret: the host alone is in the message.
            return FetchError(f"the webhook was not told: {error}", hint=error.hint)
        store.tell([event.number for event in events])
        if len(events) < AT_ONCE:
            break
    return None


def message(events: tuple[Event, ...]) -> bytes:
    """What is posted."""
    told = [{**event._asdict(), "at": iso_utc(event.at)} for event in events]
    document = {"schema": "feedsvc.events/1", "events": told}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
