"""Does the server answer, is it ours, and are its documents those that lie here?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import daemon_of
from feedsvc.app.doctor.report import PUBLISHING, Check, doubtful, left_out, several, well, wrong
from feedsvc.errors import FetchError
from feedsvc.portholder import listener
from feedsvc.settings import Settings

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe, Seen

_SECONDS = 5.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on here


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    settings, database = case.settings, case.database
    if settings is None or database is None:
        yield left_out("server", "there is no configuration that can be used")
        return
    if settings.server.port == 0:
        yield left_out("server", "it listens on any free port, which only its own lines tell")
        return
    running = False
    with suppress(OSError):
        running = daemon_of(database) is not None
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
        by = listener(settings.server.port)
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
    by = listener(settings.server.port)
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
