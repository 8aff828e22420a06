"""The application, and what is to be seen of it: counts, the access log, `/metrics`, readiness.

    engine -> Inside -> Application        every answer is counted, logged, and seen by Audience
    /metrics, /health/ready                what this process knows, with what its parent knows

The engine is answered from two threads: what is in memory in its own, all else in the event loop.
Each has a ledger of its own, so that nothing is counted twice or lost between them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.serve import pages
from feedsvc.serve.accesslog import AccessLog
from feedsvc.serve.audience import Audience
from feedsvc.serve.clients import Admission, Clients
from feedsvc.serve.counting import Counted, Ledger
from feedsvc.serve.options import Options
from feedsvc.serve.pages import Page
from feedsvc.serve.readiness import Readiness
from feedsvc.serve.rsgi import Connection, Scope

if TYPE_CHECKING:
    from feedsvc.serve.app import Application
    from feedsvc.serve.relay import Relay

METRICS = "/metrics"
READY = "/health/ready"
_OWN = frozenset({METRICS, READY})

_BEAT = 1.0  # seconds between two looks at what is to be written or counted
_TELL = 60.0  # seconds between two batches of the audience
_AT_END = 1.5  # seconds for the last ones


class Inside:
    """Answers what `application` answers, and what is asked about that.

    `line` is the one to the process that owns the store, None where there is none.
    """

    def __init__(
        self,
        application: Application,
        directory: Path,
        options: Options | None = None,
        line: Relay | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        options = options or Options()
        self._application = application
        self._line = line
        self._now = now
        self._admission = Admission(options.admission)
        self._at_once, self._in_loop = Ledger(), Ledger()
        self._ledgers = (self._at_once, self._in_loop)
        self._counted = Counted()  # of the engine's thread, which gives one answer after another
        clients = Clients(options.trusted)
        self._audience = Audience(clients, self._ledgers, lambda: application.private, self._day())
        self._audience.wanted = line is not None
        self._log: AccessLog | None = None
        if options.access_log is not None:
            self._log = AccessLog(
                options.access_log,
                lambda: application.private,
                clients=clients if options.addresses else None,
                now=now,
            )
        self._readiness = Readiness(directory, line)
        self._beating = asyncio.Lock()

    # -- every request -----------------------------------------------------------------------------

    def at_once(self, scope: Scope, connection: Connection) -> bool:
        """In the engine's thread: see `Application.at_once`."""
        counted = self._counted
        counted.connection = connection
        if not self._application.at_once(scope, counted):
            return False
        self._note(self._at_once, scope, counted)
        return True

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        """In the event loop."""
        counted = Counted()
        counted.connection = connection
        page = await self._own(scope) if scope.path in _OWN else None
        if page is None:
            await self._application.__rsgi__(scope, counted)
        elif scope.method == "HEAD":
            counted.response_empty(page.status, page.fields)
        else:
            counted.response_bytes(page.status, page.fields, page.body)
        if counted.status:  # else the client had gone
            self._note(self._in_loop, scope, counted)

    def _note(self, ledger: Ledger, scope: Scope, answer: Counted) -> None:
        try:
            status = answer.status
            entry = ledger.note(scope.path, status, answer.sent)
            if entry.path is not None:
                self._audience.see(entry, status, scope)
            if self._log is not None:
                self._log.note(scope, status, answer.sent)
        except Exception as error:  # the reader has the answer: it is our own trouble
            print(f"not counted: {error!r}", file=sys.stderr, flush=True)

    # -- what is asked about that ------------------------------------------------------------------

    async def _own(self, scope: Scope) -> Page | None:
        """A page about ourselves; None where this request is to find what any other one would."""
        if scope.method not in ("GET", "HEAD"):
            return None
        if scope.http_version == "1.1" and len(scope.headers.get_all("host")) != 1:
            return None  # RFC 9112 §3.2: it is refused, as any other one
        admitted = self._admission.admits(scope)
        try:
            if scope.path == READY:
                return await self._readiness.page(admitted=admitted)
            if admitted:
                return await self._metrics(scope)
        except Exception as error:
            print(f"{scope.path}: {error!r}", file=sys.stderr, flush=True)
            return pages.FAULT
        return pages.UNAUTHORIZED if self._admission.invites(scope) else None

    async def _metrics(self, scope: Scope) -> Page:
        from feedsvc.figures.families import OPENMETRICS, TEXT, accepts_openmetrics, packed
        from feedsvc.serve.exposition import alone, families

        openmetrics = accepts_openmetrics(scope.headers.get("accept"))
        own = families(self._ledgers)
        if self._line is not None:
            asked = json.dumps({"openmetrics": openmetrics, "families": packed(own)})
            reply = await self._line.ask("metrics", asked.encode())
            if reply is not None and reply[0] == 200:
                return pages.inside(200, OPENMETRICS if openmetrics else TEXT, reply[1])
        # In a thread: the first time, what writes them has to be imported.
        type, body = await asyncio.to_thread(alone, own, openmetrics=openmetrics)
        return pages.inside(200, type, body)

    # -- beside the requests -----------------------------------------------------------------------

    async def tend(self) -> None:
        """Write, count and tell what has come together, until cancelled."""
        told = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT)
            tell = time.monotonic() - told >= _TELL
            if tell:
                told = time.monotonic()
            try:
                await self._beat(tell=tell)
            except Exception as error:  # it is to go on with the next beat
                print(f"beside the requests: {error!r}", file=sys.stderr, flush=True)

    async def end(self) -> None:
        """Leave nothing unwritten and untold, as far as that is possible within a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_END):
                await self._beat(tell=True)

    def reopen(self) -> None:
        """Open the access log anew."""
        if self._log is not None:
            self._log.reopen()

    async def _beat(self, *, tell: bool) -> None:
        async with self._beating:
            if self._log is not None:
                await self._log.flush()
            await self._count()
            if tell:
                await self._tell()

    async def _count(self) -> None:
        audience = self._audience
        had_salt = audience.salt is not None
        audience.turn(self._day())
        # Of a new day at once, so that the salt of the old one is forgotten everywhere.
        wants = audience.asks_for_salt or (had_salt and audience.salt is None)
        if wants and self._line is not None:
            await self._ask_for_salt(self._line)
        audience.count()

    async def _ask_for_salt(self, line: Relay) -> None:
        audience, day = self._audience, self._audience.day
        reply = await line.ask("audience/salt", json.dumps({"day": day}).encode())
        if reply is None:
            return
        status, body = reply
        if status == 200 and day == audience.day:
            audience.salt = bytes.fromhex(json.loads(body)["salt"])
        elif status == 404:  # there is no store to keep an audience in
            audience.wanted = False

    async def _tell(self) -> None:
        while self._line is not None and (batch := self._audience.batch()) is not None:
            reply = await self._line.ask("audience/batch", batch)
            if reply is None or reply[0] not in (204, 400):
                return  # later, the same again
            self._audience.taken()

    def _day(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self._now()))
