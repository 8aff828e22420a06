"""`--public`: fetches the public addresses as readers do, and explains what they get.

    plan.py        which addresses: the ledger's, or what the configuration says there has to be
    visits.py      the programs that come, and what stands in their way
    reach.py       name, IPv6, certificate, http beside https, www, robots.txt
    documents.py   what is answered: status, type, age, validity, self links, speed
    programs.py    who is refused
    polls.py       304, ETag, compression, caches, HEAD

The operator's own host is asked wherever it is, also on loopback; where a redirect leads elsewhere,
the guard of all requests holds. A dozen requests beside one for each document, six at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.public import documents, polls, programs, reach
from feedsvc.app.doctor.public.plan import Document
from feedsvc.app.doctor.public.plan import documents as planned
from feedsvc.app.doctor.public.visits import Visit, one_of_each, visit
from feedsvc.app.doctor.report import Check, left_out

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe

SECONDS = 150.0  # for all of it
_DOCUMENTS = 60.0  # for one request for each document
_REQUEST = 10.0
_AT_ONCE = 6
_PATHS = 5  # of feeds, that robots.txt is asked for


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None:
        yield left_out("public", "there is no configuration that can be used")
        return
    if case.offline:
        yield left_out("public", "--offline")
        return
    with asyncio.Runner() as runner:
        checks = _examine(case)
        while (check := runner.run(_next(checks))) is not None:
            yield check


async def _next(checks: AsyncIterator[Check]) -> Check | None:
    return await anext(checks, None)


async def _examine(case: Case) -> AsyncIterator[Check]:
    from feedsvc.web.probe import Probe

    settings = case.settings
    if settings is None:
        return
    base = settings.site.base_url
    allowed, own = settings.sync.allow_networks, own_hosts(base)
    async with (
        Probe(own=own, allowed=allowed, seconds=_REQUEST, resolve=case.resolve) as probe,
        Probe(own=own, allowed=allowed, seconds=_REQUEST, resolve=case.resolve, family=6) as six,
    ):
        first, alive = await reach.first_look(probe, base)
        yield first
        yield await reach.certificate(probe, base, case.clock.now())
        if not alive:
            return
        yield await reach.ipv6(probe, six, base)
        async for check in reach.other_addresses(probe, base):
            yield check
        plan = planned(case)
        visits = await _visit_all(probe, plan)
        for check in await asyncio.to_thread(
            list, documents.examine(visits, left=len(plan) - len(visits))
        ):
            yield check
        feeds = [one for one in plan if one.is_feed]
        yield await programs.examine(probe, feeds[0] if feeds else None)
        async for check in polls.examine(probe, one_of_each(visits)):
            yield check
        paths = [urlsplit(one.url).path for one in feeds if not one.private][:_PATHS]
        yield await reach.robots(probe, base, paths)


def own_hosts(base: str) -> tuple[str, ...]:
    """The hosts that are the operator's: that of the site, with and without `www.`."""
    host = (urlsplit(base).hostname or "").lower()
    if ":" in host:
        return (f"[{host}]",)
    bare = host.removeprefix("www.")
    return (host, bare, f"www.{bare}")


async def _visit_all(probe: Probe, plan: Sequence[Document]) -> list[Visit]:
    """A visit of each document, in their order; of as many as there is time for."""
    end = time.monotonic() + _DOCUMENTS
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(document: Document) -> Visit | None:
        async with turns:
            return await visit(probe, document) if time.monotonic() < end else None

    found = await asyncio.gather(*map(one, plan))
    return [visited for visited in found if visited is not None]
