"""Can secrets be read by us, and by nobody else?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import Check, counted, doubtful, left_out, several, well
from feedsvc.config import unreadable_secrets
from feedsvc.config.discover import shorten
from feedsvc.config.ready import secrets_in_use


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    yield _readable(case)
    yield _rights(case)


def _readable(case: Case) -> Check:
    name = "secrets"
    if case.settings is None:
        return left_out(name, "there is no configuration that can be used")
    unreadable = unreadable_secrets(case.settings, environ=case.environ)
    if unreadable:
        first = unreadable[0]
        more = f", and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        return doubtful(
            name,
            f"{first}{more}",
            first.hint or "if only the service's own environment has it, all is well",
        )
    known = len(secrets_in_use(case.settings))
    return well(name, f"{counted(known, 'secret')} can be read" if known else "none is configured")


def _rights(case: Case) -> Check:
    """Whether others may read secrets, or write what we obey."""
    name = "secrets.rights"
    if case.file is None:
        return left_out(name, "there is no configuration")
    uses = () if case.settings is None else secrets_in_use(case.settings)
    secret_files = {use.secret.file for use in uses if use.secret.file is not None}
    inside = any(use.secret.value is not None for use in uses)
    readable = [file for file in sorted(secret_files) if _mode(file) & stat.S_IROTH]
    if inside and _mode(case.file) & stat.S_IROTH:
        readable.insert(0, case.file)
    writable = [file for file in (case.file, *sorted(secret_files)) if _mode(file) & stat.S_IWOTH]
    if writable:
        shown = several([shorten(file, case.cwd) for file in writable])
        return doubtful(
            name,
            f"everybody on this machine may write {shown}",
            f"chmod o-w {_quoted(writable)}",
        )
    if readable:
        shown = several([shorten(file, case.cwd) for file in readable])
        verb = "holds a secret" if len(readable) == 1 else "hold secrets"
        return doubtful(
            name,
            f"{shown} {verb}, and everybody on this machine may read it",
            f"chmod o-r {_quoted(readable)}",
        )
    return well(name, "no others may read secrets or write the configuration")


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except OSError:
        return 0


def _quoted(files: list[Path]) -> str:
    from shlex import quote

    return " ".join(quote(str(file)) for file in files[:3])
