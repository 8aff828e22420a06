"""Does a daemon run, is it of this version, and has it taken over this configuration?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from feedsvc import __version__
from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.holders import Holder, daemon_of
from feedsvc.app.doctor.report import (
    Check,
    doubtful,
    in_time,
    left_out,
    well,
)
from feedsvc.errors import FeedsvcError
from feedsvc.ports import DAEMON
from feedsvc.settings import Settings


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    settings, database = case.settings, case.database
    if settings is None or database is None:
        yield left_out("daemon", "there is no configuration that can be used")
        return
    try:
        holder = daemon_of(database)
    except OSError as error:
        yield left_out("daemon", f"it cannot be told whether one runs: {error.strerror}")
        return
    yield _daemon(case, settings, holder)


def _daemon(case: Case, settings: Settings, holder: Holder | None) -> Check:
    name = "daemon"
    remark, at = _remark(case)
    if holder is None:
        if remark is not None:
            return doubtful(
                name,
                f"the daemon that began at {_when(remark.get('began'))} (process "
                f"{remark.get('pid')}) ended without saying so: killed, or the machine was",
                "`feedsvc run` starts it again; `feedsvc log` and the system's journal tell more",
            )
        return well(name, "none runs: `feedsvc run` is one, or `feedsvc sync` comes by cron")
    shown = str(holder)
    if remark is None:
        return well(name, f"{shown} runs")
    if remark.get("refused"):
        since = in_time((case.clock.now() - at).total_seconds()) if at else "a while"
        return doubtful(
            name,
            f"{shown} refused the configuration {since} ago and runs on with the former one: "
            f"{remark['refused']}",
            "`feedsvc config check` shows the mistake; once it is mended, it is taken over",
        )
    if remark.get("version") != __version__:
        return doubtful(
            name, f"{shown} is of version {remark.get('version')}, and this is {__version__}",
            "restart it",
        )  # fmt: skip
    theirs, ours = remark.get("configuration"), settings.path
    if theirs and ours is not None and os.path.realpath(theirs) != os.path.realpath(ours):
        return doubtful(
            name, f"{shown} runs with {theirs}, and this looks at {ours}",
            f"name the one that is meant: feedsvc -c {theirs} doctor",
        )  # fmt: skip
    return well(name, f"{shown} runs since {_when(remark.get('began'))}")


def _remark(case: Case) -> tuple[dict[str, Any] | None, datetime | None]:
    """What the daemon left for others to read."""
    look = case.look
    if look is None or not look.path.exists():
        return None, None
    from feedsvc.store.look import NEWEST

    with suppress(FeedsvcError):  # which the checks of the database tell
        if look.revision() == NEWEST:
            with look.store() as store:
                known = store.remark(DAEMON)
            if known is not None:
                return dict(known[0]), known[1]
    return None, None


def _when(told: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(told)):%Y-%m-%d %H:%M}"
    except ValueError:
        return "an unknown time"
