"""`feedsvc serve`: only the server of the output directory."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console

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

    return asyncio.run(_serve(console))


async def _serve(console: Console) -> int:
    import asyncio
    import signal

    from feedsvc.serve.supervisor import ServerProcess

    settings = console.settings
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    for wanted in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wanted, end, wanted)
    directory = settings.publish.directory
    directory.mkdir(parents=True, exist_ok=True)
    child = ServerProcess(
        directory=directory,
        host=settings.server.host,
        port=settings.server.port,
        on_event=console.warn,
    )
    address = await child.start()
    try:
        console.say(f"serving {directory} at {address}/ (Ctrl-C ends)")
        number = await ended
    finally:
        await child.stop()
    return 130 if number == signal.SIGINT else 0
