"""Errands: what is to be done over the network beside asking sources.

    media     ask servers what a media file is whose source does not say it
    outbox    tell hubs and subscribers of what was published
    hub       verify what our own hub was asked for
    leases    ask for, renew and give up subscriptions at hubs of others

Each knows from the store whether there is something to do, so that nothing is lost in between: the
`sync` of cron does them once after its build, the daemon whenever one is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from feedsvc.errors import FeedsvcError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.web import Client


class Errand(Protocol):
    """One kind of them."""

    name: str

    def due(self, now: datetime) -> bool:
        """Whether there is something to do: one short query."""
        ...

    async def run(self, client: Client) -> bool:
        """Do what is due; True if feeds have to be built anew because of it.

        Raises FeedsvcError for what an operator has to know; what is not done stays due.
        """
        ...


def _media(app: App) -> Errand | None:
    from feedsvc.app.media import MediaErrand

    return MediaErrand(app.store, app.clock)


def _outbox(app: App) -> Errand | None:
    from feedsvc.app.push_errands import OutboxErrand

    return OutboxErrand(app)


def _hub(app: App) -> Errand | None:
    from feedsvc.app.push_errands import HubErrand

    return HubErrand(app)


def _leases(app: App) -> Errand | None:
    from feedsvc.app.push_errands import LeasesErrand

    return LeasesErrand(app)


MAKERS: tuple[Callable[[App], Errand | None], ...] = (_media, _outbox, _hub, _leases)


def errands_of(app: App) -> tuple[Errand, ...]:
    """The errands that the configuration asks for."""
    return tuple(errand for make in MAKERS if (errand := make(app)) is not None)


async def run_errands(
    errands: Sequence[Errand], client: Client, now: datetime
) -> tuple[bool, tuple[str, ...]]:
    """Do all that are due, beside one another.

    Returns whether feeds have to be built anew, and what an operator has to know.
    """

    async def run(errand: Errand) -> tuple[bool, str | None]:
        try:
            return await errand.run(client), None
        except FeedsvcError as error:
            return False, f"{errand.name}: {error.line}"

    due = [errand for errand in errands if errand.due(now)]
    ended = await asyncio.gather(*map(run, due))
    return any(again for again, _ in ended), tuple(said for _, said in ended if said)
