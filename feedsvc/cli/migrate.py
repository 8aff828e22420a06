"""`feedsvc migrate`: bring the store up to date, or say whether it is."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console

_EXAMPLES = """\
  feedsvc migrate --check    exit code 6 if there is something to do; nothing is changed
  feedsvc migrate            do it; the store as it was lies beside it then
  feedsvc migrate --json
"""

_NEEDED = 6


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "migrate",
        _run,
        help="bring the store of an older version up to date",
        description="Bring the store of an older version up to date. Every command that opens it "
        "does so by itself, unless a `feedsvc run` of the older version is at work on it; this "
        "one says what it did, and with --check what it would do.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 6 if it is needed"
    )


def _run(console: Console) -> int:
    from feedsvc.store import open_store
    from feedsvc.store.engine import file_of
    from feedsvc.store.migrate import backup_of, check_known
    from feedsvc.store.schema import REVISIONS
    from feedsvc.store.whole import revision_of

    url, newest = console.settings.store.url, REVISIONS[-1]
    database = file_of(url)
    found = revision_of(database)
    if found is None:
        state, said = "absent", "there is nothing to migrate: it is not there yet"
    elif found == newest:
        state, said = "current", f"schema {newest}, as this version has it"
    else:
        check_known(str(database), found)
        if console.args.check:
            state, said = "needed", f"schema {found}; this version has {newest}"
        else:
            open_store(url).close()
            state, said = "migrated", f"schema {found} became {newest}"
    kept = backup_of(database, found) if found and state == "migrated" else None
    if console.args.json:
        told = {"store": str(database), "state": state, "found": found, "newest": newest}
        console.document("migrate", {**told, "backup": str(kept) if kept else None})
    else:
        console.result(f"{database}: {said}")
        if kept is not None:
            console.result(f"the store as it was is kept as {kept}")
    if state == "needed":
        console.say("`feedsvc migrate` brings it up to date")
        return _NEEDED
    return 0
