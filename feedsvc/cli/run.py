"""`feedsvc run`: the daemon and its server, until stopped."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.serve import server_of
from feedsvc.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from feedsvc.app import App

_EXAMPLES = """\
  feedsvc run                                 sync, publish and serve until Ctrl-C
  feedsvc run --no-server                     another web server answers the readers
  FEEDSVC_SERVER__LISTEN=0.0.0.0:80 feedsvc run
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "run",
        _run,
        help="sync on schedule, publish, and serve, until stopped",
        description="Sync the sources on schedule, publish what changed, and serve the output "
        "directory, until stopped by Ctrl-C or SIGTERM.",
        examples=_EXAMPLES,
    )
    parser.add_argument("--no-server", action="store_true", help="do not answer HTTP requests")


def _run(console: Console) -> int:
    import asyncio

    with console.app() as app:
        return asyncio.run(run_daemon(console, app, server=not console.args.no_server))


async def run_daemon(console: Console, app: App, *, server: bool) -> int:
    """Run the daemon, and the server beside it; returns the exit code."""
    from contextlib import AsyncExitStack

    from feedsvc.scheduler import Daemon

    publish = app.settings.publish.directory
    async with AsyncExitStack() as stack:
        daemon = Daemon(app, console.say)
        if server:
            started = await stack.enter_async_context(server_of(console, app.settings, app.desk))
            console.say(f"serving {publish} at {started.address}/ (Ctrl-C ends)")
        else:
            console.say(f"publishing to {publish} (Ctrl-C ends)")
        ended_by = await daemon.run()
        console.say("ending")
    return EXIT_INTERRUPTED if ended_by == signal.SIGINT else 0
