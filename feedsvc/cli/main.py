"""`feedsvc`: reads the command line and hands over to the command's own file.

Nothing heavy is imported here: `feedsvc --help` has to answer at once.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from feedsvc import __version__
from feedsvc.cli.command import Parser
from feedsvc.cli.console import Console
from feedsvc.errors import EXIT_INTERRUPTED, ConfigError, FeedsvcError

COMMANDS: Mapping[str, str] = {
    "demo": "demo",
    "init": "init",
    "run": "run",
    "sync": "sync",
    "regenerate": "regenerate",
    "serve": "serve",
    "status": "status",
    "log": "log",
    "source": "source",
    "feed": "feed",
    "article": "article",
    "validate": "validate",
    "doctor": "doctor",
    "config": "config",
    "import": "subscriptions",
    "export": "subscriptions",
    "backup": "backup",
    "restore": "restore",
    "prune": "prune",
    "migrate": "migrate",
    "service": "service",
    "make": "make",
    "completion": "completion",
}
"""The commands, in the order of `--help`, and the modules of this package that have them."""

_EPILOG = """\
examples:
  feedsvc demo                      try it: sample articles become feeds, served on loopback
  feedsvc init                      write a feedsvc.toml and a folder for articles
  feedsvc run                       sync on schedule, publish and serve until Ctrl-C
  feedsvc sync                      one round of the same, as a cron line
  feedsvc status --json             how sources and feeds are, for scripts

exit codes: 0 ok, 1 unexpected, 2 usage, 3 configuration, 4 some sources failed,
  5 a feed is invalid or was held back, 6 database locked or needs migration,
  7 no such source, feed or article, 8 no network, 130 interrupted
"""


def build_parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The whole command line, or as much of it as `argv` needs: each command costs its imports."""
    common = _common_options()
    parser = Parser(
        prog="feedsvc",
        description="Sync article sources into a store and publish Atom, RSS and JSON feeds.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"feedsvc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = _command_in(argv) if argv is not None else None
    modules = COMMANDS.values() if asked is None else [COMMANDS[asked]]
    for module in dict.fromkeys(modules):
        import_module(f"feedsvc.cli.{module}").register(commands, common)
    return parser


def _command_in(argv: Sequence[str]) -> str | None:
    """The command that is asked for; None if that is not plain."""
    words = iter(argv)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word if word in COMMANDS else None
    return None


def _common_options() -> argparse.ArgumentParser:
    # Suppressed defaults: an option may stand before or after the command, and a sub-parser's
    # default must not undo what stood before.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("options of every command")
    group.add_argument("-c", "--config", metavar="FILE", help="the configuration file")
    group.add_argument("-C", "--directory", metavar="DIR", help="work as if started in DIR")
    group.add_argument("--json", action="store_true", help="print the result as a JSON document")
    group.add_argument("-q", "--quiet", action="store_true", help="only results and errors")
    group.add_argument("-v", "--verbose", action="store_true", help="say more of what is done")
    group.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    group.add_argument("--no-progress", action="store_true", help="no progress bars")
    group.add_argument("--offline", action="store_true", help="make no request to the network")
    return common


_WITH_VALUE = {"-c", "--config", "-C", "--directory"}
_DEFAULTS = {
    "config": None, "directory": None, "json": False, "quiet": False, "verbose": False,
    "debug": False, "no_progress": False, "offline": False,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    _prepare_streams()
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser(argv).parse_args(argv)
    for name, value in _DEFAULTS.items():
        if not hasattr(args, name):
            setattr(args, name, value)
    _set_up_logging(verbose=args.verbose, debug=args.debug)
    console = Console(args)
    try:
        if args.directory is not None:
            _change_to(args.directory)
        code: int = args.run(console)
        sys.stdout.flush()
        return code
    except FeedsvcError as error:
        console.trouble(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("feedsvc: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went, as `head` does: nothing is wrong. Python must not complain
        # about it again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        # A full disk or a missing right is no fault of feedsvc, wherever it shows.
        where = f"{error.filename}: " if error.filename else ""
        trouble = FeedsvcError(f"{where}{error.strerror or error}")
        trouble.__cause__ = error
        console.trouble(trouble)
        return trouble.exit_code
    except Exception as error:
        fault = FeedsvcError(
            f"unexpected: {type(error).__name__}: {error}",
            hint="this is a fault of feedsvc; --debug shows where",
        )
        fault.__cause__ = error
        console.trouble(fault)
        return fault.exit_code


def _prepare_streams() -> None:
    """What is printed never ends a command: not into a stream that is closed, as `>&-` leaves it,
    and not for a letter that the locale's encoding lacks.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _change_to(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise ConfigError(f"cannot work in {directory}: {error.strerror}") from error


def _set_up_logging(*, verbose: bool, debug: bool) -> None:
    if not (verbose or debug):
        return
    import logging

    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    if not debug:
        # It tells whole addresses, which may hold somebody's token.
        logging.getLogger("httpx").setLevel(logging.WARNING)
