"""The configuration for commands that can do without one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.cli.edit import NewSource
    from feedsvc.settings import Settings, Source

_LEAST = '[[source]]\npath = "articles"\n'  # one source is required


def settings_or_defaults(console: Console) -> Settings:
    """The configuration; where there is none, its defaults with what the environment says."""
    from feedsvc.config import find, read

    here = Path.cwd()
    if console.args.config or os.environ.get("FEEDSVC_CONFIG"):
        return console.settings
    try:
        find(None, cwd=here, environ=os.environ)
    except ConfigError:
        settings = read(_LEAST, file=here / "feedsvc.toml", cwd=here, environ=os.environ)
        return replace(settings, path=None, sources=())
    return console.settings


@contextmanager
def app_to_look(console: Console) -> Iterator[tuple[App, ConfigError | None]]:
    """The service, to look at; also while its configuration is broken, and then what is wrong.

    Such an App knows neither sources nor feeds, only what the store remembers. Raises ConfigError
    where there is no store.
    """
    from feedsvc.app import App

    try:
        settings, wrong = console.load(), None
    except ConfigError as error:
        found = _settings_of_store(console)
        if found is None:
            raise
        settings, wrong = found, error
    app = App(settings, offline=console.args.offline)
    try:
        yield app, wrong
    finally:
        app.close()


def _settings_of_store(console: Console) -> Settings | None:
    """The defaults with the store that a broken configuration names, if that is there."""
    import tomllib

    from feedsvc.config import find, read
    from feedsvc.config.parse import read_text

    here = Path.cwd()
    named = Path(console.args.config) if console.args.config else None
    try:
        file = find(named, cwd=here, environ=os.environ)
        try:
            store = tomllib.loads(read_text(file, cwd=here)).get("store", {})
        except tomllib.TOMLDecodeError:
            store = {}
        url = store.get("url") if isinstance(store, dict) else None
        named_store = f"[store]\nurl = {json.dumps(url)}\n" if isinstance(url, str) else ""
        settings = read(f"{_LEAST}{named_store}", file=file, cwd=here, environ=os.environ)
    except ConfigError:
        return None
    if not Path(settings.store.url.removeprefix("sqlite:///")).exists():
        return None
    return replace(settings, sources=(), feeds=())


def settings_to_edit(console: Console) -> Settings:
    """The configuration of a file that may hold no source yet; raises ConfigError."""
    import tomllib

    from feedsvc.config import find, read
    from feedsvc.config.parse import parse, read_text

    here = Path.cwd()
    named = Path(console.args.config) if console.args.config else None
    file = find(named, cwd=here, environ=os.environ)
    text = read_text(file, cwd=here)
    if parse(text, file=file, cwd=here).get("source"):
        return console.settings
    try:
        with_one = f"{text}\n{_LEAST}"
        tomllib.loads(with_one)
    except tomllib.TOMLDecodeError:  # source = []
        return console.settings
    return replace(read(with_one, file=file, cwd=here, environ=os.environ), sources=())


def everyone(console: Console, settings: Settings) -> tuple[Source, ...]:
    """All sources: those of the configuration, and those that its OPML files list."""
    if not any(one.kind == "opml" for one in settings.sources):
        return settings.sources
    with console.app() as app:
        return app.all_sources()


def write_sources(settings: Settings, added: Sequence[NewSource]) -> None:
    """Put tables for `added` into the configuration file; raises ConfigError."""
    from feedsvc.cli.edit import with_sources
    from feedsvc.cli.rewriting import rewrite

    rewrite(_file(settings), lambda text: _checked(with_sources(text, added), settings))


def take_out_source(settings: Settings, index: int) -> None:
    """Take one source out of the configuration file; raises ConfigError."""
    from feedsvc.cli.edit import without_source
    from feedsvc.cli.rewriting import rewrite

    rewrite(_file(settings), lambda text: _checked(without_source(text, index), settings))


def written_feeds(settings: Settings) -> tuple[str, ...]:
    """The names of the feeds that stand in the configuration file."""
    from feedsvc.config.parse import parse, read_text

    file, here = _file(settings), Path.cwd()
    feeds = parse(read_text(file, cwd=here), file=file, cwd=here).get("feed", [])
    return tuple(str(feed.get("name")) for feed in feeds)


def rename_feed(settings: Settings, old: str, new: str, *, check: bool = False) -> None:
    """Give a feed of the configuration file another name; raises ConfigError.

    With `check` nothing is written: only whether it could be.
    """
    from feedsvc.cli.edit_feeds import renamed_feed

    _edit(settings, lambda text: renamed_feed(text, old, new), check=check)


def take_out_feed(settings: Settings, name: str, *, check: bool = False) -> None:
    """Take a feed out of the configuration file; raises ConfigError. As above with `check`."""
    from feedsvc.cli.edit_feeds import without_feed

    _edit(settings, lambda text: without_feed(text, name), check=check)


def _edit(settings: Settings, change: Callable[[str], str], *, check: bool) -> None:
    from feedsvc.cli.rewriting import rewrite

    def changed(text: str) -> str:
        edited = _checked(change(text), settings)
        return text if check else edited

    rewrite(_file(settings), changed)


def _checked(text: str, settings: Settings) -> str:
    """The text, if it is a configuration; raises ConfigErrors."""
    from feedsvc.config import read

    file = _file(settings)
    read(text.replace("\r\n", "\n"), file=file, cwd=Path.cwd(), environ=os.environ)
    return text


def _file(settings: Settings) -> Path:
    if settings.path is None:
        raise ConfigError("there is no configuration file", hint="`feedsvc init` writes one")
    return settings.path
