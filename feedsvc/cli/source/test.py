"""`feedsvc source test`: what a source says and what it lacks, stored nowhere."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.configuration import settings_or_defaults
from feedsvc.cli.console import Console, when
from feedsvc.cli.source.target import address_of, resolve
from feedsvc.errors import UsageError

if TYPE_CHECKING:
    from feedsvc.app.inspect import Answer, Inspection, Listing
    from feedsvc.model import Draft
    from feedsvc.settings import Source

_EXAMPLES = """\
  feedsvc source test https://example.org/feed.xml
  feedsvc source test https://example.org/    the page of a site: its feed is looked for
  feedsvc source test feed.xml --json         a file, for scripts
  feedsvc source test feed.xml --url https://example.org/feed.xml
                                              a file that was fetched from there
  feedsvc source test neighbours              a source, with its password and headers
"""

NEWEST = 3
"""Entries that are shown."""

_SHOWN_PROBLEMS = 10


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "test",
        _run,
        help="what a feed says and what it lacks, without storing anything",
        description="Ask a source, an address or a file, and show what was found and what is "
        "missing, field by field. Nothing is stored. Addresses and files need no configuration.",
        examples=_EXAMPLES,
    )
    parser.add_argument("target", metavar="URL|FILE|NAME")
    parser.add_argument(
        "--url", metavar="URL", help="of a FILE: where it was fetched; relative links start there"
    )
    parser.add_argument(
        "--content-type", metavar="TYPE", help="of a FILE: what the server said of it, such as "
        '"application/xml; charset=utf-8"',
    )  # fmt: skip


def _run(console: Console) -> int:
    import asyncio

    from feedsvc.app.inspect import Listing, inspect
    from feedsvc.cli.source.found import document

    settings = settings_or_defaults(console)
    target: str = console.args.target
    place = resolve(console, settings, target)
    answer = _answer(console.args, place)
    found = asyncio.run(inspect(settings, place, offline=console.args.offline, answer=answer))
    if console.args.json:
        known = not isinstance(place, Path) and place.name == target
        told = document(found, source=target if known else None, now=datetime.now(UTC))
        console.document("source-test", told)
    elif isinstance(found, Listing):
        _print_listing(console, found, target)
    else:
        _print(console, found, target, settings.site.timezone)
    return 0


def _answer(args: argparse.Namespace, place: Source | Path) -> Answer | None:
    """What the options tell of a file; raises UsageError."""
    from feedsvc.app.inspect import Answer

    if args.url is None and args.content_type is None:
        return None
    if not isinstance(place, Path):
        raise UsageError(
            "--url and --content-type are for a FILE", hint="an address answers for itself"
        )
    url = address_of(args.url) if args.url is not None else None
    return Answer(url=url, content_type=args.content_type)


def _print(console: Console, found: Inspection, target: str, zone: tzinfo) -> None:
    reading = found.reading
    shape = "well-formed" if reading.well_formed else "not well-formed"
    count = _counted(len(reading.drafts), "entry", "entries")
    console.table(
        [
            (
                found.url or target,
                f"{format_name(reading.format)}, {reading.encoding}, {shape}, {count}",
            )
        ],
        ("FOUND AT", "WHAT"),
    )
    console.result("")
    console.table(list(_of_head(found)), ("FEED", "", ""))
    console.result("")
    console.table(list(_of_entries(reading.drafts)), ("ENTRIES", "HAVE IT", ""))
    if reading.drafts:
        console.result("")
        print_newest(console, found, zone)
    notes = [*way_found(found), *_some(found.problems)]
    if notes:
        console.result("")
        console.table([(note,) for note in notes], ("TO KNOW",))


def _of_head(found: Inspection) -> Iterator[tuple[str, str, str | None]]:
    head = found.reading.head
    fields: dict[str, Any] = {
        "title": head.title,
        "link": head.link,
        "id": head.id,
        "description": _brief(head.description),
        "language": head.language,
        "updated": head.updated and f"{head.updated:%Y-%m-%d %H:%MZ}",
        "author": head.authors[0].name if head.authors else None,
        "rights": _brief(head.rights),
        "hub": head.hubs[0] if head.hubs else None,
    }
    for name, value in fields.items():
        yield name, "yes" if value else "no", value


def _of_entries(drafts: Sequence[Draft]) -> Iterator[tuple[str, str, str | None]]:
    count = len(drafts)
    for name, having in tally(drafts).items():
        told = "all" if count and having == count else "none" if not having else str(having)
        yield name, told, None if told in ("all", "none") else f"of {count}"
    ids = Counter(draft.id for draft in drafts if draft.id)
    if repeated := sum(number - 1 for number in ids.values()):
        yield "id", "twice", _counted(repeated, "entry has", "entries have") + " another one's id"


def tally(drafts: Sequence[Draft]) -> dict[str, int]:
    """How many entries have each of the fields that make a good article."""
    return {
        "id": sum(bool(one.id) for one in drafts),
        "title": sum(bool(one.title) for one in drafts),
        "link": sum(bool(one.link) for one in drafts),
        "published": sum(one.published is not None for one in drafts),
        "updated": sum(one.updated is not None for one in drafts),
        "author": sum(bool(one.authors) for one in drafts),
        "content": sum(bool(one.html) for one in drafts),
        "summary": sum(bool(one.summary) for one in drafts),
        "language": sum(bool(one.language) for one in drafts),
        "tags": sum(bool(one.tags) for one in drafts),
        "image": sum(one.image is not None for one in drafts),
        "enclosures": sum(bool(one.enclosures) for one in drafts),
    }


def print_newest(console: Console, found: Inspection, zone: tzinfo) -> None:
    """The newest entries; those without a date in the order of the document."""
    dated = [(one.published or one.updated, one) for one in found.reading.drafts]
    dated.sort(key=lambda pair: pair[0] or datetime.min.replace(tzinfo=UTC), reverse=True)
    rows = [
        (when(moment, zone) if moment else "no date", _brief(one.title), one.link)
        for moment, one in dated[:NEWEST]
    ]
    console.table(rows, ("NEWEST", "TITLE", "LINK"))


def way_found(found: Inspection) -> Iterator[str]:
    """How the document was come by, where that was not straight."""
    if found.page is not None:
        if found.announced:
            yield f"{found.page} is a page that announces it"
            others = [url for url in found.announced if url != found.asked]
            yield from (f"it also announces {url}" for url in others[:_SHOWN_PROBLEMS])
        else:
            yield f"{found.page} is a page that does not announce it: it was found by trying"
    if found.moved_to is not None:
        yield f"{found.asked} has moved for good: use {found.moved_to}"


def _some(problems: Sequence[str]) -> Iterator[str]:
    yield from problems[:_SHOWN_PROBLEMS]
    if (more := len(problems) - _SHOWN_PROBLEMS) > 0:
        yield f"and {more} more, see --json"


def _print_listing(console: Console, found: Listing, target: str) -> None:
    from feedsvc.cli.edit import without_password

    opml = found.opml
    count = _counted(len(opml.outlines), "feed", "feeds")
    console.table(
        [(found.url or target, opml.title, f"OPML, {count}")], ("FOUND AT", "TITLE", "WHAT")
    )
    if opml.outlines:
        console.result("")
        rows = [
            (one.title, without_password(one.url), " / ".join(one.folder)) for one in opml.outlines
        ]
        console.table(rows, ("FEED", "URL", "FOLDER"))
    notes = [*_some(opml.problems), *(f"includes {url}, not followed" for url in opml.includes)]
    if notes:
        console.result("")
        console.table([(note,) for note in notes], ("TO KNOW",))


# -- words -----------------------------------------------------------------------------------------

_DIALECTS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed", "cdf": "CDF"}
_LONGEST = 72  # characters of a text in a table


def format_name(format: str) -> str:
    """`rss20` as people write it."""
    word = format.rstrip("0123456789")
    digits = format[len(word) :]
    named = _DIALECTS.get(word, word)
    return f"{named} {digits[0]}.{digits[1:]}" if len(digits) > 1 else named


def _brief(text: str | None) -> str | None:
    if text is None or len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 1].rstrip()}…"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
