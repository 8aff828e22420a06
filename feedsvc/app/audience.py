"""The audience of feeds: what server processes count becomes an estimate of readers.

    serve/audience.py --batch--> take -> table audience -> readers

An estimate: who reads through a cache or a proxy that we do not know is not seen, and who reads on
two machines is two.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from feedsvc.figures.sketch import distinct
from feedsvc.ports import AudienceDay, Batch

if TYPE_CHECKING:
    from feedsvc.app import App

DAYS = 7
"""Whole days of which the average is taken."""

KEPT = timedelta(days=35)
"""How long days are remembered."""

_SALT = 16  # bytes


def salt(app: App, day: str) -> bytes:
    """The salt of a day; days that are long past are forgotten with the one before."""
    known = app.store.day_salt(day, secrets.token_bytes(_SALT), app.clock.now())
    app.store.forget_audience((date.fromisoformat(day) - KEPT).isoformat())
    return known


def take(app: App, data: bytes) -> None:
    """Take a batch over; one that comes again changes nothing. Raises ValueError, StoreError."""
    try:
        batch = _read(json.loads(data))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a batch: {error!r}") from error
    app.store.add_audience(batch, app.clock.now())


def _read(told: dict[str, Any]) -> Batch:
    day = date.fromisoformat(told["day"]).isoformat()
    days = tuple(
        AudienceDay(
            day=day,
            feed=name,
            requests=one.get("requests", 0),
            not_modified=one.get("not_modified", 0),
            aggregators=one.get("aggregators", {}),
            pollers=base64.b64decode(one.get("pollers", ""), validate=True),
        )
        for name, one in told["feeds"].items()
    )
    return Batch(sender=told["from"], number=told["number"], days=days)


def readers(app: App) -> dict[str, int]:
    """How many follow each feed: the average of the last whole days, or today so far.

    Nothing of feeds that nobody asked our server for. Of a group it is the sum over its feeds: who
    follows two of them counts twice, as two subscriptions are.
    """
    found: dict[str, int] = {}
    for name, days in _by_feed(_recent(app)).items():
        count = _estimate(days, _today(app)).readers
        group, slash, _ = name.partition("/")
        found[name] = found.get(name, 0) + count
        if slash:
            found[group] = found.get(group, 0) + count
    return found


class Estimate(NamedTuple):
    """Who follows a feed, on an average day."""

    days: int  # whole ones that this is the average of; 0: it is today so far
    readers: int
    services: dict[str, int]  # readers by the service that asks for them
    others: int  # readers with a program of their own
    requests: int
    not_modified: int

    def told(self) -> dict[str, Any]:
        """As `feed show --json` has it, beside the number of readers itself."""
        return {name: value for name, value in self._asdict().items() if name != "readers"}


def audience_of(app: App, name: str) -> Estimate | None:
    """Who follows a feed, or the feeds of a group; None if nobody asked our server for them."""
    one = _by_feed(app.store.audience(since=_since(app), feed=name))
    group = {} if "/" in name else _by_feed(_recent(app, f"{name}/"))
    estimates = [_estimate(days, _today(app)) for days in (*one.values(), *group.values())]
    if not estimates:
        return None
    services: Counter[str] = Counter()
    for estimate in estimates:
        services.update(estimate.services)
    return Estimate(
        days=max(one.days for one in estimates),
        readers=sum(one.readers for one in estimates),
        services=dict(services.most_common()),
        others=sum(one.others for one in estimates),
        requests=sum(one.requests for one in estimates),
        not_modified=sum(one.not_modified for one in estimates),
    )


def _today(app: App) -> str:
    return app.clock.now().date().isoformat()


def _since(app: App) -> str:
    return (app.clock.now().date() - timedelta(days=DAYS)).isoformat()


def _recent(app: App, prefix: str = "") -> Iterator[AudienceDay]:
    return (one for one in app.store.audience(since=_since(app)) if one.feed.startswith(prefix))


def _by_feed(days: Iterable[AudienceDay]) -> dict[str, list[AudienceDay]]:
    found: dict[str, list[AudienceDay]] = {}
    for one in days:
        found.setdefault(one.feed, []).append(one)
    return found


def _estimate(days: Sequence[AudienceDay], today: str) -> Estimate:
    """The average of one feed, since the first day on which it was asked for."""
    whole = [one for one in days if one.day < today]
    began = min((one.day for one in whole), default=today)
    count = (date.fromisoformat(today) - date.fromisoformat(began)).days
    counted = whole or [one for one in days if one.day == today]
    parts = count or 1
    sums: Counter[str] = Counter()
    for one in counted:
        for key, subscribers in one.aggregators.items():
            sums[key.partition("#")[0]] += subscribers
    services = {name: round(total / parts) for name, total in sorted(sums.items()) if total}
    others = sum(distinct(one.pollers) for one in counted)
    return Estimate(
        days=count,
        readers=round((sum(sums.values()) + others) / parts),
        services=services,
        others=round(others / parts),
        requests=round(sum(one.requests for one in counted) / parts),
        not_modified=round(sum(one.not_modified for one in counted) / parts),
    )
