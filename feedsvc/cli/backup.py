"""`feedsvc backup`: one file from which the service can be restored."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import UsageError
from feedsvc.model import iso_utc

if TYPE_CHECKING:
    from feedsvc.app.keeping import BackupReport

_EXAMPLES = """\
  feedsvc backup                          into the folder of [maintenance], else beside the store
  feedsvc backup /mnt/usb/                into another folder, under a name with the time
  feedsvc backup before-the-move.backup   under this name
  feedsvc backup - | ssh other 'cat > feedsvc.backup'
                                          to standard output

The file holds the store, the configuration and the subscription lists beside it; not the articles
of folders, and not what { file = "..." } and { env = "..." } name. Whoever can read it can read
the keys of private feeds, and passwords that stand in the configuration itself.
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "backup",
        _run,
        help="save the service in one file, while it is at work",
        description="Save the store and the configuration in one file, as they are at this "
        "moment; a daemon and syncs may be at work meanwhile. The output directory is not in it: "
        "it is made from the store. `feedsvc restore` takes the file.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "target", nargs="?", metavar="FILE|FOLDER", help="where to; - is standard output"
    )
    parser.add_argument(
        "--rotate",
        action="store_true",
        help="then delete all but the newest `keep_backups` there, as the daemon does",
    )


def _run(console: Console) -> int:
    from feedsvc.app.keeping import rotate, stream_backup, write_backup

    target, gone = console.args.target, 0
    if target == "-" and console.args.rotate:
        raise UsageError("standard output keeps no older backups", hint="leave --rotate out")
    with console.app() as app, console.progress() as progress:
        if target == "-":
            if console.args.json or sys.stdout.isatty():
                raise UsageError(
                    "a backup is nothing to be shown",
                    hint="send standard output into a file or a pipe, and leave out --json",
                )
            report = stream_backup(app, sys.stdout.buffer, progress=progress)
            sys.stdout.buffer.flush()
        elif target is None:
            report = write_backup(app, progress=progress)
        else:
            folder = target.endswith("/")
            report = write_backup(app, Path(target), folder=folder, progress=progress)
        if console.args.rotate and report.path is not None:
            keep = app.settings.maintenance.keep_backups
            gone = len(rotate(app, report.path.parent, keep, fresh=report.path))
    for note in report.notes:
        console.warn(f"feedsvc: {note}")
    if console.args.json:
        console.document("backup", _document(report))
    elif report.path is not None:
        console.result(str(report.path))
    from feedsvc.cli.watch import counted

    manifest = report.manifest
    console.say(
        f"{counted(manifest.articles, 'article')} of {counted(manifest.sources, 'source')}, "
        f"{_size(report.size)}, {report.seconds:.1f} s{f'; {gone} older went' if gone else ''}"
    )
    return 0


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _document(report: BackupReport) -> dict[str, Any]:
    manifest = report.manifest
    return {
        "file": str(report.path),
        "bytes": report.size,
        "made": iso_utc(manifest.made),
        "version": manifest.version,
        "revision": manifest.revision,
        "sources": manifest.sources,
        "articles": manifest.articles,
        "members": [
            {"name": one.name, "bytes": one.size, "sha256": one.sha256} for one in manifest.members
        ],
        "notes": list(report.notes),
        "seconds": round(report.seconds, 3),
    }
