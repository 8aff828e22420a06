"""Do all programs get the feed, or only browsers? Bots are who reads feeds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from feedsvc.app.doctor.public.plan import Document
from feedsvc.app.doctor.public.visits import (
    BROWSER,
    NAMELESS,
    READERS,
    Visit,
    obstacle,
    visit,
    way_out,
)
from feedsvc.app.doctor.report import PUBLISHING, Check, doubtful, left_out, several, well, wrong
from feedsvc.errors import FetchError

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe

_PAUSE = 0.05  # seconds between two of them: nothing here is to look like an attack


async def examine(probe: Probe, document: Document | None) -> Check:
    """What each program gets at the address of one document."""
    name = "public.readers"
    if document is None:
        return left_out(name, "no feed is published yet")
    visits: dict[str, Visit] = {}
    for reader, (agent, fields) in READERS.items():
        visits[reader] = await visit(probe, document, agent=agent, fields=fields)
        await asyncio.sleep(_PAUSE)
    refused = {reader: why for reader, one in visits.items() if (why := _refused(one)) is not None}
    if not refused:
        return well(name, f"all of {len(READERS)} kinds of programs get {document.path}")
    first, (told, stopped) = next(iter(refused.items()))
    if len(refused) == len(READERS):
        return wrong(
            name, f"nobody gets {document.path}, not even {BROWSER}: {told}", way_out(stopped),
            code=PUBLISHING,
        )  # fmt: skip
    by = next(reader for reader in READERS if reader not in refused)
    if list(refused) == [NAMELESS]:
        return doubtful(
            name, f"{NAMELESS} gets {told} for {document.path}", "some old readers send no name"
        )
    also = [reader for reader in refused if reader != first]
    more = f"; {several(also)} too" if also else ""
    return wrong(
        name, f"{first} gets {told} where {by} gets {document.path}{more}", way_out(stopped),
        code=PUBLISHING,
    )  # fmt: skip


def _refused(one: Visit) -> tuple[str, str | None] | None:
    """What a program gets in the place of the document, and who gives it; None if it gets it."""
    from feedsvc.gate import sniff

    if isinstance(one.error, FetchError) or one.seen is None:
        return f"no answer ({one.error})", None
    stopped = obstacle(one.seen)
    if one.seen.status != 200:
        return f"{one.seen.status}{f' ({stopped})' if stopped else ''}", stopped
    if sniff(one.seen.body) != one.document.format:
        return stopped or "a page that is no feed", stopped
    return None
