"""What is new in a feed since the version a reader has: 226 IM Used (RFC 3229, `A-IM: feed`).

    If-None-Match --Versions--> which entries that had --Deltas--> the document without them

A reader that says `A-IM: feed` and the tag of an older version gets a whole document of its own,
with the head of the newest and only those entries that are new or changed. Whatever these would not
tell (an entry was taken away, the title changed) is told by the whole document, and 200: so is what
comes through a cache, which may have put in the tag of its own copy.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from feedsvc.serve.conditional import IDENTITY, joined, weights
from feedsvc.serve.entries import Version, cut, fresh
from feedsvc.serve.reading import LONGEST
from feedsvc.serve.resource import Content, Resource
from feedsvc.serve.rsgi import Headers
from feedsvc.serve.versions import Known

_BUDGET = 2 * 1024 * 1024  # bytes of answers kept: thousands of readers have the same old version
_COST = 500  # bytes beside the answer itself

Key = tuple[int, bytes, str, int | None]  # old version, new document, coding, limit


class Deltas:
    """Makes answers, each once, for one event loop."""

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._made: OrderedDict[Key, bytes | None] = OrderedDict()
        self._making = asyncio.Lock()
        self._size = 0

    async def since(
        self, before: Known, path: str, resource: Resource, coding: str, limit: int | None
    ) -> bytes | None:
        """What is new in a document since that version, as a document; None: the whole is better.

        `limit` is how many entries a full one has.
        """
        whole = resource.contents[IDENTITY]
        key = (before.number, whole.digest, coding, limit)
        if key not in self._made:
            async with self._making:  # once for all who ask for it, and one after the other
                if key not in self._made:
                    name = path.rpartition("/")[2]
                    made = await asyncio.to_thread(
                        _make, before.version, name, whole, coding, limit
                    )
                    self._keep(key, made)
                    return made
        self._made.move_to_end(key)
        return self._made[key]

    def _keep(self, key: Key, made: bytes | None) -> None:
        self._made[key] = made
        self._size += _COST + len(made or b"")
        while self._size > self._budget:
            self._size -= _COST + len(self._made.popitem(last=False)[1] or b"")


def asks_for_delta(asked: Headers) -> bool:
    """Whether a request that has a tag we do not send any more wants only what is new.

    Only by name: `*` is nothing a reader of feeds would say. A part (`Range`) is one of the whole.
    """
    field = joined(asked.get_all("a-im"))
    if field is None or asked.get("range") is not None:
        return False
    # RFC 9110 §7.6.3, RFC 8586: a proxy was here. One that has a copy asks for news of that, and
    # passes on what it gets, maybe to a reader who has nothing.
    if asked.get("via") is not None or asked.get("cdn-loop") is not None:
        return False
    wanted = weights(field)
    return wanted.get("feed", 0) > 0 and wanted["feed"] >= wanted.get(IDENTITY, 0)


def _make(
    before: Version, name: str, whole: Content, coding: str, limit: int | None
) -> bytes | None:
    parts = cut(name, whole.bytes()) if whole.length <= LONGEST else None
    news = None if parts is None else fresh(parts.version, before, limit=limit)
    return None if parts is None or news is None else _ENCODERS[coding](parts.only(news))


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, 6, wbits=31)


def _brotli(body: bytes) -> bytes:
    import brotli  # only where it is asked for

    compressed: bytes = brotli.compress(body, quality=5)
    return compressed


def _zstd(body: bytes) -> bytes:
    import zstandard  # as above

    return zstandard.compress(body, 3)


_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {IDENTITY: bytes, "gzip": _gzip, "br": _brotli, "zstd": _zstd}
)
