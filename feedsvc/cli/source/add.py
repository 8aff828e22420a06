"""`feedsvc source add`: find the feed of an address and write it into the configuration."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.configuration import everyone, settings_to_edit, write_sources
from feedsvc.cli.console import Console
from feedsvc.cli.source.options import every, name, tag
from feedsvc.cli.source.target import of_address
from feedsvc.cli.source.test import NEWEST, print_newest, way_found
from feedsvc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feedsvc.app.inspect import Inspection, Listing
    from feedsvc.cli.edit import NewSource
    from feedsvc.settings import Settings, Source

_EXAMPLES = """\
  feedsvc source add https://example.org/
  feedsvc source add https://example.org/feed.xml --name neighbours --every 1h --tag harbour
  feedsvc source add https://example.org/daily.xml --every "0 6 * * *"   every day at six
  feedsvc source add https://example.org/blogroll.opml   every feed of a list
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "add",
        _run,
        help="subscribe to a feed, found by its address or that of its site",
        description="Look for the feed of an address, show its newest entries, and write a "
        "[[source]] into the configuration file, whose comments stay.",
        examples=_EXAMPLES,
    )
    parser.add_argument("url", metavar="URL", help="of a feed, of its site, or of an OPML file")
    parser.add_argument("--name", type=name, metavar="NAME", help="default: made of its address")
    parser.add_argument(
        "--every",
        type=every,
        metavar="TIME",
        help='such as 30m, auto, or times of day: "0 6 * * *"; default: 15m',
    )
    parser.add_argument(
        "--tag", type=tag, action="append", default=[], metavar="TAG",
        help="given to all its articles; repeatable",
    )  # fmt: skip


def _run(console: Console) -> int:
    import asyncio

    from feedsvc.app.inspect import Listing, inspect

    args = console.args
    settings = settings_to_edit(console)
    known = everyone(console, settings)
    place = of_address(settings, args.url)
    _refuse_twice(place.url or "", known)
    if args.name is not None and (twin := _of_name(args.name, known)) is not None:
        raise UsageError(f"there is a source '{twin.name}' already", hint="give another --name")
    found = asyncio.run(inspect(settings, place, offline=args.offline))
    new = _new_source(args, place, found, known)
    if new.url != place.url:
        _refuse_twice(new.url, known)
    write_sources(settings, [_with_password(new, place)])
    silent = [feed.name for feed in settings.feeds if feed.sources and new.name not in feed.sources]
    if args.json:
        console.document("source-add", _document(settings, new, found, silent))
        return 0
    if not isinstance(found, Listing) and found.reading.drafts:
        print_newest(console, found, settings.site.timezone)
        console.result("")
    console.result(f"{new.name}: {new.url}")
    console.say(f"written into {settings.path}; `feedsvc sync` asks it")
    for note in () if isinstance(found, Listing) else way_found(found):
        console.say(note)
    if place.auth is not None:
        console.say('its password stands in there: auth = { user = "…", password = { env = "…" } }')
    if silent:
        console.say(
            f"{', '.join(silent)}: not in {'this feed' if len(silent) == 1 else 'these feeds'}, "
            f'whose `sources` do not list "{new.name}"'
        )
    return 0


def _new_source(
    args: argparse.Namespace, place: Source, found: Inspection | Listing, known: Sequence[Source]
) -> NewSource:
    from feedsvc.app.inspect import Listing
    from feedsvc.cli.edit import NewSource, free_name, shown_title
    from feedsvc.config.names import of_address as name_of

    url = _address(place, found)
    listing = isinstance(found, Listing)
    title = found.opml.title if isinstance(found, Listing) else found.reading.head.title
    return NewSource(
        name=args.name or free_name(name_of(url), {one.name.lower() for one in known}),
        url=url,
        kind="opml" if listing else None,
        title=shown_title(title),
        every=args.every,
        tags=tuple(dict.fromkeys(args.tag)),
    )


def _address(place: Source, found: Inspection | Listing) -> str:
    """What to ask from now on: where it has moved for good, unless that is less safe."""
    from feedsvc.config.remote import source_url

    asked = found.asked or place.url or ""
    moved = found.moved_to
    if moved is None or place.auth is not None or (asked[:6] == "https:" and moved[:6] != "https:"):
        return asked
    return source_url(moved).url


def _with_password(new: NewSource, place: Source) -> NewSource:
    """With the credentials of the address that was given, if it is asked at the same host."""
    auth = place.auth
    if auth is None or auth.user is None:
        return new
    scheme, _, rest = new.url.partition("://")
    if rest.partition("/")[0] != (place.url or "").partition("://")[2].partition("/")[0]:
        return new
    secret = auth.password.value if auth.password else None
    user = quote(auth.user, safe="")
    return replace(new, url=f"{scheme}://{user}:{quote(secret or '', safe='')}@{rest}")


def _refuse_twice(url: str, known: Sequence[Source]) -> None:
    from feedsvc.text.canonical import canonical

    wanted = canonical(url)
    for one in known:
        if one.url is not None and canonical(one.url) == wanted:
            raise UsageError(
                f"{one.url} is the source '{one.name}' already",
                hint=f"`feedsvc source show {one.name}` tells how it is",
            )


def _of_name(name: str, known: Sequence[Source]) -> Source | None:
    return next((one for one in known if one.name.lower() == name.lower()), None)


def _document(
    settings: Settings, new: NewSource, found: Inspection | Listing, silent: list[str]
) -> dict[str, Any]:
    from feedsvc.cli.source.found import document

    told = document(found, source=new.name, now=datetime.now(UTC))
    dated = sorted(
        told["items"], key=lambda one: one["published"] or one["updated"] or "", reverse=True
    )
    return {
        "config": str(settings.path),
        "source": {"name": new.name, "kind": new.kind or "feed", "url": new.url,
                   "title": new.title, "every": new.every, "tags": list(new.tags)},
        "page": told.get("page"),
        "announced": told.get("announced", []),
        "feed": told["feed"],
        "newest": dated[:NEWEST],
        "not_in": silent,
    }  # fmt: skip
