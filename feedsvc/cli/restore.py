"""`feedsvc restore`: the service as it was when a backup was made."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError
from feedsvc.model import iso_utc

if TYPE_CHECKING:
    from feedsvc.app.keeping import RestoreReport
    from feedsvc.settings import Settings

_EXAMPLES = """\
  feedsvc restore feedsvc-20250601T033000Z.backup
                                   into the place of a store that is missing or empty
  feedsvc restore --force FILE     also into that of one with articles, which is kept beside it
  feedsvc restore --with-config FILE
                                   on a new machine: the configuration too
  feedsvc restore --dry-run FILE   is it whole, and would it fit?
  feedsvc restore --force var/feedsvc.db.before-0003.bak
                                   a store that a migration or a restore has put aside
"""

_CONFIGURATION = {
    "differs": "the configuration in it is another one than {}; --with-config would take it",
    "restored": "the configuration is {}",
}


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "restore",
        _run,
        help="put the store of a backup in its place",
        description="Put the store of a backup in its place: wholly, or not at all. A file that "
        "is damaged or of a newer version is refused, and so is everything while `feedsvc run` or "
        "a sync is at work. An older store is brought up to date.",
        examples=_EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", help="what `feedsvc backup` wrote")
    parser.add_argument(
        "--force", action="store_true", help="replace a store with articles; it is kept beside it"
    )
    parser.add_argument(
        "--with-config", action="store_true", help="put the configuration in its place as well"
    )
    parser.add_argument("--dry-run", action="store_true", help="only check; change nothing")


def _run(console: Console) -> int:
    from datetime import UTC, datetime

    from feedsvc.app.keeping import Request, restore

    args = console.args
    request = Request(
        file=Path(args.file),
        force=args.force,
        check=args.dry_run,
        with_configuration=args.with_config,
    )
    settings = _settings_in(request.file, console) if args.with_config else console.settings
    with console.progress() as progress:
        report = restore(settings, request, now=datetime.now(UTC), progress=progress)
    if args.json:
        console.document("restore", _document(report, check=args.dry_run))
    else:
        _tell(console, report, settings)
    for note in report.notes:
        console.warn(f"feedsvc: {note}")
    if not args.dry_run:
        console.say("now `feedsvc regenerate` writes what it publishes, and `feedsvc run` goes on")
    return 0


def _settings_in(file: Path, console: Console) -> Settings:
    """The settings of the configuration in a backup, for the place where it is to be."""
    from feedsvc.app.keeping.settling import configuration_of
    from feedsvc.config import find, read
    from feedsvc.config.discover import FILENAME

    here = Path.cwd()
    text = configuration_of(file)
    if console.args.config:
        place = here / console.args.config
    else:
        try:
            place = find(None, cwd=here, environ=os.environ)
        except ConfigError:
            if os.environ.get("FEEDSVC_CONFIG"):
                raise
            place = here / FILENAME
    return read(text.replace("\r\n", "\n"), file=place, cwd=here, environ=os.environ)


def _document(report: RestoreReport, *, check: bool) -> dict[str, Any]:
    manifest = report.manifest
    return {
        "outcome": "checked" if check else "restored",
        "store": str(report.store),
        "made": iso_utc(manifest.made) if manifest else None,
        "version": manifest.version if manifest else None,
        "revision": report.found.revision,
        "migrated_to": report.revision if report.revision != report.found.revision else None,
        "sources": report.found.sources,
        "articles": report.found.articles,
        "moved_aside": str(report.aside) if report.aside else None,
        "configuration": report.configuration,
        "files": [str(file) for file in report.files],
        "notes": list(report.notes),
        "seconds": round(report.seconds, 3),
    }


def _tell(console: Console, report: RestoreReport, settings: Settings) -> None:
    found, manifest = report.found, report.manifest
    done = "would be restored" if console.args.dry_run else "restored"
    of = f", as of {iso_utc(manifest.made)}" if manifest else ""
    console.result(f"{report.store}: {done}{of}")
    console.result(f"{found.articles} articles of {found.sources} sources")
    if report.revision != found.revision:
        console.result(f"brought from schema {found.revision} to {report.revision}")
    if report.aside is not None:
        aside = "would be kept as" if console.args.dry_run else "is kept as"
        console.result(f"the old store {aside} {report.aside}")
    if report.configuration in _CONFIGURATION:
        console.result(_CONFIGURATION[report.configuration].format(settings.path))
