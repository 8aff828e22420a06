"""`kind = "feed"`: one remote feed, asked over HTTP as its server likes it."""

from __future__ import annotations

from collections.abc import Callable

from feedsvc.ports import Memory
from feedsvc.settings import Secret, Source
from feedsvc.web import Client, Response, basic_auth


class FeedSource:
    """Asks for the document of a remote source; what the answer means is for `sync` to tell."""

    def __init__(self, settings: Source, client: Client, reveal: Callable[[Secret], str]) -> None:
        self._settings = settings
        self._client = client
        self._reveal = reveal

    async def ask(self, memory: Memory) -> Response:
        """One conditional GET of the address in `memory`; raises FetchError."""
        return await self._client.get(
            memory.url,
            etag=memory.etag,
            last_modified=memory.last_modified,
            validated=memory.validated,
            headers=self._private(),
            max_bytes=self._settings.max_bytes,
        )

    def _private(self) -> dict[str, str]:
        """The headers that only its host may see; raises ConfigError for a secret that is unset."""
        auth = self._settings.auth
        found = {name: self._reveal(secret) for name, secret in self._settings.headers}
        if auth is not None and auth.token is not None:
            found["authorization"] = f"Bearer {self._reveal(auth.token)}"
        elif auth is not None and auth.user is not None:
            password = self._reveal(auth.password) if auth.password is not None else ""
            found["authorization"] = basic_auth(auth.user, password)
        return found
