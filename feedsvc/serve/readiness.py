"""`/health/ready`: whether readers are answered as they should be, and why not.

What this process sees is the output directory; the one that owns the store tells of all else. The
status is for everybody, such as a load balancer, the reasons for operators.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.serve import pages
from feedsvc.serve.index import PLACE
from feedsvc.serve.pages import Page

if TYPE_CHECKING:
    from feedsvc.serve.relay import Relay

_FRESH = 1.0  # seconds an answer is good for, so that nobody makes us look all the time
_PATIENCE = 5.0  # seconds for the other process

_Said = dict[str, str]  # what was looked at, and what is to be said of it


class Readiness:
    """Tells of `directory`, and what is known at the other end of `line`."""

    def __init__(self, directory: Path, line: Relay | None) -> None:
        self._directory = directory
        self._line = line
        self._looking: asyncio.Task[dict[str, Any]] | None = None
        self._looked = 0.0

    async def page(self, *, admitted: bool) -> Page:
        """The answer, with its reasons for whoever may know them."""
        told = await self._told()
        shown = told if admitted else {name: told[name] for name in ("schema", "ready")}
        body = json.dumps(shown, indent=2, ensure_ascii=False).encode() + b"\n"
        return pages.inside(200 if told["ready"] else 503, "application/json", body)

    async def _told(self) -> dict[str, Any]:
        if self._looking is None or (
            self._looking.done() and time.monotonic() - self._looked >= _FRESH
        ):
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> dict[str, Any]:
        reasons = await asyncio.to_thread(_wrong_with, self._directory)
        warnings: _Said = {}
        if self._line is not None:
            more, warnings = await self._asked(self._line)
            reasons = {**reasons, **more}
        self._looked = time.monotonic()
        return {
            "schema": "feedsvc.ready/1",
            "ready": not reasons,
            "reasons": _listed(reasons),
            "warnings": _listed(warnings),
        }

    async def _asked(self, line: Relay) -> tuple[_Said, _Said]:
        """What keeps the other process from being ready, and what its operator should look at."""
        try:
            async with asyncio.timeout(_PATIENCE):
                reply = await line.ask("ready")
        except TimeoutError:
            reply = None
        if reply is None or reply[0] not in (200, 404):
            return {"daemon": f"does not answer within {_PATIENCE:g} s"}, {}
        if reply[0] == 404:  # `feedsvc serve`: it knows no more than we do
            return {}, {}
        told = json.loads(reply[1])
        return told["reasons"], told["warnings"]


def _listed(said: _Said) -> list[dict[str, str]]:
    return [{"check": check, "reason": said[check]} for check in sorted(said)]


def _wrong_with(directory: Path) -> _Said:
    try:
        with os.scandir(directory) as entries:
            published = any(not entry.name.startswith(".") for entry in entries)
    except OSError as error:
        return {"directory": f"{directory} cannot be read: {error.strerror}"}
    # The index comes with the first build; without it, redirects and private feeds are unknown.
    if not published or not (directory / PLACE).is_file():
        return {"published": "nothing is published yet"}
    return {}
