"""`feedsvc init`: write a configuration and a folder for articles."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.config.discover import FILENAME
from feedsvc.errors import ConfigError, UsageError

_EXAMPLES = """\
  feedsvc init
  feedsvc init news --title "Harbour News" --base-url https://news.example.org
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "init",
        _run,
        help="write a feedsvc.toml and a folder for articles",
        description="Write a commented feedsvc.toml and a folder for articles. Nothing that is "
        "there already is overwritten.",
        examples=_EXAMPLES,
    )
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where; default: .")
    parser.add_argument("--title", default="My articles", help="the name readers see")
    parser.add_argument(
        "--base-url", metavar="URL", help="the address readers will use; can be set later"
    )
    parser.add_argument("--language", metavar="TAG", help="such as de or en-GB")
    parser.add_argument(
        "--timezone", default="UTC", metavar="ZONE", help="such as Europe/Berlin; default: UTC"
    )


def _run(console: Console) -> int:
    from feedsvc.config import read
    from feedsvc.config.template import new_config

    args = console.args
    folder = Path(args.folder)
    file = folder / FILENAME
    if file.exists():
        raise UsageError(f"{file} exists already", hint="edit it, or give another folder")
    text = new_config(
        title=args.title,
        language=args.language,
        timezone=args.timezone,
        id_domain=_id_domain(args.base_url or ""),
        id_since=datetime.now(UTC).date(),
        base_url=args.base_url,
    )
    # What was asked for may be no valid configuration: then nothing is written.
    read(text, file=file.absolute(), cwd=Path.cwd(), environ={})
    try:
        (folder / "articles").mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename}: {error.strerror}") from error
    if args.json:
        console.document("init", {"config": str(file), "articles": str(folder / "articles")})
    else:
        console.result(str(file))
    console.say(
        f"put articles (.txt, .md, .html) into {folder / 'articles'}, then: feedsvc"
        + (f" -C {folder}" if args.folder != "." else "")
        + " run"
    )
    return 0


def _id_domain(base_url: str) -> str:
    """The authority of ids (RFC 4151 §2.1): the host of the address if that is a name."""
    from urllib.parse import urlsplit

    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:  # `read` tells what is wrong with it
        host = ""
    return host if re.search(r"[a-z]", host) and ":" not in host else "localhost"
