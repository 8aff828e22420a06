"""The desk of WebSub: what hubs and subscribers send us.

    /_websub/hub                 websub/hub.py        requests to our own hub
    /_websub/callback/<token>    websub/callback.py   hubs of others, with news of sources

What we send them is in `push_errands.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from feedsvc.app.push_topics import Topics
from feedsvc.app.taking import Taking
from feedsvc.config.hubs import CALLBACK, HUB, distributing
from feedsvc.errors import StoreError
from feedsvc.ports import Call, Reply

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.websub.callback import Callbacks
    from feedsvc.websub.hub import Hub


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
            app.clock,
            site=app.settings.site.base_url,
            named=Topics(app).named,
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
