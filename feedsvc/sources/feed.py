"""`kind = "feed"`: one remote feed, asked over HTTP as its server likes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
            headers=self._headers(self._settings),
            max_bytes=self._settings.max_bytes,
        )
