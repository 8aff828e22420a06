"""`feedsvc feed urls`: every address of a feed, and the keys to private ones."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.feed.target import built_children, named, shelf_of
from feedsvc.cli.standing import iso
from feedsvc.errors import UsageError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.settings import Feed

_EXAMPLES = """\
  feedsvc feed urls                                  all addresses of all feeds
  feedsvc feed urls members --new-token "Anna"       a key for one more reader
  feedsvc feed urls members --revoke "Anna"          her address is gone at once
  feedsvc feed urls members --revoke MvwB...         that of the key that begins so
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "urls",
        _run,
        help="every address of a feed; give and take back keys to private ones",
        description="Tell every address of a feed: documents, page, archive and hubs. A private "
        "feed has them for each of its keys, which are given and taken back here.",
        examples=_EXAMPLES,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of one feed; else of all")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--new-token", metavar="LABEL", help="give a key; the label says to whom")
    keys.add_argument(
        "--revoke",
        metavar="LABEL|TOKEN",
        help="take back a key; its beginning does, as logs show it",
    )


def _run(console: Console) -> int:
    args, code = console.args, 0
    with console.app() as app:
        if args.new_token is not None or args.revoke is not None:
            code = _change(console, app)
        feeds = [named(app, args.name)] if args.name else list(app.settings.feeds)
        found = [_addresses(app, feed) for feed in feeds]
    if args.json:
        console.document("feed-urls", {"feeds": found})
        return code
    for number, one in enumerate(found):
        if number:
            console.result("")
        _print(console, one)
    return code


def _change(console: Console, app: App) -> int:
    """Give or take back a key, and let the directory follow."""
    from feedsvc.cli.regenerate import report_build
    from feedsvc.regenerate import BuildOptions
    from feedsvc.regenerate.groups import group_of

    args = console.args
    if args.name is None:
        raise UsageError("a key belongs to one feed", hint="feedsvc feed urls NAME …")
    name, _ = group_of(named(app, args.name).name)
    feed = named(app, name)
    if not feed.private:
        raise UsageError(
            f"everybody may read feed '{name}'", hint="private = true makes it one with keys"
        )
    if args.new_token is not None:
        label = " ".join(args.new_token.split())
        if not label:
            raise UsageError("a key needs a label", hint='such as --new-token "Anna"')
        app.store.issue_token(name, label, app.clock.now())
        console.say(f"'{label}' has a key to {name}")
    else:
        for token in app.store.revoke_token(name, args.revoke, app.clock.now()):
            console.say(f"{token} opens {name} no more")
    report = app.regenerate(BuildOptions(feeds=(name,)))
    return report_build(console, report, results=False)


def _addresses(app: App, feed: Feed) -> dict[str, Any]:
    """Everything that is published of a feed, by where it is found."""
    rows = {row.name: row for row in app.store.feeds()}
    shelf = shelf_of(app, feed)
    pages = shelf.closed if shelf else 0
    below = built_children(app, feed, rows) if feed.per else []
    keys = app.store.keys(feed.name) if feed.private else ()
    return {
        "name": feed.name,
        "private": feed.private,
        **({} if feed.private else _in_folder(app, feed, feed.name, pages)),
        "hubs": list(app.press.hubs(feed)),
        "feeds": [one.name for one in below] if feed.per else None,
        "tokens": [
            {
                "token": key.token,
                "label": key.label,
                "made": iso(key.made),
                **_in_folder(app, feed, f"{feed.name}/{key.token}", pages),
            }
            for key in keys
        ]
        if feed.private
        else None,
    }


def _in_folder(app: App, feed: Feed, folder: str, pages: int) -> dict[str, Any]:
    from feedsvc.regenerate.archive import archive_path
    from feedsvc.regenerate.press import head_of

    head = head_of(app.press, feed, None, folder=folder)
    base = app.settings.site.base_url
    documents = {} if feed.per else {kind.value: url for kind, url in head.urls.items()}
    archive: dict[str, Any] = {"pages": pages}
    if pages:
        archive |= {
            format.value: f"{base}/{archive_path(folder, pages, format)}" for format in head.urls
        }
    return {
        "page": head.home,
        "documents": documents,
        "archive": archive if feed.archive else None,
    }


def _print(console: Console, found: dict[str, Any]) -> None:
    console.result(found["name"])
    for place in found["tokens"] if found["private"] else [found]:
        if found["private"]:
            console.result(f"  {place['label'] or 'first key'}, since {place['made']}:")
        lines = [("page", place["page"]), *place["documents"].items()]
        if archive := place["archive"]:
            newest = next((url for key, url in archive.items() if key != "pages"), None)
            pages = f"{archive['pages']} closed pages" if archive["pages"] != 1 else "1 closed page"
            lines.append(("archive", f"{pages}{f', the newest {newest}' if newest else ''}"))
        for name, url in lines:
            console.result(f"  {name:<8} {url}")
    if found["private"] and not found["tokens"]:
        console.result("  no key yet: the next build gives it one")
    for hub in found["hubs"]:
        console.result(f"  {'hub':<8} {hub}")
    for name in found["feeds"] or ():
        console.result(f"  {'feed':<8} {name}")
