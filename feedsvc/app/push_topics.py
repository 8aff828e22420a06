"""The topics of our own hub: which documents it distributes, and under which addresses.

A topic is the address of a document. One that has moved (`feed move`) stays a topic for those who
know it by its old address, as its readers are sent on, too: they hear of the document where it is
now, which says its new address, and come to subscribe that (WebSub §6.1, §7).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from feedsvc.config.hubs import distributing, is_topic
from feedsvc.decide.redirects import Rows, covering, onward
from feedsvc.model import Format
from feedsvc.text.urls import absolute

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.websub.telling import Content

_TYPES = {
    Format.ATOM.filename: f"{Format.ATOM.media_type}; charset=utf-8",
    Format.RSS.filename: f"{Format.RSS.media_type}; charset=utf-8",
    Format.JSON.filename: Format.JSON.media_type,  # RFC 8259 §11: it has no such parameter
}
_MOST_READ = 16  # documents that are kept while subscribers are told of them
# RFC 3986 §2.3: letters, digits and `-._~` mean the same encoded or not.
_NEEDLESS = re.compile(r"%(2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)", re.IGNORECASE)


class Topics:
    """What our own hub distributes."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._base = f"{app.settings.site.base_url}/"
        self._feeds = {feed.name for feed in distributing(app.settings)}
        self._read: dict[str, tuple[tuple[int, int], Content]] = {}  # by path, the last few

    def named(self, address: str) -> str | None:
        """The topic that somebody names, as we write it; None for what we do not distribute."""
        # §5.1.1: what is encoded without need is decoded.
        spelled, base = _spelled(address), _spelled(self._base)
        topic = self._base + spelled.removeprefix(base)
        return topic if spelled.startswith(base) and self._path(topic) is not None else None

    def over(self, topics: Collection[str]) -> tuple[str, ...]:
        """Those of these of which there is nothing more to hear.

        One that has moved and still lies where it was is not: the new document is not built yet.
        """
        rows, places = self._app.store.redirects(), dict[str, tuple[str, ...]]()
        for topic in topics:
            own = self._own(topic)
            led = None if own is None else _led(rows, own, self._feeds)
            if own is None or (led is None and _feed(own) not in self._feeds):
                places[topic] = ()
            else:
                places[topic] = (own,) if led is None else (led, own)
        published = self._app.store.published({one for some in places.values() for one in some})
        return tuple(topic for topic, some in places.items() if published.isdisjoint(some))

    def followed(self, topics: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Each of these with all topics that lead to it, and that somebody knows it by."""
        store = self._app.store
        rows = store.redirects()
        leading: dict[str, list[str]] = {}
        for other in store.topics() if rows else ():
            own = self._own(other)
            if own is not None and (path := _led(rows, own, self._feeds)) is not None:
                leading.setdefault(self._base + path, []).append(other)
        return {topic: (topic, *leading.get(topic, ())) for topic in topics}

    def content(self, topic: str) -> Content | None:
        """The document of a topic as it is now; None if we do not distribute it any more."""
        from feedsvc.websub.telling import Content

        path = self._path(topic)
        if path is None:
            return None
        file = self._app.settings.publish.directory / path
        try:
            told = file.stat()
            state = (told.st_mtime_ns, told.st_size)
            known = self._read.get(path)
            if known is not None and known[0] == state:
                return known[1]  # thousands of subscribers are sent the same bytes
            media_type = _TYPES[path.rpartition("/")[2]]
            content = Content(self._base + path, media_type, file.read_bytes())
        except OSError:
            return None
        if len(self._read) >= _MOST_READ:  # words go out topic by topic
            del self._read[next(iter(self._read))]
        self._read[path] = state, content
        return content

    def _own(self, topic: str) -> str | None:
        """The path that the address of a topic says; None for what is none of our documents."""
        path = topic.removeprefix(self._base)
        return path if topic.startswith(self._base) and is_topic(path) else None

    def _path(self, topic: str) -> str | None:
        """Where the document of a topic lies in the output directory."""
        path, store = self._own(topic), self._app.store
        if path is not None and _feed(path) not in self._feeds:
            path = _led(store.redirects(), path, self._feeds)
        return path if path is not None and store.published([path]) else None


def _feed(path: str) -> str:
    return path.partition("/")[0]


def _led(rows: Rows, path: str, feeds: Collection[str]) -> str | None:
    """Where a path leads that was a document of another feed; None unless to one of these."""
    row = covering(rows, path) if _feed(path) not in feeds else None
    led = onward(row, rows[row], path) if row is not None else None
    return led if led is not None and _feed(led) in feeds and is_topic(led) else None


def _spelled(address: str) -> str:
    found = absolute(address, None) or ""
    return _NEEDLESS.sub(lambda code: chr(int(code[1], 16)), found)
