"""`feedsvc import opml` and `export opml`: subscriptions, moved from and to other programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.configuration import everyone, settings_to_edit, write_sources
from feedsvc.cli.console import Console
from feedsvc.errors import NotFoundError

if TYPE_CHECKING:
    from feedsvc.cli.edit import NewSource
    from feedsvc.feeds.subscriptions import Subscription
    from feedsvc.parsers.opml import Opml, Outline
    from feedsvc.settings import Settings, Source

_IMPORTS = """\
  feedsvc import opml subscriptions.opml --dry-run
  feedsvc import opml https://example.org/blogroll.opml
  curl -s https://example.org/blogroll.opml | feedsvc import opml -
"""

_EXPORTS = """\
  feedsvc export opml > subscriptions.opml
  feedsvc export opml -o subscriptions.opml
"""

_TOLD = 10  # outlines that are named; --json has all


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put both commands on the command line."""
    importing = add_command(
        commands,
        common,
        "import",
        None,
        help="take subscriptions over from another reader",
        description="Take subscriptions over from another reader.",
        examples=_IMPORTS,
    )
    reading = add_command(
        importing.add_subparsers(dest="action", metavar="WHAT", required=True),
        common,
        "opml",
        _import,
        help="every feed of an OPML file becomes a [[source]]",
        description="Write a [[source]] into the configuration file for every feed of an OPML "
        "file; its folders become tags. Those that are there already are left out. To follow a "
        "file that changes, make it a source: `feedsvc source add` does.",
        examples=_IMPORTS,
    )
    reading.add_argument("place", metavar="FILE|URL|-", help="where it lies; - is standard input")
    reading.add_argument("--dry-run", action="store_true", help="say what would be added")
    exporting = add_command(
        commands,
        common,
        "export",
        None,
        help="give the subscriptions to another reader",
        description="Give the subscriptions to another reader.",
        examples=_EXPORTS,
    )
    writing = add_command(
        exporting.add_subparsers(dest="action", metavar="WHAT", required=True),
        common,
        "opml",
        _export,
        help="the remote sources as OPML 2.0",
        description="Write the remote sources as OPML 2.0, those that stand in OPML files among "
        "them; the first tag of each is its folder. Passwords are left out.",
        examples=_EXPORTS,
    )
    writing.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


# -- import ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skipped:
    """An outline that does not become a source, and why."""

    outline: Outline
    reason: str


def _import(console: Console) -> int:
    args = console.args
    from feedsvc.cli.edit import without_password

    settings = settings_to_edit(console)
    opml = _read(console, settings, args.place)
    added, skipped = _chosen(opml, everyone(console, settings))
    if added and not args.dry_run:
        write_sources(settings, added)
    silent = [feed.name for feed in settings.feeds if feed.sources] if added else []
    if args.json:
        console.document("import", _document(settings, opml, added, skipped, silent))
        return 0
    if args.dry_run:
        rows = [
            (new.name, new.title, without_password(new.url), ", ".join(new.tags)) for new in added
        ]
        console.table(rows, ("SOURCE", "TITLE", "URL", "TAGS"))
    verb = "would be added" if args.dry_run else "added"
    counts = [f"{len(added)} {verb}", *(f"{len(of)} {why}" for why, of in _by_reason(skipped))]
    console.result(f"{settings.path}: {', '.join(counts)}")
    for one in [one for one in skipped if one.reason != _KNOWN][:_TOLD]:
        console.warn(f"{one.outline.title or 'an outline'}: {one.reason}")
    for problem in opml.problems:
        console.say(problem)
    if silent:
        console.say(f"not in {', '.join(silent)}, which list their `sources`")
    return 0


_KNOWN = "known already"
_UNUSABLE = "with an address that cannot be asked"


def _read(console: Console, settings: Settings, place: str) -> Opml:
    """The list at a place; raises SourceError and NotFoundError."""
    import asyncio

    from feedsvc.app.inspect import Listing, inspect, read_bytes, read_opml
    from feedsvc.cli.source.target import is_address, of_address

    if is_address(place):
        source = replace(of_address(settings, place), kind="opml")
        found = asyncio.run(inspect(settings, source, offline=console.args.offline))
        assert isinstance(found, Listing)  # noqa: S101 - of a source of this kind
        return found.opml
    if place == "-":
        return read_opml(sys.stdin.buffer.read(), "standard input")
    if not Path(place).exists():
        raise NotFoundError(f"no file '{place}'", hint="an address begins with https://")
    return read_opml(read_bytes(Path(place), settings.sync.max_bytes), place)


def _chosen(opml: Opml, known: Sequence[Source]) -> tuple[list[NewSource], list[_Skipped]]:
    """The outlines that become sources, and those that do not."""
    from feedsvc.cli.edit import NewSource, free_name, shown_title
    from feedsvc.config.names import of_address as name_of
    from feedsvc.config.remote import source_url
    from feedsvc.config.shapes import WrongValueError
    from feedsvc.text.canonical import canonical

    names = {one.name.lower() for one in known}
    places = {canonical(one.url) for one in known if one.url is not None}
    added: list[NewSource] = []
    skipped: list[_Skipped] = []
    for outline in opml.outlines:
        try:
            url = source_url(outline.url).url
        except WrongValueError:
            skipped.append(_Skipped(outline=outline, reason=_UNUSABLE))
            continue
        place = canonical(url)
        if place in places:
            skipped.append(_Skipped(outline=outline, reason=_KNOWN))
            continue
        name = free_name(name_of(url), names)
        names.add(name.lower())
        places.add(place)
        title = shown_title(outline.title)
        tags = {tag.casefold(): tag for tag in map(shown_title, _tags(outline)) if tag}
        # With the password that may stand in it: the file is the operator's own.
        added.append(NewSource(name=name, url=outline.url, title=title, tags=tuple(tags.values())))
    return added, skipped


def _tags(outline: Outline) -> Iterator[str]:
    yield from outline.folder
    yield from outline.tags


def _by_reason(skipped: Sequence[_Skipped]) -> Iterator[tuple[str, list[_Skipped]]]:
    for reason in (_KNOWN, _UNUSABLE):
        if of := [one for one in skipped if one.reason == reason]:
            yield reason, of


def _document(
    settings: Settings,
    opml: Opml,
    added: Sequence[NewSource],
    skipped: Sequence[_Skipped],
    silent: list[str],
) -> dict[str, Any]:
    from feedsvc.cli.edit import without_password

    return {
        "config": str(settings.path),
        "title": opml.title,
        "added": [
            {"name": new.name, "url": without_password(new.url), "title": new.title,
             "tags": list(new.tags)}
            for new in added
        ],
        "skipped": [
            {"url": without_password(one.outline.url), "title": one.outline.title,
             "reason": one.reason}
            for one in skipped
        ],
        "problems": list(opml.problems),
        "not_in": silent,
        "totals": {"outlines": len(opml.outlines), "added": len(added), "skipped": len(skipped)},
    }  # fmt: skip


# -- export ----------------------------------------------------------------------------------------


def _export(console: Console) -> int:
    from feedsvc.feeds.subscriptions import subscriptions

    with console.app() as app:
        memories = app.store.memories()
        sources = [
            _subscription(source, memories.get(source.name))
            for source in app.all_sources()
            if source.kind == "feed"
        ]
    # Undated: the same subscriptions are the same bytes.
    data = subscriptions(sources, title=console.settings.site.title, created=None)
    output: str | None = console.args.output
    if output is not None:
        Path(output).write_bytes(data)
    if console.args.json:
        told = [
            {"title": one.title, "url": one.url, "link": one.link,
             "folder": list(one.folder), "tags": list(one.tags)}
            for one in sources
        ]  # fmt: skip
        console.document("export", {"output": output, "sources": told})
    elif output is not None:
        console.result(f"{output}: {len(sources)} feeds")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    return 0


def _subscription(source: Source, memory: Any) -> Subscription:
    import json

    from feedsvc.cli.standing import asked_at, title_of
    from feedsvc.feeds.subscriptions import Subscription

    head = json.loads(memory.head) if memory and memory.head else {}
    return Subscription(
        title=title_of(source, memory) or source.name,
        url=asked_at(source, memory),
        link=head.get("link"),
        language=head.get("language"),
        description=head.get("description"),
        folder=source.tags[:1],
        tags=source.tags[1:],
    )
