"""The lines of a daemon on standard error: for people, for journald, or as JSON for collectors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from feedsvc.cli.console import Console

if TYPE_CHECKING:
    from feedsvc.model import LogEntry

Form = Literal["text", "json"]
FORMS: tuple[Form, ...] = ("text", "json")

_PRIORITIES = {"info": 6, "warning": 4, "error": 3}  # sd-daemon(3)


class Lines:
    """Prints what happens; `--quiet` leaves out what nobody has to look at."""

    def __init__(self, console: Console, form: Form | None) -> None:
        self._quiet: bool = console.args.quiet
        self._form = form or "text"
        self._levels = form is None and _is_journald(os.environ)

    def say(self, message: str) -> None:
        """A line about the process itself."""
        self._print("info", message, {"at": _iso(datetime.now(UTC)), "kind": "daemon"})

    def entry(self, entry: LogEntry) -> None:
        """A line for an entry of the journal."""
        from feedsvc.app.journal import line_of

        fields = {"at": _iso(entry.at), "kind": entry.kind, "subject": entry.subject}
        if self._form == "json":
            self._print(entry.level, entry.message, {**fields, **entry.fields})
        else:
            self._print(entry.level, line_of(entry), {})

    def _print(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        if self._quiet and level == "info":
            return
        if self._form == "json":
            known = {key: value for key, value in fields.items() if value is not None}
            line = json.dumps({**known, "level": level, "message": message}, ensure_ascii=False)
        else:
            line = " ".join(message.split("\n"))
            if self._levels:
                line = f"<{_PRIORITIES[level]}>{line}"
        print(line, file=sys.stderr, flush=True)


def _is_journald(environ: Mapping[str, str]) -> bool:
    """Whether standard error is the stream that systemd's journal reads (systemd.exec(5))."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
