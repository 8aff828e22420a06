"""What is remembered of a source between two visits, and what each answer makes of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from feedsvc.manners.calendar import SLACK, Calendar, Every

GONE_FOR = timedelta(hours=48)
"""How long a source has to say that it is gone before it is believed."""

GOOD_SYNCS = 3
"""Good answers from the same new address before it is adopted."""

_LATE = timedelta(hours=1)  # past its due time, a source is late
_LATEST = timedelta(days=1)
_PORTS = {"http": 80, "https": 443}


class Health(StrEnum):
    """How a source is, in the contract's words."""

    OK = "ok"
    LATE = "late"
    FAILING = "failing"
    PARKED = "parked"
    PAUSED = "paused"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a source stands after its last visit."""

    failures: int = 0  # in a row
    gone_since: datetime | None = None  # the first of the 410s in a row
    parked: str | None = None  # why it is no longer asked
    moving_to: str | None = None  # where its address redirects to for good
    moving_seen: int = 0  # good answers from there

    @property
    def alive(self) -> bool:
        """Whether the schedule asks it; one that is parked is asked by hand only."""
        return self.parked is None

    def dump(self) -> str | None:
        """As the store keeps it; None where there is nothing to remember."""
        if self == _FRESH:  # nearly all are, and `asdict` is slow
            return None
        told = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(told, default=datetime.isoformat)

    @classmethod
    def load(cls, text: str | None) -> Standing:
        """What `dump` wrote."""
        if not text:
            return _FRESH
        told = json.loads(text)
        if "gone_since" in told:
            told["gone_since"] = datetime.fromisoformat(told["gone_since"])
        return cls(**told)


_FRESH = Standing()


def well(standing: Standing) -> Standing:
    """After a good answer (a 200 that could be read, or a 304); wakes one that was parked."""
    return replace(standing, failures=0, gone_since=None, parked=None)


def failed(standing: Standing, *, now: datetime, status: int | None = None) -> Standing:
    """After a visit that brought nothing; `status` is None where nobody answered.

    Silence leaves a 410 standing, any other answer takes it back.
    """
    if status == 410:
        return gone(standing, now=now)
    since = standing.gone_since if status is None else None
    return replace(standing, failures=standing.failures + 1, gone_since=since)


def gone(standing: Standing, *, now: datetime) -> Standing:
    """After a 410 (RFC 9110 §15.5.11): parked once it is said again, and 48 hours after the first.

    One 410 may be a mistake that is mended the next day.
    """
    # A clock that ran ahead then may have said when; 48 hours pass by the one that goes now.
    since = min(standing.gone_since or now, now)
    parked = standing.parked
    if parked is None and now - since >= GONE_FOR:
        parked = f"gone since {since:%Y-%m-%d} (410): asked again by hand only"
    return replace(standing, failures=standing.failures + 1, gone_since=since, parked=parked)


def moved(
    standing: Standing, moved_to: str | None, *, url: str, parsed: bool, secret: bool = False
) -> tuple[Standing, str | None]:
    """After an answer: the standing, and the new address once it is to take the place of `url`.

    `moved_to` is where the leading permanent redirects led (`web.Response.moved_to`), `parsed`
    whether what came from there could be read, as a 304 could. Three syncs have to agree on the
    address; a bad answer counts as none of them. `secret` tells that requests carry credentials.
    """
    if moved_to is None or not _adoptable(url, moved_to, secret=secret):
        return replace(standing, moving_to=None, moving_seen=0), None
    seen = standing.moving_seen if moved_to == standing.moving_to else 0
    seen += 1 if parsed else 0
    if seen < GOOD_SYNCS:
        return replace(standing, moving_to=moved_to, moving_seen=seen), None
    return replace(standing, moving_to=None, moving_seen=0), moved_to


def _adoptable(url: str, moved_to: str, *, secret: bool) -> bool:
    """Whether an address may be exchanged for this one without a person looking at it."""
    old, new = urlsplit(url), urlsplit(moved_to)
    if url == moved_to or (old.scheme == "https" and new.scheme != "https"):
        return False
    if old.username is not None or old.password is not None:
        return False  # they are no part of the new address, which would then be refused
    if not secret:
        return True
    # As the address of the source, it would be sent what it must not see as a redirect's target.
    before, after = (one.port or _PORTS.get(one.scheme) for one in (old, new))
    secured = (before, after) == (80, 443)
    same = before == after if old.scheme == new.scheme else secured
    return old.hostname == new.hostname and same


def late(next_due: datetime | None, now: datetime, every: Every) -> bool:
    """Whether a source that was due has not been asked for longer than a slow schedule explains."""
    if next_due is None or now - next_due <= _LATE:
        return False
    if every == "auto":
        return True
    interval = every.gap(next_due) if isinstance(every, Calendar) else every
    return now - next_due > min(interval + interval / SLACK, _LATEST)


def health(
    standing: Standing,
    *,
    now: datetime,
    next_due: datetime | None,
    every: Every,
    paused: bool = False,
    quarantined: bool = False,
) -> Health:
    """The one word for a source: what a person decided comes first, then what keeps it longest."""
    if paused:
        return Health.PAUSED
    if not standing.alive:
        return Health.PARKED
    if quarantined:
        return Health.QUARANTINED
    if standing.failures:
        return Health.FAILING
    return Health.LATE if late(next_due, now, every) else Health.OK
