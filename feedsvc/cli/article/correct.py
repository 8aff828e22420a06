"""`feedsvc article withdraw`, `hide`, `restore` and `purge`: the operator's word on an article.

Each is one command from the word to the files: it stores the verdict and builds the feeds that it
touches, so that what was taken down is in no document when the command ends.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.regenerate import build_document, report_build
from feedsvc.errors import FeedsvcError, UsageError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Corrected

_STORY = (
    "A verdict is on the story: it takes the copies of other sources at the same link as well, "
    "also those that come later, and no sync undoes it."
)


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verbs on the command line."""
    withdrawing = add_command(
        commands,
        common,
        "withdraw",
        _withdraw,
        help="take articles out of everything that is published",
        description="Take articles out of all documents and pages at once; their own page answers "
        f"410. {_STORY} `article restore` brings them back.",
        examples='  feedsvc article withdraw news/harbour --reason "The court asked for it"\n'
        "  feedsvc article withdraw https://news.example.org/harbour --json",
    )
    hiding = add_command(
        commands,
        common,
        "hide",
        _hide,
        help="leave articles out until they are restored",
        description="Leave articles out of all documents for the time being, as while a correction "
        f"is written; no reader is told to delete them. {_STORY}",
        examples='  feedsvc article hide news/harbour --reason "Under correction"',
    )
    restoring = add_command(
        commands,
        common,
        "restore",
        _restore,
        help="lift what withdraw or hide did",
        description="Lift the verdict of `withdraw` or `hide`. The articles read as their sources "
        "have them by now; one that its source has deleted meanwhile stays away.",
        examples="  feedsvc article restore news/harbour",
    )
    purging = add_command(
        commands,
        common,
        "purge",
        _purge,
        help="erase for good what articles said",
        description="Withdraw articles and erase for good what they said: title, text, revisions. "
        "What they are known by stays, so that they never rise again whatever their source "
        f"sends. {_STORY} Files of sources, and backups, are not touched.",
        examples='  feedsvc article purge news/harbour --yes --reason "Right to erasure"',
    )
    for parser in (withdrawing, hiding, restoring, purging):
        parser.add_argument(
            "ids",
            metavar="ID",
            nargs="+",
            help="as `article list` prints it, or the address it is read at",
        )
        parser.add_argument(
            "--no-build", action="store_true", help="leave the files to the next sync"
        )
    for parser in (withdrawing, hiding, purging):
        parser.add_argument("--reason", metavar="TEXT", help="why, for `article show` and `log`")
    purging.add_argument("--yes", action="store_true", help="do not ask")


def _withdraw(console: Console) -> int:
    def withdraw(app: App, guids: Sequence[str]) -> tuple[Corrected, ...]:
        return app.store.withdraw(guids, reason=_reason(console), now=app.clock.now())

    return _correct(console, withdraw)


def _hide(console: Console) -> int:
    def hide(app: App, guids: Sequence[str]) -> tuple[Corrected, ...]:
        return app.store.hide(guids, reason=_reason(console), now=app.clock.now())

    return _correct(console, hide)


def _restore(console: Console) -> int:
    def restore(app: App, guids: Sequence[str]) -> tuple[Corrected, ...]:
        return app.store.restore(guids, now=app.clock.now())

    return _correct(console, restore)


def _purge(console: Console) -> int:
    def purge(app: App, guids: Sequence[str]) -> tuple[Corrected, ...]:
        if not _sure(console, app.store.story(guids)):
            return ()
        # A build that is under way would keep what it has rendered.
        with app.store.lock("build"):
            return app.store.purge(guids, reason=_reason(console), now=app.clock.now())

    return _correct(console, purge, scrub=True)


def _reason(console: Console) -> str | None:
    """What was given, as one line that any terminal and any store can hold."""
    said = "".join(
        c if c.isprintable() else " " for c in getattr(console.args, "reason", None) or ""
    )
    return " ".join(said.split()) or None


def _sure(console: Console, story: Sequence[Corrected]) -> bool:
    """Ask before what cannot be undone."""
    if console.args.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "what is purged cannot be restored, and there is nobody to ask", hint="add --yes"
        )
    for one in story:
        console.warn(f"  {one.source}: {one.guid}")
    print("Erase what they said, for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _correct(
    console: Console,
    verdict: Callable[[App, Sequence[str]], tuple[Corrected, ...]],
    *,
    scrub: bool = False,
) -> int:
    from feedsvc.cli.article.documents import documents, named

    args = console.args
    with console.app() as app:
        guids = [guid for name in args.ids for guid in named(app, name)]
        done = verdict(app, list(dict.fromkeys(guids)))
        if not done:
            console.say("nothing was changed")
            return 0
        _note(console, app, done)
        build = None
        if not args.no_build:
            from feedsvc.regenerate import BuildOptions

            try:
                # What has its verdict already is perhaps said again for a file that is still there.
                build = app.regenerate(BuildOptions(verify=not all(one.changed for one in done)))
            except FeedsvcError:
                console.warn("feedsvc: it is stored, but the files are not built yet")
                raise
        if scrub:
            app.store.scrub()
        if args.json:
            articles = app.store.of_ids([one.guid for one in done])
            told = {"articles": list(documents(app, articles))}
            console.document("articles", told | (build_document(build) if build else {}))
        else:
            _tell(console, done)
        if build is None:
            return 0
        code = report_build(console, build, results=False)
        held = [one.path for one in build.publications if one.outcome == "held"]
        down = [one.guid for one in done if one.verdict]
        if still := shown_in(app.settings.publish.directory, held, down):
            console.warn(f"it is stored, but {still} still shows it: make it writable, and sync")
        return code


def shown_in(directory: Path, paths: Iterable[str], guids: Iterable[str]) -> str | None:
    """The first of some published documents that has one of these articles as an entry.

    One that is held loses what was taken down; only what can be neither written nor removed keeps
    it. A deleted entry (RFC 6721) names an article and does not show it.
    """
    names = [
        name.encode()
        for guid in guids
        for name in (
            f">{escape(guid, quote=False)}<",
            f'"id":{json.dumps(guid, ensure_ascii=False)}',
        )
    ]
    for path in paths:
        try:
            body = (directory / path).read_bytes()
        except OSError:  # it is not there, or nobody can read it
            continue
        if any(name in body for name in names):
            return path
    return None


def _note(console: Console, app: App, done: Sequence[Corrected]) -> None:
    """Put it into the journal: an article shows only the verdict that stands."""
    reason = _reason(console)
    for one in done:
        if one.changed:
            said = one.verdict.value if one.verdict else "restored"
            app.journal.happened(
                "article", f"{said}: {reason}" if reason else said,
                subject=one.guid, fields={"source": one.source},
            )  # fmt: skip
    app.journal.flush()


def _tell(console: Console, done: Sequence[Corrected]) -> None:
    for one in done:
        state = one.verdict.value if one.verdict else one.state.value
        already = "" if one.changed else "already "
        console.result(f"{one.guid}: {already}{state} ({one.source})")
