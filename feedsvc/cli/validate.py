"""`feedsvc validate`: the gate's rules for any feed, file or address."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from feedsvc.model import Finding
    from feedsvc.settings import Settings

_EXAMPLES = """\
  feedsvc validate                      every feed that is published
  feedsvc validate news                 one feed of the configuration
  feedsvc validate public/all/atom.xml  any file: Atom, RSS, JSON Feed, OPML
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "validate",
        _run,
        help="check feeds and files by the rules that publications must pass",
        description="Check feeds and files by the rules that publications must pass; exit code 5 "
        "if one is invalid.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "what", nargs="*", metavar="FEED|FILE", help="default: every published feed"
    )


def _run(console: Console) -> int:
    from feedsvc.gate import check

    checked: list[tuple[str, tuple[Finding, ...]]] = []
    for file, address in _files(console, console.args.what):
        try:
            body = file.read_bytes()
        except OSError as error:
            raise NotFoundError(f"cannot read {file}: {error.strerror}") from error
        checked.append((str(file), check(body, "auto", url=address)))
    if console.args.json:
        console.document("validate", {"files": [_document(*item) for item in checked]})
    else:
        for path, findings in checked:
            _print(console, path, findings)
    return 5 if any(f.error for _, findings in checked for f in findings) else 0


def _files(console: Console, what: Sequence[str]) -> Iterator[tuple[Path, str | None]]:
    """The files that were asked for, and the address at which each has to say it is served."""
    if not what:
        for feed in console.settings.feeds:
            yield from _of_feed(console.settings, feed.name)
    for name in what:
        if "://" in name:
            raise UsageError(
                f"{name}: validate reads feeds and files", hint="save the document first"
            )
        if Path(name).is_file():
            yield Path(name), None
        elif "/" in name or "." in name:
            raise NotFoundError(f"no file '{name}'")
        else:
            yield from _of_feed(console.settings, name)


def _of_feed(settings: Settings, name: str) -> Iterator[tuple[Path, str | None]]:
    feed = next((feed for feed in settings.feeds if feed.name == name), None)
    if feed is None:
        known = ", ".join(feed.name for feed in settings.feeds)
        raise NotFoundError(f"no feed or file '{name}'", hint=f"there are the feeds {known}")
    for format in feed.formats:
        path = f"{name}/{format.filename}"
        file = settings.publish.directory / path
        if not file.exists():
            raise NotFoundError(f"{file} is not published yet", hint="run `feedsvc sync` first")
        yield file, f"{settings.site.base_url}/{path}"


def _print(console: Console, path: str, findings: Sequence[Finding]) -> None:
    if not findings:
        console.result(f"{path}: valid")
    for finding in findings:
        place = f"{path}:{finding.line}" if finding.line else path
        kind = "error" if finding.error else "warning"
        console.result(f"{place}: {kind}: {finding.message} [{finding.code}]")


def _document(path: str, findings: Sequence[Finding]) -> dict[str, object]:
    def listed(*, error: bool) -> list[dict[str, object]]:
        return [
            {"code": f.code, "message": f.message, "line": f.line}
            for f in findings
            if f.error is error
        ]

    return {"path": path, "errors": listed(error=True), "warnings": listed(error=False)}
