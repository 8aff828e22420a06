"""`feedsvc init`: write a configuration and a folder for articles."""

from __future__ import annotations

import argparse
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
    parser.add_argument("--author", metavar="NAME", help="who stands for the feeds")
    parser.add_argument("--email", metavar="ADDRESS", help="of the author")
    parser.add_argument("--language", metavar="TAG", help="such as de or en-GB")
    parser.add_argument(
        "--timezone", default="UTC", metavar="ZONE", help="such as Europe/Berlin; default: UTC"
    )


def _run(console: Console) -> int:
    from feedsvc.config import read
    from feedsvc.config.addresses import id_authority
    from feedsvc.config.template import new_config

    args = console.args
    folder = Path(args.folder)
    file = folder / FILENAME
    if args.email and not args.author:
        raise UsageError("--email belongs to --author", hint="give both, or neither")
    if file.exists():
        raise UsageError(f"{file} exists already", hint="edit it, or give another folder")
    domain = id_authority(args.base_url or "")
    if not any(letter.isalpha() for letter in domain):
        domain = "localhost"  # it is written down for good, and a number rarely stays one's own
    text = new_config(
        title=args.title,
        language=args.language,
        timezone=args.timezone,
        id_domain=domain,
        id_since=datetime.now(UTC).date(),
        base_url=args.base_url,
        author=args.author,
        email=args.email,
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
