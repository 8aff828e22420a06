"""`kind = "feed"`: one remote feed, asked over HTTP as its server likes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from feedsvc.ports import Memory
from feedsvc.settings import Source
from feedsvc.web import Client, Response


class FeedSource:
    """Asks for the document of a remote source; what the answer means is for `sync` to tell."""

    def __init__(
        self,
        settings: Source,
        client: Client,
        headers: Callable[[Source], Mapping[str, str]],
    ) -> None:
        """`headers` tells the source's own fields, secrets and all, when they are needed."""
        self._settings = settings
        self._client = client
        self._headers = headers

    async def ask(self, memory: Memory) -> Response:
        """One conditional GET of the address in `memory`.

        Raises FetchError, and ConfigError for a secret that cannot be read.
        """
        return await self._client.get(
            memory.url,
            etag=memory.etag,
            last_modified=memory.last_modified,
            validated=memory.validated,
            headers=self._private(memory.url),
            max_bytes=self._settings.max_bytes,
        )

    def _private(self, url: str) -> Mapping[str, str]:
        """What only the host of the configured address may see, over nothing less safe."""
        if not _same_host(self._settings.url or "", url):
            return {}  # a feed that its page announces may lie anywhere
        return self._headers(self._settings)


def _same_host(one: str, other: str) -> bool:
    """Whether what is secret at the first address may be shown to the other."""
    ours, theirs = urlsplit(one), urlsplit(other)
    if ours.hostname != theirs.hostname:
        return False
    if (ours.scheme, ours.port) == (theirs.scheme, theirs.port):
        return True
    return (ours.scheme, theirs.scheme, ours.port, theirs.port) == ("http", "https", None, None)
