"""`feedsvc serve`: only the server of the output directory."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Self

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import EXIT_INTERRUPTED, FeedsvcError, PublishError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Call, Desk, Reply
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
    with _Beside(console) as beside:
        # An App takes its time, and only a desk needs it from the start.
        desk = beside.app.desk if websub.hub or websub.subscribe else None
        return asyncio.run(_serve(console, desk, beside))


class _Beside:
    """Answers what a server without a daemon asks, by an App that is made when it is needed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._at_end = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._at_end.close()

    @cached_property
    def app(self) -> App:
        return self._at_end.enter_context(self._console.app())

    async def __call__(self, call: Call) -> Reply:
        from feedsvc.app.inside import answer_beside
        from feedsvc.ports import Reply

        try:
            app = self.app
        except FeedsvcError:  # what is wrong with sources does not concern the server
            return Reply(404)
        return await answer_beside(app, call)


def server_of(
    settings: Settings,
    desk: Desk | None,
    on_event: Callable[[str], object],
    inside: Desk | None = None,
) -> ServerProcess:
    """The server of the output directory, which is made if it is not there; not started yet.

    `desk` answers what readers send below `/_websub/`, and what the server itself asks where there
    is no `inside`. Raises ConfigError, PublishError.
    """
    from feedsvc.config.ops import server_token
    from feedsvc.serve.options import Options
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
        inside=inside or desk,
        options=Options.of(
            token=server_token(settings.server),
            trusted=settings.server.trusted_proxies,
            access_log=settings.server.access_log,
            addresses=settings.server.access_log_addresses,
        ),
    )


async def _serve(console: Console, desk: Desk | None, inside: Desk) -> int:
    import asyncio
    import signal

    settings = console.settings
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    for wanted in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wanted, end, wanted)
    async with server_of(settings, desk, console.warn, inside) as server:
        console.say(f"serving {settings.publish.directory} at {server.address}/ (Ctrl-C ends)")
        number = await ended
    return EXIT_INTERRUPTED if number == signal.SIGINT else 0
