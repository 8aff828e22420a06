"""The configuration for commands that can do without one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError

if TYPE_CHECKING:
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
