"""`feedsvc validate`: the gate's rules for any feed, file, folder or address."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console

if TYPE_CHECKING:
    from datetime import datetime

    from feedsvc.cli.documents import Document
    from feedsvc.errors import FeedsvcError
    from feedsvc.model import Finding

_EXAMPLES = """\
  feedsvc validate                      every feed that is published
  feedsvc validate news                 one feed of the configuration, with its archive
  feedsvc validate public/all/atom.xml  any file: Atom, RSS, JSON Feed, OPML, HTML, sitemap
  feedsvc validate public/              every document below a folder
  feedsvc validate https://example.org/feed.xml
                                        what a server answers
  feedsvc validate --profile apple-podcasts show.xml
                                        also by what a partner asks
  curl -s https://example.org/feed.xml | feedsvc validate -
                                        what comes in by a pipe
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "validate",
        _run,
        help="check feeds, files and addresses by the rules that publications must pass",
        description="Check feeds, files and addresses by the rules that publications must pass; "
        "exit code 5 if one is\ninvalid, 7 if a file is not there, 4 if an address cannot be read. "
        "Files, folders and\naddresses need no configuration.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="FEED|FILE|DIR|URL|-",
        help="default: every published feed; - reads standard input",
    )
    parser.add_argument(
        "--profile",
        type=_profile,
        metavar="NAME",
        help="also ask the rules of a partner: reader, msn, smartnews, flipboard or "
        "apple-podcasts; a feed is always asked those of its own profile",
    )


def _profile(name: str) -> str:
    from feedsvc.config.partners import PROFILES

    if name not in PROFILES:
        raise argparse.ArgumentTypeError(f"no profile {name!r}: there are {', '.join(PROFILES)}")
    return name


def _run(console: Console) -> int:
    from datetime import UTC, datetime

    from feedsvc.cli.answers import fetch
    from feedsvc.cli.documents import documents

    what: list[str] = console.args.what
    now = datetime.now(UTC)
    fetched = fetch(console, [name for name in what if "://" in name])
    failed: list[FeedsvcError] = []
    checked = []
    for document in documents(console, what, fetched, failed):
        checked.append((document.path, _findings(document, console.args.profile, now)))
        _tell_page(console, document)
    if console.args.json:
        console.document("validate", {"files": [_report(*item) for item in checked]})
    else:
        for path, findings in checked:
            _print(console, path, findings)
    for error in dict.fromkeys(failed):
        console.trouble(error)
    if any(finding.error for _, findings in checked for finding in findings):
        return 5
    return max((error.exit_code for error in failed), default=0)


def _findings(document: Document, asked: str | None, now: datetime) -> tuple[Finding, ...]:
    """What the gate says, then what a partner adds to it."""
    from feedsvc.gate import check, sniff
    from feedsvc.gate.profiles import check_profile, formats_of
    from feedsvc.gate.served import check_served

    body, url = document.body, document.address
    kind = sniff(body) if document.format == "auto" else document.format
    # A feed may tell of what is to come; a sitemap of news is judged by its age.
    found = check(body, document.format, url=url, now=now if kind == "sitemap" else None)
    if (answer := document.answer) is not None and kind is not None:
        # RFC 4287 §4.2.7.2: a SHOULD; a copy elsewhere is as valid as what it is a copy of.
        found = tuple(replace(f, error=f.error and f.code != "self-mismatch") for f in found)
        found += check_served(body, kind, media_type=answer.media_type, charset=answer.charset)
    profile = asked or document.profile
    if profile is None or kind is None or not document.polled:
        return found
    if document.named or kind in formats_of(profile):
        found += check_profile(body, kind, profile, url=url, now=now)
    return tuple(dict.fromkeys(found))


def _tell_page(console: Console, document: Document) -> None:
    """Whoever names a page often means the feeds it names; an error page may be called a feed."""
    from feedsvc.gate import sniff
    from feedsvc.gate.page import announced

    path, answer = document.path, document.answer
    if not document.named or sniff(document.body) != "html":
        return
    if answer is None:
        if not path.lower().endswith((".html", ".htm", ".xhtml")):
            console.say(f"{path} is a page, and no feed")
        return
    feeds = announced(document.body, answer.url)
    told = f"its feeds are {' '.join(feeds)}" if feeds else "it names no feed"
    console.say(f"{path} is a page: {told}")


def _print(console: Console, path: str, findings: Sequence[Finding]) -> None:
    if not findings:
        console.line(f"{path}: valid")
    for finding in findings:
        place = f"{path}:{finding.line}" if finding.line else path
        kind = "error" if finding.error else "warning"
        console.line(f"{place}: {kind}: {finding.message} [{finding.code}]")


def _report(path: str, findings: Sequence[Finding]) -> dict[str, object]:
    def listed(*, error: bool) -> list[dict[str, object]]:
        return [
            {"code": f.code, "message": f.message, "line": f.line}
            for f in findings
            if f.error is error
        ]

    return {"path": path, "errors": listed(error=True), "warnings": listed(error=False)}
