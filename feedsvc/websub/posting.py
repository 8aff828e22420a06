"""What is posted to a hub of others, also to one that has moved."""

from __future__ import annotations

from urllib.parse import urljoin

from feedsvc.web import Client, Response
from feedsvc.websub.forms import MEDIA_TYPE

_MOVES = 3  # redirects of a hub that are followed


async def posted(client: Client, hub: str, body: bytes) -> Response:
    """The answer of a hub; raises FetchError.

    One that moved says so with a 307 or 308, which keep the request (WebSub §5.1.2).
    """
    for _ in range(_MOVES):
        answer = await client.post(hub, body, media_type=MEDIA_TYPE)
        place = answer.headers.first("location")
        if answer.status not in (307, 308) or place is None:
            break
        after = urljoin(hub, place)
        if hub.startswith("https:") and not after.startswith("https:"):
            break  # the secret would be read on the way
        hub = after
    return answer
