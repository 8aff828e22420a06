"""The desk of WebSub: what hubs and subscribers send us.

    /_websub/hub                 websub/hub.py        requests to our own hub
    /_websub/callback/<token>    websub/callback.py   hubs of others, with news of sources

What we send them is in `push_errands.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from feedsvc.app.taking import Taking
from feedsvc.config.hubs import CALLBACK, HUB, distributing, is_topic
from feedsvc.errors import StoreError
from feedsvc.model import Format
from feedsvc.ports import Call, Reply

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.websub.callback import Callbacks
    from feedsvc.websub.hub import Hub
    from feedsvc.websub.telling import Content

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
        self._read: dict[str, tuple[tuple[int, int], Content]] = {}  # by path

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
        file = self._app.settings.publish.directory / path
        try:
            told = file.stat()
            state = (told.st_mtime_ns, told.st_size)
            known = self._read.get(path)
            if known is not None and known[0] == state:
                return known[1]  # thousands of subscribers are sent the same bytes
            content = Content(_TYPES[path.rpartition("/")[2]], file.read_bytes())
        except OSError:
            return None
        self._read[path] = state, content
        return content


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
