"""`feedsvc serve`: only the server of the output directory."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import EXIT_INTERRUPTED, PublishError

if TYPE_CHECKING:
    from feedsvc.ports import Desk
    from feedsvc.serve.supervisor import ServerProcess
    from feedsvc.settings import Settings

_EXAMPLES = """\
  feedsvc serve                              what `run` serves, without syncing
  FEEDSVC_SERVER__LISTEN=:9000 feedsvc serve
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    add_command(
        commands,
        common,
        "serve",
        _run,
        help="serve the output directory",
        description="Serve the output directory to feed readers, without syncing anything; for "
        "use beside a cron line, or to look at what was published.",
        examples=_EXAMPLES,
    )


def _run(console: Console) -> int:
    import asyncio

    websub = console.settings.websub
    if not (websub.hub or websub.subscribe):
        return asyncio.run(_serve(console, None))
    with console.app() as app:  # it takes its time, and only a desk needs it
        return asyncio.run(_serve(console, app.desk))


def server_of(
    settings: Settings, desk: Desk | None, on_event: Callable[[str], object]
) -> ServerProcess:
    """The server of the output directory, which is made if it is not there; not started yet."""
    from feedsvc.serve.supervisor import ServerProcess

    directory = settings.publish.directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PublishError(
            f"cannot make {directory}: {error.strerror}",
            hint="check `directory` under [publish], and the rights of the folder above it",
        ) from error
    return ServerProcess(
        directory=directory,
        host=settings.server.host,
        port=settings.server.port,
        on_event=on_event,
        desk=desk,
    )


async def _serve(console: Console, desk: Desk | None) -> int:
    import asyncio
    import signal

    settings = console.settings
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    for wanted in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wanted, end, wanted)
    async with server_of(settings, desk, console.warn) as server:
        console.say(f"serving {settings.publish.directory} at {server.address}/ (Ctrl-C ends)")
        number = await ended
    return EXIT_INTERRUPTED if number == signal.SIGINT else 0
