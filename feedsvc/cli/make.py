"""`feedsvc make`: a feed of one place, printed, without a store and without a configuration."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console
from feedsvc.errors import FeedsvcError, NotFoundError, UsageError
from feedsvc.model import Format, Person

if TYPE_CHECKING:
    from feedsvc.app.make import Found, Made
    from feedsvc.config.shapes import Reader
    from feedsvc.settings import Feed, Settings, Source

T = TypeVar("T")

_EXAMPLES = """\
  feedsvc make articles > feed.xml           a folder of texts as an Atom feed
  feedsvc make articles --base-url https://example.org/feeds --title "Harbour News"
  feedsvc make https://example.org/blog/ --format json -o feed.json
  feedsvc make notes/ferry.md --format rss --author Mara --email mara@example.org
"""

_MOST_NOTES = 10


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "make",
        _run,
        help="print a feed of a folder, a file or an address",
        description="Print a feed of a folder of articles, of one article, or of what lies at an "
        "address: somebody's feed, the feed of a page, or the page itself. Nothing is kept, and "
        "the same articles make the same bytes. A configuration is read only if --config names it.",
        examples=_EXAMPLES,
    )
    parser.add_argument("place", metavar="PATH|URL", help="a folder, a file or an address")
    parser.add_argument(
        "--format", choices=[one.value for one in Format], default=Format.ATOM.value,
        help="default: atom",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", help="write a file; one that is the "
                        "same is left alone")  # fmt: skip
    parser.add_argument("--title", metavar="TEXT", help="default: that of the feed or the folder")
    parser.add_argument("--base-url", metavar="URL", help="where the feed will lie")
    parser.add_argument("--name", metavar="NAME", help="of the feed, in its address; default: all")
    parser.add_argument("--author", metavar="TEXT", help="who stands for it")
    parser.add_argument("--email", metavar="ADDRESS", help="of the author")
    parser.add_argument("--language", metavar="TAG", help="such as de or en-GB")
    parser.add_argument("--timezone", metavar="ZONE", help="of dates that name none; default: UTC")
    parser.add_argument(
        "--id-domain", metavar="DOMAIN", help="yours, for ids; default: that of --base-url"
    )
    parser.add_argument(
        "--link", metavar="URL", help="of articles that state none: https://example.org/{path}"
    )
    parser.add_argument(
        "--limit", type=whole_number(1, 1_000_000), metavar="N", help="entries; default: 50"
    )


def _run(console: Console) -> int:
    import asyncio

    from feedsvc.app.make import find, make

    args = console.args
    if args.email and not args.author:
        raise UsageError("--email belongs to --author", hint="give both, or neither")
    settings = _settings(console)

    async def found_and_made() -> Made:
        found = await find(settings, _place(settings, args.place), offline=args.offline)
        found = replace(found, source=replace(found.source, link=_link(console)))
        titled, feed = _titled(settings, found, args)
        return await make(titled, found, feed)

    made = asyncio.run(found_and_made())
    if args.base_url is None and settings.path is None:
        console.say(f"without --base-url its addresses begin with {settings.site.base_url}")
    for note in made.notes[:_MOST_NOTES]:
        console.say(f"note: {note}")
    if (more := len(made.notes) - _MOST_NOTES) > 0:
        console.say(f"note: and {more} more")
    _hand_over(console, made)
    return 0


def _hand_over(console: Console, made: Made) -> None:
    args = console.args
    if args.output is not None:
        _write(Path(args.output), made.body)
    if args.json:
        told = {
            "format": args.format, "entries": made.entries, "bytes": len(made.body),
            "output": args.output, "notes": list(made.notes),
        }  # fmt: skip
        text = {} if args.output is not None else {"document": made.body.decode()}
        console.document("make", told | text)
    elif args.output is None:
        sys.stdout.flush()
        # The bytes themselves: the document says that it is UTF-8, whatever the terminal is.
        if (stream := getattr(sys.stdout, "buffer", None)) is not None:
            stream.write(made.body)
        else:
            sys.stdout.write(made.body.decode())


def _write(path: Path, body: bytes) -> None:
    """Put a file in its place at once, unless it is there already."""
    from tempfile import NamedTemporaryFile

    try:
        if path.is_file() and path.read_bytes() == body:
            return
        if path.exists() and not path.is_file():  # /dev/stdout, a pipe
            path.write_bytes(body)
            return
        target = path.resolve()
        with NamedTemporaryFile(dir=target.parent, prefix=f".{path.name}.", delete=False) as new:
            temporary = Path(new.name)
            try:
                new.write(body)
                new.flush()
                os.fsync(new.fileno())
                temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else _mode())
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FeedsvcError(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that is there"
        ) from error


def _mode() -> int:
    """What a new file may be read by, as this user has it."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


# -- settings --------------------------------------------------------------------------------------


def _settings(console: Console) -> Settings:
    """Those of a configuration that is named; else the defaults with what the environment says."""
    from feedsvc.config import read

    if console.args.config:
        return _with_options(console, console.settings)
    here = Path.cwd()
    least = read('[[source]]\npath = "."\n', file=here / "feedsvc.toml", cwd=here,
                 environ=os.environ)  # fmt: skip
    return _with_options(console, replace(least, path=None))


def _with_options(console: Console, settings: Settings) -> Settings:
    from feedsvc.config import addresses, words
    from feedsvc.config.shapes import text

    args, site = console.args, settings.site
    if args.base_url is not None:
        url = _checked("--base-url", addresses.base_url, args.base_url)
        site = replace(site, base_url=url)
        if settings.path is None:  # else the ids of that configuration stay
            site = replace(site, id_domain=addresses.id_authority(url).rstrip("."))
    elif settings.path is None and not any(letter.isalpha() for letter in site.id_domain):
        site = replace(site, id_domain="localhost")  # RFC 4151 §2.1: a number is no authority
    if args.id_domain is not None:
        site = replace(site, id_domain=_checked("--id-domain", addresses.authority, args.id_domain))
    if args.timezone is not None:
        site = replace(site, timezone=_checked("--timezone", words.zone, args.timezone))
    if args.language is not None:
        site = replace(site, language=_checked("--language", words.language, args.language))
    if args.author is not None:
        email = _checked("--email", addresses.email, args.email) if args.email else None
        name = _checked("--author", text("Redaktion"), args.author)
        site = replace(site, author=Person(name=name, email=email))
    return replace(settings, site=site)


def _link(console: Console) -> str | None:
    """The template for articles that state no link."""
    from feedsvc.config import addresses

    link = console.args.link
    return link and _checked("--link", addresses.link_template, link)


def _titled(settings: Settings, found: Found, args: argparse.Namespace) -> tuple[Settings, Feed]:
    """The site and the feed, with what the place says of itself where nobody said it better."""
    from feedsvc.config import names
    from feedsvc.config.shapes import text
    from feedsvc.settings import DEFAULT_FEED, Feed

    head, site = found.head, settings.site
    own = site.title if settings.path is not None else found.source.name
    title = args.title and _checked("--title", text("Nachrichten"), args.title)
    title = title or head.title or own
    if settings.path is None:
        site = replace(site, title=title, language=site.language or head.language)
    if site.author is None and head.authors:
        site = replace(site, author=head.authors[0])
    feed = Feed(
        name=_checked("--name", names.of_feed, args.name) if args.name else DEFAULT_FEED,
        title=title,
        description=head.description,
        limit=args.limit or Feed(name="").limit,
        formats=(Format(args.format),),
    )
    return replace(settings, site=site), feed


def _checked(option: str, reader: Reader[T], value: str) -> T:
    """A value of the command line, read as that of a configuration; raises UsageError."""
    from feedsvc.config.shapes import WrongValueError

    try:
        return reader(value)
    except WrongValueError as wrong:
        raise UsageError(
            f"{option} must be {wrong.expected}, not '{value}'", hint=wrong.remark
        ) from wrong


def _place(settings: Settings, place: str) -> Source | Path:
    from feedsvc.cli.source.target import is_address, of_address

    if is_address(place):
        return of_address(settings, place)
    path = Path(place).expanduser()
    if not path.exists() and "." in place.partition("/")[0].strip("."):
        raise NotFoundError(f"there is no {place}", hint=f"did you mean https://{place}?")
    return path
