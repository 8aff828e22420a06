"""WebSub, joined: its rooms, the store, the output directory and the daemon.

desk     /_websub/hub                 websub/hub.py        requests to our own hub
         /_websub/callback/<token>    websub/callback.py   hubs of others, with news of sources
errands  outbox    websub/telling.py  tell hubs and subscribers of what was published
         hub       websub/intents.py  verify requests to our own hub
         leases    websub/leases.py   ask for, renew and give up our own subscriptions
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from feedsvc.app.taking import Taking
from feedsvc.config.hubs import CALLBACK, HUB, distributing, hubs_of_others, is_topic, own_hub
from feedsvc.errors import LockedError, StoreError
from feedsvc.model import Format
from feedsvc.ports import Call, Reply

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.web import Client
    from feedsvc.websub.callback import Callbacks
    from feedsvc.websub.hub import Hub
    from feedsvc.websub.leases import Leases
    from feedsvc.websub.telling import Content

TENDED = timedelta(minutes=1)
"""How often our hub looks for subscribers whose time is over, or whose topic is gone."""

REST = timedelta(minutes=1)
"""Until others are told again after the store could not note that they had heard."""

LOOKED = timedelta(seconds=5)
"""How often sources are compared with our subscriptions."""

_GONE = "it is no longer published here"
_TYPES = {
    Format.ATOM.filename: f"{Format.ATOM.media_type}; charset=utf-8",
    Format.RSS.filename: f"{Format.RSS.media_type}; charset=utf-8",
    Format.JSON.filename: Format.JSON.media_type,  # RFC 8259 §11: it has no such parameter
}


class Published:
    """The documents that our own hub distributes."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._base = f"{app.settings.site.base_url}/"
        self._feeds = {feed.name for feed in distributing(app.settings)}

    def path(self, topic: str) -> str | None:
        """Where a topic lies in the output directory; None for what we do not distribute."""
        if not topic.startswith(self._base):
            return None
        path = topic.removeprefix(self._base)
        if path.partition("/")[0] not in self._feeds or not is_topic(path):
            return None
        return path if self._app.store.is_published(path) else None

    def serves(self, topic: str) -> bool:
        """Whether one may subscribe to a topic."""
        return self.path(topic) is not None

    def content(self, topic: str) -> Content | None:
        """The document of a topic as it is now."""
        from feedsvc.websub.telling import Content

        path = self.path(topic)
        if path is None:
            return None
        try:
            body = (self._app.settings.publish.directory / path).read_bytes()
        except OSError:
            return None
        return Content(_TYPES[path.rpartition("/")[2]], body)


class Desk:
    """Answers what hubs and subscribers send us."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, call: Call) -> Reply:
        """The answer; whatever is to be done because of it is done at once."""
        from feedsvc.websub.forms import answer

        try:
            if call.path == HUB and distributing(self._app.settings):
                reply = self._hub.answer(call)
            elif call.path.startswith(CALLBACK):
                token = call.path.removeprefix(CALLBACK)
                reply = await self._callbacks.answer(token, call)
            else:
                return answer(404, "there is nothing here")
        except StoreError:  # locked for long, or no room: whoever sent it sends it again
            return answer(503, "it cannot be noted now", ("retry-after", "10"))
        if reply.status == 202:
            self._app.wake()
        return reply

    @cached_property
    def _hub(self) -> Hub:
        from feedsvc.web import Guard
        from feedsvc.websub.hub import Hub

        app = self._app
        return Hub(
            app.store,
            app.clock.now,
            site=app.settings.site.base_url,
            serves=Published(app).serves,
            refuses=Guard(app.settings.sync.allow_networks).refuses,
        )

    @cached_property
    def _callbacks(self) -> Callbacks:
        from feedsvc.websub.callback import Callbacks

        app = self._app
        return Callbacks(app.store, app.clock.now, Taking(app))


def desk_of(app: App) -> Desk | None:
    """The desk, if there is anything that it may be asked."""
    settings, store = app.settings, app.store
    wanted = settings.websub.subscribe or distributing(settings)
    # What was agreed under another configuration is still to be given up.
    return Desk(app) if wanted or store.subscriptions() or store.topics() else None


class Turn:
    """The turn of one process to do an errand: two would tell everybody twice."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name
        self._not_before: datetime | None = None

    def free(self, now: datetime) -> bool:
        """Whether it may be done now."""
        return self._not_before is None or now >= self._not_before

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
                self._not_before = self._app.clock.now() + REST
                raise


class OutboxErrand:
    """Tells hubs and subscribers of what was published."""

    name = "outbox"

    def __init__(self, app: App) -> None:
        self._app = app
        self._turn = Turn(app, self.name)

    def due(self, now: datetime) -> bool:
        """Whether anybody is to be told."""
        return self._turn.free(now) and self._app.store.outbox_due(now)

    async def run(self, client: Client) -> bool:  # noqa: ARG002  see `many_at_once`
        """Tell everybody who is to be told."""
        from feedsvc.websub.telling import Teller

        app = self._app
        async with self._turn.taken() as own:
            if own is not None:
                await Teller(
                    app.store,
                    own,
                    app.clock.now,
                    hub=own_hub(app.settings),
                    others=hubs_of_others(app.settings),
                    published=Published(app).content,
                ).run()
        return False


class HubErrand:
    """Verifies requests to our own hub, and forgets who is to be told no more."""

    name = "hub"

    def __init__(self, app: App) -> None:
        self._app = app
        self._turn = Turn(app, self.name)
        self._tended: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether somebody is to be asked."""
        if self._tended is None or now - self._tended >= TENDED:
            self._tended = now
            self._tend(now)
        return self._turn.free(now) and self._app.store.intents_due(now)

    def _tend(self, now: datetime) -> None:
        from feedsvc.websub.wishes import Wish

        store, published = self._app.store, Published(self._app)
        store.retire(store.lapsed(now))
        for topic in store.topics():
            if not published.serves(topic):
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
        self._looked: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether a hub is to be asked."""
        if not self._app.attended:
            return False
        if self._looked is None or now - self._looked >= LOOKED:
            self._looked = now
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
