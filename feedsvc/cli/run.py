"""`feedsvc run`: the daemon and its server, until stopped."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.lines import FORMS, Form, Lines
from feedsvc.cli.serve import server_of
from feedsvc.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Desk
    from feedsvc.serve.supervisor import ServerProcess
    from feedsvc.settings import Settings

_EXAMPLES = """\
  feedsvc run                                 sync, publish and serve until Ctrl-C
  feedsvc run --no-server                     another web server answers the readers
  feedsvc run --log json 2>> run.jsonl        lines for a log collector
  FEEDSVC_SERVER__LISTEN=0.0.0.0:80 feedsvc run

SIGTERM and Ctrl-C end it once what is in flight has come to an end, SIGHUP reads the configuration
again, which also happens when its file changes. One that is broken is refused; `feedsvc status` and
`feedsvc log` tell why.
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
    parser.add_argument(
        "--log",
        choices=FORMS,
        help="how its lines on standard error are written; unset: text, with levels for journald "
        "where that reads them",
    )


def _run(console: Console) -> int:
    _heed_signals()
    with console.app() as app:
        return run_daemon(
            console,
            app,
            load=console.load,
            server=not console.args.no_server,
            form=console.args.log,
        )


def _heed_signals() -> None:
    """What is asked of a daemon that is about to begin is not the death of it.

    Until it hears for itself it ends at SIGTERM as it does later, and SIGHUP waits for it.
    """

    def ended(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, ended)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


def run_daemon(
    console: Console,
    app: App,
    *,
    load: Callable[[], Settings],
    server: bool = True,
    form: Form | None = None,
) -> int:
    """Run the daemon, and the server beside it, until stopped; returns the exit code.

    `load` reads the configuration anew, `form` is that of the lines.
    """
    import asyncio

    from feedsvc.config import ops_token
    from feedsvc.scheduler import Daemon, Notifier

    ops_token(app.settings.ops)  # without it nothing is built: told before anything begins
    lines = Lines(console, form)
    app.journal.hear(lines.entry)

    async def serve(
        settings: Settings, desk: Desk, on_event: Callable[[str], object]
    ) -> ServerProcess:
        started = server_of(settings, desk, on_event)
        address = await started.start()
        lines.say(f"serving {settings.publish.directory} at {address}/ (Ctrl-C ends)")
        return started

    if not server:
        lines.say(f"publishing to {app.settings.publish.directory} (Ctrl-C ends)")
    daemon = Daemon(
        app,
        load=load,
        serve=serve if server else None,
        notifier=Notifier.of_environment(),
    )

    async def run() -> int:
        code = EXIT_INTERRUPTED if await daemon.run() == signal.SIGINT else 0
        if daemon.is_busy:
            sys.stderr.flush()
            os._exit(code)
        return code

    return asyncio.run(run())
