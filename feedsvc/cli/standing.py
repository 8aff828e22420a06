"""How a source stands, in the contract's words: for `status`, `source list` and `source show`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedsvc.model import iso_utc

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.manners import Health
    from feedsvc.ports import Memory, SourceRow, Subscription
    from feedsvc.settings import Source


def of_all(app: App) -> list[dict[str, Any]]:
    """Every source, those of OPML files among them, as `status` prints it.

    One that announces a hub has a `push`: how our subscription there stands.
    """
    now = app.clock.now()
    rows = {row.name: row for row in app.store.sources()}
    memories = app.store.memories()
    pushes = {one.name: _push(one) for one in app.store.subscriptions()}
    return [
        of_one(one, rows.get(one.name), memories.get(one.name), now)
        | ({"push": pushes[one.name]} if one.name in pushes else {})
        for one in app.all_sources()
    ]


def of_store(app: App) -> list[dict[str, Any]]:
    """Every source as the store knows it, without what its configuration says."""
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "url": row.place,
            "state": "paused" if row.paused is not None else row.state,
            "last_ok": iso(row.last_ok),
            "next_due": iso(row.next_due),
            "failures": row.failures,
            "reason": row.reason,
        }
        for row in app.store.sources()
    ]


def _push(one: Subscription) -> dict[str, Any]:
    """How our subscription at the hub of a source stands."""
    told = {
        "state": one.state,
        "hub": one.hub,
        "lease_until": iso(one.lease_until),
        "heard": iso(one.heard),
        "reason": one.reason,
    }
    return {name: value for name, value in told.items() if value is not None}


def of_one(
    source: Source, row: SourceRow | None, memory: Memory | None, now: datetime
) -> dict[str, Any]:
    """One source as it is configured, with what the store knows of it.

    `title`, `since` and `configured` are there if there is something to tell: the last is its
    address in the configuration, where it is asked at another one.
    """
    configured = source.url or str(source.path)
    url = asked_at(source, memory)
    state, reason, since = _state(source, row, memory, now)
    told = {
        "name": source.name,
        "kind": source.kind,
        "url": url,
        "state": state.value,
        "last_ok": iso(row.last_ok) if row else None,
        "next_due": iso(row.next_due) if row else None,
        "failures": row.failures if row else 0,
        "reason": reason,
    }
    more = {
        "title": title_of(source, memory),
        "since": iso(since),
        "configured": configured if configured != url else None,
    }
    return {**told, **{name: value for name, value in more.items() if value is not None}}


def asked_at(source: Source, memory: Memory | None) -> str:
    """The address that the next sync asks: it may have moved, or been found on a page."""
    if source.url is None:
        return str(source.path)
    # What was remembered of another address says nothing of this one.
    return memory.url if memory and memory.configured == source.url else source.url


def title_of(source: Source, memory: Memory | None) -> str | None:
    """What a source is called: by its operator, or by itself."""
    if source.title is not None or memory is None or not memory.head:
        return source.title
    title: str | None = json.loads(memory.head).get("title")
    return title


def _state(
    source: Source, row: SourceRow | None, memory: Memory | None, now: datetime
) -> tuple[Health, str | None, datetime | None]:
    """The state, why, and since when."""
    from feedsvc.app.reading import DEFAULT_EVERY, is_remote
    from feedsvc.manners import Health, Standing, every_of, health

    if row is None:
        return Health.OK, None, None

    # A folder without `every` is looked at whenever there is a sync, so that it is never late.
    scheduled = is_remote(source) or source.every is not None
    standing = Standing.load(memory.standing) if memory else Standing(failures=row.failures)
    if row.state == "parked" and standing.alive:
        standing = Standing(parked=row.reason or "parked")
    state = health(
        standing,
        now=now,
        next_due=row.next_due if scheduled else None,
        every=every_of(source.every or DEFAULT_EVERY, source.timezone),
        paused=row.paused is not None,
        quarantined=row.state == "quarantined",
    )
    if state is Health.PAUSED:
        return state, f"`feedsvc source resume {source.name}` asks it again", row.paused
    if state is Health.LATE:
        return state, "no sync has asked it since it was due", row.next_due
    return state, row.reason, row.since


def iso(moment: datetime | None) -> str | None:
    """A time as `--json` documents hold it."""
    return None if moment is None else iso_utc(moment)
