"""How a subscription of ours stands, and what becomes of it: rules without any request.

    wanted --asking--> asked --granted--> active --asking--> active (renewed)
       ^                 |                   |
       '---- unheard ----'---- denied -------'----> denied, and days later wanted anew
                                             '----> leaving -> nothing

It is wanted as long as its source announces the hub, and left when that ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from feedsvc.ports import Announced, Subscription
from feedsvc.text.urls import absolute
from feedsvc.websub.pauses import pause, renewal
from feedsvc.websub.wishes import LEASE

DENIED = timedelta(days=3)
"""After which a hub that did not want us is asked again, or another one of the source."""

_SHORTEST_LEASE = 60  # seconds; whoever gives less would be asked all the time
_LONGEST_LEASE = 366 * 86_400
_FIRST_ANSWER = timedelta(minutes=10)  # that a hub has to ask its question
_LONGEST_WAIT = timedelta(days=1)
_SHORTEST_WAIT = timedelta(minutes=1)  # between two requests for the same
_FAREWELLS = 3  # requests to leave; after that the callback answers 410
_LONGEST_ADDRESS = 2_048
_SILENT = "its hub never asked back: can it reach base_url?"


def wanted(
    source: int, name: str, topic: str, hub: str, *, now: datetime, reason: str | None = None
) -> Subscription:
    """A new subscription, with a callback and a secret that nobody else knows."""
    return Subscription(
        source=source,
        name=name,
        topic=topic,
        hub=hub,
        token=secrets.token_urlsafe(24),
        secret=secrets.token_hex(32),
        due=now,
        reason=reason,
    )


def wanted_of(one: Announced, *, now: datetime) -> Subscription | None:
    """The subscription of a source that has none; None if what it announces is of no use."""
    # A source that does not say its own address is known by the one it is asked at; where that
    # holds a password it is nobody else's business.
    topic = one.topic or (one.url if "@" not in one.url else None)
    hub = hub_after(None, one.hubs)
    if topic is None or hub is None or len(topic) > _LONGEST_ADDRESS:
        return None
    return wanted(one.source, one.name, topic, hub, now=now)


def hub_after(last: str | None, hubs: Sequence[str]) -> str | None:
    """The hub to ask, after `last` did not want us; those that nobody can listen in to first."""
    fit = [hub for hub in hubs if len(hub) <= _LONGEST_ADDRESS and absolute(hub, None) is not None]
    fit.sort(key=lambda hub: not hub.startswith("https:"))
    if not fit:
        return None
    return fit[(fit.index(last) + 1) % len(fit)] if last in fit else fit[0]


def overdue(one: Subscription, *, now: datetime) -> Subscription | None:
    """What it is when its time has come, before its hub is asked again; None: nothing more."""
    if one.state == "leaving" and one.failures >= _FAREWELLS:
        return None
    if one.state == "active" and one.lease_until is not None and one.lease_until <= now:
        return replace(one, state="wanted", asked=None, lease_until=None, failures=one.failures + 1)
    if one.state == "asked":
        return replace(one, failures=one.failures + 1, reason=_SILENT)
    if one.state == "active" and one.failures and one.reason is None:
        return replace(one, reason=_SILENT)
    return one


def asking(one: Subscription, *, now: datetime) -> Subscription:
    """Its hub is asked now. Noted before it is, since it may ask back before it answers."""
    if one.state == "leaving":
        return replace(one, asked=now, failures=one.failures + 1, due=now + _FIRST_ANSWER)
    due = now + min(_FIRST_ANSWER * 6 ** min(one.failures, 5), _LONGEST_WAIT)
    if one.state == "active" and one.lease_until is not None:
        # In vain, until it is granted: a hub that answers and then does not ask is left alone, too.
        due = min(due, max(one.lease_until, now + _SHORTEST_WAIT))
        return replace(one, asked=now, failures=one.failures + 1, due=due)
    return replace(one, state="asked", asked=now, due=due)


def unheard(
    one: Subscription, *, now: datetime, reason: str, wait: timedelta = timedelta(), final: bool
) -> Subscription:
    """Its hub could not be asked, or said no; that is `final` if asking the same is of no use."""
    if one.state == "leaving":
        return replace(one, due=now + _FIRST_ANSWER)
    active = one.state == "active" and one.lease_until is not None
    failures = max(one.failures, 1) if active else one.failures + 1
    due = now + max(pause(failures, seed=one.token), wait, _SHORTEST_WAIT)
    if active and one.lease_until is not None:
        due = min(due, max(one.lease_until, now + _SHORTEST_WAIT))
        return replace(one, asked=None, failures=failures, reason=reason, due=due)
    if final:
        return denied(one, now=now, reason=reason)
    return replace(one, state="wanted", asked=None, failures=failures, reason=reason, due=due)


def awaited(one: Subscription, *, now: datetime) -> bool:
    """Whether its hub may ask us whether we mean to subscribe.

    For a while after it did, too: it does so again when it did not get our answer.
    """
    if one.asked is None:
        return False
    return one.state == "asked" or (one.state == "active" and now - one.asked <= _FIRST_ANSWER)


def granted(one: Subscription, lease: int | None, *, now: datetime) -> Subscription:
    """Its hub asked whether we mean it, and we do; `lease` is what it gives, in seconds."""
    given = min(max(lease, _SHORTEST_LEASE), _LONGEST_LEASE) if lease else LEASE.total_seconds()
    until = now + timedelta(seconds=given)
    return replace(
        one,
        state="active",
        lease_until=until,
        due=renewal(now, until, seed=one.token),
        failures=0,
        reason=None,
    )


def denied(one: Subscription, *, now: datetime, reason: str) -> Subscription:
    """Its hub does not want us, now or any more."""
    return replace(
        one, state="denied", asked=None, lease_until=None, due=now + DENIED, reason=reason
    )


def leave(one: Subscription, *, now: datetime) -> Subscription | None:
    """It is no longer wanted; None if its hub need not know."""
    if one.state in ("asked", "active"):
        return replace(one, state="leaving", asked=None, failures=0, due=now)
    return None
