"""`feedsvc completion`: a script that lets a shell complete commands, options and names.

tree.py              the parser as a table -> Level
bash.py zsh.py fish.py    Levels -> the script of a shell
"""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError, UsageError

_EXAMPLES = """\
  feedsvc completion bash > ~/.local/share/bash-completion/completions/feedsvc
  feedsvc completion zsh > ~/.zfunc/_feedsvc
  feedsvc completion fish > ~/.config/fish/completions/feedsvc.fish
  source <(feedsvc completion bash)            for this shell only
"""

SHELLS = ("bash", "zsh", "fish")


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "completion",
        _run,
        help="a script that lets your shell complete what you type",
        description="Print a script that lets a shell complete commands, options, files, and the "
        "names of sources and feeds.",
        examples=_EXAMPLES,
    )
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="bash, zsh or fish")
    # For the scripts: one name per line, of what stands in the configuration.
    parser.add_argument("--names", choices=("source", "feed"), help=argparse.SUPPRESS)


def _run(console: Console) -> int:
    from pkgutil import resolve_name

    from feedsvc.cli.completion.tree import levels_of
    from feedsvc.cli.main import build_parser

    args = console.args
    if args.names is not None:
        return _print_names(console, args.names)
    if args.shell is None:
        raise UsageError("completion for which shell?", hint=f"one of {', '.join(SHELLS)}")
    script = resolve_name(f"feedsvc.cli.completion.{args.shell}:script")
    text = script(list(levels_of(build_parser())))
    if args.json:
        console.document("completion", {"shell": args.shell, "script": text})
    else:
        console.result(text.rstrip("\n"))
    return 0


def _print_names(console: Console, what: str) -> int:
    """The names of the configuration; without one there are none, and nobody to be told why.

    The store is not asked: its import alone takes longer than a person waits for a key.
    """
    try:
        settings = console.settings
    except ConfigError:
        return 0
    for one in settings.sources if what == "source" else settings.feeds:
        console.result(one.name)
    return 0
