"""How a command puts itself on the command line."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from feedsvc.cli.console import Console
from feedsvc.errors import UsageError

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in two lines: the usage is what `--help` is for."""

    def parse_known_args(  # type: ignore[override]  # as the command line calls it
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what is unknown at the verb it stands behind: only its `--help` tells more."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            from feedsvc.config.nearest import nearest  # start-up: only mistakes need it

            odd = next((word[2:] for word in rest if word.startswith("--")), "")
            known = [name[2:] for name in self._option_string_actions if name.startswith("--")]
            meant = nearest(odd.partition("=")[0], known)
            near = f"; did you mean --{meant}?" if meant else ""
            self.error(f"unrecognized arguments: {' '.join(rest)}{near}")
        return found, rest

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse a word that is none of the choices; of many, the one that was meant is told."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from feedsvc.config.nearest import nearest  # start-up: only mistakes need it

            meant = nearest(str(value), map(str, action.choices or ()))
            if meant is None:
                raise
            said = f"invalid choice: {value!r}: did you mean {meant!r}?"
            raise argparse.ArgumentError(action, said) from error

    def error(self, message: str) -> NoReturn:
        self.exit(UsageError.exit_code, f"feedsvc: {message}\n`{self.prog} --help` shows how\n")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A reader of numbers, for the `type` of an option."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= 9
        if not digits or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)

    return read


def add_command(
    commands: Commands,
    common: argparse.ArgumentParser,
    name: str,
    run: Callable[[Console], int] | None,
    *,
    help: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """A sub-parser with the common options and examples; `run` is called with the Console."""
    parser = commands.add_parser(
        name,
        help=help,
        description=textwrap.fill(description, shutil.get_terminal_size().columns - 2),
        epilog=f"examples:\n{examples.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
        allow_abbrev=False,
    )
    if run is not None:
        parser.set_defaults(run=run)
    return parser
