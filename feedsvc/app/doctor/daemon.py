"""Does a daemon run, is it ours, and does its server answer with our documents?"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc import __version__
from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import Holder, holder_of
from feedsvc.app.doctor.report import (
    PUBLISHING,
    Check,
    doubtful,
    in_time,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.errors import FeedsvcError, FetchError
from feedsvc.ports import DAEMON
from feedsvc.settings import Settings

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe, Seen

_SECONDS = 5.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on here


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    settings, database = case.settings, case.database
    if settings is None or database is None:
        yield left_out("daemon", "there is no configuration that can be used")
        return
    try:
        holder = holder_of(database.with_name(f"{database.name}.daemon.lock"))
    except OSError as error:
        yield left_out("daemon", f"it cannot be told whether one runs: {error.strerror}")
        holder = None
    else:
        yield _daemon(case, settings, holder)
    yield from _served(settings, running=holder is not None)


def _daemon(case: Case, settings: Settings, holder: Holder | None) -> Check:
    name = "daemon"
    remark, at = _remark(case)
    if holder is None:
        if remark is not None:
            return doubtful(
                name,
                f"the daemon that began at {_when(remark.get('began'))} (process "
                f"{remark.get('pid')}) ended without saying so: killed, or the machine was",
                "`feedsvc run` starts it again; `feedsvc log` and the system's journal tell more",
            )
        return well(name, "none runs: `feedsvc run` is one, or `feedsvc sync` comes by cron")
    shown = str(holder)
    if remark is None:
        return well(name, f"{shown} runs")
    if remark.get("refused"):
        since = in_time((case.clock.now() - at).total_seconds()) if at else "a while"
        return doubtful(
            name,
            f"{shown} refused the configuration {since} ago and runs on with the former one: "
            f"{remark['refused']}",
            "`feedsvc config check` shows the mistake; once it is mended, it is taken over",
        )
    if remark.get("version") != __version__:
        return doubtful(
            name, f"{shown} is of version {remark.get('version')}, and this is {__version__}",
            "restart it",
        )  # fmt: skip
    theirs, ours = remark.get("configuration"), settings.path
    if theirs and ours is not None and os.path.realpath(theirs) != os.path.realpath(ours):
        return doubtful(
            name, f"{shown} runs with {theirs}, and this looks at {ours}",
            f"name the one that is meant: feedsvc -c {theirs} doctor",
        )  # fmt: skip
    return well(name, f"{shown} runs since {_when(remark.get('began'))}")


def _remark(case: Case) -> tuple[dict[str, Any] | None, datetime | None]:
    """What the daemon left for others to read."""
    look = case.look
    if look is None or not look.path.exists():
        return None, None
    from feedsvc.store.look import NEWEST

    with suppress(FeedsvcError):  # which the checks of the database tell
        if look.revision() == NEWEST:
            with look.store() as store:
                known = store.remark(DAEMON)
            if known is not None:
                return dict(known[0]), known[1]
    return None, None


def _when(told: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(told)):%Y-%m-%d %H:%M}"
    except ValueError:
        return "an unknown time"


# -- the server ----------------------------------------------------------------------------------


def _served(settings: Settings, *, running: bool) -> Iterator[Check]:
    names = ("server", "server.ready", "server.documents")
    if settings.server.port == 0:
        yield left_out(names[0], "it listens on any free port, which only its own lines tell")
        return
    yield from asyncio.run(_ask_server(settings, running=running))


async def _ask_server(settings: Settings, *, running: bool) -> list[Check]:
    from feedsvc.web.probe import Probe

    host = settings.server.host
    host = _ANYWHERE.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{settings.server.port}"
    async with Probe(own=(shown,), seconds=_SECONDS) as probe:
        return await _examine_server(probe, base, settings, running=running)


async def _examine_server(
    probe: Probe, base: str, settings: Settings, *, running: bool
) -> list[Check]:
    name = "server"
    try:
        alive = await probe.ask(f"{base}/health/live")
    except FetchError as error:
        return [_silent(base, settings, str(error), running=running)]
    if alive.headers.get("server") != "feedsvc" or alive.status != 200:
        by = _listener(settings.server.port)
        who = f" by {by}" if by else ""
        says = f"{alive.status}, Server: {alive.headers.get('server', 'none')}"
        return [
            wrong(
                name, f"{settings.server.listen} is taken by another program{who} ({says})",
                "stop it, or set another `listen` under [server]", code=PUBLISHING,
            )
        ]  # fmt: skip
    checks = [well(name, f"it answers at {base}/")]
    checks.append(await _ready(probe, base))
    checks.append(await _documents(probe, base, settings.publish.directory))
    return checks


def _silent(base: str, settings: Settings, why: str, *, running: bool) -> Check:
    by = _listener(settings.server.port)
    if by:
        return wrong(
            "server", f"{by} listens on port {settings.server.port} and does not answer: {why}",
            "end it if it is no feedsvc, restart it if it is", code=PUBLISHING,
        )  # fmt: skip
    if running:
        return doubtful(
            "server", f"a daemon runs, and nobody listens at {base}/",
            "as it should be with `feedsvc run --no-server`; else `feedsvc log` tells why",
        )  # fmt: skip
    return well("server", f"nobody listens at {base}/: `feedsvc run` or `feedsvc serve` does")


async def _ready(probe: Probe, base: str) -> Check:
    name = "server.ready"
    try:
        answer = await probe.ask(f"{base}/health/ready")
    except FetchError as error:
        return doubtful(name, f"/health/ready does not answer: {error}", "restart the server")
    said = _said(answer.body)
    if answer.status == 404:
        return left_out(name, "this server does not tell whether it is ready")
    if answer.status != 200:
        return doubtful(
            name, f"it is not ready ({answer.status}): {said or 'without a reason'}",
            "`feedsvc status` and `feedsvc log` tell more",
        )  # fmt: skip
    if said:
        return doubtful(name, f"it is ready, and warns: {said}", "`feedsvc status` tells more")
    return well(name, "it is ready")


def _said(body: bytes) -> str:
    """The reasons and warnings of a `feedsvc.ready/1` document; the beginning of anything else."""
    try:
        told = json.loads(body)
        notes = [*told.get("reasons", ()), *told.get("warnings", ())]
        return several([f"{note['check']}: {note['reason']}" for note in notes])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return " ".join(body[:300].decode(errors="replace").split())


async def _documents(probe: Probe, base: str, directory: Path) -> Check:
    """Whether the server gives out what lies in the output directory, and not another one's."""
    name = "server.documents"
    path = _newest(directory)
    if path is None:
        return left_out(name, f"nothing is published in {directory} yet")
    answer: Seen | None = None
    for _ in range(2):  # it may be published anew between the two looks
        try:
            answer = await probe.ask(f"{base}/{path}", fields=(("accept-encoding", "identity"),))
        except FetchError as error:
            return wrong(name, f"{path} is not answered: {error}", "restart the server",
                         code=PUBLISHING)  # fmt: skip
        if answer.status == 200 and answer.body == _read(directory / path):
            return well(name, f"{path} is answered as it lies in {directory}")
        await asyncio.sleep(0.3)
    status = answer.status if answer is not None else 0
    told = "with other bytes than lie there" if status == 200 else f"with {status}"
    return wrong(
        name,
        f"{path} is answered {told}: the server is of another output directory than {directory}",
        "restart it; look whether two configurations listen on one address",
        code=PUBLISHING,
    )


def _newest(directory: Path) -> str | None:
    """A document to compare: the feed that was written last."""
    found: list[tuple[float, str]] = []
    for pattern in ("*/atom.xml", "*/rss.xml", "*/feed.json", "index.html"):
        with suppress(OSError):
            found += [
                (file.stat().st_mtime, file.relative_to(directory).as_posix())
                for file in directory.glob(pattern)
            ]
    return max(found)[1] if found else None


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _listener(port: int) -> str | None:
    """The program that listens on a port, as far as it can be told."""
    from feedsvc.app.doctor.listeners import listener_of

    found = listener_of(port)
    return str(found) if found is not None else None
