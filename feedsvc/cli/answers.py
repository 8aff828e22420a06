"""What servers answer to `feedsvc validate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from feedsvc.cli.configuration import settings_or_defaults
from feedsvc.cli.console import Console
from feedsvc.errors import FetchError, OfflineError, UsageError

if TYPE_CHECKING:
    from feedsvc.web import Client, Response


def fetch(console: Console, urls: Sequence[str]) -> dict[str, Response | FetchError]:
    """The answer of each address, or why there is none: one that fails does not hide the others."""
    for url in urls:
        scheme = url.partition("://")[0]
        if scheme.lower() not in {"http", "https"}:
            raise UsageError(
                f"'{scheme}' addresses cannot be asked, only http and https",
                hint="save the document and validate the file",
            )
    if not urls:
        return {}
    if console.args.offline:
        raise OfflineError(
            "--offline forbids to ask an address", hint="save the document and validate the file"
        )
    import asyncio

    from feedsvc.web import Client

    settings = settings_or_defaults(console)

    async def fetch_all() -> dict[str, Response | FetchError]:
        unique = tuple(dict.fromkeys(urls))
        contact = settings.site.base_url if settings.path is not None else ""
        async with Client(settings.sync, contact=contact) as client:
            answers = await asyncio.gather(*(_get(client, url) for url in unique))
        return dict(zip(unique, answers, strict=True))

    return asyncio.run(fetch_all())


async def _get(client: Client, url: str) -> Response | FetchError:
    try:
        response = await client.get(url)
        if not 200 <= response.status < 300:
            answer = _status(response.status)
            raise FetchError(f"{asked(response)}: the server answers {answer}")
    except FetchError as error:
        return error
    return response


def asked(response: Response) -> str:
    """The address that was asked for, without its credentials."""
    return response.hops[0].url if response.hops else response.url


def _status(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
