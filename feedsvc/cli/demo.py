"""`feedsvc demo`: sample articles become feeds, served on loopback."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console
from feedsvc.errors import ConfigError, FeedsvcError

if TYPE_CHECKING:
    from feedsvc.settings import Settings

_EXAMPLES = """\
  feedsvc demo                      in ./feedsvc-demo, served at http://127.0.0.1:8080/
  feedsvc demo try --port 8081      elsewhere
  feedsvc demo --no-server          only write the files
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "demo",
        _run,
        help="try it: sample articles become feeds, served on loopback",
        description="Copy the sample articles and a configuration into a folder, sync and build "
        "them, and serve the feeds until Ctrl-C. Drop a text into its `articles` and watch.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "folder", nargs="?", default="feedsvc-demo", metavar="DIR", help="default: feedsvc-demo"
    )
    parser.add_argument("--port", type=whole_number(0, 65535), metavar="N", help="default: 8080")
    parser.add_argument("--no-server", action="store_true", help="write the files and end")


def seeds() -> Path:
    """The sample articles: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "seeds", package.parent / "seeds"):
        if place.is_dir():
            return place
    raise FeedsvcError("the sample articles are missing", hint="install feedsvc again")


def _run(console: Console) -> int:
    import asyncio

    from feedsvc import config
    from feedsvc.app import App
    from feedsvc.cli.run import run_daemon
    from feedsvc.cli.sync import show_sync

    folder = Path(console.args.folder)
    _prepare(folder)

    def load() -> Settings:
        settings = config.load(folder / "feedsvc.toml", cwd=Path.cwd(), environ=os.environ)
        if console.args.port is None:
            return settings
        server = replace(settings.server, port=console.args.port)
        site = replace(settings.site, base_url=f"http://{server.listen}")
        return replace(settings, server=server, site=site)

    settings = load()
    app = App(settings)
    try:
        code = show_sync(console, asyncio.run(app.sync()))
        if console.args.no_server:
            console.say(f"the feeds are in {settings.publish.directory}")
            return code
        console.say(f"drop a text into {folder / 'articles'} and look again")
        return run_daemon(console, app, load=load)
    finally:
        app.close()


def _prepare(folder: Path) -> None:
    import shutil

    from feedsvc.config.template import new_config

    try:
        if not (folder / "articles").exists():
            shutil.copytree(seeds(), folder / "articles")
        if not (folder / "feedsvc.toml").exists():
            text = new_config(
                title="feedsvc demo",
                timezone="Europe/Berlin",
                id_domain="localhost",
                id_since=date(2025, 1, 1),
            )
            (folder / "feedsvc.toml").write_text(text, encoding="utf-8")
    except OSError as error:
        place, why = error.filename or folder, error.strerror or error
        raise ConfigError(f"cannot write {place}: {why}") from error
