"""The errands of WebSub: what is told, verified and asked for over the network.

    outbox    websub/telling.py  tell hubs and subscribers of what was published
    hub       websub/intents.py  verify requests to our own hub
    leases    websub/leases.py   ask for, renew and give up our own subscriptions

A daemon does them one beside another, each once at a time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from feedsvc.app.push_topics import Topics
from feedsvc.config.hubs import CALLBACK, hubs_of_others, own_hub
from feedsvc.errors import LockedError, StoreError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.web import Client
    from feedsvc.websub.leases import Leases

TENDED = 60.0
"""Seconds: how often our hub looks for subscribers whose time is over, or whose topic is gone."""

REST = 60.0
"""Seconds until others are told again after the store could not note that they had heard."""

LOOKED = 5.0
"""Seconds: how often sources are compared with our subscriptions."""

_GONE = "it is no longer published here"


class Turn:
    """The turn of one process to do an errand: two would tell everybody twice."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name
        self._not_before = 0.0  # by `Clock.elapsed`, as all that is only remembered

    def free(self) -> bool:
        """Whether it may be done now."""
        return self._app.clock.elapsed() >= self._not_before

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Client | None]:
        """A client to do it with; None if another process is at it.

        The lock goes with its process, so that whoever is killed leaves nothing to wait for.
        """
        store = self._app.store
        with ExitStack() as stack:
            try:
                stack.enter_context(store.lock(self._name, timeout=0))
            except LockedError:
                yield None
                return
            try:
                async with many_at_once(self._app) as client:
                    yield client
            except StoreError:
                # What was heard cannot be noted: nobody is to hear it again at every tick.
                self._not_before = self._app.clock.elapsed() + REST
                raise


class OutboxErrand:
    """Tells hubs and subscribers of what was published."""

    name = "outbox"

    def __init__(self, app: App) -> None:
        self._app = app
        self._turn = Turn(app, self.name)

    def due(self, now: datetime) -> bool:
        """Whether anybody is to be told."""
        return self._turn.free() and self._app.store.outbox_due(now)

    async def run(self, client: Client) -> bool:  # noqa: ARG002  see `many_at_once`
        """Tell everybody who is to be told."""
        from feedsvc.websub.telling import Teller

        app, topics = self._app, Topics(self._app)
        async with self._turn.taken() as own:
            if own is not None:
                await Teller(
                    app.store,
                    own,
                    app.clock.now,
                    hub=own_hub(app.settings),
                    others=hubs_of_others(app.settings),
                    followed=topics.followed,
                    published=topics.content,
                ).run()
        return False


class HubErrand:
    """Verifies requests to our own hub, and forgets who is to be told no more."""

    name = "hub"

    def __init__(self, app: App) -> None:
        self._app = app
        self._turn = Turn(app, self.name)
        self._tended: float | None = None

    def due(self, now: datetime) -> bool:
        """Whether somebody is to be asked."""
        elapsed = self._app.clock.elapsed()
        if self._tended is None or elapsed - self._tended >= TENDED:
            self._tended = elapsed
            self._tend(now)
        return self._turn.free() and self._app.store.intents_due(now)

    def _tend(self, now: datetime) -> None:
        from feedsvc.websub.wishes import Wish

        store, topics = self._app.store, Topics(self._app)
        store.retire(store.lapsed(now))
        for topic in topics.over(store.topics()):
            store.deny(topic, Wish(mode="denied", reason=_GONE).dump(), now)

    async def run(self, client: Client) -> bool:  # noqa: ARG002  see `many_at_once`
        """Ask everybody who is to be asked."""
        from feedsvc.websub.intents import Verifier

        async with self._turn.taken() as own:
            if own is not None:
                await Verifier(self._app.store, own, self._app.clock.now).run()
        return False


class LeasesErrand:
    """Keeps our subscriptions; only beside a daemon, since hubs ask back."""

    name = "leases"

    def __init__(self, app: App) -> None:
        self._app = app
        self._looked: float | None = None

    def due(self, now: datetime) -> bool:
        """Whether a hub is to be asked."""
        if not self._app.attended:
            return False
        elapsed = self._app.clock.elapsed()
        if self._looked is None or elapsed - self._looked >= LOOKED:
            self._looked = elapsed
            self._leases.look()
        return bool(self._app.store.subscriptions_due(now, limit=1))

    async def run(self, client: Client) -> bool:
        """Ask every hub that is to be asked."""
        await self._leases.run(client)
        return False

    @cached_property
    def _leases(self) -> Leases:
        from feedsvc.websub.leases import Leases

        app = self._app
        base = app.settings.site.base_url + CALLBACK
        return Leases(
            app.store,
            app.clock.now,
            wanted=app.settings.websub.subscribe,
            callback=lambda token: base + token,
        )


def many_at_once(app: App) -> Client:
    """A client for those who asked to be told: many of them may live at one host.

    Whoever asks for something as a guest waits there for his turn; a subscriber that hangs must not
    let others at its host wait.
    """
    from feedsvc.web import Client

    return Client(
        app.settings.sync,
        contact=app.settings.site.base_url,
        concurrency=256,
        per_host=64,
        pause=timedelta(milliseconds=10),
        resolve=app.resolve,
    )
