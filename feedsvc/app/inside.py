"""What the server process asks of the one that owns the store, on the line between them.

    ready            is the service fit to be sent readers?           health.py
    metrics          the text of what both processes have counted     exposition.py
    audience/salt    what tells the readers of a day apart             audience.py
    audience/batch   what was counted of them

Nobody else asks this: what readers send comes with a path that begins with a slash (`push.py`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from feedsvc.app.health import look, store_file
from feedsvc.errors import FeedsvcError
from feedsvc.ports import Call, Reply

if TYPE_CHECKING:
    from feedsvc.app import App

_JSON = (("content-type", "application/json"),)


async def answer(app: App, call: Call) -> Reply:
    """Answer what the server hands over: its own questions, and what readers send to the desk."""
    known = _ANSWERS.get(call.path)
    if known is not None:
        # In a thread: each asks the store, and some have much to import at first.
        return await asyncio.to_thread(known, app, call.body)
    desk = app.desk
    return Reply(404) if desk is None else await desk(call)


async def answer_beside(app: App, call: Call) -> Reply:
    """The same for a server without a daemon: all it has to ask for is the audience's.

    Only where there is a store: it may be that nothing but the output directory was brought here.
    """
    if call.path.startswith("audience/") and store_file(app).exists():
        return await answer(app, call)
    return Reply(404)


def _ready(app: App, _: bytes) -> Reply:
    told: dict[str, dict[str, str]] = {"reasons": {}, "warnings": {}}
    for check, reason, grave in look(app):
        kind = told["reasons" if grave else "warnings"]
        kind[check] = f"{kind[check]}; {reason}" if check in kind else reason
    return Reply(200, _JSON, json.dumps(told).encode())


def _metrics(app: App, body: bytes) -> Reply:
    from feedsvc.app.exposition import families
    from feedsvc.figures.families import render, unpacked

    asked: dict[str, Any] = json.loads(body)
    together = [*unpacked(asked["families"]), *families(app)]
    media_type, text = render(together, openmetrics=asked["openmetrics"])
    return Reply(200, (("content-type", media_type),), text)


def _salt(app: App, body: bytes) -> Reply:
    from feedsvc.app.audience import salt

    try:
        found = salt(app, json.loads(body)["day"])
    except FeedsvcError:
        return Reply(503)  # locked, or no room: it asks again
    return Reply(200, _JSON, json.dumps({"salt": found.hex()}).encode())


def _batch(app: App, body: bytes) -> Reply:
    from feedsvc.app.audience import take

    try:
        take(app, body)
    except FeedsvcError:
        return Reply(503)
    except ValueError:
        return Reply(400)  # it would be no better the next time
    return Reply(204)


_ANSWERS: dict[str, Callable[[App, bytes], Reply]] = {
    "ready": _ready,
    "metrics": _metrics,
    "audience/salt": _salt,
    "audience/batch": _batch,
}
