"""What a command talks through: results on stdout, messages and progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from feedsvc.errors import FeedsvcError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Progress
    from feedsvc.settings import Settings


@dataclass(frozen=True)
class Console:
    """One run of one command: its arguments, its configuration, its output."""

    args: Namespace

    @cached_property
    def settings(self) -> Settings:
        """The configuration; raises ConfigError."""
        return self.load()

    def load(self) -> Settings:
        """The configuration as it is at this moment; raises ConfigError."""
        from feedsvc.config import load

        path = Path(self.args.config) if self.args.config else None
        return load(path, cwd=Path.cwd(), environ=os.environ)

    @contextmanager
    def app(self, *, dry_run: bool = False) -> Iterator[App]:
        """The service for this configuration, closed at the end."""
        from feedsvc.app import App

        app = App(self.settings, dry_run=dry_run, offline=self.args.offline)
        app.check_kinds()
        try:
            yield app
        finally:
            app.close()

    # -- output ----------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        """A message for the operator, unless `--quiet`."""
        if not self.args.quiet:
            print(message, file=sys.stderr, flush=True)

    def warn(self, message: str) -> None:
        """A message that `--quiet` does not silence."""
        print(message, file=sys.stderr, flush=True)

    def trouble(self, error: FeedsvcError) -> None:
        """What went wrong and what to do; with `--debug` also where in the program."""
        if self.args.debug:
            import traceback

            traceback.print_exception(error)
        self.warn(error_lines(error))

    def result(self, text: str) -> None:
        """What was asked for."""
        print(text)

    def line(self, text: str) -> None:
        """One line of a result, whatever characters somebody else has put into it."""
        print(shown(text))

    def flush(self) -> None:
        """Let whoever reads a pipe have what was printed so far."""
        sys.stdout.flush()

    def document(self, what: str, content: Mapping[str, Any]) -> None:
        """The `--json` document of a command."""
        print(_json({"schema": f"feedsvc.{what}/1", **content}))

    def stream(self, what: str, name: str, items: Iterable[Mapping[str, Any]]) -> None:
        """A `--json` document of one long list, printed as it is read."""
        opening = _json({"schema": f"feedsvc.{what}/1", name: []})
        print(opening.removesuffix("]\n}"), end="")
        comma = ""
        for item in items:
            print(f"{comma}\n{indent(_json(item), '    ')}", end="")
            comma = ","
        print("\n  ]\n}" if comma else "]\n}")

    def table(self, rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
        """Columns, aligned; one without any content is left out, so long as there are rows."""
        cells = [[*head], *[[shown(cell) for cell in row] for row in rows]]
        if rows:
            filled = [i for i in range(len(head)) if any(row[i] for row in cells[1:])]
            cells = [[row[i] for i in filled] for row in cells]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(padded).rstrip())

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Progress bars on a terminal; None where nobody looks."""
        hidden = self.args.quiet or self.args.no_progress or self.args.json
        if hidden or not sys.stderr.isatty():
            yield None
            return
        from feedsvc.cli.progress import bars

        with bars() as progress:
            yield progress


def _json(value: Mapping[str, Any]) -> str:
    # Letters as they are where the stream can hold them: JSON stays JSON in any encoding.
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not unicode, indent=2)


def shown(cell: object) -> str:
    """Something on one line; a file's name must not move the cursor of whoever looks at it."""
    text = "" if cell is None else str(cell)
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def error_lines(error: FeedsvcError) -> str:
    """An error as it is printed: what and where, then what to do."""
    lines = f"feedsvc: {error}"
    return f"{lines}\n{error.hint}" if error.hint else lines


def when(moment: datetime, zone: tzinfo) -> str:
    """A time as tables show it, by the clock of `zone`."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
