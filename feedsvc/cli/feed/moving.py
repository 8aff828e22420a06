"""`feedsvc feed move` and `remove`: another name for a feed, or its end.

    note the redirect -> edit the configuration -> rename what is stored -> build -> old files go

Killed in between, the next build goes on from there (`regenerate/moving.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.configuration import rename_feed, take_out_feed, written_feeds
from feedsvc.cli.console import Console
from feedsvc.cli.regenerate import build_document, report_build
from feedsvc.errors import ConfigError, LockedError, NotFoundError, PublishError, UsageError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.regenerate import BuildReport
    from feedsvc.settings import Settings

_MOVE = """\
  feedsvc feed move news nachrichten     /news/atom.xml leads to /nachrichten/atom.xml
"""
_REMOVE = """\
  feedsvc feed remove nachrichten        everything below /nachrichten/ answers 410
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verbs on the command line."""
    moving = add_command(
        commands,
        common,
        "move",
        _move,
        help="give a feed another name; its readers are sent there",
        description="Give a feed another name, in the configuration and in everything stored of "
        "it. It keeps its id, its archive and its keys, and is built at once; the old addresses "
        "answer 301. If the configuration has the new name already, the rest is done.",
        examples=_MOVE,
    )
    moving.add_argument("old", metavar="OLD", help="as `feedsvc feed list` prints it")
    moving.add_argument("new", metavar="NEW", help="its name from now on")
    removing = add_command(
        commands,
        common,
        "remove",
        _remove,
        help="take a feed out of the configuration; its addresses answer 410",
        description="Take a feed out of the configuration, with its archive and its keys. Its "
        "articles stay stored, and in other feeds; its addresses answer 410.",
        examples=_REMOVE,
    )
    removing.add_argument("name", metavar="NAME", help="as `feedsvc feed list` prints it")


# -- move ------------------------------------------------------------------------------------------


def _move(console: Console) -> int:
    settings, old = console.settings, console.args.old
    _refuse_part(settings, old)
    new = _name(console.args.new)
    configured = {feed.name for feed in settings.feeds}
    by_hand = old not in configured and new in configured
    if old in configured:
        _refuse_to_move(settings, old, new)
    with console.app() as app, _alone(app), app.store.lock("build"):
        if not (old in configured or (by_hand and _is_known(app, old, new))):
            raise _unknown(old, configured)
        stays = by_hand and _is_known(app, old) and _is_built(app, new)
        now = app.clock.now()
        if old in configured:
            _take_down(app, new)  # of a feed that had the name before
        app.store.intend(f"{old}/", f"{new}/", now)
        if old in configured:
            rename_feed(settings, old, new)
        app.store.rename_feed(old, new, now, mint=app.authority.feed)
    again, report = _built(console)
    with again.app() as app:
        row, url = app.store.feed(new), f"{app.settings.site.base_url}/{new}/"
        (feed,) = (feed for feed in app.settings.feeds if feed.name == new)
    if console.args.json:
        moved = {"config": str(settings.path), "old": old, "new": new, "id": row.guid, "url": url}
        console.document("feed-move", {**moved, **build_document(report)})
    elif stays:
        console.result(f"{old}: its readers are sent to {url}, which stays what it was")
    else:
        console.result(f"{old}: is at {url} now; its old addresses lead there")
    if feed.podcast is not None and feed.podcast.new_feed_url is None:
        console.say(f"`new_feed_url` under its podcast tells podcast apps, too: {url}rss.xml")
    return report_build(console, report, results=False)


def _name(text: str) -> str:
    """The name of a feed; raises UsageError for one that no feed can have."""
    from feedsvc.config.names import of_feed
    from feedsvc.config.shapes import WrongValueError

    try:
        return of_feed(text)
    except WrongValueError as wrong:
        hint = wrong.remark or f"it is {wrong}"
        raise UsageError(f"{text!r} cannot be the name of a feed", hint=hint) from wrong


def _refuse_to_move(settings: Settings, old: str, new: str) -> None:
    """Raise UsageError or ConfigError if the configuration does not allow the move."""
    if old == new:
        raise UsageError(f"'{old}' has this name already")
    if old.lower() == new.lower():
        raise UsageError(
            f"'{old}' and '{new}' differ in case alone, and on some disks that is one folder",
            hint="move it to another name first",
        )
    others = {feed.name.lower() for feed in settings.feeds if feed.name != old}
    if new.lower() in others:
        raise UsageError(
            f"there is a feed '{new}' already",
            hint=f"to send the readers of '{old}' there, take '{old}' out of {settings.path} and "
            "run this again",
        )
    if old not in written_feeds(settings):
        raise ConfigError(
            f"'{old}' is the feed that there is while {settings.path} has no [[feed]]",
            hint=f'write a [[feed]] with name = "{new}" into it, and run this again',
        )
    rename_feed(settings, old, new, check=True)


# -- remove ----------------------------------------------------------------------------------------


def _remove(console: Console) -> int:
    settings, name = console.settings, console.args.name
    _refuse_part(settings, name)
    configured = {feed.name for feed in settings.feeds}
    if name in configured:
        _refuse_to_remove(settings, name)
    with console.app() as app, _alone(app), app.store.lock("build"):
        if name not in configured and not _is_known(app, name):
            raise _unknown(name, configured)
        app.store.intend(f"{name}/", None, app.clock.now())
        if name in configured:
            take_out_feed(settings, name)
        _take_down(app, name)
        app.store.gone(f"{name}/", app.clock.now())
    _, report = _built(console)
    if console.args.json:
        removed = {"config": str(settings.path), "name": name}
        console.document("feed-remove", {**removed, **build_document(report)})
    else:
        console.result(f"{name}: removed; its addresses answer 410")
    return report_build(console, report, results=False)


def _refuse_to_remove(settings: Settings, name: str) -> None:
    """Raise UsageError or ConfigError if the feed cannot be taken out of the configuration."""
    if written_feeds(settings) in ((), (name,)):
        raise UsageError(
            f"'{name}' is the only feed, and without any everything is published as 'all'",
            hint=f"write another [[feed]] into {settings.path} first",
        )
    take_out_feed(settings, name, check=True)


# -- what both do ----------------------------------------------------------------------------------


def _refuse_part(settings: Settings, name: str) -> None:
    """Raise NotFoundError for one feed of a group: no [[feed]] is its own."""
    group, slash, _ = name.partition("/")
    feed = next((one for one in settings.feeds if one.name == group), None)
    if slash and feed is not None and feed.per is not None:
        raise NotFoundError(
            f"no feed '{name}' that stands for itself: '{group}' makes one for each {feed.per}",
            hint=f"name '{group}' for all of them; `exclude_{feed.per}s` in its [[feed]] leaves "
            "some out",
        )


@contextmanager
def _alone(app: App) -> Iterator[None]:
    """While no daemon runs: it would build what its configuration has, under the old name."""
    with ExitStack() as stack:
        try:
            stack.enter_context(app.store.lock("daemon", timeout=0))
        except LockedError as error:
            raise LockedError(
                "`feedsvc run` is at work with the configuration as it is",
                hint="stop it, run this again, and start it anew",
            ) from error
        yield


def _built(console: Console) -> tuple[Console, BuildReport]:
    """Build by the edited configuration, which the returned console reads."""
    from feedsvc.regenerate.moving import clear_moved

    again = Console(console.args)
    with again.app() as app, console.progress() as progress:
        report = app.regenerate(progress=progress)
        with app.store.lock("build"):
            stay = clear_moved(app.press, app.settings.feeds)
    for line in stay:
        console.warn(f"feedsvc: {line}")
    return again, report


def _take_down(app: App, name: str) -> None:
    """Remove what a feed has published, and all that is stored of it; raises PublishError."""
    paths = app.store.leftovers(name)
    try:
        app.press.publisher.remove(paths)
    except PublishError as error:
        raise PublishError(str(error), hint="the next build takes the rest down") from error
    app.store.forget_feed(name)
    app.store.drop_lines(paths)


def _is_known(app: App, name: str, new: str | None = None) -> bool:
    """Whether the store has the feed, or knows already that it is called `new`."""
    if new is not None and app.store.redirects().get(f"{name}/") == f"{new}/":
        return True
    return any(row.name.partition("/")[0] == name for row in app.store.feeds())


def _is_built(app: App, name: str) -> bool:
    rows = (row for row in app.store.feeds() if row.name.partition("/")[0] == name)
    return any(row.built is not None for row in rows)


def _unknown(name: str, configured: set[str]) -> NotFoundError:
    from feedsvc.config.nearest import nearest

    near = nearest(name, configured)
    hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(sorted(configured))}"
    return NotFoundError(f"no feed '{name}'", hint=hint)
