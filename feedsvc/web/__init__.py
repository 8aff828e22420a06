"""The one polite, bounded, guarded HTTP client, for everything that asks a remote host.

    async with Client(settings.sync, contact=settings.site.base_url) as client:
        response = await client.get(url, etag=etag, last_modified=modified, validated=where)

Every request is httpx's, over a lean transport of ours that another can replace (`transport=`). One
deadline and one size limit hold for a whole exchange, redirects are followed by hand, and no
address is connected to that the guard did not check. HTTP/1.1 only: polling asks a host for one
small document at a time, where HTTP/2 has nothing to share.
"""

from __future__ import annotations

from feedsvc.web.addresses import Guard, Resolve
from feedsvc.web.asking import FEEDS
from feedsvc.web.client import Client
from feedsvc.web.decode import DecodingError, TooLargeError
from feedsvc.web.failures import NoNetworkError, RefusedError, UnreachableError
from feedsvc.web.response import LONGEST_RETRY, Headers, Hop, Response, retry_after

__all__ = [
    "FEEDS", "LONGEST_RETRY", "Client", "DecodingError", "Guard", "Headers", "Hop",
    "NoNetworkError", "RefusedError", "Resolve", "Response", "TooLargeError", "UnreachableError",
    "retry_after",
]  # fmt: skip
