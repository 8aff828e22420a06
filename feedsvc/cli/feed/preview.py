"""`feedsvc feed preview`: what a change of the rules would add and remove, before it is saved."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console, when
from feedsvc.cli.feed.rules import add_options, changed, given
from feedsvc.cli.feed.target import named, selected, titles
from feedsvc.cli.feed.trial import Trial
from feedsvc.errors import ConfigError, NotFoundError, UsageError
from feedsvc.model import iso_utc

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.model import Article
    from feedsvc.settings import Feed

_EXAMPLES = """\
  feedsvc feed preview                            what the next build would change
  feedsvc feed preview sea --exclude-tags advert  what another rule would
  feedsvc feed preview sea --without since --all  the whole list
  feedsvc feed preview sea --from other.toml      by the rules of another file
"""

_TITLE = 72  # characters of a title in a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A feed as it is published, and as it would be."""

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def added(self) -> list[int]:
        """What would come, newest first."""
        there = set(self.before)
        return [row for row in self.after if row not in there]

    @property
    def removed(self) -> list[int]:
        """What would go."""
        stays = set(self.after)
        return [row for row in self.before if row not in stays]


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "preview",
        _run,
        help="what other rules would add to a feed and remove from it",
        description="Compare what is published with what a feed would hold by other rules, or by "
        "its own as they stand in the configuration now. Nothing is written.",
        examples=_EXAMPLES,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of one feed; else of all")
    parser.add_argument("--all", action="store_true", help="what stays, too")
    parser.add_argument(
        "--from", dest="other", metavar="FILE", help="take the rules from this configuration"
    )
    add_options(parser)


def _run(console: Console) -> int:
    args = console.args
    if args.name is None and (given(args) or args.without):
        raise UsageError("rules are tried on one feed", hint="feedsvc feed preview NAME …")
    with console.app() as app:
        with Trial(app) as trial:
            previews = list(_previews(app, trial, console))
        rows = {row for one in previews for row in (*one.before, *one.after)}
        articles = app.store.articles(sorted(rows))
        notes = [note for one in previews if (note := _note(app, one.name)) is not None]
    for note in notes:
        console.say(note)
    if args.json:
        listed = [_document(one, articles, whole=args.all) for one in previews]
        console.document("feed-preview", {"feeds": listed})
        return 0
    for one in previews:
        _print(console, one, articles)
    return 0


def _previews(app: App, trial: Trial, console: Console) -> Iterator[Preview]:
    args = console.args
    rules = _other(console) if args.other else app.settings.feeds
    if args.name is None:
        for feed in rules:
            yield from _of_feed(app, trial, feed)
        published = {row.name for row in app.store.feeds() if row.built is not None}
        for feed in app.settings.feeds:
            if feed.name in published - {one.name for one in rules}:
                yield _gone(app, feed.name)
        return
    _check_sources(app, args)
    meant = _meant(app, rules, args.name) if args.other else named(app, args.name)
    if meant is not None:
        yield from _of_feed(app, trial, changed(meant, args))
    else:
        yield _gone(app, named(app, args.name).name)  # NotFoundError, if it is in neither


def _other(console: Console) -> Sequence[Feed]:
    from feedsvc.config import load

    path = Path(console.args.other)
    if not path.is_file():
        raise ConfigError(f"--from names {path}, and there is no such file")
    return load(path, cwd=Path.cwd(), environ={}).feeds


def _meant(app: App, rules: Sequence[Feed], name: str) -> Feed | None:
    """The feed of a name by the rules of another file; one of a group by the words there are."""
    from feedsvc.regenerate.groups import child_of, group_of

    group, slug = group_of(name)
    feed = next((one for one in rules if one.name == group), None)
    if feed is None or slug is None:
        return feed
    if feed.per is None:
        return None
    facets = app.store.preview_facets(feed, app.clock.now(), titles=titles(app))
    below = (child_of(feed, facet, app.settings.site) for facet in facets)
    return next((one for one in below if one.name == name), None)


def _check_sources(app: App, args: argparse.Namespace) -> None:
    from feedsvc.config.nearest import nearest

    known = {one.name for one in app.all_sources()}
    for name in (*(args.sources or ()), *(args.exclude_sources or ())):
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean '{near}'?" if near else "`feedsvc source list` shows all"
            raise NotFoundError(f"no source '{name}'", hint=hint)


def _of_feed(app: App, trial: Trial, feed: Feed) -> Iterator[Preview]:
    """What would become of a feed; of a group, of each of its feeds."""
    from feedsvc.regenerate.groups import child_of

    if feed.per is None:
        yield _preview(app, trial, feed)
        return
    facets = app.store.preview_facets(feed, app.clock.now(), titles=titles(app))
    names = set()
    for facet in facets:
        child = child_of(feed, facet, app.settings.site)
        names.add(child.name)
        yield _preview(app, trial, child)
    for row in app.store.feeds():
        # One whose word no article has any more stays published, without entries.
        if row.name.startswith(f"{feed.name}/") and row.name not in names and row.entries:
            yield _gone(app, row.name)


def _preview(app: App, trial: Trial, feed: Feed) -> Preview:
    return Preview(name=feed.name, before=_before(app, feed.name), after=trial.selected(feed))


def _gone(app: App, name: str) -> Preview:
    return Preview(name=name, before=_before(app, name), after=())


def _before(app: App, name: str) -> tuple[int, ...]:
    """What is published; of a digest, whose entries are no articles, what its editions tell of."""
    rows = app.store.published_rows(name)
    feed = next((one for one in app.settings.feeds if one.name == name), None)
    if rows or feed is None or feed.digest is None or app.store.feed(name).built is None:
        return rows
    return selected(app, feed)


def _note(app: App, name: str) -> str | None:
    """That a digest is compared with what it would be now, where it was built as another one."""
    from feedsvc.regenerate.shown import is_current

    feed = next((one for one in app.settings.feeds if one.name == name), None)
    rows = {name: app.store.feed(name)}
    if feed is None or feed.digest is None or rows[name].built is None:
        return None
    if is_current(app.press, feed, rows, app.clock.now()):
        return None
    return (
        f"{name} is to be built anew, and what its editions told of is not remembered: "
        "compared is what they would tell of now"
    )


# -- output --------------------------------------------------------------------------------------


def _print(console: Console, found: Preview, articles: dict[int, Article]) -> None:
    added, removed = set(found.added), found.removed
    stays = len(found.after) - len(added)
    console.result(f"{found.name}: {len(added)} added, {len(removed)} removed, {stays} unchanged")
    marked = [("+" if row in added else " ", row) for row in found.after]
    marked = [one for one in marked if console.args.all or one[0] == "+"]
    zone = console.settings.site.timezone
    for mark, row in (*marked, *(("-", row) for row in removed)):
        one = articles[row]
        console.result(f"{mark} {when(one.published, zone)}  {one.source}  {_brief(one.title)}")


def _brief(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"


def _document(found: Preview, articles: dict[int, Article], *, whole: bool) -> dict[str, Any]:
    told = {
        "name": found.name,
        "added": [_entry(articles[row]) for row in found.added],
        "removed": [_entry(articles[row]) for row in found.removed],
        "unchanged": len(found.after) - len(found.added),
    }
    return told | ({"entries": [_entry(articles[row]) for row in found.after]} if whole else {})


def _entry(article: Article) -> dict[str, Any]:
    return {
        "id": article.guid,
        "source": article.source,
        "title": article.title,
        "link": article.link,
        "published": iso_utc(article.published),
    }
