"""Our own hub: who wants to hear of our documents, and who no longer does (WebSub §5).

A request is checked, noted and answered 202 at once; whether the callback means it is asked later
(`intents.py`). Nothing that a stranger sends makes us ask more than one short question, and the
guard of `web/` decides which hosts may be asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from feedsvc.ports import Call, Clock, Crowd, Reply, Subscriber
from feedsvc.web import RefusedError
from feedsvc.web.target import Target
from feedsvc.websub.allowance import Allowance
from feedsvc.websub.forms import MEDIA_TYPE, FormError, answer, fields, number, single
from feedsvc.websub.wishes import Mode, Wish, lease

MOST_OF_TOPIC = 10_000  # subscribers
MOST_AT_HOST = 100  # of one topic
MOST_PENDING = 1_000  # requests that wait to be verified
MOST_PENDING_AT_HOST = 50

_MODES: Mapping[str, Mode] = {"subscribe": "subscribe", "unsubscribe": "unsubscribe"}
_LONGEST_FORM = 16_384  # bytes
_LONGEST_ADDRESS = 2_048  # characters
_LONGEST_SECRET = 199  # bytes; §5.1: less than 200
_PORTS = 1_024  # below it others than web servers listen: no mail server gets our requests


class Subscribers(Protocol):
    """What is asked of the store."""

    def subscriber(self, topic: str, callback: str) -> Subscriber | None: ...

    def crowd(self, topic: str, host: str) -> Crowd: ...

    def request(self, topic: str, callback: str, pending: str, now: datetime) -> None: ...


class Hub:
    """Answers what is posted to our hub."""

    def __init__(
        self,
        store: Subscribers,
        clock: Clock,
        *,
        site: str,
        named: Callable[[str], str | None],
        refuses: Callable[[str], str | None],
    ) -> None:
        """`named` is the topic that an address means, if we distribute it, `refuses` tells why a
        host is not asked.

        `site` is our own address: a callback there would let us tell ourselves.
        """
        self._store = store
        self._clock = clock
        self._own = _place(Target.read(site))
        self._named = named
        self._refuses = refuses
        self._allowance = Allowance(clock.elapsed)

    def answer(self, call: Call) -> Reply:
        """The answer to a request; 202 if there is something to verify now."""
        if call.method != "POST":
            said = "This is a WebSub hub: subscribe with a POST (https://www.w3.org/TR/websub/)."
            return answer(405, said, ("allow", "POST"))
        stated = call.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
        if stated != MEDIA_TYPE:
            return answer(415, f"a request is sent as {MEDIA_TYPE}")
        if len(call.body) > _LONGEST_FORM:
            return answer(413, f"a request has at most {_LONGEST_FORM:,} bytes")
        try:
            form = fields(call.body)
            mode = single(form, "hub.mode").lower()
            if mode == "publish":
                return self._published(form)
            if (wanted := _MODES.get(mode)) is not None:
                return self._requested(form, wanted, call.client)
        except FormError as error:
            return answer(400, str(error))
        return answer(400, "hub.mode is subscribe, unsubscribe or publish")

    def _published(self, form: Mapping[str, tuple[str, ...]]) -> Reply:
        """Of our own documents we know ourselves when they change."""
        topics = (*form.get("hub.url", ()), *form.get("hub.topic", ()))
        if not topics:
            return answer(400, "hub.url is missing: the address of what was published")
        if not all(map(self._named, topics)):
            return answer(404, "this hub distributes the documents of its own site only")
        return answer(204)

    def _requested(
        self, form: Mapping[str, tuple[str, ...]], mode: Mode, client: str | None
    ) -> Reply:
        address, callback = single(form, "hub.topic"), _callback(single(form, "hub.callback"))
        if not address:
            return answer(400, "hub.topic is missing: the address of the document")
        wish, topic = _wish(form, mode), self._named(address)
        if mode == "subscribe":
            if topic is None:
                return answer(404, 'this hub does not distribute that topic; see its rel="self"')
            if (why := self._unfit(callback)) is not None:
                return answer(403, why)
        topic = topic or address
        known = self._store.subscriber(topic, callback.url)
        if known is None and mode == "unsubscribe":
            return answer(202, "there is no such subscription")
        # Who is a subscriber already renews in any case.
        strange = known is None or known.lease_until is None
        if strange and not self._allowance.grants(client):
            return answer(429, "that are many requests; go on slowly", ("retry-after", "60"))
        full = self._full(topic, callback, known)
        if full is not None:
            return full
        self._store.request(topic, callback.url, wish.dump(), self._clock.now())
        return answer(202, "the callback will be asked whether it means this")

    def _unfit(self, callback: Target) -> str | None:
        """Why we do not ask this callback."""
        if _place(callback) == self._own:
            return "hub.callback is an address of this site itself"
        if callback.origin.port not in (80, 443) and callback.origin.port < _PORTS:
            return "hub.callback has a port of another service"
        refused = self._refuses(callback.origin.host)
        # What exactly is there is not for strangers to know.
        return None if refused is None else "hub.callback is no public address"

    def _full(self, topic: str, callback: Target, known: Subscriber | None) -> Reply | None:
        crowd = self._store.crowd(topic, callback.origin.host)
        if known is None or known.lease_until is None:
            if crowd.of_topic - bool(known) >= MOST_OF_TOPIC:
                return answer(503, "this topic has too many subscribers", ("retry-after", "3600"))
            if crowd.at_host - bool(known) >= MOST_AT_HOST:
                return answer(429, "that host has too many subscriptions of this topic")
        if known is None or known.pending is None:
            if crowd.pending >= MOST_PENDING:
                return answer(503, "too many requests wait to be verified", ("retry-after", "60"))
            if crowd.pending_at_host >= MOST_PENDING_AT_HOST:
                said = "too many requests for that host wait to be verified"
                return answer(429, said, ("retry-after", "60"))
        return None


def _callback(text: str) -> Target:
    """Raises FormError for what nobody can be asked at."""
    if not text:
        raise FormError("hub.callback is missing: where you are told")
    if len(text) > _LONGEST_ADDRESS:
        raise FormError(f"hub.callback has more than {_LONGEST_ADDRESS:,} characters")
    try:
        target = Target.read(text)
    except RefusedError as error:
        raise FormError("hub.callback is no http or https address") from error
    if target.credentials:
        raise FormError("hub.callback holds a name or password; put a token into its path")
    if "#" in text:
        raise FormError("hub.callback has a fragment, which is never sent")
    return target


def _wish(form: Mapping[str, tuple[str, ...]], mode: Mode) -> Wish:
    if mode == "unsubscribe":
        return Wish(mode=mode)
    secret, stated = single(form, "hub.secret"), single(form, "hub.lease_seconds")
    if len(secret.encode()) > _LONGEST_SECRET:
        raise FormError("hub.secret has 200 bytes or more")
    seconds = number(stated)
    if stated.strip() and seconds is None:
        raise FormError("hub.lease_seconds is no count of seconds")
    return Wish(mode=mode, lease=lease(seconds), secret=secret or None)


def _place(target: Target) -> tuple[str, int]:
    """Host and port, whatever the scheme; 80 and 443 of a host are one site."""
    port = target.origin.port
    return target.origin.host.removesuffix("."), 443 if port == 80 else port
